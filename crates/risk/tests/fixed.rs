//! Facts of the fixed-point arithmetic: products against 256 bits, functions against `f64` (53 bits,
//! a thousand times finer than any bound stated here).

mod common;

use ballast_risk::RiskError::{BadParameter, Overflow};
use ballast_risk::fixed::{
    RATE_ONE, VAR_ONE, charge, credit, decay, exp, exp2_neg, ln, mul_div_ceil, mul_div_floor,
    mul_div_floor_signed, rate_from_bps, sigma_from_variance,
};
use common::{UNIT, wide_i64, wide_u64};
use proptest::prelude::*;
use ruint::aliases::U256;

/// Stated bounds, units of 2⁻³².
const EXP2_ERROR: f64 = 9.0;
const LN_ERROR: f64 = 8.0;
/// By how much `exp2_neg` may rise where it should fall, units.
const EXP2_WOBBLE: u64 = 6;

/// `a·b` and what `c` leaves of it.
fn quotient(a: u64, b: u64, c: u64) -> (U256, bool) {
    let (product, c) = (U256::from(a) * U256::from(b), U256::from(c));
    (product / c, product % c != U256::ZERO)
}

fn fits(wide: U256) -> Option<u64> {
    u64::try_from(wide).ok()
}

/// Fractions of `exp2_neg`, in every magnitude and next to every power of two.
fn fraction() -> impl Strategy<Value = u64> {
    wide_u64().prop_map(|x| x & (RATE_ONE - 1))
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn mul_div_is_the_floor_or_the_ceiling_of_the_exact_quotient(
        a in wide_u64(), b in wide_u64(), c in wide_u64(),
    ) {
        if c == 0 {
            prop_assert_eq!(mul_div_floor(a, b, c), Err(BadParameter));
            prop_assert_eq!(mul_div_ceil(a, b, c), Err(BadParameter));
        } else {
            let (floor, rest) = quotient(a, b, c);
            prop_assert_eq!(mul_div_floor(a, b, c), fits(floor).ok_or(Overflow));
            prop_assert_eq!(mul_div_ceil(a, b, c), fits(floor + U256::from(rest)).ok_or(Overflow));
        }
    }

    #[test]
    fn signed_mul_div_rounds_towards_minus_infinity(a in wide_i64(), b in wide_i64(), c in wide_i64()) {
        if c == 0 {
            prop_assert_eq!(mul_div_floor_signed(a, b, c), Err(BadParameter));
        } else {
            let negative = (a < 0) ^ (b < 0) ^ (c < 0);
            let (magnitude, rest) = quotient(a.unsigned_abs(), b.unsigned_abs(), c.unsigned_abs());
            let magnitude = i128::try_from(magnitude).unwrap();
            let floor = if negative { -magnitude - i128::from(rest) } else { magnitude };
            prop_assert_eq!(mul_div_floor_signed(a, b, c), i64::try_from(floor).map_err(|_| Overflow));
        }
    }

    #[test]
    fn a_charge_is_rounded_up_and_a_credit_down(value in wide_u64(), rate in wide_u64()) {
        let (floor, rest) = quotient(value, rate, RATE_ONE);
        prop_assert_eq!(credit(value, rate), fits(floor).ok_or(Overflow));
        prop_assert_eq!(charge(value, rate), fits(floor + U256::from(rest)).ok_or(Overflow));
    }

    #[test]
    fn a_rate_of_basis_points_is_below_the_exact_one_by_less_than_a_unit(bps in any::<u32>()) {
        prop_assert_eq!(rate_from_bps(bps), mul_div_floor(bps.into(), RATE_ONE, 10_000).unwrap());
    }

    #[test]
    fn sigma_is_the_root_of_variance_rounded_down(variance in wide_u64(), step in wide_u64()) {
        let sigma = sigma_from_variance(variance);
        // σ² ≤ v·2¹⁶ < (σ + error)²
        let square = |x: u64| u128::from(x) * u128::from(x);
        let error = if variance < VAR_ONE { 1 } else { 1 << 8 };
        prop_assert!(square(sigma) <= u128::from(variance) << 16);
        prop_assert!(square(sigma + error) > u128::from(variance) << 16);
        prop_assert!(sigma_from_variance(variance.saturating_add(step)) >= sigma);
    }

    #[test]
    fn exp2_neg_keeps_its_error_bound(fraction in fraction(), whole in 0u64..70) {
        let x = whole * RATE_ONE + fraction;
        let exact = UNIT * (-(x as f64) / UNIT).exp2();
        let got = exp2_neg(x);
        prop_assert!(got <= RATE_ONE);
        prop_assert!((got as f64 - exact).abs() <= EXP2_ERROR, "{} for {}", got, exact);
    }

    #[test]
    fn exp2_neg_falls_to_within_its_error(x in wide_u64(), step in wide_u64()) {
        prop_assert!(exp2_neg(x.saturating_add(step)) <= exp2_neg(x) + EXP2_WOBBLE);
        prop_assert!(exp2_neg(x | 0xffff) <= exp2_neg(x) + EXP2_WOBBLE);
    }

    #[test]
    fn decay_keeps_its_error_bound(elapsed in 0u64..1 << 32, half_life in 1u64..1 << 32) {
        let exact = UNIT * (-(elapsed as f64) / half_life as f64).exp2();
        prop_assert!((decay(elapsed, half_life).unwrap() as f64 - exact).abs() <= EXP2_ERROR);
    }

    /// However often a state is brought up to date, it has forgotten as much.
    #[test]
    fn decay_in_two_steps_is_decay_in_one(a in 0u64..1 << 31, b in 0u64..1 << 31, half_life in 1u64..1 << 31) {
        let [first, second, both] = [a, b, a + b].map(|t| decay(t, half_life).unwrap());
        let product = credit(first, second).unwrap();
        // Each factor is off by at most its bound, and the other is at most one.
        prop_assert!(product.abs_diff(both) as f64 <= 3.0 * EXP2_ERROR + 1.0);
    }

    #[test]
    fn decay_answers_everywhere(elapsed in wide_u64(), half_life in wide_u64()) {
        match decay(elapsed, half_life) {
            Ok(weight) => prop_assert!(weight <= RATE_ONE && half_life > 0),
            Err(error) => prop_assert!(error == BadParameter && half_life == 0),
        }
    }

    #[test]
    fn ln_keeps_its_error_bound(x in wide_u64()) {
        if x == 0 {
            prop_assert_eq!(ln(x), Err(BadParameter));
        } else {
            let exact = UNIT * (x as f64 / UNIT).ln();
            prop_assert!((ln(x).unwrap() as f64 - exact).abs() <= LN_ERROR);
        }
    }

    #[test]
    fn ln_never_falls(x in 1..=u64::MAX, step in wide_u64()) {
        prop_assert!(ln(x.saturating_add(step)).unwrap() >= ln(x).unwrap());
    }

    #[test]
    fn exp_keeps_its_error_bound(x in prop_oneof![wide_i64(), -(100i64 << 32)..(22i64 << 32)]) {
        let exact = UNIT * (x as f64 / UNIT).exp();
        let bound = exact * 2f64.powi(-27) + 1.0;
        match exp(x) {
            Ok(got) => prop_assert!((got as f64 - exact).abs() <= bound, "{} for {}", got, exact),
            Err(error) => prop_assert!(error == Overflow && exact + bound >= 2f64.powi(31 + 32)),
        }
    }

    #[test]
    fn exp_undoes_ln(x in (1u64 << 20)..1 << 60) {
        let back = exp(ln(x).unwrap()).unwrap() as f64;
        prop_assert!((back - x as f64).abs() <= x as f64 * 2f64.powi(-26) + 1.0);
    }
}

