//! How fast it is, and how large. Prints; asserts nothing that a slow machine would break.
//!
//! ```sh
//! cargo test --workspace --test history -- --ignored measure --nocapture
//! ```

use std::time::Instant;

use anchor_lang::prelude::Pubkey;
use ballast_indexer::idl;
use ballast_indexer::store::Store;
use ballast_indexer::store::events::{Looked, Wanted, find, keep};
use ballast_indexer::store::history::{self, Range, Sample};
use ballast_sandbox::house::QUOTE;

use crate::world::{BASE, World, database, get};

const TRANSACTIONS: u64 = 20_000;
const ACCOUNTS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn measure() {
    let path = database();
    let store = Store::open(&path).expect("a new file");
    let (account, own) = (Pubkey::new_unique(), Pubkey::new_unique());
    let deposited = ballast::event::Deposited { account, asset: None, amount: QUOTE };
    let event = idl::event(&anchor_lang::Event::data(&deposited));
    let begun = Instant::now();
    for at in 0..TRANSACTIONS {
        let (signature, events) = (format!("{at:088}"), vec![event.clone(), event.clone()]);
        let looked =
            Looked { signature, slot: 1_000 + at / 4, time: 1_700_000_000, exact: true, cut: false, events };
        store.write(move |to| keep(to, &looked, &own)).await.expect("it is kept");
    }
    let each = begun.elapsed() / TRANSACTIONS as u32;
    let size = std::fs::metadata(&path).expect("a file").len() / (2 * TRANSACTIONS);
    println!("a transaction of two events is kept in {each:?}; {size} bytes an event");
    let begun = Instant::now();
    let wanted = Wanted { account: Some(account), limit: 500, ..Wanted::default() };
    store.read(move |from| find(from, &wanted)).await.expect("they are found");
    println!("500 events of an account are found in {:?}", begun.elapsed());

    let begun = Instant::now();
    let samples = 86_400 / 5;
    store
        .write(move |to| {
            for at in 0..samples {
                let sample = Sample { assets: vec![crate::thinning::point(at * 5)], ..Sample::default() };
                history::keep(to, &sample)?;
            }
            Ok(())
        })
        .await
        .expect("they are kept");
    println!("a day of samples is kept in {:?}", begun.elapsed());
    let begun = Instant::now();
    let range = Range { from: 0, to: 86_400, points: 300 };
    store.read(move |from| history::asset(from, 0, range)).await.expect("they are found");
    println!("a day is shown in 300 points in {:?}", begun.elapsed());
    let begun = Instant::now();
    let gone = store.write(|of| ballast_indexer::store::thin::thin(of, 86_400 * 2)).await.expect("it thins");
    println!("a day is thinned by {gone} of {samples} samples in {:?}", begun.elapsed());
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }

    let mut world = World::new().await;
    let (who, desk) = (world.person(20_000), world.person(1_000_000));
    world.house.fill_at_oracle(0, &who, &desk, 500 * BASE).expect("a fill");
    world.show();
    let account = world.node.chain().accounts[&who.account].clone();
    for _ in 0..ACCOUNTS {
        world.node.chain().accounts.insert(Pubkey::new_unique(), account.clone());
    }
    let begun = Instant::now();
    let handle = world.serve().await;
    println!("it begins with {ACCOUNTS} accounts in {:?}", begun.elapsed());
    for path in ["/api/accounts?limit=500".to_owned(), format!("/api/accounts/{}/explain", who.account)] {
        let begun = Instant::now();
        let (status, _) = get(&handle, &path).await;
        println!("{path} answers {status} in {:?}", begun.elapsed());
    }
    handle.stop().await.expect("it ends");
}
