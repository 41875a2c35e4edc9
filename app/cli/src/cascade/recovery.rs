//! After the crash: hours in which nothing happens until every asset is normal again, a trade in every market, and then
//! everybody leaves.

use anyhow::Result;
use ballast::margin::BoardView;
use ballast_risk::book::Basis;
use ballast_risk::breaker::State;
use ballast_sandbox::house::QUOTE;

use super::COUNT;
use super::market::LENGTH_S;
use super::simulation::{Simulation, dollars, refused};
use crate::demo::cast::{Actor, units};
use crate::demo::replay::{conservation_error, settle_all};

/// Deposits that somebody makes at most to be let out of a position.
const MOST_TOPS: u32 = 8;
/// Seconds between prices, and most steps until every asset has to be normal: four days.
const STEP_S: usize = 300;
const MOST_STEPS: usize = 4 * 86_400 / STEP_S;

/// A position worth less cannot be traded inside the band, quote micro-units; and native units that can.
const DUST: u64 = 1_000;
const ENOUGH: i64 = 100_000;

/// What became of the accounts in the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recovery {
    /// Hours of still prices until every asset was normal again.
    pub hours: f64,
    /// Markets in which two accounts then traded, and out again: all of them.
    pub traded: usize,
    /// Accounts that deposited, traded, withdrew everything and were closed.
    pub left: usize,
    /// Accounts that ended with a debt and nothing else: they wait for the insurance fund.
    pub bankrupt: usize,
    /// Accounts that took out everything but a profit that nobody has paid in.
    pub waiting: usize,
    /// Accounts that are none of these: there must be none.
    pub stuck: usize,
    /// Hedges whose owners had to top up first, because below IM one leg is not closed alone.
    pub topped_up: usize,
    /// What those that left took out net, dollars.
    pub withdrawn: f64,
    /// Winners' profit that nobody paid in, dollars.
    pub unpaid: f64,
    /// Units by which the books do not balance when all is over.
    pub error: i64,
}

impl Simulation {
    fn is_normal(&self) -> bool {
        let (board, now) = (self.house.board(), self.house.vm.now());
        board.assets[..COUNT].iter().all(|asset| asset.state(now) == State::Normal)
    }

    /// Prices stand still, keepers and the waterfall go on, until every asset is normal. Returns the hours it took.
    pub(super) fn calm(&mut self) -> Result<f64> {
        let mut steps = 0;
        while !self.is_normal() && steps < MOST_STEPS {
            self.house.vm.advance(STEP_S as i64);
            (0..STEP_S).for_each(|_| self.market.forget());
            for asset in 0..COUNT {
                self.house.post(asset as u8, self.market.price(asset, LENGTH_S));
                self.house.refresh(asset as u8).map_err(refused("a price was refused"))?;
            }
            if self.house.board().due(self.house.vm.now()).is_some() {
                self.house.tick().map_err(refused("a tick was refused"))?;
            }
            if !self.short().is_empty() {
                self.keepers(LENGTH_S)?;
                self.sell(LENGTH_S);
                self.resolve_all()?;
            }
            steps += 1;
        }
        Ok((steps * STEP_S) as f64 / 3_600.0)
    }

    /// Trades a little in every market and out of it again: the desk and the richest keeper.
    pub(super) fn trade_again(&mut self) -> usize {
        self.touch_positions();
        let Some(richest) = self.cast.keepers.iter().max_by_key(|k| self.equity(k)) else { return 0 };
        let (a, b) = (&self.cast.desk.person, &richest.person);
        let mut traded = 0;
        for market in 0..COUNT as u8 {
            let base = units(&self.house, market, 1_000 * QUOTE) as i64;
            let there = self.house.fill_at_oracle(market, a, b, base);
            let back = there.and_then(|_| self.house.fill_at_oracle(market, a, b, -base));
            traded += usize::from(back.is_ok());
        }
        traded
    }

