//! Fills: which prices are booked, and what an account below its initial margin may still do.
//!
//! A fill names its base and its quote as integers, so booking it rounds nothing and the market's
//! entries cancel to the unit. The price is bounded from two sides: by a band around the oracle for
//! everybody, and for an account that is short of margin by what a liquidation would have left it, so
//! that "reducing risk" cannot give its equity away.

use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, mul_div_ceil, mul_div_floor};
use crate::option::{OptionPosition, VolBand};
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
        reduces(self.position_before, self.position_after)
            && self.excess_after >= self.excess_before
            && self.equity_after >= 0
    }
}

/// Whether a position shrinks without changing sides; where it does not, it adds risk.
#[must_use]
pub const fn reduces(before: i64, after: i64) -> bool {
    let same_side = after == 0 || (after < 0) == (before < 0);
    same_side && after.unsigned_abs() < before.unsigned_abs()
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

/// Whether `quote` for `|base|` contracts of an option lies between the values at both ends of a volatility band, each
/// moved out by `band_bps` of itself.
///
/// # Errors
/// [`RiskError::Overflow`], [`RiskError::BadPrice`], [`RiskError::BadParameter`].
pub fn premium_within_band(
    option: &OptionPosition,
    base: i64,
    quote: u64,
    spot: &Price,
    band_bps: u32,
    band: &VolBand,
) -> Result<bool> {
    let [least, most] = [contracts(option, base, false)?.value(spot, band)?, owed(option, base, spot, band)?];
    let least = least.max(0) as u64;
    let most = u64::try_from(most).map_err(|_| RiskError::Overflow)?;
    let slack = mul_div_floor(most, band_bps.into(), BPS_ONE)?;
    Ok(quote >= least.saturating_sub(mul_div_floor(least, band_bps.into(), BPS_ONE)?)
        && quote <= most.checked_add(slack).ok_or(RiskError::Overflow)?)
}

/// [`no_worse_than_liquidation`] of an option, whose penalty is on the value of the underlying, and for what is held
/// at most what it is worth.
///
/// # Errors
/// As [`premium_within_band`].
pub fn option_no_worse_than_liquidation(
    option: &OptionPosition,
    base: i64,
    quote: u64,
    spot: &Price,
    penalty_bps: u32,
) -> Result<bool> {
    let notional = contracts(option, base, true)?.notional(spot)?;
    Ok(if base < 0 {
        let value = contracts(option, base, false)?.value(spot, &VolBand::NONE)?.max(0) as u64;
        quote >= value - mul_div_floor(notional.min(value), penalty_bps.into(), BPS_ONE)?.min(value)
    } else {
        let value = owed(option, base, spot, &VolBand::NONE)?;
        let penalty = mul_div_floor(notional, penalty_bps.into(), BPS_ONE)?;
        i128::from(quote) <= i128::from(value) + i128::from(penalty)
    })
}

/// `|base|` contracts, held or owed.
fn contracts(option: &OptionPosition, base: i64, owed: bool) -> Result<OptionPosition> {
    let held = base.checked_abs().ok_or(RiskError::Overflow)?;
    Ok(OptionPosition { contracts: if owed { -held } else { held }, ..*option })
}

/// What it takes to be rid of `|base|` contracts that are owed.
fn owed(option: &OptionPosition, base: i64, spot: &Price, band: &VolBand) -> Result<i64> {
    contracts(option, base, true)?.value(spot, band)?.checked_neg().ok_or(RiskError::Overflow)
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
