//! One index for each side of a market: what happens to all positions of a side costs the same as to one.
//!
//! Deleveraging closes a part of every position on a side, funding pays every unit of it. Neither can visit each
//! account, so a side keeps two running figures, and a position what they were when it was last written:
//!
//! ```text
//! S   scale: what is left of a unit that was open when the epoch began     (2⁻⁶², starts at one, only falls)
//! C   cash:  what such a unit has been paid since                          (2^(−shift) quote micro-units, signed)
//!
//! a position of b units, written at S₀ and C₀, holds |b|/S₀ such units, hence
//!     base'  = trunc(b·S/S₀)
//!     entry' = entry + ⌊|b|·(C − C₀)/S₀⌋
//!
//! n units of X open are closed for a total of T paid to the side:
//!     C ← C + ⌊T·S/X⌋            T·S/X a unit of the beginning is T/X a unit that is open
//!     S ← ⌊S·(X − n)/X⌋
//! f is paid a unit that is open:
//!     C ← C + ⌊f·S⌋
//! ```
//!
//! Where the whole side is closed, or so much that S would lose its precision, the *epoch* turns: a position of the
//! epoch before has no base left and is given the cash up to that epoch's end. Positions of two epochs ago must not
//! exist: a market takes no new ones until the old ones have been brought in step.
//!
//! # Bounds
//! Cash is rounded towards minus infinity in the index and again in the position, so a side is never given more than
//! it was promised, but for base that truncation has left behind: with `k` positions and as many steps it lacks less than
//! `k` native units a step, of which the market is the holder. The unit of C is chosen so that the price is 2⁴⁰ of it
//! ([`shift_for`]): a step of the index is exact to 2⁻⁴⁰ of the side's value, over S, and C has room for 2²³ times the
//! price that it was chosen at. Since a base has at most 63 bits, S and C 62 and 63, no product here exceeds 126 bits.

use crate::error::{Result, RiskError};
use crate::fixed::wide;
use crate::price::Price;

/// Fractional bits of a scale.
pub const SCALE_BITS: u32 = 62;
/// Scale of a side that was never deleveraged.
pub const SCALE_ONE: u64 = 1 << SCALE_BITS;
/// Least scale: below it the side is closed as a whole. A base is then still exact to 2⁻⁴².
pub const MIN_SCALE: u64 = SCALE_ONE >> 20;
/// Largest unit shift of cash.
pub const MAX_CASH_SHIFT: u32 = 92;

/// What has happened to a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// S, 2⁻⁶².
    pub scale: u64,
    /// C, `2^(−shift)` quote micro-units.
    pub cash: i64,
    /// C at the end of the epoch before.
    pub last_cash: i64,
    /// How often the side was closed as a whole.
    pub epoch: u32,
}

/// What a position was last brought in step with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// S₀, 2⁻⁶².
    pub scale: u64,
    /// C₀, `2^(−shift)` quote micro-units.
    pub cash: i64,
    /// The epoch that both belong to.
    pub epoch: u32,
}

/// The unit of cash for a price: one in which the price is about 2⁴⁰. At least one, so that zero can mean none.
#[must_use]
pub fn shift_for(price: &Price) -> u32 {
    price.shift.saturating_sub(8).clamp(1, MAX_CASH_SHIFT)
}

/// `⌊±n·2^lift / d⌋`, exact, for `d < 2⁶³` and `|lift| ≤ 62`.
fn floor_scaled(n: u128, negative: bool, lift: i32, d: u64) -> Result<i64> {
    if d == 0 || d >> 63 != 0 {
        return Err(RiskError::BadParameter);
    }
    let (whole, rest) = if d == SCALE_ONE {
        (n >> SCALE_BITS, n & u128::from(SCALE_ONE - 1))
    } else {
        (n / u128::from(d), n % u128::from(d))
    };
    let (magnitude, inexact) = if lift >= 0 {
        // n = whole·d + rest, so n·2^l/d = whole·2^l + rest·2^l/d, and rest·2^l < 2^125.
        let high = whole.checked_mul(1 << lift).ok_or(RiskError::Overflow)?;
        let low = rest << lift;
        let (q, r) = if d == SCALE_ONE {
            (low >> SCALE_BITS, low & u128::from(SCALE_ONE - 1))
        } else {
            (low / u128::from(d), low % u128::from(d))
        };
        (high.checked_add(q).ok_or(RiskError::Overflow)?, r != 0)
    } else {
        let drop = lift.unsigned_abs();
        (whole >> drop, rest != 0 || whole & ((1 << drop) - 1) != 0)
    };
    let magnitude = i128::try_from(magnitude).map_err(|_| RiskError::Overflow)?;
    let floor = if negative { -magnitude - i128::from(inexact) } else { magnitude };
    i64::try_from(floor).map_err(|_| RiskError::Overflow)
}

