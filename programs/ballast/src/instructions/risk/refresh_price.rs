use anchor_lang::prelude::*;
use ballast_risk::breaker::{Agreement, Cause, aggregate, redemption};
use ballast_risk::price::Price;
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::error::{BallastError, OrRefuse};
use crate::event::{BreakerChanged, PriceHeld, PriceRefreshed};
use crate::oracle::{pyth, stake_pool, switchboard};
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

/// What Pyth and the second source say together, dollars.
fn agreed(a: &RefreshPrice, board: &mut RiskBoard, first: Price, clock: &Clock) -> Result<Agreement> {
    let config = &a.asset;
    let listed = &mut board.assets[usize::from(config.index)];
    let mut fresh = [first; 2];
    let mut count = 1;
    if config.second_source != Pubkey::default() {
        match switchboard::read(a.second_source.as_ref(), config, listed.max_age_s, clock)? {
            Some(Ok(second)) => {
                (listed.secondary_mantissa, listed.secondary_shift) = (second.mantissa, second.shift as u8);
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
fn redeemable(a: &RefreshPrice, board: &mut RiskBoard, market: Price, clock: &Clock) -> Result<Price> {
    let index = usize::from(a.asset.index);
    let Some(underlying) = board.assets[index].underlying.checked_sub(1) else { return Ok(market) };
    let said = stake_pool::redemption_rate(a.stake_pool.as_ref(), &a.asset, clock)?;
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

/// What all sources say, in quote.
fn said(
    a: &RefreshPrice,
    board: &mut RiskBoard,
    first: Price,
    clock: &Clock,
) -> Result<core::result::Result<Price, Cause>> {
    Ok(match agreed(a, board, first, clock)? {
        Agreement::None(cause) => Err(cause),
        Agreement::Price(dollars) => {
            let market = board.in_quote(&dollars).or_refuse()?;
            Ok(redeemable(a, board, market, clock)?)
        }
    })
}

pub fn refresh_price(ctx: Context<RefreshPrice>) -> Result<()> {
    let a = ctx.accounts;
    let mut board = a.board.load_mut()?;
    require_keys_eq!(a.asset.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let clock = Clock::get()?;
    let index = usize::from(a.asset.index);
    let before = board.asset(index).or_refuse()?;
    let newer = a.price_update.price_message.publish_time > before.publish_time.max(before.heard_time);
    require!(newer, BallastError::PriceNotNewer);
    let mut sample = pyth::accept(&a.price_update, &a.asset, before.max_age_s, &clock)?;
    if let Ok(first) = sample.said {
        sample.said = said(a, &mut board, first, &clock)?;
    }
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
