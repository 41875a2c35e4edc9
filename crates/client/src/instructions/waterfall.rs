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
}
