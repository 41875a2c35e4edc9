use anchor_lang::prelude::*;

use super::propose::{blank, enter};
use crate::error::BallastError;
use crate::governance::LONG_DELAY_S;
use crate::state::proposal::kind;
use crate::state::{Clearinghouse, Proposal, seeds};

/// Announces who shall hold a role. Governance signs, anybody pays.
#[derive(Accounts)]
pub struct ProposeRole<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(
        init,
        payer = payer,
        space = 8 + Proposal::INIT_SPACE,
        seeds = [seeds::PROPOSAL, clearinghouse.key().as_ref(), &clearinghouse.proposals.to_le_bytes()],
        bump,
    )]
    pub proposal: Box<Account<'info, Proposal>>,
    pub system_program: Program<'info, System>,
}

pub fn propose_role(ctx: Context<ProposeRole>, role: u8, key: Pubkey) -> Result<()> {
    let a = ctx.accounts;
    let mut proposal = blank(&a.clearinghouse, a.clearinghouse.key(), a.payer.key());
    (proposal.bump, proposal.kind, proposal.parameter) = (ctx.bumps.proposal, kind::ROLE, role);
    (proposal.subject, proposal.bound) = (key.to_bytes(), *a.clearinghouse.role(role)?);
    require_keys_neq!(key, proposal.bound, BallastError::NothingToChange);
    proposal.start(&Clock::get()?, LONG_DELAY_S);
    enter(&mut a.clearinghouse, &mut a.proposal, proposal)
}
