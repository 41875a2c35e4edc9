//! Profit is junior to deposits.
//!
//! A position carries its profit or loss in its entry value until it is *settled*: losses move from
//! the loser's quote into the market's pool, profits move out of the pool into the winner's quote,
//! and never more than the pool holds. What can be withdrawn has therefore been paid in by somebody,
//! whatever a pumped price says.
//!
//! A loser pays from what it really has: its quote balance, and below zero only what its collateral
//! is worth after haircuts. A loss beyond that stays in the position; it must not become a loan that
//! other people's deposits pay out.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_ONE, credit};
use crate::price::Price;

/// What a collateral balance counts for a settlement: `⌊amount·min(spot, stable)·(1 − haircut)⌋`.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn collateral_credit(amount: u64, spot: &Price, stable: &Price, haircut: u64) -> Result<u64> {
    let price = if stable.is_below(spot) { stable } else { spot };
    let value = price.value(i64::try_from(amount).map_err(|_| RiskError::Overflow)?)?;
    credit(value.unsigned_abs(), RATE_ONE.saturating_sub(haircut))
}

/// How much a loser pays into the pool of an unsettled loss, given its quote balance and the credit
/// of its collateral.
#[must_use]
pub fn payable(loss: u64, quote: i64, collateral_credit: u64) -> u64 {
    let means = i128::from(quote) + i128::from(collateral_credit);
    loss.min(u64::try_from(means.max(0)).unwrap_or(u64::MAX))
}

/// The unsettled profit (positive) or loss of a position at a price: `⌊base·price⌋ + entry`.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn unsettled(base: i64, entry: i64, spot: &Price) -> Result<i64> {
    spot.value(base)?.checked_add(entry).ok_or(RiskError::Overflow)
}
