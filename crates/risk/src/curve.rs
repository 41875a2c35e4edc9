//! All options on one asset as one curve: profit against the asset's standardised return.
//!
//! Rows of the ring move spot by `r = σ·z`. Repricing every option in every row would cost 256
//! valuations an option; instead the profit of all options on an asset, relative to their present mark,
//! is drawn once over `z`, in straight pieces between knots that are one σ apart around zero and wider
//! in the tails, and every row reads it there. Options on an asset thus net with each other and, row by
//! row, with everything else in the book.
//!
//! **A curve never overstates.** A chord lies below a concave function and a tangent below a convex
//! one. So a short option is priced at the knots and joined by chords; a long one is priced in the
//! middle of each piece, and its delta there gives the tangent. With `h` the width of a piece in units
//! of spot and `Δ` the delta, the curve is below the exact value of a position by at most
//! `h·(Δ_right − Δ_left)/4` a unit if it is short and `h·(Δ_right − Δ_left)/2` if it is long, in
//! smooth parts by half of the former.
//!
//! Merging two books never needs more than both apart, but for interpolation.
//!
//! **Volatility.** Each piece is drawn with implied volatilities at the lower and at the upper end of
//! a band, and the worse end points are joined: a chord of the lower of two lines. Where all positions
//! are long only the lower end can be the worse, and where all are short only the upper.
//!
//! **Worthless assets.** Spot does not fall below zero, so the curve is flat where `σ·z < −1`. In the
//! piece where that begins, the price as a function of `z` has a kink: convex for a call, like the call
//! itself; for a put, concave. A long put is therefore joined there between the ends of its tangent,
//! and a short put has its full loss on the whole piece.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::black::{Contract, PRICE_ERROR, Point};
use crate::book::MAX_GROSS;
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE};
use crate::option::{Kind, OptionPosition, Prepared, VolBand};
use crate::price::Price;
use crate::scenario::{Column, SCENARIOS, Z_BITS};
use crate::table::VALUE_BITS;

/// Pieces of a curve.
const PIECES: usize = 20;
/// Where the pieces meet, in σ. A power of two apart, and no further than four pieces' width from zero.
const KNOTS: [i64; PIECES + 1] =
    [-32, -24, -16, -12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/// log2 of the pieces' widths in σ.
const WIDTH_BITS: [u32; PIECES] = [3, 3, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3];
/// Lifts every standardised return above zero.
const BIAS: i64 = 1 << 15;
/// Rows that one turn of the inner loop handles, written out.
const UNROLL: usize = 4;
/// Lines of the look-up: one for each σ from −32 to 32.
const LINES: usize = 64;
/// Fractional bits of a line: as many as the largest profit leaves of 64.
const LINE_BITS: u32 = 4;

/// `profit·2^LINE_BITS = level + slope·(z + 2¹⁵)`, modulo 2⁶⁴.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    level: i64,
    slope: i64,
}

impl Line {
    #[inline(always)]
    const fn at(&self, biased: i64) -> i64 {
        self.level.wrapping_add(self.slope.wrapping_mul(biased)) >> LINE_BITS
    }
}

/// Profit of all options on an asset over its standardised return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve(Box<[Line; LINES]>);

/// Profit under one volatility, quote micro-units.
struct Profile {
    /// Of what is held, at both ends of every piece.
    tangents: [[i64; 2]; PIECES],
    /// Of what is owed, at the knots.
    knots: [i64; PIECES + 1],
    /// Of puts that are owed: by how much less at the right end of the piece in which the asset becomes
    /// worthless.
    kink: i64,
}

impl Profile {
    const ZERO: Self = Self { tangents: [[0; 2]; PIECES], knots: [0; PIECES + 1], kink: 0 };

    fn ends(&self, piece: usize, worthless: Option<usize>) -> [i64; 2] {
        let [left, right] = self.tangents[piece];
        let kink = if worthless == Some(piece) { self.kink } else { 0 };
        [left.wrapping_add(self.knots[piece]), right.wrapping_add(self.knots[piece + 1]).wrapping_add(kink)]
    }
}

