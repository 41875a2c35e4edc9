//! How fast a liquidation may go.
//!
//! Selling what one account or one market has all at once moves the price against the next account, which then falls
//! short too. So an account gives up a share of its MM, then there is a wait; and all liquidations in a market share a
//! window that refills evenly with its depth. Both give way where waiting would cost more than it saves: near bankruptcy,
//! and for what is too small to matter.
//!
//! **What a phase counts** is the margin that a step frees, not what changes hands: a hedge that is unwound with both
//! legs is large in gross and moves no price. A penalty is at most half of that ([`crate::penalty::most`]), so the phase
//! bounds what the account can lose in it as well.
//!
//! **What a window counts** is value that changes hands in the market. Half of it is open to everybody below MM; how much
//! of the other half grows with depth. Accounts kept just below MM cannot use up what the worst will need.

use crate::error::Result;
use crate::fixed::{BPS_ONE, RATE_ONE, mul_div_floor};
use crate::margin::Margin;
use crate::penalty::depth;

/// How liquidation proceeds; the fields are those of the clearinghouse's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseParams {
    /// Equity ÷ MM below which nothing has to be confirmed, basis points.
    pub deep_bps: u32,
    /// Equity ÷ MM below which neither phase nor window holds a keeper back, basis points.
    pub bankrupt_bps: u32,
    /// Share of its MM that a phase may free, basis points.
    pub first_step_bps: u32,
    /// Seconds until the next phase.
    pub wait_s: u32,
    /// Share of an asset's depth that a market's window holds, basis points.
    pub window_depth_bps: u32,
    /// Seconds in which it refills; zero for no window.
    pub window_s: u32,
    /// An account with no more MM than this is liquidated whole, quote micro-units.
    pub dust: u64,
}

/// Why a step has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It takes more than the phase has left.
    Phase,
    /// It takes more than the market's window has left for an account as deep as this one.
    Window,
}

/// Whether `equity < MM·bps`.
#[must_use]
pub fn is_below(margin: &Margin, bps: u32) -> bool {
    // The usual answers without 128-bit products.
    if margin.equity < 0 && bps != 0 {
        return true;
    }
    if u64::from(bps) == BPS_ONE {
        return margin.equity < 0 || margin.equity.unsigned_abs() < margin.maintenance;
    }
    i128::from(margin.equity) * i128::from(BPS_ONE) < i128::from(margin.maintenance) * i128::from(bps)
}

impl PhaseParams {
    /// Whether an account is so far below its MM that one price is enough to act on.
    #[must_use]
    pub fn is_deep(&self, margin: &Margin) -> bool {
        is_below(margin, self.deep_bps)
    }

    /// Whether it is liquidated without phases: near bankruptcy, or too small.
    #[must_use]
    pub fn is_unphased(&self, margin: &Margin) -> bool {
        is_below(margin, self.bankrupt_bps) || margin.maintenance <= self.dust
    }
}

/// The running phase of an account's liquidation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phase {
    /// When it began, unix seconds; zero for never.
    pub start: i64,
    /// Margin freed in it, quote micro-units.
    pub taken: u64,
}

impl Phase {
    /// The phase that runs at `now`: a new one where the wait is over.
    #[must_use]
    pub fn at(self, now: i64, params: &PhaseParams) -> Self {
        if self.start != 0 && now.saturating_sub(self.start) < i64::from(params.wait_s) {
            self
        } else {
            Self { start: now, taken: 0 }
        }
    }

    /// After a step that frees `relief`, which is refused where the phase has less left.
    ///
    /// # Errors
    /// [`crate::RiskError::Overflow`].
    pub fn take(
        self,
        before: &Margin,
        relief: u64,
        params: &PhaseParams,
    ) -> Result<core::result::Result<Self, Wait>> {
        let taken = self.taken.saturating_add(relief);
        if u64::from(params.first_step_bps) >= BPS_ONE {
            return Ok(Ok(Self { taken, ..self }));
        }
        // The MM at the phase's begin: what is there and what was freed since.
        let whole = before.maintenance.saturating_add(self.taken);
        let most = mul_div_floor(whole, params.first_step_bps.into(), BPS_ONE)?.max(params.dust);
        if taken > most && !params.is_unphased(before) {
            return Ok(Err(Wait::Phase));
        }
        Ok(Ok(Self { taken, ..self }))
    }
}

/// What of a market's window is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// As of when, unix seconds.
    pub time: i64,
    /// Quote micro-units.
    pub taken: u64,
}

impl Window {
    /// At `now`, with a window of `limit` that refills evenly.
    ///
    /// # Errors
    /// [`crate::RiskError::Overflow`].
    pub fn at(self, now: i64, limit: u64, params: &PhaseParams) -> Result<Self> {
        let window = u64::from(params.window_s);
        let elapsed = u64::try_from(now.saturating_sub(self.time)).unwrap_or(0);
        if elapsed >= window {
            return Ok(Self { time: now, taken: 0 });
        }
        let refilled = mul_div_floor(limit, elapsed, window)?;
        let time = self.time.max(now);
        Ok(Self { time, taken: self.taken.min(limit).saturating_sub(refilled) })
    }

    /// After `value` has changed hands for an account like `before`, which is refused where the window has less left
    /// for it. Near bankruptcy nothing is refused; what is taken then fills the window, but never beyond it, so that
    /// nobody else waits longer than for one.
    ///
    /// # Errors
    /// [`crate::RiskError::Overflow`].
    pub fn take(
        self,
        before: &Margin,
        value: u64,
        limit: u64,
        params: &PhaseParams,
    ) -> Result<core::result::Result<Self, Wait>> {
        let depth = depth(before, params.bankrupt_bps)?;
        let most = limit / 2 + mul_div_floor(limit - limit / 2, depth, RATE_ONE)?;
        let taken = self.taken.saturating_add(value);
        if taken > most && !params.is_unphased(before) {
            return Ok(Err(Wait::Window));
        }
        Ok(Ok(Self { taken: taken.min(most).max(self.taken), ..self }))
    }
}

/// What a market's window holds, quote micro-units.
///
/// # Errors
/// [`crate::RiskError::Overflow`].
pub fn window_limit(depth: u64, params: &PhaseParams) -> Result<u64> {
    mul_div_floor(depth, params.window_depth_bps.into(), BPS_ONE)
}
