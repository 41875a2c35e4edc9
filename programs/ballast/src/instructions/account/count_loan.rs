use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::state::{MarginAccount, Treasury};

/// Brings the total of loans in step with what one account owes. Permissionless. Withdrawals do so at once; what losses
/// have lent, and deposits paid back, is counted by whoever calls this.
#[derive(Accounts)]
pub struct CountLoan<'info> {
    #[account(mut)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn count_loan(ctx: Context<CountLoan>) -> Result<()> {
    let mut account = ctx.accounts.margin_account.load_mut()?;
    ctx.accounts.treasury.count_loan(&mut account)
}
