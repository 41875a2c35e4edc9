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

    /// `resolve_bankruptcy` of an account, with the market of its worst perpetual position, which has no backstop; anybody.
    #[must_use]
    pub fn resolve_bankruptcy(&self, margin_account: Pubkey, market: Option<u8>) -> Instruction {
        build(
            &accounts::ResolveBankruptcy {
                board: self.board,
                treasury: self.treasury,
                margin_account,
                market: market.map(|m| self.market(m)),
                vault: None,
                slice: None,
            },
            &instruction::ResolveBankruptcy {},
        )
    }

    /// `resolve_bankruptcy` of an account, with the market of its worst perpetual position and that market's backstop;
    /// anybody.
    #[must_use]
    pub fn resolve_with_backstop(&self, margin_account: Pubkey, market: u8) -> Instruction {
        let slice = self.slice(market);
        build(
            &accounts::ResolveBankruptcy {
                board: self.board,
                treasury: self.treasury,
                margin_account,
                market: Some(self.market(market)),
                vault: Some(self.backstop(market)),
                slice: (slice != margin_account).then_some(slice),
            },
            &instruction::ResolveBankruptcy {},
        )
    }

    /// `report_cover` of an account in a market, with the market's backstop where it has one; anybody.
    #[must_use]
    pub fn report_cover(&self, margin_account: Pubkey, market: u8, backed: bool) -> Instruction {
        build(
            &accounts::ReportCover {
                board: self.board,
                treasury: self.treasury,
                market: self.market(market),
                margin_account,
                vault: backed.then(|| self.backstop(market)),
                slice: backed.then(|| self.slice(market)),
            },
            &instruction::ReportCover {},
        )
    }

    /// `count_loan` of an account; anybody.
    #[must_use]
    pub fn count_loan(&self, margin_account: Pubkey) -> Instruction {
        let (board, treasury) = (self.board, self.treasury);
        build(&accounts::CountLoan { board, treasury, margin_account }, &instruction::CountLoan {})
    }

    /// `accrue_interest`: charges all loans up to now; anybody.
    #[must_use]
    pub fn accrue_interest(&self) -> Instruction {
        build(
            &accounts::AccrueInterest {
                clearinghouse: self.clearinghouse,
                board: self.board,
                treasury: self.treasury,
                quote_vault: self.quote_vault,
            },
            &instruction::AccrueInterest {},
        )
    }
}
