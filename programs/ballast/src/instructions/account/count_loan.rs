use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::state::{MarginAccount, RiskBoard, Treasury};

/// Brings the total of loans in step with what one account owes. Permissionless. Withdrawals do so at once; what losses
/// have lent, deposits paid back and interest added, is counted by whoever calls this. The interest that the account was
/// charged goes to the insurance fund.
#[derive(Accounts)]
pub struct CountLoan<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = treasury.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn count_loan(ctx: Context<CountLoan>) -> Result<()> {
    let mut account = ctx.accounts.margin_account.load_mut()?;
    ctx.accounts.treasury.count_loan(&mut account, &*ctx.accounts.board.load()?)
}
