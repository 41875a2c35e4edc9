use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

use super::{bounds, within};

/// How far prices are believed, beside what each asset says for itself.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Pod, Zeroable, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PriceParams {
    /// A gap of this many seconds between refreshes is an outage.
    pub outage_s: u32,
    /// Seconds after an outage in which traders may act and liquidation waits.
    pub grace_s: u32,
    /// Consistent prices in a row after which a breaker steps back to the next milder state, and the least seconds
    /// that it stays in a state before.
    pub consistent: u32,
    pub recovery_s: u32,
    /// IM of a guarded asset is charged this much more, basis points of the haircut.
    pub guarded_bps: u32,
    /// The quote token's price enters values at most this far from one dollar, basis points.
    pub quote_cap_bps: u32,
    /// Distance of the quote token from one dollar from which new risk stops, and below which it is allowed again,
    /// basis points.
    pub off_peg_bps: u32,
    pub on_peg_bps: u32,
    /// Least seconds over which consistent prices confirm a continuous move, and for which the clock of a bankrupt account
    /// runs before it is resolved; at most `recovery_s`.
    pub confirm_s: u32,
    /// For later versions.
    pub reserved: [u32; 1],
}

impl PriceParams {
    /// Refuses what the code limits forbid.
    pub fn validate(&self) -> Result<()> {
        within(bounds::OUTAGE_S, self.outage_s)?;
        within(bounds::GRACE_S, self.grace_s)?;
        within(bounds::CONSISTENT, self.consistent)?;
        within(bounds::RECOVERY_S, self.recovery_s)?;
        within(bounds::CONFIRM_S, self.confirm_s)?;
        within(0..=self.recovery_s, self.confirm_s)?;
        within(bounds::GUARDED_BPS, self.guarded_bps)?;
        within(bounds::QUOTE_CAP_BPS, self.quote_cap_bps)?;
        within(bounds::OFF_PEG_BPS, self.off_peg_bps)?;
        within(0..=self.off_peg_bps, self.on_peg_bps)
    }
}
