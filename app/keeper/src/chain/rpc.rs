//! A node's JSON-RPC over HTTP.
//!
//! Everything that is asked can be asked again: reads change nothing, and a transaction is known by its signature. So a
//! call that failed on the way is repeated a few times before its caller hears of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anchor_lang::prelude::{Clock, Pubkey};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use solana_signature::Signature;

use super::{Raw, time};
use crate::metrics::Metrics;

/// Most accounts that a node gives at once.
pub const MOST_ACCOUNTS: usize = 100;
/// Most signatures that a node looks up at once.
pub const MOST_SIGNATURES: usize = 256;

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RpcError {
    /// No answer.
    #[error("the node did not answer {method}: {reason}; check [chain] rpc, and that the node is running")]
    Silent {
        /// What was called.
        method: &'static str,
        /// What the transport said.
        reason: String,
    },
    /// The node refused.
    #[error("the node refused {method}: {message} ({code})")]
    Refused {
        /// What was called.
        method: &'static str,
        /// The node's code.
        code: i64,
        /// The node's sentence.
        message: String,
    },
    /// An answer that is none.
    #[error("the node's answer to {method} cannot be read")]
    Garbled {
        /// What was called.
        method: &'static str,
    },
}

/// Something that was read, and the slot that it was said to be of.
#[derive(Clone, Debug)]
pub struct Read<T> {
    /// The slot.
    pub slot: u64,
    /// What was read.
    pub value: T,
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The slot that it is in.
    pub slot: u64,
    /// Why it failed; none where it did not.
    pub error: Option<String>,
    /// Whether enough of the cluster has voted for it.
    pub confirmed: bool,
}

/// A client of one node.
pub struct Rpc {
    http: reqwest::Client,
    url: String,
    commitment: String,
    retries: u32,
    next: AtomicU64,
    metrics: Arc<Metrics>,
}

impl Rpc {
    /// A client of the node at a URL; reads are made at `commitment`.
    ///
    /// # Errors
    /// Where the machine cannot make HTTP requests at all.
    pub fn new(
        url: &str,
        commitment: &str,
        timeout: Duration,
        retries: u32,
        metrics: Arc<Metrics>,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(timeout).build()?;
        let (url, commitment) = (url.to_owned(), commitment.to_owned());
        Ok(Self { http, url, commitment, retries, next: AtomicU64::new(1), metrics })
    }

    async fn once(&self, method: &'static str, params: &Value) -> Result<Value, RpcError> {
        let silent = |e: reqwest::Error| RpcError::Silent { method, reason: e.without_url().to_string() };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.metrics.rpc_calls.with_label_values(&[method]).inc();
        let answer = self.http.post(&self.url).json(&body).send().await.map_err(silent)?;
        let mut answer: Value = answer.json().await.map_err(silent)?;
        if let Some(error) = answer.get("error") {
            let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
            let message =
                error.get("message").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
            return Err(RpcError::Refused { method, code, message });
        }
        answer.get_mut("result").map(Value::take).ok_or(RpcError::Garbled { method })
    }

    /// Calls a method; again where there was no answer.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn call(&self, method: &'static str, params: Value) -> Result<Value, RpcError> {
        let mut pause = Duration::from_millis(50);
        for left in (0..=self.retries).rev() {
            match self.once(method, &params).await {
                Err(RpcError::Silent { .. }) if left > 0 => {
                    self.metrics.rpc_errors.with_label_values(&[method]).inc();
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(e) => {
                    self.metrics.rpc_errors.with_label_values(&[method]).inc();
                    return Err(e);
                }
                Ok(value) => return Ok(value),
            }
        }
        Err(RpcError::Garbled { method })
    }

