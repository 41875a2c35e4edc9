//! The chain, as far as the indexer has to see it.
//!
//! Everything is read as *confirmed*: two thirds of the stake have voted for it. Errors name the node and say what to look at.

use std::time::Duration;

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow};
use ballast::state::MarginAccount;
use solana_account::Account;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client::rpc_client::GetConfirmedSignaturesForAddress2Config;
use solana_rpc_client_types::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcTransactionConfig};
use solana_rpc_client_types::filter::{Memcmp, RpcFilterType};
use solana_rpc_client_types::response::RpcConfirmedTransactionStatusWithSignature;
use solana_signature::Signature;
use solana_transaction_status_client_types::UiTransactionEncoding;
use solana_transaction_status_client_types::option_serializer::OptionSerializer;

/// Accounts that a node gives at once.
const AT_ONCE: usize = 100;
/// Signatures that a node gives at once.
pub const PAGE: usize = 1_000;
/// How long a node may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node's RPC.
pub struct Node {
    client: RpcClient,
    url: String,
}

/// What a transaction did, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Done {
    /// Whether it failed: then nothing that it logged is true.
    pub failed: bool,
    /// Its logs; none where the node does not keep them.
    pub logs: Option<Vec<String>>,
}

impl Node {
    /// A node at a URL.
    #[must_use]
    pub fn at(url: &str) -> Self {
        let commitment = CommitmentConfig::confirmed();
        let client = RpcClient::new_with_timeout_and_commitment(url.into(), PATIENCE, commitment);
        Self { client, url: url.into() }
    }

    fn lost(&self, error: impl std::fmt::Display) -> anyhow::Error {
        anyhow!("cannot read from {} ({error}): is the node running, and is --url right?", self.url)
    }

    /// What tells this chain from others.
    ///
    /// # Errors
    /// If the node cannot be reached.
    pub async fn genesis(&self) -> Result<String> {
        Ok(self.client.get_genesis_hash().await.map_err(|e| self.lost(e))?.to_string())
    }

    /// Accounts, and the slot that the first of them were read at.
    ///
    /// # Errors
    /// If the node cannot be reached.
    pub async fn accounts(&self, addresses: &[Pubkey]) -> Result<(u64, Vec<Option<Account>>)> {
        let (mut slot, mut all) = (0, Vec::with_capacity(addresses.len()));
        for chunk in addresses.chunks(AT_ONCE) {
            let found =
                self.client.get_multiple_accounts_with_commitment(chunk, self.client.commitment()).await;
            let found = found.map_err(|e| self.lost(e))?;
            if slot == 0 {
                slot = found.context.slot;
            }
            all.extend(found.value);
        }
        Ok((slot, all))
    }

    /// Signatures of transactions that name the program, newest first: a page of them, before one and after another.
    ///
    /// # Errors
    /// If the node cannot be reached.
    pub async fn signatures(
        &self,
        before: Option<Signature>,
        until: Option<Signature>,
    ) -> Result<Vec<RpcConfirmedTransactionStatusWithSignature>> {
        let config = GetConfirmedSignaturesForAddress2Config {
            before,
            until,
            limit: Some(PAGE),
            commitment: Some(self.client.commitment()),
        };
        let found = self.client.get_signatures_for_address_with_config(&ballast::ID, config).await;
        found.map_err(|e| self.lost(e))
    }

    /// A transaction.
    ///
    /// # Errors
    /// If the node cannot be reached, or does not have it.
    pub async fn transaction(&self, signature: &str) -> Result<Done> {
        let parsed: Signature =
            signature.parse().with_context(|| format!("'{signature}' is no signature"))?;
        let config = RpcTransactionConfig {
            encoding: Some(UiTransactionEncoding::Base64),
            commitment: Some(self.client.commitment()),
            max_supported_transaction_version: Some(0),
        };
        let found = self.client.get_transaction_with_config(&parsed, config).await;
        let found = found.map_err(|e| anyhow!("{} does not give transaction {signature} ({e})", self.url))?;
        let meta = found.transaction.meta.with_context(|| format!("{} keeps no outcomes", self.url))?;
        let logs = match meta.log_messages {
            OptionSerializer::Some(logs) => Some(logs),
            OptionSerializer::None | OptionSerializer::Skip => None,
        };
        Ok(Done { failed: meta.err.is_some(), logs })
    }

    /// All margin accounts of a clearinghouse, undecoded.
    ///
    /// # Errors
    /// If the node cannot be reached.
    pub async fn margin_accounts(&self, clearinghouse: &Pubkey) -> Result<Vec<(Pubkey, Vec<u8>)>> {
        let config = margin_accounts_of(clearinghouse);
        let found = self.client.get_program_ui_accounts_with_config(&ballast::ID, config).await;
        let found = found.map_err(|e| self.lost(e))?;
        Ok(found
            .into_iter()
            .filter_map(|(address, account)| Some((address, account.data.decode()?)))
            .collect())
    }
}

/// Which of the program's accounts are margin accounts of a clearinghouse.
#[must_use]
pub fn margin_accounts_of(clearinghouse: &Pubkey) -> RpcProgramAccountsConfig {
    // The discriminator, then eight bytes, then the clearinghouse.
    let filters = vec![
        RpcFilterType::DataSize(MarginAccount::SPACE as u64),
        RpcFilterType::Memcmp(Memcmp::new_base58_encoded(0, MarginAccount::DISCRIMINATOR)),
        RpcFilterType::Memcmp(Memcmp::new_base58_encoded(16, clearinghouse.as_ref())),
    ];
    RpcProgramAccountsConfig {
        filters: Some(filters),
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(CommitmentConfig::confirmed()),
            ..RpcAccountInfoConfig::default()
        },
        ..RpcProgramAccountsConfig::default()
    }
}
