//! Trades, settlement and liquidation.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::MatchFillArgs;
use ballast_client::plan::{self, Plan};

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

    /// What the best liquidation of an account would be for a keeper, by the board as it stands.
    #[must_use]
    pub fn plan(&self, account: &Pubkey, keeper: &Person) -> Option<Plan> {
        let (target, own) = (self.margin_account(account), self.margin_account(&keeper.account));
        plan::best(&target, &own, &self.board(), self.vm.now()).ok().flatten()
    }

    /// Carries out a plan.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn liquidate(&mut self, account: &Pubkey, keeper: &Person, plan: &Plan) -> Sent {
        let liquidate = self.at.liquidate(*account, keeper.party(), &plan.legs);
        self.vm.send(&[liquidate], &[&keeper.key])
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
