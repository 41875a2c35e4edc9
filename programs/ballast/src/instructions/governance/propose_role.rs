use anchor_lang::prelude::*;

use super::propose::{blank, enter};
use super::propose_listing::Announce;
use crate::error::BallastError;
use crate::governance::LONG_DELAY_S;
use crate::state::proposal::kind;

/// Announces who shall hold a role.
pub fn propose_role(ctx: Context<Announce>, role: u8, key: Pubkey) -> Result<()> {
    let a = ctx.accounts;
    let mut proposal = blank(&a.clearinghouse, a.clearinghouse.key(), a.payer.key());
    (proposal.bump, proposal.kind, proposal.parameter) = (ctx.bumps.proposal, kind::ROLE, role);
    (proposal.subject, proposal.bound) = (key.to_bytes(), *a.clearinghouse.role(role)?);
    require_keys_neq!(key, proposal.bound, BallastError::NothingToChange);
    proposal.start(&Clock::get()?, LONG_DELAY_S);
    enter(&mut a.clearinghouse, &mut a.proposal, proposal)
}
