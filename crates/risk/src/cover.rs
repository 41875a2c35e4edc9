//! Cover-2: what a market's two largest accounts could leave unpaid.
//!
//! A clearing house holds funds for the default of its two largest members at once (PFMI, principle 4). An account's
//! *shortfall* is what its worst stress takes beyond its equity; where the two largest of a market are more than what pays
//! for them, nothing may be added to the market:
//!
//! ```text
//! shortfall = max(0, stress − equity)
//! cap       = none                       shortfall₁ + shortfall₂ ≤ insurance + what the slice can spare
//!             open interest as it is     otherwise
//! ```
//!
//! Anybody reports an account. A report of an account that is known takes the place of the one before, up or down, and one
//! that nobody repeats is forgotten after a day: accounts close, and no state is final.

/// Seconds for which a report counts.
pub const REPORT_LASTS_S: i64 = 86_400;

/// A reported shortfall.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report<K> {
    /// Whose.
    pub account: K,
    /// Quote micro-units.
    pub shortfall: u64,
    /// When, unix seconds.
    pub time: i64,
}

/// What an account's worst stress takes beyond its equity, quote micro-units.
#[must_use]
pub fn shortfall(stress: u64, equity: i64) -> u64 {
    u64::try_from((i128::from(stress) - i128::from(equity)).max(0)).unwrap_or(u64::MAX)
}

/// Takes a report among the two largest; false, and only what is too old forgotten, where it is not one of them.
pub fn take<K: PartialEq + Default + Copy>(largest: &mut [Report<K>; 2], new: Report<K>) -> bool {
    for report in largest.iter_mut() {
        if report.account == new.account || new.time.saturating_sub(report.time) > REPORT_LASTS_S {
            *report = Report { account: K::default(), shortfall: 0, time: 0 };
        }
    }
    let least = usize::from(largest[1].shortfall <= largest[0].shortfall);
    let enters = new.shortfall > largest[least].shortfall;
    if enters {
        largest[least] = new;
    }
    enters
}

/// Whether what pays for them covers both.
#[must_use]
pub fn is_covered<K>(largest: &[Report<K>; 2], fund: u64) -> bool {
    u128::from(largest[0].shortfall) + u128::from(largest[1].shortfall) <= u128::from(fund)
}