/// Where spot is at the knots and in the middle of the pieces.
struct Grid {
    /// `1 + σ·z` at the knots, 2⁻³²; below zero where spot is zero.
    raw: [i64; PIECES + 1],
    /// Factors are below `2^(1 + growth_bits)`.
    growth_bits: u32,
    /// The piece in which spot reaches zero.
    worthless: Option<usize>,
    knots: Vec<Point>,
    middles: Vec<Point>,
}

impl Grid {
    fn new(sigma: u64, long: bool, short: bool) -> Self {
        let raw = KNOTS.map(|z| RATE_ONE as i64 + sigma as i64 * z);
        let growth_bits = u64::BITS - ((raw[PIECES] as u64) >> (RATE_BITS + 1)).leading_zeros();
        let knots = raw.iter().take(if short { PIECES + 1 } else { 0 });
        let middles = raw.windows(2).take(if long { PIECES } else { 0 });
        Self {
            raw,
            growth_bits,
            worthless: if raw[0] < 0 { raw.windows(2).position(|f| f[0] < 0 && f[1] > 0) } else { None },
            knots: knots.map(|f| Point::new((*f).max(0) as u64)).collect(),
            middles: middles.map(|f| Point::new(((f[0].max(0) + f[1].max(0)) / 2) as u64)).collect(),
        }
    }

    /// Tangents of a position that is held.
    fn add_long(&self, leg: &Priced, deviation: u64, profile: &mut Profile) {
        let contract = leg.prepared.contract.at(deviation);
        for (j, (at, ends)) in self.middles.iter().zip(&mut profile.tangents).enumerate() {
            let quote = contract.quote(at, self.growth_bits);
            let middle = at.factor as i64;
            let call = leg.gain(&contract, middle, quote.time_value);
            let unclipped = leg.kind == Kind::Call && self.raw[j + 1] > 0;
            for (end, sum) in ends.iter_mut().enumerate() {
                let spot = if unclipped { self.raw[j + end] } else { self.raw[j + end].max(0) };
                let along = quote.delta.wrapping_mul(spot.wrapping_sub(middle) >> self.growth_bits);
                let tangent = call.wrapping_add(along >> (VALUE_BITS - self.growth_bits));
                let profit =
                    profit(self.growth_bits, leg.prepared.moving, tangent.wrapping_sub(leg.parity(spot)));
                *sum = sum.wrapping_add(profit);
            }
        }
    }

    /// Chords of a position that is owed.
    fn add_short(&self, leg: &Priced, deviation: u64, profile: &mut Profile) {
        let contract = leg.prepared.contract.at(deviation);
        let profit_at = |at: &Point| {
            let spot = at.factor as i64;
            let time_value = contract.quote(at, self.growth_bits).time_value;
            let call = leg.gain(&contract, spot, time_value);
            profit(self.growth_bits, leg.prepared.moving, call.wrapping_sub(leg.parity(spot)))
        };
        for (at, sum) in self.knots.iter().zip(&mut profile.knots) {
            *sum = sum.wrapping_add(profit_at(at));
        }
        if let (Some(piece), Kind::Put) = (self.worthless, leg.kind) {
            let [left, right] = [piece, piece + 1].map(|knot| profit_at(&self.knots[knot]));
            profile.kink = profile.kink.wrapping_add((left - right).min(0));
        }
    }
}

/// `⌊share·moving⌋`: micro-units, of a share of spot in 2⁻³² that is first rounded down by
/// `growth_bits`. The share is below 2^(2 + growth_bits) and `moving` at most [`MAX_GROSS`].
#[inline(always)]
pub(crate) fn profit(growth_bits: u32, moving: i64, share: i64) -> i64 {
    // In two halves, because 53 and 34 bits do not fit a product of 64.
    const HALF: u32 = 27;
    let share = share >> growth_bits;
    let (high, low) = (moving >> HALF, moving & ((1 << HALF) - 1));
    high.wrapping_mul(share).wrapping_add(low.wrapping_mul(share) >> HALF) >> (RATE_BITS - HALF - growth_bits)
}

/// A position, ready to be repriced as a call.
pub(crate) struct Priced {
    pub kind: Kind,
    pub held: bool,
    pub prepared: Prepared,
    /// The call's price at spot and the deviation that marks it, 2⁻³².
    pub mark: i64,
    /// At the lower and at the upper end of the band.
    pub deviations: [u64; 2],
}

