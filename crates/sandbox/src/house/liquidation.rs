//! Touching accounts, and taking them over.

use anchor_lang::prelude::Pubkey;
use ballast_client::instructions::set_alerts;
use ballast_client::plan::{self, Due, Plan, Surroundings};
use ballast_client::risk::phase::Window;

use super::{House, Person, Sent};

impl House {
    /// What of their windows the markets of an account have used up.
    #[must_use]
    pub fn windows(&self, account: &Pubkey) -> Vec<(u8, Window)> {
        let account = self.margin_account(account);
        let window = |index: u8| {
            let market = self.market(index);
            (index, Window { time: market.window_start, taken: market.window_taken })
        };
        account.held_positions().map(|slot| window(slot.market)).collect()
    }

    /// What the best liquidation of an account would be for a keeper, by the board as it stands.
    #[must_use]
    pub fn plan(&self, account: &Pubkey, keeper: &Person) -> Option<Plan> {
        let (target, own) = (self.margin_account(account), self.margin_account(&keeper.account));
        let windows = self.windows(account);
        let insurance = self.treasury().insurance;
        let around = Surroundings { windows: &windows, insurance, now: self.vm.now() };
        plan::best_in(&target, &own, &self.board(), around).ok().flatten()
    }

    /// What a keeper should do about an account.
    ///
    /// # Panics
    /// If the account cannot be valued.
    #[must_use]
    pub fn due(&self, account: &Pubkey) -> Due {
        plan::due(&self.margin_account(account), &self.board(), self.vm.now()).expect("it can be valued")
    }

    /// Carries out a plan.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn liquidate(&mut self, account: &Pubkey, keeper: &Person, plan: &Plan) -> Sent {
        let liquidate = self.at.liquidate(*account, keeper.party(), &plan.legs);
        self.vm.send(&[liquidate], &[&keeper.key])
    }

    /// Looks at an account.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn touch(&mut self, account: &Pubkey) -> Sent {
        let touch = self.at.touch_account(*account);
        self.vm.send(&[touch], &[])
    }

    /// Sets the levels at which a person's account alerts.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn set_alerts(&mut self, person: &Person, levels_bps: [u16; 4]) -> Sent {
        let set = set_alerts(person.pubkey(), person.account, levels_bps);
        self.vm.send(&[set], &[&person.key])
    }
}
