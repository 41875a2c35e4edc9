//! What must hold after an operation, whatever it was.

use ballast::event::BankruptcyResolved;
use ballast::instructions::SolvencyReport;
use ballast::state::MarginAccount;
use ballast_client::events;
use ballast_sandbox::house::Sent;
use ballast_tests::auditor::board::BoardMarket;
use ballast_tests::auditor::{Account, Basis, Claim, Key, Ledger, Ticked, history};

use super::promises;
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
    /// When that was, if time went on.
    pub priced_at: Option<i64>,
    /// Several transactions: the last may be refused, and the others have happened.
    pub several: bool,
    /// The indexes of a market's sides may move: what every position in it comes to.
    pub indexed: bool,
    /// The account that is judged, as it was judged.
    pub before: Option<Box<MarginAccount>>,
}

/// One operation: what was tried, what came of it, the house before and after.
pub struct Step<'a> {
    pub op: &'a Op,
    pub told: &'a Told,
    pub sent: &'a Sent,
    pub before: &'a Ledger,
    pub after: &'a Ledger,
    pub now: i64,
}

type Invariant = fn(&World, &Step, &mut Counts) -> Result<(), String>;

/// What must hold after every operation, by name. A new promise is a line here.
const ALWAYS: &[(&str, Invariant)] = &[
    ("conserved, and every figure of the board what the market said", conserved),
    ("a refusal changes nothing", refusals_change_nothing),
    ("shares and commitments of a vault are those of its providers and traders", promises::vaults_add_up),
];

/// What must hold after an operation that was accepted.
const ACCEPTED: &[(&str, Invariant)] = &[
    (
        "the insurance fund falls by what it says it pays, and for no other reason",
        promises::insurance_pays_what_it_says,
    ),
    ("by the engine, whoever takes money out or risk on has its IM", promises::initial_margin_is_kept),
    (
        "by the engine, only who is short is liquidated, when that is confirmed and nothing makes it wait",
        promises::only_the_short_are_seized,
    ),
    ("no provider gains what another loses by coming or going", promises::nobody_gains_by_rounding),
    ("who was bailed out keeps no bet", promises::bankrupts_are_closed),
    ("the board changes by prices, ticks and listings only, and as they say", board_follows),
    ("only accounts that were named change", only_the_named_change),
    ("no withdrawal leaves an account below IM", |w, s, c| {
        if_judged(w, || no_withdrawal_below_initial(w, s, c))
    }),
    ("a fill ends above IM or strictly reduces", |w, s, _| {
        if_judged(w, || if_op(s, "Fill", |s| w.filled(s.told, s.after)))
    }),
    ("a settlement moves money and no equity", |w, s, _| {
        if_judged(w, || if_op(s, "Settle", |s| w.settled(s.told, s.after)))
    }),
    ("no healthy account is liquidated, and none is harmed by it", |w, s, _| {
        if_judged(w, || if_op(s, "Liquidate", |s| w.liquidated(s.told, s.after, s.now)))
    }),
    ("a migration changes no figure", |_, s, _| {
        if_op(s, "Migrate", |s| {
            must!(s.before == s.after, "a migration changed the books");
            Ok(())
        })
    }),
    ("the program's own figures are what the auditor reckons", |w, s, counts| {
        if_judged(w, || if_op(s, "Health", |s| w.health(s.told, s.sent, s.after, &mut *counts)))
    }),
];

fn if_judged(world: &World, holds: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    if world.kind.is_judged() { holds() } else { Ok(()) }
}

fn if_op(step: &Step, name: &str, holds: impl FnOnce(&Step) -> Result<(), String>) -> Result<(), String> {
    if format!("{:?}", step.op).starts_with(name) { holds(step) } else { Ok(()) }
}

fn conserved(world: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    let found = if world.kind.is_judged() { step.after.problems() } else { step.after.book_problems() };
    found.into_iter().next().map_or(Ok(()), Err)
}

fn refusals_change_nothing(_: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    if let Err(refusal) = step.sent {
        let multiple = step.told.several
            || matches!(step.op, Op::Prices { .. } | Op::Hour { .. } | Op::ListAsset { .. });
        must!(multiple || step.before == step.after, "refused, and yet something changed");
        must!(!step.told.planned, "a planned liquidation was refused: {refusal}");
    }
    Ok(())
}

fn board_follows(world: &World, step: &Step, counts: &mut Counts) -> Result<(), String> {
    let (before, after) = (&step.before.board, &step.after.board);
    let listed = matches!(step.op, Op::ListAsset { .. } | Op::ListMarket { .. });
    let priced = step.told.priced || matches!(step.op, Op::Prices { .. } | Op::Hour { .. });
    let moved = listed || priced || step.told.indexed;
    must!(moved || before == after, "the board changed");
    counts.doubted += u64::from(world.house.board().assets.iter().any(|a| a.breaker >= 2));
    if Ticked::between(before, after) == Ticked::Short {
        counts.short_ticks += 1;
    }
    if after.notice < 1.0 {
        counts.under_notice += 1;
    }
    if priced && world.kind.is_judged() {
        let found = history::problems(before, after, step.told.priced_at.unwrap_or(step.now));
        must!(found.is_empty(), "{}", found[0]);
    }
    Ok(())
}

fn only_the_named_change(_: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    for (key, account) in &step.after.accounts {
        let was = step.before.accounts.get(key);
        let written = |a: &Account| {
            let entries: Vec<_> = a.positions.iter().map(|p| (p.market, p.written_entry)).collect();
            (a.quote, a.interest_owed, a.collateral.clone(), entries)
        };
        // An index that moves changes what positions come to, and nothing that is written in them.
        let changed =
            if step.told.indexed { was.map(written) != Some(written(account)) } else { was != Some(account) };
        must!(!changed || step.told.named.contains(key), "an account changed that was not named");
    }
    must!(
        step.told.closes || step.before.accounts.keys().all(|k| step.after.accounts.contains_key(k)),
        "an account is gone"
    );
    Ok(())
}

