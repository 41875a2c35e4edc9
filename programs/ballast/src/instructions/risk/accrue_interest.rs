use anchor_lang::prelude::*;
use ballast_risk::interest;

use crate::error::{BallastError, OrRefuse};
use crate::event::InterestCharged;
use crate::solvency::tokens_in;
use crate::state::{Clearinghouse, RiskBoard, Treasury};

/// Seconds that a step charges at least: each rounds the index up.
const LEAST_STEP_S: i64 = 60;

/// Charges all loans for the time since the last step, at most `LendingParams::step_s` of it, at the rate that stood; then
/// sets the rate by how much of the quote is lent. Permissionless. Accounts are charged by the index, whether or not
/// anybody touches them.
#[derive(Accounts)]
pub struct AccrueInterest<'info> {
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    /// CHECK: the address that the clearinghouse names; only its amount is read.
    #[account(address = clearinghouse.quote_vault @ BallastError::WrongVault)]
    pub quote_vault: UncheckedAccount<'info>,
}

pub fn accrue_interest(ctx: Context<AccrueInterest>) -> Result<()> {
    let a = ctx.accounts;
    let mut board = a.board.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    // The first step starts the clock.
    let elapsed = if board.loan_time == 0 { LEAST_STEP_S } else { now.saturating_sub(board.loan_time) };
    require!(elapsed >= LEAST_STEP_S, BallastError::InterestNotDue);
    let started = board.loan_time != 0;
    let step_s = u64::from(board.lending.step_s);
    let charged_s = if started { elapsed.unsigned_abs().min(step_s) } else { 0 };
    board.loan_index = interest::grown(board.loan_index, board.loan_rate, charged_s).or_refuse()?;
    let utilisation = interest::utilisation(a.treasury.loans, tokens_in(&a.quote_vault)?);
    board.loan_rate = board.lending.curve().rate(utilisation).or_refuse()?;
    board.loan_time = now;
    let (index, rate) = (board.loan_index, board.loan_rate);
    emit!(InterestCharged { index, rate, utilisation, charged_s });
    Ok(())
}
