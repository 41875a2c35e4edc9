//! The demo under audit: real crashes through the compiled program, every step reckoned again from raw
//! bytes by somebody who shares no code with it.

use std::collections::BTreeMap;

use ballast_cli::demo::{Moment, Options, Stage, run};
use ballast_cli::prices::{self, PricePaths, synthetic};
use ballast_cli::report;
use ballast_cli::report::model::DemoReport;
use ballast_client::health::health;
use ballast_tests::auditor::{Basis, Key, Ledger, Margin, history};

use crate::common::{claim, ledger};

/// One asset at one step.
struct AssetSeen {
    ts: i64,
    price: f64,
    /// The wider haircut of both sides.
    haircut: f64,
    /// The same before governance's bounds: σ times the wider tail, by the auditor.
    own: f64,
}

/// What the auditor counted.
#[derive(Default)]
struct Audit {
    problems: Vec<String>,
    settled_steps: usize,
    liquidations: Vec<(Margin, Margin)>,
    /// Equity below zero, by account, when it first fell there.
    gaps: BTreeMap<Key, f64>,
    /// Account-steps that ended below MM though keepers were there.
    left_short: usize,
    left_short_names: BTreeMap<String, usize>,
    last: BTreeMap<Key, Margin>,
    previous: Option<Ledger>,
    before: Option<Ledger>,
    assets: Vec<Vec<AssetSeen>>,
    /// Largest (engine's MM − auditor's) in micro-units, as a share of the auditor's, and as a share of the bound.
    worst_difference: f64,
    worst_share: f64,
    worst_of_bound: f64,
    worst_equity: f64,
}

impl Audit {
    fn problem(&mut self, now: i64, what: String) {
        if self.problems.len() < 40 {
            self.problems.push(format!("at {now}: {what}"));
        }
    }

    fn watch(&mut self, moment: &Moment) {
        let now = moment.house.vm.now();
        let seen = ledger(moment.house);
        for what in seen.problems() {
            self.problem(now, what);
        }
        match moment.stage {
            Stage::Priced => self.priced(moment, seen, now),
            Stage::BeforeLiquidation(account) => {
                let m = seen.board.margin(&seen.accounts[&account], Basis::Maintenance);
                if m.is_clearly_healthy() {
                    self.problem(now, format!("a healthy account is about to be liquidated: {m:?}"));
                }
                self.before = Some(seen);
            }
            Stage::AfterLiquidation(account) => self.liquidated(account, &seen, now),
            Stage::Settled => self.settled(moment, seen, now),
        }
    }

    fn priced(&mut self, moment: &Moment, seen: Ledger, now: i64) {
        if let Some(previous) = self.previous.take() {
            for what in history::problems(&previous.board, &seen.board, now) {
                self.problem(now, what);
            }
        }
        self.assets.resize_with(seen.board.assets.len(), Vec::new);
        for (track, asset) in self.assets.iter_mut().zip(&seen.board.assets) {
            track.push(AssetSeen {
                ts: now,
                price: asset.spot,
                haircut: asset.haircut.widest(),
                own: asset.sigma * asset.tails.widest(),
            });
        }
        self.compare_with_the_engine(moment, &seen, now);
        for (key, account) in &seen.accounts {
            let m = seen.board.margin(account, Basis::Maintenance);
            if m.equity >= -m.noise || self.gaps.contains_key(key) {
                continue;
            }
            match self.last.get(key) {
                // It met its MM a step ago: the step itself took more than the margin.
                Some(s) if s.equity >= s.maintenance - s.noise => {
                    self.gaps.insert(*key, m.equity);
                }
                Some(s) => {
                    self.problem(
                        now,
                        format!("equity {:.0} below zero after a step that began at {s:?}", m.equity),
                    );
                }
                None => self.problem(now, "an account starts below zero".into()),
            }
        }
    }

