//! Pyth pull oracle: `PriceUpdateV2` accounts of the receiver program.
//!
//! Ownership and discriminator are checked by Anchor's `Account<PriceUpdateV2>`; the feed id, full
//! verification and age by the SDK; publish time against the future and the exponent's range here,
//! because the SDK checks neither.

use anchor_lang::prelude::*;
use ballast_risk::fixed::RATE_BITS;
use ballast_risk::implied::MAX_AGE_S;
use ballast_risk::price::Price;
use pyth_solana_receiver_sdk::error::GetPriceError;
use pyth_solana_receiver_sdk::price_update::{Price as PythPrice, PriceUpdateV2};

use crate::error::{BallastError, OrRefuse};
use crate::limits::FUTURE_TOLERANCE_S;
use crate::state::{AcceptedPrice, AssetConfig};

/// The message of an update, with the checks that every feed gets.
fn checked(update: &PriceUpdateV2, feed: &[u8; 32], max_age_s: u32, clock: &Clock) -> Result<PythPrice> {
    let raw = update.get_price_no_older_than(clock, max_age_s.into(), feed).map_err(|e| match e {
        GetPriceError::MismatchedFeedId => BallastError::WrongFeed,
        GetPriceError::InsufficientVerificationLevel => BallastError::NotFullyVerified,
        _ => BallastError::StalePrice,
    })?;
    require!(raw.publish_time <= clock.unix_timestamp + FUTURE_TOLERANCE_S, BallastError::FuturePrice);
    Ok(raw)
}

/// confidence ÷ price in basis points, refused above the asset's limit; both are in the same decimal units.
fn confidence(raw: &PythPrice, config: &AssetConfig) -> Result<u32> {
    require!(raw.price > 0, BallastError::BadPrice);
    let bps = (u128::from(raw.conf) * 10_000).div_ceil(u128::from(raw.price.unsigned_abs()));
    require!(bps <= u128::from(config.max_confidence_bps), BallastError::WideConfidence);
    Ok(bps as u32)
}

/// Reads, checks and scales a price update.
pub fn accept(
    update: &PriceUpdateV2,
    config: &AssetConfig,
    max_age_s: u32,
    clock: &Clock,
) -> Result<AcceptedPrice> {
    let raw = checked(update, &config.feed_id, max_age_s, clock)?;
    let price = Price::from_decimal(raw.price, raw.exponent, config.decimals).or_refuse()?;
    let confidence_bps = confidence(&raw, config)?;
    Ok(AcceptedPrice { price, publish_time: raw.publish_time, confidence_bps })
}

/// Reads and checks an update of an annualised volatility in percent points, and returns it as a rate.
pub fn accept_volatility(update: &PriceUpdateV2, config: &AssetConfig, clock: &Clock) -> Result<u64> {
    let raw = checked(update, &config.implied_feed_id, MAX_AGE_S as u32, clock)?;
    confidence(&raw, config)?;
    require!((-12..=0).contains(&raw.exponent), BallastError::BadPrice);
    // value·10^exponent ÷ 100: below 2⁶³·2³² in the numerator.
    let scale = 10u128.pow(raw.exponent.unsigned_abs()) * 100;
    let annual = (u128::from(raw.price.unsigned_abs()) << RATE_BITS) / scale;
    u64::try_from(annual).map_err(|_| BallastError::BadPrice.into())
}
