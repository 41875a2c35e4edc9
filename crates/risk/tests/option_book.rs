//! Facts of books with options: against `f64`, against the account, and against the fast path.

mod common;

use ballast_risk::Result;
use ballast_risk::RiskError::{self, UnknownAsset};
use ballast_risk::asset::RiskView;
use ballast_risk::book::{Basis, Book, Position};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::haircut::HaircutBounds;
use ballast_risk::liquidation::{LiquidationParams, OptionTakeover, Taken, step_of};
use ballast_risk::margin::{Margin, MarginParams};
use ballast_risk::option::{Kind, OptionPosition, Settling, VolBand};
use ballast_risk::option_book::{OptionHolding, OptionParams};
use ballast_risk::scenario::{SCENARIOS, WORST};
use ballast_risk::stress::{STRESS_ROWS, Shock};
use common::normal::black;
use common::{BARE, BLENDED, Holdings, PARAMS, Stream, UNIT, World, from_f64, to_f64, wide_i64, wide_u64};
use proptest::prelude::*;

const BANDS: OptionParams = OptionParams {
    mark: VolBand { down: rate_from_bps(8_000), up: rate_from_bps(12_500) },
    stress: VolBand { down: rate_from_bps(7_000), up: rate_from_bps(15_000) },
};
const ENDS: [f64; 2] = [0.7, 1.5];

/// Holdings with options.
#[derive(Clone, Debug, Default)]
struct Mixed {
    linear: Holdings,
    options: Vec<OptionHolding>,
}

impl Mixed {
    fn book<'a>(&self, world: &'a World, basis: Basis) -> Result<Book<'a>> {
        let positions = self.linear.positions.iter().copied();
        self.linear.book(world, basis)?.with_options(self.options.iter().copied(), positions, &BANDS)
    }

    fn margin(&self, world: &World, basis: Basis, params: &MarginParams) -> Result<Margin> {
        self.book(world, basis)?.margin(params)
    }

    fn one(option: OptionHolding) -> Self {
        Self { linear: Holdings { quote: 1 << 40, ..Holdings::default() }, options: vec![option] }
    }
}

/// An option worth about `value` micro-units of underlying, its strike so many times spot.
fn option(
    world: &World,
    asset: usize,
    kind: Kind,
    value: f64,
    moneyness: f64,
    deviation: f64,
) -> OptionHolding {
    let strike = from_f64(to_f64(&world.assets[asset].spot) * moneyness);
    let position = OptionPosition {
        kind,
        strike,
        contracts: world.units(asset, value),
        deviation: (deviation * UNIT) as u64,
        settling: Settling::NOT_YET,
    };
    OptionHolding { asset, position, entry: 0, profit_cap: u64::MAX, short_minimum: rate_from_bps(100) }
}

fn options(s: &mut Stream, world: &World, count: usize, scale: f64) -> Vec<OptionHolding> {
    let one = |_| {
        let asset = s.bits() as usize % world.assets.len();
        let kind = if s.unit() < 0.5 { Kind::Call } else { Kind::Put };
        let (value, near) = (s.between(-scale, scale), s.between(-0.5, 0.5).exp());
        let mut holding = option(world, asset, kind, value, near, s.between(0.005, 0.8));
        holding.entry = (value * s.between(-0.2, 0.2)) as i64;
        if s.unit() < 0.2 {
            let fixed = from_f64(to_f64(&world.assets[asset].spot) * s.between(0.9, 1.1));
            holding.position.settling = Settling { share: (s.unit() * UNIT) as u64, fixed };
        }
        holding
    };
    (0..count).map(one).collect()
}

/// A board, linear holdings on it, and options.
fn mixed() -> impl Strategy<Value = (World, Mixed)> {
    (any::<u64>(), 1usize..5, 1usize..6).prop_map(|(seed, assets, count)| {
        let world = World::random(seed, assets);
        let mut s = Stream::new(seed ^ 7);
        let scale = 10f64.powf(s.between(8.0, 13.0));
        let linear = Holdings::random(seed ^ 3, &world, scale);
        let options = options(&mut s, &world, count, scale);
        (world, Mixed { linear, options })
    })
}

