//! Who pays for accounts that cannot: their clocks are started, the insurance fund pays, then the other side of the
//! market; and every event is checked for that order.

use anyhow::{Context, Result};
use ballast::event::BankruptcyResolved;
use ballast::margin::BoardView;
use ballast_risk::book::Basis;
use ballast_sandbox::house::Sent;
use ballast_sandbox::{House, Person};

use super::simulation::{Simulation, dollars, word};
use crate::demo::cast::Actor;
use crate::demo::replay::settle_all;

/// Resolutions of one account in one second at most: one for every market, and one for what is left.
const MOST_RESOLUTIONS: usize = 4;

/// What the waterfall paid, quote micro-units.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waterfall {
    /// Resolutions.
    pub resolved: usize,
    /// Positions that were closed against the other side of their market.
    pub deleveraged: usize,
    /// Of them, those with which the whole other side was closed.
    pub whole_sides: usize,
    /// Paid by the insurance fund.
    pub insurance: u64,
    /// Paid by the slice of a backstop vault.
    pub slice: u64,
    /// Paid by the other side.
    pub socialised: u64,
    /// Resolutions that asked the other side, or left something unpaid, while the fund had money: there must be none.
    pub out_of_order: usize,
}

impl Waterfall {
    /// All of it, dollars.
    #[must_use]
    pub fn paid(&self) -> f64 {
        dollars((self.insurance + self.slice + self.socialised) as i64)
    }

    /// Insurance, and the other side.
    #[must_use]
    pub fn amounts(&self) -> [i64; 2] {
        [self.insurance as i64, (self.slice + self.socialised) as i64]
    }

    fn follow(&mut self, said: &BankruptcyResolved, fund: u64) {
        self.resolved += 1;
        self.deleveraged += usize::from(said.base != 0);
        self.whole_sides += usize::from(said.whole_side);
        self.insurance += said.insurance;
        self.slice += said.slice;
        self.socialised += said.socialised;
        self.out_of_order += usize::from(fund > 0 && said.slice + said.socialised + said.left > 0);
    }
}

/// The market of an account's worst perpetual position, as the program finds it.
#[must_use]
pub fn worst_market(house: &House, person: &Person) -> Option<u8> {
    let board = house.board();
    let account = house.margin_account(&person.account);
    let unsettled = |slot: &ballast::state::PositionSlot| {
        let listed = board.markets[usize::from(slot.market)];
        let now = listed.now(slot).ok().filter(|now| now.base != 0)?;
        let value = board.assets[usize::from(listed.asset)].spot().value(now.base).ok()?;
        Some((value + now.entry, slot.market))
    };
    // The first of those that lost the same.
    account.held_positions().filter_map(unsettled).min_by_key(|(lost, _)| *lost).map(|(_, market)| market)
}

/// Resolves a bankrupt account: the one place from which this is called.
///
/// # Errors
/// What the program refuses.
pub fn resolve(house: &mut House, person: &Person) -> Sent {
    let market = worst_market(house, person);
    house.resolve_bankruptcy(person, market)
}

impl Simulation {
    /// Looks at every account that is short and has no clock, or has one and is not short; then resolves who is bankrupt.
    pub(super) fn resolve_all(&mut self) -> Result<()> {
        let short = self.short();
        for (index, actor) in self.cast.traders.iter().enumerate() {
            let account = actor.person.account;
            let (was, is) = (self.since.contains_key(&index), short.contains(&index));
            let runs = self.house.margin_account(&account).short_for(self.house.vm.now()).is_some();
            // A clock for those too whom a keeper could take at once: without one nobody who is bankrupt is resolved.
            if (was && !is) || (is && !runs) {
                // Refused where there is nothing to say about it.
                let _ = self.house.touch(&account);
            }
        }
        let mut any = false;
        for index in 0..self.cast.traders.len() {
            any |= self.resolve(index)?;
        }
        if any {
            // Positions of the other side are brought in step, and what the fund paid goes to whom it is owed.
            self.touch_positions();
            settle_all(&mut self.house, &self.cast);
        }
        Ok(())
    }

    /// Equity as the waterfall judges it.
    fn at_spot(&self, actor: &Actor) -> i64 {
        let account = self.house.margin_account(&actor.person.account);
        let board = self.house.board();
        BoardView::at(&board, self.house.vm.now()).equity(&account, Basis::Maintenance).unwrap_or(0)
    }

    /// Resolves one account as far as anybody can be asked; returns whether there was anything to resolve.
    fn resolve(&mut self, index: usize) -> Result<bool> {
        let mut any = false;
        for _ in 0..MOST_RESOLUTIONS {
            let actor = &self.cast.traders[index];
            let fund = self.house.treasury().insurance;
            if self.at_spot(actor) >= 0 || (fund == 0 && worst_market(&self.house, &actor.person).is_none()) {
                break;
            }
            match resolve(&mut self.house, &actor.person) {
                Ok(receipt) => {
                    self.waterfall.follow(&receipt.event(), self.house.treasury().insurance);
                    any = true;
                }
                Err(refusal) => {
                    let code = refusal.code().context("a resolution failed otherwise than by refusal")?;
                    *self.refusals.entry(word(&refusal, code)).or_default() += 1;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Brings every position in step with its side of the market.
    pub(super) fn touch_positions(&mut self) {
        for market in 0..super::COUNT as u8 {
            let listed = self.house.board().markets[usize::from(market)];
            for actor in self.cast.all() {
                let slot = self.house.margin_account(&actor.person.account).position(market);
                if listed.now(&slot).is_ok_and(|now| (now.base, now.entry) != (slot.base, slot.entry)) {
                    let _ = self.house.touch_position(market, &actor.person);
                }
            }
        }
    }
}
