//! Events and return data from transaction logs.

use anchor_lang::{AnchorDeserialize, Discriminator, Event};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Every event of one kind in a transaction's logs, in order.
pub fn of<E: Event + Discriminator + AnchorDeserialize>(logs: &[String]) -> Vec<E> {
    logs.iter()
        .filter_map(|line| line.strip_prefix("Program data: "))
        .filter_map(|data| BASE64_STANDARD.decode(data).ok())
        .filter_map(|bytes| E::try_from_slice(bytes.strip_prefix(E::DISCRIMINATOR)?).ok())
        .collect()
}

/// What the program's last instruction in a transaction returned, from its logs.
#[must_use]
pub fn returned<T: AnchorDeserialize>(logs: &[String]) -> Option<T> {
    let prefix = format!("Program return: {} ", ballast::ID);
    let data = logs.iter().rev().find_map(|line| line.strip_prefix(&prefix))?;
    T::try_from_slice(&BASE64_STANDARD.decode(data).ok()?).ok()
}
