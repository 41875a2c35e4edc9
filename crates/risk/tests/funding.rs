//! Facts of funding: bounded, nil without an inventory, the same however often it is stepped.

mod common;

use ballast_risk::fixed::rate_from_bps;
use ballast_risk::funding::{FundingParams, Inventory, Payment, Step, payment, step};
use ballast_risk::price::Price;
use common::{any_price, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

const M: u64 = 1_000_000_000_000;

fn params(velocity_bps: u32, max_bps: u32) -> FundingParams {
    FundingParams { velocity: rate_from_bps(velocity_bps), max: rate_from_bps(max_bps), max_position: M }
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn the_rate_stays_within_its_bound(
        velocity in 0u32..10_000, max in 0u32..1_000, rate in wide_i64(), inventory in wide_i64(),
        elapsed in 0u32..86_400,
    ) {
        let p = params(velocity, max);
        let s = step(&p, rate, inventory, elapsed).unwrap();
        prop_assert!(s.rate.unsigned_abs() <= p.max);
        // At most the bound for all of the time.
        let most = i128::from(p.max) * i128::from(elapsed) * (1 << 16) / 86_400 + 1;
        prop_assert!(i128::from(s.charged).abs() <= most);
    }

    #[test]
    fn stepping_more_often_changes_only_rounding(
        velocity in 0u32..10_000, max in 1u32..1_000, inventory in -(M as i64)..=M as i64, share in -100i64..=100,
        steps in prop::collection::vec(60u32..3_600, 1..12),
    ) {
        let p = params(velocity, max);
        let start = p.max as i64 / 100 * share;
        let whole = step(&p, start, inventory, steps.iter().sum()).unwrap();
        let (mut rate, mut charged) = (start, 0);
        for seconds in &steps {
            let s = step(&p, rate, inventory, *seconds).unwrap();
            (rate, charged) = (s.rate, charged + s.charged);
        }
        // A unit of the rate a step, and what those units charge in the time that is left.
        let n = steps.len() as i64;
        prop_assert!((rate - whole.rate).abs() <= n, "{rate} {}", whole.rate);
        prop_assert!((charged - whole.charged).abs() <= n * (2 + (1 << 16)), "{charged} {}", whole.charged);
    }

    #[test]
    fn longs_and_shorts_mirror_each_other(rate in any::<i32>(), inventory in 1i64..M as i64, elapsed in 60u32..3_600) {
        let p = params(100, 500);
        let (a, b) = (
            step(&p, rate.into(), inventory, elapsed).unwrap(), step(&p, -i64::from(rate), -inventory, elapsed).unwrap(),
        );
        prop_assert_eq!(a.rate, -b.rate);
        prop_assert!((a.charged + b.charged).abs() <= 1);
    }

    #[test]
    fn nobody_is_paid_what_nobody_pays(charged in wide_i64(), spot in any_price(), cash_shift in any::<u8>()) {
        if let Ok(Payment { long, short }) = payment(charged, &spot, cash_shift.into()) {
            prop_assert!(long + short <= 0 && long + short >= -1);
            let (payer, payee) = if charged >= 0 { (long, short) } else { (short, long) };
            prop_assert!(payer <= 0 && payee >= 0);
        }
    }

    #[test]
    fn nothing_panics(
        velocity in wide_u64(), max in wide_u64(), max_position in wide_u64(), rate in wide_i64(),
        inventory in wide_i64(), elapsed in wide_u32(), spot in any_price(), cash_shift in any::<u8>(),
    ) {
        if let Ok(s) = step(&FundingParams { velocity, max, max_position }, rate, inventory, elapsed) {
            let _ = payment(s.charged, &spot, cash_shift.into());
        }
        let mut held = Inventory { sum: rate.into(), since: inventory, until: rate };
        held.follow(inventory, rate.wrapping_add(5));
        let _ = held.take();
    }
}

#[test]
fn there_is_no_funding_without_an_inventory() {
    assert_eq!(step(&params(100, 500), 12_345, 0, 3_600), Ok(Step::default()));
}

#[test]
fn at_full_inventory_the_rate_moves_by_its_velocity() {
    // 1 % a day, a day: after a day the crowded side pays 1 % a day, and has paid half a per cent.
    let p = params(100, 500);
    let s = step(&p, 0, -(M as i64), 86_400).unwrap();
    assert_eq!(s.rate, p.velocity as i64);
    assert_eq!(s.charged, (p.velocity as i64) << 15);
    // It stops at its bound: from there on 5 % a day.
    let bound = step(&p, p.max as i64, -(M as i64), 86_400).unwrap();
    assert_eq!((bound.rate, bound.charged), (p.max as i64, (p.max as i64) << 16));
}

#[test]
fn the_line_to_the_bound_and_along_it_are_both_charged() {
    // At 10 % a day, a day, from nothing to 5 % in half a day, then along it: (0.5·5 % + 5 %)/2.
    let p = params(1_000, 500);
    let s = step(&p, 0, -(M as i64), 86_400).unwrap();
    assert_eq!(s.rate, p.max as i64);
    let expected = 0.0375 * 2f64.powi(48);
    assert!((s.charged as f64 / expected - 1.0).abs() < 1e-6, "{}", s.charged as f64 / expected);
}

#[test]
fn a_payment_is_the_share_of_the_price() {
    // A thousandth of 100 dollars on nine decimals: 1e-4 micro-units a native unit, in 2⁻⁴⁰.
    let spot = Price::from_decimal(100, 0, 9).unwrap();
    let paid = payment((1i64 << 48) / 1_000, &spot, 40).unwrap();
    let expected = 1e-4 * 2f64.powi(40);
    assert!((paid.short as f64 - expected).abs() <= 1.0 && paid.long == -paid.short - 1, "{paid:?}");
}

#[test]
fn the_mean_inventory_does_not_depend_on_who_looks() {
    let mut once = Inventory { sum: 0, since: 0, until: 0 };
    once.follow(100, 3_600);
    let mut often = Inventory { sum: 0, since: 0, until: 0 };
    for second in (0..=3_600).step_by(36) {
        often.follow(100, second);
    }
    assert_eq!((once.take(), often.take()), (Ok(100), Ok(100)));
    // What was held for a second of an hour counts for a second.
    let mut brief = Inventory { sum: 0, since: 0, until: 0 };
    brief.follow(0, 3_599);
    brief.follow(3_600_000, 3_600);
    assert_eq!(brief.take(), Ok(1_000));
}
