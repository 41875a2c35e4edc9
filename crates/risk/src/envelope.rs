//! The envelope: which configurations can be liquidated in time.
//!
//! Between the last price at which an account met MM and the price at which it is closed lies at most one accepted
//! move over one accepted staleness. A configuration is safe only if margin outlasts that, and what the closing
//! itself costs:
//!
//! ```text
//! one asset    move + funding + penalty + slippage ≤ haircut_min        on either side
//! net of all   move ≤ ω·shock on either side: what the blend charges for any one leg whose hedge fails
//! ```
//!
//! `haircut_min` is the least that a single-asset book is ever charged; no later calm can take it below the
//! envelope. (The idea, a proof that no accepted price sequence makes a bankrupt account out of a healthy one, is
//! Percolator's; the form here is for haircuts that move.)

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_ONE, credit, rate_from_bps};
use crate::stress::Shock;

/// What a configuration must outlast, basis points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Largest price move that is accepted over the largest accepted age of a price.
    pub max_move_bps: u32,
    /// Funding and interest over the same time.
    pub carry_bps: u32,
    /// Penalty of a liquidation.
    pub penalty_bps: u32,
    /// Half of the widest spread that is accepted: the keeper's slippage.
    pub slippage_bps: u32,
}

impl Envelope {
    /// Least haircut that is safe, a rate.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] above 2³² basis points.
    pub fn least_haircut(&self) -> Result<u64> {
        self.max_move_bps
            .checked_add(self.carry_bps)
            .and_then(|sum| sum.checked_add(self.penalty_bps))
            .and_then(|sum| sum.checked_add(self.slippage_bps))
            // Rounded up by one unit, because the conversion rounds down.
            .map(|sum| rate_from_bps(sum) + 1)
            .ok_or(RiskError::Overflow)
    }

    /// Refuses a configuration that a move inside the accepted band could bankrupt. All arguments are rates; `weight`
    /// is ω, with which stress enters the core.
    ///
    /// # Errors
    /// [`RiskError::UnsafeEnvelope`].
    pub fn check(&self, haircut_min: u64, shock: Shock, weight: u64) -> Result<()> {
        let moved = rate_from_bps(self.max_move_bps);
        let safe = self.max_move_bps > 0
            && self.least_haircut()? <= haircut_min.saturating_add(1)
            && moved <= credit(shock.long.min(shock.short), weight)?
            && shock.long <= RATE_ONE;
        if safe { Ok(()) } else { Err(RiskError::UnsafeEnvelope) }
    }
}
