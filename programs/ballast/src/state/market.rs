use anchor_lang::prelude::*;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::liquidity;

use crate::error::BallastError;

/// A market on an asset: a perpetual, or one option series. The terms of an option stand on the board.
#[account]
#[derive(InitSpace)]
pub struct Market {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Index on the board.
    pub index: u8,
    /// Index of its asset.
    pub asset: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Name, zero-padded.
    pub symbol: [u8; 16],
    /// Fills are booked at most this far from the oracle, basis points.
    pub band_bps: u32,
    /// Taker fee, basis points of the quote paid.
    pub fee_bps: u32,
    /// Most that may be open on one side, native units.
    pub open_interest_cap: u64,
    /// Σ of long positions = Σ of short positions, native units.
    pub open_interest: u64,
    /// Settled losses not yet paid out as profits, quote micro-units. Σ of entries = this, always, plus
    /// `realised`.
    pub pool: u64,
    /// Fees collected and not yet swept, quote micro-units.
    pub fees: u64,
    /// Σ of payoffs of the positions that were cleared after expiry, quote micro-units. Where all are cleared it is
    /// minus the dust of their rounding, which stays in the pool.
    pub realised: i64,
    /// What the side indexes have promised to positions in all and not yet written into their entries, quote
    /// micro-units: Σ of entries + this = pool + realised. What is left of it when nothing is open is dust of rounding.
    pub promised: i64,
    /// Accounts with a long and with a short position.
    pub holders_long: u32,
    pub holders_short: u32,
    /// What of its window of liquidations is used up, quote micro-units, as of when, unix seconds.
    pub window_start: i64,
    pub window_taken: u64,
    /// The two accounts whose loss in stress exceeds their margin the most, and by how much, quote micro-units.
    pub cover_accounts: [Pubkey; 2],
    pub cover_losses: [u64; 2],
    /// The vault that quotes and takes over in this market; default for none.
    pub backstop: Pubkey,
    /// For later versions.
    pub reserved: [u8; 256],
}

const _: () = assert!(Market::INIT_SPACE == 4 + 32 + 16 + 8 + 32 + 8 + 8 + 16 + 80 + 32 + 8 + 256);

impl Market {
    /// How near open interest is to its cap: the share of the asset's haircut that is added to IM.
    pub fn crowding(&self) -> u64 {
        liquidity::crowding(self.open_interest, self.open_interest_cap, RATE_ONE)
    }

    /// Follows one account's position from `before` to `after` native units. Longs of all accounts
    /// make the open interest; the shorts equal them.
    pub fn follow_position(&mut self, before: i64, after: i64) -> Result<()> {
        let open = i128::from(self.open_interest) + i128::from(after.max(0)) - i128::from(before.max(0));
        self.open_interest = u64::try_from(open).map_err(|_| BallastError::Overflow)?;
        Ok(())
    }
}
