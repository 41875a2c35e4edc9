//! Facts of the whole requirement: against the formula in exact integers, under notice, and at its floors.

mod common;

use ballast_risk::book::{Basis, Position};
use ballast_risk::fixed::{BPS_ONE, RATE_ONE, charge};
use ballast_risk::margin::{Margin, MarginParams};
use ballast_risk::price::Price;
use ballast_risk::scenario::Tails;
use ballast_risk::stress::{self, STRESS_ROWS, Shock, StressParams};
use common::{
    BLENDED, BOUNDS, Holdings, PARAMS, World, account, exact_shortfall, exposures, legs, rounding_of,
    stress_rounding,
};
use proptest::prelude::*;
use ruint::aliases::U256;

fn params() -> impl Strategy<Value = MarginParams> {
    let share = || prop_oneof![Just(0), 0..=RATE_ONE, Just(RATE_ONE)];
    let notice = prop_oneof![Just(RATE_ONE), 1..=RATE_ONE];
    (10_000u32..30_000, 0u64..1 << 40, 0..RATE_ONE / 10, share(), share(), notice).prop_map(
        |(initial_ratio_bps, min_maintenance, gross_floor, weight, decorrelation, notice)| MarginParams {
            initial_ratio_bps,
            min_maintenance,
            gross_floor,
            stress: StressParams { weight, decorrelation },
            notice,
        },
    )
}

/// A whole number over the common denominator `7·2¹⁰⁶`: the mean of seven, 42 bits of σ·z, and three rates.
fn over(numerator: U256, bits: usize) -> U256 {
    (numerator * U256::from(7)) << (106 - bits)
}

fn wide(x: u128) -> U256 {
    U256::from(x)
}

/// The requirement, with no rounding but that of exposures, over `7·2¹⁰⁶`: under notice where that asks for less.
fn exact_maintenance(held: &[(usize, i64)], world: &World, p: &MarginParams) -> U256 {
    formula(held, world, p).min(formula(held, world, &p.at_once()))
}

/// The formula of the requirement: MM over `7·2¹⁰⁶`.
///
/// What an exposure beyond the crowd costs is taken as the engine says it.
fn formula(held: &[(usize, i64)], world: &World, p: &MarginParams) -> U256 {
    let netted: Vec<_> = held.iter().filter(|leg| world.assets[leg.0].netted).collect();
    let core: Vec<_> =
        netted.iter().map(|&&(asset, w)| (w, world.assets[asset].sigma, &world.columns[asset])).collect();
    // Already over 7·2⁴², then by a rate.
    let es: U256 = (wide(exact_shortfall(&core).unsigned_abs()) * wide(p.notice.into())) << 32usize;

    let loss = |row| -> i128 {
        let of =
            |leg: &&&(usize, i64)| -i128::from(leg.1) * i128::from(stress::get(&world.stress[leg.0], row));
        netted.iter().map(|leg| of(&leg)).sum()
    };
    let joint = (0..STRESS_ROWS).map(loss).max().unwrap().max(0);
    let alone = |&&&(asset, w): &&&(usize, i64)| {
        u128::from(w.unsigned_abs()) * u128::from(world.assets[asset].side(w < 0).shock)
    };
    let single = netted.iter().map(|leg| alone(&leg)).max().unwrap_or(0);
    let hedges: u128 = netted.iter().map(|leg| alone(&leg)).sum();
    let stress = over(wide(joint as u128), 12)
        .max(over(wide(single), 32))
        .max(over(wide(hedges) * wide(p.stress.decorrelation.into()), 64));
    // Both are multiples of 2³² over the denominator.
    let blended = (es >> 32usize) * wide((RATE_ONE - p.stress.weight).into())
        + (stress >> 32usize) * wide(p.stress.weight.into());

    let addon = |&(asset, w): &(usize, i64)| {
        let (risk, magnitude) = (&world.assets[asset], w.unsigned_abs());
        let side = risk.side(w < 0);
        // In 2⁻⁹⁶: what the core charges the leg alone while its shortfall lags; the stress in it does not.
        let core = side.haircut - side.addon;
        let lags = (wide(core.into()) * wide(p.notice.into())) << 32usize;
        let (shock, weight) = (wide(side.shock.into()), wide(p.stress.weight.into()));
        let stressed = if core > side.shock {
            weight * (shock << 32usize).saturating_sub(lags >> 32usize)
        } else {
            weight * shock * wide((RATE_ONE - p.notice).into())
        };
        let lacks = (wide(risk.floor.into()) << 64usize).saturating_sub(lags + stressed);
        let rate = (wide(side.addon.into()) << 64usize).max(if risk.netted { lacks } else { U256::ZERO });
        let excess = risk.impact.excess(magnitude, side.crowd).unwrap();
        over(wide(magnitude.into()) * rate, 96) + over(wide(excess.into()), 0)
    };
    let addons = held.iter().map(addon).fold(U256::ZERO, |sum, addon| sum + addon);
    let gross: u64 = held.iter().map(|leg| leg.1.unsigned_abs()).sum();
    let floor = over(wide(gross.into()) * wide(p.gross_floor.into()), 32);
    (es.max(blended) + addons).max(floor).max(over(wide(p.min_maintenance.into()), 0))
}

