use anchor_lang::prelude::*;

use crate::error::{BallastError, OrRefuse};
use crate::event::PositionTouched;
use crate::margin::BoardView;
use crate::state::{MarginAccount, Market, RiskBoard};

/// Brings one position in step with its side of the market. Permissionless: it changes nobody's equity.
///
/// A side that was closed as a whole takes no new positions until all old ones were touched, so anybody may touch. Whoever
/// is left without anybody on the other side holds what truncation has left behind, a few native units; the market takes
/// them over at spot, so that every position can be closed in the end.
#[derive(Accounts)]
pub struct TouchPosition<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == market.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn touch_position(ctx: Context<TouchPosition>) -> Result<()> {
    let a = ctx.accounts;
    let board = a.board.load()?;
    let index = a.market.index;
    let listed = board.market(index.into()).or_refuse()?;
    let mut account = a.margin_account.load_mut()?;
    let was = account.position(index);
    let change = account.keep_step(index, listed)?;
    a.market.follow(&change)?;

    let base = change.after;
    let others = if base > 0 { a.market.holders_short } else { a.market.holders_long };
    if base != 0 && others == 0 && !listed.is_option() {
        let view = BoardView::new(&board, &Clock::get()?);
        let worth = view.fresh(listed.asset.into()).or_refuse()?.spot().value(base).or_refuse()?;
        let back = base.checked_neg().ok_or(BallastError::Overflow)?;
        let change = account.add_position(index, listed, back, worth)?;
        a.market.follow(&change)?;
        a.market.promised = a.market.promised.checked_sub(worth).ok_or(BallastError::Overflow)?;
    }
    let is = account.position(index);
    require!(is != was, BallastError::PositionInStep);
    emit!(PositionTouched {
        account: a.margin_account.key(),
        market: index,
        base_before: was.base,
        base: is.base,
        entry_before: was.entry,
        entry: is.entry,
    });
    Ok(())
}
