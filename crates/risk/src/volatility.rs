//! Two-speed realised volatility from irregular refreshes.
//!
//! Variance is sampled on a fixed grid of time: the first refresh inside a new cell closes the
//! interval since the last sample, and only that. Whoever pokes more often inside a cell changes
//! nothing; whoever pokes less often makes the sample longer, and it enters with the weight of the
//! time it spans:
//!
//! ```text
//! v ← λ·v + (1 − λ)·r²·(horizon / Δt),     λ = 2^(−Δt / half-life)
//! ```
//!
//! Nothing is blind between samples: the *open* interval is put through the same formula at every
//! refresh, and where that gives more than the closed samples do, it counts at once
//! (`live σ = max(σ, open σ)`).
//!
//! Two averages are kept, fast and slow, and `σ² = ½·(v_fast + v_slow)`: the fast one brings margin up
//! within hours, the slow one keeps it there. On hourly data this covers crashes more evenly than the
//! larger of both does at slower half-lives, at the same margin (decision 012). A third, short average
//! takes the same samples with `λ³` for the fast one's `λ`; it enters the [`forecast`](crate::forecast)
//! only.
//!
//! Source of the estimator: J.P. Morgan/Reuters, *RiskMetrics Technical Document* (1996), section
//! 5.2, with elapsed-time weights in place of a regular clock.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, VAR_BITS, VAR_ONE, decay, sigma_from_variance, wide};
use crate::forecast::{ForecastWeights, SHORT_SPEED};
use crate::price::Price;

/// Largest variance kept: σ = 100 % an horizon. A larger move still enters the scenarios; σ beyond
/// this would leave the domain of the scenario arithmetic.
pub const MAX_VARIANCE: u64 = VAR_ONE - 1;
/// Largest |return| that is squared: 1,600 %.
const MAX_SQUARED_RETURN: u64 = 16 * RATE_ONE;

/// How variance is sampled and weighted. Checked by [`VolatilityParams::validate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolatilityParams {
    /// Width of a grid cell, seconds.
    pub grid_s: u32,
    /// Half-life of the fast average, seconds.
    pub fast_half_life_s: u32,
    /// Half-life of the slow average, seconds.
    pub slow_half_life_s: u32,
    /// The period that σ speaks of, seconds.
    pub horizon_s: u32,
    /// σ is never below this, a rate.
    pub floor: u64,
    /// What the averages weigh in the forecast.
    pub weights: ForecastWeights,
}

impl VolatilityParams {
    /// # Errors
    /// [`RiskError::BadParameter`] if a period is zero, the fast half-life exceeds the slow one, the
    /// grid exceeds the horizon, the floor is zero or reaches 100 %, or
    /// [`ForecastWeights::validate`] refuses the weights.
    pub fn validate(&self) -> Result<()> {
        let fine = self.grid_s > 0
            && self.grid_s <= self.horizon_s
            && self.fast_half_life_s >= self.grid_s
            && self.fast_half_life_s <= self.slow_half_life_s
            && self.floor > 0
            && self.floor < RATE_ONE;
        if fine { self.weights.validate() } else { Err(RiskError::BadParameter) }
    }
}

/// What the averages say over the next horizon, rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Live {
    /// σ, never below the floor: what scales the scenarios.
    pub sigma: u64,
    /// σ̂ of the forecast, on either side of σ: what [`forecast::addon`](crate::forecast::addon) tops up to.
    pub forecast: u64,
}

/// The closed samples of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VolatilityState {
    /// Short average of variance per horizon, 2⁻⁴⁸. From a prior on, at most [`SHORT_SPEED`] times `fast`.
    pub short: u64,
    /// Fast average of variance per horizon, 2⁻⁴⁸.
    pub fast: u64,
    /// Slow average of variance per horizon, 2⁻⁴⁸.
    pub slow: u64,
    /// Price at the last sample; unset before the first.
    pub sample: Price,
    /// Publish time of the last sample, unix seconds.
    pub sample_time: i64,
}

/// `r²·(horizon/Δt)` in 2⁻⁴⁸, rounded up: at most 88 bits.
///
/// Not bounded by [`MAX_VARIANCE`]: a fall of a tenth in one second is a variance of 36 an hour, and what
/// it weighs is one second. Bounding it before it is weighed would blind the estimate to the fastest moves.
fn realised(r: i64, elapsed_s: u64, horizon_s: u64) -> u128 {
    let r = u128::from(r.unsigned_abs().min(MAX_SQUARED_RETURN));
    // r² is in 2⁻⁶⁴: 72 bits; times the horizon (32 bits) stays far below 128.
    let per_horizon = (r * r * u128::from(horizon_s)).div_ceil(u128::from(elapsed_s));
    (per_horizon + 0xffff) >> (64 - VAR_BITS)
}

