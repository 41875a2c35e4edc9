use anchor_lang::prelude::*;
use ballast_risk::fill::{self, reduces};

use super::book::{self, Side};
use crate::error::{BallastError, OrRefuse};
use crate::event::Filled;
use crate::limits::{MAX_OPTIONS, OPTION_PARAMS};
use crate::margin::BoardView;
use crate::state::{MarginAccount, Market, MarketState, RiskBoard};

/// Arguments of `match_fill`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug)]
pub struct MatchFillArgs {
    /// Signed native units that the taker buys from the maker (negative: sells to it).
    pub base: i64,
    /// What the buyer pays for them in all, quote micro-units: of an option the premium.
    pub quote: u64,
}

/// Books a trade. Both sides sign, by their owners or delegates (a venue's address, an RFQ desk).
#[derive(Accounts)]
pub struct MatchFill<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut, constraint = taker.key() != maker.key() @ BallastError::DuplicateAccount)]
    pub taker: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub maker: AccountLoader<'info, MarginAccount>,
    pub taker_authority: Signer<'info>,
    pub maker_authority: Signer<'info>,
}

/// Refuses a fill of an option that its life does not allow: only reductions on both sides once
/// its settlement average has begun, and at most [`MAX_OPTIONS`] options an account.
fn allow_option(
    listed: &MarketState,
    market: u8,
    sides: [(&MarginAccount, i64); 2],
    board: &RiskBoard,
    now: i64,
) -> Result<()> {
    for (account, base) in sides {
        let held = account.position(market).base;
        let holds = held.checked_add(base).ok_or(BallastError::Overflow)?;
        require!(reduces(held, holds) || now < listed.window_start(), BallastError::OptionSettling);
        let others = BoardView::options(account, board).filter(|s| s.market != market).count();
        require!(others < MAX_OPTIONS, BallastError::TooManyOptions);
    }
    Ok(())
}

pub fn match_fill(ctx: Context<MatchFill>, args: MatchFillArgs) -> Result<()> {
    require!(args.base != 0 && args.quote != 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    let board = a.board.load()?;
    let now = Clock::get()?.unix_timestamp;
    let view = BoardView::for_new_risk(&board, now);
    let listed = board.market(a.market.index.into()).or_refuse()?;
    let spot = view.fresh(listed.asset.into()).or_refuse()?.spot();
    let option = if listed.is_option() {
        require!(now < listed.expiry, BallastError::OptionExpired);
        let asset = board.asset(listed.asset.into()).or_refuse()?;
        Some(listed.option(asset, 1, board.params.horizon_s, now).or_refuse()?)
    } else {
        None
    };
    let in_band = match &option {
        None => fill::within_band(args.base, args.quote, &spot, a.market.band_bps),
        Some(option) => {
            let (bps, band) = (a.market.band_bps, &OPTION_PARAMS.mark);
            fill::premium_within_band(option, args.base, args.quote, &spot, bps, band)
        }
    };
    require!(in_band.or_refuse()?, BallastError::OutsidePriceBand);

    let mut taker = a.taker.load_mut()?;
    let mut maker = a.maker.load_mut()?;
    let market = a.market.index;
    let opposite = args.base.checked_neg().ok_or(BallastError::Overflow)?;
    let (to_taker, to_maker) =
        (taker.power_to_trade(market, listed, args.base)?, maker.power_to_trade(market, listed, opposite)?);
    taker.authorise(a.taker_authority.key, to_taker, now)?;
    maker.authorise(a.maker_authority.key, to_maker, now)?;
    for account in [&taker, &maker] {
        require_keys_eq!(account.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    }

    let fee = fill::fee(args.quote, a.market.fee_bps).or_refuse()?;
    let side = |base, fee| Side {
        market,
        listed,
        spot: &spot,
        option: option.as_ref(),
        base,
        quote: args.quote,
        fee,
    };
    if option.is_some() {
        allow_option(listed, market, [(&taker, args.base), (&maker, opposite)], &board, now)?;
    }

    // Open interest moves first: what the trade adds to the crowd counts in the margin of both sides.
    let crowding =
        book::follow(&mut a.market, listed, [(&mut taker, args.base), (&mut maker, opposite)], now)?;
    side(args.base, fee).book(&mut taker, &view, crowding)?;
    side(opposite, 0).book(&mut maker, &view, crowding)?;
    a.market.fees = a.market.fees.checked_add(fee).ok_or(BallastError::Overflow)?;
    emit!(Filled {
        market: a.market.index,
        taker: a.taker.key(),
        maker: a.maker.key(),
        base: args.base,
        quote: args.quote,
        fee,
    });
    Ok(())
}
