use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::{DepthReporterSet, ParameterMoved, RoleNamed};
use crate::governance::{Books, LIFE_S, Parameter, RAMP_S, RAMP_STEP_S, ROWS, ramp};
use crate::state::proposal::{kind, role};
use crate::state::{AssetConfig, BackstopVault, Clearinghouse, Market, Proposal, RiskBoard};

/// Carries a ripe proposal out, or moves its ramp on. Permissionless: it was announced, and what it does follows from
/// it and the time alone.
#[derive(Accounts)]
pub struct ApplyProposal<'info> {
    #[account(mut, has_one = board @ BallastError::WrongClearinghouse)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub proposal: Box<Account<'info, Proposal>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub asset: Option<Box<Account<'info, AssetConfig>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
    #[account(mut, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub backstop: Option<Box<Account<'info, BackstopVault>>>,
}

pub fn apply_proposal(ctx: Context<ApplyProposal>) -> Result<()> {
    let a = ctx.accounts;
    let clock = Clock::get()?;
    a.proposal.require_ripe(&clock)?;
    match a.proposal.kind {
        kind::PARAMETER => apply_parameter(a, clock.unix_timestamp),
        kind::ROLE => apply_role(a),
        // A listing is carried out by the instruction that it allows.
        _ => err!(BallastError::WrongProposal),
    }
}

fn apply_parameter(a: &mut ApplyProposal, now: i64) -> Result<()> {
    let clearinghouse = a.clearinghouse.key();
    let proposal = &mut a.proposal;
    let parameter: Parameter =
        ROWS.get(usize::from(proposal.parameter)).ok_or(BallastError::WrongProposal)?.parameter;
    let mut board = a.board.load_mut()?;
    let (asset, market) = (a.asset.as_deref_mut(), a.market.as_deref_mut());
    let mut books = Books::of(&mut a.clearinghouse, &mut board, asset, market, a.backstop.as_deref_mut());
    require!(books.target(parameter)? == proposal.target, BallastError::WrongTarget);
    // Bound to the state it was made on, and along a ramp to what it wrote itself.
    let from = books.get(parameter)?;
    require!(from == proposal.at, BallastError::StateChanged);
    let to = if proposal.ramps { advance(proposal, now) } else { proposal.to };
    if to != from {
        books.set(parameter, to, now)?;
    }
    proposal.at = to;
    proposal.done = to == proposal.to;
    emit!(ParameterMoved {
        clearinghouse,
        parameter: proposal.parameter,
        target: proposal.target,
        from,
        to,
        proposal: Some(proposal.id),
    });
    Ok(())
}

/// Moves the ramp on by the time since it was last cranked, an hour at most, and returns its value. The first crank
/// only starts it.
fn advance(proposal: &mut Proposal, now: i64) -> u64 {
    if proposal.ramp_time == 0 {
        // It has begun in time: what is left of it takes as long as its cranks take.
        proposal.expires_at = now.saturating_add(RAMP_S + LIFE_S);
    } else {
        proposal.ramped_s += now.saturating_sub(proposal.ramp_time).clamp(0, RAMP_STEP_S);
    }
    proposal.ramp_time = now;
    ramp::value(proposal.from, proposal.to, proposal.ramped_s, RAMP_S)
}

fn apply_role(a: &mut ApplyProposal) -> Result<()> {
    let clearinghouse = a.clearinghouse.key();
    let (number, key) = (a.proposal.parameter, Pubkey::new_from_array(a.proposal.subject));
    let holder = a.clearinghouse.role(number)?;
    require_keys_eq!(*holder, a.proposal.bound, BallastError::StateChanged);
    *holder = key;
    a.proposal.done = true;
    if number == role::DEPTH_REPORTER {
        emit!(DepthReporterSet { clearinghouse, reporter: key });
    }
    emit!(RoleNamed { clearinghouse, role: number, key });
    Ok(())
}
