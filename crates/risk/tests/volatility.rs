//! Facts of the volatility estimate: what poking changes (nothing), what a halt does, and how far
//! the integers stray from the formula.

mod common;

use ballast_risk::RiskError::{BadParameter, BadPrice};
use ballast_risk::fixed::{RATE_ONE, VAR_BITS, VAR_ONE};
use ballast_risk::forecast::{ForecastWeights, SHORT_SPEED};
use ballast_risk::price::Price;
use ballast_risk::volatility::{MAX_VARIANCE, VolatilityParams, VolatilityState};
use common::{UNIT, any_price, any_weights, from_f64, to_f64, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

/// As a crypto asset would be listed: a cell of five minutes, 6 h and 72 h, σ of an hour.
const PARAMS: VolatilityParams = VolatilityParams {
    grid_s: 300,
    fast_half_life_s: 21_600,
    slow_half_life_s: 259_200,
    horizon_s: 3_600,
    floor: RATE_ONE / 1_000,
    weights: ForecastWeights::REFERENCE,
};

fn params() -> impl Strategy<Value = VolatilityParams> {
    (1u32..7_200, 0u32..7_200, 0u32..100_000, 0u32..1_000_000, 1..RATE_ONE / 10).prop_map(
        |(grid_s, wider, fast, slow, floor)| VolatilityParams {
            grid_s,
            fast_half_life_s: grid_s + fast,
            slow_half_life_s: grid_s + fast + slow,
            horizon_s: grid_s + wider,
            floor,
            weights: ForecastWeights::REFERENCE,
        },
    )
}

/// Refreshes with strictly later publish times: seconds to hours apart, now and then weeks, and
/// moves from nothing to a crash.
fn path() -> impl Strategy<Value = Vec<(Price, i64)>> {
    let wait = prop_oneof![6 => 1i64..60, 6 => 60i64..7_200, 1 => 7_200i64..3_000_000];
    let jump = prop_oneof![8 => -0.01..0.01, 2 => -0.2..0.2, 1 => -3.0..3.0, 1 => Just(0.0)];
    (1i64..2_000_000_000, prop::collection::vec((wait, jump), 1..60)).prop_map(|(start, steps)| {
        let (mut time, mut log) = (start, 0.0f64);
        let step = |(wait, jump): (i64, f64)| {
            time += wait;
            log = (log + jump).clamp(-12.0, 12.0);
            (from_f64(log.exp()), time)
        };
        steps.into_iter().map(step).collect()
    })
}

fn cell(time: i64, params: &VolatilityParams) -> i64 {
    time.div_euclid(params.grid_s.into())
}

/// The formula in floating point, with a bound on how far the integers may stray from it.
struct Reference {
    sample: f64,
    time: i64,
    /// Short, fast, slow.
    variances: [(f64, f64); 3],
}

impl Reference {
    /// A unit of rates, of variances, and the error of a decay.
    const RATE_UNIT: f64 = 1.0 / UNIT;
    const VAR_UNIT: f64 = 1.0 / VAR_ONE as f64;
    const DECAY_ERROR: f64 = 9.0 * Self::RATE_UNIT;
    /// Of its third power, and what rounding adds.
    const SHORT_DECAY_ERROR: f64 = 30.0 * Self::RATE_UNIT;

    fn close(&mut self, params: &VolatilityParams, price: f64, time: i64) {
        let elapsed = (time - self.time) as f64;
        let scale = f64::from(params.horizon_s) / elapsed;
        let r = (price / self.sample - 1.0).abs().min(16.0);
        let new = r * r * scale;
        let new_error = (2.0 * r + Self::RATE_UNIT) * Self::RATE_UNIT * scale + 2.0 * Self::VAR_UNIT;
        let fast = f64::from(params.fast_half_life_s);
        let averages = [
            (fast / f64::from(SHORT_SPEED), Self::SHORT_DECAY_ERROR),
            (fast, Self::DECAY_ERROR),
            (f64::from(params.slow_half_life_s), Self::DECAY_ERROR),
        ];
        for (at, (half_life, decay_error)) in averages.into_iter().enumerate() {
            let (old, error) = self.variances[at];
            let kept = (-elapsed / half_life).exp2();
            let value = (kept * old + (1.0 - kept) * new).min(1.0);
            let error = (kept + decay_error) * error
                + (1.0 - kept + decay_error) * new_error
                + decay_error * (old - new).abs()
                + Self::VAR_UNIT
                + value * 1e-14;
            self.variances[at] = (value, error);
        }
        (self.sample, self.time) = (price, time);
    }
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    /// Who refreshes more often moves no margin: only the first refresh of a cell is a sample.
    #[test]
    fn poking_inside_a_cell_changes_nothing(
        params in params(), path in path(), prior in 0..RATE_ONE,
        pokes in prop::collection::vec((any::<prop::sample::Index>(), 0i64..7_200, any_price()), 0..60),
    ) {
        let mut plain = VolatilityState::with_prior(prior);
        let mut poked = plain;
        for (at, &(price, time)) in path.iter().enumerate() {
            prop_assert_eq!(plain.observe(&params, &price, time), poked.observe(&params, &price, time));
            let until = path.get(at + 1).map_or(i64::MAX, |next| next.1);
            for (_, after, price) in pokes.iter().filter(|poke| poke.0.index(path.len()) == at) {
                let time = (time + after).min(until);
                if cell(time, &params) == cell(path[at].1, &params) {
                    poked.observe(&params, price, time).unwrap();
                }
            }
            prop_assert_eq!(plain, poked);
        }
    }

    #[test]
    fn live_sigma_is_at_least_the_closed_one_and_the_floor(
        params in params(), path in path(), prior in 0..RATE_ONE,
    ) {
        let mut state = VolatilityState::with_prior(prior);
        for (price, time) in path {
            let live = state.observe(&params, &price, time).unwrap();
            let closed = state.live(&params);
            prop_assert!(live.sigma >= closed.sigma && closed.sigma >= params.floor);
            prop_assert!(live.forecast >= closed.forecast);
            prop_assert_eq!(closed.sigma, state.sigma(&params));
            prop_assert!(live.sigma < RATE_ONE && live.forecast < RATE_ONE);
        }
    }

    #[test]
    fn the_state_follows_the_formula(params in params(), path in path(), prior in 1u64 << 20..RATE_ONE) {
        let mut state = VolatilityState::with_prior(prior);
        let start = (prior as f64 / UNIT).powi(2);
        let variances = [(start, Reference::VAR_UNIT); 3];
        let mut reference = Reference { sample: to_f64(&path[0].0), time: path[0].1, variances };
        for (price, time) in path {
            let first_of_its_cell = cell(time, &params) > cell(reference.time, &params);
            state.observe(&params, &price, time).unwrap();
            if first_of_its_cell {
                reference.close(&params, to_f64(&price), time);
            }
            for (kept, (value, error)) in [state.short, state.fast, state.slow].into_iter().zip(reference.variances) {
                let kept = kept as f64 / VAR_ONE as f64;
                prop_assert!((kept - value).abs() <= error, "{} for {} ± {}", kept, value, error);
            }
        }
    }

    /// In ordinary use the strayed distance is nothing to speak of.
    #[test]
    fn the_state_follows_the_formula_closely_on_the_default_grid(
        moves in prop::collection::vec(-0.02f64..0.02, 50..200),
    ) {
        let mut state = VolatilityState::with_prior(RATE_ONE / 100);
        let mut reference = Reference { sample: 1.0, time: 0, variances: [(1e-4, 0.0); 3] };
        let (mut price, mut time) = (from_f64(1.0), 0);
        state.observe(&PARAMS, &price, time).unwrap();
        for r in moves {
            price = from_f64(to_f64(&price) * (1.0 + r));
            time += i64::from(PARAMS.grid_s);
            state.observe(&PARAMS, &price, time).unwrap();
            reference.close(&PARAMS, to_f64(&price), time);
        }
        for (kept, (value, _)) in [state.short, state.fast, state.slow].into_iter().zip(reference.variances) {
            let kept = kept as f64 / VAR_ONE as f64;
            prop_assert!((kept / value - 1.0).abs() <= 1e-5, "{} for {}", kept, value);
        }
    }

    /// Nothing is blind between samples.
    #[test]
    fn a_fall_just_after_a_sample_raises_sigma_at_once(after in 0i64..300, fall in 0.03f64..0.9) {
        let mut state = VolatilityState::with_prior(RATE_ONE / 250);
        state.observe(&PARAMS, &from_f64(1.0), 0).unwrap();
        let closed = state;
        let live = state.observe(&PARAMS, &from_f64(1.0 - fall), after).unwrap().sigma as f64 / UNIT;
        prop_assert_eq!(state, closed);
        // (1 − λ)·r²·H/Δt → r²·ln 2·H/half-life, whatever Δt ≪ half-life is, and the mean over both: 2.5 % for a tenth.
        let speeds = (1.0 / 21_600.0 + 1.0 / 259_200.0) / 2.0;
        let least = fall * (2f64.ln() * 3_600.0 * speeds).sqrt() * 0.99;
        prop_assert!(live >= least.clamp(0.004, 0.999), "{} after a fall of {}", live, fall);
    }

    #[test]
    fn the_further_a_price_has_moved_the_higher_are_live_sigma_and_forecast(
        prior in 0..RATE_ONE, after in 1i64..300, near in 0f64..0.9, further in 0f64..0.09,
    ) {
        let live = |fall: f64| {
            let mut state = VolatilityState::with_prior(prior);
            state.observe(&PARAMS, &from_f64(1.0), 0).unwrap();
            state.observe(&PARAMS, &from_f64(1.0 - fall), after).unwrap()
        };
        let (near, further) = (live(near), live(near + further));
        prop_assert!(further.sigma >= near.sigma && further.forecast >= near.forecast);
    }

    /// A halt of weeks is one long sample: it forgets the past, and is no spike.
    #[test]
    fn a_halt_is_one_long_sample(weeks in 4i64..500, fall in 0.0f64..0.5, prior in 1u64 << 24..RATE_ONE / 2) {
        let mut state = VolatilityState::with_prior(prior);
        state.observe(&PARAMS, &from_f64(1.0), 0).unwrap();
        let elapsed = weeks * 604_800;
        state.observe(&PARAMS, &from_f64(1.0 - fall), elapsed).unwrap();
        let realised = fall * fall * 3_600.0 / elapsed as f64;
        let left = (-(elapsed as f64) / 21_600.0).exp2() * (prior as f64 / UNIT).powi(2);
        let fast = state.fast as f64 / VAR_ONE as f64;
        prop_assert!((fast - realised - left).abs() <= realised * 1e-6 + 1e-8, "{} for {}", fast, realised);
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_is_harmless(price in any_price(), again in any_price(), back in 0i64..1 << 40) {
        let mut state = VolatilityState::with_prior(RATE_ONE / 100);
        state.observe(&PARAMS, &price, 1_000).unwrap();
        let before = state;
        let live = state.observe(&PARAMS, &again, 1_000i64.saturating_sub(back)).unwrap();
        prop_assert_eq!(state, before);
        prop_assert!(live.sigma >= before.sigma(&PARAMS) && live.sigma < RATE_ONE);
    }

    #[test]
    fn a_prior_is_where_sigma_starts(prior in 1u64 << 17..RATE_ONE) {
        let state = VolatilityState::with_prior(prior);
        let params = VolatilityParams { floor: 1, ..PARAMS };
        prop_assert!((prior..=prior + 1).contains(&state.sigma(&params).max(prior)));
        prop_assert!(state.sigma(&params) >= prior.min(RATE_ONE - 2));
    }

    #[test]
    fn variance_has_a_cap_and_sigma_stays_below_one(
        prior in wide_u64(), path in prop::collection::vec((any_price(), wide_i64()), 0..10), params in params(),
    ) {
        let mut state = VolatilityState::with_prior(prior);
        for (price, time) in path {
            prop_assert!(state.observe(&params, &price, time).unwrap().sigma < RATE_ONE);
            prop_assert!(state.short <= MAX_VARIANCE);
            prop_assert!(state.fast <= MAX_VARIANCE && state.slow <= MAX_VARIANCE);
        }
    }

    #[test]
    fn validated_parameters_never_fail_and_others_never_panic(
        periods in (wide_u32(), wide_u32(), wide_u32(), wide_u32()), floor in wide_u64(),
        weights in any_weights(), variances in (wide_u64(), wide_u64(), wide_u64()), times in (wide_i64(), wide_i64()), prices in (any_price(), any_price()),
    ) {
        let (grid_s, fast_half_life_s, slow_half_life_s, horizon_s) = periods;
        let params = VolatilityParams { grid_s, fast_half_life_s, slow_half_life_s, horizon_s, floor, weights };
        let (short, fast, slow) = variances;
        let mut state = VolatilityState { short, fast, slow, sample: prices.0, sample_time: times.0 };
        let observed = state.observe(&params, &prices.1, times.1);
        match params.validate() {
            Ok(()) => prop_assert!(observed.unwrap().sigma < RATE_ONE),
            Err(error) => prop_assert_eq!(error, BadParameter),
        }
    }
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    assert_eq!(PARAMS.validate(), Ok(()));
    for broken in [
        VolatilityParams { grid_s: 0, ..PARAMS },
        VolatilityParams { grid_s: 3_601, ..PARAMS },
        VolatilityParams { fast_half_life_s: 299, ..PARAMS },
        VolatilityParams { fast_half_life_s: 259_201, ..PARAMS },
        VolatilityParams { horizon_s: 0, ..PARAMS },
        VolatilityParams { floor: 0, ..PARAMS },
        VolatilityParams { floor: RATE_ONE, ..PARAMS },
        VolatilityParams {
            weights: ForecastWeights { short: PARAMS.weights.short + 1, ..PARAMS.weights },
            ..PARAMS
        },
    ] {
        assert_eq!(broken.validate(), Err(BadParameter), "{broken:?}");
    }
}

#[test]
fn a_price_that_is_not_set_is_no_sample() {
    let mut state = VolatilityState::with_prior(RATE_ONE / 100);
    state.observe(&PARAMS, &from_f64(1.0), 0).unwrap();
    let before = state;
    assert_eq!(state.observe(&PARAMS, &Price::default(), 10_000), Err(BadPrice));
    assert_eq!(state, before);
    assert_eq!(VAR_BITS, 48);
}
