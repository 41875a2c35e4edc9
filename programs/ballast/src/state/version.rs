//! The version of accounts, checked in one place.

use anchor_lang::Bumps;
use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::heap;

/// Version of every account layout in this release.
pub const VERSION: u8 = 1;

/// Every layout starts with the discriminator and the version.
pub const VERSION_AT: usize = 8;

/// Whether an account, if it is of this program, has the layout of [`VERSION`].
fn is_current(account: &AccountInfo) -> bool {
    if *account.owner != crate::ID {
        return true;
    }
    let Ok(data) = account.try_borrow_data() else { return false };
    // Without a discriminator it is being made by this very instruction, or is a board that still grows.
    let made = data.len() > VERSION_AT && data[..VERSION_AT] != [0; VERSION_AT];
    !made || data[VERSION_AT] == VERSION
}

/// Not generic: one for all handlers.
#[inline(never)]
fn are_current(accounts: &[AccountInfo]) -> bool {
    accounts.iter().all(is_current)
}

/// The context, once every account of this program in it is known to be of the current version. Each handler but
/// `migrate` is called through it, so that none reads the fields of one layout in the bytes of another.
#[inline(always)]
pub fn current<'a, 'info, T: Bumps + ToAccountInfos<'info>>(
    context: Context<'a, T>,
) -> Result<Context<'a, T>> {
    // The copies of the infos are gone again: handlers need the heap.
    let named = heap::scope(|| are_current(&context.accounts.to_account_infos()));
    require!(named && are_current(context.remaining_accounts), BallastError::WrongVersion);
    Ok(context)
}
