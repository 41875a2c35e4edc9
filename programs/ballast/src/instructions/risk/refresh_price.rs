use anchor_lang::prelude::*;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{BallastError, OrRefuse};
use crate::event::{BreakerChanged, PriceHeld, PriceRefreshed};
use crate::oracle::sources::Sources;
use crate::state::{AssetConfig, Heard, RiskBoard, Sample};

/// Takes an asset's price from its sources. Permissionless; refused early, and cheaply, where there is nothing new.
///
/// The sources are those of the asset's config, all of them: who refreshes chooses the moment, never the source.
#[derive(Accounts)]
pub struct RefreshPrice<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    pub asset: Box<Account<'info, AssetConfig>>,
    /// Owned by Pyth's receiver program; any address, because what it says is signed.
    pub price_update: Box<Account<'info, PriceUpdateV2>>,
    /// CHECK: the Switchboard feed that the config names, if it names one; checked where it is read.
    pub second_source: Option<UncheckedAccount<'info>>,
    /// CHECK: the stake pool that the config names, if it names one; checked where it is read.
    pub stake_pool: Option<UncheckedAccount<'info>>,
}

pub fn refresh_price(ctx: Context<RefreshPrice>) -> Result<()> {
    let a = ctx.accounts;
    let mut board = a.board.load_mut()?;
    require_keys_eq!(a.asset.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let clock = Clock::get()?;
    let index = usize::from(a.asset.index);
    let sources = Sources {
        price_update: &a.price_update,
        second_source: a.second_source.as_ref(),
        stake_pool: a.stake_pool.as_ref(),
    };
    let sample = sources.sample(&a.asset, &mut board, &clock)?;
    let heard = board.hear(index, &sample, clock.unix_timestamp).or_refuse()?;
    tell(&board, a.asset.index, &sample, &heard);
    Ok(())
}

fn tell(board: &RiskBoard, asset: u8, sample: &Sample, heard: &Heard) {
    let (clearinghouse, state) = (board.clearinghouse, &board.assets[usize::from(asset)]);
    let cause = heard.cause as u8;
    if heard.from != heard.to {
        let (from, to) = (heard.from as u8, heard.to as u8);
        emit!(BreakerChanged { clearinghouse, asset, from, to, cause });
    }
    if !heard.taken {
        let (publish_time, consistent) = (sample.publish_time, state.consistent);
        emit!(PriceHeld { clearinghouse, asset, cause, consistent, publish_time });
        return;
    }
    emit!(PriceRefreshed {
        clearinghouse,
        asset,
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
}
