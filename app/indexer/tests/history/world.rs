//! A house in the VM, a node that tells of it, and an indexer that listens.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use ballast_indexer::store::Store;
use ballast_indexer::store::events::{Shown, Wanted, find};
use ballast_indexer::{Handle, Options, serve};
use ballast_sandbox::house::Sent;
use ballast_sandbox::{House, Person};
use serde_json::Value;

use crate::node::{Node, Tx};

/// Native units of a coin.
pub const BASE: i64 = 1_000_000_000;
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A file of its own.
pub fn database() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("ballast-history-{}-{count}.db", std::process::id()));
    forget(&path);
    path
}

fn forget(path: &std::path::Path) {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}

pub struct World {
    pub house: House,
    pub node: Node,
    pub database: PathBuf,
    pub people: Vec<Pubkey>,
}

impl Drop for World {
    fn drop(&mut self) {
        forget(&self.database);
    }
}

impl World {
    /// One coin at 100 quote with its market, and nothing told yet.
    pub async fn new() -> Self {
        let mut house = House::with_coins(&[("SOL", 100.0)]);
        house.season(&[100.0]);
        let mut world = Self { house, node: Node::start().await, database: database(), people: Vec::new() };
        world.show();
        world
    }

    /// Lets the node see the accounts as they are in the VM.
    pub fn show(&mut self) {
        let (house, at) = (&self.house, self.house.at);
        let mut addresses = vec![at.clearinghouse, at.board, at.treasury, at.quote_vault];
        for index in 0..house.assets.len() as u8 {
            addresses.push(at.asset(index));
        }
        for index in 0..house.markets.len() as u8 {
            addresses.extend([at.market(index), at.backstop(index), at.slice(index)]);
        }
        addresses.extend(house.margin_accounts());
        addresses.extend(&self.people);
        let mut clock = vec![0; 40];
        clock[32..].copy_from_slice(&house.vm.now().to_le_bytes());
        let mut chain = self.node.chain();
        for address in addresses {
            match house.vm.svm.get_account(&address).filter(|account| !account.data.is_empty()) {
                Some(account) => chain.accounts.insert(address, (account.owner, account.data)),
                None => chain.accounts.remove(&address),
            };
        }
        let sysvar: Pubkey = "SysvarC1ock11111111111111111111111111111111".parse().expect("an address");
        chain.accounts.insert(sysvar, (Pubkey::default(), clock));
    }

    pub fn person(&mut self, quote: u64) -> Person {
        let person = self.house.person_with_quote(quote);
        self.people.push(person.account);
        self.show();
        person
    }

    /// Puts what was sent onto the chain, in a slot of its own.
    pub fn onto_chain(&mut self, sent: Sent) -> Tx {
        let receipt = sent.expect("the program accepts it");
        self.show();
        let time = self.house.vm.now();
        let mut chain = self.node.chain();
        chain.slot += 1;
        let (signature, slot) = (receipt.signature, chain.slot);
        let tx = Tx { signature, slot, time, failed: false, logs: receipt.logs };
        chain.transactions.push(tx.clone());
        tx
    }

    /// A deposit of a quote token, on the chain.
    pub fn deposit(&mut self, person: &Person) -> Tx {
        let sent = self.house.fund_quote(person, 1_000_000);
        self.onto_chain(sent)
    }

    pub fn options(&self) -> Options {
        let mut options =
            Options::new(&self.node.url, &self.node.ws_url, self.house.at.quote_mint, self.database.clone());
        options.listen = ([127, 0, 0, 1], 0).into();
        options.sample_every = Duration::from_millis(200);
        options.sweep_every = Duration::from_millis(300);
        options
    }

    pub async fn serve(&self) -> Handle {
        self.serve_with(self.options()).await
    }

    pub async fn serve_with(&self, options: Options) -> Handle {
        let handle = serve(options).await.expect("it begins");
        until("it is subscribed and has caught up", async || {
            self.node.listeners() == 1 && handle.state().is_caught_up()
        })
        .await;
        handle
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All events of a kind, oldest first.
pub async fn all(store: &Store, kind: &str) -> Vec<Shown> {
    let wanted = Wanted { kinds: vec![kind.into()], limit: 100_000, ..Wanted::default() };
    let mut found = store.read(move |from| find(from, &wanted)).await.expect("it can be read");
    found.reverse();
    found
}

/// What a path answers: status and JSON.
pub async fn get(handle: &Handle, path: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", handle.address());
    let answer = reqwest::get(url).await.expect("it answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}
