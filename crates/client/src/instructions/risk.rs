use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
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
}
