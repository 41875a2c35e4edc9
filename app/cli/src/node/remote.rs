use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow};
use solana_account::Account;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_message::Hash;
use solana_rpc_client::rpc_client::RpcClient;
use solana_rpc_client_types::config::{
    RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSimulateTransactionConfig, RpcTransactionConfig,
};
use solana_rpc_client_types::filter::{Memcmp, RpcFilterType};
use solana_transaction::Transaction;
use solana_transaction_status_client_types::UiTransactionEncoding;
use solana_transaction_status_client_types::option_serializer::OptionSerializer;

use super::{Failure, Landed, Node, Simulated};
use crate::migrate::Chain;

/// The account in which the cluster keeps its clock.
const CLOCK: Pubkey = anchor_lang::prelude::pubkey!("SysvarC1ock11111111111111111111111111111111");
/// Where its unix time stands: after slot, start of the epoch, epoch, and the epoch of the schedule.
const CLOCK_TIME: usize = 32;
/// Accounts that a node gives in one answer.
const AT_ONCE: usize = 100;
/// Transactions of an address that are looked at.
const LOOKED_AT: usize = 5;

/// A node over RPC.
pub struct Remote {
    client: RpcClient,
    url: String,
}

impl Remote {
    /// A node at a URL, read as of confirmed blocks.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let client = RpcClient::new_with_commitment(url, CommitmentConfig::confirmed());
        Self { client, url: url.into() }
    }

    fn unreachable(&self, e: impl core::fmt::Display) -> anyhow::Error {
        anyhow!("cannot reach {} ({e}): is the node running, and is --url right?", self.url)
    }

    fn logs(&self, signature: &str) -> Option<Vec<String>> {
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            max_supported_transaction_version: Some(0),
        };
        let found = self.client.get_transaction_with_config(&signature.parse().ok()?, config).ok()?;
        match found.transaction.meta?.log_messages {
            OptionSerializer::Some(logs) => Some(logs),
            _ => None,
        }
    }
}

impl Chain for Remote {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(self.account(address)?.filter(|account| account.owner == ballast::ID).map(|account| account.data))
    }

    /// By the cluster's own clock: a local one may have been sent ahead.
    fn now(&self) -> Result<i64> {
        let clock = self.account(&CLOCK)?.context("the cluster has no clock")?.data;
        let bytes = clock.get(CLOCK_TIME..CLOCK_TIME + 8).and_then(|b| b.try_into().ok());
        Ok(i64::from_le_bytes(bytes.context("the cluster's clock cannot be read")?))
    }
}

impl Node for Remote {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>> {
        let mut found = Vec::with_capacity(addresses.len());
        for part in addresses.chunks(AT_ONCE) {
            found.extend(self.client.get_multiple_accounts(part).map_err(|e| self.unreachable(e))?);
        }
        Ok(found)
    }

    fn owned(&self, filters: &[(usize, Vec<u8>)]) -> Result<Vec<(Pubkey, Vec<u8>)>> {
        let filter =
            |(at, bytes): &(usize, Vec<u8>)| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(*at, bytes));
        let config = RpcProgramAccountsConfig {
            filters: Some(filters.iter().map(filter).collect()),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                commitment: Some(CommitmentConfig::confirmed()),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let all = self.client.get_program_ui_accounts_with_config(&ballast::ID, config).map_err(|e| {
            anyhow!(
                "cannot list accounts on {} ({e}): is the node running, and does it serve getProgramAccounts?",
                self.url
            )
        })?;
        let plain = |(address, account): (Pubkey, UiAccount)| Some((address, account.data.decode()?));
        Ok(all.into_iter().filter_map(plain).collect())
    }

    fn blockhash(&self) -> Result<Hash> {
        self.client.get_latest_blockhash().map_err(|e| self.unreachable(e))
    }

    fn simulate(&self, transaction: &Transaction) -> Result<Result<Simulated, Failure>> {
        let config = RpcSimulateTransactionConfig {
            replace_recent_blockhash: true,
            commitment: Some(CommitmentConfig::confirmed()),
            encoding: Some(UiTransactionEncoding::Base64),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = self.client.simulate_transaction_with_config(transaction, config);
        let answer = answer.map_err(|e| self.unreachable(e))?.value;
        let logs = answer.logs.unwrap_or_default();
        Ok(match answer.err {
            Some(error) => Err(Failure::of(&error, logs)),
            None => Ok(Simulated { units: answer.units_consumed.unwrap_or_default(), logs }),
        })
    }

    fn submit(&self, transaction: &Transaction) -> Result<Result<Landed, Failure>> {
        match self.client.send_and_confirm_transaction(transaction) {
            Ok(signature) => {
                let signature = signature.to_string();
                let logs = self.logs(&signature).unwrap_or_default();
                Ok(Ok(Landed { signature, logs }))
            }
            Err(e) => match e.get_transaction_error() {
                Some(error) => Ok(Err(Failure::of(&error, Vec::new()))),
                None => {
                    let signature = transaction.signatures.first().map(ToString::to_string);
                    Err(anyhow!(
                        "{} did not say what became of the transaction {} ({e}): look whether it is there before you \
                         send it again",
                        self.url,
                        signature.unwrap_or_default()
                    ))
                }
            },
        }
    }

    fn history(&self, address: &Pubkey) -> Result<Vec<Vec<String>>> {
        let found = self.client.get_signatures_for_address(address).map_err(|e| self.unreachable(e))?;
        let taken = found.iter().filter(|one| one.err.is_none()).take(LOOKED_AT);
        Ok(taken.filter_map(|one| self.logs(&one.signature)).collect())
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
