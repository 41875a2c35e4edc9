use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::instructions::MatchFillArgs;
use ballast::{accounts, instruction};

use super::build;
use crate::Deployment;

impl Deployment {
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
}
