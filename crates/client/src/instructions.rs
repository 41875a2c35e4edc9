//! A builder for every instruction: accounts in order, nothing to remember but who signs.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::{AccountMeta, Instruction};
use anchor_lang::{InstructionData, ToAccountMetas, system_program};
use anchor_spl::token;
use ballast::instructions::{
    AddAssetArgs, AddMarketArgs, InitializeClearinghouseArgs, LegAmount, LiquidationLeg, LoadCalibrationArgs,
    LoadStressArgs, MatchFillArgs,
};
use ballast::{accounts, instruction};

use crate::Deployment;

fn build(accounts: &impl ToAccountMetas, data: &impl InstructionData) -> Instruction {
    Instruction { program_id: ballast::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// An asset that is deposited or withdrawn: its index on the board, and its mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollateralRef {
    /// Index on the board.
    pub index: u8,
    /// Its token.
    pub mint: Pubkey,
}

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

    /// `add_asset` at the next index; signed by `payer` and `governance`. With a mint it is collateral.
    #[must_use]
    pub fn add_asset(
        &self,
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
                token_program: token::ID,
                system_program: system_program::ID,
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
            },
            &instruction::AddMarket { args },
        )
    }

    /// `load_calibration`; signed by `governance`.
    #[must_use]
    pub fn load_calibration(&self, governance: Pubkey, args: LoadCalibrationArgs) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(
            &accounts::LoadCalibration { governance, clearinghouse, board },
            &instruction::LoadCalibration { args },
        )
    }

    /// `load_stress`; signed by `governance`.
    #[must_use]
    pub fn load_stress(&self, governance: Pubkey, args: LoadStressArgs) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(&accounts::LoadStress { governance, clearinghouse, board }, &instruction::LoadStress { args })
    }

    /// `set_depth_reporter`; signed by `governance`.
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

    /// `refresh_price` of an asset from a Pyth price update account.
    #[must_use]
    pub fn refresh_price(&self, asset: u8, price_update: Pubkey) -> Instruction {
        let (board, asset) = (self.board, self.asset(asset));
        build(&accounts::RefreshPrice { board, asset, price_update }, &instruction::RefreshPrice {})
    }

    /// `refresh_implied_volatility` of an asset from a Pyth price update account.
    #[must_use]
    pub fn refresh_implied_volatility(&self, asset: u8, price_update: Pubkey) -> Instruction {
        let (board, asset) = (self.board, self.asset(asset));
        build(
            &accounts::RefreshImpliedVolatility { board, asset, price_update },
            &instruction::RefreshImpliedVolatility {},
        )
    }

    /// `report_depth` of an asset, quote micro-units over a horizon; signed by the depth reporter.
    #[must_use]
    pub fn report_depth(&self, depth_reporter: Pubkey, asset: u8, volume: u64) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(
            &accounts::ReportDepth { depth_reporter, clearinghouse, board },
            &instruction::ReportDepth { asset, volume },
        )
    }

    /// `refresh_exposure` of an asset, from a market on it, its vault (the mint's), or both.
    #[must_use]
    pub fn refresh_exposure(&self, asset: u8, market: Option<u8>, mint: Option<Pubkey>) -> Instruction {
        let market = market.map(|market| self.market(market));
        let vault = mint.map(|mint| self.vault(&mint));
        let (board, asset) = (self.board, self.asset(asset));
        build(&accounts::RefreshExposure { board, asset, market, vault }, &instruction::RefreshExposure {})
    }

    /// `tick`.
    #[must_use]
    pub fn tick(&self) -> Instruction {
        build(&accounts::Tick { board: self.board }, &instruction::Tick {})
    }

    /// `health` of a margin account, as return data; anybody.
    #[must_use]
    pub fn health(&self, margin_account: Pubkey) -> Instruction {
        build(&accounts::Health { board: self.board, margin_account }, &instruction::Health {})
    }

    /// `open_margin_account`; signed by `payer` and `owner`.
    #[must_use]
    pub fn open_margin_account(&self, payer: Pubkey, owner: Pubkey, sub_account: u16) -> Instruction {
        build(
            &accounts::OpenMarginAccount {
                payer,
                owner,
                clearinghouse: self.clearinghouse,
                margin_account: self.margin_account(&owner, sub_account),
                system_program: system_program::ID,
            },
            &instruction::OpenMarginAccount { sub_account },
        )
    }

    /// `deposit` of quote (no asset) or collateral; signed by the account's owner or delegate, who owns
    /// the source.
    #[must_use]
    pub fn deposit(
        &self,
        margin_account: Pubkey,
        authority: Pubkey,
        asset: Option<CollateralRef>,
        source: Pubkey,
        amount: u64,
    ) -> Instruction {
        build(
            &accounts::Deposit {
                clearinghouse: self.clearinghouse,
                margin_account,
                authority,
                asset: asset.map(|a| self.asset(a.index)),
                vault: asset.map_or(self.quote_vault, |a| self.vault(&a.mint)),
                source,
                token_program: token::ID,
            },
            &instruction::Deposit { amount },
        )
    }

    /// `withdraw` of quote (no asset) or collateral; signed by the owner.
    #[must_use]
    pub fn withdraw(
        &self,
        margin_account: Pubkey,
        owner: Pubkey,
        asset: Option<CollateralRef>,
        destination: Pubkey,
        amount: u64,
    ) -> Instruction {
        build(
            &accounts::Withdraw {
                clearinghouse: self.clearinghouse,
                board: self.board,
                margin_account,
                owner,
                asset: asset.map(|a| self.asset(a.index)),
                vault: asset.map_or(self.quote_vault, |a| self.vault(&a.mint)),
                destination,
                token_program: token::ID,
            },
            &instruction::Withdraw { amount },
        )
    }

    /// `match_fill`: the taker buys `base` (negative: sells) from the maker for `quote` in all; signed
    /// by both authorities.
    #[must_use]
    pub fn match_fill(
        &self,
        market: u8,
        taker: (Pubkey, Pubkey),
        maker: (Pubkey, Pubkey),
        args: MatchFillArgs,
    ) -> Instruction {
        build(
            &accounts::MatchFill {
                board: self.board,
                market: self.market(market),
                taker: taker.0,
                maker: maker.0,
                taker_authority: taker.1,
                maker_authority: maker.1,
            },
            &instruction::MatchFill { args },
        )
    }

    /// `settle` of one position; anybody.
    #[must_use]
    pub fn settle(&self, market: u8, margin_account: Pubkey) -> Instruction {
        let (board, market) = (self.board, self.market(market));
        build(&accounts::Settle { board, market, margin_account }, &instruction::Settle {})
    }

    /// `fix_settlement_price` of an expired option whose oracle is silent; anybody.
    #[must_use]
    pub fn fix_settlement_price(&self, market: u8) -> Instruction {
        build(
            &accounts::FixSettlementPrice { board: self.board },
            &instruction::FixSettlementPrice { market },
        )
    }

    /// `sweep_fees` of a market; anybody.
    #[must_use]
    pub fn sweep_fees(&self, market: u8) -> Instruction {
        let (market, treasury) = (self.market(market), self.treasury);
        build(&accounts::SweepFees { market, treasury }, &instruction::SweepFees {})
    }

    /// `liquidate` a position in `market`; signed by the keeper account's authority.
    #[must_use]
    pub fn liquidate_position(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        market: u8,
        amount: u64,
    ) -> Instruction {
        self.liquidate(
            margin_account,
            keeper,
            &[LegAmount { leg: LiquidationLeg::Position { market }, amount }],
        )
    }

    /// `liquidate` collateral in `asset`; signed by the keeper account's authority.
    #[must_use]
    pub fn liquidate_collateral(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        asset: u8,
        amount: u64,
    ) -> Instruction {
        self.liquidate(
            margin_account,
            keeper,
            &[LegAmount { leg: LiquidationLeg::Collateral { asset }, amount }],
        )
    }

    /// `liquidate`, as planned by [`crate::plan`]. `keeper` is its margin account and who signs for it.
    #[must_use]
    pub fn liquidate(
        &self,
        margin_account: Pubkey,
        keeper: (Pubkey, Pubkey),
        legs: &[LegAmount],
    ) -> Instruction {
        let mut instruction = build(
            &accounts::Liquidate {
                board: self.board,
                treasury: self.treasury,
                margin_account,
                keeper: keeper.0,
                keeper_authority: keeper.1,
            },
            &instruction::Liquidate { legs: legs.to_vec() },
        );
        instruction.accounts.extend(legs.iter().filter_map(|l| match l.leg {
            LiquidationLeg::Position { market } => Some(AccountMeta::new(self.market(market), false)),
            LiquidationLeg::Collateral { .. } => None,
        }));
        instruction
    }
}

/// `set_delegate`; signed by the owner.
#[must_use]
pub fn set_delegate(owner: Pubkey, margin_account: Pubkey, delegate: Pubkey) -> Instruction {
    build(&accounts::SetDelegate { owner, margin_account }, &instruction::SetDelegate { delegate })
}

/// `close_margin_account`; signed by the owner, who gets the rent.
#[must_use]
pub fn close_margin_account(owner: Pubkey, margin_account: Pubkey) -> Instruction {
    build(&accounts::CloseMarginAccount { owner, margin_account }, &instruction::CloseMarginAccount {})
}

/// `migrate` of any account of the program; signed by `payer`.
#[must_use]
pub fn migrate(payer: Pubkey, account: Pubkey) -> Instruction {
    let system_program = system_program::ID;
    build(&accounts::Migrate { payer, account, system_program }, &instruction::Migrate {})
}