    /// Everybody deposits once more, trades out of every position, settles, withdraws everything and closes.
    pub(super) fn leave(&mut self, mut recovery: Recovery) -> Result<Recovery> {
        self.touch_positions();
        settle_all(&mut self.house, &self.cast);
        let house = &mut self.house;
        let mut leaving = Vec::new();
        for actor in self.cast.traders.iter().chain(&self.cast.keepers) {
            let account = house.margin_account(&actor.person.account);
            let board = house.board();
            let equity =
                BoardView::at(&board, house.vm.now()).equity(&account, Basis::Maintenance).unwrap_or(0);
            // Who is taken over whole may end a unit of rounding below nothing: less than a quote is no debt.
            if equity < -(QUOTE as i64) {
                recovery.bankrupt += 1;
                continue;
            }
            house.fund_quote(&actor.person, QUOTE).map_err(refused("a deposit was refused"))?;
            recovery.withdrawn -= 1.0;
            let desk = &self.cast.desk.person;
            for slot in account.held_positions().filter(|s| s.base != 0) {
                // Below IM one leg of a hedge is not closed alone, and after a crash a short is valued at the stable
                // price: its owner tops up, and has it back below.
                let mut tops = 0;
                // What truncation has left is too little to have a price inside the band: it is made larger first.
                let dust = house.value(slot.market, slot.base.unsigned_abs()) < DUST;
                let more = if dust { slot.base.signum() * ENOUGH } else { 0 };
                let grown = dust && house.fill_at_oracle(slot.market, &actor.person, desk, more).is_ok();
                let base = if grown { slot.base + more } else { slot.base };
                while house.fill_at_oracle(slot.market, &actor.person, desk, -base).is_err() {
                    if tops == MOST_TOPS {
                        // It will be found stuck.
                        break;
                    }
                    // What it lacks to IM, the position, and the least MM that dust is asked for.
                    let lacks = (-house.health(&actor.person).initial.initial_excess()).max(0) as u64;
                    let value = lacks + house.value(slot.market, slot.base.unsigned_abs()) + 2 * QUOTE;
                    house.fund_quote(&actor.person, value).map_err(refused("a deposit was refused"))?;
                    recovery.withdrawn -= dollars(value as i64);
                    tops += 1;
                }
                recovery.topped_up += usize::from(tops > 0);
            }
            leaving.push(actor);
        }
        // Winners are paid out of what losers paid in: twice, because a pool may fill only in the first pass.
        settle_all(house, &self.cast);
        settle_all(house, &self.cast);
        for actor in leaving {
            let account = house.margin_account(&actor.person.account);
            let out = match account.quote {
                owed if owed < 0 => house.fund_quote(&actor.person, owed.unsigned_abs()),
                0 => house.fund_quote(&actor.person, 1).and_then(|_| house.withdraw_quote(&actor.person, 1)),
                quote => house.withdraw_quote(&actor.person, quote.unsigned_abs()),
            };
            let mut left = out.is_ok();
            recovery.withdrawn += dollars(account.quote);
            for slot in account.held_collateral() {
                left &= house.withdraw_collateral(&actor.person, slot.asset, slot.amount).is_ok();
                recovery.withdrawn += dollars(house.value(slot.asset, slot.amount) as i64);
            }
            left &= house.close(&actor.person).is_ok();
            let waits = || {
                let rest = house.margin_account(&actor.person.account);
                // A loss of its own in another market is paid out of the profit that it waits for.
                let flat = rest.held_positions().all(|s| s.base == 0);
                let claim: i64 = rest.held_positions().map(|s| s.entry).sum();
                flat && claim > 0 && rest.quote <= 1 && rest.held_collateral().next().is_none()
            };
            match left {
                true => recovery.left += 1,
                false if waits() => recovery.waiting += 1,
                false => recovery.stuck += 1,
            }
        }
        let open = self.cast.all().filter(|actor| !house.vm.data(&actor.person.account).is_empty());
        let claims = open.flat_map(|actor| {
            let account = house.margin_account(&actor.person.account);
            account.held_positions().filter(|s| s.base == 0).map(|s| s.entry.max(0)).collect::<Vec<_>>()
        });
        recovery.unpaid = dollars(claims.sum());
        // Whoever closed is gone; the rest still balances.
        let gone = |actor: &Actor| house.vm.data(&actor.person.account).is_empty();
        self.cast.traders.retain(|actor| !gone(actor));
        self.cast.keepers.retain(|actor| !gone(actor));
        recovery.error = conservation_error(house, &self.cast);
        Ok(recovery)
    }
}
