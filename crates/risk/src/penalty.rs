//! What a liquidation costs: an auction that rises, and a bounty where nothing is left to pay with.
//!
//! **Auction.** The penalty that governance sets is the most that is ever charged. A share of it is,
//! `share = start + (1 − start)·max(time, depth)`: `time` runs from 0 to 1 while the account stays below its MM,
//! `depth` from 0 at `equity = MM` to 1 at `equity = bankrupt·MM`. Whoever needs little help pays little for it, and if
//! nobody comes the price rises until somebody does. Both only ever raise it, so neither waiting nor sinking is a way
//! to a cheaper liquidation.
//!
//! **Cap.** A step takes at most `relief·min(½, equity ÷ MM)`, `relief` being the margin that it frees. The half keeps
//! every book closable; with the other, `equity ÷ MM` never falls in a step: `E − p ≥ E·(1 − relief/MM)`. So no keeper
//! drains what the rest of the book would have paid the next one with, and all steps together never take more than the
//! equity there was.
//!
//! **Bounty.** Below an equity that could pay it, insurance makes up the keeper's part to a bounty. It cannot be farmed,
//! because an account's bounties never exceed what that account has itself paid to insurance, in trading fees and in
//! the fund's part of its penalties. Whoever owns the account, its keeper and its counterparty gets back at most what
//! they paid in, however many accounts they make and whatever prices do.

use crate::error::Result;
use crate::fixed::{BPS_ONE, RATE_ONE, credit, mul_div_floor, rate_from_bps};
use crate::margin::Margin;

/// How the share of the penalty that is charged rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auction {
    /// Charged at once, basis points of the penalty.
    pub start_bps: u32,
    /// Seconds below MM after which all of it is charged; zero for at once.
    pub growth_s: u32,
    /// Equity ÷ MM at and below which all of it is charged, basis points.
    pub bankrupt_bps: u32,
    /// Seconds for which the account has been below its MM.
    pub elapsed_s: u64,
}

impl Auction {
    /// The whole penalty at once.
    pub const FULL: Self = Self { start_bps: BPS_ONE as u32, growth_s: 0, bankrupt_bps: 0, elapsed_s: 0 };

    /// Share of the penalty that is charged, a rate.
    ///
    /// # Errors
    /// [`crate::RiskError::Overflow`].
    pub fn share(&self, margin: &Margin) -> Result<u64> {
        let start = rate_from_bps(self.start_bps).min(RATE_ONE);
        let growth = u64::from(self.growth_s);
        if start == RATE_ONE || self.elapsed_s >= growth {
            return Ok(RATE_ONE);
        }
        let time = mul_div_floor(self.elapsed_s, RATE_ONE, growth)?;
        let grown = time.max(depth(margin, self.bankrupt_bps)?);
        Ok(start + credit(RATE_ONE - start, grown)?)
    }
}

/// How far below its MM an account is, a rate: 0 at `equity = MM`, 1 at `equity ≤ MM·bankrupt`.
///
/// # Errors
/// [`crate::RiskError::Overflow`].
pub fn depth(margin: &Margin, bankrupt_bps: u32) -> Result<u64> {
    let short = u64::try_from(margin.shortfall().max(0)).unwrap_or(u64::MAX);
    let span = mul_div_floor(margin.maintenance, BPS_ONE.saturating_sub(u64::from(bankrupt_bps)), BPS_ONE)?;
    if short == 0 {
        return Ok(0);
    }
    if short >= span { Ok(RATE_ONE) } else { mul_div_floor(short, RATE_ONE, span) }
}

/// The penalty of a step takes at most one part in this many of the margin that the step frees.
const RELIEF_PARTS: u64 = 2;

/// Most that a step may take in penalties, quote micro-units, given the margin that it frees.
///
/// # Errors
/// [`crate::RiskError::Overflow`].
pub fn most(before: &Margin, relief: u64) -> Result<u64> {
    let equity = u64::try_from(before.equity).unwrap_or(0);
    let half = relief / RELIEF_PARTS;
    if equity > before.maintenance / RELIEF_PARTS || before.maintenance == 0 {
        return Ok(half.min(equity));
    }
    Ok(mul_div_floor(relief, equity, before.maintenance)?.min(half))
}

/// A step must free this many times the bounty that it is paid.
pub const BOUNTY_RELIEF: u64 = 10;

/// What bounds a bounty, quote micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BountyLimits {
    /// The most that is paid for a step.
    pub most: u64,
    /// What the account has paid to insurance and has not been paid out for it.
    pub contributed: u64,
    /// What insurance has.
    pub insurance: u64,
}

/// What insurance pays the keeper of a step beside its part of the penalty, quote micro-units.
#[must_use]
pub fn bounty(before: &Margin, relief: u64, to_keeper: u64, limits: &BountyLimits) -> u64 {
    if limits.most == 0 || before.equity >= i64::try_from(limits.most).unwrap_or(i64::MAX) {
        return 0;
    }
    let owed = limits.most.min(relief / BOUNTY_RELIEF).saturating_sub(to_keeper);
    owed.min(limits.contributed).min(limits.insurance)
}
