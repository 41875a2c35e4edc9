//! Second by second: the oracle publishes, keepers liquidate and sell, losses and profits are settled, and the waterfall
//! pays for whoever cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use ballast::event::Liquidated;
use ballast::instructions::{AddAssetArgs, SourceArgs};
use ballast::margin::BoardView;
use ballast_client::plan::Plan;
use ballast_risk::book::Basis;
use ballast_sandbox::house::{HouseParams, QUOTE, made_up_history};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::risk::stress_rows;
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Refusal, Signer};

use super::market::{CALM_S, FALL_S, LENGTH_S, Market};
use super::recovery::Recovery;
use super::waterfall::Waterfall;
use super::{ASSETS, COUNT, PAYOUT_JUMP_BPS, Run, Scenario, Second, bound, crowd};
use crate::backtest::Setting;
use crate::demo::cast::{Actor, Cast};
use crate::demo::replay::{conservation_error, settle_all};
use crate::random::Random;

/// Horizon of σ and of a scenario, seconds.
const HORIZON_S: u32 = 3_600;
/// Hours in which prices are live and depth is reported before anybody trades.
const SEASON_H: usize = 30;
/// Seconds between reports of depth, and between settlements of everybody.
const REPORT_S: usize = 5;
const SETTLE_S: usize = 30;
/// Depth that is believed without a report, and most that ever is, quote micro-units.
const DEPTH_FLOOR: u64 = 1_000_000 * QUOTE;
const DEPTH_CAP: u64 = 2_000_000_000 * QUOTE;
/// Confidence interval of prices, basis points: calm, and in the fall.
const CONFIDENCE_BPS: (u32, u32) = (5, 20);
/// Markets book a fill within one per cent of the oracle; a keeper that sells lower sells at that.
const BAND: f64 = 0.0098;
/// Rounds of liquidation after the last second: accounts that a limit held back have their turn.
const LAST_ROUNDS: usize = 120;
/// Seconds of still prices before the fall: a grace period after the hours of the season is over by then.
const STILL_S: usize = 900;
/// Seconds between prices where nothing happens.
const SLOW_S: usize = 300;

pub(super) fn refused(what: &str) -> impl FnOnce(Refusal) -> anyhow::Error + '_ {
    move |refusal| anyhow!("{what}: {refusal}")
}

pub(super) fn micro(dollars: f64) -> u64 {
    (dollars * QUOTE as f64) as u64
}

pub(super) fn dollars(micro: i64) -> f64 {
    micro as f64 / QUOTE as f64
}

