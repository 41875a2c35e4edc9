use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
    /// `touch_position`: brings a position in step with its side of the market; anybody.
    #[must_use]
    pub fn touch_position(&self, market: u8, margin_account: Pubkey) -> Instruction {
        let (board, market) = (self.board, self.market(market));
        build(&accounts::TouchPosition { board, market, margin_account }, &instruction::TouchPosition {})
    }

    /// `resolve_bankruptcy` of an account, with the market of its worst perpetual position; anybody.
    #[must_use]
    pub fn resolve_bankruptcy(&self, margin_account: Pubkey, market: Option<u8>) -> Instruction {
        build(
            &accounts::ResolveBankruptcy {
                board: self.board,
                treasury: self.treasury,
                margin_account,
                market: market.map(|m| self.market(m)),
            },
            &instruction::ResolveBankruptcy {},
        )
    }

    /// `count_loan` of an account; anybody.
    #[must_use]
    pub fn count_loan(&self, margin_account: Pubkey) -> Instruction {
        build(&accounts::CountLoan { treasury: self.treasury, margin_account }, &instruction::CountLoan {})
    }
}
