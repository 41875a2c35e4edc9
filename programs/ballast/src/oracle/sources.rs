//! What an asset's sources say together.
//!
//! The sources are those of the asset's config, all of them: who refreshes chooses the moment, never the source. Everything
//! here works on accounts that are only read, so that whoever holds copies of them finds off-chain what `refresh_price` will.

use anchor_lang::prelude::*;
use ballast_risk::breaker::{Agreement, aggregate, redemption};
use ballast_risk::price::Price;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use super::{pyth, stake_pool, switchboard};
use crate::error::{BallastError, OrRefuse};
use crate::state::{AssetConfig, RiskBoard, Sample};

/// The accounts of an asset's sources, as they were passed.
pub struct Sources<'a, 'info> {
    /// Pyth's update.
    pub price_update: &'a PriceUpdateV2,
    /// The Switchboard feed that the config names, if it names one; checked where it is read.
    pub second_source: Option<&'a UncheckedAccount<'info>>,
    /// The stake pool that the config names, if it names one; checked where it is read.
    pub stake_pool: Option<&'a UncheckedAccount<'info>>,
}

impl Sources<'_, '_> {
    /// What they say of an asset's price in quote, if it is newer than the board's: a sample for the board's breaker. The
    /// board notes what the second source and the stake pool said.
    ///
    /// # Errors
    /// What `refresh_price` is refused with.
    pub fn sample(&self, config: &AssetConfig, board: &mut RiskBoard, clock: &Clock) -> Result<Sample> {
        let before = board.asset(usize::from(config.index)).or_refuse()?;
        let newer = self.price_update.price_message.publish_time > before.publish_time.max(before.heard_time);
        require!(newer, BallastError::PriceNotNewer);
        let mut sample = pyth::accept(self.price_update, config, before.max_age_s, clock)?;
        if let Ok(first) = sample.said {
            sample.said = match self.agreed(config, board, first, clock)? {
                Agreement::None(cause) => Err(cause),
                Agreement::Price(dollars) => {
                    let market = board.in_quote(&dollars).or_refuse()?;
                    Ok(self.redeemable(config, board, market, clock)?)
                }
            };
        }
        Ok(sample)
    }

    /// What Pyth and the second source say together, dollars.
    fn agreed(
        &self,
        config: &AssetConfig,
        board: &mut RiskBoard,
        first: Price,
        clock: &Clock,
    ) -> Result<Agreement> {
        let listed = &mut board.assets[usize::from(config.index)];
        let mut fresh = [first; 2];
        let mut count = 1;
        if config.second_source != Pubkey::default() {
            match switchboard::read(self.second_source, config, listed.max_age_s, clock)? {
                Some(Ok(second)) => {
                    (listed.secondary_mantissa, listed.secondary_shift) =
                        (second.mantissa, second.shift as u8);
                    listed.secondary_time = clock.unix_timestamp;
                    fresh[1] = second;
                    count = 2;
                }
                Some(Err(cause)) => return Ok(Agreement::None(cause)),
                None => {}
            }
        }
        Ok(aggregate(&fresh[..count], config.quorum, listed.max_deviation_bps))
    }

    /// A staked token counts for at most what it is redeemed for.
    fn redeemable(
        &self,
        config: &AssetConfig,
        board: &mut RiskBoard,
        market: Price,
        clock: &Clock,
    ) -> Result<Price> {
        let index = usize::from(config.index);
        let Some(underlying) = board.assets[index].underlying.checked_sub(1) else { return Ok(market) };
        let said = stake_pool::redemption_rate(self.stake_pool, config, clock)?;
        let under = board.asset(underlying.into()).or_refuse()?;
        require!(under.is_believed(clock.unix_timestamp), BallastError::UnderlyingNotBelieved);
        let under = under.spot();
        let listed = &mut board.assets[index];
        let elapsed = clock.unix_timestamp.saturating_sub(listed.redemption_time);
        listed.redemption_rate = redemption(listed.redemption_rate, said, elapsed, listed.max_growth_bps);
        listed.redemption_time = clock.unix_timestamp;
        let redeemed = under.scaled(listed.redemption_rate).or_refuse()?;
        Ok(if redeemed.is_below(&market) { redeemed } else { market })
    }
}
