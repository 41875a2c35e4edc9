//! What the tasks of an indexer share: where they write, and what they last saw.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use anyhow::{Result, bail};
use ballast::state::RiskBoard;
use ballast_client::Deployment;
use serde_json::json;
use tokio::sync::{Notify, broadcast};

use crate::accounts::Accounts;
use crate::hearing::Hearing;
use crate::house::House;
use crate::idl::{self, Event};
use crate::logs;
use crate::node::Node;
use crate::store::Store;
use crate::store::events::{self, Looked, Shown};

/// Slots by which a node may be behind the one that was read before.
const PATIENCE_SLOTS: u64 = 1_000;
/// News that a slow listener may fall behind before it misses some.
const NEWS: usize = 4_096;

/// The board as it was last read.
pub struct View {
    /// The board.
    pub board: Box<RiskBoard>,
    /// The slot of the read.
    pub slot: u64,
    /// The chain's time then, unix seconds.
    pub time: i64,
    /// When that was.
    pub read: Instant,
}

impl View {
    /// The chain's time now, unix seconds: its own clock, carried on by ours. A machine's time may be another than the
    /// chain's, by days on a test cluster that was moved forward.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.time.saturating_add(i64::try_from(self.read.elapsed().as_secs()).unwrap_or(0))
    }
}

/// What listeners are told.
#[derive(Clone, Debug)]
pub enum News {
    /// An event came.
    Event(Arc<Shown>),
    /// The board was read.
    Board {
        /// The chain's time, unix seconds.
        t: i64,
        /// The slot.
        slot: u64,
    },
}

/// What the dApp has to be told that does not stand on the chain.
#[derive(Clone, Debug)]
pub struct Public {
    /// What the cluster is called.
    pub cluster: String,
    /// The node's RPC, as browsers reach it.
    pub rpc_url: String,
    /// The node's WebSocket, as browsers reach it.
    pub ws_url: String,
    /// Whether this gateway gives test tokens away.
    pub faucet: bool,
    /// Where prices are posted of assets whose feed is not Pyth's own.
    pub price_accounts: BTreeMap<u8, Pubkey>,
}

/// The state.
pub struct State {
    /// The history.
    pub store: Store,
    /// The chain.
    pub node: Node,
    /// Addresses of the clearinghouse.
    pub at: Deployment,
    /// For the dApp.
    pub public: Public,
    /// Margin accounts.
    pub accounts: Accounts,
    /// Wakes the sampler: the board changed.
    pub changed: Notify,
    /// Wakes the sweeper: transactions may have been missed.
    pub missed: Notify,
    /// Tells the subscription that it hears nothing any more.
    pub deaf: Notify,
    house: RwLock<Arc<House>>,
    view: RwLock<Option<Arc<View>>>,
    news: broadcast::Sender<News>,
    events: AtomicU64,
    slot: AtomicU64,
    hearing: Mutex<Hearing>,
    caught_up: AtomicBool,
    swept: Mutex<Option<Instant>>,
}

impl State {
    /// Begins with a store and a house. A store belongs to one house on one chain.
    ///
    /// # Errors
    /// If the store is another house's, or cannot be read.
    pub async fn begin(store: Store, node: Node, house: House, public: Public) -> Result<Self> {
        let mine = format!("{} on {}", house.at.clearinghouse, node.genesis().await?);
        match store.note("house").await? {
            Some(other) if other != mine => bail!(
                "this history is of the clearinghouse {other}, not of {mine}: give another file with --db, or delete it \
                 if that chain is gone"
            ),
            Some(_) => {}
            None => store.keep("house", mine).await?,
        }
        let (slot, _) = node.accounts(&[house.at.clearinghouse]).await?;
        let newest = store.read(events::newest_slot).await?;
        // Test clusters that begin anew may begin with the same keys and the same first block.
        if slot.saturating_add(PATIENCE_SLOTS) < newest {
            bail!(
                "this history goes to slot {newest}, and the chain is at {slot}: it has begun anew, so give another file \
                 with --db, or delete it"
            );
        }
        let count = store.read(events::count).await?;
        Ok(Self {
            at: house.at,
            store,
            node,
            public,
            accounts: Accounts::default(),
            changed: Notify::new(),
            missed: Notify::new(),
            deaf: Notify::new(),
            house: RwLock::new(Arc::new(house)),
            view: RwLock::new(None),
            news: broadcast::channel(NEWS).0,
            events: AtomicU64::new(count),
            slot: AtomicU64::new(0),
            hearing: Mutex::default(),
            caught_up: AtomicBool::new(false),
            swept: Mutex::new(None),
        })
    }

    /// The house as it was last read.
    #[must_use]
    pub fn house(&self) -> Arc<House> {
        Arc::clone(&self.house.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the house as it is now.
    pub fn set_house(&self, house: House) {
        *self.house.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(house);
    }

    /// The board as it was last read; none before the first time.
    #[must_use]
    pub fn view(&self) -> Option<Arc<View>> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the board as it is now, and tells listeners.
    pub fn set_view(&self, view: View) {
        let news = News::Board { t: view.time, slot: view.slot };
        self.slot.store(view.slot, Ordering::Relaxed);
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(view));
        let _ = self.news.send(news);
    }

    /// The chain's time, unix seconds.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.view().map_or(0, |view| view.now())
    }

    /// Listens to what happens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// The slot that was seen last.
    #[must_use]
    pub fn slot(&self) -> u64 {
        self.slot.load(Ordering::Relaxed)
    }

    /// What the subscription tells, and what it should.
    pub fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events that are kept.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Notes that every transaction up to now was looked at.
    pub fn set_swept(&self) {
        self.caught_up.store(true, Ordering::Relaxed);
        *self.swept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Since when it is not certain that every transaction was looked at; none before the first time.
    #[must_use]
    pub fn behind(&self) -> Option<Duration> {
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed())
    }

    /// The events of this house in a transaction's logs, and whether the logs were cut.
    ///
    /// The program may serve several houses: an event that names another's clearinghouse is not this one's.
    #[must_use]
    pub fn decode(&self, logs: &[String]) -> (Vec<Event>, bool) {
        let found = logs::of_program(logs, &ballast::ID.to_string());
        let own = json!(self.at.clearinghouse.to_string());
        let events = found.events.iter().map(|bytes| idl::event(bytes));
        let of_house = |event: &Event| event.data.get("clearinghouse").is_none_or(|house| *house == own);
        (events.filter(of_house).collect(), found.cut)
    }

    /// Keeps a transaction, and tells listeners of what is new in it. Whether it was new.
    ///
    /// # Errors
    /// As the store.
    pub async fn record(&self, looked: Looked) -> Result<Vec<Arc<Shown>>> {
        let own = self.at.clearinghouse;
        let kept = self.store.write(move |to| events::keep(to, &looked, &own)).await?;
        self.events.fetch_add(kept.len() as u64, Ordering::Relaxed);
        let kept: Vec<_> = kept.into_iter().map(Arc::new).collect();
        // Nobody waits for what happened before the beginning.
        if self.caught_up.load(Ordering::Relaxed) {
            for event in &kept {
                let _ = self.news.send(News::Event(Arc::clone(event)));
            }
        }
        Ok(kept)
    }

    /// Whether everything was looked at once.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Relaxed)
    }
}
