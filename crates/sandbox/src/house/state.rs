//! What stands in the accounts.

use anchor_lang::prelude::Pubkey;
use ballast::state::{Clearinghouse, MarginAccount, Market, RiskBoard, Treasury};
use ballast_client::decode;
use ballast_client::health::{Health, health};

use super::{House, Person};

impl House {
    /// The board.
    ///
    /// # Panics
    /// If it is not complete.
    #[must_use]
    pub fn board(&self) -> Box<RiskBoard> {
        decode::board(&self.vm.data(&self.at.board)).expect("the board is complete")
    }

    /// A margin account.
    ///
    /// # Panics
    /// If there is none at the address.
    #[must_use]
    pub fn margin_account(&self, address: &Pubkey) -> Box<MarginAccount> {
        decode::margin_account(&self.vm.data(address)).expect("a margin account is there")
    }

    /// The clearinghouse.
    ///
    /// # Panics
    /// If it is not initialised.
    #[must_use]
    pub fn clearinghouse(&self) -> Clearinghouse {
        decode::config(&self.vm.data(&self.at.clearinghouse)).expect("the clearinghouse is initialised")
    }

    /// A market.
    ///
    /// # Panics
    /// If it is not open.
    #[must_use]
    pub fn market(&self, index: u8) -> Market {
        decode::config(&self.vm.data(&self.at.market(index))).expect("the market is open")
    }

    /// The treasury.
    ///
    /// # Panics
    /// If the clearinghouse is not initialised.
    #[must_use]
    pub fn treasury(&self) -> Treasury {
        decode::config(&self.vm.data(&self.at.treasury)).expect("the treasury is there")
    }

    /// Health of a person's account now.
    ///
    /// # Panics
    /// If a price is stale.
    #[must_use]
    pub fn health(&self, person: &Person) -> Health {
        health(&self.margin_account(&person.account), &self.board(), self.vm.now()).expect("prices are fresh")
    }

    /// Quote micro-units that native units of an asset are worth at its spot price, rounded down.
    ///
    /// # Panics
    /// If the value does not fit.
    #[must_use]
    pub fn value(&self, asset: u8, amount: u64) -> u64 {
        let spot = self.board().assets[usize::from(asset)].spot();
        spot.value(i64::try_from(amount).expect("amounts fit")).expect("values fit").unsigned_abs()
    }
}
