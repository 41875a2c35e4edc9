//! Haircuts that move by themselves, inside governance's bounds.
//!
//! An asset's haircut is what holding it alone costs: the core of a book with that one asset, plus what is
//! particular to the asset, per unit of value, on either side. Governance sets a floor and a ceiling, never the
//! number:
//!
//! ```text
//! own      = σ·tail                                    (Expected Shortfall of a single-asset book)
//! core     = max(own, (1 − ω)·own + ω·shock)           (what the joint core charges that book)
//! forecast = what core would be at σ_expected, less core   (implied or forecast volatility above σ)
//! haircut  = max(core + forecast + liquidity, min)     (the floor binds through the add-on)
//! haircut > max:  the asset leaves the joint core and is charged max, un-netted, on both sides
//! ```
//!
//! The core itself always uses plain σ. Scaling one asset's σ up to reach its floor, or to what an option market
//! expects, would let a book short of its twin cancel the excess; an add-on cannot be cancelled.
//!
//! **New assets.** An asset nets with nothing until it has lived enough ticks: a short history that happens to
//! mirror another asset would net against it. Until then it is charged alone, at the tail of a conservative prior
//! that gives way to its own as it lives. An asset that has missed many ticks is new again.

use crate::error::{Result, RiskError};
use crate::fixed::RATE_ONE;
use crate::scenario::{SCENARIOS, Tails, WORST, Z_BITS};
use crate::stress::{Shock, StressParams};

/// Tail of an asset of which nothing is known yet: 6 σ, above the tail of any asset in the reference data (4.4 σ
/// at most at 97.5 %).
pub const UNSEASONED_TAIL: u32 = (6 * WORST as u32) << Z_BITS;
/// Missed ticks, less those taken since, from which an asset counts as new again: an eighth of the ring.
pub const MAX_MISSED: u32 = SCENARIOS as u32 / 8;

/// Governance's bounds, rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HaircutBounds {
    /// No book in this asset is charged less, on either side.
    pub min: u64,
    /// No book in this asset is charged more; beyond it the asset stops netting.
    pub max: u64,
}

impl HaircutBounds {
    /// # Errors
    /// [`RiskError::BadParameter`] unless `0 < min ≤ max ≤ 100 %`.
    pub fn validate(&self) -> Result<()> {
        if self.min > 0 && self.min <= self.max && self.max <= RATE_ONE {
            Ok(())
        } else {
            Err(RiskError::BadParameter)
        }
    }
}

/// How much of an asset's own history stands behind its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seasoning {
    /// Ticks that sampled it.
    pub lived: u32,
    /// Ticks it must live before it nets.
    pub needed: u32,
    /// Rows of its column that hold a return.
    pub rows: u32,
    /// Ticks that it missed, less those taken since.
    pub missed: u32,
}

impl Seasoning {
    /// Nets with everything: for tests and back-tests that start with a full ring.
    pub const FULL: Self = Self { lived: 1, needed: 1, rows: SCENARIOS as u32, missed: 0 };

    /// Whether the asset nets with others. Enough life of its own *and* a column without empty rows: an empty row
    /// would net as an hour in which the asset did not move.
    #[must_use]
    pub const fn nets(&self) -> bool {
        self.lived >= self.needed && self.rows as usize >= SCENARIOS && self.missed <= MAX_MISSED
    }

    /// The tail to charge while the asset does not net: its own, and never less than what is left of the prior.
    #[must_use]
    pub fn tail(&self, own: u32) -> u32 {
        if self.missed > MAX_MISSED || self.needed == 0 {
            return own.max(UNSEASONED_TAIL);
        }
        // What is known is the smaller of the life it has had and of the column it has filled, of its needs.
        let filled = u64::from(self.needed) * u64::from(self.rows.min(SCENARIOS as u32)) / SCENARIOS as u64;
        let known = u64::from(self.lived.min(self.needed)).min(filled);
        let left = u64::from(self.needed) - known;
        // own·lived/needed + prior·left/needed, rounded up: all below 2³² · 2³².
        let (own, prior, needed) = (u64::from(own), u64::from(UNSEASONED_TAIL), u64::from(self.needed));
        let blended = (own * (needed - left) + prior.max(own) * left).div_ceil(needed);
        (blended as u32).max(own as u32)
    }
}

/// What the haircuts of an asset follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drivers {
    /// Live σ over the horizon, a rate.
    pub sigma: u64,
    /// σ that the forecast or the option market expects, a rate; counts only where it is above `sigma`.
    pub expected: u64,
    /// Tails of its column.
    pub tails: Tails,
    /// Its worst stress.
    pub shock: Shock,
    /// Cost of unwinding the crowd on each side, rates.
    pub liquidity_long: u64,
    /// As `liquidity_long`.
    pub liquidity_short: u64,
    /// How much of its history is its own.
    pub seasoning: Seasoning,
}

/// What the board publishes for an asset, rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Haircuts {
    /// Charged on holding it alone.
    pub long: u64,
    /// Charged on being short of it alone.
    pub short: u64,
    /// Un-netted part of `long`.
    pub addon_long: u64,
    /// Un-netted part of `short`.
    pub addon_short: u64,
    /// Whether the asset takes part in the joint core.
    pub netted: bool,
}

/// One side's haircut before the ceiling: the core's part, and the un-netted part.
fn side(d: &Drivers, tail: u32, shock: u64, liquidity: u64, min: u64, stress: &StressParams) -> (u64, u64) {
    let own = Tails::shortfall_rate(tail, d.sigma);
    let core = stress.blend(own, shock).unwrap_or(u64::MAX);
    let forecast = if d.expected > d.sigma {
        let expected = Tails::shortfall_rate(tail, d.expected);
        stress.blend(expected, shock).unwrap_or(u64::MAX).saturating_sub(core)
    } else {
        0
    };
    (core, forecast.saturating_add(liquidity).max(min.saturating_sub(core)))
}

/// Haircuts of an asset inside `bounds`.
#[must_use]
pub fn haircuts(drivers: &Drivers, stress: &StressParams, bounds: &HaircutBounds) -> Haircuts {
    let d = drivers;
    let nets = d.seasoning.nets();
    let tail = |own: u32| if nets { own } else { d.seasoning.tail(own) };
    let (core_long, addon_long) =
        side(d, tail(d.tails.long), d.shock.long, d.liquidity_long, bounds.min, stress);
    let (core_short, addon_short) =
        side(d, tail(d.tails.short), d.shock.short, d.liquidity_short, bounds.min, stress);
    let (long, short) = (core_long.saturating_add(addon_long), core_short.saturating_add(addon_short));
    if !nets {
        let (long, short) = (long.min(bounds.max), short.min(bounds.max));
        return Haircuts { long, short, addon_long: long, addon_short: short, netted: false };
    }
    if long > bounds.max || short > bounds.max {
        let max = bounds.max;
        return Haircuts { long: max, short: max, addon_long: max, addon_short: max, netted: false };
    }
    Haircuts { long, short, addon_long, addon_short, netted: true }
}
