//! Prices as margin maths wants them: binary-scaled, so that a valuation is one multiply and a shift.
//!
//! An oracle says `price·10^expo` dollars a whole token; a holding counts native units, `10^decimals`
//! of them a token; value is quote micro-units. All three powers of ten are folded once, when the
//! price is refreshed, into
//!
//! ```text
//! micro-units per native unit = mantissa · 2^(−shift),   2^47 ≤ mantissa < 2^48
//! ```
//!
//! after which `value = ⌊quantity·mantissa / 2^shift⌋`. The mantissa keeps 47 bits: a price is held
//! with a relative error below 2⁻⁴⁷.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, wide};

/// Bits of a normalised mantissa.
pub const MANTISSA_BITS: u32 = 48;
/// Largest shift: a price below 2⁻⁵³ micro-units a native unit is not a price.
pub const MAX_SHIFT: u32 = 100;
/// Most decimals a token may have.
pub const MAX_DECIMALS: u8 = 12;
/// Oracle exponents accepted: `10^MIN_EXPO ..= 10^0`.
pub const MIN_EXPO: i32 = -12;
/// Largest simple return that is told apart: +25,600 %.
const MAX_RETURN: i64 = 256 << RATE_BITS;

/// Quote micro-units a native unit: `mantissa·2^(−shift)`, normalised.
///
/// The all-zero value stands for "no price yet" and values nothing: see [`Price::is_set`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// `2^47 ≤ mantissa < 2^48`.
    pub mantissa: u64,
    /// `0 ..= MAX_SHIFT`.
    pub shift: u32,
}