/// Exact profit of an option where spot has moved by a factor and the deviation by another.
fn profit(h: &OptionHolding, spot: f64, factor: f64, vol: f64) -> f64 {
    let p = &h.position;
    let share = p.settling.share as f64 / UNIT;
    let done = if share == 1.0 { 0.0 } else { to_f64(&p.settling.fixed) * (1.0 - share) };
    let at = |factor: f64, vol: f64| {
        let exact = black(spot * share * factor, to_f64(&p.strike) - done, p.deviation as f64 / UNIT * vol);
        p.contracts as f64 * if p.kind == Kind::Call { exact.call } else { exact.put }
    };
    at(factor.max(0.0), vol) - at(1.0, 1.0)
}

/// Net linear value by asset.
fn exposures(world: &World, book: &Book) -> Vec<f64> {
    world.assets.iter().enumerate().map(|(i, a)| book.quantity(i) as f64 * to_f64(&a.spot)).collect()
}

/// What the core's part of the book gains where each asset returns `r`, at one end of the band.
fn gain(world: &World, mixed: &Mixed, linear: &[f64], vol: f64, r: impl Fn(usize) -> f64) -> f64 {
    let netted = |asset: usize| world.assets[asset].netted;
    let straight: f64 = linear.iter().enumerate().filter(|(i, _)| netted(*i)).map(|(i, w)| w * r(i)).sum();
    let bent = mixed.options.iter().filter(|h| netted(h.asset));
    let spot = |asset: usize| to_f64(&world.assets[asset].spot);
    straight + bent.map(|h| profit(h, spot(h.asset), 1.0 + r(h.asset), vol)).sum::<f64>()
}

fn z(world: &World, asset: usize, row: usize) -> f64 {
    let z = ballast_risk::scenario::get(world.column(asset).unwrap(), row);
    world.assets[asset].sigma as f64 / UNIT * z as f64 / 1024.0
}

fn shock(world: &World, asset: usize, row: usize) -> f64 {
    ballast_risk::stress::get(RiskView::stress(world, asset).unwrap(), row) as f64 / 4096.0
}

