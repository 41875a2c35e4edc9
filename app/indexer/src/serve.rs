//! An indexer and its gateway, from beginning to end.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use axum::Router;
use ballast_client::Deployment;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::house::House;
use crate::node::Node;
use crate::state::{Public, State};
use crate::store::Store;
use crate::{accounts, api, sample, subscribe, sweep};

/// How long open connections may take to end.
const FAREWELL: Duration = Duration::from_secs(2);
/// After how long a task that died begins anew.
const RECOVERY: Duration = Duration::from_secs(1);

/// What to index, and where to serve it.
pub struct Options {
    /// The node's RPC.
    pub rpc_url: String,
    /// The node's WebSocket.
    pub ws_url: String,
    /// The settlement token of the clearinghouse.
    pub quote_mint: Pubkey,
    /// The SQLite file.
    pub database: PathBuf,
    /// The dApp's built files.
    pub web: Option<PathBuf>,
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// What the cluster is called; none: by what the chain began with.
    pub cluster: Option<String>,
    /// The node's RPC and WebSocket as browsers reach them, where that is another address.
    pub public_urls: Option<(String, String)>,
    /// Whether `extra` has a faucet.
    pub faucet: bool,
    /// Where prices are posted, by asset, of those whose feed is not Pyth's own.
    pub price_accounts: BTreeMap<u8, Pubkey>,
    /// How often the board is sampled.
    pub sample_every: Duration,
    /// How often transactions are asked for.
    pub sweep_every: Duration,
    /// Further routes.
    pub extra: Router,
}

impl Options {
    /// The usual ones.
    #[must_use]
    pub fn new(rpc_url: &str, ws_url: &str, quote_mint: Pubkey, database: PathBuf) -> Self {
        Self {
            rpc_url: rpc_url.into(),
            ws_url: ws_url.into(),
            quote_mint,
            database,
            web: None,
            listen: ([127, 0, 0, 1], 8788).into(),
            cluster: None,
            public_urls: None,
            faucet: false,
            price_accounts: BTreeMap::new(),
            sample_every: Duration::from_secs(5),
            sweep_every: Duration::from_secs(15),
            extra: Router::new(),
        }
    }
}

/// A gateway that runs. Dropped, it stops at once.
pub struct Handle {
    address: SocketAddr,
    state: Arc<State>,
    stopping: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    tasks: JoinSet<()>,
}

impl Handle {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it knows.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Ends it: what was asked is answered, what was begun to be written is written.
    ///
    /// # Errors
    /// If it had died before.
    pub async fn stop(mut self) -> Result<()> {
        let _ = self.stopping.send(true);
        self.tasks.shutdown().await;
        match tokio::time::timeout(FAREWELL, &mut self.server).await {
            Ok(done) => Ok(done.context("the gateway had died")??),
            Err(_) => {
                self.server.abort();
                Ok(())
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.stopping.send(true);
        self.server.abort();
    }
}

/// Begins a task, and begins it anew should it die: an indexer that is half dead looks well.
fn keep_alive<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<()>,
    name: &'static str,
    make: impl Fn() -> F + Send + 'static,
) {
    tasks.spawn(async move {
        loop {
            let mut one = JoinSet::new();
            one.spawn(make());
            if let Some(Err(error)) = one.join_next().await {
                tracing::error!("the task '{name}' died, and begins anew: {error}");
            }
            tokio::time::sleep(RECOVERY).await;
        }
    });
}

fn cluster_of(genesis: &str) -> &'static str {
    match genesis {
        "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d" => "mainnet",
        "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxkrZBG" => "devnet",
        "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY" => "testnet",
        _ => "localnet",
    }
}

/// Begins to index and to serve.
///
/// # Errors
/// If the node cannot be reached, the clearinghouse is not there, the file is not usable, or the address is taken.
pub async fn serve(options: Options) -> Result<Handle> {
    let store = Store::open(&options.database)?;
    let node = Node::at(&options.rpc_url);
    let cluster = match options.cluster {
        Some(cluster) => cluster,
        None => cluster_of(&node.genesis().await?).into(),
    };
    let (rpc_url, ws_url) =
        options.public_urls.unwrap_or_else(|| (options.rpc_url.clone(), options.ws_url.clone()));
    let (faucet, price_accounts) = (options.faucet, options.price_accounts);
    let public = Public { cluster, rpc_url, ws_url, faucet, price_accounts };
    let house = House::load(&node, Deployment::of(options.quote_mint), &public.price_accounts).await?;
    let state = Arc::new(State::begin(store, node, house, public).await?);
    sample::take(&state).await?;
    accounts::read_all(&state).await?;

    let listener = TcpListener::bind(options.listen).await;
    let listener = listener
        .with_context(|| format!("cannot listen at {}: is another gateway running?", options.listen))?;
    let address = listener.local_addr()?;
    let (stopping, stopped) = watch::channel(false);
    let routes = api::router(Arc::clone(&state), options.web, options.extra, stopped.clone());
    let server = tokio::spawn(async move {
        let mut stopped = stopped;
        let until = async move {
            let _ = stopped.wait_for(|stopping| *stopping).await;
        };
        axum::serve(listener, routes).with_graceful_shutdown(until).await
    });

    let mut tasks = JoinSet::new();
    let shared = Arc::clone(&state);
    keep_alive(&mut tasks, "sample", move || sample::run(Arc::clone(&shared), options.sample_every));
    let shared = Arc::clone(&state);
    keep_alive(&mut tasks, "sweep", move || sweep::run(Arc::clone(&shared), options.sweep_every));
    let (shared, ws_url) = (Arc::clone(&state), options.ws_url);
    keep_alive(&mut tasks, "subscribe", move || subscribe::run(Arc::clone(&shared), ws_url.clone()));
    Ok(Handle { address, state, stopping, server, tasks })
}
