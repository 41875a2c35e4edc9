use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::MandateSet;
use crate::governance::{Parameter, Target};
use crate::limits::{MAX_ASSETS, MAX_MARKETS};
use crate::state::{Clearinghouse, Mandate, VERSION, seeds};

/// Says between which values the steward may move a parameter. Needs no delay: within it the steward can do nothing that
/// governance could not do itself.
#[derive(Accounts)]
#[instruction(parameter: Parameter, target: u8)]
pub struct GrantMandate<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub governance: Signer<'info>,
    #[account(has_one = governance @ BallastError::NotGovernance)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(
        init,
        payer = payer,
        space = 8 + Mandate::INIT_SPACE,
        seeds = [seeds::MANDATE, clearinghouse.key().as_ref(), &[parameter as u8], &[target]],
        bump,
    )]
    pub mandate: Box<Account<'info, Mandate>>,
    pub system_program: Program<'info, System>,
}

pub fn grant_mandate(
    ctx: Context<GrantMandate>,
    parameter: Parameter,
    target: u8,
    least: u64,
    most: u64,
) -> Result<()> {
    let row = parameter.row();
    let targets = match row.target {
        Target::House => 1,
        Target::Asset => MAX_ASSETS,
        Target::Market | Target::Backstop => MAX_MARKETS,
    };
    require!(usize::from(target) < targets, BallastError::WrongTarget);
    require!(row.steward_bps != 0, BallastError::BeyondMandate);
    let a = ctx.accounts;
    let clearinghouse = a.clearinghouse.key();
    a.mandate.set_inner(Mandate {
        version: VERSION,
        bump: ctx.bumps.mandate,
        parameter: parameter as u8,
        target,
        clearinghouse,
        least,
        most,
        used_at: 0,
        reserved: [0; 32],
    });
    emit!(MandateSet { clearinghouse, parameter: parameter as u8, target, least, most });
    Ok(())
}

/// Takes a mandate away, at once; the rent goes where governance says.
#[derive(Accounts)]
pub struct RevokeMandate<'info> {
    pub governance: Signer<'info>,
    #[account(has_one = governance @ BallastError::NotGovernance)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut, close = rent_to, has_one = clearinghouse @ BallastError::WrongClearinghouse)]
    pub mandate: Box<Account<'info, Mandate>>,
    /// CHECK: gets the rent, and nothing else.
    #[account(mut)]
    pub rent_to: UncheckedAccount<'info>,
}

pub fn revoke_mandate(ctx: Context<RevokeMandate>) -> Result<()> {
    let m = &ctx.accounts.mandate;
    let (parameter, target) = (m.parameter, m.target);
    // Least above most: not at all.
    emit!(MandateSet { clearinghouse: m.clearinghouse, parameter, target, least: 1, most: 0 });
    Ok(())
}
