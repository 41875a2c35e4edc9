use anchor_lang::prelude::*;
use ballast_risk::settlement;

use crate::error::{BallastError, OrRefuse};
use crate::event::Settled;
use crate::margin::BoardView;
use crate::state::{MarginAccount, Market, RiskBoard};

/// Settles one position at spot: a loss out of the account's quote into the market's pool, a profit
/// out of the pool into the account's quote. Permissionless: it changes nobody's equity.
#[derive(Accounts)]
pub struct Settle<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == market.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn settle(ctx: Context<Settle>) -> Result<()> {
    let a = ctx.accounts;
    let board = a.board.load()?;
    let view = BoardView::new(&board, &Clock::get()?);
    let spot = view.fresh(a.market.asset.into()).or_refuse()?.spot();
    let mut account = a.margin_account.load_mut()?;
    let slot = account.position(a.market.index);
    let unsettled = settlement::unsettled(slot.base, slot.entry, &spot).or_refuse()?;

    let amount = if unsettled < 0 {
        let credit = view.collateral_credit(&account).or_refuse()?;
        let paid = settlement::payable(unsettled.unsigned_abs(), account.quote, credit);
        a.market.pool = a.market.pool.checked_add(paid).ok_or(BallastError::Overflow)?;
        i64::try_from(paid)
            .map_err(|_| BallastError::Overflow)?
            .checked_neg()
            .ok_or(BallastError::Overflow)?
    } else {
        let received = unsettled.unsigned_abs().min(a.market.pool);
        a.market.pool -= received;
        i64::try_from(received).map_err(|_| BallastError::Overflow)?
    };
    require!(amount != 0, BallastError::NothingToSettle);
    account.add_quote(amount)?;
    account.add_position(a.market.index, 0, -amount)?;
    emit!(Settled { account: a.margin_account.key(), market: a.market.index, amount, pool: a.market.pool });
    Ok(())
}
