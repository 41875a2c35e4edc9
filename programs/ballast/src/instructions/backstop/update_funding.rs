use anchor_lang::prelude::*;
use ballast_risk::funding::{self, LEAST_STEP_S};

use crate::error::{BallastError, OrRefuse};
use crate::event::FundingUpdated;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard};

/// Moves a market's funding rate with what its backstop held, and charges the time since the last step, at most
/// `LendingParams::step_s` of it. Also holds the backstop's losses against their limit. Permissionless.
#[derive(Accounts)]
pub struct UpdateFunding<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut)]
    pub vault: Box<Account<'info, BackstopVault>>,
    pub slice: AccountLoader<'info, MarginAccount>,
}

pub fn update_funding(ctx: Context<UpdateFunding>) -> Result<()> {
    let a = ctx.accounts;
    a.vault.require_of(&a.vault.key(), &a.slice.key(), &a.market)?;
    let mut board = a.board.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    let index = usize::from(a.market.index);
    policy::require_asset(&board, Action::Settle, a.market.asset.into(), now)?;
    let elapsed = now.saturating_sub(board.market(index).or_refuse()?.funding_time);
    require!(elapsed >= LEAST_STEP_S, BallastError::FundingNotDue);
    let (spot, step_s) = {
        let view = BoardView::at(&board, now);
        a.vault.mark(&*a.slice.load()?, &view)?;
        (view.fresh(a.market.asset.into()).or_refuse()?.spot(), board.lending.step_s)
    };
    let mut held = a.vault.inventory();
    let inventory = held.take().or_refuse()?;
    a.vault.set_inventory(held);

    let charged_s = u32::try_from(elapsed).unwrap_or(u32::MAX).min(step_s);
    let market = &mut board.markets[index];
    let params = a.vault.funding(now);
    let step = funding::step(&params, market.funding_rate, inventory, charged_s).or_refuse()?;
    let paid = funding::payment(step.charged, &spot, market.cash_unit(&spot)).or_refuse()?;
    market.pay_funding(&paid).or_refuse()?;
    (market.funding_rate, market.funding_time) = (step.rate, now);
    let (market, rate) = (a.market.index, step.rate);
    emit!(FundingUpdated { market, inventory, rate, long: paid.long, short: paid.short });
    Ok(())
}