fn no_withdrawal_below_initial(_: &World, step: &Step, _: &mut Counts) -> Result<(), String> {
    if let Op::Withdraw { .. } = step.op {
        let account = &step.after.accounts[&step.told.named[0]];
        if !account.is_free_of_risk() {
            // What is stale counts for nothing: it carries no loan, and stops no withdrawal of the rest.
            let lent = account.quote < 0 && account.quote < step.before.accounts[&step.told.named[0]].quote;
            let fresh = step.after.board.is_fresh_for(account, step.now);
            must!(!lent || fresh, "money was lent on a stale price");
            let m = step.after.board.margin(account, Basis::Withdrawal);
            must!(!m.is_clearly_below_initial(), "money left an account below IM: {m:?}");
        }
    }
    Ok(())
}

impl World {
    /// Every invariant, by name.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn audit(&self, step: &Step, counts: &mut Counts) -> Result<(), String> {
        let accepted = if step.sent.is_ok() { ACCEPTED } else { &[] };
        for (name, holds) in ALWAYS.iter().chain(accepted) {
            holds(self, step, counts).map_err(|what| format!("[{name}] {what}"))?;
        }
        Ok(())
    }

    /// Neither side of a market holds more than is open, nor less by more than what truncation can have taken from it.
    ///
    /// A position reads as ⌊b·S/S₀⌋: it loses less than a native unit where it is brought in step after a deleveraging, and
    /// once for several if it is not. S itself is rounded down by 2⁻⁶² a step, of which no base here makes a unit.
    ///
    /// # Errors
    /// If more is missing, or something is there that is not open.
    pub fn count_dust(&mut self, sent: &Sent, after: &Ledger) -> Result<(), String> {
        let logs = sent.as_ref().map(|r| r.logs.as_slice()).unwrap_or_default();
        for event in events::of::<BankruptcyResolved>(logs) {
            let Some(market) = event.market.map(usize::from) else { continue };
            let bases = self.seen.accounts.values().map(|a| a.base(market));
            let held = bases.filter(|base| base.signum() == -event.base.signum()).count();
            self.dust[market] += held as u64;
        }
        for (i, market) in after.markets.iter().enumerate() {
            if after.board.markets[i].option.is_some() {
                continue;
            }
            let bases = || after.accounts.values().map(|a| i128::from(a.base(i)));
            let (longs, shorts): (i128, i128) =
                (bases().map(|b| b.max(0)).sum(), bases().map(|b| (-b).max(0)).sum());
            let open = i128::from(market.open_interest);
            let missing = [open - longs, open - shorts];
            let most = i128::from(self.dust[i]);
            must!(
                missing.iter().all(|m| (0..=most).contains(m)),
                "of market {i} {open} are open, {longs} long, {shorts} short, and truncation has taken {most} at most"
            );
            if open == 0 {
                self.dust[i] = 0;
            }
        }
        Ok(())
    }

    /// The program attests what the auditor counts.
    ///
    /// # Errors
    /// If it refuses, or says something else.
    pub fn attest(&mut self, seen: &Ledger) -> Result<(), String> {
        let receipt = self.house.attest_solvency().map_err(|e| format!("[attest_solvency] refused: {e}"))?;
        let said: SolvencyReport = events::returned(&receipt.logs).ok_or("[attest_solvency] said nothing")?;
        let all = || seen.accounts.values();
        let own = [
            all().map(|a| i128::from(a.quote.max(0))).sum::<i128>(),
            all().map(|a| -i128::from(a.quote.min(0))).sum(),
            seen.markets.iter().map(|m| i128::from(m.pool)).sum(),
            seen.markets.iter().map(|m| i128::from(m.fees)).sum(),
            seen.insurance.into(),
            seen.quote_vault.tokens.into(),
            seen.accounts.len() as i128,
            0,
        ];
        let figures = [
            said.balances,
            said.loans,
            said.pools,
            said.fees,
            said.insurance,
            said.quote_vault,
            said.accounts,
            said.surplus,
        ];
        must!(figures.map(i128::from) == own, "[attest_solvency] {said:?}, the auditor counts {own:?}");
        let own: f64 = all().map(|a| -seen.board.equity(a).min(0.0)).sum();
        let noise = || all().map(|a| seen.board.margin(a, Basis::Maintenance).noise).sum::<f64>();
        let apart = (said.bad_debt as f64 - own).abs();
        must!(
            said.unvalued != 0 || !self.kind.is_judged() || apart <= 16.0 || apart <= noise(),
            "[attest_solvency] bad debt of {}, {own} by the auditor",
            said.bad_debt
        );
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
        let cleared = was.base(market) != is.base(market);
        must!(pool == -paid && (paid != 0 || cleared), "{paid} moved, the pool by {pool}");
        must!(
            !cleared || after.board.markets[market].option.is_some_and(|o| o.is_final()),
            "settled before its time"
        );
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
        let slack = m[0].overcharge.max(m[1].overcharge) + m[0].noise;
        must!(after.board.is_fresh_for(was, now), "liquidated on a stale price");
        must!(!m[0].is_clearly_healthy(), "a healthy account was liquidated: {:?}", m[0]);
        must!(m[1].shortfall() < m[0].shortfall() + slack, "a liquidation did not help: {m:?}");
        let ceiling = (m[1].maintenance + slack) * (1.0 + after.board.params.buffer)
            + after.board.params.dust
            + m[0].noise;
        let closes = m[0].gross.min(m[0].maintenance) <= after.board.params.dust + m[0].noise;
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