proptest! {
    /// Without options it is the same book to the unit: the fast path.
    #[test]
    fn without_options_nothing_changes((world, mixed) in mixed()) {
        let plain = Mixed { options: vec![], ..mixed };
        for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
            let linear = plain.linear.margin(&world, basis, &PARAMS);
            prop_assert_eq!(plain.margin(&world, basis, &PARAMS), linear);
        }
    }

    /// The shortfall is never below the exact one at either end of the volatility band.
    #[test]
    fn the_shortfall_is_never_below_the_exact_one((world, mixed) in mixed()) {
        let mut book = mixed.book(&world, Basis::Maintenance).unwrap();
        let linear = exposures(&world, &book);
        let margin = book.margin(&BARE).unwrap();
        for vol in ENDS {
            let mut rows: Vec<f64> =
                (0..SCENARIOS).map(|row| gain(&world, &mixed, &linear, vol, |i| z(&world, i, row))).collect();
            rows.sort_by(f64::total_cmp);
            let exact = -rows[..WORST].iter().sum::<f64>() / WORST as f64;
            let noise = 1.0 + exact.abs() * 1e-9;
            prop_assert!(margin.expected_shortfall as f64 >= exact - noise, "{margin:?} {exact}");
        }
    }

    /// Nor is the stress: joint rows, every asset's own shocks, and its standing still at another volatility.
    #[test]
    fn the_stress_is_never_below_the_exact_one((world, mixed) in mixed()) {
        let mut book = mixed.book(&world, Basis::Maintenance).unwrap();
        let linear = exposures(&world, &book);
        let margin = book.margin(&BARE).unwrap();
        for vol in ENDS {
            let joint = (0..STRESS_ROWS)
                .map(|row| -gain(&world, &mixed, &linear, vol, |i| shock(&world, i, row)))
                .fold(0.0, f64::max);
            prop_assert!(margin.stress as f64 >= joint * (1.0 - 1e-6) - 2.0, "{margin:?} {joint}");
            for (at, risk) in world.assets.iter().enumerate().filter(|(_, a)| a.netted) {
                let alone = Mixed {
                    options: mixed.options.iter().filter(|h| h.asset == at).copied().collect(),
                    ..mixed.clone()
                };
                let own: Vec<f64> =
                    linear.iter().enumerate().map(|(i, w)| if i == at { *w } else { 0.0 }).collect();
                for r in [-(risk.long.shock as f64) / UNIT, 0.0, risk.short.shock as f64 / UNIT] {
                    let loss = -gain(&world, &alone, &own, vol, |_| r);
                    prop_assert!(margin.stress as f64 >= loss * (1.0 - 1e-6) - 2.0, "{margin:?} {loss}");
                }
            }
        }
    }

    /// A short far out of the money has neither delta nor shortfall, and is not free.
    #[test]
    fn attack_free_tails(seed in any::<u64>(), far in 3.0f64..4e3, put in any::<bool>(), log in 7.0f64..15.0) {
        let world = World::random(seed, 1);
        let (kind, moneyness) = if put { (Kind::Put, 1.0 / far) } else { (Kind::Call, far) };
        let value = 10f64.powf(log);
        let book = Mixed::one(option(&world, 0, kind, -value, moneyness, 0.02));
        let margin = book.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
        prop_assert!(margin.maintenance as f64 >= 0.01 * value * 0.999 - to_f64(&world.assets[0].spot));
    }

    /// Whatever model, spot and volatility say, an option that is held adds nothing to what may leave.
    #[test]
    fn attack_what_is_held_is_never_withdrawable((world, mixed) in mixed(), seed in any::<u64>()) {
        let mut pumped = mixed.clone();
        let mut s = Stream::new(seed);
        let mut long = options(&mut s, &world, 1, 1e12)[0];
        long.position.contracts = long.position.contracts.saturating_abs();
        pumped.options.push(long);
        let equity = |m: &Mixed| m.book(&world, Basis::Withdrawal).unwrap().equity();
        prop_assert!(equity(&pumped) <= equity(&mixed) + long.entry.min(0));
    }

    /// New risk sees a worse account than a liquidation does: a band on volatility, the worse of two prices, caps.
    #[test]
    fn stricter_questions_count_less((world, mixed) in mixed(), cap in wide_u64()) {
        let mut capped = mixed.clone();
        capped.options.iter_mut().for_each(|h| h.profit_cap = cap);
        let equity = |m: &Mixed, basis| m.book(&world, basis).unwrap().equity();
        let maintenance = equity(&mixed, Basis::Maintenance);
        let initial = equity(&mixed, Basis::Initial);
        prop_assert!(initial <= maintenance);
        prop_assert!(equity(&capped, Basis::Initial) <= initial);
        prop_assert!(equity(&mixed, Basis::Withdrawal) <= equity(&capped, Basis::Initial));
    }

    /// Hedges net: a covered call saves more than half of what the smaller leg needs alone, its stress in the money is less
    /// than the naked call's, and a protected long's less than a bare one's.
    #[test]
    fn a_hedge_is_a_hedge(seed in any::<u64>(), moneyness in 0.7f64..1.1, log in 8.0f64..13.0) {
        let mut world = World::random(seed, 1).liquid();
        // As far up as down: a covered call is a short put.
        world.stress[0] = ballast_risk::stress::column(&[0; STRESS_ROWS]);
        world.drivers[0].shock = Shock { long: rate_from_bps(4_000), short: rate_from_bps(4_000) };
        world = world.with_bounds(&HaircutBounds { min: rate_from_bps(300), max: RATE_ONE });
        prop_assume!(world.assets[0].netted);
        let value = 10f64.powf(log);
        let of = |m: &Mixed| m.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
        let maintenance = |m: &Mixed| of(m).maintenance;

        let naked = Mixed::one(option(&world, 0, Kind::Call, -value, moneyness, 0.1));
        let mut bare = Mixed::default();
        bare.linear.collateral = vec![(0, world.units(0, value).unsigned_abs())];
        let covered = Mixed { linear: bare.linear.clone(), options: naked.options.clone() };
        // Where spot goes, one of the two legs gains.
        let (naked_alone, bare_alone) = (maintenance(&naked), maintenance(&bare));
        let saved = (naked_alone + bare_alone).saturating_sub(maintenance(&covered));
        prop_assert!(2 * saved > naked_alone.min(bare_alone), "{saved} of {naked_alone} and {bare_alone}");
        prop_assert!(moneyness > 0.8 || of(&covered).stress < of(&naked).stress);

        let mut protected = bare.clone();
        protected.options = vec![option(&world, 0, Kind::Put, value, moneyness, 0.1)];
        prop_assert!(of(&protected).stress < of(&bare).stress);
    }

    /// More of the same never needs less.
    #[test]
    fn margin_grows_with_size((world, mixed) in mixed(), by in 2i64..5) {
        let mut more = mixed.clone();
        more.linear.positions.iter_mut().for_each(|p| p.base *= by);
        more.linear.collateral.iter_mut().for_each(|c| c.1 *= by as u64);
        more.options.iter_mut().for_each(|h| h.position.contracts *= by);
        let of = |m: &Mixed| m.margin(&world, Basis::Maintenance, &BLENDED);
        if let (Ok(one), Ok(many)) = (of(&mixed), of(&more)) {
            let noise = 8_192 + one.maintenance / 1_000;
            prop_assert!(many.maintenance + noise >= one.maintenance, "{one:?} {many:?}");
        }
    }

    /// A holder can lose what it holds, and is charged no more for the shortfall, within interpolation.
    #[test]
    fn what_is_held_is_charged_at_most_its_worth(seed in any::<u64>(), near in 0.7f64..1.4, s in 0.01f64..0.8) {
        let world = World::random(seed, 1);
        let held = option(&world, 0, Kind::Call, 1e12, near, s);
        let margin = Mixed::one(held).margin(&world, Basis::Maintenance, &BARE).unwrap();
        let worth = held.position.value(&world.assets[0].spot, &VolBand::NONE).unwrap();
        let sigma = world.assets[0].sigma as f64 / UNIT;
        prop_assert!(margin.expected_shortfall as f64 <= worth as f64 + 1e12 * (8.0 * sigma + 1e-6));
        prop_assert!(margin.stress as f64 <= worth as f64 * 1.001 + 1e6, "{margin:?} {worth}");
    }

    /// Moving an option out of a book gives the book without it.
    #[test]
    fn an_adjusted_book_is_the_book_made_anew((world, mixed) in mixed(), part in 0.0f64..=1.0) {
        let mut book = mixed.book(&world, Basis::Maintenance).unwrap();
        let contracts = (mixed.options[0].position.contracts as f64 * part) as i64;
        book.adjust_option(0, -contracts, 5).unwrap();
        let mut after = mixed.clone();
        after.options[0].position.contracts -= contracts;
        after.linear.quote += 5;
        let mut anew = after.book(&world, Basis::Maintenance).unwrap();
        prop_assert_eq!(book.margin(&PARAMS), anew.margin(&PARAMS));
        prop_assert_eq!(book.gross(), anew.gross());
        // Linear legs are moved beside them; the vector keeps its scale, and with it another rounding.
        let asset = mixed.options[0].asset;
        book.adjust(asset, 1_000, 0).unwrap();
        after.linear.positions.push(Position { asset, base: 1_000, entry: 0, profit_cap: 0 });
        let (kept, anew) = (book.margin(&PARAMS).unwrap(), after.margin(&world, Basis::Maintenance, &PARAMS).unwrap());
        prop_assert_eq!((kept.equity, kept.addons), (anew.equity, anew.addons));
        prop_assert!(kept.maintenance.abs_diff(anew.maintenance) <= 64 + anew.maintenance / 1_000);
    }

    /// The contributions of an explanation, rest included, are the margin; the rest is small.
    #[test]
    fn an_explanation_accounts_for_options((world, mixed) in mixed()) {
        let mut book = mixed.book(&world, Basis::Maintenance).unwrap();
        let explained = book.explain(&BLENDED).unwrap();
        let sum: i64 = explained.legs.iter().map(|l| l.maintenance).sum::<i64>() + explained.rest;
        prop_assert_eq!(sum, explained.margin.maintenance as i64);
        let noise = 8_192 + explained.margin.maintenance / 100;
        prop_assert!(explained.rest.unsigned_abs() <= noise, "{explained:?}");
        prop_assert!(mixed.options.iter().all(|h| explained.legs.iter().any(|l| l.asset == h.asset)));
    }

    /// A step that is admitted shrinks the shortfall; what is taken over is credited its mark less a penalty.
    #[test]
    fn a_liquidation_takes_options_at_their_mark((world, mixed) in mixed(), part in 0.01f64..=1.0) {
        let mut short = mixed.clone();
        let margin = short.margin(&world, Basis::Maintenance, &PARAMS).unwrap();
        short.linear.quote += (i128::from(margin.maintenance) / 2 - i128::from(margin.equity)) as i64;
        let params = LiquidationParams { penalty_bps: 0, insurance_share_bps: 5_000, buffer_bps: 1_000, dust: 1 << 20 };
        let held = short.options[0].position;
        let contracts = (held.contracts as f64 * part) as i64;
        prop_assume!(contracts != 0);
        let taken = Taken::Option(OptionTakeover { holding: 0, contracts, penalty_bps: 200 });
        let mut book = short.book(&world, Basis::Maintenance).unwrap();
        if let Ok(step) = step_of(&mut book, core::iter::once(taken), &PARAMS, &params).unwrap() {
            prop_assert!(step.after.shortfall() < step.before.shortfall());
            let part = OptionPosition { contracts, ..held };
            let value = part.value(&world.assets[short.options[0].asset].spot, &VolBand::NONE).unwrap();
            prop_assert_eq!(step.terms[0].proceeds, value - step.penalty() as i64);
            prop_assert!(contracts < 0 || step.terms[0].proceeds >= 0);
            prop_assert!(2 * step.penalty() <= step.before.maintenance - step.after.maintenance);
        }
    }

    /// Whatever the numbers are, the answer is a margin or a refusal.
    #[test]
    fn extremes_do_not_panic(
        seed in any::<u64>(),
        contracts in wide_i64(),
        entry in wide_i64(),
        deviation in wide_u64(),
        share in wide_u64(),
        cap in wide_u64(),
        least in wide_u64(),
        sigma in wide_u64(),
        notice in 0..=RATE_ONE,
    ) {
        let mut world = World::random(seed, 2);
        world.assets[0].sigma = sigma;
        let mut holding = option(&world, 0, Kind::Put, 1.0, 1.0, 0.1);
        holding.position.contracts = contracts;
        holding.position.deviation = deviation;
        holding.position.settling = Settling { share, fixed: world.assets[1].spot };
        (holding.entry, holding.profit_cap, holding.short_minimum) = (entry, cap, least);
        for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
            let book = Mixed { linear: Holdings::random(seed, &world, 1e12), options: vec![holding] };
            let _ = book.margin(&world, basis, &MarginParams { notice, ..PARAMS });
            let _ = book.book(&world, basis).and_then(|mut b| b.adjust_option(0, contracts, entry));
            let _ = book.book(&world, basis).and_then(|mut b| b.explain(&PARAMS));
        }
    }
}

