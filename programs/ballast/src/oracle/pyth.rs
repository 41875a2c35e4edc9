//! Pyth pull oracle: `PriceUpdateV2` accounts of the receiver program.
//!
//! Ownership and discriminator are checked by Anchor's `Account<PriceUpdateV2>`; the feed id, full
//! verification and age by the SDK; publish time against the future and the exponent's range here,
//! because the SDK checks neither.

use anchor_lang::prelude::*;
use ballast_risk::RiskError;
use ballast_risk::breaker::Cause;
use ballast_risk::fixed::RATE_BITS;
use ballast_risk::implied::MAX_AGE_S;
use ballast_risk::price::Price;
use pyth_solana_receiver_sdk::error::GetPriceError;
use pyth_solana_receiver_sdk::price_update::{Price as PythPrice, PriceUpdateV2};

use crate::error::{BallastError, OrRefuse};
use crate::limits::{FUTURE_TOLERANCE_S, QUOTE_MAX_AGE_S, QUOTE_MAX_CONFIDENCE_BPS};
use crate::state::{AssetConfig, Sample};

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

/// confidence ÷ price in basis points, saturating; both are in the same decimal units.
fn confidence_bps(raw: &PythPrice) -> u32 {
    let bps = (u128::from(raw.conf) * 10_000).div_ceil(u128::from(raw.price.unsigned_abs()).max(1));
    u32::try_from(bps).unwrap_or(u32::MAX)
}

/// Refuses a value that is not positive, or whose confidence interval is wider than a limit.
fn require_sure(raw: &PythPrice, max_confidence_bps: u32) -> Result<()> {
    require!(raw.price > 0, BallastError::BadPrice);
    require!(confidence_bps(raw) <= max_confidence_bps, BallastError::WideConfidence);
    Ok(())
}

/// Value as a rate, rounded down, of an exponent between −12 and 0, in units of `unit`.
fn as_rate(raw: &PythPrice, unit: u128) -> Result<u64> {
    require!((-12..=0).contains(&raw.exponent), BallastError::BadPrice);
    // value·10^exponent ÷ unit: below 2⁶³·2³² in the numerator.
    let scale = 10u128.pow(raw.exponent.unsigned_abs()) * unit;
    let rate = (u128::from(raw.price.unsigned_abs()) << RATE_BITS) / scale;
    u64::try_from(rate).map_err(|_| BallastError::BadPrice.into())
}

/// Reads, checks and scales a price update, in dollars. Whatever is not this feed's latest word is refused; what the
/// feed says and nobody should act upon (no price, or a wide confidence interval) is a sample for the breaker.
pub fn accept(update: &PriceUpdateV2, config: &AssetConfig, max_age_s: u32, clock: &Clock) -> Result<Sample> {
    let raw = checked(update, &config.feed_id, max_age_s, clock)?;
    let confidence_bps = confidence_bps(&raw);
    let said = match Price::from_decimal(raw.price, raw.exponent, config.decimals) {
        Err(RiskError::BadPrice) => Err(Cause::BadPrice),
        Ok(_) if confidence_bps > config.max_confidence_bps => Err(Cause::WideConfidence),
        scaled => Ok(scaled.or_refuse()?),
    };
    let silence_s = raw.publish_time.saturating_sub(update.price_message.prev_publish_time);
    Ok(Sample { said, publish_time: raw.publish_time, silence_s, confidence_bps })
}

/// Reads and checks an update of an annualised volatility in percent points, and returns it as a rate.
pub fn accept_volatility(update: &PriceUpdateV2, config: &AssetConfig, clock: &Clock) -> Result<u64> {
    let raw = checked(update, &config.implied_feed_id, MAX_AGE_S as u32, clock)?;
    require_sure(&raw, config.max_confidence_bps)?;
    as_rate(&raw, 100)
}

/// Reads and checks an update of the quote token in dollars, and returns it as a rate.
pub fn accept_quote(update: &PriceUpdateV2, feed: &[u8; 32], clock: &Clock) -> Result<u64> {
    let raw = checked(update, feed, QUOTE_MAX_AGE_S, clock)?;
    require_sure(&raw, QUOTE_MAX_CONFIDENCE_BPS)?;
    as_rate(&raw, 1)
}
