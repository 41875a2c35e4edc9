//! Everything again: the program's accounts at once, and by name those that the book holds and the answer left out.

use anchor_lang::prelude::Pubkey;

use super::rpc::{Rpc, RpcError};
use super::{Source, Update};

/// Every account of the program, and the accounts at `others`. One that the book `knows` and the node's list lacks is
/// asked for by name: a list that leaves something out must not make it disappear.
///
/// # Errors
/// [`RpcError`].
pub async fn everything(rpc: &Rpc, others: &[Pubkey], known: &[Pubkey]) -> Result<Vec<Update>, RpcError> {
    let listed = rpc.program_accounts().await?;
    let mut updates: Vec<Update> = Vec::with_capacity(listed.value.len() + others.len());
    for (address, raw) in listed.value {
        updates.push(Update { address, slot: listed.slot, source: Source::Read, raw: Some(raw) });
    }
    let seen: std::collections::HashSet<Pubkey> = updates.iter().map(|u| u.address).collect();
    let missing = known.iter().filter(|address| !seen.contains(address));
    let named: Vec<Pubkey> = missing.chain(others).copied().collect();
    updates.extend(by_name(rpc, &named).await?);
    Ok(updates)
}

/// The accounts at these addresses.
///
/// # Errors
/// [`RpcError`].
pub async fn by_name(rpc: &Rpc, addresses: &[Pubkey]) -> Result<Vec<Update>, RpcError> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let read = rpc.accounts(addresses).await?;
    let update = |(address, raw): (&Pubkey, _)| Update {
        address: *address,
        slot: read.slot,
        source: Source::Read,
        raw,
    };
    Ok(addresses.iter().zip(read.value).map(update).collect())
}