#[test]
fn an_option_on_an_unknown_asset_is_refused() {
    let world = World::random(1, 1);
    for asset in [1, 31, 32, usize::MAX] {
        let holding = OptionHolding { asset, ..option(&world, 0, Kind::Call, 1e9, 1.0, 0.1) };
        assert_eq!(Mixed::one(holding).book(&world, Basis::Maintenance).err(), Some(UnknownAsset));
    }
}

#[test]
fn value_of_underlyings_counts_as_gross_exposure() {
    let world = World::random(1, 1);
    let half = (1u64 << 52) as f64 * 1.01;
    let mut book = Mixed::one(option(&world, 0, Kind::Call, half, 1.0, 0.1));
    assert!(book.book(&world, Basis::Maintenance).unwrap().gross() as f64 > half * 0.999);
    book.linear.collateral = vec![(0, world.units(0, half) as u64)];
    assert_eq!(book.book(&world, Basis::Maintenance).err(), Some(RiskError::BookTooLarge));
}

/// A delta-hedged short straddle has no delta, and is charged all the same.
#[test]
fn a_short_straddle_pays_the_add_on() {
    let world = World::random(3, 1).liquid();
    let mut book = Mixed::one(option(&world, 0, Kind::Call, -1e12, 1.0, 0.1));
    book.options.push(option(&world, 0, Kind::Put, -1e12, 1.0, 0.1));
    let margin = book.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
    let least = 2e12 * 0.01;
    let floor = 1e12 * world.assets[0].long.addon as f64 / UNIT * 0.5;
    assert!(margin.addons as f64 > least + floor, "{margin:?}");
}

