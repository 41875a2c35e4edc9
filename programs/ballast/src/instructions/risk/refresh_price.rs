use anchor_lang::prelude::*;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{BallastError, OrRefuse};
use crate::event::PriceRefreshed;
use crate::oracle::pyth;
use crate::state::{AssetConfig, RiskBoard};

/// Takes an asset's price from a Pyth price update. Permissionless; refused early, and cheaply, where
/// there is nothing new.
#[derive(Accounts)]
pub struct RefreshPrice<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    pub asset: Box<Account<'info, AssetConfig>>,
    /// Owned by Pyth's receiver program; any address, because what it says is signed.
    pub price_update: Box<Account<'info, PriceUpdateV2>>,
}

pub fn refresh_price(ctx: Context<RefreshPrice>) -> Result<()> {
    let (config, update) = (&ctx.accounts.asset, &ctx.accounts.price_update);
    let mut board = ctx.accounts.board.load_mut()?;
    require_keys_eq!(config.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let clock = Clock::get()?;
    let index = usize::from(config.index);
    let before = board.asset(index).or_refuse()?;
    require!(update.price_message.publish_time > before.publish_time, BallastError::PriceNotNewer);
    let accepted = pyth::accept(update, config, before.max_age_s, &clock)?;
    board.refresh(index, &accepted, clock.unix_timestamp).or_refuse()?;
    let state = &board.assets[index];
    emit!(PriceRefreshed {
        clearinghouse: config.clearinghouse,
        asset: config.index,
        price_mantissa: state.spot_mantissa,
        price_shift: state.spot_shift,
        publish_time: state.publish_time,
        sigma: state.sigma,
        haircut_long: state.haircut_long,
        haircut_short: state.haircut_short,
        addon_long: state.addon_long,
        addon_short: state.addon_short,
        notice: board.notice,
    });
    Ok(())
}
