use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::quoting::increases;

use crate::error::{BallastError, OrRefuse};
use crate::event::TakenOver;
use crate::instructions::liquidation::liquidate::{price_step, resolve, transfer};
use crate::instructions::trading::book;
use crate::instructions::{LegAmount, LiquidationLeg};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard, Treasury};

/// Gives the backstop part of a position that nobody liquidated: the account has been below its MM for longer than
/// keepers are given. The terms are those of a liquidation with the slice as the keeper, and so is the judgement; the
/// caller gets nothing. Permissionless.
#[derive(Accounts)]
pub struct TakeOver<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = treasury.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut)]
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(mut)]
    pub slice: AccountLoader<'info, MarginAccount>,
    #[account(mut, constraint = margin_account.key() != slice.key() @ BallastError::DuplicateAccount)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn take_over(ctx: Context<TakeOver>, amount: u64) -> Result<()> {
    let a = ctx.accounts;
    a.vault.require_of(&a.vault.key(), &a.slice.key(), &a.market)?;
    let (board, market) = (a.board.load()?, a.market.index);
    let now = Clock::get()?.unix_timestamp;
    policy::require_market(&board, Action::Liquidate, market.into(), now)?;
    let view = BoardView::for_liquidation(&board, now);
    let mut account = a.margin_account.load_mut()?;
    let mut slice = a.slice.load_mut()?;
    require_keys_eq!(account.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let since = account.short_since;
    let due = since != 0 && now >= since.saturating_add(board.phases.takeover_s.into());
    require!(due, BallastError::TakeoverNotDue);

    let leg = LegAmount { leg: LiquidationLeg::Position { market }, amount };
    let taken = resolve(&leg, &account, &view, now)?;
    let step = price_step(&account, &[taken], &view)?;
    let terms = step.terms[0];
    a.vault.mark(&slice, &view)?;
    let held = slice.position(market).base;
    let holds = held.checked_add(terms.quantity).ok_or(BallastError::Overflow)?;
    if increases(held, holds) {
        require!(!a.vault.is_halted(now), BallastError::BackstopHalted);
        require!(holds.unsigned_abs() <= a.vault.params.max_position, BallastError::BackstopFull);
    }

    let back = terms.quantity.checked_neg().ok_or(BallastError::Overflow)?;
    let crowding = book::follow(&mut a.market, [(&account, back), (&slice, terms.quantity)])?;
    transfer(leg.leg, &terms, &mut account, &mut slice)?;
    slice.remember_crowding(market, crowding, now);
    // The fund is paid out of settled quote that is the vault's own.
    let settled = u64::try_from(slice.quote).is_ok_and(|left| left >= a.vault.committed);
    require!(settled, BallastError::InsufficientBalance);
    let fund = a.treasury.insurance.checked_add(terms.to_insurance);
    a.treasury.insurance = fund.ok_or(BallastError::Overflow)?;
    let margin = BoardView::at(&board, now).margin(&slice, Basis::Initial).or_refuse()?;
    require!(margin.meets_initial(), BallastError::BelowInitialMargin);
    emit!(TakenOver {
        market,
        account: a.margin_account.key(),
        vault: a.vault.key(),
        quantity: terms.quantity,
        proceeds: terms.proceeds,
        penalty: terms.penalty,
        to_insurance: terms.to_insurance,
    });
    Ok(())
}
