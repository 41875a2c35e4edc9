//! Events as they happen, and accounts as they change.
//!
//! One WebSocket carries three subscriptions: the program's logs, the board (only that it changed: the sampler reads it) and
//! margin accounts. Whenever it is connected anew, a sweep and a reading of all margin accounts make good what was missed.
//! A connection that is open and says nothing is the worst kind: the sweep notices it by transactions that it should have
//! told of, and has it closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use futures_util::{FutureExt, StreamExt};
use solana_account_decoder_client_types::{UiAccountEncoding, UiDataSliceConfig};
use solana_commitment_config::CommitmentConfig;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client_types::config::{
    RpcAccountInfoConfig, RpcTransactionLogsConfig, RpcTransactionLogsFilter,
};
use solana_rpc_client_types::response::{Response, RpcKeyedAccount, RpcLogsResponse};

use crate::accounts;
use crate::node::margin_accounts_of;
use crate::state::State;
use crate::store::events::Looked;

/// Waits between connections.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How long connecting and subscribing may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Slots after which a new subscription is held to account.
const SETTLING: u64 = 64;
/// How often all margin accounts are read again.
const REREAD: Duration = Duration::from_secs(300);

/// Listens for as long as it runs.
pub async fn run(state: Arc<State>, ws_url: String) {
    let mut wait = FIRST_WAIT;
    loop {
        let begun = Instant::now();
        if let Err(error) = listen(&state, &ws_url).await {
            tracing::warn!("not subscribed to {ws_url}: {error:#}; trying again in {wait:?}");
        }
        state.hearing().listen(u64::MAX);
        if begun.elapsed() > LONGEST_WAIT {
            wait = FIRST_WAIT;
        }
        tokio::time::sleep(wait).await;
        wait = (2 * wait).min(LONGEST_WAIT);
    }
}

async fn listen(state: &Arc<State>, ws_url: &str) -> Result<()> {
    let client = tokio::time::timeout(PATIENCE, PubsubClient::new(ws_url)).await.context("no answer")??;
    let commitment = Some(CommitmentConfig::confirmed());
    let of_program = RpcTransactionLogsFilter::Mentions(vec![ballast::ID.to_string()]);
    let logs = client.logs_subscribe(of_program, RpcTransactionLogsConfig { commitment });
    let only_that = RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        data_slice: Some(UiDataSliceConfig { offset: 0, length: 8 }),
        commitment,
        min_context_slot: None,
    };
    let board = client.account_subscribe(&state.at.board, Some(only_that));
    let margin = client.program_subscribe(&ballast::ID, Some(margin_accounts_of(&state.at.clearinghouse)));
    let subscribed = tokio::time::timeout(PATIENCE, async { tokio::try_join!(logs, board, margin) });
    let ((mut logs, _), (mut board, _), (mut margin, _)) = subscribed.await.context("no answer")??;
    tracing::info!("subscribed to {ws_url}");
    // What was said of an earlier connection does not count.
    let _ = state.deaf.notified().now_or_never();
    state.hearing().listen(state.slot().saturating_add(SETTLING));
    state.missed.notify_one();
    let mut reread = tokio::time::interval(REREAD);
    loop {
        tokio::select! {
            told = logs.next() => heard(state, told.context("the connection was closed")?).await?,
            told = board.next() => {
                told.context("the connection was closed")?;
                state.changed.notify_one();
            }
            told = margin.next() => changed(state, &told.context("the connection was closed")?),
            _ = reread.tick() => {
                let state = Arc::clone(state);
                tokio::spawn(async move {
                    if let Err(error) = accounts::read_all(&state).await {
                        tracing::warn!("margin accounts could not be read: {error:#}");
                    }
                });
            }
            () = state.deaf.notified() => bail!("it told nothing of transactions that there were"),
        }
    }
}

async fn heard(state: &State, told: Response<RpcLogsResponse>) -> Result<()> {
    let RpcLogsResponse { signature, err, logs } = told.value;
    state.hearing().told(&signature, told.context.slot);
    if err.is_some() {
        return Ok(());
    }
    let (events, cut) = state.decode(&logs);
    // The sweep corrects the time; it cannot be told from a notification.
    let (slot, time) = (told.context.slot, state.now());
    let kept = state.record(Looked { signature, slot, time, exact: false, cut, events }).await?;
    accounts::follow(state, &kept).await;
    Ok(())
}

fn changed(state: &State, told: &Response<RpcKeyedAccount>) {
    let RpcKeyedAccount { pubkey, account } = &told.value;
    if let (Ok(address), Some(data)) = (pubkey.parse::<Pubkey>(), account.data.decode()) {
        state.accounts.take(address, &data);
    }
}
