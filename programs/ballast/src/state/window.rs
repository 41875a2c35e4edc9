use anchor_lang::prelude::*;

/// How much went through a gate since a moment: a limit that refills evenly over a window.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// What of the limit was used up at `time`, in the unit of what is limited.
    pub used: u64,
    /// When, unix seconds.
    pub time: i64,
}
