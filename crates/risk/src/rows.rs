//! Profits of a book in every scenario, one number a row: what a book with options needs, whose profit
//! is not linear in `z` and so does not fit the packed lanes of [`Vector`].

use alloc::boxed::Box;

use crate::curve::Curve;
use crate::scenario::{Column, RISK_BITS, SCENARIOS, Smallest, Vector, WORST, Z_BITS, unpack};

/// Rows that one turn of the inner loop handles, written out.
const UNROLL: usize = 16;
/// Fractional bits below a micro-unit of a lane at scale zero.
const LANE_BITS: u32 = RISK_BITS + Z_BITS;

/// Profit in every row, quote micro-units, each rounded down.
///
/// With `Σ|w| + Σ|n|·S` at most [`crate::book::MAX_GROSS`] and σ below one no row exceeds 2⁵⁹, nor
/// seven of them an `i64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(Box<[i64; SCENARIOS]>);

impl Rows {
    /// The linear part of a book, whose weights have the scale `shift` (at most 46).
    #[must_use]
    pub fn of(vector: &Vector, shift: u32) -> Self {
        let mut rows = Box::new([0; SCENARIOS]);
        if shift < LANE_BITS {
            spread(vector, &mut rows, |lane| lane >> (LANE_BITS - shift));
        } else {
            spread(vector, &mut rows, |lane| lane << (shift - LANE_BITS));
        }
        Self(rows)
    }

    /// Of a book without a linear part.
    #[must_use]
    pub fn zero() -> Self {
        Self(Box::new([0; SCENARIOS]))
    }

    /// Adds the options on an asset.
    pub fn add(&mut self, curve: &Curve, column: &Column) {
        curve.add_to(column, &mut self.0);
    }

    /// The rows.
    #[must_use]
    pub fn as_array(&self) -> &[i64; SCENARIOS] {
        &self.0
    }

    /// The Expected Shortfall in quote micro-units, rounded up; `tails` and `shift` are those of the
    /// linear part, and charge its rounding as in [`Vector::expected_shortfall`].
    #[must_use]
    pub fn expected_shortfall(&self, tails: u64, shift: u32) -> u128 {
        let mut smallest = Smallest::new();
        for &row in self.0.iter() {
            smallest.push(row);
        }
        let worst = (-smallest.sum()).max(0) as u128;
        let hidden = u128::from(tails) * ((1 << shift >> 1) + 1);
        ((worst << LANE_BITS) + hidden).div_ceil((WORST as u128) << LANE_BITS)
    }
}

#[inline(always)]
fn spread(vector: &Vector, rows: &mut [i64; SCENARIOS], scaled: impl Fn(i64) -> i64) {
    let blocks = rows.as_chunks_mut::<UNROLL>().0;
    for (words, rows) in vector.words().as_chunks::<{ UNROLL / 2 }>().0.iter().zip(blocks) {
        for (pair, &word) in words.iter().enumerate() {
            let (low, high) = unpack(word);
            rows[2 * pair] = scaled(low);
            rows[2 * pair + 1] = scaled(high);
        }
    }
}
