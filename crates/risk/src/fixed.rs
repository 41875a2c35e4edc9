//! Fixed-point arithmetic: stated scales, stated rounding, stated error bounds.
//!
//! | quantity | type | unit |
//! |---|---|---|
//! | money | `i64` | quote micro-units (1e-6 of the settlement token) |
//! | token amounts, base quantities | `u64`, `i64` | native units of the asset |
//! | rate: haircut, add-on, σ over the horizon, return | `u64`, `i64` | 2⁻³² ([`RATE_ONE`] = 100 %) |
//! | variance per horizon | `u64` | 2⁻⁴⁸ ([`VAR_ONE`] = (100 %)²) |
//!
//! Intermediates are `u128` or `i128`: a product of two 64-bit numbers never overflows.

use crate::error::{Result, RiskError};

/// Fractional bits of a rate.
pub const RATE_BITS: u32 = 32;
/// One, as a rate: 100 %.
pub const RATE_ONE: u64 = 1 << RATE_BITS;
/// Fractional bits of a variance.
pub const VAR_BITS: u32 = 48;
/// One, as a variance: the variance whose σ is 100 %.
pub const VAR_ONE: u64 = 1 << VAR_BITS;
/// Basis points in one.
pub const BPS_ONE: u64 = 10_000;

/// `a·b`, exact, from four products of halves. The processor that this is paid on has no wide product, and the
/// compiler's own is a call.
#[inline(always)]
#[must_use]
pub const fn wide(a: u64, b: u64) -> u128 {
    const LOW: u64 = u32::MAX as u64;
    let (a1, a0, b1, b0) = (a >> 32, a & LOW, b >> 32, b & LOW);
    // Each product of halves is at most (2³² − 1)²: there is room for two more halves.
    let low = a0.wrapping_mul(b0);
    let middle = a1.wrapping_mul(b0).wrapping_add(low >> 32);
    let cross = a0.wrapping_mul(b1).wrapping_add(middle & LOW);
    let high = a1.wrapping_mul(b1).wrapping_add(middle >> 32).wrapping_add(cross >> 32);
    ((high as u128) << 64) | ((cross << 32) | (low & LOW)) as u128
}

/// `⌊a·b / c⌋`, exact.
///
/// # Errors
/// [`RiskError::BadParameter`] if `c` is zero, [`RiskError::Overflow`] if the quotient exceeds `u64`.
#[inline]
pub fn mul_div_floor(a: u64, b: u64, c: u64) -> Result<u64> {
    if c == 0 {
        return Err(RiskError::BadParameter);
    }
    u64::try_from(wide(a, b) / u128::from(c)).map_err(|_| RiskError::Overflow)
}

/// `⌈a·b / c⌉`, exact.
///
/// # Errors
/// As [`mul_div_floor`].
#[inline]
pub fn mul_div_ceil(a: u64, b: u64, c: u64) -> Result<u64> {
    if c == 0 {
        return Err(RiskError::BadParameter);
    }
    u64::try_from(wide(a, b).div_ceil(u128::from(c))).map_err(|_| RiskError::Overflow)
}

/// `⌊a·b / c⌋` of signed numbers, rounding towards minus infinity.
///
/// # Errors
/// As [`mul_div_floor`], with `i64` as the range of the quotient.
#[inline]
pub fn mul_div_floor_signed(a: i64, b: i64, c: i64) -> Result<i64> {
    if c == 0 {
        return Err(RiskError::BadParameter);
    }
    let (n, d) = (i128::from(a) * i128::from(b), i128::from(c));
    let truncated = n / d;
    let floor = if n % d != 0 && (n < 0) != (d < 0) { truncated - 1 } else { truncated };
    i64::try_from(floor).map_err(|_| RiskError::Overflow)
}

