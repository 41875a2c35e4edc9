use anchor_lang::prelude::*;
use ballast_risk::{fill, quoting};

use super::slice::release;
use crate::error::{BallastError, OrRefuse};
use crate::event::{Filled, TradeDeclined};
use crate::instructions::trading::book::{self, Side, action_of};
use crate::margin::BoardView;
use crate::policy;
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard, Stage, TradeRequest};

/// Why a request was not filled at its price.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// The price is beyond the trader's limit.
    Limit,
    /// The backstop would hold too much, or too little margin.
    Full,
    /// The backstop lost more than its limit.
    Halted,
    /// The asset, the market or the clearinghouse does not allow it now, or open interest is at its cap.
    NotAllowed,
}

/// Fills a request at the price it waited for, or declines it there; either way it is over, and its commitment goes
/// back. Permissionless.
#[derive(Accounts)]
pub struct ExecuteTrade<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut)]
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(mut)]
    pub slice: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(
        mut,
        close = payer,
        has_one = margin_account @ BallastError::WrongBackstop,
        has_one = payer @ BallastError::WrongBackstop,
        constraint = request.market == market.index @ BallastError::WrongMarket,
    )]
    pub request: Box<Account<'info, TradeRequest>>,
    /// CHECK: gets the rent back.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// The terms of a fill.
struct Terms {
    quote: u64,
    fee: u64,
    crowding: u64,
}

/// Books the backstop's side, or says why it does not trade. What it changed by then is for the caller to undo.
fn take_side(
    request: &TradeRequest,
    market: &mut Market,
    vault: &BackstopVault,
    slice: &mut MarginAccount,
    account: &mut MarginAccount,
    view: &BoardView,
) -> Result<core::result::Result<Terms, Decline>> {
    let listed = view.board().market(market.index.into()).or_refuse()?;
    let spot = view.fresh(listed.asset.into()).or_refuse()?.spot();
    let inventory = slice.position_now(market.index, listed)?.base;
    let Some(quoted) = quoting::quote(request.base, inventory, &spot, &vault.params.quoting()).or_refuse()?
    else {
        return Ok(Err(Decline::Full));
    };
    if !request.accepts(quoted.quote) {
        return Ok(Err(Decline::Limit));
    }
    if quoted.increases && vault.is_halted(view.now()) {
        return Ok(Err(Decline::Halted));
    }
    let held = account.position_now(market.index, listed)?.base;
    let action = action_of(held, held.checked_add(request.base).ok_or(BallastError::Overflow)?);
    if policy::require_market(view.board(), action, market.index.into(), view.now()).is_err() {
        return Ok(Err(Decline::NotAllowed));
    }
    let back = request.base.checked_neg().ok_or(BallastError::Overflow)?;
    let Ok(crowding) = book::follow(market, listed, [(account, request.base), (slice, back)], view.now())
    else {
        return Ok(Err(Decline::NotAllowed));
    };
    let side = Side {
        market: market.index,
        listed,
        spot: &spot,
        option: None,
        base: back,
        quote: quoted.quote,
        fee: 0,
    };
    if side.book(slice, view, crowding).is_err() {
        return Ok(Err(Decline::Full));
    }
    let fee = fill::fee(quoted.quote, market.fee_bps).or_refuse()?;
    Ok(Ok(Terms { quote: quoted.quote, fee, crowding }))
}

pub fn execute_trade(ctx: Context<ExecuteTrade>) -> Result<()> {
    let a = ctx.accounts;
    a.vault.require_of(&a.vault.key(), &a.slice.key(), &a.market)?;
    let board = a.board.load()?;
    let view = BoardView::new(&board, &Clock::get()?);
    let asset = view.fresh(a.market.asset.into()).or_refuse()?;
    let stage = a.request.stage(asset, a.vault.params.max_lag_s, view.now());
    require!(stage == Stage::Due, BallastError::RequestNotDue);
    let mut account = a.margin_account.load_mut()?;
    let mut slice = a.slice.load_mut()?;
    a.vault.mark(&slice, &view)?;
    release(&mut a.vault, &mut slice, &mut account, (a.request.commitment, true), &board)?;

    let before = (Box::new(*slice), Box::new(*account), Box::new(Market::clone(&a.market)));
    match take_side(&a.request, &mut a.market, &a.vault, &mut slice, &mut account, &view)? {
        Ok(Terms { quote, fee, crowding }) => {
            let listed = board.market(a.market.index.into()).or_refuse()?;
            let (market, base, spot) = (a.market.index, a.request.base, &asset.spot());
            Side { market, listed, spot, option: None, base, quote, fee }.book(
                &mut account,
                &view,
                crowding,
            )?;
            a.market.fees = a.market.fees.checked_add(fee).ok_or(BallastError::Overflow)?;
            let (taker, maker) = (a.margin_account.key(), a.slice.key());
            emit!(Filled { market, taker, maker, base, quote, fee });
        }
        Err(reason) => {
            (*slice, *account) = (*before.0, *before.1);
            a.market.set_inner(*before.2);
            let (market, account, id) = (a.market.index, a.margin_account.key(), a.request.id);
            emit!(TradeDeclined { market, account, id, reason });
        }
    }
    Ok(())
}
