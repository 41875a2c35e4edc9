//! What must hold after an operation, whatever it was.

use ballast_sandbox::house::Sent;
use ballast_tests::auditor::board::BoardMarket;
use ballast_tests::auditor::{Basis, Claim, Key, Ledger, Ticked, history};

use super::world::World;
use super::{Counts, Op};

/// What an operation said about itself.
#[derive(Default)]
pub struct Told {
    /// Accounts that it may change.
    pub named: Vec<Key>,
    pub market: Option<usize>,
    /// At most one refresh an asset, or one tick.
    pub priced: bool,
    pub planned: bool,
    pub closes: bool,
    pub health_of: Option<Key>,
}

/// Refuses with a sentence.
macro_rules! must {
    ($holds:expr, $($what:tt)*) => {{
        let holds: bool = $holds;
        if !holds {
            return Err(format!($($what)*));
        }
    }};
}

impl World {
    pub fn audit(
        &self,
        op: &Op,
        told: &Told,
        sent: &Sent,
        after: &Ledger,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let before = &self.seen;
        let now = self.house.vm.now();
        if let Some(what) = after.problems().into_iter().next() {
            return Err(what);
        }
        if sent.is_err() {
            let multiple = matches!(op, Op::Prices { .. } | Op::Hour { .. } | Op::ListAsset { .. });
            must!(multiple || before == after, "refused, and yet something changed");
            must!(!told.planned, "a planned liquidation was refused: {}", sent.as_ref().unwrap_err());
            return Ok(());
        }
        must!(after.insurance >= before.insurance, "the insurance fund fell");
        let listed = matches!(op, Op::ListAsset { .. } | Op::ListMarket { .. });
        let priced = told.priced || matches!(op, Op::Prices { .. } | Op::Hour { .. });
        must!(listed || priced || before.board == after.board, "the board changed");
        if Ticked::between(&before.board, &after.board) == Ticked::Short {
            counts.short_ticks += 1;
        }
        if after.board.notice < 1.0 {
            counts.under_notice += 1;
        }
        if priced {
            let found = history::problems(&before.board, &after.board, now);
            must!(found.is_empty(), "{}", found[0]);
        }
        for (key, account) in &after.accounts {
            let changed = before.accounts.get(key) != Some(account);
            must!(!changed || told.named.contains(key), "an account changed that was not named");
        }
        must!(
            told.closes || before.accounts.keys().all(|k| after.accounts.contains_key(k)),
            "an account is gone"
        );
        match op {
            Op::Withdraw { .. } => {
                let account = &after.accounts[&told.named[0]];
                if !account.is_free_of_risk() {
                    // What is stale counts for nothing: it carries no loan, and stops no withdrawal of the rest.
                    let lent = account.quote < 0 && account.quote < before.accounts[&told.named[0]].quote;
                    must!(!lent || after.board.is_fresh_for(account, now), "money was lent on a stale price");
                    let m = after.board.margin(account, Basis::Withdrawal);
                    must!(!m.is_clearly_below_initial(), "money left an account below IM: {m:?}");
                }
            }
            Op::Fill { .. } => self.filled(told, after)?,
            Op::Settle { .. } => self.settled(told, after)?,
            Op::Liquidate { .. } | Op::LiquidatePlanned { .. } => self.liquidated(told, after, now)?,
            Op::Migrate { .. } => must!(before == after, "a migration changed the books"),
            Op::Health { .. } => self.health(told, sent, after, counts)?,
            _ => {}
        }
        Ok(())
    }

    fn filled(&self, told: &Told, after: &Ledger) -> Result<(), String> {
        let market = told.market.ok_or("a fill names its market")?;
        for key in &told.named {
            let (was, is) = (&self.seen.accounts[key], &after.accounts[key]);
            let m = after.board.margin(is, Basis::Initial);
            if m.is_clearly_below_initial() {
                let (held, holds) = (i128::from(was.base(market)), i128::from(is.base(market)));
                must!(holds.abs() < held.abs() && holds * held >= 0, "a fill left {m:?} and did not reduce");
                let spot = after.board.margin(is, Basis::Maintenance);
                must!(spot.equity >= -spot.noise, "a fill left an equity below zero: {spot:?}");
                let first = self.seen.board.margin(was, Basis::Initial);
                let (excess, end) = (first.equity - first.initial, m.equity - m.initial);
                // The program counts the crowd of this very trade, the board an older one.
                let (traded, listed) = (&after.markets[market], &after.board.markets[market]);
                let live = BoardMarket { open_interest: traded.open_interest, ..listed.clone() };
                let haircut = after.board.assets[listed.asset].haircut.widest();
                let crowded = live.beyond_half() * haircut * first.gross;
                let slack = (first.overcharge + m.overcharge) * 3.0 + first.noise + m.noise + crowded;
                must!(end >= excess - slack, "a reducing fill made it worse: {first:?} then {m:?}");
            }
        }
        Ok(())
    }

