//! What a node pushes: the program's accounts, and the price accounts of the listed assets.
//!
//! A connection ends in many ways, some of them silently. So it is taken for dead when nothing at all came for a while,
//! and after every new one everything is read again: what was pushed while nobody listened is not repeated.

use std::sync::Arc;
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_types::config::{RpcAccountInfoConfig, RpcProgramAccountsConfig};
use tokio::sync::{mpsc, watch};

use super::{Raw, Source, Update};
use crate::metrics::Metrics;

/// What the feed tells.
#[derive(Debug)]
pub enum Heard {
    /// An account's state.
    Update(Update),
    /// A new connection stands: whatever happened before it has to be read.
    Connected,
}

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The node's WebSocket address.
    pub url: String,
    /// Commitment of what is pushed.
    pub commitment: String,
    /// A connection on which nothing came for so long is dead.
    pub silence: Duration,
}

fn config(commitment: &str) -> RpcAccountInfoConfig {
    let commitment = match commitment {
        "processed" => CommitmentConfig::processed(),
        "finalized" => CommitmentConfig::finalized(),
        _ => CommitmentConfig::confirmed(),
    };
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(commitment),
        ..RpcAccountInfoConfig::default()
    }
}

fn update(address: Pubkey, slot: u64, account: &UiAccount) -> Option<Update> {
    let owner = account.owner.parse().ok()?;
    let data = account.data.decode()?;
    let lamports = account.lamports;
    let raw = (lamports != 0).then_some(Raw { owner, lamports, data });
    Some(Update { address, slot, source: Source::Push, raw })
}

impl Feed {
    /// Listens until the receiver is gone; connects again with a growing pause. `prices` are the accounts beside the
    /// program's; when they change, the connection is made anew.
    pub async fn run(
        self,
        mut prices: watch::Receiver<Vec<Pubkey>>,
        heard: mpsc::Sender<Heard>,
        metrics: Arc<Metrics>,
    ) {
        let mut pause = Duration::from_millis(100);
        while !heard.is_closed() {
            match self.listen(&mut prices, &heard, &metrics).await {
                Ok(()) => pause = Duration::from_millis(100),
                Err(reason) => {
                    tracing::warn!(%reason, pause_ms = pause.as_millis() as u64, "the feed broke off");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
            }
            metrics.reconnects.inc();
        }
    }

    /// One connection, until it ends.
    async fn listen(
        &self,
        prices: &mut watch::Receiver<Vec<Pubkey>>,
        heard: &mpsc::Sender<Heard>,
        metrics: &Metrics,
    ) -> anyhow::Result<()> {
        let client = tokio::time::timeout(self.silence, PubsubClient::new(self.url.as_str())).await??;
        let account_config = config(&self.commitment);
        let program_config =
            RpcProgramAccountsConfig { account_config: account_config.clone(), ..Default::default() };
        let mut all: SelectAll<BoxStream<'_, Option<Update>>> = SelectAll::new();
        let subscribed = client.program_subscribe(&ballast::ID, Some(program_config));
        let (program, _leave) = tokio::time::timeout(self.silence, subscribed).await??;
        let keyed = |r: solana_rpc_client_types::response::Response<
            solana_rpc_client_types::response::RpcKeyedAccount,
        >| update(r.value.pubkey.parse().ok()?, r.context.slot, &r.value.account);
        all.push(program.map(keyed).boxed());
        let watched = prices.borrow_and_update().clone();
        for address in watched {
            let subscribed = client.account_subscribe(&address, Some(account_config.clone()));
            let (stream, _leave) = tokio::time::timeout(self.silence, subscribed).await??;
            all.push(stream.map(move |r| update(address, r.context.slot, &r.value)).boxed());
        }
        if heard.send(Heard::Connected).await.is_err() {
            return Ok(());
        }
        loop {
            let next = tokio::select! {
                next = tokio::time::timeout(self.silence, all.next()) => next?,
                changed = prices.changed() => {
                    changed?;
                    return Ok(());
                }
            };
            let Some(update) = next else { anyhow::bail!("the node closed the connection") };
            metrics.pushes.inc();
            if let Some(update) = update
                && heard.send(Heard::Update(update)).await.is_err()
            {
                return Ok(());
            }
        }
    }
}
