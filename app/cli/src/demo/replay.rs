//! Setting up, walking the bars, and writing down what happened.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use ballast::event::{Liquidated, Ticked};
use ballast::instructions::{AddAssetArgs, LoadStressArgs};
use ballast::limits::sigma_from_e8;
use ballast_client::decode::dollars;
use ballast_client::health::health;
use ballast_client::plan::Due;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::volatility::VolatilityParams;
use ballast_sandbox::{AssetSpec, House, MarketSpec, Refusal, Signer};

use super::cast::{Actor, Cast};
use crate::backtest::Setting;
use crate::calibration::{self, PriceScale, Scale};
use crate::prices::{PricePaths, intrabar};
use crate::report::model::{AssetPoint, AssetTrack, DemoReport, LiquidationRow, TraderPoint, TraderTrack};

/// Where in a step the replay stands, for somebody who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// New prices are on the board; nobody has acted on them yet.
    Priced,
    /// A keeper is about to take over part of this account.
    BeforeLiquidation([u8; 32]),
    /// It has.
    AfterLiquidation([u8; 32]),
    /// Keepers are done, losses and profits are settled.
    Settled,
}

/// What a watcher sees at a stage.
pub struct Moment<'a> {
    /// The stage.
    pub stage: Stage,
    /// The clearinghouse and its VM.
    pub house: &'a House,
    /// Everybody.
    pub cast: &'a Cast,
    /// Index of the bar on the path.
    pub bar: usize,
}

/// How to run.
pub struct Options<'a> {
    /// Headline of the report.
    pub title: String,
    /// Told (bars done, bars in all).
    pub progress: &'a mut dyn FnMut(usize, usize),
    /// Sees every stage of every step.
    pub watch: &'a mut dyn FnMut(&Moment),
    /// Whether transactions are signed and signatures verified: half of their time.
    pub signed: bool,
}

/// Share of the bars that calibrates, at most [`CALIBRATION_MAX_S`], at least [`CALIBRATION_MIN_S`].
const CALIBRATION_SHARE: f64 = 0.35;
/// Horizon of σ and of a scenario, seconds.
const HORIZON_S: u32 = 3_600;
const CALIBRATION_MIN_S: i64 = 24 * 3_600;
const CALIBRATION_MAX_S: i64 = 12 * 86_400;
/// Then prices are live for this long before anybody trades: assets net after 24 ticks.
const SEASONING_S: i64 = 26 * 3_600;
/// Points kept of each track.
const TRACK_POINTS: usize = 2_000;

/// Native decimals by coin: Bitcoin's eight, nine for the others.
fn decimals(symbol: &str) -> u8 {
    if symbol == "BTC" { 8 } else { 9 }
}

/// The path of one asset through its bars: open, nearer extreme, other extreme, close.
fn steps(paths: &PricePaths, asset: usize, bars: core::ops::Range<usize>) -> Vec<(i64, f64)> {
    let quarter = paths.interval_s / 4;
    bars.flat_map(|i| {
        let prices = intrabar(&paths.series[asset].bars[i]);
        let ts = paths.ts[i];
        (0..4).map(move |k| (ts + k as i64 * quarter, prices[k]))
    })
    .collect()
}

/// Runs the whole demo.
///
/// # Errors
/// If the path is too short, or the program refuses something that it should not.
pub fn run<'a>(paths: &'a PricePaths, options: Options<'a>) -> Result<DemoReport> {
    let clock = Instant::now();
    let bars = paths.ts.len();
    let span = paths.interval_s * bars as i64;
    let calibrating = ((span as f64 * CALIBRATION_SHARE) as i64).clamp(CALIBRATION_MIN_S, CALIBRATION_MAX_S);
    let calibration_bars = (calibrating / paths.interval_s) as usize;
    let entry_bar = calibration_bars + (SEASONING_S / paths.interval_s) as usize;
    if entry_bar + 2 >= bars {
        let days = (CALIBRATION_MIN_S + SEASONING_S) as f64 / 86_400.0;
        return Err(anyhow!(
            "{bars} bars of {} s are too few: the first {days:.1} days at least go into calibration and \
             seasoning; give a longer price file or a wider window",
            paths.interval_s
        ));
    }
    let mut house = set_up(paths, calibration_bars)?;
    if !options.signed {
        house.vm.trust_signers();
    }
    house.vm.compute.clear();
    let mut replay = Replay::new(paths, options, bars - calibration_bars);
    let mut cast = None;
    for bar in calibration_bars..bars {
        if bar == entry_bar {
            cast = Some(Cast::enter(&mut house).map_err(refused("somebody could not take their positions"))?);
            replay.trades += count(&house, "MatchFill");
        }
        replay.bar(&mut house, cast.as_ref(), bar)?;
        (replay.options.progress)(bar - calibration_bars + 1, bars - calibration_bars);
    }
    let cast = cast.context("the cast entered")?;
    Ok(replay.finish(&house, &cast, paths, calibration_bars, entry_bar, clock.elapsed().as_secs_f64()))
}

