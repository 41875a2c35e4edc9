use anchor_lang::prelude::*;

use solana_sha256_hasher::hashv;

use crate::error::BallastError;
use crate::limits::{ClearinghouseParams, LendingParams, PhaseParams, PriceParams};
use crate::state::proposal::role;
use crate::state::{AssetState, seeds};

/// Roles and limits. The hot path only reads it, so deposits, withdrawals and trades of different
/// accounts run in parallel.
#[account]
#[derive(InitSpace)]
pub struct Clearinghouse {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Whether deposits are taken; until then governance may still calibrate.
    pub open: bool,
    /// Assets listed.
    pub asset_count: u8,
    /// Markets listed.
    pub market_count: u8,
    /// The key that lists assets and sets bounds: a multisig's vault.
    pub governance: Pubkey,
    /// The key that reports depth, inside bounds; default where nobody does.
    pub depth_reporter: Pubkey,
    /// The settlement token: 6 decimals, all value is in its micro-units.
    pub quote_mint: Pubkey,
    /// Holds every quote balance, the pools, the fees and the insurance fund.
    pub quote_vault: Pubkey,
    /// The risk board.
    pub board: Pubkey,
    /// The insurance fund's account.
    pub treasury: Pubkey,
    /// Parameters for every account; copied onto the board.
    pub params: ClearinghouseParams,
    /// Running SHA-256 over the calibration that was loaded.
    pub calibration_hash: [u8; 32],
    /// Moves parameters inside governance's bounds; default where nobody does.
    pub steward: Pubkey,
    /// Stops new risk for a time; default where nobody does.
    pub guardian: Pubkey,
    /// Who was named as next governance and has not accepted yet; default for nobody.
    pub next_governance: Pubkey,
    /// From when on it may accept, unix seconds.
    pub next_governance_from: i64,
    /// Proposals made so far; the next one's number.
    pub proposals: u64,
    /// Feed of the quote token in dollars; zero for none.
    pub quote_feed_id: [u8; 32],
    /// Parameters of the parts beside the core; copied onto the board.
    pub prices: PriceParams,
    pub phases: PhaseParams,
    pub lending: LendingParams,
    /// From when on the guardian may pause again: new risk, deposits, and single assets or markets; unix seconds.
    pub next_pause: [i64; 3],
    /// For later versions.
    pub reserved: [u8; 232],
}

const _: () = assert!(Clearinghouse::INIT_SPACE == 5 + 6 * 32 + 72 + 32 + 3 * 32 + 16 + 32 + 128 + 24 + 232);

impl Clearinghouse {
    /// Refuses to load what an asset starts with once the clearinghouse is open and the asset has had a price.
    pub fn require_unused(&self, asset: &AssetState) -> Result<()> {
        require!(!self.open || asset.spot_mantissa == 0, BallastError::AlreadyOpen);
        Ok(())
    }

    /// The key that holds a role, a number of [`role`].
    pub fn role(&mut self, role: u8) -> Result<&mut Pubkey> {
        match role {
            role::STEWARD => Ok(&mut self.steward),
            role::GUARDIAN => Ok(&mut self.guardian),
            role::DEPTH_REPORTER => Ok(&mut self.depth_reporter),
            _ => err!(BallastError::WrongRole),
        }
    }

    /// Takes what was loaded for an asset into the running hash; returns it.
    pub fn absorb(&mut self, asset: u8, loaded: &[&[u8]]) -> [u8; 32] {
        let asset = [asset];
        let parts = [&[&self.calibration_hash[..], &asset], loaded].concat();
        self.calibration_hash = hashv(&parts).to_bytes();
        self.calibration_hash
    }

    /// Runs `f` with the seeds that sign for the vaults.
    pub fn with_signer_seeds<T>(&self, f: impl FnOnce(&[&[&[u8]]]) -> T) -> T {
        f(&[&[seeds::CLEARINGHOUSE, self.quote_mint.as_ref(), &[self.bump]]])
    }
}
