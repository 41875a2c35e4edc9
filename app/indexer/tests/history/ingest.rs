//! Ingest: every event once, whatever the node does.

use std::time::Duration;

use ballast_indexer::store::Store;
use ballast_indexer::store::events::{Shown, count};

use crate::node::Tx;
use crate::world::{World, all, until};

fn signatures(shown: &[Shown]) -> Vec<&str> {
    shown.iter().map(|event| event.signature.as_str()).collect()
}

fn named(txs: &[Tx]) -> Vec<&str> {
    txs.iter().map(|tx| tx.signature.as_str()).collect()
}

/// Swept long enough for anything that might still come.
async fn rest() {
    tokio::time::sleep(Duration::from_millis(900)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_before_it_began_is_fetched_and_what_happens_is_heard() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let mut txs: Vec<Tx> = (0..5).map(|_| world.deposit(&who)).collect();
    // More than a page of them.
    world.node.chain().page = 2;
    let handle = world.serve().await;
    let store = handle.state().store.clone();
    let found = all(&store, "Deposited").await;
    assert_eq!(signatures(&found), named(&txs));
    assert_eq!(found[0].data["account"], who.account.to_string());
    assert_eq!(found[0].data["amount"], "1000000");
    assert_eq!(
        (found[0].slot, found[0].t),
        (txs[0].slot, txs[0].time),
        "the block's time, not the transaction's"
    );

    let before = world.node.chain().calls["getTransaction"];
    txs.push(world.deposit(&who));
    world.node.tell(&txs[5]);
    until("it is heard", async || all(&store, "Deposited").await.len() == 6).await;
    rest().await;
    assert_eq!(world.node.chain().calls["getTransaction"], before, "what was heard is not asked for");
    assert_eq!(signatures(&all(&store, "Deposited").await), named(&txs));
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_reordering_change_nothing() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let handle = world.serve().await;
    let store = handle.state().store.clone();
    let txs: Vec<Tx> = (0..6).map(|_| world.deposit(&who)).collect();
    for at in [3, 1, 3, 5, 0, 1, 4, 2, 5, 0] {
        world.node.tell(&txs[at]);
    }
    until("all are heard", async || all(&store, "Deposited").await.len() >= 6).await;
    rest().await;
    let found = all(&store, "Deposited").await;
    assert_eq!(signatures(&found), named(&txs), "each once, in the order of the chain");
    assert!(found.is_sorted_by_key(|event| event.id));
    assert_eq!(store.read(count).await.expect("a count"), handle.state().count());
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dropped_connection_missed_is_made_good() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let mut options = world.options();
    // Sweeps come with connections alone.
    options.sweep_every = Duration::from_secs(3_600);
    let handle = world.serve_with(options).await;
    let store = handle.state().store.clone();
    let mut txs = vec![world.deposit(&who)];
    world.node.tell(&txs[0]);
    until("the first is heard", async || all(&store, "Deposited").await.len() == 1).await;
    world.node.hang_up();
    until("it noticed", async || world.node.listeners() == 0).await;
    txs.extend((0..3).map(|_| world.deposit(&who)));
    until("they are made good", async || all(&store, "Deposited").await.len() == 4).await;
    assert_eq!(signatures(&all(&store, "Deposited").await), named(&txs));
    handle.stop().await.expect("it ends");
}

/// A connection that is open and says nothing is worse than none.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_connection_is_replaced() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let handle = world.serve().await;
    let store = handle.state().store.clone();
    until("it is subscribed", async || handle.state().hearing().from() < u64::MAX).await;
    let from = handle.state().hearing().from();
    world.node.chain().slot = from + 1;
    let missed = world.deposit(&who);
    until("the sweep finds it", async || all(&store, "Deposited").await.len() == 1).await;
    // The chain goes on by more than anybody could be late.
    world.node.chain().slot += 40;
    let newer = world.deposit(&who);
    until("the sweep finds the other", async || all(&store, "Deposited").await.len() == 2).await;
    assert_eq!(signatures(&all(&store, "Deposited").await), named(&[missed, newer]));
    until("it subscribes anew", async || (from + 1..u64::MAX).contains(&handle.state().hearing().from()))
        .await;
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_continues_where_it_stopped() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let mut txs: Vec<Tx> = (0..3).map(|_| world.deposit(&who)).collect();
    // Far enough back for the mark to pass them.
    world.node.chain().slot += 100;
    txs.push(world.deposit(&who));
    let first = world.serve().await;
    first.stop().await.expect("it ends");
    let asked = world.node.chain().calls["getTransaction"];
    assert_eq!(asked, 4);
    txs.extend((0..2).map(|_| world.deposit(&who)));
    let listed = world.node.chain().transactions.len();
    let second = world.serve().await;
    let store = second.state().store.clone();
    assert_eq!(signatures(&all(&store, "Deposited").await), named(&txs));
    assert_eq!(world.node.chain().calls["getTransaction"], asked + 2, "only what is new is asked for");
    assert_eq!(listed, 6);
    assert_eq!(second.state().count(), 6, "the count outlives the process");
    let mark = store.note("swept_through").await.expect("a note");
    assert_eq!(mark.as_deref(), Some(txs[2].signature.as_str()), "the mark stays behind the newest");
    second.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_a_node_withholds_is_asked_for_again() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let txs: Vec<Tx> = (0..3).map(|_| world.deposit(&who)).collect();
    world.node.chain().slot += 100;
    let newer = world.deposit(&who);
    world.node.chain().withheld.insert(txs[1].signature.clone());
    let handle = ballast_indexer::serve(world.options()).await.expect("it begins");
    let store = handle.state().store.clone();
    until("the others are there", async || all(&store, "Deposited").await.len() == 3).await;
    let mark = store.note("swept_through").await.expect("a note");
    assert_eq!(mark.as_deref(), Some(txs[0].signature.as_str()), "the mark does not pass it");
    assert!(!handle.state().is_caught_up());
    world.node.chain().withheld.clear();
    until("it is there", async || all(&store, "Deposited").await.len() == 4).await;
    let wanted = [&named(&txs)[..], &[newer.signature.as_str()]].concat();
    assert_eq!(signatures(&all(&store, "Deposited").await), wanted, "and stands where it belongs");
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_transactions_and_lying_logs_are_not_taken() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let handle = world.serve().await;
    let store = handle.state().store.clone();
    let honest = world.deposit(&who);
    let data: Vec<&String> = honest.logs.iter().filter(|line| line.starts_with("Program data: ")).collect();
    // The very lines that the program wrote, by a program that calls Ballast and lies around it.
    let mut lie = vec!["Program Liar1111111111111111111111111111111111 invoke [1]".to_owned()];
    lie.extend(data.iter().map(|line| (*line).clone()));
    lie.push("Program log: Program success".into());
    lie.push("Program log: success".into());
    lie.extend(data.iter().map(|line| (*line).clone()));
    lie.push("Program Liar1111111111111111111111111111111111 success".into());
    let push = |signature: &str, failed: bool, logs: Vec<String>| {
        let mut chain = world.node.chain();
        chain.slot += 1;
        let (slot, time, signature) = (chain.slot, honest.time, signature.to_owned());
        let tx = Tx { signature, slot, time, failed, logs };
        chain.transactions.push(tx.clone());
        tx
    };
    let told = [push(&"2".repeat(87), false, lie.clone()), push(&"3".repeat(87), true, honest.logs.clone())];
    // Never told, so that the sweep comes upon them.
    push(&"4".repeat(87), false, lie);
    push(&"5".repeat(87), true, honest.logs.clone());
    for tx in told.iter().chain([&honest]) {
        world.node.tell(tx);
    }
    until("the honest one is heard", async || !all(&store, "Deposited").await.is_empty()).await;
    rest().await;
    assert_eq!(signatures(&all(&store, "Deposited").await), [honest.signature]);
    handle.stop().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_goes_away_and_comes_back_costs_nothing() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    let handle = world.serve().await;
    let store = handle.state().store.clone();
    world.node.chain().down = true;
    world.node.hang_up();
    let tx = world.deposit(&who);
    rest().await;
    assert!(all(&store, "Deposited").await.is_empty());
    world.node.chain().down = false;
    until("it is made good", async || all(&store, "Deposited").await.len() == 1).await;
    assert_eq!(signatures(&all(&store, "Deposited").await), [tx.signature]);
    handle.stop().await.expect("it ends");
}

