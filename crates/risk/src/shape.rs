//! All options on an asset under absolute shocks: profit against the asset's simple return, in a few lines.
//!
//! A [`crate::curve::Curve`] ends at 32 σ; in calm times a remembered crash lies far beyond it. So for stress, and for
//! the add-ons, the options on an asset are repriced at three returns only (the asset's own worst fall, none, its
//! own worst rise) and bounded between them:
//!
//! ```text
//! owed: concave   the chords from no move to either shock lie below it
//! held: convex    so do its tangents at all three points, and the loss of all that it is worth
//! ```
//!
//! Every joint row lies between the asset's own shocks, which cover its rows. Both ends of the volatility band are
//! tried as in a curve: the lower for what is held, the upper for what is owed, both for a mixed book.

use crate::black::Point;
use crate::curve::{Priced, profit};
use crate::error::Result;
use crate::fixed::{RATE_BITS, RATE_ONE};
use crate::option::{Kind, OptionPosition, VolBand};
use crate::price::Price;
use crate::table::VALUE_BITS;

/// Largest rise that is told apart: eightfold, which is the largest joint shock.
const MAX_RISE: u64 = (8 << RATE_BITS) - 1;
/// Fractional bits of a return that the slope of a chord is computed with.
const CHORD_BITS: u32 = 17;

/// `⌊slope·r⌋`, of a slope in micro-units and a return `r` in 2⁻³² of at most eight.
#[inline(always)]
pub(crate) fn along(slope: i64, r: i64) -> i64 {
    // In two halves: 27 and 27 bits by 35.
    const HALF: u32 = 27;
    let (high, low) = (slope >> HALF, slope & ((1 << HALF) - 1));
    high.wrapping_mul(r).wrapping_add(low.wrapping_mul(r) >> HALF) >> (RATE_BITS - HALF)
}

/// Profit under one volatility, quote micro-units.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// Of what is owed, at the fall, at rest and at the rise.
    owed: [i64; 3],
    /// Its chords' slopes away from rest, on either side.
    chords: [i64; 2],
    /// Tangents of what is held: level at rest and slope.
    tangents: [(i64, i64); 3],
    /// Minus what is held is worth.
    all: i64,
    /// Whether anything is held.
    holds: bool,
}

impl End {
    fn held(&self, r: i64) -> i64 {
        if !self.holds {
            return 0;
        }
        self.tangents.iter().fold(self.all, |most, (level, slope)| most.max(level + along(*slope, r)))
    }

    fn at(&self, r: i64) -> i64 {
        let away = along(self.chords[usize::from(r > 0)], r.abs());
        self.owed[1] + away + self.held(r)
    }
}

/// Slope of a chord that falls by `drop` over a return of `over`: never above the exact one.
fn chord(drop: i64, over: u64) -> i64 {
    // As many bits of the quotient as fit: a drop is below 2⁵⁷.
    let lift = (drop.unsigned_abs() | 1).leading_zeros().min(CHORD_BITS);
    let (lifted, over) = (drop.unsigned_abs() << lift, over >> (RATE_BITS - CHORD_BITS));
    let scaled = |slope: u64| (slope << (CHORD_BITS - lift)).min(1 << 54) as i64;
    if drop >= 0 { -scaled(lifted.div_ceil(over.max(1))) } else { scaled(lifted / (over + 1)) }
}

/// All options on an asset against its simple return.
#[derive(Clone, Debug)]
pub struct Shape {
    /// At the ends of the band that are tried: the first `tried` of both.
    ends: [End; 2],
    tried: usize,
    /// The two shocks with no move between them, rates.
    returns: [i64; 3],
    /// Native exposure, quote micro-units: what the options move by for a small move, per unit of return.
    delta: i64,
}

