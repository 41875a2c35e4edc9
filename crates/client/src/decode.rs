//! Accounts from raw bytes.

use anchor_lang::{AccountDeserialize, Discriminator};
use ballast::state::{AssetState, MarginAccount, RiskBoard, VERSION};
use ballast_risk::price::Price;
use bytemuck::Pod;

/// Why bytes are not the account they were taken for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DecodeError {
    /// Another kind of account, or none of this program's.
    #[error("these {length} bytes are not a {expected} (the discriminator differs)")]
    WrongKind {
        /// What was expected.
        expected: &'static str,
        /// How many bytes there are.
        length: usize,
    },
    /// Shorter than its layout.
    #[error("a {expected} has {needed} bytes, these are {length}")]
    TooShort {
        /// What was expected.
        expected: &'static str,
        /// Bytes of the layout.
        needed: usize,
        /// How many bytes there are.
        length: usize,
    },
    /// A layout that this release does not read.
    #[error("this {expected} has layout version {found}, this client reads version {VERSION}")]
    WrongVersion {
        /// What was expected.
        expected: &'static str,
        /// The version found.
        found: u8,
    },
}

fn zero_copy<T: Pod + Discriminator>(data: &[u8], expected: &'static str) -> Result<Box<T>, DecodeError> {
    let (start, length) = (T::DISCRIMINATOR.len(), data.len());
    if !data.starts_with(T::DISCRIMINATOR) {
        return Err(DecodeError::WrongKind { expected, length });
    }
    let needed = start + size_of::<T>();
    let body = data.get(start..needed).ok_or(DecodeError::TooShort { expected, needed, length })?;
    if body[0] != VERSION {
        return Err(DecodeError::WrongVersion { expected, found: body[0] });
    }
    // Account bytes come with any alignment: copy into a box that has the type's.
    let mut account = bytemuck::allocation::zeroed_box::<T>();
    bytemuck::bytes_of_mut(&mut *account).copy_from_slice(body);
    Ok(account)
}

/// A margin account.
///
/// # Errors
/// [`DecodeError`].
pub fn margin_account(data: &[u8]) -> Result<Box<MarginAccount>, DecodeError> {
    zero_copy(data, "margin account")
}

/// A complete risk board.
///
/// # Errors
/// [`DecodeError`].
pub fn board(data: &[u8]) -> Result<Box<RiskBoard>, DecodeError> {
    zero_copy(data, "risk board")
}

/// A clearinghouse, treasury, asset config or market.
///
/// # Errors
/// [`DecodeError`].
pub fn config<T: AccountDeserialize>(data: &[u8]) -> Result<T, DecodeError> {
    T::try_deserialize(&mut &*data)
        .map_err(|_| DecodeError::WrongKind { expected: core::any::type_name::<T>(), length: data.len() })
}

/// A price of an asset on the board in dollars a whole token, for people to read.
#[must_use]
pub fn dollars(asset: &AssetState, price: Price) -> f64 {
    price.mantissa as f64 * 0.5f64.powi(price.shift as i32) * 10f64.powi(i32::from(asset.decimals) - 6)
}