/// Outside the core nothing nets: neither the linear leg with the options, nor they with other assets.
#[test]
fn an_asset_outside_the_core_is_charged_un_netted() {
    let mut world = World::random(3, 1).liquid();
    world.drivers[0].seasoning.lived = 0;
    world.publish(&common::BOUNDS);
    assert!(!world.assets[0].netted);
    let naked = Mixed::one(option(&world, 0, Kind::Call, -1e12, 1.0, 0.1));
    let mut covered = naked.clone();
    covered.linear.collateral = vec![(0, world.units(0, 1e12).unsigned_abs())];
    let mut long = covered.clone();
    long.options.clear();
    let maintenance = |m: &Mixed| m.margin(&world, Basis::Maintenance, &BARE).unwrap().maintenance;
    let (covered, apart) = (maintenance(&covered), maintenance(&naked) + maintenance(&long));
    assert!(covered.abs_diff(apart) <= 4, "{covered} {apart}");
    // At its haircut's rise a call at the money loses about that.
    let rise = world.assets[0].short.haircut as f64 / UNIT;
    assert!(maintenance(&naked) as f64 > 1e12 * (rise - 0.05), "{rise}");
}

/// Only the shortfall has notice.
#[test]
fn notice_lets_the_shortfall_lag_and_nothing_else() {
    let world = World::random(3, 1).liquid();
    let book = Mixed::one(option(&world, 0, Kind::Call, -1e12, 1.0, 0.1));
    let of = |notice| book.margin(&world, Basis::Maintenance, &MarginParams { notice, ..BLENDED }).unwrap();
    let (full, lagging) = (of(RATE_ONE), of(RATE_ONE / 2));
    assert!(lagging.expected_shortfall <= full.expected_shortfall / 2 + 1);
    assert_eq!(lagging.stress, full.stress);
    assert!(lagging.addons >= full.addons && lagging.maintenance <= full.maintenance);
}

/// Outside the core a haircut may be small and σ large: what is owed is charged the worst of its own curve too.
#[test]
fn outside_the_core_the_curve_is_charged_whole() {
    let mut world = World::random(3, 1).liquid();
    let asset = &mut world.assets[0];
    (asset.netted, asset.sigma) = (false, rate_from_bps(200));
    for side in [&mut asset.long, &mut asset.short] {
        (side.haircut, side.addon, side.shock) = (rate_from_bps(100), rate_from_bps(100), rate_from_bps(100));
    }
    let value = 1e10;
    let book = Mixed::one(option(&world, 0, Kind::Put, -value, 1.0, 0.02));
    let margin = book.margin(&world, Basis::Maintenance, &BARE).unwrap();
    // 32 σ of 2 %: the put is owed 64 % of spot, less the premium that it is marked at.
    assert!(margin.maintenance as f64 > 0.6 * value, "{margin:?}");
}
