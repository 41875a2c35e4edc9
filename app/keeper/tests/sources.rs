//! A keeper where prices have more than one source, and where an oracle publishes volatility; and where the endpoint that it
//! tells hangs.

#[allow(dead_code)]
#[path = "fire/faults.rs"]
mod faults;
#[allow(dead_code)]
#[path = "fire/node.rs"]
mod node;
#[allow(dead_code)]
#[path = "fire/one.rs"]
mod one;
#[allow(dead_code)]
#[path = "fire/world.rs"]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use ballast_risk::breaker::State;
use ballast_sandbox::house::HouseParams;
use ballast_sandbox::{AssetSpec, Feed, House, Keypair, MarketSpec, Person};
use one::{start_in, until};
use world::World;

const COIN: i64 = 1_000_000_000;
const BEFORE: f64 = 100.0;
/// Where a long position of ten coins on 165 dollars is short.
const FALLEN: f64 = 88.0;

fn house(coin: AssetSpec) -> House {
    House::with_assets(HouseParams::default(), vec![(coin, BEFORE)])
}

/// Somebody who is short once the price has fallen.
fn doomed(house: &mut House) -> Person {
    let (long, other) = (house.person_with_quote(165), house.person_with_quote(100_000));
    house.fill_at_oracle(0, &long, &other, 10 * COIN).unwrap();
    long
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_one_of_two_sources_alone_says_closes_nobody_and_what_both_say_does() {
    let mut coin = AssetSpec::coin("SOL", 9);
    coin.args.sources.second_source = Pubkey::new_from_array([0x5b; 32]);
    (coin.args.sources.quorum, coin.args.sources.max_deviation_bps) = (2, 100);
    let mut house = house(coin);
    let person = doomed(&mut house);
    let rich = house.person_with_quote(100_000);
    house.vm.advance(20);
    house.say(0, BEFORE).unwrap();

    let mut world = World::new(house);
    let second = Arc::new(AtomicU64::new(BEFORE as u64));
    let said = second.clone();
    let place = world.house.sources(0).second_source.unwrap();
    let post = move |house: &mut House| {
        let feed = house.feed(said.load(Ordering::SeqCst) as f64);
        house.post_second(0, &feed);
    };
    world.also = Some((vec![place], Box::new(post)));
    // Pyth's price has fallen already; the second source has not.
    let (node, keeper, folder) = start_in(world, &rich.key, "two", FALLEN, &[]).await;
    until("what they are apart on is doubted on the board", &node, |world| {
        let doubted = world.house.board().assets[0].breaker == State::Doubted as u8;
        doubted && world.done.get("RefreshPrice").is_some_and(|times| *times >= 5)
    })
    .await;
    {
        let world = node.world.lock().unwrap();
        assert!(!world.done.contains_key("TouchAccount"), "{:?}", world.done);
        assert!(world.liquidations.is_empty());
        assert!(world.refused.is_empty(), "what the program refuses is not sent: {:?}", world.refused);
    }
    second.store(FALLEN as u64, Ordering::SeqCst);
    until("what both say closes the account", &node, |world| {
        world.liquidations.contains_key(&person.account) && world.short(&[person.account]).is_empty()
    })
    .await;
    drop(keeper);
    let world = node.world.lock().unwrap();
    let together = world.landed.values().any(|landed| {
        let has = |name: &str| landed.logs.iter().any(|l| l.ends_with(&format!("Instruction: {name}")));
        landed.error.is_none() && has("RefreshPrice") && (has("TouchAccount") || has("Liquidate"))
    });
    assert!(together, "the account was judged at the posted prices, before the board had them");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn implied_volatility_is_put_on_the_board_again_and_again() {
    let mut coin = AssetSpec::coin("SOL", 9);
    coin.args.implied_feed_id = Feed::of("SOL volatility");
    let mut house = house(coin);
    let expiry = house.vm.now() + 86_400;
    house.open_market(MarketSpec::option("SOL", 0, false, 105.0, expiry)).unwrap();
    let (key, place) = (Keypair::new(), house.implied_account(0));
    let mut world = World::new(house);
    world.also = Some((vec![place], Box::new(|house| house.post_implied(0, 100.0))));
    let (place, every) = (format!("prices.implied=[\"{place}\"]"), "cranks.implied_every_s=5");
    let (node, keeper, folder) =
        start_in(world, &key, "implied", BEFORE, &["--set", &place, "--set", every]).await;
    let mut times = Vec::new();
    until("four volatilities are on the board", &node, |world| {
        let state = &world.house.board().assets[0];
        if state.implied_time != 0 && times.last() != Some(&state.implied_time) {
            times.push(state.implied_time);
        }
        times.len() >= 4 && state.implied_sigma > 0
    })
    .await;
    drop(keeper);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 5), "no sooner than it is told: {times:?}");
    let world = node.world.lock().unwrap();
    assert!(world.refused.is_empty(), "what the program refuses is not sent: {:?}", world.refused);
    std::fs::remove_dir_all(folder).unwrap();
}

/// A figure on the page that Prometheus reads.
fn figure(page: &str, name: &str) -> f64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name} is not in\n{page}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_hangs_does_not_slow_the_keeper_and_metrics_say_how_fast_it_is() {
    let hanging = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("alerts.webhook=http://{}/", hanging.local_addr().unwrap());
    let held = tokio::spawn(async move {
        // Connections are taken, and nothing is ever answered.
        let mut held = Vec::new();
        while let Ok((stream, _)) = hanging.accept().await {
            held.push(stream);
        }
    });
    let mut house = house(AssetSpec::coin("SOL", 9));
    let person = doomed(&mut house);
    let rich = house.person_with_quote(100_000);
    let more =
        ["--set", &endpoint, "--set", "alerts.lamports_below=1000000000000000000", "--listen", "127.0.0.1:0"];
    let (node, keeper, folder) = start_in(World::new(house), &rich.key, "hangs", FALLEN, &more).await;
    until("the account is liquidated", &node, |w| w.liquidations.contains_key(&person.account)).await;
    let log = std::fs::read_to_string(folder.join("keeper.log")).unwrap();
    let address = log.split("address=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let read =
        || async { reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap() };
    let begun = Instant::now();
    let page = loop {
        let page = read().await;
        let told = page.contains("keeper_alerts_total{kind=\"lamports\",outcome=\"raised\"} 1");
        if told && figure(&page, "keeper_price_to_transaction_seconds_count") >= 5.0 {
            break page;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "still not five prices answered:\n{page}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(!page.contains("outcome=\"delivered\""), "nobody took the alert");
    for name in ["keeper_pass_seconds", "keeper_look_seconds", "keeper_price_to_transaction_seconds"] {
        let (sum, count) = (figure(&page, &format!("{name}_sum")), figure(&page, &format!("{name}_count")));
        assert!(count > 0.0 && sum / count < 2.0, "{name}: {count} of {} s each", sum / count);
    }
    drop(keeper);
    held.abort();
    std::fs::remove_dir_all(folder).unwrap();
}