/// What a position is now, signed native units, and what it has been given since it was last written, signed quote
/// micro-units to be added to its entry.
///
/// # Errors
/// [`RiskError::BadParameter`] for a position of an epoch before the last, [`RiskError::Overflow`].
pub fn effective(base: i64, at: &Snapshot, index: &Index, shift: u32) -> Result<(i64, i64)> {
    if base == 0 {
        return Ok((0, 0));
    }
    if at.epoch == index.epoch {
        let given = given(base, at.scale, index.cash, at.cash, shift)?;
        if at.scale == index.scale {
            return Ok((base, given));
        }
        if at.scale == 0 || index.scale > at.scale {
            return Err(RiskError::BadParameter);
        }
        // The scale only falls: what is left is at most what was there.
        let left = (wide(base.unsigned_abs(), index.scale) / u128::from(at.scale)) as u64 as i64;
        return Ok((if base < 0 { -left } else { left }, given));
    }
    if at.epoch.wrapping_add(1) != index.epoch {
        return Err(RiskError::BadParameter);
    }
    Ok((0, given(base, at.scale, index.last_cash, at.cash, shift)?))
}

/// `⌊|b|·(C − C₀)/S₀⌋`, micro-units.
fn given(base: i64, scale: u64, cash: i64, since: i64, shift: u32) -> Result<i64> {
    if cash == since {
        return Ok(0);
    }
    let gone = i128::from(cash) - i128::from(since);
    let magnitude = u64::try_from(gone.unsigned_abs()).map_err(|_| RiskError::Overflow)?;
    let lift = SCALE_BITS as i32 - shift.min(MAX_CASH_SHIFT) as i32;
    floor_scaled(wide(base.unsigned_abs(), magnitude), gone < 0, lift, scale)
}

impl Index {
    /// A side that nothing has happened to.
    pub const NEW: Self = Self { scale: SCALE_ONE, cash: 0, last_cash: 0, epoch: 0 };

    /// What a position that is written now is in step with.
    #[must_use]
    pub const fn snapshot(&self) -> Snapshot {
        Snapshot { scale: self.scale, cash: self.cash, epoch: self.epoch }
    }

    /// Pays every unit that is open, `2^(−shift)` micro-units; negative: takes from it.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn pay(&mut self, per_unit: i64) -> Result<()> {
        let step = floor_scaled(wide(per_unit.unsigned_abs(), self.scale), per_unit < 0, 0, SCALE_ONE)?;
        self.cash = self.cash.checked_add(step).ok_or(RiskError::Overflow)?;
        Ok(())
    }

    /// Closes `closed` of `open` units for `total` micro-units paid to the side in all (negative: by it). Says whether
    /// the epoch has turned: where everything was closed. Nothing is changed, and none is returned, where the scale
    /// would lose its precision: then the market is closed on both sides.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] for more than is open, [`RiskError::Overflow`].
    pub fn close(&mut self, open: u64, closed: u64, total: i64, shift: u32) -> Result<Option<bool>> {
        let left = open.checked_sub(closed).ok_or(RiskError::BadParameter)?;
        let scale = wide(self.scale, left).checked_div(open.into()).ok_or(RiskError::BadParameter)? as u64;
        if left != 0 && scale < MIN_SCALE {
            return Ok(None);
        }
        let lift = shift.min(MAX_CASH_SHIFT) as i32 - SCALE_BITS as i32;
        let step = floor_scaled(wide(total.unsigned_abs(), self.scale), total < 0, lift, open)?;
        self.cash = self.cash.checked_add(step).ok_or(RiskError::Overflow)?;
        self.scale = scale;
        if left == 0 {
            self.turn()?;
        }
        Ok(Some(left == 0))
    }

    /// Native units that closing a part of `open` may take from the positions of `holders` accounts beside what it closes.
    ///
    /// Exact shares r of a side sum to R ≤ X. Where n of X are closed at S, they come to `R·S'/S` with `S' > S·(X − n)/X − 1`:
    /// less than `R/S ≤ X/S` short of `R·(X − n)/X`. Until the next time each of the holders is truncated to whole units, for
    /// less than one in all, whenever it is read or written: what is written is whole, and stays so until then. So what the
    /// positions lack of what is open is below the sum of `holders + X/S` over all times.
    #[must_use]
    pub fn dust(&self, open: u64, holders: u32) -> u64 {
        u64::from(holders).saturating_add(open.div_ceil(self.scale.max(1)))
    }

    /// Ends the epoch: nothing is left of what was open.
    fn turn(&mut self) -> Result<()> {
        let epoch = self.epoch.checked_add(1).ok_or(RiskError::Overflow)?;
        *self = Self { scale: SCALE_ONE, cash: 0, last_cash: self.cash, epoch };
        Ok(())
    }
}
