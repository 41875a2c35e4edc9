use anchor_lang::prelude::*;
use solana_sha256_hasher::hashv;

use super::propose::{blank, enter};
use crate::error::BallastError;
use crate::governance::LONG_DELAY_S;
use crate::state::proposal::kind;
use crate::state::{Clearinghouse, Proposal, seeds};

/// Announces what is carried out after its delay. Governance signs, anybody pays.
#[derive(Accounts)]
pub struct Announce<'info> {
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

/// Announces a listing after the opening: `hash` is [`listing_hash`] of what is then passed.
pub fn propose_listing(ctx: Context<Announce>, hash: [u8; 32]) -> Result<()> {
    let a = ctx.accounts;
    let mut proposal = blank(&a.clearinghouse, a.clearinghouse.key(), a.payer.key());
    (proposal.bump, proposal.kind, proposal.subject) = (ctx.bumps.proposal, kind::LISTING, hash);
    proposal.start(&Clock::get()?, LONG_DELAY_S);
    enter(&mut a.clearinghouse, &mut a.proposal, proposal)
}

/// SHA-256 over the instruction's name, the index that the listing gets (so that it cannot come to stand somewhere
/// else), the mint (default for none) and the arguments in Borsh.
pub fn listing_hash(name: &str, index: u8, mint: Pubkey, args: &impl AnchorSerialize) -> Result<[u8; 32]> {
    let mut bytes = Vec::new();
    args.serialize(&mut bytes)?;
    Ok(hashv(&[name.as_bytes(), &[index], mint.as_ref(), &bytes]).to_bytes())
}

/// Before the opening nothing; after it, uses up a ripe proposal that allows exactly this.
pub(crate) fn require_announced(
    house: &Clearinghouse,
    proposal: Option<&mut Proposal>,
    hash: impl FnOnce() -> Result<[u8; 32]>,
) -> Result<()> {
    if !house.open {
        return Ok(());
    }
    let proposal = proposal.ok_or(BallastError::ProposalNeeded)?;
    let named = proposal.kind == kind::LISTING && proposal.subject == hash()?;
    require!(named, BallastError::WrongProposal);
    proposal.require_ripe(&Clock::get()?)?;
    proposal.done = true;
    Ok(())
}