impl Price {
    /// From an oracle's decimal price of a whole token (dollars, one dollar being one quote token).
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] for a price that is not positive or falls outside the scale,
    /// [`RiskError::BadParameter`] for an exponent or decimals outside the accepted range.
    pub fn from_decimal(price: i64, expo: i32, decimals: u8) -> Result<Self> {
        let price = u64::try_from(price).map_err(|_| RiskError::BadPrice)?;
        if price == 0 {
            return Err(RiskError::BadPrice);
        }
        if !(MIN_EXPO..=0).contains(&expo) || decimals > MAX_DECIMALS {
            return Err(RiskError::BadParameter);
        }
        // price·10^(expo + 6 − decimals), the exponent between −18 and 6.
        let power = expo + 6 - i32::from(decimals);
        let ten = 10u64.pow(power.unsigned_abs());
        if power >= 0 {
            Self::normalised(u128::from(price) * u128::from(ten), 0)
        } else {
            // Lifted as far as 128 bits go before dividing by at most 10^18 (60 bits), so that every
            // quotient has more bits than a mantissa holds.
            let lift = 64 + price.leading_zeros();
            Self::normalised((u128::from(price) << lift) / u128::from(ten), lift)
        }
    }

    /// `raw·2^(−scale)`, normalised by truncation.
    fn normalised(raw: u128, scale: u32) -> Result<Self> {
        if raw == 0 {
            return Err(RiskError::BadPrice);
        }
        let bits = u128::BITS - raw.leading_zeros();
        let (mantissa, shift) = if bits > MANTISSA_BITS {
            let excess = bits - MANTISSA_BITS;
            ((raw >> excess) as u64, scale.checked_sub(excess).ok_or(RiskError::BadPrice)?)
        } else {
            let missing = MANTISSA_BITS - bits;
            ((raw as u64) << missing, scale + missing)
        };
        if shift > MAX_SHIFT {
            return Err(RiskError::BadPrice);
        }
        Ok(Self { mantissa, shift })
    }

    /// Whether a price has ever been set.
    #[inline]
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.mantissa != 0
    }

    /// `⌊quantity · price⌋` in quote micro-units: what is held is worth at most its value, what is
    /// owed at least.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] if the value does not fit `i64`.
    #[inline]
    pub fn value(&self, quantity: i64) -> Result<i64> {
        let product = wide(quantity.unsigned_abs(), self.mantissa);
        // ⌊−x⌋ = −⌈x⌉: what is owed is rounded up.
        let up = if quantity < 0 { (1u128 << self.shift) - 1 } else { 0 };
        let value = u64::try_from((product + up) >> self.shift).map_err(|_| RiskError::Overflow)?;
        if quantity < 0 { 0i64.checked_sub_unsigned(value) } else { i64::try_from(value).ok() }
            .ok_or(RiskError::Overflow)
    }

    /// This price times a factor, a rate, rounded down.
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] where the result is not a price.
    pub fn scaled(&self, factor: u64) -> Result<Self> {
        Self::normalised(wide(self.mantissa, factor), self.shift + RATE_BITS)
    }

    /// Whether this price is below another. A price that is not set is below every one that is.
    #[inline]
    #[must_use]
    pub const fn is_below(&self, other: &Self) -> bool {
        if !self.is_set() || !other.is_set() {
            return other.is_set() && !self.is_set();
        }
        // Normalised mantissas: a larger shift is a smaller price.
        self.shift > other.shift || (self.shift == other.shift && self.mantissa < other.mantissa)
    }

    /// Largest ratio that is told apart, a rate: 2³⁰.
    const MAX_RATIO: u64 = RATE_ONE << 30;

    /// `⌊self/of⌋` as a rate, at most 2³⁰ times one.
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] if either is not set.
    pub fn ratio(&self, of: &Self) -> Result<u64> {
        if !self.is_set() || !of.is_set() {
            return Err(RiskError::BadPrice);
        }
        // The quotient of the mantissas is between one half and two.
        match RATE_BITS as i32 + of.shift as i32 - self.shift as i32 {
            i32::MIN..0 => Ok(0),
            lift @ 0..=62 => {
                let quotient = (u128::from(self.mantissa) << lift) / u128::from(of.mantissa);
                Ok((quotient as u64).min(Self::MAX_RATIO))
            }
            _ => Ok(Self::MAX_RATIO),
        }
    }

    /// The simple return `self/from − 1`, in 2⁻³², truncated towards minus infinity and bounded by
    /// ±25,600 %.
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] if `from` is not set.
    pub fn simple_return(&self, from: &Self) -> Result<i64> {
        if !from.is_set() || !self.is_set() {
            return Err(RiskError::BadPrice);
        }
        // ratio = (m/m₀)·2^(s₀ − s) in 2⁻³²; m/m₀ is in (½, 2).
        let lift = RATE_BITS as i32 + from.shift as i32 - self.shift as i32;
        if lift > 64 {
            return Ok(MAX_RETURN);
        }
        if lift < 0 {
            return Ok(-(RATE_ONE as i64));
        }
        let ratio = (u128::from(self.mantissa) << lift) / u128::from(from.mantissa);
        Ok(i64::try_from(ratio).unwrap_or(i64::MAX).saturating_sub(RATE_ONE as i64).min(MAX_RETURN))
    }

    /// `target + (self − target)·weight`: moves towards `target`, keeping `weight` of the distance.
    /// Truncated by less than 2⁻⁴⁶ of the result, never past either end.
    ///
    /// Where the shifts differ by more than 46 (one price is over 2⁴⁶ times the other) the target is taken
    /// at once, unless `weight` is one.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] if `weight` exceeds one, [`RiskError::BadPrice`] if either is unset.
    pub fn towards(&self, target: &Self, weight: u64) -> Result<Self> {
        if weight > RATE_ONE {
            return Err(RiskError::BadParameter);
        }
        if !self.is_set() || !target.is_set() {
            return Err(RiskError::BadPrice);
        }
        if weight == RATE_ONE {
            return Ok(*self);
        }
        // On the larger of both shifts both are integers: 48 bits of mantissa, up to 46 of lift and
        // 32 of weight fit 127.
        let shift = self.shift.max(target.shift);
        let (a, b) = (shift - self.shift, shift - target.shift);
        if a > 46 || b > 46 {
            return Ok(*target);
        }
        let (from, to) = (u128::from(self.mantissa) << a, u128::from(target.mantissa) << b);
        let blend = (from * u128::from(weight) + to * u128::from(RATE_ONE - weight)) >> RATE_BITS;
        Self::normalised(blend, shift)
    }
}
