use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::RestrictionSet;
use crate::policy::restriction;
use crate::state::MarginAccount;

/// Lets an owner hold the own account to reducing positions and loans, and lift that again. It binds the delegate
/// too. A restriction that somebody else has put on the account stays.
#[derive(Accounts)]
pub struct SetRestriction<'info> {
    pub owner: Signer<'info>,
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn set_restriction(ctx: Context<SetRestriction>, reduce_only: bool) -> Result<()> {
    let mut account = ctx.accounts.margin_account.load_mut()?;
    if reduce_only {
        account.restrictions |= restriction::BY_OWNER;
    } else {
        account.restrictions &= !restriction::BY_OWNER;
    }
    emit!(RestrictionSet { account: ctx.accounts.margin_account.key(), reduce_only });
    Ok(())
}
