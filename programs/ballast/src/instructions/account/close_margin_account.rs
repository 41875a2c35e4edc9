use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::MarginAccountClosed;
use crate::state::{MarginAccount, Treasury};

/// Closes an empty margin account; its rent goes to the owner.
#[derive(Accounts)]
pub struct CloseMarginAccount<'info> {
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(
        mut,
        close = owner,
        has_one = owner @ BallastError::NotOwner,
    )]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, constraint = treasury.clearinghouse == margin_account.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
}

pub fn close_margin_account(ctx: Context<CloseMarginAccount>) -> Result<()> {
    {
        // A deposit that repaid a loan left it in the total.
        let mut account = ctx.accounts.margin_account.load_mut()?;
        ctx.accounts.treasury.follow_loan(&mut account)?;
        require!(account.is_empty(), BallastError::AccountNotEmpty);
    }
    ctx.accounts.treasury.count_closed()?;
    emit!(MarginAccountClosed {
        account: ctx.accounts.margin_account.key(),
        owner: ctx.accounts.owner.key()
    });
    Ok(())
}
