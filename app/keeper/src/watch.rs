//! Who is near.
//!
//! Every account is valued now and then, those near their MM at every price. The index orders accounts by equity ÷ MM as
//! it was when they were last valued: a pass takes the near ones first, all of them, then what changed, and then goes on
//! through the rest where it left off, for as long as a pass may take. So however large the house is, the accounts that a
//! price can push below MM are known within milliseconds, and a far one is forgotten for a few passes at most.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use ballast::margin::BoardView;
use ballast::state::{MarginAccount, RiskBoard};
use ballast_risk::book::Basis;
use ballast_risk::margin::Margin;

use crate::book::Book;

/// Equity ÷ MM, basis points, of an account that owes nothing whatever prices do.
pub const SAFE: i64 = i64::MAX;

/// What was found when an account was valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Valued {
    /// Equity ÷ MM, basis points.
    pub ratio_bps: i64,
    /// Equity, quote micro-units.
    pub equity: i64,
    /// MM, quote micro-units.
    pub maintenance: u64,
    /// Worst stress, quote micro-units.
    pub stress: u64,
}

/// Equity ÷ MM, basis points.
#[must_use]
pub fn ratio_bps(margin: &Margin) -> i64 {
    if margin.maintenance == 0 {
        return if margin.equity < 0 { i64::MIN } else { SAFE };
    }
    let ratio = i128::from(margin.equity) * 10_000 / i128::from(margin.maintenance);
    i64::try_from(ratio).unwrap_or(if ratio < 0 { i64::MIN } else { SAFE })
}

/// What a pass found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Accounts that were valued.
    pub valued: usize,
    /// Whether all were.
    pub complete: bool,
}

/// The index.
#[derive(Default)]
pub struct Watch {
    found: HashMap<Pubkey, Valued>,
    order: BTreeSet<(i64, Pubkey)>,
    /// Since when each account has been found below its MM, by the cluster's clock.
    short: HashMap<Pubkey, i64>,
    /// Accounts that are worth a look although they are not short: a clock to be stopped, an alert to be cleared.
    marked: HashSet<Pubkey>,
    /// Where the last pass stopped, and how many accounts were then still to be valued.
    cursor: Option<(i64, Pubkey)>,
    left: usize,
}

/// Whether something about an account besides its margin may have to be written down on the chain.
fn is_marked(account: &MarginAccount) -> bool {
    account.short_since != 0 || account.alert != 0 || account.alert_bps.iter().any(|level| *level != 0)
}

impl Watch {
    /// Forgets an account.
    pub fn forget(&mut self, address: &Pubkey) {
        if let Some(was) = self.found.remove(address) {
            self.order.remove(&(was.ratio_bps, *address));
        }
        self.short.remove(address);
        self.marked.remove(address);
    }

    fn value(&mut self, address: Pubkey, account: &MarginAccount, view: &BoardView) {
        let safe = Margin::default();
        let margin = if account.is_free_of_risk() {
            Ok(safe)
        } else {
            // What cannot be valued (an asset without any price yet) cannot be liquidated either.
            view.margin(account, Basis::Maintenance)
        };
        let Ok(margin) = margin else { return self.forget(&address) };
        let ratio = if account.is_free_of_risk() { SAFE } else { ratio_bps(&margin) };
        let Margin { equity, maintenance, stress, .. } = margin;
        let now = Valued { ratio_bps: ratio, equity, maintenance, stress };
        if let Some(was) = self.found.insert(address, now)
            && was.ratio_bps != ratio
        {
            self.order.remove(&(was.ratio_bps, address));
        }
        self.order.insert((ratio, address));
        if margin.is_liquidatable() {
            self.short.entry(address).or_insert_with(|| view.now());
        } else {
            self.short.remove(&address);
        }
        if is_marked(account) {
            self.marked.insert(address);
        } else {
            self.marked.remove(&address);
        }
    }

    /// Says that every account is to be valued anew: the board has changed.
    pub fn renew(&mut self) {
        self.left = self.order.len();
    }

    /// Values accounts on a board: all that are nearer than `near_bps`, all that `changed`, and of those that are still to
    /// be valued as many as the time allows, from where the last pass stopped.
    pub fn pass(
        &mut self,
        book: &Book,
        board: &RiskBoard,
        now: i64,
        changed: &HashSet<Pubkey>,
        near_bps: i64,
        time: Duration,
    ) -> Pass {
        let begun = Instant::now();
        let view = BoardView::for_liquidation(board, now);
        let mut done: HashSet<Pubkey> = HashSet::new();
        let near: Vec<Pubkey> =
            self.order.iter().take_while(|(ratio, _)| *ratio < near_bps).map(|(_, a)| *a).collect();
        let marked: Vec<Pubkey> = self.marked.iter().copied().collect();
        for address in near.iter().chain(changed).chain(&marked) {
            if done.insert(*address)
                && let Some(account) = book.margin(address)
            {
                self.value(*address, account, &view);
            }
        }
        let after = self.cursor.unwrap_or((i64::MIN, Pubkey::default()));
        let all = self.order.range(after..).chain(self.order.range(..after));
        let rest: Vec<(i64, Pubkey)> = all.take(self.left).copied().collect();
        self.left = 0;
        self.cursor = None;
        for (at, entry) in rest.iter().enumerate() {
            if begun.elapsed() >= time {
                (self.cursor, self.left) = (Some(*entry), rest.len() - at);
                break;
            }
            // Owes nothing whatever the price: it only counts when it changes.
            if entry.0 == SAFE || !done.insert(entry.1) {
                continue;
            }
            if let Some(account) = book.margin(&entry.1) {
                self.value(entry.1, account, &view);
            }
        }
        Pass { valued: done.len(), complete: self.left == 0 }
    }

    /// Accounts below MM, the deepest first, and since when they have been found so.
    #[must_use]
    pub fn short(&self) -> Vec<(Pubkey, i64)> {
        let below = self.order.iter().filter_map(|(_, a)| self.short.get(a).map(|since| (*a, *since)));
        below.take(self.short.len()).collect()
    }

    /// Accounts that are not short, and may still have to be touched.
    #[must_use]
    pub fn marked(&self) -> Vec<Pubkey> {
        self.marked.iter().filter(|a| !self.short.contains_key(a)).copied().collect()
    }

    /// How many accounts are nearer than so many basis points of their MM.
    #[must_use]
    pub fn near(&self, near_bps: i64) -> usize {
        self.order.iter().take_while(|(ratio, _)| *ratio < near_bps).count()
    }

    /// What was found when an account was last valued.
    #[must_use]
    pub fn found(&self, address: &Pubkey) -> Option<&Valued> {
        self.found.get(address)
    }
}