fn refused(what: &str) -> impl FnOnce(Refusal) -> anyhow::Error + '_ {
    move |refusal| anyhow!("{what}: {refusal}")
}

fn count(house: &House, instruction: &str) -> usize {
    house.vm.compute.get(instruction).map_or(0, |c| c.calls as usize)
}

/// Lists assets and markets and loads the calibration.
fn set_up(paths: &PricePaths, calibration_bars: usize) -> Result<House> {
    let setting = Setting::recommended(HORIZON_S);
    let params = setting.house;
    let mut house = House::empty(params);
    house.vm.set_time(paths.ts[calibration_bars] - 1);
    for (index, series) in paths.series.iter().enumerate() {
        let named = AssetSpec::coin(&series.symbol, decimals(&series.symbol));
        let (symbol, feed_id) = (named.args.symbol, named.args.feed_id);
        let args = AddAssetArgs {
            symbol,
            feed_id,
            decimals: named.args.decimals,
            max_age_s: named.args.max_age_s,
            ..setting.asset.clone()
        };
        let spec = AssetSpec { args, ..named };
        let scale = Scale {
            price: PriceScale::with_decimals(spec.args.decimals),
            prior: sigma_from_e8(spec.args.sigma_prior_e8.into()),
            volatility: VolatilityParams {
                grid_s: spec.args.grid_s,
                fast_half_life_s: spec.args.fast_half_life_s,
                slow_half_life_s: spec.args.slow_half_life_s,
                horizon_s: params.horizon_s,
                floor: sigma_from_e8(spec.args.sigma_floor_e8.into()),
                weights: params.forecast_weights(),
            },
        };
        let history = steps(paths, index, 0..calibration_bars);
        let loaded = calibration::calibrate(index as u8, &history, &scale)?;
        house.list_asset(spec).map_err(refused("an asset could not be listed"))?;
        let mut market = MarketSpec::perpetual(&series.symbol, index as u8);
        market.args.penalty_bps = setting.asset.penalty_bps;
        house.open_market(market).map_err(refused("a market could not be opened"))?;
        house.calibrate(loaded).map_err(refused("a calibration could not be loaded"))?;
        let stress = LoadStressArgs { asset: index as u8, shocks: setting.shocks() };
        let load = house.at.load_stress(house.governance.pubkey(), stress);
        let governance = house.governance.insecure_clone();
        house.vm.send(&[load], &[&governance]).map_err(refused("the stress rows could not be loaded"))?;
    }
    house.open().map_err(refused("the clearinghouse could not be opened"))?;
    Ok(house)
}

/// The running record.
struct Replay<'a> {
    paths: &'a PricePaths,
    options: Options<'a>,
    every: usize,
    steps: usize,
    ticks: usize,
    trades: usize,
    refreshes: usize,
    assets: Vec<Vec<AssetPoint>>,
    accounts: BTreeMap<[u8; 32], Vec<TraderPoint>>,
    liquidations: Vec<LiquidationRow>,
    insurance: Vec<(i64, i64)>,
    conservation: Vec<(i64, i64)>,
    checks: usize,
    worst_error: i64,
}