/// `⌈value · rate⌉`: a charge, rounded up.
///
/// # Errors
/// [`RiskError::Overflow`] if the charge exceeds `u64`.
#[inline]
pub fn charge(value: u64, rate: u64) -> Result<u64> {
    if value < 1 << 54 && rate < 1 << 40 {
        // By halves: value₁ < 2²², so the first product is below 2⁶²; the others below 2⁴⁰ and 2³².
        let (high, low) = (value >> RATE_BITS, value & (RATE_ONE - 1));
        let fraction = low.wrapping_mul(rate & (RATE_ONE - 1)).wrapping_add(RATE_ONE - 1) >> RATE_BITS;
        let whole = high.wrapping_mul(rate).wrapping_add(low.wrapping_mul(rate >> RATE_BITS));
        return Ok(whole.wrapping_add(fraction));
    }
    let product = wide(value, rate) + u128::from(RATE_ONE - 1);
    u64::try_from(product >> RATE_BITS).map_err(|_| RiskError::Overflow)
}

/// `⌊value · rate⌋`: a credit, rounded down.
///
/// # Errors
/// [`RiskError::Overflow`] if the credit exceeds `u64`.
#[inline]
pub fn credit(value: u64, rate: u64) -> Result<u64> {
    u64::try_from(wide(value, rate) >> RATE_BITS).map_err(|_| RiskError::Overflow)
}

/// A rate from basis points, exact to 2⁻³², rounded down.
#[must_use]
pub const fn rate_from_bps(bps: u32) -> u64 {
    ((bps as u64) << RATE_BITS) / BPS_ONE
}

/// `⌊√v⌋` as a rate, of a variance `v`. Error: below one unit (2⁻³²) where σ is below one, below 2⁸
/// units above.
#[inline]
#[must_use]
pub const fn sigma_from_variance(variance: u64) -> u64 {
    // √(v·2⁻⁴⁸) = √(v·2¹⁶)·2⁻³²; the 64-bit root serves every variance below (100 %)².
    if variance < VAR_ONE {
        (variance << 16).isqrt()
    } else {
        // √(v·2¹⁶) = √(v)·2⁸ loses at most 2⁸ units of 2⁻³² on a σ above one.
        variance.isqrt() << 8
    }
}

/// `2^(−2^(−k))` for k = 1..=32, in 2⁻³², rounded to nearest.
#[rustfmt::skip]
const HALVINGS: [u64; 32] = [
    3_037_000_500, 3_611_622_603, 3_938_502_376, 4_112_874_773, 4_202_935_003, 4_248_701_965,
    4_271_771_996, 4_283_353_945, 4_289_156_690, 4_292_061_010, 4_293_513_907, 4_294_240_540,
    4_294_603_903, 4_294_785_595, 4_294_876_445, 4_294_921_870, 4_294_944_583, 4_294_955_939,
    4_294_961_618, 4_294_964_457, 4_294_965_876, 4_294_966_586, 4_294_966_941, 4_294_967_119,
    4_294_967_207, 4_294_967_252, 4_294_967_274, 4_294_967_285, 4_294_967_290, 4_294_967_293,
    4_294_967_295, 4_294_967_295,
];

/// `2^(−x)` for a rate `x ≥ 0`: the share of a weight that is left after `x` half-lives.
///
/// Error: at most 9 units of 2⁻³² (2.1e-9), found by trying every fraction; never above [`RATE_ONE`];
/// `2^0` is exact. Inside that error it may rise with `x`, by at most 6 units.
#[must_use]
pub fn exp2_neg(x: u64) -> u64 {
    let whole = x >> RATE_BITS;
    if whole >= 64 {
        return 0;
    }
    // Product over the set bits of the fraction; bit 31 stands for one half.
    let mut acc = RATE_ONE;
    let mut fraction = (x as u32) as u64;
    let mut k = 0;
    while fraction != 0 {
        fraction <<= 1;
        if fraction >> RATE_BITS != 0 {
            fraction &= RATE_ONE - 1;
            // acc ≤ 2³² and the factor < 2³²: the product, and half a unit on top, fits 64 bits.
            acc = (acc * HALVINGS[k] + (RATE_ONE >> 1)) >> RATE_BITS;
        }
        k += 1;
    }
    acc >> whole
}

