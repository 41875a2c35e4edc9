use core::ops::Range;

use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::BackstopWithdrawalRequested;
use crate::state::{BackstopShare, BackstopVault};

/// An owner's shares and their vault.
#[derive(Accounts)]
pub struct RequestWithdrawal<'info> {
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(mut, has_one = vault @ BallastError::WrongBackstop, has_one = owner @ BallastError::NotOwner)]
    pub share: Box<Account<'info, BackstopShare>>,
    pub owner: Signer<'info>,
}

fn ask(ctx: Context<RequestWithdrawal>, shares: u64, now: i64) -> Result<()> {
    let a = ctx.accounts;
    (a.share.pending, a.share.requested_at) = (shares, now);
    a.share.delay_s = a.vault.params.withdrawal_delay_s;
    let Range { start: from, end: until } = a.share.due(&a.vault.params);
    let (vault, owner) = (a.vault.key(), a.owner.key());
    emit!(BackstopWithdrawalRequested { vault, owner, shares, from, until });
    Ok(())
}

/// Starts the delay of a withdrawal, anew where one was running. The shares stay at risk.
pub fn backstop_request_withdraw(ctx: Context<RequestWithdrawal>, shares: u64) -> Result<()> {
    require!(shares > 0, BallastError::ZeroAmount);
    ctx.accounts.share.enter(ctx.accounts.vault.epoch);
    require!(shares <= ctx.accounts.share.shares, BallastError::InsufficientShares);
    let now = Clock::get()?.unix_timestamp;
    ask(ctx, shares, now)
}

/// Takes a withdrawal back.
pub fn backstop_cancel_withdraw(ctx: Context<RequestWithdrawal>) -> Result<()> {
    require!(ctx.accounts.share.pending > 0, BallastError::WithdrawalNotDue);
    ask(ctx, 0, 0)
}