impl<'a> Replay<'a> {
    fn new(paths: &'a PricePaths, options: Options<'a>, bars: usize) -> Self {
        Self {
            paths,
            options,
            every: (4 * bars / TRACK_POINTS).max(1),
            steps: 0,
            ticks: 0,
            trades: 0,
            refreshes: 0,
            assets: vec![Vec::new(); paths.series.len()],
            accounts: BTreeMap::new(),
            liquidations: Vec::new(),
            insurance: Vec::new(),
            conservation: Vec::new(),
            checks: 0,
            worst_error: 0,
        }
    }

    fn watch(&mut self, stage: Stage, house: &House, cast: &Cast, bar: usize) {
        (self.options.watch)(&Moment { stage, house, cast, bar });
    }

    /// One bar: four prices, keepers after each.
    fn bar(&mut self, house: &mut House, cast: Option<&Cast>, bar: usize) -> Result<()> {
        let quarter = self.paths.interval_s / 4;
        for k in 0..4usize {
            let now = self.paths.ts[bar] + k as i64 * quarter;
            house.vm.set_time(now);
            for (asset, series) in self.paths.series.iter().enumerate() {
                house.post(asset as u8, intrabar(&series.bars[bar])[k]);
                house.refresh(asset as u8).map_err(refused("a price was refused"))?;
                self.refreshes += 1;
            }
            if house.board().due(now).is_some() {
                let sampled = house.tick().map_err(refused("a tick was refused"))?.event::<Ticked>().sampled;
                self.ticks += usize::from(sampled != 0);
            }
            if let Some(cast) = cast {
                self.act(house, cast, bar)?;
            }
            self.record(house, cast, now);
            self.steps += 1;
        }
        Ok(())
    }

    /// What people do after a price: keepers liquidate and unwind, losses and profits are settled.
    fn act(&mut self, house: &mut House, cast: &Cast, bar: usize) -> Result<()> {
        self.watch(Stage::Priced, house, cast, bar);
        for (turn, target) in cast.traders.iter().chain(&cast.keepers).enumerate() {
            let keeper = &cast.keepers[turn % cast.keepers.len()];
            if keeper.person.account == target.person.account {
                continue;
            }
            self.liquidate_fully(house, cast, target, keeper, bar)?;
        }
        for keeper in &cast.keepers {
            self.unwind(house, keeper, &cast.desk)?;
        }
        settle_all(house, cast);
        self.watch(Stage::Settled, house, cast, bar);
        Ok(())
    }

    /// Step after step, until the account is back at its target or nothing more can be done.
    fn liquidate_fully(
        &mut self,
        house: &mut House,
        cast: &Cast,
        target: &Actor,
        keeper: &Actor,
        bar: usize,
    ) -> Result<()> {
        const MOST_STEPS: usize = 32;
        let address = target.person.account.to_bytes();
        if house.due(&target.person.account) == Due::Touch {
            // Starts its clock: the next prices confirm the breach, or end it.
            house.touch(&target.person.account).map_err(refused("a short account could not be touched"))?;
        }
        for _ in 0..MOST_STEPS {
            let Some(plan) = house.plan(&target.person.account, &keeper.person) else { break };
            self.watch(Stage::BeforeLiquidation(address), house, cast, bar);
            let receipt = house
                .liquidate(&target.person.account, &keeper.person, &plan)
                .map_err(refused("a planned liquidation was refused"))?;
            let event = receipt.event::<Liquidated>();
            self.liquidations.push(row(house, &event, target, keeper, receipt.signature));
            self.watch(Stage::AfterLiquidation(address), house, cast, bar);
        }
        Ok(())
    }

    /// The keeper passes on what it took over: positions by a trade with the desk.
    fn unwind(&mut self, house: &mut House, keeper: &Actor, desk: &Actor) -> Result<()> {
        let held: Vec<(u8, i64)> = house
            .margin_account(&keeper.person.account)
            .held_positions()
            .filter(|p| p.base != 0)
            .map(|p| (p.market, p.base))
            .collect();
        for (market, base) in held {
            house
                .fill_at_oracle(market, &keeper.person, &desk.person, -base)
                .map_err(refused("a keeper could not unwind"))?;
            self.trades += 1;
        }
        Ok(())
    }

