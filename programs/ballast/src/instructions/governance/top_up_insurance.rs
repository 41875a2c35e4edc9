use anchor_lang::prelude::*;
use anchor_spl::token::{self, Token, TokenAccount, Transfer};

use crate::error::BallastError;
use crate::event::InsuranceToppedUp;
use crate::state::{Clearinghouse, Treasury};

/// Gives quote to the insurance fund. Anybody may; nobody, governance included, takes it out again but for bad debt.
#[derive(Accounts)]
pub struct TopUpInsurance<'info> {
    #[account(
        has_one = treasury @ BallastError::WrongClearinghouse,
        has_one = quote_vault @ BallastError::WrongVault,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(mut)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut)]
    pub quote_vault: Box<Account<'info, TokenAccount>>,
    pub giver: Signer<'info>,
    #[account(mut)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

pub fn top_up_insurance(ctx: Context<TopUpInsurance>, amount: u64) -> Result<()> {
    require!(amount > 0, BallastError::ZeroAmount);
    let a = ctx.accounts;
    a.treasury.insurance = a.treasury.insurance.checked_add(amount).ok_or(BallastError::Overflow)?;
    let pay = Transfer {
        from: a.source.to_account_info(),
        to: a.quote_vault.to_account_info(),
        authority: a.giver.to_account_info(),
    };
    token::transfer(CpiContext::new(a.token_program.key(), pay), amount)?;
    emit!(InsuranceToppedUp {
        clearinghouse: a.clearinghouse.key(),
        amount,
        insurance: a.treasury.insurance,
    });
    Ok(())
}
