//! The scenario ring, and the Expected Shortfall of a book over it.
//!
//! A ring holds [`SCENARIOS`] joint rows of standardised returns `z = r/σ`, one column an asset. Two
//! rows share one word, `z[2j] + z[2j+1]·2³²`, so that one multiply and one add serve both:
//!
//! ```text
//! Σ_i u_i·(z_i[2j] + z_i[2j+1]·2³²)  =  Σ_i u_i·z_i[2j]  +  2³²·Σ_i u_i·z_i[2j+1]
//! ```
//!
//! Weights are integers with `Σ|u| < 2¹⁶` and `|z| < 2¹⁵`: neither lane can leave 32 bits, and the
//! two sums are read back exactly. Rounding a risk weight to such an integer is off by at most one
//! half a leg, and the risk itself was rounded up by less than one unit before; by sub-additivity of
//! the Expected Shortfall the error of the whole is at most that share of the sum of the legs' own
//! tails, and it is charged ([`Vector::expected_shortfall`]).
//!
//! Changing one asset's weight changes the vector by one pass over one column: see
//! [`Vector::add`]. A liquidation's outcome is therefore priced without rebuilding the book.

use alloc::boxed::Box;

use crate::fixed::{RATE_BITS, RATE_ONE, wide};

/// Joint rows in the ring.
pub const SCENARIOS: usize = 256;
/// Words of a column: two scenarios each.
pub const WORDS: usize = SCENARIOS / 2;
/// How many of the worst rows the shortfall averages: `⌈(1 − 97.5 %)·256⌉`.
pub const WORST: usize = 7;
/// Fractional bits of a standardised return: one σ is `1 << Z_BITS`.
pub const Z_BITS: u32 = 10;
/// Standardised returns are winsorised at ±31.999 σ.
pub const Z_MAX: i64 = (1 << 15) - 1;
/// Fractional bits that a leg's risk (`|w|·σ`) carries below a micro-unit.
pub const RISK_BITS: u32 = 8;
/// Risk weights of a fresh vector sum to at most about this; twice as much still fits a lane.
const WEIGHT_BITS: u32 = 15;

/// One asset's standardised returns, two rows a word.
pub type Column = [i64; WORDS];

/// `z = r / (σ·√(elapsed/horizon))` in 2⁻¹⁰, rounded away from zero and winsorised at [`Z_MAX`].
///
/// `r` and `sigma` are rates; a `sigma` of zero counts as the smallest there is.
#[must_use]
pub fn standardise(r: i64, sigma: u64, elapsed_s: u64, horizon_s: u64) -> i64 {
    // √(elapsed/horizon) as a rate: both are below 2³², so the quotient keeps 32 fractional bits.
    let ratio = ((elapsed_s.clamp(1, u64::from(u32::MAX)) << RATE_BITS) / horizon_s.max(1)).max(1);
    let root = (u128::from(ratio) << RATE_BITS).isqrt() as u64;
    let scale = (wide(sigma.max(1), root) >> RATE_BITS).max(1);
    let z = ((u128::from(r.unsigned_abs()) << Z_BITS).div_ceil(scale)).min(Z_MAX as u128) as i64;
    if r < 0 { -z } else { z }
}

/// Reads row `row` of a column.
///
/// # Panics
/// If `row` is not below [`SCENARIOS`].
#[must_use]
pub fn get(column: &Column, row: usize) -> i64 {
    let (low, high) = unpack(column[row / 2]);
    if row.is_multiple_of(2) { low } else { high }
}

/// Writes row `row` of a column; `z` is winsorised.
///
/// # Panics
/// As [`get`].
pub fn set(column: &mut Column, row: usize, z: i64) {
    let z = z.clamp(-Z_MAX, Z_MAX);
    let word = &mut column[row / 2];
    let (low, high) = unpack(*word);
    *word = if row.is_multiple_of(2) { pack(z, high) } else { pack(low, z) };
}

#[inline(always)]
pub(crate) const fn pack(low: i64, high: i64) -> i64 {
    low.wrapping_add(high << 32)
}

#[inline(always)]
pub(crate) const fn unpack(word: i64) -> (i64, i64) {
    let low = word as i32 as i64;
    (low, word.wrapping_sub(low) >> 32)
}

/// Words that one turn of the inner loop handles, written out.
pub(crate) const UNROLL: usize = 16;

/// Adds weighted packed columns to packed sums, [`UNROLL`] words a turn; words beyond a multiple of it are
/// left out.
///
/// Two columns at a time is the fastest in the VM: three pointers and two weights fit its ten registers
/// beside the intermediates; with more columns it spills them.
#[inline(always)]
pub(crate) fn accumulate<const N: usize>(sums: &mut [i64], columns: [&[i64]; N], weights: [i64; N]) {
    let columns = columns.map(|column| column.as_chunks::<UNROLL>().0);
    for (block, sums) in sums.as_chunks_mut::<UNROLL>().0.iter_mut().enumerate() {
        let columns = columns.map(|column| &column[block]);
        for (word, sum) in sums.iter_mut().enumerate() {
            for n in 0..N {
                *sum = sum.wrapping_add(weights[n].wrapping_mul(columns[n][word]));
            }
        }
    }
}

/// The seven smallest numbers seen so far, ascending.
pub(crate) struct Smallest([i64; WORST]);

