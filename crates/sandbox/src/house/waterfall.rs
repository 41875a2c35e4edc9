//! Who pays when an account cannot.

use anchor_lang::prelude::Pubkey;

use super::{House, Person, Sent};

impl House {
    /// Brings a position in step with its side of the market.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn touch_position(&mut self, market: u8, person: &Person) -> Sent {
        let touch = self.at.touch_position(market, person.account);
        self.vm.send(&[touch], &[])
    }

    /// Resolves a bankrupt account, of which the worst perpetual position is in `market`; with its backstop, where it has
    /// one.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn resolve_bankruptcy(&mut self, person: &Person, market: Option<u8>) -> Sent {
        let backed = |m: &u8| self.market(*m).backstop != Pubkey::default();
        let resolve = match market.filter(backed) {
            Some(market) => self.at.resolve_with_backstop(person.account, market),
            None => self.at.resolve_bankruptcy(person.account, market),
        };
        self.vm.send(&[resolve], &[])
    }

    /// Reports what an account could leave unpaid in a market.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn report_cover(&mut self, market: u8, account: &Pubkey) -> Sent {
        let backed = self.market(market).backstop != Pubkey::default();
        let report = self.at.report_cover(*account, market, backed);
        self.vm.send(&[report], &[])
    }

    /// Counts an account's loan.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn count_loan(&mut self, person: &Person) -> Sent {
        let count = self.at.count_loan(person.account);
        self.vm.send(&[count], &[])
    }

    /// Charges all loans up to now.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn accrue_interest(&mut self) -> Sent {
        let accrue = self.at.accrue_interest();
        self.vm.send(&[accrue], &[])
    }

    /// Moves a market's fees, or an empty market's dust, into the insurance fund.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn sweep_fees(&mut self, market: u8) -> Sent {
        let sweep = self.at.sweep_fees(market);
        self.vm.send(&[sweep], &[])
    }
}
