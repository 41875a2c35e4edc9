//! Functions by tables of cubics: the normal density, Mills' ratio, and a logarithm.
//!
//! An option is repriced at every knot of a curve, so its functions must cost tens of operations, not
//! thousands. Each is cut into equal intervals; on each, the Taylor expansion about the middle is kept
//! to the cubic, with the quartic term economised (replaced by its best quadratic, Chebyshev), and
//! evaluated with three multiplications. The tables are computed by the compiler from the functions'
//! own differential equations, in 2⁻⁶⁰: there is no column of numbers to mistype.
//!
//! | function | argument | interval | cubic's error | as computed, at most |
//! |---|---|---|---|---|
//! | `φ(u)`, normal density | `0 ≤ u < 8`, 2⁻²⁸ | 1/32 | 2⁻³¹ | 2⁻²⁹, in 2⁻³⁰ |
//! | `M(y) = Φ(−y)/φ(y)`, Mills' ratio | `0 ≤ y < 16`, 2⁻²⁸ | 1/32 | 2⁻²⁹·⁶ | 2⁻²⁸·⁵, in 2⁻³⁰ |
//! | `ln x` | any rate above zero | 1/64 of an octave | 2⁻³³ | 2⁻²⁹, in 2⁻³² |
//!
//! Mills' ratio is the smooth part of the normal tail: it falls like `1/y` where `Φ(−y)` falls like
//! `e^(−y²/2)`, so one table serves the far tail with the same accuracy as the middle.

/// Fractional bits of the arguments of [`density`] and [`mills`].
pub const ARGUMENT_BITS: u32 = 28;
/// Fractional bits of the values of [`density`] and [`mills`].
pub const VALUE_BITS: u32 = 30;
/// Where [`density`] ends: `φ(8) < 2⁻⁴⁷`.
pub const DENSITY_END: u64 = 8 << ARGUMENT_BITS;
/// Where [`mills`] ends.
pub const MILLS_END: u64 = 16 << ARGUMENT_BITS;

/// Fractional bits in which the tables are computed.
const FINE: u32 = 60;
const ONE: i128 = 1 << FINE;
/// log2 of the intervals in one unit of the argument.
const STEP_BITS: u32 = 5;
const LN_STEP_BITS: u32 = 6;
/// Taylor terms that carry a function from one interval to the next: `(16/32)^n/n! < 2⁻⁶⁰` at the far end.
const TERMS: usize = 18;

/// Coefficients of 1, t, t², t³ in 2⁻³⁰, `t` counted from the middle of the interval.
///
/// In 64 bits although 32 would hold them: the VM has no load that extends a sign.
type Cubic = [i64; 4];

const fn mul(a: i128, b: i128) -> i128 {
    (a * b) >> FINE
}

/// The cubic of an interval `2w` wide from the Taylor coefficients about its middle. On it,
/// `t⁴ = w²·t² − w⁴/8 ± w⁴/8`.
const fn economised(a: [i128; 5], w: i128) -> Cubic {
    let (w2, w4) = (mul(w, w), mul(mul(w, w), mul(w, w)));
    let exact = [a[0] - mul(a[4], w4) / 8, a[1], a[2] + mul(a[4], w2), a[3]];
    let mut cubic = [0; 4];
    let mut n = 0;
    while n < 4 {
        cubic[n] = ((exact[n] + (1 << (FINE - VALUE_BITS - 1))) >> (FINE - VALUE_BITS)) as i64;
        n += 1;
    }
    cubic
}

/// Taylor coefficients at `y` of a solution of `f' = ±(y·f) + c` with the value `f`: of Mills' ratio
/// (`M' = y·M − 1`) or of the density (`φ' = −y·φ`). Higher ones follow by differentiating:
/// `(n+1)·a[n+1] = ±(y·a[n] + a[n−1])`.
const fn taylor(y: i128, f: i128, rising: bool) -> [i128; TERMS] {
    let sign = if rising { 1 } else { -1 };
    let mut a = [0; TERMS];
    a[0] = f;
    a[1] = sign * mul(y, f) - if rising { ONE } else { 0 };
    let mut n = 1;
    while n + 1 < TERMS {
        a[n + 1] = sign * (mul(y, a[n]) + a[n - 1]) / (n as i128 + 1);
        n += 1;
    }
    a
}

const fn head(a: &[i128; TERMS]) -> [i128; 5] {
    [a[0], a[1], a[2], a[3], a[4]]
}

/// `Σ a[n]·tⁿ`.
const fn sum(a: &[i128; TERMS], t: i128) -> i128 {
    let mut n = TERMS - 1;
    let mut total = a[n];
    while n > 0 {
        n -= 1;
        total = a[n] + mul(total, t);
    }
    total
}

const DENSITY_INTERVALS: usize = 256;
const MILLS_INTERVALS: usize = 512;
const LN_INTERVALS: usize = 64;
/// Half an interval of the density and of Mills' ratio.
const HALF: i128 = ONE >> (STEP_BITS + 1);

