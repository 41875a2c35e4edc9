//! Funding by velocity: the rate moves with the skew that the pool carries, not with a premium.
//!
//! With `q` the pool's inventory, at most `M`, traders are net short by `q`. While they are net long, longs pay more
//! and more to shorts, until somebody takes the other side:
//!
//! ```text
//! d(rate)/dt = velocity·(−q/M),   |rate| ≤ max,   no rate at all without an inventory
//! paid a unit = P·∫ rate dt
//! ```
//!
//! Between two steps the rate is a straight line that may end at its bound; both are integrated as they are, so
//! stepping more often changes nothing but rounding. What is paid is rounded up and what is received down: the
//! difference stays in the market as dust.

use crate::error::{Result, RiskError};
use crate::price::Price;

/// Seconds in a day.
const DAY_S: i128 = 86_400;
/// Fractional bits of what a step charges.
pub const CHARGE_BITS: u32 = 48;
/// Fractional bits of a time within a step; with those of a rate they make [`CHARGE_BITS`].
const TIME_BITS: u32 = 16;
/// Steps closer than this, seconds, are not taken: the rate of a short one would be lost in rounding.
pub const LEAST_STEP_S: i64 = 60;

/// How funding moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingParams {
    /// How fast the rate moves at full skew: a rate a day, a day.
    pub velocity: u64,
    /// Largest rate a day.
    pub max: u64,
    /// `M`, native units.
    pub max_position: u64,
}

/// What a step comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Rate a day that longs pay to shorts, 2⁻³².
    pub rate: i64,
    /// Share of its value that a position pays for the step, 2⁻⁴⁸.
    pub charged: i64,
}

/// Steps the rate over `elapsed_s` seconds at the pool's mean inventory in them.
///
/// # Errors
/// [`RiskError::BadParameter`] without a largest position, [`RiskError::Overflow`].
pub fn step(params: &FundingParams, rate: i64, inventory: i64, elapsed_s: u32) -> Result<Step> {
    if params.max_position == 0 {
        return Err(RiskError::BadParameter);
    }
    if inventory == 0 {
        return Ok(Step::default());
    }
    let max = i64::try_from(params.max).map_err(|_| RiskError::Overflow)?;
    let rate = rate.clamp(-max, max);
    let (m, seconds, from) = (i128::from(params.max_position), i128::from(elapsed_s), i128::from(rate));
    let held = i128::from(inventory).clamp(-m, m);
    // velocity < 2³⁹, held ≤ 2⁶³ and seconds < 2²⁴ keep the product inside 127 bits.
    if params.velocity >> 39 != 0 || elapsed_s >> 24 != 0 {
        return Err(RiskError::BadParameter);
    }
    let moved = -held * i128::from(params.velocity) * seconds / (m * DAY_S);
    let to = (from + moved).clamp(-i128::from(max), i128::from(max));
    // Time until the line ends at its bound.
    let whole = seconds << TIME_BITS;
    let until = if to - from == moved { whole } else { (to - from) * whole / moved };
    let doubled = (from + to) * until + 2 * to * (whole - until);
    let charged = doubled.div_euclid(2 * DAY_S);
    let fit = |x: i128| i64::try_from(x).map_err(|_| RiskError::Overflow);
    Ok(Step { rate: fit(to)?, charged: fit(charged)? })
}

/// What a native unit of either side is paid for a step (negative: pays), quote micro-units in `2^(−cash_shift)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// A unit that is held.
    pub long: i64,
    /// A unit that is owed.
    pub short: i64,
}

/// The payments of a step at a price.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn payment(charged: i64, spot: &Price, cash_shift: u32) -> Result<Payment> {
    let product = u128::from(charged.unsigned_abs()) * u128::from(spot.mantissa);
    let right = i64::from(spot.shift) + i64::from(CHARGE_BITS) - i64::from(cash_shift);
    let (down, up) = match u32::try_from(right) {
        Ok(right @ 0..=127) => (product >> right, (product + (1u128 << right) - 1) >> right),
        Ok(_) => (0, u128::from(product != 0)),
        Err(_) => {
            let left = u32::try_from(-right).map_err(|_| RiskError::Overflow)?;
            let lifted = product.checked_mul(1u128.checked_shl(left).ok_or(RiskError::Overflow)?);
            let lifted = lifted.ok_or(RiskError::Overflow)?;
            (lifted, lifted)
        }
    };
    let fit = |x: u128| i64::try_from(x).map_err(|_| RiskError::Overflow);
    let (received, paid) = (fit(down)?, fit(up)?);
    Ok(if charged >= 0 {
        Payment { long: -paid, short: received }
    } else {
        Payment { long: received, short: -paid }
    })
}

/// What a pool held on average since a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// ∫ inventory dt since then, native units times seconds.
    pub sum: i128,
    /// That moment, unix seconds.
    pub since: i64,
    /// Up to when the sum goes, unix seconds.
    pub until: i64,
}

impl Inventory {
    /// `held` native units were held up to `now`.
    pub fn follow(&mut self, held: i64, now: i64) {
        let elapsed = now.saturating_sub(self.until).max(0);
        // 2⁶³ units for 2⁶³ seconds are 2¹²⁶.
        self.sum = self.sum.saturating_add(i128::from(held) * i128::from(elapsed));
        self.until = self.until.max(now);
    }

    /// The mean, rounded away from nothing: the least inventory is still one. Starts anew.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn take(&mut self) -> Result<i64> {
        let seconds = i128::from(self.until.saturating_sub(self.since).max(1));
        let sum = core::mem::take(&mut self.sum);
        self.since = self.until;
        let mean = sum / seconds + if sum % seconds == 0 { 0 } else { sum.signum() };
        i64::try_from(mean).map_err(|_| RiskError::Overflow)
    }
}
