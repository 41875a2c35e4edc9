//! One keeper on a good node in front of a house.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballast_sandbox::{House, Keypair, Signer};

use crate::faults::Faults;
use crate::node::Node;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(120);

/// A keeper's process, which does not outlive the test.
pub struct Keeper(Child);

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a keeper with a key on a node in front of a house, in whose clock three seconds pass in one.
pub async fn start(house: House, key: &Keypair, name: &str, price: f64) -> (Arc<Node>, Keeper, PathBuf) {
    start_in(World::new(house), key, name, price, &[]).await
}

/// The same in a world where more is posted, with more settings.
pub async fn start_in(
    mut world: World,
    key: &Keypair,
    name: &str,
    price: f64,
    more: &[&str],
) -> (Arc<Node>, Keeper, PathBuf) {
    world.speed = 3;
    world.house.vm.svm.airdrop(&key.pubkey(), 100_000_000_000).unwrap();
    let (mint, account) = (world.house.at.quote_mint, world.house.assets[0].price_account);
    world.begin();
    let (node, http, ws) = Node::serve(world, Faults::NONE, 7).await;
    let folder = std::env::temp_dir().join(format!("ballast-duties-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |file: &str| folder.join(file);
    std::fs::write(path("key.json"), serde_json::to_string(&key.to_bytes().to_vec()).unwrap()).unwrap();
    let text = format!(
        "[chain]\nrpc = \"http://{http}\"\nws = \"ws://{ws}\"\nquote_mint = \"{mint}\"\nclock_ms = 100\n\
         [keeper]\nkeypair = {:?}\n[prices]\naccounts = [\"{account}\"]\n[cranks]\nsettle_least = 1000000\n\
         [watch]\nidle_ms = 100\n[sending]\npoll_ms = 100\n[liquidation]\nmin_profit = -1000000000\n\
         [journal]\npath = {:?}\n[server]\nlisten = \"\"\n",
        path("key.json"),
        path("journal.sqlite"),
    );
    std::fs::write(path("keeper.toml"), text).unwrap();
    let blocks = node.clone();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        loop {
            ticks.tick().await;
            blocks.block(price);
        }
    });
    let keeper = Keeper(run(&path("keeper.toml"), more));
    (node, keeper, folder)
}

fn run(config: &Path, more: &[&str]) -> Child {
    let log = std::fs::File::create(config.with_extension("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ballast-keeper"));
    command.args(["run", "--config"]).arg(config).args(more).stdin(Stdio::null()).stderr(log).spawn().unwrap()
}

pub async fn until(what: &str, node: &Node, mut done: impl FnMut(&World) -> bool) {
    let begun = Instant::now();
    while !done(&node.world.lock().unwrap()) {
        if begun.elapsed() > PATIENCE {
            let world = node.world.lock().unwrap();
            panic!("still not: {what}; done {:?}, refused {:?}", world.done, world.refused);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
