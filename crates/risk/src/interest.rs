//! What a loan of quote costs.
//!
//! A negative quote balance is a loan against the rest of the account. Its interest depends on how much of the quote is
//! lent, with a kink: below it borrowing is cheap, above it dear, so that quote comes back before there is none.
//!
//! ```text
//! u    = loans / (loans + vault)
//! rate = base + (kink rate − base)·u/k                       u ≤ k
//!      = kink rate + (full rate − kink rate)·(u − k)/(1 − k)   u > k
//! I'   = I·(1 + rate·Δt / year)                              Δt at most one step
//! owed = loan·(I / I₀ − 1)                                   I₀: the index up to which the loan was charged
//! ```
//!
//! One index serves all loans: an account is charged when it is next touched, for as long as it was not. Everything is
//! rounded up, for the house. The index compounds at each step; between steps interest is simple.

use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, RATE_BITS, RATE_ONE, mul_div_ceil, rate_from_bps, wide};

/// Index of a new board, 2⁻⁴⁰.
pub const INDEX_ONE: u64 = 1 << 40;
/// Seconds of a year of 365 days.
pub const YEAR_S: u64 = 365 * 86_400;

/// Interest a year by utilisation, basis points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Curve {
    /// At no utilisation.
    pub base_bps: u32,
    /// At the kink.
    pub at_kink_bps: u32,
    /// At full utilisation.
    pub at_full_bps: u32,
    /// Utilisation at the kink; above zero and below 10,000.
    pub kink_bps: u32,
}

impl Curve {
    /// Interest a year, a rate, rounded up.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] if the curve falls or has no kink inside.
    pub fn rate(&self, utilisation: u64) -> Result<u64> {
        let rises = self.base_bps <= self.at_kink_bps && self.at_kink_bps <= self.at_full_bps;
        if !rises || self.kink_bps == 0 || u64::from(self.kink_bps) >= BPS_ONE {
            return Err(RiskError::BadParameter);
        }
        let u = utilisation.min(RATE_ONE);
        let kink = rate_from_bps(self.kink_bps);
        let (from, to, along, length) = if u <= kink {
            (self.base_bps, self.at_kink_bps, u, kink)
        } else {
            (self.at_kink_bps, self.at_full_bps, u - kink, RATE_ONE - kink)
        };
        Ok(rate_from_bps(from) + mul_div_ceil(rate_from_bps(to - from), along, length)?)
    }
}

/// Share of the quote that is lent, a rate, rounded up.
#[must_use]
pub fn utilisation(loans: u64, vault: u64) -> u64 {
    if loans == 0 {
        return 0;
    }
    let whole = u128::from(loans) + u128::from(vault);
    // At most one, because the loans are at most the whole.
    ((u128::from(loans) << 32).div_ceil(whole)) as u64
}

/// The index after `elapsed` seconds at a yearly rate. An index at the end of its range stands still.
///
/// # Errors
/// [`RiskError::Overflow`] if `index·rate·elapsed` exceeds 128 bits: not inside code limits.
pub fn grown(index: u64, rate: u64, elapsed: u64) -> Result<u64> {
    let product = wide(index, rate).checked_mul(elapsed.into()).ok_or(RiskError::Overflow)?;
    let more = product.div_ceil(u128::from(YEAR_S) << RATE_BITS);
    Ok(u64::try_from(u128::from(index) + more).unwrap_or(index))
}

/// What is owed on a loan that was charged up to `since`, at the index `now`, rounded up.
///
/// # Errors
/// [`RiskError::BadParameter`] if `since` is zero; [`RiskError::Overflow`].
pub fn owed(loan: u64, since: u64, now: u64) -> Result<u64> {
    if loan == 0 || now <= since {
        return Ok(0);
    }
    mul_div_ceil(loan, now - since, since)
}
