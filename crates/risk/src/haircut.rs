//! Haircuts that move by themselves, inside governance's bounds.
//!
//! An asset's haircut is what holding it alone costs: the Expected Shortfall of a book with that one
//! asset, per unit of value, on either side. Governance sets a floor and a ceiling, never the number:
//!
//! ```text
//! own   = σ · tail                          (what the core charges a single-asset book)
//! own ≤ max:  charged own + max(0, min − own)    the floor binds through an add-on, which never nets
//! own > max:  the asset leaves the joint core and is charged max, un-netted, on both sides
//! ```
//!
//! The core itself always uses plain σ. Scaling one asset's σ up to reach its floor would let a book
//! short of its twin cancel the excess; an add-on cannot be cancelled.

use crate::error::{Result, RiskError};
use crate::fixed::RATE_ONE;
use crate::scenario::{Tails, WORST, Z_BITS};

/// Tail of an asset whose own ring is not full yet: 6 σ, above the tail of any asset in the
/// reference data (4.4 σ at most at 97.5 %).
pub const UNSEASONED_TAIL: u32 = (6 * WORST as u32) << Z_BITS;

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

/// Haircuts of an asset at volatility `sigma` with the tails of its own column.
///
/// `seasoned`: the asset has lived enough ticks to net with others; until then it is charged alone,
/// at its own shortfall or [`UNSEASONED_TAIL`], whichever is more.
#[must_use]
pub fn haircuts(sigma: u64, tails: Tails, seasoned: bool, bounds: &HaircutBounds) -> Haircuts {
    if !seasoned {
        let own = |tail: u32| {
            Tails::shortfall_rate(tail.max(UNSEASONED_TAIL), sigma).max(bounds.min).min(bounds.max)
        };
        let (long, short) = (own(tails.long), own(tails.short));
        return Haircuts { long, short, addon_long: long, addon_short: short, netted: false };
    }
    let own_long = Tails::shortfall_rate(tails.long, sigma);
    let own_short = Tails::shortfall_rate(tails.short, sigma);
    if own_long > bounds.max || own_short > bounds.max {
        let max = bounds.max;
        return Haircuts { long: max, short: max, addon_long: max, addon_short: max, netted: false };
    }
    Haircuts {
        long: own_long.max(bounds.min),
        short: own_short.max(bounds.min),
        addon_long: bounds.min.saturating_sub(own_long),
        addon_short: bounds.min.saturating_sub(own_short),
        netted: true,
    }
}
