//! Keepers under fire.
//!
//! The keeper is the real program, in a process of its own, against the real clearing program in a VM. Between them is a
//! node that does not hear, loses answers, answers late, answers with what has passed and says that it is new, denies what
//! has landed, and loses, doubles, delays and shuffles what it pushes, by a seed. In one bar many accounts fall short; a
//! keeper is killed in the middle and started again.
//!
//! `BALLAST_FIRE=full` runs the whole size and writes `benchmarks/keeper.md`.

#[path = "fire/coin.rs"]
mod coin;
#[path = "fire/faults.rs"]
mod faults;
#[path = "fire/keepers.rs"]
mod keepers;
#[path = "fire/node.rs"]
mod node;
#[path = "fire/people.rs"]
mod people;
#[path = "fire/world.rs"]
mod world;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use faults::Faults;
use keepers::{Folder, Keeper, configure, journals};
use node::Node;
use people::{AFTER, BEFORE, settle_in};
use world::World;

/// Longest that a story may take.
const PATIENCE: Duration = Duration::from_secs(420);
/// Whoever is short is closed, whatever it costs.
const DUTIFUL: &str = "min_profit = -1000000\nslippage_bps = 0\n";
/// Length of a block.
const BLOCK: Duration = Duration::from_millis(100);

/// How a story is told.
struct Story {
    name: &'static str,
    accounts: usize,
    doomed: usize,
    keepers: usize,
    faults: Faults,
    seed: u64,
    kill: bool,
}

/// What was measured.
struct Measured {
    name: &'static str,
    accounts: usize,
    doomed: usize,
    to_first: Vec<f64>,
    to_liquidation: Vec<f64>,
    all_closed_s: f64,
    peak_mb: f64,
    calls_per_s: f64,
    calls: u64,
    sent: usize,
    refused: u64,
    repeats: u64,
    bad: u64,
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied().unwrap_or(f64::NAN)
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "still not after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn tell(story: Story) -> Measured {
    let (house, people) = settle_in(story.accounts, story.doomed, story.keepers);
    let folder = Folder::new(story.name);
    let (node, http, ws) = Node::serve(World::new(house), story.faults, story.seed).await;
    let configs: Vec<PathBuf> = {
        let world = node.world.lock().unwrap();
        let of = |i| configure(&folder, &world, &people.keepers, (http, ws), (i, story.keepers), DUTIFUL);
        (0..story.keepers).map(of).collect()
    };
    // Blocks, and a price every second.
    node.world.lock().unwrap().begin();
    let (fallen, shocked) = (Arc::new(AtomicBool::new(false)), Arc::new(std::sync::Mutex::new(None)));
    let chain = {
        let (node, fallen, shocked) = (node.clone(), fallen.clone(), shocked.clone());
        tokio::spawn(async move {
            let mut blocks = tokio::time::interval(BLOCK);
            blocks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                blocks.tick().await;
                let down = fallen.load(Ordering::SeqCst);
                let posted = Instant::now();
                if node.block(if down { AFTER } else { BEFORE }) && down {
                    shocked.lock().unwrap().get_or_insert(posted);
                }
            }
        })
    };
    let mut keepers: Vec<Keeper> = configs.into_iter().map(Keeper::start).collect();
    // They are at work once a price of theirs is on the board.
    let before = node.world.lock().unwrap().house.board().assets[0].publish_time;
    until("a keeper puts a price on the board", || {
        node.world.lock().unwrap().house.board().assets[0].publish_time > before + 1
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calls = |node: &Node| node.calls.lock().unwrap().values().sum::<u64>();
    let (calls_before, bar) = (calls(&node), Instant::now());

    fallen.store(true, Ordering::SeqCst);
    let closed = |node: &Node| {
        let world = node.world.lock().unwrap();
        people.doomed.iter().filter(|a| world.liquidations.contains_key(*a)).count()
    };
    if story.kill {
        until("a quarter is closed", || closed(&node) >= story.doomed.div_ceil(4)).await;
        keepers[0].kill();
        tokio::time::sleep(Duration::from_secs(1)).await;
        keepers[0].restart();
    }
    until("everybody who fell short is closed", || closed(&node) == story.doomed).await;
    let all_closed_s = shocked.lock().unwrap().unwrap().elapsed().as_secs_f64();
    let (calls_after, length) = (calls(&node), bar.elapsed().as_secs_f64());
    // Whatever else they would do, they do now.
    tokio::time::sleep(Duration::from_secs(6)).await;
    keepers.iter_mut().for_each(Keeper::look);
    let peak_mb = keepers.iter().map(|k| k.peak_kb).max().unwrap() as f64 / 1024.0;
    drop(keepers);
    chain.abort();

    let world = node.world.lock().unwrap();
    for account in &people.doomed {
        let steps = &world.liquidations[account];
        assert_eq!(steps.len(), 1, "{account} was liquidated {} times", steps.len());
        let step = &steps[0];
        assert!(step.equity_before < step.mm_before as i64 && step.equity_after >= step.mm_after as i64);
    }
    for account in people.near.iter().chain(&people.safe) {
        assert!(!world.liquidations.contains_key(account), "{account} was not short and was liquidated");
    }
    assert_eq!(world.liquidations.len(), story.doomed, "nobody else was");
    assert_eq!(world.short(&people.all()), [], "everybody is at or above MM");
    let results = journals(&folder, story.keepers, &world);
    assert!(results <= story.doomed, "a liquidation is in two journals");

    let shocked = shocked.lock().unwrap().unwrap();
    let since = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(shocked).as_secs_f64());
    let sent = |a: &anchor_lang::prelude::Pubkey| world.sent.get(a).copied().unwrap_or_default();
    Measured {
        name: story.name,
        accounts: story.accounts,
        doomed: story.doomed,
        to_first: people
            .doomed
            .iter()
            .filter_map(|a| since(sent(a).touched.or(sent(a).liquidated)))
            .collect(),
        to_liquidation: people.doomed.iter().filter_map(|a| since(sent(a).liquidated)).collect(),
        all_closed_s,
        peak_mb,
        calls_per_s: (calls_after - calls_before) as f64 / length,
        calls: calls_after - calls_before,
        sent: world.landed.len(),
        refused: world.refused.values().sum(),
        repeats: world.repeats,
        bad: node.bad.load(Ordering::Relaxed),
    }
}

