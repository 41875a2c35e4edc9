//! Where accounts are read from.

use std::collections::HashMap;

use anchor_lang::prelude::Pubkey;
use anyhow::Result;

/// A chain, as far as a migration has to see it.
pub trait Chain {
    /// An account's data; none where there is no account.
    ///
    /// # Errors
    /// If the chain cannot be reached.
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>>;

    /// The cluster's unix time.
    ///
    /// # Errors
    /// If the chain cannot be reached.
    fn now(&self) -> Result<i64>;
}

/// A chain in memory: a VM, or a test's own.
#[derive(Default)]
pub struct Memory {
    /// Data by address.
    pub accounts: HashMap<Pubkey, Vec<u8>>,
    /// Unix seconds.
    pub time: i64,
}

impl Chain for Memory {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(self.accounts.get(address).cloned())
    }

    fn now(&self) -> Result<i64> {
        Ok(self.time)
    }
}

impl Chain for ballast_sandbox::Vm {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(Some(Self::data(self, address)).filter(|data| !data.is_empty()))
    }

    fn now(&self) -> Result<i64> {
        Ok(Self::now(self))
    }
}
