//! Facts of prices: what is kept of an oracle's decimals, how values round, how prices compare.

mod common;

use ballast_risk::RiskError::{BadParameter, BadPrice, Overflow};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::price::{MANTISSA_BITS, MAX_DECIMALS, MAX_SHIFT, MIN_EXPO, Price};
use common::{any_price, to_f64, wide_i64, wide_u64};
use proptest::prelude::*;
use ruint::aliases::U256;

/// `10^n`.
fn ten(n: u32) -> U256 {
    U256::from(10u64).pow(U256::from(n))
}

/// A price as an exact fraction of 2¹⁰⁰.
fn exact(price: &Price) -> U256 {
    U256::from(price.mantissa) << (MAX_SHIFT - price.shift) as usize
}

fn is_normal(price: &Price) -> bool {
    price.mantissa >> (MANTISSA_BITS - 1) == 1 && price.shift <= MAX_SHIFT
}

/// A price near another: up to 2⁶⁰ times as much or as little.
fn two_prices() -> impl Strategy<Value = (Price, Price)> {
    prop_oneof![
        (any_price(), any_price()),
        (any_price(), any_price(), 0u32..60).prop_map(|(a, b, by)| {
            let shift = if by % 2 == 0 { a.shift.saturating_sub(by) } else { a.shift + by };
            (a, Price { shift: shift.min(MAX_SHIFT), ..b })
        }),
        any_price().prop_map(|a| (a, a)),
    ]
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    /// `raw = price·10^(expo + 6 − decimals)`, cleared of its denominator on both sides.
    #[test]
    fn a_ratio_is_the_floor_of_the_exact_one(a in any_price(), b in any_price()) {
        // a.mantissa·2^(32 + b.shift − a.shift) / b.mantissa
        let lift = 32 + i64::from(b.shift) - i64::from(a.shift);
        let exact = if lift < 0 {
            U256::ZERO
        } else {
            (U256::from(a.mantissa) << lift as usize) / U256::from(b.mantissa)
        };
        let most = U256::from(RATE_ONE << 30);
        prop_assert_eq!(U256::from(a.ratio(&b).unwrap()), exact.min(most));
        prop_assert_eq!(a.ratio(&Price::default()), Err(BadPrice));
        prop_assert_eq!(Price::default().ratio(&b), Err(BadPrice));
    }

    #[test]
    fn a_decimal_price_is_kept_to_a_relative_error_of_two_to_the_minus_46(
        price in 1..=i64::MAX, bits in 0u32..63, expo in MIN_EXPO..=0, decimals in 0..=MAX_DECIMALS,
    ) {
        let price = (price >> bits).max(1);
        let up = U256::from(price as u64) * ten(6);
        let down = ten(expo.unsigned_abs() + u32::from(decimals));
        match Price::from_decimal(price, expo, decimals) {
            Ok(p) => {
                prop_assert!(is_normal(&p));
                // mantissa·down ≤ up·2^shift < mantissa·down·(1 + 2⁻⁴⁶)
                let (kept, whole) = (U256::from(p.mantissa) * down, up << p.shift as usize);
                prop_assert!(kept <= whole);
                prop_assert!((whole - kept) << 46 < whole);
            }
            Err(error) => {
                prop_assert_eq!(error, BadPrice);
                // 2⁴⁸ micro-units a native unit and more, or less than 2⁻⁵³.
                prop_assert!(up >= down << 48 || up << 53 < down);
            }
        }
    }

    #[test]
    fn what_is_no_price_is_refused(price in wide_i64(), expo in any::<i32>(), decimals in any::<u8>()) {
        let accepted = (MIN_EXPO..=0).contains(&expo) && decimals <= MAX_DECIMALS;
        match Price::from_decimal(price, expo, decimals) {
            Ok(p) => prop_assert!(price > 0 && accepted && is_normal(&p)),
            Err(BadPrice) => prop_assert!(price <= 0 || accepted),
            Err(error) => prop_assert!(error == BadParameter && price > 0 && !accepted),
        }
    }

    #[test]
    fn a_value_is_the_floor_of_quantity_times_price(quantity in wide_i64(), price in any_price()) {
        let product = U256::from(quantity.unsigned_abs()) * U256::from(price.mantissa);
        let (floor, one) = (product >> price.shift as usize, U256::from(1u64) << price.shift as usize);
        let rest = U256::from(product % one != U256::ZERO);
        let floor = i128::try_from(floor + if quantity < 0 { rest } else { U256::ZERO }).unwrap();
        let signed = if quantity < 0 { -floor } else { floor };
        prop_assert_eq!(price.value(quantity), i64::try_from(signed).map_err(|_| Overflow));
    }

    #[test]
    fn is_below_orders_prices_as_their_values((a, b) in two_prices(), c in any_price()) {
        prop_assert_eq!(a.is_below(&b), exact(&a) < exact(&b));
        prop_assert_eq!(b.is_below(&a), exact(&b) < exact(&a));
        prop_assert_eq!(!a.is_below(&b) && !b.is_below(&a), a == b);
        prop_assert!(!(a.is_below(&b) && b.is_below(&c)) || a.is_below(&c));
    }

    #[test]
    fn no_price_is_below_every_price(a in any_price()) {
        prop_assert!(Price::default().is_below(&a));
        prop_assert!(!a.is_below(&Price::default()));
        prop_assert!(!Price::default().is_below(&Price::default()));
    }

    #[test]
    fn a_dearer_asset_is_worth_no_less((a, b) in two_prices(), quantity in 0..=i64::MAX) {
        if let (Ok(x), Ok(y)) = (a.value(quantity), b.value(quantity)) {
            prop_assert!(!a.is_below(&b) || x <= y);
        }
    }

    #[test]
    fn a_simple_return_is_the_floor_of_the_ratio_less_one((a, b) in two_prices()) {
        let ratio: U256 = (exact(&a) << 32) / exact(&b);
        let bound = U256::from(257u64) << 32;
        let expected = i64::try_from(ratio.min(bound)).unwrap() - RATE_ONE as i64;
        prop_assert_eq!(a.simple_return(&b), Ok(expected));
        let plain = (to_f64(&a) / to_f64(&b) - 1.0).min(256.0) * RATE_ONE as f64;
        prop_assert!((expected as f64 - plain).abs() <= 1.0 + plain.abs() * 1e-12);
    }

    #[test]
    fn towards_ends_between_its_ends((a, b) in two_prices(), weight in 0..=RATE_ONE) {
        let moved = a.towards(&b, weight).unwrap();
        prop_assert!(is_normal(&moved));
        let (low, high) = if a.is_below(&b) { (a, b) } else { (b, a) };
        prop_assert!(!moved.is_below(&low) && !high.is_below(&moved));
        prop_assert_eq!(a.towards(&b, 0), Ok(b));
        prop_assert_eq!(a.towards(&b, RATE_ONE), Ok(a));
    }

    #[test]
    fn towards_keeps_the_weight_of_the_distance((a, b) in two_prices(), weight in 0..=RATE_ONE) {
        prop_assume!(a.shift.abs_diff(b.shift) <= 46);
        let moved = to_f64(&a.towards(&b, weight).unwrap());
        let w = weight as f64 / RATE_ONE as f64;
        let plain = to_f64(&a) * w + to_f64(&b) * (1.0 - w);
        prop_assert!((moved - plain).abs() <= plain * 2f64.powi(-46), "{} for {}", moved, plain);
    }

    #[test]
    fn nothing_is_computed_from_a_price_that_is_not_set(a in any_price(), weight in wide_u64()) {
        let none = Price::default();
        prop_assert_eq!(a.simple_return(&none), Err(BadPrice));
        prop_assert_eq!(none.simple_return(&a), Err(BadPrice));
        let refused = if weight > RATE_ONE { BadParameter } else { BadPrice };
        prop_assert_eq!(a.towards(&none, weight), Err(refused));
        prop_assert_eq!(none.towards(&a, weight), Err(refused));
        prop_assert_eq!(none.value(i64::MIN), Ok(0));
    }
}

#[test]
fn known_prices_are_exact() {
    // 64,000.00000000 dollars, 8 decimals: 640 micro-units a native unit.
    let bitcoin = Price::from_decimal(6_400_000_000_000, -8, 8).unwrap();
    assert_eq!(bitcoin.value(100_000_000), Ok(64_000_000_000));
    assert_eq!(bitcoin.value(-1), Ok(-640));
    // 1 dollar at 6 decimals: one micro-unit.
    let dollar = Price::from_decimal(1, 0, 6).unwrap();
    assert_eq!(dollar.value(i64::MIN), Ok(i64::MIN));
    assert_eq!(dollar.value(i64::MAX), Ok(i64::MAX));
}

/// The scale ends where it says, on either way through normalisation.
#[test]
fn a_price_below_the_scale_is_refused() {
    assert_eq!(Price::from_decimal(1, -12, 12), Err(BadPrice));
    let least = (1..1_000).map(|p| Price::from_decimal(p, -12, 12)).find_map(Result::ok).unwrap();
    assert_eq!(least.shift, MAX_SHIFT);
}