impl Shape {
    /// Of all option positions on an asset, whose worst shocks are `fall` (at most 100 %) and `rise` (at most eight
    /// times), rates.
    ///
    /// Between the shocks never above the exact profit (relative to the exact mark) at the worse end of the band.
    ///
    /// # Errors
    /// As [`crate::curve::Curve::new`].
    pub fn new<'p>(
        spot: &Price,
        fall: u64,
        rise: u64,
        positions: impl Iterator<Item = &'p OptionPosition>,
        band: &VolBand,
    ) -> Result<Self> {
        Ok(Self::of(fall, rise, &Priced::all(spot, positions, band)?))
    }

    /// Of positions that have been priced.
    pub(crate) fn of(fall: u64, rise: u64, positions: &[Priced]) -> Self {
        let (fall, rise) = (fall.min(RATE_ONE), rise.min(MAX_RISE));
        let points = [RATE_ONE - fall, RATE_ONE, RATE_ONE + rise].map(Point::new);
        let growth_bits = u64::BITS - (points[2].factor >> (RATE_BITS + 1)).leading_zeros();
        let (mut both, mut delta) = ([End::default(); 2], 0i64);
        let tried = Priced::ends(positions);
        let error: i64 = positions.iter().map(|p| p.error(growth_bits)).sum();
        for end in tried.clone() {
            let sums = &mut both[end];
            sums.owed = [-error; 3];
            for position in positions {
                // Deltas of a mixed book: of what is held at the lower end, of what is owed at the upper.
                let moves = sums.add(position, end, &points, growth_bits);
                delta += if (end == 0) == position.held { moves } else { 0 };
            }
            sums.chords =
                [chord(sums.owed[1] - sums.owed[0], fall), chord(sums.owed[1] - sums.owed[2], rise)];
        }
        if tried.start == 1 {
            both.swap(0, 1);
        }
        Self { ends: both, tried: tried.len(), returns: [-(fall as i64), 0, rise as i64], delta }
    }

    /// Profit at a return (a rate within the shocks), quote micro-units.
    #[must_use]
    pub fn at(&self, r: i64) -> i64 {
        self.ends[..self.tried].iter().map(|end| end.at(r)).min().unwrap_or(0)
    }

    /// The asset's worst fall, no move, its worst rise: returns (rates), and the profits there.
    #[must_use]
    pub fn shocks(&self) -> [(i64, i64); 3] {
        core::array::from_fn(|k| {
            let r = self.returns[k];
            (r, self.ends[..self.tried].iter().map(|end| end.owed[k] + end.held(r)).min().unwrap_or(0))
        })
    }

    /// Value of the underlying that moves as the options do for a small move of spot, signed micro-units.
    #[must_use]
    pub const fn delta(&self) -> i64 {
        self.delta
    }
}

impl End {
    /// Adds a position at one end of the band; returns its delta's value.
    fn add(&mut self, position: &Priced, end: usize, points: &[Point; 3], growth_bits: u32) -> i64 {
        const ONE: i64 = 1 << VALUE_BITS;
        let contract = position.prepared.contract.at(position.deviations[end]);
        let moving = position.prepared.moving;
        let is_put = position.kind == Kind::Put;
        let mut delta = 0;
        for (k, point) in points.iter().enumerate() {
            let quote = contract.quote(point, growth_bits);
            let factor = point.factor as i64;
            let gain = position.gain(&contract, factor, quote.time_value);
            let slope = if is_put { quote.delta - ONE } else { quote.delta };
            // In 2⁻³².
            let slope = profit(0, moving, slope << (RATE_BITS - VALUE_BITS));
            if k == 1 {
                delta = slope;
            }
            if position.held {
                // The call's tangent at rest, where parity adds nothing.
                let back = quote.delta.wrapping_mul((RATE_ONE as i64 - factor) >> growth_bits);
                let level = gain.wrapping_add(back >> (VALUE_BITS - growth_bits));
                let (levels, slopes) = &mut self.tangents[k];
                *levels += profit(growth_bits, moving, level);
                *slopes += slope;
            } else {
                self.owed[k] += profit(growth_bits, moving, gain - position.parity(factor));
            }
        }
        if position.held {
            // A put's price: P = C − F + K. No return within eight times loses more than nine times spot.
            let parity = if is_put { contract.strike() - RATE_ONE as i64 } else { 0 };
            let worth = (position.mark + parity).clamp(0, 9 << RATE_BITS);
            self.all += profit(3, moving, -worth);
            self.holds = true;
        }
        delta
    }
}
