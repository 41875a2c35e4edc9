use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::DepthReporterSet;
use crate::state::Clearinghouse;

/// Names the key that reports depth, before the opening; afterwards it is a role to be proposed, because what it says is
/// in everybody's MM.
#[derive(Accounts)]
pub struct SetDepthReporter<'info> {
    pub governance: Signer<'info>,
    #[account(
        mut,
        has_one = governance @ BallastError::NotGovernance,
        constraint = !clearinghouse.open @ BallastError::ProposalNeeded,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
}

pub fn set_depth_reporter(ctx: Context<SetDepthReporter>, reporter: Pubkey) -> Result<()> {
    ctx.accounts.clearinghouse.depth_reporter = reporter;
    emit!(DepthReporterSet { clearinghouse: ctx.accounts.clearinghouse.key(), reporter });
    Ok(())
}