    /// The engine's MM is never below the exact one, and above it by at most its rounding charge.
    fn compare_with_the_engine(&mut self, moment: &Moment, seen: &Ledger, now: i64) {
        let board = moment.house.board();
        for actor in moment.cast.all() {
            let key = actor.person.account.to_bytes();
            let account = moment.house.margin_account(&actor.person.account);
            let Ok(engine) = health(&account, &board, now) else { continue };
            for (basis, engine) in [
                (Basis::Maintenance, engine.maintenance),
                (Basis::Initial, engine.initial),
                (Basis::Withdrawal, engine.withdrawal),
            ] {
                let own = seen.board.margin(&seen.accounts[&key], basis);
                let claim = claim(&engine);
                let difference = claim.maintenance - own.maintenance;
                self.worst_difference = self.worst_difference.max(difference.abs());
                self.worst_equity = self.worst_equity.max((claim.equity - own.equity).abs());
                if own.maintenance > 0.0 {
                    self.worst_share = self.worst_share.max(difference.abs() / own.maintenance);
                    self.worst_of_bound = self.worst_of_bound.max(difference / (own.overcharge + own.noise));
                }
                for what in own.refuted(&claim) {
                    self.problem(now, format!("{} on {basis:?}: {what}", actor.name));
                }
            }
        }
    }

    fn liquidated(&mut self, key: Key, seen: &Ledger, now: i64) {
        let Some(before) = self.before.take() else {
            return self.problem(now, "a liquidation that was not announced".into());
        };
        let was = before.board.margin(&before.accounts[&key], Basis::Maintenance);
        let is = seen.board.margin(&seen.accounts[&key], Basis::Maintenance);
        // Both are judged at the lane scale of the book before.
        let slack = was.overcharge + was.noise;
        if is.shortfall() >= was.shortfall() + slack {
            self.problem(now, format!("a liquidation did not help: {was:?} then {is:?}"));
        }
        let target = (is.maintenance + slack) * (1.0 + seen.board.params.buffer);
        if is.equity > target + seen.board.params.dust + was.noise
            && was.gross.min(was.maintenance) > seen.board.params.dust
        {
            self.problem(now, format!("a liquidation went too far: {was:?} then {is:?}"));
        }
        let penalty = was.equity - is.equity;
        if penalty > was.equity.max(0.0) + was.noise {
            self.problem(
                now,
                format!("a penalty of {penalty:.0} was taken from an equity of {:.0}", was.equity),
            );
        }
        // Pro rata of the margin that it frees: what is left can pay as well as before.
        let relief = was.maintenance - is.maintenance + slack;
        if penalty > was.equity.max(0.0) * relief / was.maintenance + was.noise {
            self.problem(now, format!("a penalty of {penalty:.0} for a relief of {relief:.0}: {was:?}"));
        }
        if (seen.insurance as f64 - before.insurance as f64) > penalty + was.noise {
            self.problem(now, "the insurance fund got more than the penalty".into());
        }
        for (other, account) in seen.accounts.iter().filter(|(k, a)| **k != key && before.accounts[*k] != **a)
        {
            let m = seen.board.margin(account, Basis::Initial);
            if m.is_clearly_below_initial() {
                self.problem(now, format!("keeper {other:?} ended below IM: {m:?}"));
            }
        }
        self.liquidations.push((was, is));
    }

    fn settled(&mut self, moment: &Moment, seen: Ledger, now: i64) {
        self.settled_steps += 1;
        for actor in moment.cast.all() {
            let key = actor.person.account.to_bytes();
            let margin = seen.board.margin(&seen.accounts[&key], Basis::Maintenance);
            if margin.is_clearly_short() && margin.exposed {
                self.left_short += 1;
                *self.left_short_names.entry(actor.name.clone()).or_default() += 1;
                if margin.equity < 0.0 {
                    self.problem(now, format!("{} is bankrupt and still exposed: {margin:?}", actor.name));
                }
            }
            self.last.insert(key, margin);
        }
        self.previous = Some(seen);
    }

    /// Haircuts before, at and after the largest move over one horizon, by asset.
    fn haircut_swings(&self, horizon_s: i64) -> Vec<Swing> {
        self.assets.iter().map(|track| Swing::of(track, horizon_s)).collect()
    }
}

