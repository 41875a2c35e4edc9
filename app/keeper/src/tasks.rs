//! What goes on beside the loop: the clock, the fees, reading everything again, and looking at what was sent.

use std::sync::Arc;
use std::time::Duration;

use anchor_lang::prelude::{Clock, Pubkey};
use tokio::sync::mpsc::Sender as Channel;
use tokio::time::{MissedTickBehavior, interval};

use crate::act::budget::Fees;
use crate::act::sender::{Ended, Sender};
use crate::chain::Update;
use crate::chain::rpc::Rpc;

/// What the loop hears.
pub enum News {
    /// Accounts.
    Accounts(Vec<Update>),
    /// Everything was read, at the loop's wish.
    Everything(Vec<Update>),
    /// Reading everything failed: it has to be wished again.
    NotEverything,
    /// The feed stands anew.
    Connected,
    /// A look at the cluster's clock, and the keeper's lamports.
    Clock(Clock, u64),
    /// Transactions that ended.
    Ended(Vec<Ended>),
}

/// Looks at the clock and the key's lamports.
pub async fn clock(rpc: Arc<Rpc>, key: Pubkey, every: Duration, news: Channel<News>) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Ok(read) = rpc.accounts(&[crate::chain::time::ADDRESS, key]).await else { continue };
        let clock = read.value[0].as_ref().and_then(crate::chain::time::decode);
        let lamports = read.value[1].as_ref().map_or(0, |raw| raw.lamports);
        if let Some(clock) = clock
            && news.send(News::Clock(clock, lamports)).await.is_err()
        {
            return;
        }
    }
}

/// Looks at what was sent.
pub async fn poll(sender: Arc<Sender>, every: Duration, news: Channel<News>) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let ended = sender.poll().await;
        if !ended.is_empty() && news.send(News::Ended(ended)).await.is_err() {
            return;
        }
    }
}

/// Follows what others pay for writing these accounts.
pub async fn fees(rpc: Arc<Rpc>, sender: Arc<Sender>, written: Vec<Pubkey>, fees: Fees) {
    let mut ticks = interval(Duration::from_secs(10));
    loop {
        ticks.tick().await;
        if let Ok(paid) = rpc.priority_fees(&written).await {
            sender.set_price(fees.price(paid));
        }
    }
}

/// Reads everything, once.
pub fn everything(rpc: Arc<Rpc>, others: Vec<Pubkey>, known: Vec<Pubkey>, news: Channel<News>) {
    tokio::spawn(async move {
        let read = crate::chain::sync::everything(&rpc, &others, &known).await;
        let said = match read {
            Ok(updates) => News::Everything(updates),
            Err(error) => {
                tracing::warn!(%error, "not everything could be read again");
                News::NotEverything
            }
        };
        let _ = news.send(said).await;
    });
}