impl Priced {
    /// Positions against a spot price, the empty ones left out.
    ///
    /// # Errors
    /// As [`Curve::new`].
    pub fn all<'p>(
        spot: &Price,
        positions: impl Iterator<Item = &'p OptionPosition>,
        band: &VolBand,
    ) -> Result<Vec<Self>> {
        let mut gross = 0u64;
        let mut priced = Vec::new();
        for position in positions.filter(|p| p.contracts != 0) {
            let one = Self::new(spot, position, band)?;
            gross = gross.checked_add(one.prepared.notional).ok_or(RiskError::Overflow)?;
            if gross > MAX_GROSS {
                return Err(RiskError::BookTooLarge);
            }
            priced.push(one);
        }
        Ok(priced)
    }

    fn new(spot: &Price, position: &OptionPosition, band: &VolBand) -> Result<Self> {
        let mut prepared = position.prepared(spot)?;
        let held = position.contracts > 0;
        let deviations = if held && prepared.remote {
            prepared.contract = prepared.contract.at(0);
            [0; 2]
        } else {
            band.around(position.deviation)?
        };
        let mark = prepared.contract.call(&Point::UNMOVED, 0);
        Ok(Self { kind: position.kind, held, prepared, mark, deviations })
    }

    /// What a profit may lose by its own arithmetic, micro-units, where spot grows to below `2^(1 + growth_bits)`:
    /// two prices, a delta and the rounding of all that.
    pub fn error(&self, growth_bits: u32) -> i64 {
        let share = RATE_BITS - 2 - PRICE_ERROR.ilog2() - growth_bits;
        ((self.prepared.notional >> share) + (4 << growth_bits)) as i64
    }

    /// Which ends of the band can be the worse for these positions: the lower for what is held, the upper for what
    /// is owed.
    pub fn ends(all: &[Self]) -> core::ops::Range<usize> {
        match (all.iter().any(|p| p.held), all.iter().any(|p| !p.held)) {
            (true, false) => 0..1,
            (false, true) => 1..2,
            _ => 0..2,
        }
    }

    /// What the call gains against its mark where spot is at `factor`, 2⁻³².
    #[inline(always)]
    pub fn gain(&self, contract: &Contract, factor: i64, time_value: i64) -> i64 {
        factor.wrapping_sub(contract.strike()).max(0).wrapping_add(time_value).wrapping_sub(self.mark)
    }

    /// What a call gains beyond a put when spot moves to `factor`, 2⁻³²: put-call parity.
    #[inline(always)]
    pub fn parity(&self, factor: i64) -> i64 {
        match self.kind {
            Kind::Call => 0,
            Kind::Put => factor.wrapping_sub(RATE_ONE as i64),
        }
    }
}