/// A clearinghouse at the recommended point, with finite depth, seasoned.
fn set_up(scenario: &Scenario, reporter: &Keypair) -> Result<House> {
    let setting = Setting::recommended(HORIZON_S);
    let params = HouseParams {
        core: setting.house,
        prices: scenario.limits.prices(),
        phases: scenario.limits.phases(),
        ..HouseParams::default()
    };
    let mut house = House::with_params(params);
    house.vm.trust_signers();
    let returns: Vec<f64> = setting.joint_bps.iter().map(|bps| f64::from(*bps) / 10_000.0).collect();
    for (index, (symbol, _)) in ASSETS.iter().enumerate() {
        let named = AssetSpec::coin(symbol, 9);
        let sources = match scenario.limits.breaker {
            true => SourceArgs {
                max_jump_bps: scenario.max_jump_bps,
                payout_jump_bps: PAYOUT_JUMP_BPS,
                max_step_bps: setting.asset.max_move_bps,
                ..SourceArgs::PYTH
            },
            false => SourceArgs::PYTH,
        };
        let args = AddAssetArgs {
            symbol: named.args.symbol,
            feed_id: named.args.feed_id,
            decimals: named.args.decimals,
            max_age_s: named.args.max_age_s,
            depth_floor: DEPTH_FLOOR,
            depth_cap: DEPTH_CAP,
            sources,
            ..setting.asset.clone()
        };
        let penalty_bps = args.penalty_bps;
        house.list_asset(AssetSpec { args, ..named }).map_err(refused("an asset could not be listed"))?;
        let mut market = MarketSpec::perpetual(symbol, index as u8);
        market.args.penalty_bps = penalty_bps;
        house.open_market(market).map_err(refused("a market could not be opened"))?;
        house.calibrate(made_up_history(index as u8)).map_err(refused("no calibration could be loaded"))?;
        house
            .load_stress(stress_rows(index as u8, &returns))
            .map_err(refused("the stress rows could not be loaded"))?;
    }
    house.set_depth_reporter(reporter.pubkey()).map_err(refused("no reporter could be named"))?;
    house.open().map_err(refused("the clearinghouse could not be opened"))?;

    // Prices walk by a per cent an hour and end where the fall begins.
    let mut random = Random::seeded(scenario.seed ^ 0x7365_6173);
    let mut walk = [[0.0; SEASON_H + 1]; COUNT];
    for hours in &mut walk {
        for hour in 1..=SEASON_H {
            hours[hour] = hours[hour - 1] + 0.01 * random.normal();
        }
    }
    for hour in 0..=SEASON_H {
        let mut prices = [0.0; COUNT];
        for (asset, (_, end)) in ASSETS.iter().enumerate() {
            prices[asset] = end * (walk[asset][hour] - walk[asset][SEASON_H]).exp();
        }
        house.vm.advance(i64::from(HORIZON_S));
        house.post_all(&prices);
        house.tick().map_err(refused("a tick was refused"))?;
        for asset in 0..COUNT {
            house
                .report_depth(reporter, asset as u8, micro(scenario.depth))
                .map_err(refused("a report of depth was refused"))?;
        }
    }
    for _ in 0..STILL_S / SLOW_S {
        house.vm.advance(SLOW_S as i64);
        house.post_all(&ASSETS.map(|(_, end)| end));
    }
    let giver = house.person();
    let mint = house.at.quote_mint;
    let source = giver.wallets[&mint];
    house.vm.mint_to(&mint, &source, scenario.insurance * QUOTE);
    let give = house.at.top_up_insurance(giver.pubkey(), source, scenario.insurance * QUOTE);
    house.vm.send(&[give], &[&giver.key]).map_err(refused("the insurance fund could not be topped up"))?;
    Ok(house)
}

pub(super) struct Simulation {
    scenario: Scenario,
    pub(super) house: House,
    pub(super) cast: Cast,
    pub(super) market: Market,
    reporter: Keypair,
    /// When each keeper dies, seconds; never for the others.
    deaths: Vec<usize>,
    /// Since when an account has been below MM.
    pub(super) since: BTreeMap<usize, usize>,
    spells: Vec<u32>,
    touched: BTreeSet<usize>,
    pub(super) refusals: BTreeMap<String, usize>,
    pub(super) waterfall: Waterfall,
    /// Prices of the latest seconds, oldest first.
    recent: Vec<[f64; COUNT]>,
}

