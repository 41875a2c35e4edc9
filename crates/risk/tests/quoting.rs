//! Facts of a quote: the path costs what its ends say, every rounding is the trader's, size is never a discount.

mod common;

use ballast_risk::fill::reduces;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::price::Price;
use ballast_risk::quoting::{QuoteParams, quote};
use common::{any_price, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

const COIN: i64 = 1_000_000_000;

fn params(fee_bps: u32, skew_bps: u32, max_position: u64) -> QuoteParams {
    QuoteParams { fee_bps, skew: rate_from_bps(skew_bps), max_position, max_trade: u64::MAX }
}

fn dollars(price: i64) -> Price {
    Price::from_decimal(price, 0, 9).unwrap()
}

fn paid(base: i64, inventory: i64, spot: &Price, p: &QuoteParams) -> i128 {
    let quoted = quote(base, inventory, spot, p).unwrap().expect("it fits").quote;
    if base > 0 { i128::from(quoted) } else { -i128::from(quoted) }
}

/// An inventory within a hundred coins, and trades that stay within it.
fn walk() -> impl Strategy<Value = (i64, Vec<i64>)> {
    (-50i64..50, prop::collection::vec(-10i64..10, 1..5))
        .prop_map(|(q, steps)| (q * COIN + 7, steps.into_iter().map(|s| s * COIN / 2 + 3).collect()))
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn splitting_a_trade_does_not_help(
        (start, steps) in walk(), price in 1i64..100_000, fee in 1u32..200, skew in 0u32..500,
    ) {
        let (p, spot) = (params(fee, skew, 100 * COIN as u64), dollars(price));
        let whole: i64 = steps.iter().sum();
        prop_assume!(whole != 0);
        let (mut inventory, mut split) = (start, 0);
        for step in steps {
            split += paid(step, inventory, &spot, &p);
            inventory -= step;
        }
        // Within the two micro-units by which the whole itself is rounded.
        prop_assert!(split + 2 >= paid(whole, start, &spot, &p));
    }

    #[test]
    fn to_and_fro_gains_nothing(
        start in -50i64..50, there in 1i64..40, price in 1i64..100_000, skew in 0u32..500, buys in any::<bool>(),
    ) {
        let (p, spot) = (params(1, skew, 100 * COIN as u64), dollars(price));
        let base = there * COIN * if buys { 1 } else { -1 };
        let (q, after) = (start * COIN, start * COIN - base);
        prop_assert!(paid(base, q, &spot, &p) + paid(-base, after, &spot, &p) > 0);
    }

    #[test]
    fn a_unit_is_never_cheaper_in_a_larger_trade(
        start in -50i64..50, small in 1i64..20, more in 1i64..20, price in 1i64..100_000, skew in 0u32..500,
        buys in any::<bool>(),
    ) {
        let (p, spot) = (params(5, skew, 100 * COIN as u64), dollars(price));
        let sign = if buys { 1 } else { -1 };
        let (a, b) = (sign * small * COIN, sign * (small + more) * COIN);
        let (x, y) = (paid(a, start * COIN, &spot, &p), paid(b, start * COIN, &spot, &p));
        // y/(small + more) ≥ x/small, up to the rounding of both, and more costs more (or brings more).
        prop_assert!((y + 3) * i128::from(small) + 3 * i128::from(small + more) >= x * i128::from(small + more));
        prop_assert_eq!(buys, y > x);
        prop_assert!(x != y);
    }

    #[test]
    fn the_price_stays_within_fee_and_skew(
        start in -100i64..=100, base in -100i64..=100, price in 1i64..100_000, fee in 1u32..200, skew in 0u32..500,
    ) {
        let (p, spot) = (params(fee, skew, 100 * COIN as u64), dollars(price));
        prop_assume!(base != 0);
        let Some(quoted) = quote(base * COIN, start * COIN, &spot, &p).unwrap() else { return Ok(()) };
        let value = spot.value(base.abs() * COIN).unwrap() as u64;
        let room = value * u64::from(fee + skew) / 10_000 + 3;
        prop_assert!(quoted.quote.abs_diff(value) <= room);
        prop_assert_eq!(quoted.inventory, (start - base) * COIN);
    }

    #[test]
    fn nothing_panics(
        base in wide_i64(), inventory in wide_i64(), spot in any_price(), fee_bps in wide_u32(), skew in wide_u64(),
        max_position in wide_u64(), max_trade in wide_u64(),
    ) {
        let _ = quote(base, inventory, &spot, &QuoteParams { fee_bps, skew, max_position, max_trade });
    }
}

#[test]
fn a_flat_pool_charges_half_of_the_skew_that_a_trade_makes() {
    // 50 of 100 coins at 100: fee 0.1 %, skew 1 % at full, so 0.25 % on the average of the way.
    let p = params(10, 100, 100 * COIN as u64);
    let (buy, sell) = (paid(50 * COIN, 0, &dollars(100), &p), paid(-50 * COIN, 0, &dollars(100), &p));
    assert!((buy - 5_017_500_000).abs() <= 2 && (sell + 4_982_500_000).abs() <= 2, "{buy} {sell}");
}

#[test]
fn who_takes_inventory_off_is_paid_for_it() {
    let p = params(10, 100, 100 * COIN as u64);
    assert!(paid(10 * COIN, 100 * COIN, &dollars(100), &p) < 1_000_000_000);
}

#[test]
fn a_pool_that_is_to_hold_less_does_not_give_its_inventory_away() {
    // Long 100 coins at 100 and now to hold one: a buyer is given the whole skew of 1 %, less the fee, and not 100 %.
    let p = params(10, 100, COIN as u64);
    let sold = paid(COIN, 100 * COIN, &dollars(100), &p);
    assert!((99_100_000..=99_200_000).contains(&sold), "{sold}");
    let bought = paid(-COIN, -100 * COIN, &dollars(100), &p);
    assert!((-100_900_000..=-100_800_000).contains(&bought), "{bought}");
}

#[test]
fn the_caps_hold_and_reductions_pass() {
    let p = QuoteParams { max_trade: 60 * COIN as u64, ..params(10, 100, 100 * COIN as u64) };
    let fits = |base, inventory| quote(base, inventory, &dollars(100), &p).unwrap().is_some();
    assert!(fits(60 * COIN, 0) && !fits(60 * COIN + 1, 0));
    assert!(fits(-50 * COIN, 50 * COIN) && !fits(-50 * COIN - 1, 50 * COIN));
    // A takeover left it with more than it may hold: it can only get smaller.
    assert!(fits(10 * COIN, 150 * COIN) && !fits(-1, 150 * COIN));
}

#[test]
fn what_grows_or_changes_sides_increases() {
    assert!(!reduces(0, 1) && !reduces(1, 2) && !reduces(1, -1) && !reduces(-3, 2) && !reduces(5, 5));
    assert!(reduces(2, 1) && reduces(1, 0) && reduces(-2, -1));
}