/// Weight left after `elapsed_s` seconds at the given half-life: `2^(−elapsed/half_life)`, a rate.
///
/// Error: as [`exp2_neg`]. More than 2³² seconds (136 years) count as that.
///
/// # Errors
/// [`RiskError::BadParameter`] if the half-life is zero.
pub fn decay(elapsed_s: u64, half_life_s: u64) -> Result<u64> {
    if half_life_s == 0 {
        return Err(RiskError::BadParameter);
    }
    // Beyond 64 half-lives nothing is left; capping first keeps the shift inside 64 bits.
    let capped = elapsed_s.min(half_life_s.saturating_mul(64)).min(u64::from(u32::MAX));
    Ok(exp2_neg((capped << RATE_BITS) / half_life_s))
}

/// `⌊value·2^(elapsed/doubling)⌋`, saturating: what a value that may double in `doubling_s` can have grown to. The
/// product over many steps is the same as one large step, so asking more often does not make it grow faster.
///
/// # Errors
/// [`RiskError::BadParameter`] if the doubling time is zero.
pub fn grown(value: u64, elapsed_s: u64, doubling_s: u64) -> Result<u64> {
    let left = decay(elapsed_s, doubling_s)?.max(1);
    Ok(u64::try_from((u128::from(value) << RATE_BITS) / u128::from(left)).unwrap_or(u64::MAX))
}

/// `ln 2` in 2⁻³².
const LN_2: i64 = 2_977_044_472;
/// `log2 e` in 2⁻³².
const LOG2_E: i64 = 6_196_328_019;

/// `ln(x)` for a rate `x > 0`, in 2⁻³².
///
/// Error: at most 8 units of 2⁻³² (1.9e-9).
///
/// # Errors
/// [`RiskError::BadParameter`] for zero.
pub fn ln(x: u64) -> Result<i64> {
    if x == 0 {
        return Err(RiskError::BadParameter);
    }
    // x = m·2^e with m in [1, 2), held in 2⁻⁶²; log2 m bit by bit: squaring doubles the logarithm.
    let lead = x.leading_zeros();
    let exponent = 31 - lead as i64;
    let mut m = u128::from(x) << (lead + 63);
    m >>= 64;
    let mut log2 = 0i64;
    let mut bit = RATE_ONE as i64 >> 1;
    while bit != 0 {
        m = (m * m) >> 62;
        if m >= 1 << 63 {
            m >>= 1;
            log2 |= bit;
        }
        bit >>= 1;
    }
    let total = (exponent << RATE_BITS) + log2;
    Ok(((i128::from(total) * i128::from(LN_2)) >> RATE_BITS) as i64)
}

/// `e^x` for `x` in 2⁻³², as a rate.
///
/// Relative error: at most 2⁻²⁷, plus one unit of 2⁻³².
///
/// # Errors
/// [`RiskError::Overflow`] where the result exceeds 2³¹.
pub fn exp(x: i64) -> Result<u64> {
    let log2 = (i128::from(x) * i128::from(LOG2_E)) >> RATE_BITS;
    // 2^y = 2^⌈y⌉ · 2^−(⌈y⌉−y)
    let ceiling = (log2 + i128::from(RATE_ONE) - 1) >> RATE_BITS;
    let below = ((ceiling << RATE_BITS) - log2) as u64;
    let mantissa = exp2_neg(below);
    if ceiling > 31 {
        Err(RiskError::Overflow)
    } else if ceiling >= 0 {
        Ok(mantissa << ceiling)
    } else if ceiling > -64 {
        Ok(mantissa >> -ceiling)
    } else {
        Ok(0)
    }
}