/// Runs a scenario.
///
/// # Errors
/// If the program refuses what it should not.
pub fn run(scenario: &Scenario, progress: &mut dyn FnMut(usize)) -> Result<Run> {
    let clock = Instant::now();
    let reporter = Keypair::new();
    let mut house = set_up(scenario, &reporter)?;
    let cast = crowd::gather(&mut house, scenario).map_err(refused("somebody could not take a position"))?;
    let books = crowd::holdings(&house, &cast);
    let start = ASSETS.map(|(_, price)| price);
    // So that the first lagging price is newer than the board's.
    house.vm.advance(scenario.lag_s as i64 + 1);

    let mut random = Random::seeded(scenario.seed ^ 0x6465_6164);
    let dead = random.choose(scenario.keepers, scenario.keepers / 2);
    let mut deaths = vec![usize::MAX; scenario.keepers];
    for keeper in dead {
        deaths[keeper] = CALM_S + random.below(FALL_S);
    }
    let mut simulation = Simulation {
        scenario: *scenario,
        house,
        cast,
        market: Market::of(scenario),
        reporter,
        deaths,
        since: BTreeMap::new(),
        spells: Vec::new(),
        touched: BTreeSet::new(),
        refusals: BTreeMap::new(),
        waterfall: Waterfall::default(),
        recent: vec![start; scenario.lag_s + 1],
    };
    let mut seconds = Vec::with_capacity(LENGTH_S);
    for second in 0..LENGTH_S {
        seconds.push(simulation.second(second)?);
        progress(second + 1);
    }
    simulation.last_rounds()?;
    let spells = simulation.spells(LENGTH_S);
    let hours = simulation.calm()?;
    let traded = simulation.trade_again();
    let bad_debt = simulation.under_water() + simulation.waterfall.paid();
    let keepers_earned = simulation.keepers_earned();
    let recovery = simulation.leave(Recovery { hours, traded, ..Recovery::default() })?;
    let published: Vec<_> = seconds.iter().map(|s| s.published).collect();
    let penalty = f64::from(Setting::recommended(HORIZON_S).asset.penalty_bps) / 10_000.0;
    Ok(Run {
        scenario: *scenario,
        seconds,
        gross: books.iter().map(|b| b.gross(&start)).sum(),
        equity: books.iter().map(|b| b.equity(&start)).sum(),
        bad_debt,
        waterfall: simulation.waterfall,
        bound: bound::replay(&books, &published, penalty),
        spells,
        touched: simulation.touched.len(),
        refusals: simulation.refusals,
        keepers_earned,
        recovery,
        wall_seconds: clock.elapsed().as_secs_f64(),
    })
}

impl Simulation {
    fn second(&mut self, second: usize) -> Result<Second> {
        self.house.vm.advance(1);
        let prices = core::array::from_fn(|asset| self.market.price(asset, second));
        self.recent.push(prices);
        self.publish(second)?;
        if second.is_multiple_of(REPORT_S) {
            self.report(second)?;
        }
        let (liquidations, taken) = self.keepers(second)?;
        self.sell(second);
        self.market.forget();
        if second.is_multiple_of(SETTLE_S) {
            settle_all(&mut self.house, &self.cast);
        }
        self.resolve_all()?;
        let short = self.follow(second);
        let board = self.house.board();
        let published = core::array::from_fn(|a| {
            ballast_client::decode::dollars(&board.assets[a], board.assets[a].spot())
        });
        Ok(Second {
            ts: self.house.vm.now(),
            outside: core::array::from_fn(|asset| self.market.outside(asset, second)),
            market: prices,
            published,
            depth: self.market.depth(second),
            short,
            liquidations,
            taken,
            under_water: self.under_water(),
            insurance: dollars(self.house.treasury().insurance as i64),
            paid: self.waterfall.amounts().map(dollars),
            doubted: board.assets[..COUNT].iter().filter(|a| !a.is_believed(self.house.vm.now())).count(),
            keepers: self.deaths.iter().filter(|death| **death > second).count(),
            error: conservation_error(&self.house, &self.cast),
        })
    }

    /// The oracle publishes what the market's price was some seconds ago, and somebody cranks.
    fn publish(&mut self, second: usize) -> Result<()> {
        let lag = self.scenario.lag_s;
        let then = self.recent[self.recent.len() - 1 - lag];
        let falling = (CALM_S..CALM_S + FALL_S + lag).contains(&second);
        let conf_bps = if falling { CONFIDENCE_BPS.1 } else { CONFIDENCE_BPS.0 };
        let time = self.house.vm.now() - lag as i64;
        for (asset, price) in then.iter().enumerate() {
            let feed_id = self.house.assets[asset].spec.args.feed_id;
            self.house.post_update(asset as u8, &Update::dollars(feed_id, *price, conf_bps, time));
            self.house.refresh(asset as u8).map_err(refused("a price was refused"))?;
        }
        if self.house.board().due(self.house.vm.now()).is_some() {
            self.house.tick().map_err(refused("a tick was refused"))?;
        }
        Ok(())
    }