/// How an asset's haircut went through its largest move.
#[derive(Debug)]
struct Swing {
    /// The largest simple return over one horizon.
    largest: f64,
    /// Haircut before bounds when that hour began, and the highest up to one tick after it ended.
    before: f64,
    within_a_tick: f64,
    /// Haircut: the lowest, the highest, and the lowest after the highest.
    lowest: f64,
    highest: f64,
    calm_after: f64,
}

impl Swing {
    fn of(track: &[AssetSeen], horizon_s: i64) -> Self {
        let at = |ts: i64| track.partition_point(|p| p.ts <= ts).saturating_sub(1);
        let (mut from, mut to, mut largest) = (0, 0, 0.0f64);
        for (i, point) in track.iter().enumerate() {
            let began = at(point.ts - horizon_s);
            let r = point.price / track[began].price - 1.0;
            if r.abs() > largest.abs() {
                (from, to, largest) = (began, i, r);
            }
        }
        let tick_later = at(track[to].ts + horizon_s).max(to);
        let lowest = |points: &[AssetSeen]| points.iter().map(|p| p.haircut).fold(f64::MAX, f64::min);
        let peak =
            (0..track.len()).max_by(|a, b| track[*a].haircut.total_cmp(&track[*b].haircut)).unwrap_or(0);
        Self {
            largest,
            before: track[from].own,
            within_a_tick: track[from..=tick_later].iter().map(|p| p.own).fold(0.0, f64::max),
            lowest: lowest(track),
            highest: track[peak].haircut,
            calm_after: lowest(&track[peak..]),
        }
    }
}

/// Replays under audit and checks what must hold of every run.
fn audited(paths: &PricePaths) -> (Audit, DemoReport) {
    let clock = std::time::Instant::now();
    let mut audit = Audit::default();
    let mut watch = |moment: &Moment| audit.watch(moment);
    let mut last = None;
    let report = {
        let mut progress = |_: usize, _: usize| {};
        let mut both = |moment: &Moment| {
            watch(moment);
            if moment.stage == Stage::Settled {
                last = Some(moment.house.treasury().insurance);
            }
        };
        let options =
            Options { title: "audit".into(), progress: &mut progress, watch: &mut both, signed: false };
        run(paths, options).expect("the program takes the whole path")
    };
    let insurance = last.expect("there was a step");
    println!(
        "{}: {} steps, {} liquidations of {} accounts, bad debt {} (auditor {:.0}, {} accounts), insurance {insurance}, \
         worst MM difference {:.0} micro-units, {:.2e} of MM, {:.2} of the bound; equity {:.2}; left short {} {:?}; {:.1} s",
        report.source,
        audit.settled_steps,
        audit.liquidations.len(),
        report.accounts_liquidated(),
        report.bad_debt,
        -audit.gaps.values().sum::<f64>(),
        audit.gaps.len(),
        audit.worst_difference,
        audit.worst_share,
        audit.worst_of_bound,
        audit.worst_equity,
        audit.left_short,
        audit.left_short_names,
        clock.elapsed().as_secs_f64(),
    );
    for swing in audit.haircut_swings(3_600) {
        println!("  {swing:?}");
    }
    assert!(audit.problems.is_empty(), "{:#?}", audit.problems);
    agrees(&audit, &report, insurance);
    (audit, report)
}