impl Smallest {
    pub(crate) const fn new() -> Self {
        Self([i64::MAX; WORST])
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, x: i64) {
        if x < self.0[WORST - 1] {
            let mut at = WORST - 1;
            while at > 0 && self.0[at - 1] > x {
                self.0[at] = self.0[at - 1];
                at -= 1;
            }
            self.0[at] = x;
        }
    }

    pub(crate) fn sum(&self) -> i64 {
        self.0.iter().sum()
    }
}

/// Sums of the worst [`WORST`] standardised losses of holding one asset alone, 2⁻¹⁰.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tails {
    /// Of holding it: falls.
    pub long: u32,
    /// Of being short of it: rises.
    pub short: u32,
}

impl Tails {
    /// Of a column written by [`set`]. A side that never lost has a tail of zero.
    #[must_use]
    pub fn of(column: &Column) -> Self {
        let (mut falls, mut rises) = (Smallest::new(), Smallest::new());
        for &word in column {
            let (low, high) = unpack(word);
            falls.push(low);
            falls.push(high);
            rises.push(-low);
            rises.push(-high);
        }
        // Each is at most 7·2¹⁵.
        Self { long: (-falls.sum()).max(0) as u32, short: (-rises.sum()).max(0) as u32 }
    }

    /// The larger side.
    #[must_use]
    pub fn widest(&self) -> u32 {
        self.long.max(self.short)
    }

    /// `σ·tail`: the Expected Shortfall of holding one unit of value alone, as a rate, rounded up and
    /// saturating.
    #[must_use]
    pub fn shortfall_rate(tail: u32, sigma: u64) -> u64 {
        const UNITS: u64 = (WORST as u64) << Z_BITS;
        if sigma < RATE_ONE {
            // Below 2³²·2³².
            return sigma.wrapping_mul(tail.into()).div_ceil(UNITS);
        }
        let rate = wide(sigma, tail.into()).div_ceil(UNITS.into());
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// The profit of a book in every scenario, in integer weights, two scenarios a word.
#[derive(Clone, Debug)]
pub struct Vector(Box<Column>);

impl Default for Vector {
    fn default() -> Self {
        Self::new()
    }
}

impl Vector {
    /// The book that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::new([0; WORDS]))
    }

    /// Adds `weight` of one asset. The lanes are exact as long as all weights in the vector, and the
    /// one added, have magnitudes that sum to less than 2¹⁶.
    pub fn add(&mut self, column: &Column, weight: i64) {
        self.add_many([column], [weight]);
    }

    /// Adds several assets in one pass, so that one load and one store of the sum serve them all.
    pub fn add_many<const N: usize>(&mut self, columns: [&Column; N], weights: [i64; N]) {
        accumulate(&mut self.0[..], columns.map(|column| &column[..]), weights);
    }

    /// The profit in one row, in weights times 2⁻¹⁰.
    ///
    /// # Panics
    /// If `row` is not below [`SCENARIOS`].
    #[must_use]
    pub fn row(&self, row: usize) -> i64 {
        get(&self.0, row)
    }

    /// The packed sums.
    pub(crate) const fn words(&self) -> &Column {
        &self.0
    }

    /// Sum of the worst [`WORST`] losses, in weights times 2⁻¹⁰; not below zero.
    #[must_use]
    pub fn worst(&self) -> u64 {
        let mut smallest = Smallest::new();
        for &word in self.0.iter() {
            let (low, high) = unpack(word);
            smallest.push(low);
            smallest.push(high);
        }
        (-smallest.sum()).max(0) as u64
    }

    /// The Expected Shortfall in quote micro-units, rounded up: the mean of the worst losses, plus
    /// what rounding may have hidden. `tails` is the sum of the legs' widest tails, `shift` (at most
    /// 64) the scale of the weights ([`shift_for`]).
    ///
    /// A leg's risk is rounded up by less than one unit of 2⁻⁸, and its weight by at most half of
    /// `2^shift` such units either way: `(2^shift/2 + 1)·tails` is charged, so the result is never
    /// below the shortfall of the unrounded weights. It is above by at most twice the charge, and one
    /// micro-unit. At the scale of a fresh vector `2^shift ≤ 2⁻¹⁴·Σ|w|σ`: with `T` the mean of the legs'
    /// own tails in σ, a book of n legs is overcharged by at most `n·T·2⁻¹⁴` of `Σ|w|σ`.
    #[must_use]
    pub fn expected_shortfall(&self, tails: u64, shift: u32) -> u128 {
        let hidden = u128::from(tails) * ((1 << shift >> 1) + 1);
        ((u128::from(self.worst()) << shift) + hidden).div_ceil((WORST as u128) << (Z_BITS + RISK_BITS))
    }
}

/// By how many bits a book's total risk must be shifted down for its weights to fit a lane.
#[must_use]
pub const fn shift_for(total_risk: u64) -> u32 {
    (u64::BITS - total_risk.leading_zeros()).saturating_sub(WEIGHT_BITS)
}

/// Whether weights of this total risk fit a lane at this scale, with rounding of up to 64 legs.
#[must_use]
pub const fn fits(total_risk: u64, shift: u32) -> bool {
    total_risk >> shift < (1 << (WEIGHT_BITS + 1)) - 64
}

/// A leg's risk (below 2⁶³) as an integer weight: rounded to nearest, with the sign of its exposure.
/// `shift` is at most 63.
#[must_use]
pub const fn weight(risk: u64, negative: bool, shift: u32) -> i64 {
    let half = if shift == 0 { 0 } else { 1u64 << (shift - 1) };
    let magnitude = ((risk + half) >> shift) as i64;
    if negative { -magnitude } else { magnitude }
}
