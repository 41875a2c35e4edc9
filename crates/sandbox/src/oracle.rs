//! Price accounts, as Pyth's receiver program leaves them.

use anchor_lang::AccountSerialize;
use anchor_lang::prelude::Pubkey;
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};

/// Exponent of the prices that the sandbox posts: eight decimals, as Pyth's crypto feeds have.
pub const EXPONENT: i32 = -8;

/// A price update to be posted.
#[derive(Clone, Debug)]
pub struct Update {
    /// Which feed.
    pub feed_id: [u8; 32],
    /// In `10^exponent` dollars.
    pub price: i64,
    /// Confidence interval, same unit.
    pub conf: u64,
    /// Decimal exponent.
    pub exponent: i32,
    /// Unix seconds.
    pub publish_time: i64,
    /// How long the feed had been silent before, seconds.
    pub silence_s: i64,
    /// How many guardians' signatures were checked.
    pub verification: VerificationLevel,
}

impl Update {
    /// A fully verified price in dollars, with a confidence interval of `conf_bps`.
    #[must_use]
    pub fn dollars(feed_id: [u8; 32], dollars: f64, conf_bps: u32, publish_time: i64) -> Self {
        let price = (dollars * 1e8).round() as i64;
        Self {
            feed_id,
            price,
            conf: price.unsigned_abs() / 10_000 * u64::from(conf_bps),
            exponent: EXPONENT,
            publish_time,
            silence_s: 1,
            verification: VerificationLevel::Full,
        }
    }

    /// The account's bytes.
    ///
    /// # Panics
    /// Never: a vector takes any number of bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let update = PriceUpdateV2 {
            write_authority: Pubkey::default(),
            verification_level: self.verification,
            price_message: PriceFeedMessage {
                feed_id: self.feed_id,
                price: self.price,
                conf: self.conf,
                exponent: self.exponent,
                publish_time: self.publish_time,
                prev_publish_time: self.publish_time.saturating_sub(self.silence_s),
                ema_price: self.price,
                ema_conf: self.conf,
            },
            posted_slot: 0,
        };
        let mut bytes = Vec::with_capacity(PriceUpdateV2::LEN);
        update.try_serialize(&mut bytes).expect("a vector takes any number of bytes");
        bytes.resize(PriceUpdateV2::LEN, 0);
        bytes
    }
}