    /// Accounts, in the order of their addresses.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn accounts(&self, addresses: &[Pubkey]) -> Result<Read<Vec<Option<Raw>>>, RpcError> {
        const METHOD: &str = "getMultipleAccounts";
        let (mut slot, mut value) = (u64::MAX, Vec::with_capacity(addresses.len()));
        for chunk in addresses.chunks(MOST_ACCOUNTS) {
            let keys: Vec<String> = chunk.iter().map(Pubkey::to_string).collect();
            let params = json!([keys, { "encoding": "base64", "commitment": self.commitment }]);
            let answer = self.call(METHOD, params).await?;
            slot = slot.min(slot_of(&answer, METHOD)?);
            let listed = answer["value"].as_array().ok_or(RpcError::Garbled { method: METHOD })?;
            for account in listed {
                let garbled = RpcError::Garbled { method: METHOD };
                value.push(if account.is_null() { None } else { Some(raw(account).ok_or(garbled)?) });
            }
        }
        let complete = value.len() == addresses.len();
        if complete { Ok(Read { slot, value }) } else { Err(RpcError::Garbled { method: METHOD }) }
    }

    /// Every account of the program.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn program_accounts(&self) -> Result<Read<Vec<(Pubkey, Raw)>>, RpcError> {
        const METHOD: &str = "getProgramAccounts";
        let garbled = || RpcError::Garbled { method: METHOD };
        let config = json!({ "encoding": "base64", "commitment": self.commitment, "withContext": true });
        let answer = self.call(METHOD, json!([ballast::ID.to_string(), config])).await?;
        let listed = answer["value"].as_array().ok_or_else(garbled)?;
        let keyed = |entry: &Value| {
            let address = entry["pubkey"].as_str()?.parse().ok()?;
            Some((address, raw(&entry["account"])?))
        };
        let value = listed.iter().map(keyed).collect::<Option<Vec<_>>>().ok_or_else(garbled)?;
        Ok(Read { slot: slot_of(&answer, METHOD)?, value })
    }

    /// The cluster's clock.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn clock(&self) -> Result<Clock, RpcError> {
        let read = self.accounts(&[time::ADDRESS]).await?;
        let garbled = RpcError::Garbled { method: "getMultipleAccounts" };
        read.value[0].as_ref().and_then(time::decode).ok_or(garbled)
    }

    /// A blockhash to sign with, base58, and the last block height at which it is accepted.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn blockhash(&self) -> Result<(String, u64), RpcError> {
        const METHOD: &str = "getLatestBlockhash";
        let answer = self.call(METHOD, json!([{ "commitment": "confirmed" }])).await?;
        let hash = answer["value"]["blockhash"].as_str();
        let last = answer["value"]["lastValidBlockHeight"].as_u64();
        hash.zip(last).map(|(h, l)| (h.to_owned(), l)).ok_or(RpcError::Garbled { method: METHOD })
    }

    /// The height of the newest confirmed block.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn block_height(&self) -> Result<u64, RpcError> {
        const METHOD: &str = "getBlockHeight";
        let answer = self.call(METHOD, json!([{ "commitment": "confirmed" }])).await?;
        answer.as_u64().ok_or(RpcError::Garbled { method: METHOD })
    }

    /// Sends a signed transaction, without trying it first: it was tried on the keeper's own book.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn send(&self, wire: &[u8]) -> Result<(), RpcError> {
        let config = json!({ "encoding": "base64", "skipPreflight": true, "maxRetries": 0 });
        self.call("sendTransaction", json!([BASE64_STANDARD.encode(wire), config])).await.map(|_| ())
    }

    /// What became of transactions, in their order.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn statuses(&self, signatures: &[Signature]) -> Result<Vec<Option<Status>>, RpcError> {
        const METHOD: &str = "getSignatureStatuses";
        let mut all = Vec::with_capacity(signatures.len());
        for chunk in signatures.chunks(MOST_SIGNATURES) {
            let texts: Vec<String> = chunk.iter().map(Signature::to_string).collect();
            let answer = self.call(METHOD, json!([texts, { "searchTransactionHistory": true }])).await?;
            let listed = answer["value"].as_array().filter(|l| l.len() == chunk.len());
            all.extend(listed.ok_or(RpcError::Garbled { method: METHOD })?.iter().map(status));
        }
        Ok(all)
    }

    /// The logs of a transaction that has landed, and its fee in lamports.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn landed(&self, signature: &Signature) -> Result<Option<(Vec<String>, u64)>, RpcError> {
        let config =
            json!({ "encoding": "base64", "commitment": "confirmed", "maxSupportedTransactionVersion": 0 });
        let answer = self.call("getTransaction", json!([signature.to_string(), config])).await?;
        let Some(logs) = answer["meta"]["logMessages"].as_array() else { return Ok(None) };
        let logs = logs.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect();
        Ok(Some((logs, answer["meta"]["fee"].as_u64().unwrap_or(0))))
    }

    /// What was paid for priority lately where these accounts were written, micro-lamports a compute unit.
    ///
    /// # Errors
    /// [`RpcError`].
    pub async fn priority_fees(&self, written: &[Pubkey]) -> Result<Vec<u64>, RpcError> {
        let keys: Vec<String> = written.iter().map(Pubkey::to_string).collect();
        let answer = self.call("getRecentPrioritizationFees", json!([keys])).await?;
        let listed = answer.as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(listed.iter().filter_map(|f| f["prioritizationFee"].as_u64()).collect())
    }
}

fn slot_of(answer: &Value, method: &'static str) -> Result<u64, RpcError> {
    answer["context"]["slot"].as_u64().ok_or(RpcError::Garbled { method })
}

fn raw(account: &Value) -> Option<Raw> {
    let data = BASE64_STANDARD.decode(account["data"][0].as_str()?).ok()?;
    Some(Raw {
        owner: account["owner"].as_str()?.parse().ok()?,
        lamports: account["lamports"].as_u64()?,
        data,
    })
}

fn status(value: &Value) -> Option<Status> {
    let slot = value["slot"].as_u64()?;
    let error = value.get("err").filter(|e| !e.is_null()).map(Value::to_string);
    let level = value["confirmationStatus"].as_str().unwrap_or("processed");
    Some(Status { slot, error, confirmed: level != "processed" })
}
