//! What a loan costs: never less than it should, and only by a rounding more.

use ballast_risk::RiskError;
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::interest::{Curve, INDEX_ONE, YEAR_S, grown, owed, utilisation};
use proptest::prelude::*;

const CURVE: Curve = Curve { base_bps: 200, at_kink_bps: 1_000, at_full_bps: 10_000, kink_bps: 8_000 };

#[test]
fn the_curve_passes_through_its_three_points() {
    for (utilisation, bps) in [(0, 200), (8_000, 1_000), (10_000, 10_000)] {
        let rate = CURVE.rate(rate_from_bps(utilisation)).unwrap();
        assert!(rate.abs_diff(rate_from_bps(bps)) <= 8, "{utilisation} {rate}");
    }
    let half = CURVE.rate(rate_from_bps(4_000)).unwrap();
    assert!(half.abs_diff(rate_from_bps(600)) <= 2);
    assert_eq!(CURVE.rate(u64::MAX), CURVE.rate(RATE_ONE), "more than everything is everything");
}

#[test]
fn a_curve_that_falls_or_has_no_kink_is_refused() {
    for bad in [
        Curve { base_bps: 1_001, ..CURVE },
        Curve { at_full_bps: 999, ..CURVE },
        Curve { kink_bps: 0, ..CURVE },
        Curve { kink_bps: 10_000, ..CURVE },
    ] {
        assert_eq!(bad.rate(0), Err(RiskError::BadParameter));
    }
}

#[test]
fn nothing_lent_is_no_utilisation_and_everything_lent_is_full() {
    assert_eq!(utilisation(0, 0), 0);
    assert_eq!(utilisation(5, 0), RATE_ONE);
    assert_eq!(utilisation(1, 3), RATE_ONE / 4);
    assert_eq!(utilisation(u64::MAX, u64::MAX), RATE_ONE / 2);
}

#[test]
fn ten_percent_a_year_are_ten_percent() {
    let index = grown(INDEX_ONE, rate_from_bps(1_000), YEAR_S).unwrap();
    let interest = owed(1_000_000_000, INDEX_ONE, index).unwrap();
    assert!((100_000_000..=100_000_001).contains(&interest), "{interest}");
}

#[test]
fn a_poker_changes_a_day_of_interest_by_less_than_a_thousandth() {
    let rate = rate_from_bps(1_000);
    let once = grown(INDEX_ONE, rate, 86_400).unwrap() - INDEX_ONE;
    let poked = (0..8_640).fold(INDEX_ONE, |index, _| grown(index, rate, 10).unwrap()) - INDEX_ONE;
    assert!(poked >= once && (poked - once) * 1_000 < once, "{once} {poked}");
}

#[test]
fn an_index_at_the_end_of_its_range_stands_still() {
    assert_eq!(grown(u64::MAX - 1, RATE_ONE, YEAR_S), Ok(u64::MAX - 1));
    assert_eq!(owed(7, 0, 1), Err(RiskError::BadParameter));
    assert_eq!(owed(u64::MAX, 1, u64::MAX), Err(RiskError::Overflow));
}

proptest! {
    #[test]
    fn interest_is_never_less_than_its_true_value(
        loan in 1u64..1 << 50, bps in 0u32..50_000, seconds in 0u64..86_401, turns in 1usize..20,
    ) {
        let rate = rate_from_bps(bps);
        let (mut index, mut exact) = (INDEX_ONE, 1.0f64);
        for _ in 0..turns {
            index = grown(index, rate, seconds).unwrap();
            exact *= 1.0 + rate as f64 / RATE_ONE as f64 * seconds as f64 / YEAR_S as f64;
        }
        let (interest, truth) = (owed(loan, INDEX_ONE, index).unwrap() as f64, loan as f64 * (exact - 1.0));
        prop_assert!(interest >= truth * (1.0 - 1e-9) - 1e-3, "{interest} {truth}");
        // A unit of the index each step is the rounding.
        let slack = turns as f64 * loan as f64 * exact * 2f64.powi(-39) + 1.0;
        prop_assert!(interest <= truth * (1.0 + 1e-9) + slack, "{interest} {truth}");
    }

    #[test]
    fn dearer_when_more_is_lent(a in 0u64..=RATE_ONE, b in 0u64..=RATE_ONE) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(CURVE.rate(low).unwrap() <= CURVE.rate(high).unwrap() + 1);
    }
}
