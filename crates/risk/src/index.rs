//! The market-wide volatility index, and what follows from it: how often to tick, and how much notice is given.
//!
//! **Index.** `I = Σ weight_i·σ_i / Σ weight_i` over the assets that governance gives a weight: the few liquid ones,
//! so that nobody moves it by moving a thin coin. It is kept as a sum, because a refresh changes one σ.
//!
//! **Ticks.** The move between two ticks has a variance of `σ²·interval`. To keep it what it is in calm, the
//! interval shrinks with the square of the index:
//!
//! ```text
//! interval = full · min(1, (calm/I)²),   in halves, at least a sixteenth
//! ```
//!
//! **Notice.** A margin that doubles within the hour liquidates people who could have topped up. MM may therefore
//! lag behind volatility, by one factor for all assets:
//!
//! ```text
//! L rises towards I by at most a factor of 2 in `doubling_s`, and falls with it at once
//! c = max(least, L/I) ≤ 1;    MM uses c·σ in its core,  IM and withdrawals use σ
//! ```
//!
//! One factor, because a factor for each asset would break the netting (a book could be long of what lags and
//! short of what does not). IM is never limited: the notice is time to act, not room for new risk. And it yields
//! when an account is deep under: below `least`·MM nobody waits.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, grown};

/// Shortest tick interval: `full >> MAX_HALVINGS`.
pub const MAX_HALVINGS: u32 = 4;
/// Most time that one step of the limit counts, seconds: a halt of eight hours does not release eight hours.
pub const MAX_STEP_S: u64 = 3_600;

/// Weighted σ of the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Σ of weights, basis points.
    pub weights: u32,
    /// Σ of weight times σ.
    pub sum: u64,
}

impl Index {
    /// Adds an asset's part, or takes it out again (`Self::replace`).
    ///
    /// # Errors
    /// [`RiskError::Overflow`] beyond 2³² basis points in all.
    pub fn add(&mut self, weight_bps: u32, sigma: u64) -> Result<()> {
        self.weights = self.weights.checked_add(weight_bps).ok_or(RiskError::Overflow)?;
        self.replace(weight_bps, 0, sigma)
    }

    /// Moves an asset's part from one σ (below 100 %) to another.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] where `before` never was in the sum.
    pub fn replace(&mut self, weight_bps: u32, before: u64, after: u64) -> Result<()> {
        let part = |sigma: u64| u64::from(weight_bps).checked_mul(sigma);
        self.sum = part(before)
            .and_then(|before| self.sum.checked_sub(before))
            .and_then(|sum| sum.checked_add(part(after)?))
            .ok_or(RiskError::Overflow)?;
        Ok(())
    }

    /// The index, a rate over the horizon; zero where no asset has a weight.
    #[must_use]
    pub const fn value(&self) -> u64 {
        if self.weights == 0 { 0 } else { self.sum / self.weights as u64 }
    }
}

/// Seconds between ticks at an index: `full_s` up to `calm`, then halved with every doubling of the index's square.
#[must_use]
pub fn tick_interval(full_s: u32, calm: u64, index: u64) -> u32 {
    let (calm, index) = (u128::from(calm), u128::from(index));
    let mut halvings = 0;
    // index² > 2^(halvings)·calm²
    while halvings < MAX_HALVINGS && index * index >= (calm * calm) << (halvings + 1) {
        halvings += 1;
    }
    (full_s >> halvings).max(1)
}

/// How much notice is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeParams {
    /// Time in which the limited level may double, seconds; zero gives no notice at all.
    pub doubling_s: u32,
    /// Least factor, a rate: an account below this share of its full MM gets no notice.
    pub least: u64,
}

impl NoticeParams {
    /// # Errors
    /// [`RiskError::BadParameter`] unless `0 < least ≤ 100 %`.
    pub fn validate(&self) -> Result<()> {
        if self.least > 0 && self.least <= RATE_ONE { Ok(()) } else { Err(RiskError::BadParameter) }
    }
}

/// The level that MM has been raised to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// `L`, a rate over the horizon; zero before the first step.
    pub level: u64,
    /// Time of the last step, unix seconds.
    pub time: i64,
}

impl Notice {
    /// Steps the level at `now` to the index that stands now, and returns the factor `c`, a rate.
    ///
    /// `L·2^(Δt/doubling)`: the product over many small steps is the same as one large step, so that poking more
    /// often does not raise the limit faster (up to rounding, which is downwards).
    ///
    /// # Errors
    /// None for parameters that [`NoticeParams::validate`] accepts.
    pub fn step(&mut self, params: &NoticeParams, index: u64, now: i64) -> Result<u64> {
        let elapsed = (now.saturating_sub(self.time).max(0) as u64).min(MAX_STEP_S);
        self.time = self.time.max(now);
        if params.doubling_s == 0 || self.level == 0 || index <= self.level {
            self.level = index;
            return Ok(RATE_ONE);
        }
        self.level = grown(self.level, elapsed, params.doubling_s.into())?.min(index);
        let factor = (u128::from(self.level) << RATE_BITS) / u128::from(index);
        Ok((factor as u64).max(params.least).min(RATE_ONE))
    }
}