    fn record(&mut self, house: &House, cast: Option<&Cast>, now: i64) {
        let error = cast.map_or(0, |cast| conservation_error(house, cast));
        self.checks += usize::from(cast.is_some());
        self.worst_error = self.worst_error.max(error.abs());
        if self.steps.is_multiple_of(self.every) || error != 0 {
            self.record_tracks(house, cast, now, error);
        }
    }

    fn record_tracks(&mut self, house: &House, cast: Option<&Cast>, now: i64, error: i64) {
        let board = house.board();
        for (index, track) in self.assets.iter_mut().enumerate() {
            let a = &board.assets[index];
            track.push(AssetPoint {
                ts: now,
                price: dollars(a, a.spot()),
                stable_price: dollars(a, a.stable()),
                sigma_hour: fraction(a.sigma),
                haircut_long: fraction(a.haircut_long),
                haircut_short: fraction(a.haircut_short),
            });
        }
        if let Some(cast) = cast {
            for actor in cast.all() {
                let account = house.margin_account(&actor.person.account);
                if let Ok(h) = health(&account, &board, now) {
                    self.accounts.entry(actor.person.account.to_bytes()).or_default().push(TraderPoint {
                        ts: now,
                        equity: h.maintenance.equity,
                        im: h.maintenance.initial as i64,
                        mm: h.maintenance.maintenance as i64,
                    });
                }
            }
            self.insurance.push((now, house.treasury().insurance as i64));
            self.conservation.push((now, error));
        }
    }

    fn finish(
        mut self,
        house: &House,
        cast: &Cast,
        paths: &PricePaths,
        calibration_bars: usize,
        entry_bar: usize,
        wall_seconds: f64,
    ) -> DemoReport {
        // The tracks are thinned out; the last moment is always on them.
        self.record_tracks(house, Some(cast), house.vm.now(), conservation_error(house, cast));
        let board = house.board();
        let equity = |actor: &Actor| {
            let account = house.margin_account(&actor.person.account);
            health(&account, &board, house.vm.now()).map_or(0, |h| h.maintenance.equity)
        };
        let mut notes = paths.notes.clone();
        notes.push(format!(
            "The first {calibration_bars} bars calibrated the scenario ring and the variances; up to bar {entry_bar} \
             prices were live before anybody traded."
        ));
        let assets = paths
            .series
            .iter()
            .zip(core::mem::take(&mut self.assets))
            .enumerate()
            .map(|(i, (series, points))| AssetTrack {
                symbol: series.symbol.clone(),
                haircut_min: fraction(board.assets[i].haircut_min),
                haircut_max: fraction(board.assets[i].haircut_max),
                points,
            })
            .collect();
        let traders = cast
            .all()
            .map(|actor| TraderTrack {
                name: actor.name.clone(),
                book: actor.book.clone(),
                address: actor.person.account.to_string(),
                role: actor.role,
                points: self.accounts.remove(&actor.person.account.to_bytes()).unwrap_or_default(),
                final_equity: equity(actor),
                deposited: actor.deposited,
            })
            .collect();
        DemoReport {
            title: self.options.title,
            source: paths.source.clone(),
            synthetic: paths.synthetic,
            notes,
            bars: paths.ts.len() - calibration_bars,
            steps: self.steps,
            ticks: self.ticks,
            refreshes: self.refreshes,
            from_ts: paths.ts[calibration_bars],
            to_ts: house.vm.now(),
            assets,
            traders,
            keeper_earned: self.liquidations.iter().map(|l| l.to_keeper).sum(),
            liquidations: self.liquidations,
            trades: self.trades,
            bad_debt: cast.all().map(|a| equity(a).min(0)).sum::<i64>().abs(),
            insurance: self.insurance,
            conservation: self.conservation,
            conservation_checks: self.checks,
            conservation_error: self.worst_error,
            compute: house
                .vm
                .compute
                .iter()
                .map(|(name, c)| (name.clone(), c.calls, c.total / c.calls.max(1), c.max))
                .collect(),
            wall_seconds,
        }
    }
}

