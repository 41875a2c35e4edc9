use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::{GovernanceTaken, SuccessorNamed};
use crate::governance::{LIFE_S, LONG_DELAY_S};
use crate::state::Clearinghouse;

/// Names who may take governance over after the delay; the default key takes the name back. Naming again starts the
/// delay again.
#[derive(Accounts)]
pub struct ProposeGovernance<'info> {
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
}

pub fn propose_governance(ctx: Context<ProposeGovernance>, next: Pubkey) -> Result<()> {
    let house = &mut ctx.accounts.clearinghouse;
    house.next_governance = next;
    house.next_governance_from = Clock::get()?.unix_timestamp.saturating_add(LONG_DELAY_S);
    emit!(SuccessorNamed { clearinghouse: house.key(), next, from: house.next_governance_from });
    Ok(())
}

/// The named key takes governance over: it signs itself, so nothing is handed to a key that nobody holds.
#[derive(Accounts)]
pub struct AcceptGovernance<'info> {
    pub next_governance: Signer<'info>,
    #[account(mut, has_one = next_governance @ BallastError::NoSuccessor)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
}

pub fn accept_governance(ctx: Context<AcceptGovernance>) -> Result<()> {
    let house = &mut ctx.accounts.clearinghouse;
    let now = Clock::get()?.unix_timestamp;
    require!(now >= house.next_governance_from, BallastError::TooEarly);
    require!(now < house.next_governance_from.saturating_add(LIFE_S), BallastError::ProposalExpired);
    house.governance = house.next_governance;
    (house.next_governance, house.next_governance_from) = (Pubkey::default(), 0);
    emit!(GovernanceTaken { clearinghouse: house.key(), governance: house.governance });
    Ok(())
}
