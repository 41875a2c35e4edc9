//! The version of accounts, checked in one place.

use anchor_lang::Bumps;
use anchor_lang::prelude::*;

use crate::error::BallastError;

/// Version of every account layout in this release.
pub const VERSION: u8 = 1;

/// Every layout starts with the discriminator and the version.
pub const VERSION_AT: usize = 8;

/// Refuses an account of this program whose layout is of another version than [`VERSION`].
fn require_current(account: &AccountInfo) -> Result<()> {
    if *account.owner != crate::ID {
        return Ok(());
    }
    let data = account.try_borrow_data()?;
    // Without a discriminator it is being made by this very instruction, or is a board that still grows.
    let made = data.len() > VERSION_AT && data[..VERSION_AT] != [0; VERSION_AT];
    require!(!made || data[VERSION_AT] == VERSION, BallastError::WrongVersion);
    Ok(())
}

/// The context, once every account of this program in it is known to be of the current version. Each handler but
/// `migrate` is called through it, so that none reads the fields of one layout in the bytes of another.
pub fn current<'a, 'info, T: Bumps + ToAccountInfos<'info>>(
    context: Context<'a, T>,
) -> Result<Context<'a, T>> {
    context.accounts.to_account_infos().iter().try_for_each(require_current)?;
    context.remaining_accounts.iter().try_for_each(require_current)?;
    Ok(context)
}
