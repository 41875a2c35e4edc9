//! Facts of Black-76 in integers, against `f64`.

mod common;

use ballast_risk::black::{Contract, DELTA_SHIFT, MAX_GROWTH_BITS, MAX_STRIKE, PRICE_ERROR, Point};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::table;
use common::normal::{self, black};
use common::{UNIT, wide_i64, wide_u64};
use proptest::prelude::*;

/// Stated bounds.
const DENSITY_ERROR: f64 = 1.0 / (1u64 << 29) as f64;
const MILLS_ERROR: f64 = 1.0 / 379_625_062.0;
const LN_ERROR: f64 = 1.0 / (1u64 << 29) as f64;
const ERROR: f64 = PRICE_ERROR as f64 / UNIT;
/// One in the units of the tables.
const VALUE: f64 = (1u64 << table::VALUE_BITS) as f64;
const ARGUMENT: f64 = (1u64 << table::ARGUMENT_BITS) as f64;

/// Strikes from 2⁻²⁰ to 2²⁰ times spot, most near it.
fn strike() -> impl Strategy<Value = i64> {
    let power = prop_oneof![-20.0..20.0f64, -3.0..3.0, -0.3..0.3f64, Just(0.0)];
    power.prop_map(|power: f64| ((UNIT * power.exp2()) as i64).clamp(1, MAX_STRIKE))
}

/// Deviations from nothing to eight.
fn deviation() -> impl Strategy<Value = u64> {
    prop_oneof![(-32.0..3.0f64).prop_map(|power| (UNIT * power.exp2()) as u64), 0..8 * RATE_ONE, Just(0)]
}

/// A spot after a move, and the growth bits it needs.
fn point() -> impl Strategy<Value = (Point, u32)> {
    let near = (-0.2..0.2f64).prop_map(|x| ((UNIT * x.exp()) as u64, 0));
    let any = (0..=MAX_GROWTH_BITS).prop_flat_map(|bits| (0..(2 * RATE_ONE) << bits, Just(bits)));
    let far = ((-32.0..0.0f64).prop_map(|power| (UNIT * power.exp2()) as u64), 0..=MAX_GROWTH_BITS);
    prop_oneof![Just((RATE_ONE, 0)), near, any, far].prop_map(|(factor, bits)| (Point::new(factor), bits))
}

fn exact(contract: i64, s: u64, point: &Point) -> normal::Exact {
    black(point.factor as f64 / UNIT, contract as f64 / UNIT, s as f64 / UNIT)
}

/// By how much a delta is outside of those at spots within `DELTA_SHIFT`.
fn delta_error(delta: i64, strike: i64, s: u64, point: &Point) -> f64 {
    let shift = DELTA_SHIFT as f64 / UNIT;
    let at = |spot: f64| black(spot * point.factor as f64, strike as f64, s as f64 / UNIT).delta;
    let got = delta as f64 / VALUE;
    (at(1.0 - shift) - got).max(got - at(1.0 + shift)).max(0.0)
}

#[test]
fn the_tables_keep_their_error_bounds() {
    let worst = |end: u64, got: fn(u64) -> i64, exact: fn(f64) -> f64| {
        let arguments = (0..end).step_by(4_099).chain(end - 3..end);
        let error = |x: u64| (got(x) as f64 / VALUE - exact(x as f64 / ARGUMENT)).abs();
        arguments.map(error).fold(0.0, f64::max)
    };
    let phi = worst(table::DENSITY_END, table::density, normal::density);
    assert!(phi <= DENSITY_ERROR && phi > DENSITY_ERROR / 4.0, "2^{}", phi.log2());
    let mills = worst(table::MILLS_END, table::mills, normal::mills);
    assert!(mills <= MILLS_ERROR && mills > MILLS_ERROR / 4.0, "2^{}", mills.log2());
    let ln = |x: u64| (table::ln(x) as f64 / UNIT - (x as f64 / UNIT).ln()).abs();
    let near = (RATE_ONE / 4..RATE_ONE * 4).step_by(40_009);
    let far = (1..64).flat_map(|by| [u64::MAX >> by, (u64::MAX >> by) + 1, 3 << (63 - by)]);
    let ln = near.chain(far).map(ln).fold(0.0, f64::max);
    assert!(ln <= LN_ERROR && ln > LN_ERROR / 8.0, "2^{}", ln.log2());
    assert_eq!(table::ln(0), table::ln(1));
}

