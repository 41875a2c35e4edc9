use anchor_lang::prelude::*;

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
    /// For later versions.
    pub reserved: [u8; 64],
}

const _: () = assert!(BackstopShare::INIT_SPACE == 2 + 64 + 12 + 16 + 64);

impl BackstopShare {
    /// Forgets shares of an epoch that is over.
    pub fn enter(&mut self, epoch: u32) {
        if self.epoch != epoch {
            (self.epoch, self.shares, self.pending, self.requested_at) = (epoch, 0, 0, 0);
        }
    }
}
