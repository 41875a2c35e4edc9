use anchor_lang::prelude::*;
use anchor_lang::solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;

use crate::state::{Clearinghouse, seeds};

/// The board is larger than one instruction may allocate: this takes the first step, `grow_board`
/// the others. Permissionless, because the result does not depend on who pays for it.
#[derive(Accounts)]
pub struct CreateBoard<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
    /// CHECK: created here, at the board's address; without a discriminator nothing else accepts it.
    #[account(
        init,
        payer = payer,
        space = MAX_PERMITTED_DATA_INCREASE,
        seeds = [seeds::BOARD, clearinghouse.key().as_ref()],
        bump,
        owner = crate::ID,
    )]
    pub board: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

pub fn create_board(_ctx: Context<CreateBoard>) -> Result<()> {
    Ok(())
}
