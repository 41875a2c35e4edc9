use anchor_lang::prelude::*;
use ballast_risk::penalty::Auction;
use ballast_risk::phase;
use bytemuck::{Pod, Zeroable};

use super::{bounds, within};

/// How fast an account that falls short is liquidated, and at which penalty.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Pod, Zeroable, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PhaseParams {
    /// Most that insurance pays a keeper for an account whose equity cannot, quote micro-units.
    pub bounty: u64,
    /// Equity ÷ MM below which an account is deep under: nothing has to be confirmed, basis points.
    pub deep_bps: u32,
    /// Equity ÷ MM below which it is near bankruptcy: no phase and no window holds a keeper back, basis points.
    pub bankrupt_bps: u32,
    /// Part of the full penalty that is charged at once, basis points, and seconds in which the rest grows: sooner
    /// for an account that is deeper under, and at once for one that is near bankruptcy.
    pub penalty_start_bps: u32,
    pub penalty_growth_s: u32,
    /// Share of its MM that a phase may free, basis points, and seconds until the next phase.
    pub first_step_bps: u32,
    pub wait_s: u32,
    /// Share of an asset's depth that may be liquidated in a market in a window, basis points, and the seconds in which
    /// it refills; zero for no window.
    pub window_depth_bps: u32,
    pub window_s: u32,
    /// Seconds below MM after which the backstop vault takes over.
    pub takeover_s: u32,
    /// Seconds below MM after which an account that is bankrupt may be resolved while something is left to take.
    pub resolve_s: u32,
}

impl PhaseParams {
    /// Refuses what the code limits forbid.
    pub fn validate(&self) -> Result<()> {
        within(bounds::BOUNTY, self.bounty)?;
        within(bounds::DEEP_BPS, self.deep_bps)?;
        within(bounds::BANKRUPT_BPS, self.bankrupt_bps)?;
        within(bounds::PENALTY_START_BPS, self.penalty_start_bps)?;
        within(bounds::PENALTY_GROWTH_S, self.penalty_growth_s)?;
        within(bounds::FIRST_STEP_BPS, self.first_step_bps)?;
        within(bounds::WAIT_S, self.wait_s)?;
        within(bounds::WINDOW_DEPTH_BPS, self.window_depth_bps)?;
        within(bounds::WINDOW_S, self.window_s)?;
        within(bounds::TAKEOVER_S, self.takeover_s)?;
        within(bounds::RESOLVE_S, self.resolve_s)
    }

    /// What the engine needs of them; below `dust`, quote micro-units, nothing is phased.
    pub fn pace(&self, dust: u64) -> phase::PhaseParams {
        phase::PhaseParams {
            deep_bps: self.deep_bps,
            bankrupt_bps: self.bankrupt_bps,
            first_step_bps: self.first_step_bps,
            wait_s: self.wait_s,
            window_depth_bps: self.window_depth_bps,
            window_s: self.window_s,
            dust,
        }
    }

    /// The auction of an account that has been below its MM for so many seconds.
    pub fn auction(&self, elapsed_s: u64) -> Auction {
        Auction {
            start_bps: self.penalty_start_bps,
            growth_s: self.penalty_growth_s,
            bankrupt_bps: self.bankrupt_bps,
            elapsed_s,
        }
    }
}