/// Every strike near spot at every deviation an option can have, on a fine grid.
#[test]
fn a_price_keeps_its_error_bound_on_a_dense_grid() {
    let (mut worst, mut worst_delta) = (0f64, 0f64);
    for i in 0..400u32 {
        // s from 2⁻¹² to 8.
        let s = (UNIT * (f64::from(i) * 15.0 / 400.0 - 12.0).exp2()) as u64;
        for j in -400..=400i32 {
            // Up to seven deviations and a half from spot.
            let x = f64::from(j) / 400.0 * 7.5 * s as f64 / UNIT;
            let strike = (UNIT * x.clamp(-13.8, 13.8).exp()) as i64;
            let quote = Contract::new(strike, s).quote(&Point::UNMOVED, 0);
            let exact = exact(strike, s, &Point::UNMOVED);
            worst = worst.max((quote.time_value as f64 / UNIT - exact.time_value).abs());
            worst_delta = worst_delta.max(delta_error(quote.delta, strike, s, &Point::UNMOVED));
        }
    }
    assert!(worst <= ERROR && worst > ERROR / 8.0, "2^{}", worst.log2());
    assert!(worst_delta <= ERROR, "2^{}", worst_delta.log2());
}

proptest! {
    #![proptest_config(common::cases(4_000))]

    #[test]
    fn a_price_keeps_its_error_bound((point, bits) in point(), strike in strike(), s in deviation()) {
        let contract = Contract::new(strike, s);
        let (quote, exact) = (contract.quote(&point, bits), exact(strike, s, &point));
        let bound = ERROR * f64::from(1 << bits);
        let error = (quote.time_value as f64 / UNIT - exact.time_value).abs();
        prop_assert!(error <= bound, "2^{} against 2^{}", error.log2(), bound.log2());
        let error = delta_error(quote.delta, strike, s, &point) * point.factor as f64 / UNIT;
        prop_assert!(error <= bound, "delta 2^{} against 2^{}", error.log2(), bound.log2());
    }

    #[test]
    fn a_price_lies_between_intrinsic_value_and_spot_or_strike(
        (point, bits) in point(), strike in strike(), s in deviation(),
    ) {
        let contract = Contract::new(strike, s);
        let (call, put, spot) = (contract.call(&point, bits), contract.put(&point, bits), point.factor as i64);
        prop_assert!((spot - strike).max(0) <= call && call <= spot);
        prop_assert!((strike - spot).max(0) <= put && put <= strike);
    }

    #[test]
    fn put_call_parity_is_exact((point, bits) in point(), strike in strike(), s in deviation()) {
        let contract = Contract::new(strike, s);
        let difference = contract.call(&point, bits) - contract.put(&point, bits);
        prop_assert_eq!(difference, point.factor as i64 - strike);
    }

    #[test]
    fn a_price_rises_with_volatility_and_moneyness_to_within_its_error(
        (low, high) in (any::<u64>(), any::<u64>()).prop_map(|(a, b)| (a.min(b) >> 30, a.max(b) >> 30)),
        strike in strike(), step in 0..RATE_ONE as i64, s in deviation(), more in deviation(),
    ) {
        let slack = 2 * PRICE_ERROR;
        // Both below four times spot.
        let (low, high) = (Point::new(low), Point::new(high));
        let call = |point: &Point, strike: i64, s: u64| Contract::new(strike, s).call(point, 1);
        let put = |point: &Point, strike: i64, s: u64| Contract::new(strike, s).put(point, 1);
        prop_assert!(call(&high, strike, s) >= call(&low, strike, s) - 2 * slack);
        prop_assert!(put(&high, strike, s) <= put(&low, strike, s) + 2 * slack);
        let above = strike.saturating_add(step).min(MAX_STRIKE);
        prop_assert!(call(&low, above, s) <= call(&low, strike, s) + 2 * slack);
        prop_assert!(put(&low, above, s) >= put(&low, strike, s) - 2 * slack);
        prop_assert!(call(&low, strike, s.saturating_add(more)) >= call(&low, strike, s) - 2 * slack);
    }

    #[test]
    fn a_contract_answers_everywhere((point, bits) in point(), strike in wide_i64(), s in wide_u64()) {
        let quote = Contract::new(strike, s).quote(&point, bits);
        prop_assert!(quote.time_value >= 0 && quote.time_value <= point.factor as i64);
        prop_assert!((0..=1 << table::VALUE_BITS).contains(&quote.delta));
    }
}

#[test]
fn known_prices() {
    // At the money: 2Φ(s/2) − 1.
    let at_the_money = Contract::new(RATE_ONE as i64, RATE_ONE / 5).call(&Point::UNMOVED, 0);
    assert!((at_the_money as f64 / UNIT - 0.079_655_674_554_058).abs() <= ERROR);
    // Without deviation, or without a strike, an option is its intrinsic value.
    let strike = RATE_ONE as i64 / 4;
    assert_eq!(Contract::new(strike, 0).call(&Point::UNMOVED, 0), RATE_ONE as i64 - strike);
    assert_eq!(Contract::new(-strike, RATE_ONE).call(&Point::UNMOVED, 0), RATE_ONE as i64 + strike);
    assert_eq!(Contract::new(strike, RATE_ONE).call(&Point::new(0), 0), 0);
    assert_eq!(Contract::new(strike, RATE_ONE).put(&Point::new(0), 0), strike);
}
