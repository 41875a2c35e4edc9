use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::DelegateSet;
use crate::state::MarginAccount;

/// Names the key that may trade for this account: a venue's address, a desk, a hot wallet. It can
/// never withdraw. The default key removes it.
#[derive(Accounts)]
pub struct SetDelegate<'info> {
    pub owner: Signer<'info>,
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub fn set_delegate(ctx: Context<SetDelegate>, delegate: Pubkey) -> Result<()> {
    ctx.accounts.margin_account.load_mut()?.delegate = delegate;
    emit!(DelegateSet { account: ctx.accounts.margin_account.key(), delegate });
    Ok(())
}
