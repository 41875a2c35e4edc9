use anchor_lang::prelude::*;

use crate::governance::{LISTING_RAMP_S, ramp};
use crate::state::Window;

/// The risk config of an asset: what governance decides of it. What follows from the market stands
/// on the board.
#[account]
#[derive(InitSpace)]
pub struct AssetConfig {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Index on the board.
    pub index: u8,
    /// Decimals of a native unit: the mint's, or for a pure risk factor those of its markets' base.
    pub decimals: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Name, zero-padded.
    pub symbol: [u8; 16],
    /// The token, where the asset is collateral; default where it is a risk factor only.
    pub mint: Pubkey,
    /// Its vault, where it is collateral.
    pub vault: Pubkey,
    /// Pyth feed.
    pub feed_id: [u8; 32],
    /// Feed of an annualised implied volatility in percent points; zero for none.
    pub implied_feed_id: [u8; 32],
    /// Confidence interval ÷ price up to which a price is accepted, basis points.
    pub max_confidence_bps: u32,
    /// Most of it that the vault may hold, native units.
    pub deposit_cap: u64,
    /// Second source: a Switchboard pull feed; default for none.
    pub second_source: Pubkey,
    /// SPL stake pool that redeems a staked token; default for none.
    pub stake_pool: Pubkey,
    /// Fresh sources that a price needs.
    pub quorum: u8,
    /// Whether somebody can freeze the vault: noted when it was listed. While it is frozen deposits and withdrawals of
    /// this token fail, and everything else goes on.
    pub freezable: bool,
    /// Program of the mint: SPL Token or Token-2022.
    pub token_program: Pubkey,
    /// What left the vault, native units, and how much may in a window, native units and seconds; a limit of zero is
    /// none.
    pub outflow: Window,
    pub outflow_limit: u64,
    pub outflow_window_s: u32,
    /// Transfer fee of the mint when it was listed, basis points: above it nothing more is deposited.
    pub transfer_fee_bps: u16,
    /// When it was listed, where that was after the opening: its deposit cap ramps up from zero; unix seconds.
    pub listed_at: i64,
    /// For later versions.
    pub reserved: [u8; 246],
}

const _: () = assert!(
    AssetConfig::INIT_SPACE
        == 4 + 32 + 16 + 32 + 32 + 32 + 32 + 4 + 8 + 32 + 32 + 2 + 32 + Window::INIT_SPACE + 12 + 8 + 248
);

impl AssetConfig {
    /// Most that the vault may hold at `now`: a collateral that was listed after the opening takes a week to be
    /// trusted with all of its cap.
    pub fn deposit_cap_at(&self, now: i64) -> u64 {
        if self.listed_at == 0 {
            return self.deposit_cap;
        }
        ramp::value(0, self.deposit_cap, now.saturating_sub(self.listed_at), LISTING_RAMP_S)
    }

    /// Lets native units out of the vault; false, and nothing changed, where that is more than its window has left.
    #[must_use]
    pub fn let_out(&mut self, amount: u64, now: i64) -> bool {
        self.outflow_limit == 0 || self.outflow.take(amount, self.outflow_limit, self.outflow_window_s, now)
    }

    /// Whether the asset can be deposited.
    pub fn is_collateral(&self) -> bool {
        self.mint != Pubkey::default()
    }
}
