//! Black-76 with a forward equal to spot (rates are zero), in integers.
//!
//! ```text
//! C = F·Φ(d₁) − K·Φ(d₂),   d₁ = ln(F/K)/s + s/2,   d₂ = d₁ − s,   s = IV·√T
//! ```
//!
//! (Black 1976). Evaluated as it stands, a strike far from spot multiplies the error of a tail by
//! `K/F`. What is tabulated here has no such factor. With `x = |ln(F/K)|`, `u = |x/s − s/2|` and
//! `y = x/s + s/2`, the normal densities obey `K·φ(d₂) = F·φ(d₁)`, and the *time value* (the price of
//! whichever of call and put is out of the money) is
//!
//! ```text
//! time value = min(F, K)·g,   g = φ(u)·(M(u) − M(y))        where x/s ≥ s/2
//!                             g = 1 − φ(u)·(M(u) + M(y))    otherwise
//! ```
//!
//! with `φ` the normal density and `M(y) = Φ(−y)/φ(y)` Mills' ratio: three table look-ups, no
//! exponential, and an error that is the same at every strike. Price = intrinsic value + time value;
//! put-call parity is exact.
//!
//! Prices here are shares of one unit of spot, *before* whatever shock is tried: a [`Point`] says by
//! what factor spot has moved.

use crate::fixed::{RATE_BITS, RATE_ONE};
use crate::table::{ARGUMENT_BITS, DENSITY_END, VALUE_BITS, density, ln, mills};

/// Deviations from here on count as this: 8, that is an implied volatility of 800 % for a year.
pub const MAX_DEVIATION: u64 = 8 << RATE_BITS;
/// Strikes beyond 2²⁰ times spot, on either side of zero, count as that.
pub const MAX_STRIKE: i64 = 1 << (RATE_BITS + 20);
/// Error of a price, as a share of spot: 2⁻²⁶, in 2⁻³². At a [`Point`] whose spot has grown, times
/// `2^growth_bits`.
pub const PRICE_ERROR: i64 = 1 << (RATE_BITS - 26);
/// A delta is exact for a spot that differs by at most this share, a rate: 2⁻²⁶. (An error of `d₁` is a
/// move of spot by `s` times it. A tangent with that delta touches the price at that spot.)
pub const DELTA_SHIFT: u64 = 1 << (RATE_BITS - 26);
/// Spot may have grown to just below `2^(1 + MAX_GROWTH_BITS)` times what it was.
pub const MAX_GROWTH_BITS: u32 = 5;

/// Spot after a move, and its logarithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Spot ÷ spot before the move, a rate below `2^growth_bits`; zero if the asset is worthless.
    pub factor: u64,
    /// `ln factor`, 2⁻³².
    ln: i64,
}

impl Point {
    /// Spot as it is.
    pub const UNMOVED: Self = Self { factor: RATE_ONE, ln: 0 };

    /// Spot at `factor` times what it was.
    #[inline(always)]
    #[must_use]
    pub fn new(factor: u64) -> Self {
        Self { factor, ln: ln(factor) }
    }
}

/// A strike and a deviation, ready to be priced at many points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Strike ÷ spot before any move, a rate; a strike at or below zero is always in the money.
    strike: i64,
    /// `ln strike`, 2⁻³².
    ln: i64,
    /// Standard deviation of the settlement price's logarithm, a rate.
    deviation: u64,
}

/// What Black-76 says of a call at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Price of whichever of call and put is out of the money, a share of spot before the move, 2⁻³².
    pub time_value: i64,
    /// `Φ(d₁)`, in 2⁻³⁰: the call's delta; a put's is one less.
    pub delta: i64,
}

impl Contract {
    /// A contract with this strike ÷ spot (a rate, clamped at [`MAX_STRIKE`]) and deviation (a rate,
    /// clamped below [`MAX_DEVIATION`]).
    #[must_use]
    pub fn new(strike: i64, deviation: u64) -> Self {
        let strike = strike.clamp(-MAX_STRIKE, MAX_STRIKE);
        Self { strike, ln: ln(strike.max(0) as u64), deviation: deviation.min(MAX_DEVIATION - 1) }
    }