/// Long of one of two twins and short of the other: a hedge that history never broke.
fn twins(seed: u64, value: f64) -> (World, Holdings) {
    let mut world = World::random(seed, 2);
    (world.assets[1], world.columns[1]) = (world.assets[0], world.columns[0]);
    (world.stress[1], world.drivers[1]) = (world.stress[0], world.drivers[0]);
    let world = world.with_bounds(&BOUNDS);
    let units = world.units(0, value);
    (world, Holdings::position(0, units).with(&Holdings::position(1, -units)))
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn the_requirement_is_never_below_the_exact_one_and_hardly_above((world, holdings) in account(32), params in params()) {
        for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
            let mut book = holdings.book(&world, basis).unwrap();
            let held: Vec<_> = legs(&book, &world, basis).into_iter().filter(|leg| leg.1 != 0).collect();
            prop_assume!(!held.is_empty());
            let m = book.margin(&params).unwrap();
            let exact = exact_maintenance(&held, &world, &params);
            let unit = over(wide(1), 0);
            prop_assert!(wide(m.maintenance.into()) * unit >= exact);

            let widest = world.drivers.iter().map(|d| d.shock.widest()).sum();
            // A unit for every charge, and 2⁻³² of value for a rate that was rounded.
            let charges: u64 = held.iter().map(|leg| (leg.1.unsigned_abs() >> 32) + 3).sum();
            let rounding = rounding_of(&exposures(&book, &world, basis)) + stress_rounding(book.gross(), widest) + charges;
            let above = wide(m.maintenance.into()) - exact / unit;
            prop_assert!(above <= wide(rounding.into()), "{} for {}", above, rounding);

            let crowding: u128 = held.iter().map(|leg| u128::from(leg.1.unsigned_abs()) * u128::from(world.assets[leg.0].crowding)).sum();
            let initial = exact * wide(params.initial_ratio_bps.into()) / wide(BPS_ONE.into()) + over(wide(crowding), 32);
            prop_assert!(wide(m.initial.into()) * unit >= initial);
        }
    }

    /// The value of what is held and what is owed is never rounded to less exposure.
    #[test]
    fn an_exposure_is_never_rounded_towards_zero((world, holdings) in account(8)) {
        let book = holdings.book(&world, Basis::Maintenance).unwrap();
        for (asset, w) in legs(&book, &world, Basis::Maintenance) {
            let (quantity, spot) = (book.quantity(asset), world.assets[asset].spot);
            let exact = wide(quantity.unsigned_abs().into()) * wide(spot.mantissa.into());
            prop_assert!(wide(w.unsigned_abs().into()) << spot.shift as usize >= exact);
            prop_assert!(w.signum() == quantity.signum());
        }
        let gross: u64 = legs(&book, &world, Basis::Maintenance).iter().map(|leg| leg.1.unsigned_abs()).sum();
        prop_assert_eq!(book.gross(), gross);
    }

    /// The account gets time to act: the ring's part lags, and what does not depend on volatility does not.
    #[test]
    fn notice_lowers_the_shortfall_by_its_factor_and_touches_no_stress((world, holdings) in account(16), notice in 1..=RATE_ONE) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let now = book.margin(&BLENDED).unwrap();
        let lagging = book.margin(&MarginParams { notice, ..BLENDED }).unwrap();
        prop_assert_eq!((lagging.stress, lagging.equity), (now.stress, now.equity));
        // Notice that would not help is not given.
        let helps = lagging.expected_shortfall == charge(now.expected_shortfall, notice).unwrap();
        prop_assert!(lagging == now || (helps && lagging.maintenance < now.maintenance));
        prop_assert!(lagging.core <= now.core && lagging.addons >= now.addons);
        // Nothing of what a liquid and netted asset charges stays behind without its volatility.
        let factor = lagging.core as f64 / now.core as f64;
        prop_assert!(now.core == 0 || lagging == now || factor + 1e-6 + 2.0 / now.core as f64 >= notice as f64 / RATE_ONE as f64);
    }

    /// Floors are made up for leg by leg, which nets with nothing. A hedge must not pay for being given time.
    #[test]
    fn notice_raises_no_margin((world, holdings) in account(16), notice in 1..=RATE_ONE) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let full = book.margin(&BLENDED).unwrap().maintenance;
        let lagging = book.margin(&MarginParams { notice, ..BLENDED }).unwrap().maintenance;
        prop_assert!(lagging <= full, "{} above {}", lagging, full);
    }

    #[test]
    fn more_notice_raises_no_margin_of_a_book_in_one_asset(seed: u64, value in -1e14f64..1e14, notice in 1..=RATE_ONE, by in 0..=RATE_ONE) {
        let world = World::random(seed, 1);
        let holdings = Holdings::position(0, world.units(0, value));
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let mut at = |notice: u64| book.margin(&MarginParams { notice: notice.min(RATE_ONE), ..BLENDED }).unwrap().maintenance;
        let (less, more) = (at(notice), at(notice + by));
        // The floor's part is a rate and a charge of its own, each rounded by itself.
        let rounding = ((value.abs() as u64) >> 31) + rounding_of(&exposures(&book, &world, Basis::Maintenance)) + 2;
        prop_assert!(less <= more + rounding, "{} above {}", less, more);
    }

    #[test]
    fn initial_margin_and_withdrawals_know_no_notice((world, holdings) in account(8), params in params()) {
        let at_once = params.at_once();
        prop_assert_eq!(at_once, MarginParams { notice: RATE_ONE, ..params });
        let initial = |p: &MarginParams| holdings.margin(&world, Basis::Initial, p).unwrap();
        let again = MarginParams { notice: 1, ..params }.at_once();
        prop_assert_eq!(initial(&at_once), initial(&again));
    }

    /// However far behind volatility MM is, however calm it is, and however little there is to fear.
    #[test]
    fn the_floor_binds_under_any_notice(
        seed: u64, value in -1e14f64..1e14, notice in 1..=RATE_ONE, sigma in 1u64..RATE_ONE / 50, shock in 0..RATE_ONE / 10,
    ) {
        let mut world = World::random(seed, 1).liquid();
        world.stress[0] = [0; _];
        world.assets[0].sigma = sigma;
        (world.drivers[0].expected, world.drivers[0].shock) = (0, Shock { long: shock, short: shock });
        let world = world.with_bounds(&BOUNDS);
        let holdings = Holdings::position(0, world.units(0, value));
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let m = book.margin(&MarginParams { notice, ..BLENDED }).unwrap();
        // The published core is two rates rounded up, of the shortfall and of the stress: 2⁻³² of value each.
        let rounding = 2 * ((book.gross() >> 32) + 1);
        prop_assert!(m.maintenance + rounding >= charge(book.gross(), BOUNDS.min).unwrap());
    }

    /// No book is so well hedged that its legs cost nothing.
    #[test]
    fn a_perfect_hedge_is_charged_the_gross_floor(seed: u64, value in 1e7f64..1e14, gross_floor in 1..RATE_ONE) {
        let (world, holdings) = twins(seed, value);
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let m = book.margin(&MarginParams { gross_floor, ..BLENDED }).unwrap();
        prop_assert!(m.maintenance >= charge(book.gross(), gross_floor).unwrap());
        let without = book.margin(&BLENDED).unwrap();
        prop_assert_eq!(m.maintenance, without.maintenance.max(charge(book.gross(), gross_floor).unwrap()));
    }

    #[test]
    fn the_smallest_exposure_is_charged_the_minimum(seed: u64, units in 1i64..4, min_maintenance in 1u64..1 << 60) {
        let world = World::random(seed, 1);
        let params = MarginParams { min_maintenance, ..BLENDED };
        let margin = |units: i64| Holdings::position(0, units).margin(&world, Basis::Maintenance, &params).unwrap();
        prop_assert!(margin(units).maintenance >= min_maintenance && margin(-units).maintenance >= min_maintenance);
        prop_assert_eq!(margin(0), Margin::default());
    }

    /// Open interest near its cap binds new risk, and liquidates nobody; split or not.
    #[test]
    fn crowding_enters_initial_margin_alone_and_splitting_does_not_help((world, holdings) in account(8), rate in 1..RATE_ONE) {
        let mut crowded = world.clone();
        crowded.assets.iter_mut().for_each(|risk| risk.crowding = rate);
        let mut calm = world;
        calm.assets.iter_mut().for_each(|risk| risk.crowding = 0);
        let margin = |world: &World, h: &Holdings| h.margin(world, Basis::Maintenance, &PARAMS).unwrap();
        let (before, after) = (margin(&calm, &holdings), margin(&crowded, &holdings));
        prop_assert_eq!(Margin { initial: before.initial, ..after }, before);
        let book = holdings.book(&crowded, Basis::Maintenance).unwrap();
        let added = after.initial - before.initial;
        prop_assert!(added >= charge(book.gross(), rate).unwrap() && added <= charge(book.gross(), rate).unwrap() + 8);

        let half = |p: &Position| Position { base: p.base / 2, entry: p.entry / 2, ..*p };
        let rest = |p: &Position| Position { base: p.base - p.base / 2, entry: p.entry - p.entry / 2, ..*p };
        let parts = [
            Holdings { collateral: holdings.collateral.clone(), positions: holdings.positions.iter().map(half).collect(), quote: 0 },
            Holdings { collateral: vec![], positions: holdings.positions.iter().map(rest).collect(), quote: 0 },
        ];
        let of = |h: &Holdings| margin(&crowded, h).initial - margin(&calm, h).initial;
        prop_assert!(parts.iter().map(of).sum::<u64>() + 8 >= added);
    }

    /// Under notice more weight of stress is less that the floor of a leg lacks, which a hedge may feel.
    #[test]
    fn more_weight_of_stress_or_of_failing_hedges_never_lowers_a_margin((world, holdings) in account(16), params in params(), by in 0..=RATE_ONE) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let StressParams { weight, decorrelation } = params.stress;
        let heavier = StressParams { weight: (weight + by).min(RATE_ONE), decorrelation };
        let fewer = StressParams { weight, decorrelation: (decorrelation + by).min(RATE_ONE) };
        for (params, stress) in [(params.at_once(), heavier), (params, fewer)] {
            let before = book.margin(&params).unwrap().maintenance;
            let after = book.margin(&MarginParams { stress, ..params }).unwrap().maintenance;
            prop_assert!(after >= before);
        }
    }

    #[test]
    fn more_quote_never_worsens_health((world, holdings) in account(8), params in params(), more in 0i64..1 << 50) {
        let richer = Holdings { quote: holdings.quote + more, ..holdings.clone() };
        for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
            let (before, after) = (holdings.margin(&world, basis, &params).unwrap(), richer.margin(&world, basis, &params).unwrap());
            prop_assert_eq!(after.shortfall(), before.shortfall() - i128::from(more));
            prop_assert_eq!(after.initial_excess(), before.initial_excess() + i128::from(more));
        }
    }
}