/// The numbers of one house must not stand in the charts of another.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_another_house_is_refused() {
    let world = World::new().await;
    world.serve().await.stop().await.expect("it ends");
    let mut other = World::new().await;
    other.database.clone_from(&world.database);
    let refused = ballast_indexer::serve(other.options()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("give another file with --db"), "{refused:#}");
}

/// A test cluster that begins anew with the same keys: the same addresses, and another past.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_a_chain_that_began_anew_is_refused() {
    let mut world = World::new().await;
    let who = world.person(1_000);
    world.node.chain().slot = 50_000;
    world.deposit(&who);
    world.serve().await.stop().await.expect("it ends");
    world.node.chain().slot = 100;
    world.node.chain().transactions.clear();
    let refused = ballast_indexer::serve(world.options()).await.err().expect("it is refused");
    assert!(refused.to_string().contains("begun anew"), "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_newer_release_is_refused() {
    let world = World::new().await;
    drop(Store::open(&world.database).expect("a new file"));
    let connection = rusqlite::Connection::open(&world.database).expect("it opens");
    connection.pragma_update(None, "user_version", 99).expect("it is written");
    drop(connection);
    let refused = Store::open(&world.database).err().expect("it is refused");
    assert!(format!("{refused:#}").contains("newer release"), "{refused:#}");
}