    fn settled(&self, told: &Told, after: &Ledger) -> Result<(), String> {
        let (key, market) = (&told.named[0], told.market.ok_or("a settlement names its market")?);
        let (was, is) = (&self.seen.accounts[key], &after.accounts[key]);
        let paid = i128::from(is.quote) - i128::from(was.quote);
        let pool = i128::from(after.markets[market].pool) - i128::from(self.seen.markets[market].pool);
        must!(pool == -paid && paid != 0, "{paid} moved, the pool by {pool}");
        must!(paid <= i128::from(self.seen.markets[market].pool), "more was paid than the pool held");
        if paid < 0 {
            // A loser pays with what it has: below zero only what its collateral counts for.
            let credit: f64 = is
                .collateral
                .iter()
                .map(|c| {
                    let a = &after.board.assets[c.asset];
                    c.amount as f64 * a.spot.min(a.stable) * (1.0 - a.haircut.long)
                })
                .sum();
            must!(is.quote as f64 >= -credit - 2.0, "a loss of {paid} was paid with what is not there");
        }
        let m = [was, is].map(|a| after.board.margin(a, Basis::Maintenance));
        must!((m[0].equity - m[1].equity).abs() <= m[0].noise, "settling changed equity: {m:?}");
        Ok(())
    }

    fn liquidated(&self, told: &Told, after: &Ledger, now: i64) -> Result<(), String> {
        let [target, keeper] = [&told.named[0], &told.named[1]];
        let (was, is) = (&self.seen.accounts[target], &after.accounts[target]);
        let m = [was, is].map(|a| after.board.margin(a, Basis::Maintenance));
        let slack = m[0].overcharge + m[0].noise;
        must!(after.board.is_fresh_for(was, now), "liquidated on a stale price");
        must!(!m[0].is_clearly_healthy(), "a healthy account was liquidated: {:?}", m[0]);
        must!(m[1].shortfall() < m[0].shortfall() + slack, "a liquidation did not help: {m:?}");
        let ceiling = (m[1].maintenance + slack) * (1.0 + after.board.params.buffer)
            + after.board.params.dust
            + m[0].noise;
        let closes = m[0].gross <= after.board.params.dust + m[0].noise;
        must!(m[1].equity <= ceiling || closes, "a liquidation went too far: {m:?}");
        let penalty = m[0].equity - m[1].equity;
        must!(penalty <= m[0].equity.max(0.0) + m[0].noise, "a penalty of {penalty} on {:?}", m[0]);
        let fund = (after.insurance - self.seen.insurance) as f64;
        must!(fund <= penalty + m[0].noise, "the fund took {fund} of a penalty of {penalty}");
        let k = after.board.margin(&after.accounts[keeper], Basis::Initial);
        must!(!k.is_clearly_below_initial(), "the keeper ended below IM: {k:?}");
        Ok(())
    }

    /// The program's own figures, from its return data.
    fn health(&self, told: &Told, sent: &Sent, after: &Ledger, counts: &mut Counts) -> Result<(), String> {
        let key = told.health_of.ok_or("a health check names its account")?;
        let logs = sent.as_ref().map(|r| r.logs.as_slice()).unwrap_or_default();
        let data = logs
            .iter()
            .find_map(|l| l.strip_prefix("Program return: "))
            .and_then(|l| l.split(' ').nth(1))
            .map(base64)
            .ok_or("no return data")?;
        let word = |i: usize| data.get(8 * i..8 * i + 8).and_then(|b| b.try_into().ok());
        let signed = word(0).map(i64::from_le_bytes).ok_or("no equity")? as f64;
        let figure = |i: usize| word(i).map(u64::from_le_bytes).ok_or("short return data");
        let figure = |i: usize| figure(i).map(|word| word as f64);
        let claim = Claim {
            equity: signed,
            expected_shortfall: figure(1)?,
            stress: figure(2)?,
            addons: figure(4)?,
            maintenance: figure(5)?,
            initial: figure(6)?,
        };
        let m = after.board.margin(&after.accounts[&key], Basis::Maintenance);
        let refuted = m.refuted(&claim);
        must!(refuted.is_empty(), "{}", refuted[0]);
        let over = claim.maintenance - m.maintenance;
        counts.worst_of_bound = counts.worst_of_bound.max(over / (m.overcharge + m.noise));
        Ok(())
    }
}

/// Decodes standard base64.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for digit in text.bytes().filter_map(|b| ALPHABET.iter().position(|a| *a == b)) {
        bits = (bits << 6) | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}