/// `λ·old + (1 − λ)·new`, rounded up by less than one unit and bounded by [`MAX_VARIANCE`].
fn blend(old: u64, new: u128, weight: u64) -> u64 {
    let sum = wide(old, weight) + new * u128::from(RATE_ONE - weight);
    u64::try_from((sum + u128::from(RATE_ONE - 1)) >> RATE_BITS).unwrap_or(MAX_VARIANCE).min(MAX_VARIANCE)
}

/// `λ³`: what the short average keeps where the fast one keeps `λ`, a rate, rounded down by less than three
/// units. Two products cost a fraction of another [`decay`].
///
/// Rounding leaves `1 − λ³ ≤ 3·(1 − λ)` intact, and with it the bound on the forecast: in whole units
/// `(1 − a)(1 − b) = 1 − a − b + ab`, of which only `ab` is rounded, and not below zero.
fn short_weight(fast: u64) -> u64 {
    const { assert!(SHORT_SPEED == 3) };
    // Factors below 2³², so that 64 bits hold the product; after a second or more no weight is one whole.
    let product = |a: u64, b: u64| (a * b) >> RATE_BITS;
    let one = fast.min(RATE_ONE - 1);
    product(product(one, one), one)
}

impl VolatilityState {
    /// A state that starts at a prior σ, a rate; one of 100 % or more counts as just below it.
    #[must_use]
    pub fn with_prior(sigma: u64) -> Self {
        let variance = wide(sigma, sigma).div_ceil(1 << (2 * RATE_BITS - VAR_BITS));
        let variance = u64::try_from(variance).unwrap_or(MAX_VARIANCE).min(MAX_VARIANCE);
        Self { short: variance, fast: variance, slow: variance, ..Self::default() }
    }

    /// The state as it would stand if the open interval closed now.
    fn closed_at(&self, params: &VolatilityParams, price: &Price, time: i64) -> Result<Self> {
        let elapsed = time.saturating_sub(self.sample_time).max(1) as u64;
        let new = realised(price.simple_return(&self.sample)?, elapsed, params.horizon_s.into());
        let fast = decay(elapsed, params.fast_half_life_s.into())?;
        let slow = decay(elapsed, params.slow_half_life_s.into())?;
        Ok(Self {
            short: blend(self.short, new, short_weight(fast)),
            fast: blend(self.fast, new, fast),
            slow: blend(self.slow, new, slow),
            sample: *price,
            sample_time: time,
        })
    }

    /// Takes a price published at `time`, and returns what is live: σ and its forecast over the horizon.
    ///
    /// A sample closes only where `time` lies in a later grid cell than the last sample.
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] for an unset price, [`RiskError::BadParameter`] for parameters that
    /// [`VolatilityParams::validate`] refuses.
    pub fn observe(&mut self, params: &VolatilityParams, price: &Price, time: i64) -> Result<Live> {
        if !self.sample.is_set() {
            self.sample = *price;
            self.sample_time = time;
            return Ok(self.live(params));
        }
        let closed = self.closed_at(params, price, time)?;
        let cell = |t: i64| t.div_euclid(i64::from(params.grid_s.max(1)));
        if cell(time) > cell(self.sample_time) {
            *self = closed;
            return Ok(self.live(params));
        }
        // Either estimate counts at once where the open interval gives more.
        let variance = self.variance().max(closed.variance());
        let forecast = self.forecast_variance(params).max(closed.forecast_variance(params));
        Ok(Live::of(params, variance, forecast))
    }

    /// `σ²`, 2⁻⁴⁸, rounded up.
    fn variance(&self) -> u64 {
        (self.fast.min(MAX_VARIANCE) + self.slow.min(MAX_VARIANCE)).div_ceil(2)
    }

    fn forecast_variance(&self, params: &VolatilityParams) -> u64 {
        params.weights.variance(self.short, self.fast, self.slow)
    }

    /// σ of the closed samples, a rate, never below the floor.
    #[must_use]
    pub fn sigma(&self, params: &VolatilityParams) -> u64 {
        sigma_from_variance(self.variance()).max(params.floor)
    }

    /// σ of the closed samples and its forecast.
    #[must_use]
    pub fn live(&self, params: &VolatilityParams) -> Live {
        Live::of(params, self.variance(), self.forecast_variance(params))
    }
}

impl Live {
    fn of(params: &VolatilityParams, variance: u64, forecast: u64) -> Self {
        Self {
            sigma: sigma_from_variance(variance).max(params.floor),
            forecast: sigma_from_variance(forecast),
        }
    }
}