#[test]
fn fixed_points_are_exact() {
    assert_eq!(exp2_neg(0), RATE_ONE);
    assert_eq!(exp2_neg(RATE_ONE), RATE_ONE / 2);
    assert_eq!(exp2_neg(63 * RATE_ONE), 0);
    assert_eq!(exp2_neg(32 * RATE_ONE), 1);
    assert_eq!(exp2_neg(u64::MAX), 0);
    assert_eq!(decay(0, 1), Ok(RATE_ONE));
    assert_eq!(decay(3_600, 3_600), Ok(RATE_ONE / 2));
    assert_eq!(exp(0), Ok(RATE_ONE));
    assert_eq!(exp(i64::MIN), Ok(0));
    assert_eq!(exp(i64::MAX), Err(Overflow));
    assert_eq!(ln(RATE_ONE), Ok(0));
    assert_eq!(rate_from_bps(10_000), RATE_ONE);
    assert_eq!(sigma_from_variance(VAR_ONE), RATE_ONE);
}

/// The bound says something: there are fractions that come near it.
#[test]
fn the_worst_fraction_is_close_to_the_stated_bound() {
    let worst = (0..1u64 << 16).map(|high| {
        let x = high << 16 | 0xffff;
        (exp2_neg(x) as f64 - UNIT * (-(x as f64) / UNIT).exp2()).abs()
    });
    let worst = worst.fold(0.0, f64::max);
    assert!(worst > EXP2_ERROR / 4.0 && worst <= EXP2_ERROR, "{worst}");
}
