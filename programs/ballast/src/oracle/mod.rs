//! Prices, one source a file, and what they say together.

pub mod pyth;
pub mod sources;
pub mod stake_pool;
pub mod switchboard;

use anchor_lang::prelude::*;

use crate::error::BallastError;

/// The bytes of an account that must be the one that a config names, owned by the program that writes such accounts.
fn named<'a>(
    account: Option<&'a UncheckedAccount>,
    address: &Pubkey,
    owner: &Pubkey,
) -> Result<core::cell::Ref<'a, &'a mut [u8]>> {
    let account = account.ok_or(BallastError::SourceMissing)?;
    require_keys_eq!(account.key(), *address, BallastError::WrongSource);
    require_keys_eq!(*account.owner, *owner, BallastError::WrongSource);
    Ok(account.data.borrow())
}

/// `N` bytes at an offset, of an account whose layout has them.
fn bytes<const N: usize>(data: &[u8], at: usize) -> Result<[u8; N]> {
    let slice = data.get(at..at + N).ok_or(BallastError::WrongSource)?;
    slice.try_into().map_err(|_| BallastError::WrongSource.into())
}
