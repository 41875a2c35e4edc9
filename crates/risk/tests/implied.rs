//! Facts of implied volatility: it is scaled to the horizon, rises slowly, falls at once, and is forgotten.

mod common;

use ballast_risk::fixed::RATE_ONE;
use ballast_risk::implied::{DOUBLING_S, Implied, MAX_AGE_S, YEAR_S, over_horizon};
use common::{UNIT, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

/// σ of an hour, a rate.
fn sigma() -> impl Strategy<Value = u64> {
    RATE_ONE / 2_000..RATE_ONE / 2
}

/// An annualised volatility beyond any that an hour can have.
const WILD: u64 = 1 << 40;

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn volatility_scales_with_the_root_of_time(annual in 0u64..1 << 36, horizon_s in 60u32..1_000_000) {
        let exact = annual as f64 * (f64::from(horizon_s) / YEAR_S as f64).sqrt();
        let got = over_horizon(annual, horizon_s).unwrap() as f64;
        // The root is rounded down by less than 2⁻³², the product by less than a unit.
        prop_assert!(got <= exact && got >= exact.min(UNIT) - annual as f64 / UNIT - 2.0, "{} for {}", got, exact);
    }

    /// However often it is published, at most twice as much in an hour, from the larger of it and what is lived.
    #[test]
    fn it_doubles_in_an_hour_at_most(from in sigma(), live in sigma(), waits in prop::collection::vec(0i64..2_000, 1..30)) {
        let (mut implied, mut now) = (Implied { sigma: from, time: 0 }, 0);
        for wait in &waits {
            now += wait;
            implied.observe(WILD, 3_600, live, now).unwrap();
        }
        let most = from.max(live) as f64 * (now as f64 / DOUBLING_S as f64).exp2();
        prop_assert!(implied.sigma as f64 <= most * (1.0 + waits.len() as f64 * 5e-9) + 1.0);
        prop_assert!(implied.sigma >= from.max(live).min(RATE_ONE - 1) && implied.time == now);
    }

    #[test]
    fn it_falls_at_once(from in sigma(), live in sigma(), annual in 0u64..1 << 30, wait in 0i64..10_000) {
        let mut implied = Implied { sigma: from, time: 0 };
        let published = over_horizon(annual, 3_600).unwrap();
        prop_assume!(published <= from);
        implied.observe(annual, 3_600, live, wait).unwrap();
        prop_assert_eq!(implied, Implied { sigma: published, time: wait });
    }

    #[test]
    fn it_is_forgotten_when_nobody_refreshes_it(sigma in sigma(), time in 0i64..1 << 40, age in 0i64..100_000) {
        let at = Implied { sigma, time }.at(time + age);
        prop_assert_eq!(at, if age <= MAX_AGE_S { sigma } else { 0 });
    }

    #[test]
    fn no_input_panics(annual in wide_u64(), horizon_s in wide_u32(), sigma in wide_u64(), live in wide_u64(), time in wide_i64(), now in wide_i64()) {
        let mut implied = Implied { sigma, time };
        if implied.observe(annual, horizon_s, live, now).is_ok() {
            prop_assert!(implied.at(now) < RATE_ONE);
        }
        let _ = implied.at(time);
    }
}
