//! Pyth pull oracle: `PriceUpdateV2` accounts of the receiver program.
//!
//! Ownership and discriminator are checked by Anchor's `Account<PriceUpdateV2>`; the feed id, full
//! verification and age by the SDK; publish time against the future and the exponent's range here,
//! because the SDK checks neither.

use anchor_lang::prelude::*;
use ballast_risk::price::Price;
use pyth_solana_receiver_sdk::error::GetPriceError;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{BallastError, OrRefuse};
use crate::limits::FUTURE_TOLERANCE_S;
use crate::state::AssetConfig;
use crate::state::risk_board::AcceptedPrice;

/// Reads, checks and scales a price update.
pub fn accept(
    update: &PriceUpdateV2,
    config: &AssetConfig,
    max_age_s: u32,
    clock: &Clock,
) -> Result<AcceptedPrice> {
    let raw =
        update.get_price_no_older_than(clock, max_age_s.into(), &config.feed_id).map_err(|e| match e {
            GetPriceError::MismatchedFeedId => BallastError::WrongFeed,
            GetPriceError::InsufficientVerificationLevel => BallastError::NotFullyVerified,
            _ => BallastError::StalePrice,
        })?;
    require!(raw.publish_time <= clock.unix_timestamp + FUTURE_TOLERANCE_S, BallastError::FuturePrice);
    let price = Price::from_decimal(raw.price, raw.exponent, config.decimals).or_refuse()?;
    // confidence/price ≤ limit, without dividing: both are in the same decimal units.
    let confidence_bps = (u128::from(raw.conf) * 10_000).div_ceil(u128::from(raw.price.unsigned_abs()));
    require!(confidence_bps <= u128::from(config.max_confidence_bps), BallastError::WideConfidence);
    Ok(AcceptedPrice { price, publish_time: raw.publish_time, confidence_bps: confidence_bps as u32 })
}
