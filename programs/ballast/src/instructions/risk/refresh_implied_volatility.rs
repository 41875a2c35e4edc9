use anchor_lang::prelude::*;
use ballast_risk::implied::Implied;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{BallastError, OrRefuse};
use crate::event::ImpliedVolatilityRefreshed;
use crate::oracle::pyth;
use crate::state::{AssetConfig, RiskBoard};

/// Takes an asset's implied volatility from the Pyth feed that governance named for it. Permissionless.
#[derive(Accounts)]
pub struct RefreshImpliedVolatility<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    pub asset: Box<Account<'info, AssetConfig>>,
    /// Owned by Pyth's receiver program; any address, because what it says is signed.
    pub price_update: Box<Account<'info, PriceUpdateV2>>,
}

pub fn refresh_implied_volatility(ctx: Context<RefreshImpliedVolatility>) -> Result<()> {
    let (config, update) = (&ctx.accounts.asset, &ctx.accounts.price_update);
    let clock = Clock::get()?;
    let mut board = ctx.accounts.board.load_mut()?;
    require_keys_eq!(config.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    require!(config.implied_feed_id != [0; 32], BallastError::NoImpliedFeed);
    let index = usize::from(config.index);
    let published = board.asset(index).or_refuse()?.implied_time;
    require!(update.price_message.publish_time > published, BallastError::PriceNotNewer);
    let annual = pyth::accept_volatility(update, config, &clock)?;
    let setting = board.setting(clock.unix_timestamp);
    board
        .update(index, |state| {
            let mut implied = Implied { sigma: state.implied_sigma, time: state.implied_time };
            implied.observe(annual, setting.horizon_s, state.sigma, update.price_message.publish_time)?;
            (state.implied_sigma, state.implied_time) = (implied.sigma, implied.time);
            state.publish(&setting)
        })
        .or_refuse()?;
    emit!(ImpliedVolatilityRefreshed {
        clearinghouse: config.clearinghouse,
        asset: config.index,
        sigma: board.assets[index].implied_sigma,
        publish_time: board.assets[index].implied_time,
    });
    Ok(())
}
