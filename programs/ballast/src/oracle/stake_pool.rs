//! SPL stake pools: how much of the underlying a staked token is redeemed for.
//!
//! Read by layout: the account is Borsh, and every field before the ones that are read has a fixed size.
//!
//! | offset | field | |
//! |---|---|---|
//! | 0 | `account_type: u8` | 1: a stake pool |
//! | 162 | `pool_mint: Pubkey` | the staked token |
//! | 258 | `total_lamports: u64` | what all of it is redeemed for |
//! | 266 | `pool_token_supply: u64` | all of it, native units |
//! | 274 | `last_update_epoch: u64` | when rewards were last counted |

use anchor_lang::prelude::*;
use ballast_risk::fixed::{RATE_ONE, mul_div_floor};

use super::{bytes, named};
use crate::error::{BallastError, OrRefuse};
use crate::state::AssetConfig;

/// The program whose pools are read.
pub const ID: Pubkey = pubkey!("SPoo1Ku8WFXoNDMHPsrGSTSG1Y47rzgn41SLUNakuHy");
/// `account_type` of a stake pool.
pub const STAKE_POOL: u8 = 1;

/// Where the fields lie that are read.
pub mod at {
    pub const POOL_MINT: usize = 162;
    pub const TOTAL_LAMPORTS: usize = 258;
    pub const POOL_TOKEN_SUPPLY: usize = 266;
    pub const LAST_UPDATE_EPOCH: usize = 274;
}

/// Native units of the underlying for one of the staked token, a rate, rounded down.
///
/// # Errors
/// [`BallastError::SourceMissing`], [`BallastError::WrongSource`]; [`BallastError::StaleStakePool`] for a pool whose
/// rewards and slashes were not counted in this epoch or the one before.
pub fn redemption_rate(
    account: Option<&UncheckedAccount>,
    config: &AssetConfig,
    clock: &Clock,
) -> Result<u64> {
    let data = named(account, &config.stake_pool, &ID)?;
    require!(bytes::<1>(&data, 0)?[0] == STAKE_POOL, BallastError::WrongSource);
    let mint = Pubkey::new_from_array(bytes(&data, at::POOL_MINT)?);
    require!(!config.is_collateral() || mint == config.mint, BallastError::WrongSource);
    let lamports = u64::from_le_bytes(bytes(&data, at::TOTAL_LAMPORTS)?);
    let supply = u64::from_le_bytes(bytes(&data, at::POOL_TOKEN_SUPPLY)?);
    let updated = u64::from_le_bytes(bytes(&data, at::LAST_UPDATE_EPOCH)?);
    require!(updated.saturating_add(1) >= clock.epoch, BallastError::StaleStakePool);
    require!(lamports > 0 && supply > 0, BallastError::BadPrice);
    mul_div_floor(lamports, RATE_ONE, supply).or_refuse()
}
