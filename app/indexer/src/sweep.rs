//! Every transaction of the program, each once, from where it stopped.
//!
//! A subscription tells of a transaction when it happens, and of nothing that happened while it was down; nodes drop, repeat
//! and reorder what they tell. So the subscription only makes events appear sooner, and the sweep makes them complete: every
//! few seconds, and after each new connection, it asks the node for the signatures of all transactions since the one that
//! was last swept, and looks at those that are not known. The signature is unique in the store: whichever way a
//! transaction comes first, it is kept once.
//!
//! The mark that a sweep starts from stays [`OVERLAP`] slots behind the newest transaction, so that one that a node learns
//! of late is still found; and it never passes a transaction that a node could not give yet. One that no node gives any
//! more is given up after a while, and noted as such.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, stream};
use solana_rpc_client_types::response::RpcConfirmedTransactionStatusWithSignature as Listed;
use solana_signature::Signature;

use crate::hearing;
use crate::node::Done;
use crate::state::State;
use crate::store::events::{self, Looked};

/// Slots that are swept again and again: as late as anybody may tell of a transaction.
const OVERLAP: u64 = hearing::PATIENCE;
/// Transactions that are asked for at once.
const AT_ONCE: usize = 8;
/// Sweeps after which a transaction that no node gives is given up.
const PATIENCE: u32 = 10;
/// Where it is noted up to where everything was looked at.
const MARK: &str = "swept_through";

/// Sweeps.
#[derive(Default)]
pub struct Sweeper {
    refused: HashMap<String, u32>,
}

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Transactions that were new.
    pub new: usize,
    /// Such as the subscription should have told of long ago.
    pub unheard: usize,
    /// Transactions that the node did not give.
    pub left: usize,
}

/// Sweeps for as long as it runs.
pub async fn run(state: Arc<State>, every: Duration) {
    let mut sweeper = Sweeper::default();
    loop {
        match sweeper.sweep(&state).await {
            Ok(swept) => {
                if swept.new > 0 {
                    tracing::info!(new = swept.new, left = swept.left, "swept");
                }
                if swept.unheard > 0 {
                    state.deaf.notify_one();
                }
            }
            Err(error) => tracing::warn!("no sweep: {error:#}"),
        }
        let _ = tokio::time::timeout(every, state.missed.notified()).await;
    }
}

impl Sweeper {
    /// Looks at every transaction since the last sweep.
    ///
    /// # Errors
    /// If the node cannot be reached, or the store not be written: what was done stays done.
    pub async fn sweep(&mut self, state: &State) -> Result<Swept> {
        let mark = state.store.note(MARK).await?.and_then(|text| text.parse().ok());
        let listed = list(state, mark).await?;
        let newest = listed.last().map_or(0, |last| last.slot);
        let unknown = settle_known(state, &listed).await?;

        let mut swept = Swept::default();
        let mut open = HashSet::new();
        let wanted: Vec<Listed> =
            listed.iter().filter(|one| unknown.contains(&one.signature)).cloned().collect();
        let ask = async |one: Listed| {
            let answer = state.node.transaction(&one.signature).await;
            (one, answer)
        };
        let mut answers = stream::iter(wanted).map(ask).buffered(AT_ONCE);
        while let Some((one, answer)) = answers.next().await {
            match self.judge(&one, answer) {
                Some(done) => {
                    swept.new += 1;
                    state.hearing().found(&one.signature, one.slot);
                    look(state, &one, done).await?;
                }
                None => {
                    open.insert(one.signature);
                }
            }
        }
        swept.left = open.len();
        swept.unheard = state.hearing().missing(newest);
        let looked = listed.iter().take_while(|one| !open.contains(&one.signature));
        if let Some(last) = looked.take_while(|one| one.slot + OVERLAP <= newest).last() {
            state.store.keep(MARK, last.signature.clone()).await?;
        }
        if swept.left == 0 {
            self.refused.clear();
            state.set_swept();
        }
        Ok(swept)
    }

    /// What to make of a node's answer; none: to be asked again.
    fn judge(&mut self, one: &Listed, answer: Result<Done>) -> Option<Option<Done>> {
        let error = match answer {
            Ok(done) => return Some(Some(done)),
            Err(error) => error,
        };
        let refused = self.refused.entry(one.signature.clone()).or_default();
        *refused += 1;
        if *refused < PATIENCE {
            tracing::debug!("{error:#}; it is asked for again");
            return None;
        }
        tracing::warn!("{error:#}, and did not {PATIENCE} times: its events are missing");
        Some(None)
    }
}

/// Signatures since the mark, oldest first.
async fn list(state: &State, mark: Option<Signature>) -> Result<Vec<Listed>> {
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    let mut before = None;
    loop {
        let page = state.node.signatures(before, mark).await?;
        let Some(last) = page.last() else { break };
        before = last.signature.parse().ok();
        let count = all.len();
        all.extend(page.into_iter().filter(|one| seen.insert(one.signature.clone())));
        // A node that gives the same page again would never end.
        if all.len() == count || before.is_none() {
            break;
        }
    }
    // Newest first as listed; nodes that answer from two places may mix slots.
    all.reverse();
    all.sort_by_key(|one| one.slot);
    Ok(all)
}

/// Gives transactions that are known the time of their block; the signatures of those that are not. What failed did
/// nothing, and needs no look.
async fn settle_known(state: &State, listed: &[Listed]) -> Result<HashSet<String>> {
    let worked: Vec<_> = listed
        .iter()
        .filter(|one| one.err.is_none())
        .map(|one| (one.signature.clone(), one.slot, one.block_time))
        .collect();
    let own = state.at.clearinghouse;
    state
        .store
        .write(move |to| {
            let mut unknown = HashSet::new();
            for (signature, slot, time) in worked {
                if !events::is_known(to, &signature)? {
                    unknown.insert(signature);
                } else if let Some(time) = time {
                    let (cut, events) = (false, Vec::new());
                    events::keep(to, &Looked { signature, slot, time, exact: true, cut, events }, &own)?;
                }
            }
            Ok(unknown)
        })
        .await
}

/// Keeps what a transaction did; none where no node tells any more.
async fn look(state: &State, one: &Listed, done: Option<Done>) -> Result<()> {
    let (events, cut) = match done {
        Some(Done { failed: true, .. }) => return Ok(()),
        Some(Done { logs: Some(logs), .. }) => state.decode(&logs),
        _ => (Vec::new(), true),
    };
    let (signature, slot) = (one.signature.clone(), one.slot);
    let (time, exact) = (one.block_time.unwrap_or_else(|| state.now()), one.block_time.is_some());
    let kept = state.record(Looked { signature, slot, time, exact, cut, events }).await?;
    crate::accounts::follow(state, &kept).await;
    Ok(())
}