impl Curve {
    /// The curve of all option positions on an asset with this spot and σ over the horizon (a rate
    /// below one), under the worse end of a volatility band.
    ///
    /// At every `z`: never above the exact profit of the positions (relative to their exact mark), and
    /// below it by no more than the interpolation (see the module), plus `2^(g − 23)` of the
    /// underlyings' value, `2^(g + 3)` micro-units a position and 2⁹ for the slope, where
    /// `1 + 32·σ < 2^(1 + g)`: for a σ below 3 %, 2⁻²³ and 8. The cost: about 4,000 units of compute in
    /// the VM and 6,000 a position, twice that in a book of both sides.
    ///
    /// A strike above 2²⁰ times spot is outside that domain: there mark and profit together, not the
    /// profit alone, are never above the exact ones.
    ///
    /// # Errors
    /// [`RiskError::BookTooLarge`] where the underlyings' value exceeds [`MAX_GROSS`];
    /// [`RiskError::BadParameter`], [`RiskError::BadPrice`], [`RiskError::Overflow`].
    pub fn new<'p>(
        spot: &Price,
        sigma: u64,
        positions: impl Iterator<Item = &'p OptionPosition>,
        band: &VolBand,
    ) -> Result<Self> {
        Self::of(sigma, &Priced::all(spot, positions, band)?)
    }

    /// The curve of positions that have been priced.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] for a σ of one or more.
    pub(crate) fn of(sigma: u64, positions: &[Priced]) -> Result<Self> {
        if sigma >= RATE_ONE {
            return Err(RiskError::BadParameter);
        }
        // What stays is taken before what goes: on a heap that is a stack the grid is then given back.
        let lines = Box::new([Line::default(); LINES]);
        let tried = Priced::ends(positions);
        let grid = Grid::new(sigma, tried.start == 0, tried.end == 2);
        // Lower end of the band, upper end; of a book on one side only the worse.
        let mut profiles = [Profile::ZERO; 2];
        let mut error = 0;
        for position in positions {
            error += position.error(grid.growth_bits);
            for end in tried.clone() {
                let deviation = position.deviations[end];
                if position.held {
                    grid.add_long(position, deviation, &mut profiles[end]);
                } else {
                    grid.add_short(position, deviation, &mut profiles[end]);
                }
            }
        }
        Ok(Self::through(lines, &profiles[tried], grid.worthless, error))
    }

    /// Lines through the worse ends of the pieces, lowered by `error`.
    fn through(
        mut lines: Box<[Line; LINES]>,
        profiles: &[Profile],
        worthless: Option<usize>,
        error: i64,
    ) -> Self {
        let mut slot = 0;
        for piece in 0..PIECES {
            let [mut left, mut right] = profiles[0].ends(piece, worthless);
            if let Some(other) = profiles.get(1) {
                let ends = other.ends(piece, worthless);
                (left, right) = (left.min(ends[0]), right.min(ends[1]));
            }
            // Profits are below 2⁵⁹, so every point of a line fits 2⁶³; where level and product leave
            // 64 bits they do so together, and their sum is exact. The slope is rounded down.
            let slope = right.wrapping_sub(left) >> (Z_BITS + WIDTH_BITS[piece] - LINE_BITS);
            let start = BIAS.wrapping_add(KNOTS[piece] << Z_BITS);
            let level = (left.wrapping_sub(error) << LINE_BITS).wrapping_sub(slope.wrapping_mul(start));
            for line in &mut lines[slot..slot + (1 << WIDTH_BITS[piece])] {
                *line = Line { level, slope };
            }
            slot += 1 << WIDTH_BITS[piece];
        }
        Self(lines)
    }

    /// Becomes another curve in the memory that this one has.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        *self.0 = *other.0;
    }

    /// Profit at `biased = z + 2¹⁵`.
    #[inline(always)]
    fn line(&self, biased: i64) -> i64 {
        self.0[(biased >> Z_BITS) as usize & (LINES - 1)].at(biased)
    }

    /// Profit at a standardised return `z` (2⁻¹⁰, within ±[`crate::scenario::Z_MAX`]), quote
    /// micro-units, rounded down.
    #[must_use]
    pub fn at(&self, z: i64) -> i64 {
        self.line(BIAS + z)
    }

    /// The largest loss anywhere within ±32 σ, quote micro-units: what the options are charged where the
    /// asset takes no part in the joint core.
    #[must_use]
    pub fn worst_loss(&self) -> u64 {
        let ends = |(slot, line): (usize, &Line)| {
            let left = (slot as i64) << Z_BITS;
            line.at(left).min(line.at(left + (1 << Z_BITS)))
        };
        let least = self.0.iter().enumerate().map(ends).fold(0, i64::min);
        least.unsigned_abs()
    }

    /// Adds the profit of every row of the asset's column.
    // Not inlined: the loop needs all ten registers.
    #[inline(never)]
    pub fn add_to(&self, column: &Column, rows: &mut [i64; SCENARIOS]) {
        let blocks = rows.as_chunks_mut::<UNROLL>().0;
        for (words, rows) in column.as_chunks::<{ UNROLL / 2 }>().0.iter().zip(blocks) {
            for (pair, word) in words.iter().enumerate() {
                // Both lanes are lifted above zero at once, and then no longer borrow.
                let word = word.wrapping_add(BIAS + (BIAS << 32)) as u64;
                rows[2 * pair] = rows[2 * pair].wrapping_add(self.line(i64::from(word as u32)));
                rows[2 * pair + 1] = rows[2 * pair + 1].wrapping_add(self.line((word >> 32) as i64));
            }
        }
    }
}
