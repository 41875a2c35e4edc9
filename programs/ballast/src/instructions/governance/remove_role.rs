use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::event::RoleNamed;
use crate::state::Clearinghouse;
use crate::state::proposal::role;

/// Takes the steward's or the guardian's role away, at once. Not the depth reporter's: without reports depth fades to
/// its floor, and that raises everybody's MM, so it is announced like any other naming.
#[derive(Accounts)]
pub struct RemoveRole<'info> {
    pub governance: Signer<'info>,
    #[account(mut, has_one = governance @ BallastError::NotGovernance)]
    pub clearinghouse: Box<Account<'info, Clearinghouse>>,
}

pub fn remove_role(ctx: Context<RemoveRole>, role: u8) -> Result<()> {
    let a = ctx.accounts;
    require!(matches!(role, role::STEWARD | role::GUARDIAN), BallastError::WrongRole);
    *a.clearinghouse.role(role)? = Pubkey::default();
    emit!(RoleNamed { clearinghouse: a.clearinghouse.key(), role, key: Pubkey::default() });
    Ok(())
}
