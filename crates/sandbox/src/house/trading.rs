//! Trades and settlement.

use ballast::instructions::MatchFillArgs;

use super::{House, Person, Sent};

impl House {
    /// The taker buys `base` native units (negative: sells) from the maker for `quote` micro-units.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fill(&mut self, market: u8, taker: &Person, maker: &Person, base: i64, quote: u64) -> Sent {
        let fill = self.at.match_fill(market, taker.party(), maker.party(), MatchFillArgs { base, quote });
        self.vm.send(&[fill], &[&taker.key, &maker.key])
    }

    /// A fill at the oracle price.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fill_at_oracle(&mut self, market: u8, taker: &Person, maker: &Person, base: i64) -> Sent {
        let quote = self.value(self.markets[usize::from(market)].args.asset, base.unsigned_abs());
        self.fill(market, taker, maker, base, quote)
    }

    /// Settles a position.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn settle(&mut self, market: u8, person: &Person) -> Sent {
        let settle = self.at.settle(market, person.account);
        self.vm.send(&[settle], &[])
    }

    /// Closes an empty margin account.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn close(&mut self, person: &Person) -> Sent {
        let close = self.at.close_margin_account(person.pubkey(), person.account);
        self.vm.send(&[close], &[&person.key])
    }
}
