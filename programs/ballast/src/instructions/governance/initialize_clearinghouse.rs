use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

use crate::error::BallastError;
use crate::event::ClearinghouseInitialized;
use crate::limits::{ClearinghouseParams, LendingParams, PhaseParams, PriceParams};
use crate::program::Ballast;
use crate::state::{Clearinghouse, Treasury, VERSION, Window, seeds};

/// Arguments of `initialize_clearinghouse`.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct InitializeClearinghouseArgs {
    /// Who will list assets and set bounds: a multisig's vault.
    pub governance: Pubkey,
    /// Parameters for every account.
    pub params: ClearinghouseParams,
    /// How far prices are believed.
    pub prices: PriceParams,
    /// How liquidation proceeds.
    pub phases: PhaseParams,
    /// What loans cost, and how much may be lent.
    pub lending: LendingParams,
    /// Feed of the quote token in dollars; zero for none.
    pub quote_feed_id: [u8; 32],
}

/// Only the program's upgrade authority may create a clearinghouse: a first caller could otherwise
/// name itself governance.
#[derive(Accounts)]
pub struct InitializeClearinghouse<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub upgrade_authority: Signer<'info>,
    #[account(constraint = program.programdata_address()? == Some(program_data.key()) @ BallastError::NotUpgradeAuthority)]
    pub program: Program<'info, Ballast>,
    #[account(constraint = program_data.upgrade_authority_address == Some(upgrade_authority.key()) @ BallastError::NotUpgradeAuthority)]
    pub program_data: Account<'info, ProgramData>,
    #[account(
        init,
        payer = payer,
        space = 8 + Clearinghouse::INIT_SPACE,
        seeds = [seeds::CLEARINGHOUSE, quote_mint.key().as_ref()],
        bump,
    )]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    #[account(
        init,
        payer = payer,
        space = 8 + Treasury::INIT_SPACE,
        seeds = [seeds::TREASURY, clearinghouse.key().as_ref()],
        bump,
    )]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(constraint = quote_mint.decimals == 6 @ BallastError::ParameterOutOfBounds)]
    pub quote_mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = payer,
        token::mint = quote_mint,
        token::authority = clearinghouse,
        seeds = [seeds::VAULT, clearinghouse.key().as_ref(), quote_mint.key().as_ref()],
        bump,
    )]
    pub quote_vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

pub fn initialize_clearinghouse(
    ctx: Context<InitializeClearinghouse>,
    args: InitializeClearinghouseArgs,
) -> Result<()> {
    args.params.validate()?;
    args.prices.validate()?;
    args.phases.validate()?;
    args.lending.validate()?;
    let a = ctx.accounts;
    let key = a.clearinghouse.key();
    let (board, _) = Pubkey::find_program_address(&[seeds::BOARD, key.as_ref()], &crate::ID);
    a.clearinghouse.set_inner(Clearinghouse {
        version: VERSION,
        bump: ctx.bumps.clearinghouse,
        open: false,
        asset_count: 0,
        market_count: 0,
        governance: args.governance,
        depth_reporter: Pubkey::default(),
        quote_mint: a.quote_mint.key(),
        quote_vault: a.quote_vault.key(),
        board,
        treasury: a.treasury.key(),
        params: args.params,
        calibration_hash: [0; 32],
        steward: Pubkey::default(),
        guardian: Pubkey::default(),
        next_governance: Pubkey::default(),
        next_governance_from: 0,
        proposals: 0,
        quote_feed_id: args.quote_feed_id,
        prices: args.prices,
        phases: args.phases,
        lending: args.lending,
        next_pause: [0; 3],
        reserved: [0; 232],
    });
    a.treasury.set_inner(Treasury {
        version: VERSION,
        bump: ctx.bumps.treasury,
        clearinghouse: key,
        insurance: 0,
        loans: 0,
        bad_debt_paid: 0,
        outflow: Window::default(),
        lent: Window::default(),
        accounts: 0,
        reserved: [0; 248],
    });
    emit!(ClearinghouseInitialized {
        clearinghouse: key,
        quote_mint: a.quote_mint.key(),
        governance: args.governance,
    });
    Ok(())
}