const fn density_table() -> [Cubic; DENSITY_INTERVALS] {
    // 1/√(2π)
    let mut value = 459_949_134_171_706_403;
    let mut y = 0;
    let mut step = HALF;
    let mut table = [[0; 4]; DENSITY_INTERVALS];
    let mut i = 0;
    while i < DENSITY_INTERVALS {
        value = sum(&taylor(y, value, false), step);
        y += step;
        step = 2 * HALF;
        table[i] = economised(head(&taylor(y, value, false)), HALF);
        i += 1;
    }
    table
}

/// Downwards: going up, `M' = y·M − 1` multiplies an error by `e^(y²/2)`.
const fn mills_table() -> [Cubic; MILLS_INTERVALS] {
    let mut y = ((MILLS_INTERVALS as i128) << (FINE - STEP_BITS)) - HALF;
    // Laplace's continued fraction: M(y) = 1/(y + 1/(y + 2/(y + 3/(y + …)))).
    let mut value = y;
    let mut k = 64;
    while k > 0 {
        value = y + k * ONE * ONE / value;
        k -= 1;
    }
    value = ONE * ONE / value;
    let mut table = [[0; 4]; MILLS_INTERVALS];
    let mut i = MILLS_INTERVALS;
    while i > 0 {
        i -= 1;
        let a = taylor(y, value, true);
        table[i] = economised(head(&a), HALF);
        value = sum(&a, -2 * HALF);
        y -= 2 * HALF;
    }
    table
}

const fn ln_table() -> [Cubic; LN_INTERVALS] {
    let half = ONE >> (LN_STEP_BITS + 1);
    let mut table = [[0; 4]; LN_INTERVALS];
    let mut i = 0;
    while i < LN_INTERVALS {
        let middle = ONE + (2 * i as i128 + 1) * half;
        // ln m = 2·(q + q³/3 + q⁵/5 + …), q = (m − 1)/(m + 1) < 1/3.
        let q = ((middle - ONE) << FINE) / (middle + ONE);
        let (mut power, mut value, mut n) = (q, 0, 1);
        while n < 40 {
            value += 2 * power / n;
            power = mul(mul(power, q), q);
            n += 2;
        }
        let r = ONE * ONE / middle;
        let (r2, r3) = (mul(r, r), mul(mul(r, r), r));
        table[i] = economised([value, r, -r2 / 2, r3 / 3, -mul(r2, r2) / 4], half);
        i += 1;
    }
    table
}

static DENSITY: [Cubic; DENSITY_INTERVALS] = density_table();
static MILLS: [Cubic; MILLS_INTERVALS] = mills_table();
static LN: [Cubic; LN_INTERVALS] = ln_table();

/// The cubic at `x`, of `ARGUMENT` fractional bits of which the upper `STEP` number the interval.
#[inline(always)]
fn cubic<const ARGUMENT: u32, const STEP: u32, const N: usize>(table: &[Cubic; N], x: u64) -> i64 {
    let width = ARGUMENT - STEP;
    let [c0, c1, c2, c3] = table[(x >> width) as usize & (N - 1)];
    // t < 2²⁶ and coefficients below 2³¹: nothing overflows.
    let t = ((x & ((1 << width) - 1)) as i64).wrapping_sub(1 << (width - 1));
    let mut value = (c3.wrapping_mul(t) >> ARGUMENT).wrapping_add(c2);
    value = (value.wrapping_mul(t) >> ARGUMENT).wrapping_add(c1);
    (value.wrapping_mul(t) >> ARGUMENT).wrapping_add(c0)
}

/// `φ(u)` in 2⁻³⁰, of `u` in 2⁻²⁸ below [`DENSITY_END`]; not negative. Error: at most 2⁻²⁹.
#[inline(always)]
#[must_use]
pub fn density(u: u64) -> i64 {
    // Where nothing is left but rounding, it may fall below zero.
    cubic::<ARGUMENT_BITS, STEP_BITS, _>(&DENSITY, u).max(0)
}

/// Mills' ratio `M(y) = Φ(−y)/φ(y)` in 2⁻³⁰, of `y` in 2⁻²⁸ below [`MILLS_END`]. Error: at most 2⁻²⁸·⁵.
#[inline(always)]
#[must_use]
pub fn mills(y: u64) -> i64 {
    cubic::<ARGUMENT_BITS, STEP_BITS, _>(&MILLS, y)
}

/// `ln 2` in 2⁻⁴⁰.
const LN_2: i64 = 762_123_384_786;

/// `ln x` in 2⁻³² of a rate above zero; of zero, as of the smallest rate. Error: at most 2⁻²⁹.
///
/// Far cheaper than [`crate::fixed::ln`], with a wider error.
#[inline(always)]
#[must_use]
pub fn ln(x: u64) -> i64 {
    let x = x | u64::from(x == 0);
    // The VM counts zeros in forty instructions, and most arguments are between one half and two.
    let lead = match x >> 31 {
        1 => 32,
        2 | 3 => 31,
        _ => x.leading_zeros(),
    };
    // x = m·2^(31 − lead), m in [1, 2), held in 2⁻³² with its leading one beyond the interval's number.
    let m = (x << lead) >> 31;
    let octaves = 31i64.wrapping_sub(i64::from(lead)).wrapping_mul(LN_2) >> 8;
    octaves.wrapping_add(cubic::<32, LN_STEP_BITS, _>(&LN, m) << 2)
}