/// A single asset in numbers that can be checked by hand: σ 2 %, every row a fall of 2 σ, a stress of 40 %.
#[test]
fn a_book_of_one_asset_by_hand() {
    let mut world = World::random(1, 1).liquid();
    world.columns[0] = common::column((0..256).map(|_| -2 * 1_024));
    world.stress[0] = [0; _];
    (world.assets[0].sigma, world.drivers[0].expected) = (RATE_ONE / 50, 0);
    world.assets[0].spot = Price::from_decimal(1, 0, 6).unwrap();
    world.drivers[0].shock = Shock { long: RATE_ONE / 5 * 2, short: RATE_ONE / 5 * 2 };
    let world = world.with_bounds(&BOUNDS);
    assert_eq!(Tails::of(&world.columns[0]).long, 7 * 2 * 1_024);
    let m = |base, notice| {
        let params = MarginParams { notice, ..PARAMS };
        Holdings::position(0, base).margin(&world, Basis::Maintenance, &params).unwrap()
    };
    let near = |got: u64, dollars: f64| (got as f64 / 1e6 - dollars).abs() < dollars * 1e-3 + 1e-3;
    // Long of a million: ES 40,000; stress 400,000; core 0.75·40,000 + 0.25·400,000 = 130,000.
    let long = m(1_000_000_000_000, RATE_ONE);
    assert!(near(long.expected_shortfall, 40_000.0) && near(long.stress, 400_000.0), "{long:?}");
    assert!(near(long.maintenance, 130_000.0) && near(long.initial, 156_000.0), "{long:?}");
    // With half of volatility noticed: 0.75·20,000 + 0.25·400,000.
    assert!(near(m(1_000_000_000_000, RATE_ONE / 2).maintenance, 115_000.0));
    // Short of it nothing ever lost in the ring: a quarter of the stress.
    let short = m(-1_000_000_000_000, RATE_ONE);
    assert!(short.expected_shortfall < 40_000_000 && near(short.maintenance, 100_000.0), "{short:?}");
}