    /// The same strike at another deviation.
    #[must_use]
    pub fn at(&self, deviation: u64) -> Self {
        Self { deviation: deviation.min(MAX_DEVIATION - 1), ..*self }
    }

    /// Strike ÷ spot before any move, a rate.
    #[must_use]
    pub const fn strike(&self) -> i64 {
        self.strike
    }

    /// The call at a point whose factor is below `2^(1 + growth_bits)`, `growth_bits` being at most
    /// [`MAX_GROWTH_BITS`].
    ///
    /// Error of the time value: [`PRICE_ERROR`]`·2^growth_bits`. The delta is that of a spot within
    /// [`DELTA_SHIFT`] of the point's, and `delta·factor` has the time value's error beside.
    #[inline(always)]
    #[must_use]
    pub fn quote(&self, point: &Point, growth_bits: u32) -> Quote {
        const ONE: i64 = 1 << VALUE_BITS;
        let spot = point.factor as i64;
        let rises = spot > self.strike;
        let worthless = Quote { time_value: 0, delta: if rises { ONE } else { 0 } };
        if self.strike <= 0 || spot == 0 || self.deviation == 0 {
            return worthless;
        }
        // Every product and sum below is bounded by its comment: wrapping operators spare the checks.
        let x = point.ln.wrapping_sub(self.ln).unsigned_abs();
        // |x| < 37 in 2⁻³²: below 2³⁸, and shifted below 2⁶⁴. Rounded to nearest.
        let ratio = (x << (ARGUMENT_BITS - 2)).wrapping_add(self.deviation >> 1) / self.deviation;
        let half = self.deviation >> (RATE_BITS + 1 - ARGUMENT_BITS);
        if ratio >= DENSITY_END.wrapping_add(half) >> 2 {
            return worthless;
        }
        let ratio = ratio << 2;
        let below = ratio < half;
        let u = if below { half.wrapping_sub(ratio) } else { ratio.wrapping_sub(half) };
        // u < 8 and y < u + 8; φ·M ≤ ½.
        let phi = density(u);
        // Φ(−u) and e^x·Φ(−y), in 2⁻⁶⁰.
        let near = phi.wrapping_mul(mills(u));
        let far = phi.wrapping_mul(mills(ratio.wrapping_add(half)));
        let reached = if below { (ONE << VALUE_BITS).wrapping_sub(near) } else { near };
        let g = (reached.wrapping_sub(far) >> VALUE_BITS).clamp(0, ONE);
        // g ≤ 2³⁰ and lower < 2³³.
        let lower = spot.min(self.strike) >> growth_bits;
        let time_value = g.wrapping_mul(lower) >> (VALUE_BITS - growth_bits);
        let delta = if rises {
            // Φ(d₁) = 1 − Φ(−y), Φ(−y) = e^(−x)·(e^x·Φ(−y)).
            let short = ((far >> VALUE_BITS) as u64).wrapping_mul(lower as u64);
            ONE.wrapping_sub((short / (spot as u64 >> growth_bits).max(1)) as i64)
        } else {
            reached >> VALUE_BITS
        };
        Quote { time_value, delta: delta.clamp(0, ONE) }
    }

    /// Price of the call at a point, a share of spot before the move, 2⁻³². Error as [`Contract::quote`].
    #[must_use]
    pub fn call(&self, point: &Point, growth_bits: u32) -> i64 {
        (point.factor as i64 - self.strike).max(0) + self.quote(point, growth_bits).time_value
    }

    /// Price of the put, as [`Contract::call`].
    #[must_use]
    pub fn put(&self, point: &Point, growth_bits: u32) -> i64 {
        (self.strike - point.factor as i64).max(0) + self.quote(point, growth_bits).time_value
    }
}
