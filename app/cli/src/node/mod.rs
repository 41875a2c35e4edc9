//! What a command asks of a cluster: accounts, time, and to take a transaction. A node over RPC is one; the compiled
//! program in an in-process VM is another, so that whole commands are tested without a node.

pub mod failure;
mod remote;
pub mod send;

pub use failure::Failure;
pub use remote::Remote;

use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use solana_account::Account;
use solana_message::Hash;
use solana_transaction::Transaction;

use crate::migrate::Chain;

/// What a simulated transaction would do.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    /// Compute units that it takes.
    pub units: u64,
    /// Its logs.
    pub logs: Vec<String>,
}

/// A transaction that was taken.
#[derive(Clone, Debug, Default)]
pub struct Landed {
    /// Its signature, base58.
    pub signature: String,
    /// Its logs; empty where the node does not give them.
    pub logs: Vec<String>,
}

/// A cluster that takes transactions.
pub trait Node: Chain {
    /// What to call it in a sentence.
    fn name(&self) -> String;

    /// Accounts, whoever owns them; none where there is no account.
    ///
    /// # Errors
    /// If the node cannot be reached.
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>>;

    /// Accounts of the program that hold these bytes at these offsets.
    ///
    /// # Errors
    /// If the node cannot be reached, or does not serve such requests.
    fn owned(&self, filters: &[(usize, Vec<u8>)]) -> Result<Vec<(Pubkey, Vec<u8>)>>;

    /// What makes a transaction recent.
    ///
    /// # Errors
    /// If the node cannot be reached.
    fn blockhash(&self) -> Result<Hash>;

    /// Tries a transaction and changes nothing.
    ///
    /// # Errors
    /// If the node cannot be reached.
    fn simulate(&self, transaction: &Transaction) -> Result<Result<Simulated, Failure>>;

    /// Sends a transaction and waits until it is confirmed.
    ///
    /// # Errors
    /// If the node cannot be reached, or does not say what became of it.
    fn submit(&self, transaction: &Transaction) -> Result<Result<Landed, Failure>>;

    /// Logs of the last transactions that named an address, the newest first.
    ///
    /// # Errors
    /// If the node cannot be reached.
    fn history(&self, address: &Pubkey) -> Result<Vec<Vec<String>>>;

    /// Lets time pass.
    fn wait(&self, time: Duration);

    /// The account at an address.
    ///
    /// # Errors
    /// As [`Self::accounts`].
    fn account(&self, address: &Pubkey) -> Result<Option<Account>> {
        Ok(self.accounts(core::slice::from_ref(address))?.pop().flatten())
    }
}