/// The report and its JSON say what the auditor counted.
fn agrees(audit: &Audit, report: &DemoReport, insurance: u64) {
    let json: serde_json::Value =
        serde_json::from_str(&report::json::render(report)).expect("the summary is JSON");
    assert_eq!(json["conservation_error"], 0);
    assert_eq!(json["conservation_checks"], audit.settled_steps);
    assert_eq!(json["insurance"], insurance, "the insurance fund at the end");
    let rows = json["liquidations"].as_array().expect("a list");
    assert_eq!(rows.len(), audit.liquidations.len());
    for (row, (was, is)) in rows.iter().zip(&audit.liquidations) {
        let figure = |key: &str| row[key].as_i64().expect("an integer") as f64;
        let slack = was.overcharge + was.noise;
        assert!((figure("equity_before") - was.equity).abs() <= was.noise, "{row} {was:?}");
        assert!((figure("equity_after") - is.equity).abs() <= was.noise, "{row} {is:?}");
        assert!((figure("mm_before") - was.maintenance).abs() <= slack, "{row} {was:?}");
        assert!((figure("mm_after") - is.maintenance).abs() <= slack, "{row} {is:?}");
        assert!((figure("penalty") - (was.equity - is.equity)).abs() <= was.noise, "{row} {was:?} {is:?}");
    }
    let final_debt: f64 = audit.last.values().map(|s| -s.equity.min(0.0)).sum();
    let gaps: f64 = -audit.gaps.values().sum::<f64>();
    let bad_debt = json["bad_debt"].as_i64().expect("an integer") as f64;
    assert!((bad_debt - final_debt).abs() <= 64.0, "bad debt {bad_debt}, {final_debt} by the auditor");
    assert!(bad_debt <= gaps + 64.0, "bad debt {bad_debt}, price gaps explain {gaps}");
    for account in json["accounts"].as_array().expect("a list") {
        let address = account["address"].as_str().expect("an address");
        let key = address.parse::<anchor_lang::prelude::Pubkey>().expect("base58").to_bytes();
        let own = audit.last[&key];
        let equity = account["equity"].as_i64().expect("an integer") as f64;
        assert!((equity - own.equity).abs() <= own.noise + 2.0, "{account} {own:?}");
        let mm = account["mm"].as_i64().expect("an integer") as f64;
        assert!(
            (mm - own.maintenance).abs() <= own.overcharge + own.noise,
            "MM at the end: {account} {own:?}"
        );
    }
}

/// Haircuts rose within a tick of the largest move by at least a share, stood at least `swing` times as
/// high at the peak as at the lowest, and came back to at most `back` of the peak.
fn haircuts_breathe(audit: &Audit, rise: f64, swing: f64, back: f64) {
    for s in audit.haircut_swings(3_600) {
        assert!(s.within_a_tick >= rise * s.before, "did not rise with the market: {s:?}");
        assert!(s.highest >= swing * s.lowest, "stood still: {s:?}");
        assert!(s.calm_after <= back * s.highest, "did not come back: {s:?} (largest {:.3})", s.largest);
    }
}

/// Real prices, where they are; a printed word where they are not.
fn real(files: &[&str], from: &str, to: &str) -> Option<PricePaths> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/market-data");
    let named: Vec<String> = files.iter().map(|f| format!("{}={folder}/spot_{f}.csv.gz", &f[..3])).collect();
    if named.iter().any(|f| !std::path::Path::new(&f[4..]).exists()) {
        println!("skipped: no market data at {folder}");
        return None;
    }
    let time = |text: &str| prices::when::parse(text).expect("a time");
    Some(prices::load_all(&named, Some((time(from), time(to)))).expect("the files are clean"))
}

#[test]
fn may_19_2021_by_the_minute() {
    let Some(paths) = real(&["BTC_1m_may21", "ETH_1m_may21"], "2021-05-17 09:00", "2021-05-19 22:00") else {
        return;
    };
    let (audit, _) = audited(&paths);
    assert!(!audit.liquidations.is_empty());
    haircuts_breathe(&audit, 1.3, 2.0, 0.9);
}

#[test]
fn luna_by_the_hour() {
    let Some(paths) = real(&["BTC_1h", "ETH_1h", "SOL_1h"], "2022-04-26", "2022-05-16") else { return };
    let (audit, _) = audited(&paths);
    assert!(!audit.liquidations.is_empty());
    haircuts_breathe(&audit, 1.05, 1.5, 0.7);
}

#[test]
fn ftx_by_the_hour() {
    let Some(paths) = real(&["BTC_1h", "ETH_1h", "SOL_1h"], "2022-10-27", "2022-11-16") else { return };
    let (audit, _) = audited(&paths);
    assert!(!audit.liquidations.is_empty());
    haircuts_breathe(&audit, 1.05, 1.5, 0.7);
}

#[test]
fn the_synthetic_crash() {
    let (audit, report) = audited(&synthetic::crash(7));
    assert!(!audit.liquidations.is_empty());
    assert!(report.synthetic);
    haircuts_breathe(&audit, 1.3, 2.0, 0.5);
}
