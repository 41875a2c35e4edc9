//! Switchboard on-demand pull feeds: `PullFeedAccountData`, the second and independent source.
//!
//! Read by layout: the SDK's crate brings another generation of Solana's crates with it. The account is 3,208 bytes,
//! discriminator included; what is read of it:
//!
//! | offset | field | |
//! |---|---|---|
//! | 0 | discriminator | `sha256("account:PullFeedAccountData")` |
//! | 2176 | `min_responses: u32` | submissions that the feed demands |
//! | 2216 | `last_update_timestamp: i64` | when somebody last submitted, unix seconds |
//! | 2264 | `result.value: i128` | median, 10⁻¹⁸ dollars |
//! | 2280 | `result.std_dev: i128` | of the submissions it was taken over |
//! | 2360 | `result.num_samples: u8` | how many they are |
//! | 2376 | `result.min_slot: u64` | slot of the oldest of them |
//!
//! Whoever may change a feed's jobs may change what it says: its authority belongs to the set-up that is reviewed before
//! listing, like the feed's address.

use anchor_lang::prelude::*;
use ballast_risk::breaker::Cause;
use ballast_risk::price::Price;

use super::{bytes, named};
use crate::error::BallastError;
use crate::limits::FUTURE_TOLERANCE_S;
use crate::state::AssetConfig;

/// The program whose feeds are read.
pub const ID: Pubkey = pubkey!("SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");
/// First bytes of a pull feed.
pub const DISCRIMINATOR: [u8; 8] = [196, 27, 108, 196, 10, 215, 219, 40];
/// Bytes of a pull feed.
pub const SIZE: usize = 3_208;

/// Where the fields lie that are read.
pub mod at {
    pub const MIN_RESPONSES: usize = 2_176;
    pub const LAST_UPDATE: usize = 2_216;
    pub const VALUE: usize = 2_264;
    pub const STD_DEV: usize = 2_280;
    pub const NUM_SAMPLES: usize = 2_360;
    pub const MIN_SLOT: usize = 2_376;
}

/// The feed counts in 10⁻¹⁸ dollars, a [`Price`] is read from at most 10⁻¹².
const TO_E12: u128 = 1_000_000;
/// Nominal length of a slot, milliseconds.
const SLOT_MS: u64 = 400;

/// What a feed says now. The account itself must be the one that was configured; a feed that is merely silent, thin or
/// scattered is not fresh, and then there is none.
///
/// # Errors
/// [`BallastError::SourceMissing`], [`BallastError::WrongSource`].
pub fn read(
    account: Option<&UncheckedAccount>,
    config: &AssetConfig,
    max_age_s: u32,
    clock: &Clock,
) -> Result<Option<core::result::Result<Price, Cause>>> {
    let data = named(account, &config.second_source, &ID)?;
    require!(data.len() >= SIZE && data.starts_with(&DISCRIMINATOR), BallastError::WrongSource);
    let value = i128::from_le_bytes(bytes(&data, at::VALUE)?);
    let std_dev = i128::from_le_bytes(bytes(&data, at::STD_DEV)?);
    let min_slot = u64::from_le_bytes(bytes(&data, at::MIN_SLOT)?);
    let demanded = u32::from_le_bytes(bytes(&data, at::MIN_RESPONSES)?);
    let samples = u32::from(bytes::<1>(&data, at::NUM_SAMPLES)?[0]);

    let max_slots = u64::from(max_age_s) * 1_000 / SLOT_MS;
    let updated = i64::from_le_bytes(bytes(&data, at::LAST_UPDATE)?);
    // In slots, because that is what the oldest submission is dated in; and in time, because slots stand still while the
    // chain does.
    let recent = min_slot <= clock.slot
        && clock.slot - min_slot <= max_slots
        && updated <= clock.unix_timestamp.saturating_add(FUTURE_TOLERANCE_S)
        && clock.unix_timestamp.saturating_sub(updated) <= i64::from(max_age_s);
    if !recent || min_slot == 0 || samples < demanded.max(1) {
        return Ok(None);
    }
    let Ok(dollars) = u128::try_from(value) else {
        return Ok(Some(Err(Cause::BadPrice)));
    };
    // std_dev/value ≤ max_confidence, without a division.
    let scattered = std_dev.unsigned_abs().saturating_mul(10_000)
        > dollars.saturating_mul(config.max_confidence_bps.into());
    if scattered {
        return Ok(None);
    }
    let scaled = |parts: u128| i64::try_from(dollars / parts).ok();
    let price = match (scaled(TO_E12), scaled(TO_E12 * 10_000)) {
        (Some(e12), _) => Price::from_decimal(e12, -12, config.decimals),
        (None, Some(e8)) => Price::from_decimal(e8, -8, config.decimals),
        (None, None) => Err(ballast_risk::RiskError::BadPrice),
    };
    Ok(Some(price.map_err(|_| Cause::BadPrice)))
}
