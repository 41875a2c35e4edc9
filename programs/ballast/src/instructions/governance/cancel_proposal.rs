use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::ProposalEnded;
use crate::state::{Clearinghouse, Proposal};

/// Ends a proposal and returns its rent. Governance ends any, the steward its own kind, the guardian what loosens,
/// lists or names; anybody what is done or expired.
#[derive(Accounts)]
pub struct CancelProposal<'info> {
    pub authority: Signer<'info>,
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(
        mut,
        close = payer,
        has_one = clearinghouse @ BallastError::WrongClearinghouse,
        has_one = payer @ BallastError::WrongProposal,
    )]
    pub proposal: Box<Account<'info, Proposal>>,
    /// CHECK: whoever paid for the proposal; named by it.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

pub fn cancel_proposal(ctx: Context<CancelProposal>) -> Result<()> {
    let (house, proposal) = (&ctx.accounts.clearinghouse, &ctx.accounts.proposal);
    let key = ctx.accounts.authority.key();
    let over = proposal.done || Clock::get()?.unix_timestamp >= proposal.expires_at;
    let may = over
        || key == house.governance
        || (key == house.guardian && proposal.loosens)
        || (key == house.steward && proposal.by_steward);
    require!(may, BallastError::WrongRole);
    emit!(ProposalEnded { clearinghouse: house.key(), proposal: proposal.id, done: proposal.done });
    Ok(())
}
