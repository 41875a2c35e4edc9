use anchor_lang::prelude::*;
use ballast_risk::interest::Curve;
use bytemuck::{Pod, Zeroable};

use super::{bounds, within};

/// What quote that is lent costs, and how much may be. Utilisation is loans ÷ (loans + quote in the vault).
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Pod, Zeroable, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LendingParams {
    /// Interest a year at no utilisation, at the kink and at full utilisation, basis points.
    pub base_bps: u32,
    pub at_kink_bps: u32,
    pub at_full_bps: u32,
    /// Utilisation at the kink, basis points.
    pub kink_bps: u32,
    /// Utilisation above which a withdrawal may not borrow, basis points.
    pub max_utilisation_bps: u32,
    /// Share of the quote vault that withdrawals may borrow, and that may leave it at all, in a window, basis points.
    pub lent_bps: u32,
    pub outflow_bps: u32,
    /// Seconds of that window.
    pub window_s: u32,
    /// Longest time for which one step charges interest or funding, seconds.
    pub step_s: u32,
    /// For later versions.
    pub reserved: u32,
}

impl LendingParams {
    /// Interest a year by utilisation.
    pub fn curve(&self) -> Curve {
        Curve {
            base_bps: self.base_bps,
            at_kink_bps: self.at_kink_bps,
            at_full_bps: self.at_full_bps,
            kink_bps: self.kink_bps,
        }
    }

    /// Refuses what the code limits forbid.
    pub fn validate(&self) -> Result<()> {
        within(0..=self.at_kink_bps, self.base_bps)?;
        within(0..=self.at_full_bps, self.at_kink_bps)?;
        within(bounds::INTEREST_BPS, self.at_full_bps)?;
        within(bounds::KINK_BPS, self.kink_bps)?;
        within(bounds::UTILISATION_BPS, self.max_utilisation_bps)?;
        within(bounds::FLOW_BPS, self.lent_bps)?;
        within(bounds::FLOW_BPS, self.outflow_bps)?;
        within(bounds::WINDOW_S, self.window_s)?;
        within(bounds::STEP_S, self.step_s)
    }
}
