//! Fills: which prices are booked, and what an account below its initial margin may still do.
//!
//! A fill names its base and its quote as integers, so booking it rounds nothing and the market's
//! entries cancel to the unit. The price is bounded from two sides: by a band around the oracle for
//! everybody, and for an account that is short of margin by what a liquidation would have left it, so
//! that "reducing risk" cannot give its equity away.

use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, mul_div_ceil, mul_div_floor};
use crate::price::Price;

/// What a fill does to an account that ends below its initial margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Signed native units before.
    pub position_before: i64,
    /// Signed native units after.
    pub position_after: i64,
    /// Equity less IM before, on the initial basis.
    pub excess_before: i128,
    /// Equity less IM after.
    pub excess_after: i128,
    /// Equity at spot after.
    pub equity_after: i64,
}

impl Change {
    /// Whether the fill strictly reduces: |position| falls without flipping, equity − IM does not
    /// fall, and equity does not end below zero.
    #[must_use]
    pub fn strictly_reduces(&self) -> bool {
        let smaller = self.position_after.unsigned_abs() < self.position_before.unsigned_abs();
        let same_side = self.position_after == 0 || (self.position_after < 0) == (self.position_before < 0);
        smaller && same_side && self.excess_after >= self.excess_before && self.equity_after >= 0
    }
}

/// Whether `quote` for `|base|` units lies within `band_bps` of the oracle's value.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn within_band(base: i64, quote: u64, spot: &Price, band_bps: u32) -> Result<bool> {
    let value = oracle_value(base, spot)?;
    Ok(quote.abs_diff(value) <= mul_div_floor(value, band_bps.into(), BPS_ONE)?)
}

/// Whether a fill that reduces a position by `base` (signed, as added to it) at `quote` is at least
/// as good for it as a liquidation at `penalty_bps` would have been.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn no_worse_than_liquidation(base: i64, quote: u64, spot: &Price, penalty_bps: u32) -> Result<bool> {
    let value = oracle_value(base, spot)?;
    let penalty = mul_div_floor(value, penalty_bps.into(), BPS_ONE)?;
    Ok(if base < 0 {
        // It sells: receives at least value less penalty.
        quote >= value.saturating_sub(penalty)
    } else {
        quote <= value.checked_add(penalty).ok_or(RiskError::Overflow)?
    })
}

/// A fee in basis points of a traded value, rounded up.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn fee(quote: u64, fee_bps: u32) -> Result<u64> {
    mul_div_ceil(quote, fee_bps.into(), BPS_ONE)
}

/// `⌈|base|·price⌉`.
fn oracle_value(base: i64, spot: &Price) -> Result<u64> {
    Ok(spot.value(-base.checked_abs().ok_or(RiskError::Overflow)?)?.unsigned_abs())
}
