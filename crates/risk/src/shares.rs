//! Shares of a pool that holds one position: what they cost, what they are paid, and how much the pool may lose.
//!
//! A share is bought at the higher and paid out at the lower of two values of the pool, at spot and at the slow stable
//! price, so that nobody who knows which of the two is wrong takes it from those who stay. Both sides are rounded
//! against whoever comes or goes.
//!
//! **Virtual shares.** The pool counts [`VIRTUAL`] shares and as many micro-units that nobody owns:
//!
//! ```text
//! minted   = ⌊amount·(total + V) / (high + V)⌋
//! redeemed = min(⌊shares·(low + V) / (total + V)⌋, ⌊shares·low / total⌋)
//! ```
//!
//! Whoever owns `s` shares and gives the pool `d` gets back at most the share `s/(s + V)` of it. To make a deposit of
//! `v` round to nothing takes `d > v·(s + V)`: a million times what there is to steal, and with one share owned all but
//! a millionth of it is lost. The second bound of `redeemed` keeps the part that nobody owns from being paid out of the
//! others' part where a share is worth less than one: the last to leave gets what is there.

use crate::error::{Result, RiskError};
use crate::fixed::mul_div_floor;
use crate::price::Price;

/// Shares, and micro-units, that nobody owns: one quote token.
pub const VIRTUAL: u64 = 1_000_000;
/// A flat pool whose shares have lost all but one part in this many is exhausted: its next deposit starts anew.
pub const EXHAUSTED_PARTS: u128 = 1 << 20;

/// What a pool is worth, quote micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// At spot, rounded down.
    pub spot: i64,
    /// At the lower of spot and stable price, rounded down.
    pub low: i64,
    /// At the higher, rounded up.
    pub high: i64,
}

impl Worth {
    /// Of a pool with nothing but cash.
    #[must_use]
    pub const fn flat(cash: i64) -> Self {
        Self { spot: cash, low: cash, high: cash }
    }

    /// Of a pool with `cash` (entries included) and `base` native units.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn of(cash: i64, base: i64, spot: &Price, stable: &Price) -> Result<Self> {
        let down = |price: &Price| price.value(base)?.checked_add(cash).ok_or(RiskError::Overflow);
        // ⌈x⌉ = −⌊−x⌋
        let back = base.checked_neg().ok_or(RiskError::Overflow)?;
        let up = |price: &Price| cash.checked_sub(price.value(back)?).ok_or(RiskError::Overflow);
        Ok(Self { spot: down(spot)?, low: down(spot)?.min(down(stable)?), high: up(spot)?.max(up(stable)?) })
    }
}

/// Shares for a deposit of `amount` micro-units. A pool that is worth less than nothing counts as worth nothing: the
/// caller refuses it, because the deposit would pay its debts.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn minted(amount: u64, worth: &Worth, total: u64) -> Result<u64> {
    let assets = (worth.high.max(0) as u64).checked_add(VIRTUAL).ok_or(RiskError::Overflow)?;
    mul_div_floor(amount, total.checked_add(VIRTUAL).ok_or(RiskError::Overflow)?, assets)
}

/// Micro-units for `shares` of `total`.
///
/// # Errors
/// [`RiskError::BadParameter`] for more shares than there are, [`RiskError::Overflow`].
pub fn redeemed(shares: u64, worth: &Worth, total: u64) -> Result<u64> {
    if shares > total || total == 0 {
        return Err(RiskError::BadParameter);
    }
    let low = worth.low.max(0) as u64;
    let all = total.checked_add(VIRTUAL).ok_or(RiskError::Overflow)?;
    let shared = mul_div_floor(shares, low.checked_add(VIRTUAL).ok_or(RiskError::Overflow)?, all)?;
    Ok(shared.min(mul_div_floor(shares, low, total)?))
}

/// Whether the shares of a flat pool are worth nothing to speak of.
#[must_use]
pub fn is_exhausted(worth: &Worth, total: u64) -> bool {
    (worth.high.max(0) as u128) * EXHAUSTED_PARTS < u128::from(total)
}

/// How far a pool fell below the most that it was worth in a window, and until when it takes no more risk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossWindow {
    /// Most that it was worth since the window began, deposits and withdrawals taken out, quote micro-units.
    pub high: i64,
    /// When the window began, unix seconds.
    pub start: i64,
    /// Until when it is halted, unix seconds.
    pub halted_until: i64,
}

impl LossWindow {
    /// Looks at the pool at `now`. A loss is first held against the window that it happened in, so that waiting for
    /// the next one does not forget it; then, if the window is over, a new one begins.
    pub fn mark(&mut self, worth: i64, now: i64, limit: u64, seconds: u32) {
        let loss = i128::from(self.high) - i128::from(worth);
        if loss > i128::from(limit) {
            *self = Self { high: worth, start: now, halted_until: now.saturating_add(seconds.into()) };
        } else if now >= self.start.saturating_add(seconds.into()) {
            (self.high, self.start) = (worth, now);
        } else {
            self.high = self.high.max(worth);
        }
    }

    /// What came in (negative: went out) is neither profit nor loss.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn flow(&mut self, amount: i64) -> Result<()> {
        self.high = self.high.checked_add(amount).ok_or(RiskError::Overflow)?;
        Ok(())
    }

    /// Whether it takes no more risk.
    #[must_use]
    pub const fn is_halted(&self, now: i64) -> bool {
        now < self.halted_until
    }
}
