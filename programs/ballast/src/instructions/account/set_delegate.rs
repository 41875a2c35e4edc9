use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::DelegateSet;
use crate::state::{MarginAccount, delegate_power};

/// Names the key that may act for this account: a venue's address, a desk, a hot wallet; with which powers, and until
/// when. It can never withdraw, nor set anything. The default key removes it.
#[derive(Accounts)]
pub struct SetDelegate<'info> {
    pub owner: Signer<'info>,
    #[account(mut, has_one = owner @ BallastError::NotOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// `powers` are bits of [`delegate_power`]; `until` is the unix second from which on it has none, zero for never.
pub fn set_delegate(ctx: Context<SetDelegate>, delegate: Pubkey, powers: u8, until: i64) -> Result<()> {
    let future = until == 0 || until > Clock::get()?.unix_timestamp;
    require!(powers & !delegate_power::ALL == 0 && future, BallastError::ParameterOutOfBounds);
    let mut account = ctx.accounts.margin_account.load_mut()?;
    (account.delegate, account.delegate_powers, account.delegate_until) = (delegate, powers, until);
    emit!(DelegateSet { account: ctx.accounts.margin_account.key(), delegate, powers, until });
    Ok(())
}
