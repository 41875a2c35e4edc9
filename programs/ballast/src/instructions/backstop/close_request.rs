use anchor_lang::prelude::*;

use super::slice::release;
use crate::error::{BallastError, OrRefuse};
use crate::event::TradeRequestClosed;
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard, Stage, TradeRequest, delegate_power};

/// Ends a request that was not executed; its rent goes back to who paid it.
///
/// Owner or delegate may take one back until its price is on the board, and leave the commitment: they may know the
/// price before the board does. One that missed its price, which whoever watches it can have executed, leaves the
/// commitment too, and anybody may clear it away. One that never had a price gets it back.
#[derive(Accounts)]
pub struct CloseRequest<'info> {
    pub authority: Signer<'info>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
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

pub fn close_request(ctx: Context<CloseRequest>) -> Result<()> {
    let a = ctx.accounts;
    a.vault.require_of(&a.vault.key(), &a.slice.key(), &a.market)?;
    let board = a.board.load()?;
    let asset = board.asset(a.market.asset.into()).or_refuse()?;
    let mut account = a.margin_account.load_mut()?;
    let mut slice = a.slice.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    let stage = a.request.stage(asset, a.vault.params.max_lag_s, now);
    match stage {
        Stage::Due => return err!(BallastError::RequestDue),
        Stage::Waiting => {
            account.authorise(a.authority.key, delegate_power::TRADE | delegate_power::REDUCE, now)?;
        }
        Stage::Missed | Stage::Unserved => {}
    }
    let give_back = stage == Stage::Unserved;
    let kept = release(&mut a.vault, &mut slice, &mut account, (a.request.commitment, give_back), &board)?;
    let (market, account, id) = (a.market.index, a.margin_account.key(), a.request.id);
    emit!(TradeRequestClosed { market, account, id, kept });
    Ok(())
}