/// Losers first, so that the pools have something to pay out.
pub fn settle_all(house: &mut House, cast: &Cast) {
    let board = house.board();
    let mut open = Vec::new();
    for actor in cast.all() {
        for slot in house.margin_account(&actor.person.account).held_positions() {
            let spot = board.assets[usize::from(board.markets[usize::from(slot.market)].asset)].spot();
            // As it is now: its side of the market may have been deleveraged since.
            let now = board.markets[usize::from(slot.market)].now(slot).unwrap_or(*slot);
            let unsettled = spot.value(now.base).unwrap_or(0).saturating_add(now.entry);
            if unsettled != 0 {
                open.push((unsettled, slot.market, actor));
            }
        }
    }
    open.sort_by_key(|(unsettled, ..)| *unsettled);
    for (_, market, actor) in open {
        // Refused where a loser has nothing to pay with or a pool is empty: then there is nothing
        // to settle now.
        let _ = house.settle(market, &actor.person);
    }
}

/// A rate of the engine as a fraction.
fn fraction(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64
}

fn row(
    house: &House,
    event: &Liquidated,
    target: &Actor,
    keeper: &Actor,
    signature: String,
) -> LiquidationRow {
    let legs: Vec<String> = event
        .legs
        .iter()
        .map(|l| match l.market {
            Some(market) => format!("{} position", house.markets[usize::from(market)].symbol),
            None => format!("{} collateral", house.assets[usize::from(l.asset)].spec.symbol),
        })
        .collect();
    // Of several legs, the quantity of the first stands for the step.
    let first = &event.legs[0];
    let whole = 10f64.powi(house.assets[usize::from(first.asset)].spec.args.decimals.into());
    LiquidationRow {
        time: house.vm.now(),
        account: target.name.clone(),
        address: target.person.account.to_string(),
        leg: legs.join(" + "),
        quantity: first.quantity as f64 / whole,
        value: event.legs.iter().map(|l| l.proceeds.abs_diff(-(l.penalty as i64)) as i64).sum(),
        equity_before: event.equity_before,
        mm_before: event.mm_before as i64,
        equity_after: event.equity_after,
        mm_after: event.mm_after as i64,
        penalty: event.penalty as i64,
        to_keeper: (event.penalty - event.to_insurance) as i64,
        to_insurance: event.to_insurance as i64,
        keeper: keeper.name.clone(),
        signature,
    }
}

/// Vaults against books, in units: quote vault = Σ quote + pools + fees + insurance; each collateral
/// vault = Σ slots; in each market Σ base = 0 and Σ entries = pool. The sum of absolute differences.
#[must_use]
pub fn conservation_error(house: &House, cast: &Cast) -> i64 {
    let accounts: Vec<_> = cast.all().map(|a| house.margin_account(&a.person.account)).collect();
    let markets: Vec<_> = (0..house.markets.len()).map(|i| house.market(i as u8)).collect();
    let quote: i128 = accounts.iter().map(|a| i128::from(a.quote) + i128::from(a.interest_owed)).sum();
    let held: i128 = markets.iter().map(|m| i128::from(m.pool) + i128::from(m.fees)).sum();
    let claims = quote + held + i128::from(house.treasury().insurance);
    let mut error = (i128::from(house.vm.tokens(&house.at.quote_vault)) - claims).abs();
    for (index, asset) in house.assets.iter().enumerate() {
        if let Some(mint) = asset.mint {
            let slots: i128 = accounts.iter().map(|a| i128::from(a.collateral_of(index as u8))).sum();
            error += (i128::from(house.vm.tokens(&house.at.vault(&mint))) - slots).abs();
        }
    }
    for (index, market) in markets.iter().enumerate() {
        let listed = house.board().markets[index];
        let slots = || accounts.iter().map(|a| a.position(index as u8));
        let base: i128 = slots().map(|p| i128::from(listed.now(&p).unwrap_or(p).base)).sum();
        // What truncation can have taken where a side was deleveraged, as the market counts it.
        let dust = i128::from(market.base_dust);
        error += (base.abs() - dust).max(0);
        let entries: i128 = slots().map(|p| i128::from(p.entry)).sum();
        let pool = i128::from(market.pool) + i128::from(market.realised);
        error += (entries + i128::from(market.promised) - pool).abs();
    }
    i64::try_from(error).unwrap_or(i64::MAX)
}
