//! Implied volatility: what an option market expects, where an oracle publishes it.
//!
//! An index of implied volatility is annualised, over about thirty days; σ here is over the horizon:
//!
//! ```text
//! σ_implied = annual·√(horizon/year)
//! ```
//!
//! It may only raise margin, as an un-netted add-on where it exceeds σ ([`crate::haircut`]). It is trusted within
//! limits: it may double in an hour, no faster, from the larger of what it was and the σ that stands; it falls at
//! once; and it is forgotten when nobody refreshes it.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, grown};

/// Seconds in a year of 365 days.
pub const YEAR_S: u64 = 31_536_000;
/// Time in which implied volatility may double, seconds.
pub const DOUBLING_S: u64 = 3_600;
/// Age from which it is forgotten, seconds.
pub const MAX_AGE_S: i64 = 7_200;

/// Implied volatility of one asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Implied {
    /// Over the horizon, a rate below one; zero before the first.
    pub sigma: u64,
    /// When it was published, unix seconds.
    pub time: i64,
}

/// An annualised volatility (a rate) over `horizon_s`, a rate below one.
///
/// # Errors
/// [`RiskError::Overflow`] for a volatility above 2³¹.
pub fn over_horizon(annual: u64, horizon_s: u32) -> Result<u64> {
    // √(horizon/year) as a rate: the quotient in 2⁻⁶⁴ has a root in 2⁻³².
    let root = ((u128::from(horizon_s) << (2 * RATE_BITS)) / u128::from(YEAR_S)).isqrt();
    let sigma = (u128::from(annual) * root) >> RATE_BITS;
    Ok(u64::try_from(sigma).map_err(|_| RiskError::Overflow)?.min(RATE_ONE - 1))
}

impl Implied {
    /// Takes what was published at `time`; `live` is the σ that stands.
    ///
    /// # Errors
    /// As [`over_horizon`].
    pub fn observe(&mut self, annual: u64, horizon_s: u32, live: u64, time: i64) -> Result<()> {
        let elapsed = (time.saturating_sub(self.time).max(0) as u64).min(DOUBLING_S);
        let most = grown(self.sigma.max(live), elapsed, DOUBLING_S)?;
        *self = Self { sigma: over_horizon(annual, horizon_s)?.min(most), time };
        Ok(())
    }

    /// What it counts for at `now`.
    #[must_use]
    pub const fn at(&self, now: i64) -> u64 {
        if now.saturating_sub(self.time) <= MAX_AGE_S { self.sigma } else { 0 }
    }
}
