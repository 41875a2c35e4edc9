use anchor_lang::prelude::*;
use ballast_risk::window::Bucket;

/// How much went through a gate since a moment: a limit that refills evenly over a window ([`ballast_risk::window`]). One
/// that was idle, or a chain that stood still, gives back one limit and no more: it saves nothing up.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// What of the limit was used up at `time`, in the unit of what is limited.
    pub used: u64,
    /// When, unix seconds.
    pub time: i64,
}

impl Window {
    /// Takes an amount through the gate; false, and unchanged, where that is more than is left of the limit. A window of
    /// no length limits nothing.
    #[must_use]
    pub fn take(&mut self, amount: u64, limit: u64, window_s: u32, now: i64) -> bool {
        if window_s == 0 {
            return true;
        }
        let bucket = Bucket { used: self.used, time: self.time };
        match bucket.pass(amount, limit, window_s, now) {
            Ok(Some(Bucket { used, time })) => {
                *self = Self { used, time };
                true
            }
            _ => false,
        }
    }

    /// A limit as a share of what the vault held before the window was used, basis points: so that a limit of 100 %
    /// is none.
    #[must_use]
    pub fn share_of(&self, vault: u64, bps: u32) -> u64 {
        let before = u128::from(vault) + u128::from(self.used);
        u64::try_from(before * u128::from(bps) / 10_000).unwrap_or(u64::MAX)
    }
}
