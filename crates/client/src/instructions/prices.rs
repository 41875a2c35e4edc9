use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

/// Where an asset's price comes from: the accounts that its config names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// A Pyth price update of its feed, at any address.
    pub price_update: Pubkey,
    /// Its Switchboard feed, if it has one.
    pub second_source: Option<Pubkey>,
    /// Its stake pool, if it is a staked token.
    pub stake_pool: Option<Pubkey>,
}

impl Deployment {
    /// `refresh_price` of an asset whose only source is Pyth, from a price update account.
    #[must_use]
    pub fn refresh_price(&self, asset: u8, price_update: Pubkey) -> Instruction {
        self.refresh_price_from(asset, &Sources { price_update, second_source: None, stake_pool: None })
    }

    /// `refresh_price` of an asset from all of its sources.
    #[must_use]
    pub fn refresh_price_from(&self, asset: u8, sources: &Sources) -> Instruction {
        let (board, asset) = (self.board, self.asset(asset));
        let Sources { price_update, second_source, stake_pool } = *sources;
        build(
            &accounts::RefreshPrice { board, asset, price_update, second_source, stake_pool },
            &instruction::RefreshPrice {},
        )
    }

    /// `refresh_quote` from a Pyth price update account of the quote token's feed.
    #[must_use]
    pub fn refresh_quote(&self, price_update: Pubkey) -> Instruction {
        let (clearinghouse, board) = (self.clearinghouse, self.board);
        build(&accounts::RefreshQuote { clearinghouse, board, price_update }, &instruction::RefreshQuote {})
    }
}