fn row(m: &Measured) -> String {
    format!(
        "| {} | {} | {} | {:.2} / {:.2} | {:.2} / {:.2} | {:.1} | {:.0} | {:.1} ({}) | {} | {} | {} | {} |",
        m.name,
        m.accounts,
        m.doomed,
        percentile(&m.to_first, 50),
        percentile(&m.to_first, 99),
        percentile(&m.to_liquidation, 50),
        percentile(&m.to_liquidation, 99),
        m.all_closed_s,
        m.peak_mb,
        m.calls_per_s,
        m.calls,
        m.sent,
        m.refused,
        m.repeats,
        m.bad,
    )
}

const HEAD: &str = "| story | accounts | fall short | price → first transaction, s (p50 / p99) | price → liquidation, s (p50 / p99) | all closed after, s | memory, MB | requests a second (in all) | landed | refused | sent again after landing | faults |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_fire_everybody_who_falls_short_is_closed_once_and_nobody_else() {
    if std::env::var("BALLAST_FIRE").is_ok_and(|size| size == "full") {
        return full().await;
    }
    let story = Story {
        name: "two keepers, one killed",
        accounts: 300,
        doomed: 20,
        keepers: 2,
        faults: Faults::FIRE,
        seed: 0x5eed,
        kill: true,
    };
    println!("{HEAD}\n{}", row(&tell(story).await));
}

/// The whole size, three times, and the page.
async fn full() {
    let story = |name, keepers, faults, kill| Story {
        name,
        accounts: 10_000,
        doomed: 200,
        keepers,
        faults,
        seed: 0x5eed,
        kill,
    };
    let mut page = String::from(
        "# Keepers under fire\n\nWritten by `BALLAST_FIRE=full cargo test --workspace --test fire`: the keeper's own process, \
         the compiled program in a VM, and between them a node with faults ([app/keeper/tests/fire](../app/keeper/tests/fire)). \
         Blocks every 100 ms, a price every second; in one bar the price falls from 100 to 93. An account that falls short is \
         touched first, and liquidated once a later price has confirmed the breach, a second or more after the first: so \
         *price → liquidation* holds that wait. Killed is kill −9 when a quarter is closed, and a restart a second later.\n\n",
    );
    let _ = writeln!(page, "{HEAD}");
    for told in [
        story("a good node, one keeper", 1, Faults::NONE, false),
        story("a bad node, one keeper, killed", 1, Faults::FIRE, true),
        story("a bad node, two keepers, one killed", 2, Faults::FIRE, true),
    ] {
        let line = row(&tell(told).await);
        println!("{line}");
        let _ = writeln!(page, "{line}");
    }
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../../benchmarks/keeper.md"), page).unwrap();
}