    fn report(&mut self, second: usize) -> Result<()> {
        let depth = micro(self.market.depth(second));
        for asset in 0..COUNT as u8 {
            self.house
                .report_depth(&self.reporter, asset, depth)
                .map_err(refused("a report of depth was refused"))?;
            self.house.refresh_exposure(asset).map_err(refused("exposure could not be refreshed"))?;
        }
        Ok(())
    }

    /// Accounts that may be liquidated, the worst first: those with something left to take.
    pub(super) fn short(&self) -> Vec<usize> {
        let board = self.house.board();
        let view = BoardView::for_liquidation(&board, self.house.vm.now());
        let mut short = Vec::new();
        for (index, actor) in self.cast.traders.iter().enumerate() {
            let account = self.house.margin_account(&actor.person.account);
            let holds =
                account.held_positions().any(|s| s.base != 0) || account.held_collateral().count() > 0;
            if holds
                && let Ok(margin) = view.margin(&account, Basis::Maintenance)
                && margin.is_liquidatable()
            {
                short.push((margin.equity as f64 / margin.maintenance.max(1) as f64, index));
            }
        }
        short.sort_by(|a, b| a.0.total_cmp(&b.0));
        short.into_iter().map(|(_, index)| index).collect()
    }

    /// Keepers that are alive take turns at the worst accounts: at those that pay for it first, and with the turns that are
    /// left at those that have nothing to pay with. To look at an account and leave it is not a turn. Returns liquidations
    /// and the value taken over.
    pub(super) fn keepers(&mut self, second: usize) -> Result<(usize, f64)> {
        let alive: Vec<usize> = (0..self.deaths.len()).filter(|k| self.deaths[*k] > second).collect();
        let targets = self.short();
        let (mut count, mut taken, mut turn) = (0, 0.0, 0);
        for paying in [true, false] {
            for target in &targets {
                if turn == alive.len() * self.scenario.turns {
                    break;
                }
                let keeper = alive[turn % alive.len()];
                let account = self.cast.traders[*target].person.account;
                let plan = self.house.plan(&account, &self.cast.keepers[keeper].person);
                let Some(plan) = plan.filter(|p| (p.step.to_keeper() + p.bounty > 0) == paying) else {
                    continue;
                };
                turn += 1;
                if let Some(value) = self.liquidate(*target, keeper, plan)? {
                    count += 1;
                    taken += value;
                    self.touched.insert(*target);
                }
            }
        }
        Ok((count, taken))
    }

    /// One liquidation as the keeper plans it; where a limit holds it back, a smaller one. Returns the value taken.
    fn liquidate(&mut self, target: usize, keeper: usize, mut plan: Plan) -> Result<Option<f64>> {
        const SMALLER: [u64; 3] = [1, 4, 16];
        let account = self.cast.traders[target].person.account;
        let keeper = &self.cast.keepers[keeper].person;
        let whole: Vec<u64> = plan.legs.iter().map(|leg| leg.amount).collect();
        for part in SMALLER {
            for (leg, amount) in plan.legs.iter_mut().zip(&whole) {
                leg.amount = (amount / part).max(1);
            }
            match self.house.liquidate(&account, keeper, &plan) {
                Ok(receipt) => {
                    let event: Liquidated = receipt.event();
                    let value =
                        event.legs.iter().map(|l| l.proceeds.abs_diff(-(l.penalty as i64))).sum::<u64>();
                    return Ok(Some(dollars(value as i64)));
                }
                Err(refusal) => {
                    let code = refusal.code().context("a liquidation failed otherwise than by refusal")?;
                    let word = word(&refusal, code);
                    *self.refusals.entry(word).or_default() += 1;
                }
            }
        }
        Ok(None)
    }

