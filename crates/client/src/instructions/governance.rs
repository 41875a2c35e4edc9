use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::system_program;
use anchor_spl::token;
use ballast::instructions::{
    AddAssetArgs, AddMarketArgs, InitializeClearinghouseArgs, LoadCalibrationArgs, LoadStressArgs,
};
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
    /// `initialize_clearinghouse`; signed by `payer` and the program's upgrade authority.
    #[must_use]
    pub fn initialize_clearinghouse(
        &self,
        payer: Pubkey,
        upgrade_authority: Pubkey,
        args: InitializeClearinghouseArgs,
    ) -> Instruction {
        build(
            &accounts::InitializeClearinghouse {
                payer,
                upgrade_authority,
                program: ballast::ID,
                program_data: Self::program_data(),
                clearinghouse: self.clearinghouse,
                treasury: self.treasury,
                quote_mint: self.quote_mint,
                quote_vault: self.quote_vault,
                token_program: token::ID,
                system_program: system_program::ID,
            },
            &instruction::InitializeClearinghouse { args },
        )
    }

    /// `create_board`; signed by `payer`.
    #[must_use]
    pub fn create_board(&self, payer: Pubkey) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        let system_program = system_program::ID;
        build(
            &accounts::CreateBoard { payer, clearinghouse, board, system_program },
            &instruction::CreateBoard {},
        )
    }

    /// `grow_board`; signed by `payer`. Sent [`Self::board_steps`] times.
    #[must_use]
    pub fn grow_board(&self, payer: Pubkey) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        let system_program = system_program::ID;
        build(
            &accounts::GrowBoard { payer, clearinghouse, board, system_program },
            &instruction::GrowBoard {},
        )
    }

    /// How often `grow_board` is needed after `create_board`.
    #[must_use]
    pub fn board_steps() -> usize {
        let step = anchor_lang::solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;
        (ballast::state::RiskBoard::SPACE - 1) / step
    }

    /// `add_asset` at the next index; signed by `payer` and `governance`. With a mint of SPL Token it is collateral.
    #[must_use]
    pub fn add_asset(
        &self,
        payer: Pubkey,
        governance: Pubkey,
        index: u8,
        mint: Option<Pubkey>,
        args: AddAssetArgs,
    ) -> Instruction {
        self.add_asset_of(token::ID, payer, governance, index, mint, args)
    }

    /// The same, of a token of either program.
    #[must_use]
    pub fn add_asset_of(
        &self,
        token_program: Pubkey,
        payer: Pubkey,
        governance: Pubkey,
        index: u8,
        mint: Option<Pubkey>,
        args: AddAssetArgs,
    ) -> Instruction {
        build(
            &accounts::AddAsset {
                payer,
                governance,
                clearinghouse: self.clearinghouse,
                board: self.board,
                asset: self.asset(index),
                mint,
                vault: mint.map(|m| self.vault(&m)),
                token_program,
                system_program: system_program::ID,
                proposal: None,
            },
            &instruction::AddAsset { args },
        )
    }

    /// `add_market` at the next index; signed by `payer` and `governance`.
    #[must_use]
    pub fn add_market(
        &self,
        payer: Pubkey,
        governance: Pubkey,
        index: u8,
        args: AddMarketArgs,
    ) -> Instruction {
        build(
            &accounts::AddMarket {
                payer,
                governance,
                clearinghouse: self.clearinghouse,
                board: self.board,
                market: self.market(index),
                system_program: system_program::ID,
                proposal: None,
            },
            &instruction::AddMarket { args },
        )
    }

    /// `load_calibration`; signed by `governance`.
    #[must_use]
    pub fn load_calibration(&self, governance: Pubkey, args: LoadCalibrationArgs) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(
            &accounts::LoadCalibration { governance, clearinghouse, board, proposal: None },
            &instruction::LoadCalibration { args },
        )
    }

    /// `load_stress`; signed by `governance`.
    #[must_use]
    pub fn load_stress(&self, governance: Pubkey, args: LoadStressArgs) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(
            &accounts::LoadStress { governance, clearinghouse, board, proposal: None },
            &instruction::LoadStress { args },
        )
    }

    /// `set_depth_reporter`; signed by `governance`, before the opening.
    #[must_use]
    pub fn set_depth_reporter(&self, governance: Pubkey, reporter: Pubkey) -> Instruction {
        let clearinghouse = self.clearinghouse;
        build(
            &accounts::SetDepthReporter { governance, clearinghouse },
            &instruction::SetDepthReporter { reporter },
        )
    }

    /// `open_clearinghouse`; signed by `governance`.
    #[must_use]
    pub fn open_clearinghouse(&self, governance: Pubkey) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(
            &accounts::OpenClearinghouse { governance, clearinghouse, board },
            &instruction::OpenClearinghouse {},
        )
    }
}

/// `migrate` of any account of the program; signed by `payer`.
#[must_use]
pub fn migrate(payer: Pubkey, account: Pubkey) -> Instruction {
    let system_program = system_program::ID;
    build(&accounts::Migrate { payer, account, system_program }, &instruction::Migrate {})
}
