use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::fill::reduces;

use crate::error::{BallastError, OrRefuse};
use crate::event::TakenOver;
use crate::instructions::liquidation::liquidate::{move_leg, price_step, require_not_left_behind, resolve};
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
    let short_for = account.short_for(now).unwrap_or(0);
    require!(short_for >= u64::from(board.phases.takeover_s), BallastError::TakeoverNotDue);

    let leg = LegAmount { leg: LiquidationLeg::Position { market }, amount };
    let taken = resolve(&leg, &account, &view, now)?;
    let step = price_step(&account, &[taken], &view, &board.phases.auction(short_for))?;
    require_not_left_behind(&[leg], &[taken], &step.before, &board, now)?;
    let terms = step.terms[0];
    a.vault.mark(&slice, &view)?;
    let held = slice.position_now(market, board.market(market.into()).or_refuse()?)?.base;
    let holds = held.checked_add(terms.quantity).ok_or(BallastError::Overflow)?;
    if !reduces(held, holds) {
        require!(!a.vault.is_halted(now), BallastError::BackstopHalted);
        require!(holds.unsigned_abs() <= a.vault.params.max_position, BallastError::BackstopFull);
    }

    for change in &move_leg(leg.leg, &terms, &mut account, &mut slice, &board)? {
        a.market.follow(change)?;
    }
    slice.remember_crowding(market, a.market.crowding(), now);
    if step.after.is_liquidatable() {
        account.found_short(&board, now);
    } else {
        account.recovered();
    }
    // The fund is paid out of settled quote that is the vault's own.
    let settled = u64::try_from(slice.quote).is_ok_and(|left| left >= a.vault.committed);
    require!(settled, BallastError::InsufficientBalance);
    let fund = a.treasury.insurance.checked_add(terms.to_insurance);
    a.treasury.insurance = fund.ok_or(BallastError::Overflow)?;
    let margin = BoardView::for_new_risk(&board, now).margin(&slice, Basis::Initial).or_refuse()?;
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
