//! One-step forecast of variance, which may add to margin and never takes any away.
//!
//! σ² is the mean of a fast and a slow average; both need hours to arrive in a storm. Volatility has several
//! speeds at once, and a weighted sum of averages over a short, a medium and a long past forecasts the next
//! hour better than any single one (HAR: Corsi, *A Simple Approximate Long-Memory Model of Realized
//! Volatility*, Journal of Financial Econometrics 7, 2009, with exponential averages in place of windows):
//!
//! ```text
//! v̂      = w_short·v_short + w_fast·v_fast + w_slow·v_slow,     w ≥ 5 %, w_short ≤ 52.5 %, Σw = 1
//! add-on = what the core would be at max(σ, σ̂), less what it is ([`crate::haircut`]),     σ̂ = √v̂
//! ```
//!
//! The half-life of `v_short` is a third of that of `v_fast` ([`SHORT_SPEED`]), and nothing else. That
//! bounds the forecast without any clamp. A move k half-lives ago weighs in `v_short` at most three times
//! what it weighs in `v_fast`, because `1 − λ³ = (1 − λ)(1 + λ + λ²)`. So the forecast is at most
//! `(3·w_short + w_fast)·v_fast + w_slow·v_slow`, and σ² has half of each:
//!
//! ```text
//! v_short ≤ 3·v_fast   ⇒   σ̂ ≤ σ·√(2·max(3·w_short + w_fast, w_slow))
//! ```
//!
//! 1.52·σ (√2.3) at the reference weights, 2·σ at the most that is allowed. Whoever moves a price to make
//! others' margin jump through the forecast gets no more than that, on top of what σ does by itself.
//!
//! The core keeps plain σ for all assets, which is what makes netting honest; the forecast is charged
//! per asset, un-netted. Weights are set, not learned: measured out of sample, learning gained nothing
//! (decision 013).

use crate::error::{Result, RiskError};
use crate::fixed::BPS_ONE;
use crate::volatility::MAX_VARIANCE;

/// How many times faster than the fast average the short one forgets.
pub const SHORT_SPEED: u32 = 3;

/// No average weighs less, basis points: none of them alone is the forecast.
pub const MIN_WEIGHT_BPS: u16 = 500;
/// The short average weighs no more, basis points. With all that is left but the least for `v_slow` on
/// `v_fast`, `√(2·(3·0.525 + 0.425)) = 2` is the most that σ̂ may be of σ.
pub const MAX_SHORT_WEIGHT_BPS: u16 = 5_250;

/// What each average weighs in the forecast, basis points; together 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForecastWeights {
    /// Of the short average.
    pub short: u16,
    /// Of the fast average.
    pub fast: u16,
    /// Of the slow average.
    pub slow: u16,
}

impl ForecastWeights {
    /// Fitted by QLIKE to hourly returns of BTC, ETH and XRP from 2018, SOL and AVAX from listing, up to the
    /// end of 2020, at half-lives of 2 h, 6 h and 72 h (33 : 14 : 53); of multiples of a twentieth the best.
    pub const REFERENCE: Self = Self { short: 3_500, fast: 1_000, slow: 5_500 };

    /// # Errors
    /// [`RiskError::BadParameter`] unless the weights sum to 10,000, each is at least [`MIN_WEIGHT_BPS`],
    /// and the short one at most [`MAX_SHORT_WEIGHT_BPS`].
    pub fn validate(&self) -> Result<()> {
        let sum = u64::from(self.short) + u64::from(self.fast) + u64::from(self.slow);
        let fine = sum == BPS_ONE
            && self.short.min(self.fast).min(self.slow) >= MIN_WEIGHT_BPS
            && self.short <= MAX_SHORT_WEIGHT_BPS;
        if fine { Ok(()) } else { Err(RiskError::BadParameter) }
    }

    /// `⌈w_short·v_short + w_fast·v_fast + w_slow·v_slow⌉`, variance per horizon in 2⁻⁴⁸.
    ///
    /// Parts beyond [`MAX_VARIANCE`] count as that. With weights that [`Self::validate`] accepts the
    /// result lies between the smallest and the largest part; with others it is merely at most
    /// [`MAX_VARIANCE`].
    #[inline]
    #[must_use]
    pub fn variance(&self, short: u64, fast: u64, slow: u64) -> u64 {
        // 48 bits times 14 bits, thrice, at weights that sum to 10,000: below 2⁶². Saturation only
        // serves weights that were never validated.
        let part = |weight: u16, v: u64| u64::from(weight).saturating_mul(v.min(MAX_VARIANCE));
        let sum = part(self.short, short)
            .saturating_add(part(self.fast, fast))
            .saturating_add(part(self.slow, slow));
        sum.div_ceil(BPS_ONE).min(MAX_VARIANCE)
    }
}