    /// Keepers sell what they took, at the market's price as far as the band lets them. What is refused is tried
    /// again in the next second.
    pub(super) fn sell(&mut self, second: usize) {
        let prices: [f64; COUNT] = core::array::from_fn(|asset| self.market.price(asset, second));
        let board = self.house.board();
        for keeper in &self.cast.keepers {
            let account = self.house.margin_account(&keeper.person.account);
            let positions =
                account.held_positions().filter_map(|s| board.markets[usize::from(s.market)].now(s).ok());
            for slot in positions.filter(|s| s.base != 0) {
                let asset = usize::from(slot.market);
                let spot = ballast_client::decode::dollars(&board.assets[asset], board.assets[asset].spot());
                let value = dollars(self.house.value(asset as u8, slot.base.unsigned_abs()) as i64);
                let price = prices[asset].clamp(spot * (1.0 - BAND), spot * (1.0 + BAND));
                let quote = micro(value * price / spot).max(1);
                let desk = &self.cast.desk.person;
                match self.house.fill(slot.market, &keeper.person, desk, -slot.base, quote) {
                    Ok(_) => self.market.sell(asset, value * slot.base.signum() as f64),
                    Err(refusal) => {
                        let word = refusal.code().map_or_else(String::new, |code| word(&refusal, code));
                        *self.refusals.entry(format!("sale: {word}")).or_default() += 1;
                    }
                }
            }
            for slot in account.held_collateral() {
                let asset = usize::from(slot.asset);
                if self.house.withdraw_collateral(&keeper.person, slot.asset, slot.amount).is_ok() {
                    let whole = 10f64.powi(self.house.assets[asset].spec.args.decimals.into());
                    let value = slot.amount as f64 / whole * prices[asset];
                    let back = self.house.fund_quote(&keeper.person, micro(value).max(1));
                    debug_assert!(back.is_ok());
                    self.market.sell(asset, value);
                }
            }
        }
    }

    /// Follows who is below MM; returns how many.
    fn follow(&mut self, second: usize) -> usize {
        let now = self.short();
        let before = core::mem::take(&mut self.since);
        for index in &now {
            self.since.insert(*index, before.get(index).copied().unwrap_or(second));
        }
        let over = before.iter().filter(|(index, _)| !self.since.contains_key(index));
        self.spells.extend(over.map(|(_, since)| (second - since) as u32));
        now.len()
    }

    fn spells(&mut self, second: usize) -> Vec<u32> {
        let open = self.since.values().map(|since| (second - since) as u32);
        let mut all = core::mem::take(&mut self.spells);
        all.extend(open);
        all
    }

    /// Whoever is still below MM when the path ends is liquidated at its last prices, by keepers that are alive.
    fn last_rounds(&mut self) -> Result<()> {
        for round in LENGTH_S..LENGTH_S + LAST_ROUNDS {
            if self.short().is_empty() {
                break;
            }
            self.second(round)?;
        }
        settle_all(&mut self.house, &self.cast);
        Ok(())
    }

    pub(super) fn equity(&self, actor: &Actor) -> i64 {
        let board = self.house.board();
        let account = self.house.margin_account(&actor.person.account);
        let view = BoardView::for_liquidation(&board, self.house.vm.now());
        view.equity(&account, Basis::Maintenance).unwrap_or(0)
    }

    /// Σ of negative equities, dollars.
    fn under_water(&self) -> f64 {
        let board = self.house.board();
        let view = BoardView::for_liquidation(&board, self.house.vm.now());
        let below = |actor: &Actor| {
            let account = self.house.margin_account(&actor.person.account);
            view.equity(&account, Basis::Maintenance).unwrap_or(0).min(0)
        };
        -dollars(self.cast.all().map(below).sum())
    }

    fn keepers_earned(&self) -> f64 {
        self.cast.keepers.iter().map(|k| dollars(self.equity(k) - k.deposited)).sum()
    }
}

/// The program's name for a refusal, or its number.
pub(super) fn word(refusal: &Refusal, code: u32) -> String {
    let named = refusal.logs.iter().find_map(|line| {
        let (_, rest) = line.split_once("Error Code: ")?;
        rest.split_once('.').map(|(name, _)| name.to_owned())
    });
    named.unwrap_or_else(|| code.to_string())
}
