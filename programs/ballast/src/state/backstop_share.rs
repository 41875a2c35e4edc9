use core::ops::Range;

use anchor_lang::prelude::*;

use crate::limits::{BackstopParams, MAX_EXIT_S};

/// What one provider of capital holds of a backstop vault.
#[account]
#[derive(InitSpace)]
pub struct BackstopShare {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// The vault, and whose the shares are.
    pub vault: Pubkey,
    pub owner: Pubkey,
    /// Shares, of the vault's epoch with this number; of an earlier one they are worth nothing.
    pub shares: u64,
    pub epoch: u32,
    /// Shares whose withdrawal was asked for, and when, unix seconds. They stay at risk.
    pub pending: u64,
    pub requested_at: i64,
    /// The delay that stood then, seconds: a request keeps it. Zero in a request from before there was this field.
    pub delay_s: u32,
    /// For later versions.
    pub reserved: [u8; 60],
}

const _: () = assert!(BackstopShare::INIT_SPACE == 2 + 64 + 12 + 16 + 4 + 60);

impl BackstopShare {
    /// From when on, and until when, the withdrawal that was asked for may be made, unix seconds.
    pub fn due(&self, params: &BackstopParams) -> Range<i64> {
        let delay = if self.delay_s == 0 { params.withdrawal_delay_s } else { self.delay_s };
        let from = self.requested_at.saturating_add(delay.into());
        from..from.saturating_add(delay.min(MAX_EXIT_S).into())
    }

    /// Forgets shares of an epoch that is over.
    pub fn enter(&mut self, epoch: u32) {
        if self.epoch != epoch {
            (self.epoch, self.shares, self.pending, self.requested_at) = (epoch, 0, 0, 0);
        }
    }
}
