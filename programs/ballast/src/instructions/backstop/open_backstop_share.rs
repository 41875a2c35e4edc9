use anchor_lang::prelude::*;

use crate::state::{BackstopShare, BackstopVault, VERSION, seeds};

/// Opens the account that an owner's shares of a vault stand in.
#[derive(Accounts)]
pub struct OpenBackstopShare<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub owner: Signer<'info>,
    pub vault: Box<Account<'info, BackstopVault>>,
    #[account(
        init,
        payer = payer,
        space = 8 + BackstopShare::INIT_SPACE,
        seeds = [seeds::SHARE, vault.key().as_ref(), owner.key().as_ref()],
        bump,
    )]
    pub share: Box<Account<'info, BackstopShare>>,
    pub system_program: Program<'info, System>,
}

pub fn open_backstop_share(ctx: Context<OpenBackstopShare>) -> Result<()> {
    let a = ctx.accounts;
    a.share.set_inner(BackstopShare {
        version: VERSION,
        bump: ctx.bumps.share,
        vault: a.vault.key(),
        owner: a.owner.key(),
        shares: 0,
        epoch: a.vault.epoch,
        pending: 0,
        requested_at: 0,
        delay_s: 0,
        reserved: [0; 60],
    });
    Ok(())
}
