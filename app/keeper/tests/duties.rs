//! What a keeper does besides liquidating: it keeps a house going, with money or without, and passes on what it took over.

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

use ballast::governance::Parameter;
use ballast::limits::PhaseParams;
use ballast_sandbox::house::{HouseParams, QUOTE, default_backstop, default_phases, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person};
use one::{start, until};

const COIN: i64 = 1_000_000_000;
const BEFORE: f64 = 100.0;

/// A house with one coin, its perpetual and a backstop that takes over after `takeover_s`, two days after a proposal was made, and an hour after its last
/// tick.
fn house(takeover_s: u32) -> House {
    let phases = PhaseParams { deep_bps: 5_000, bankrupt_bps: 5_000, takeover_s, ..default_phases() };
    let mut house = House::with_params(HouseParams { phases, ..HouseParams::default() });
    house.list_asset(AssetSpec::coin("SOL", 9)).unwrap();
    house.open_market(MarketSpec::perpetual("SOL", 0)).unwrap();
    house.create_backstop(0, default_backstop()).unwrap();
    house.calibrate(made_up_history(0)).unwrap();
    house.open().unwrap();
    house.post_all(&[BEFORE]);
    let governance = house.governance.insecure_clone();
    house.propose(&governance, Parameter::Recovery, 0, 60).unwrap();
    house.vm.advance(86_400);
    house.post_all(&[BEFORE]);
    house.season(&[BEFORE]);
    house.provider(0, 1_000_000);
    house
}

/// Two people with opposite positions of ten coins; the first has so many dollars.
fn trade(house: &mut House, dollars: u64) -> (Person, Person) {
    let (long, short) = (house.person_with_quote(dollars), house.person_with_quote(100_000));
    house.fill_at_oracle(0, &long, &short, 10 * COIN).unwrap();
    (long, short)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keeper_without_money_keeps_the_house_going() {
    let mut house = house(10);
    // One falls short, one is bankrupt, by a fall of twelve dollars.
    let (short, _) = trade(&mut house, 165);
    let (bankrupt, _) = trade(&mut house, 100);
    let trader = house.person_with_quote(10_000);
    house.ask_trade(0, &trader, 1, COIN).unwrap();
    // Its price passes while somebody else trades, so the first request has missed it.
    let other = house.person_with_quote(10_000);
    house.trade_at(0, &other, 9, COIN, BEFORE).unwrap();
    house.vm.advance(3_600);
    house.post_all(&[BEFORE]);
    house.ask_trade(0, &trader, 2, COIN).unwrap();

    let key = Keypair::new();
    let (node, keeper, folder) = start(house, &key, "poor", 88.0).await;
    let duties = [
        "RefreshPrice",
        "Tick",
        "UpdateFunding",
        "AccrueInterest",
        "ExecuteTrade",
        "CloseRequest",
        "ApplyProposal",
        "TouchAccount",
        "TakeOver",
        "ResolveBankruptcy",
        "Settle",
    ];
    until("every duty is done", &node, |world| duties.iter().all(|d| world.done.contains_key(*d))).await;
    until("nobody is short", &node, |world| world.short(&[short.account, bankrupt.account]).is_empty()).await;
    drop(keeper);
    let world = node.world.lock().unwrap();
    assert!(world.liquidations.is_empty(), "a keeper without an account takes nothing over");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Nobody takes over in the hour that this house gives its keepers, and the bankrupt are resolved all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_bankrupt_does_not_wait_for_the_time_of_a_takeover() {
    let mut house = house(3_600);
    let (bankrupt, _) = trade(&mut house, 100);
    let (node, keeper, folder) = start(house, &Keypair::new(), "prompt", 88.0).await;
    until("it is resolved", &node, |world| {
        world.done.contains_key("ResolveBankruptcy")
            && world.house.margin_account(&bankrupt.account).position(0).base == 0
    })
    .await;
    drop(keeper);
    assert!(!node.world.lock().unwrap().done.contains_key("TakeOver"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_keeper_took_over_it_passes_on_to_the_backstop() {
    let mut house = house(10);
    let (short, _) = trade(&mut house, 165);
    let rich = house.person_with_quote(100_000);
    house.vm.advance(20);
    house.post_all(&[BEFORE]);
    let (node, keeper, folder) = start(house, &rich.key, "rich", 88.0).await;
    until("the account is liquidated", &node, |world| world.liquidations.contains_key(&short.account)).await;
    until("what was taken over is passed on", &node, |world| {
        let own = world.house.margin_account(&rich.account);
        world.done.contains_key("RequestTrade")
            && world.done.contains_key("ExecuteTrade")
            && own.position(0).base == 0
    })
    .await;
    drop(keeper);
    let world = node.world.lock().unwrap();
    assert_eq!(world.short(&[short.account]), []);
    let held = world.house.margin_account(&rich.account).quote;
    assert!(held > 99_000 * QUOTE as i64, "the keeper has what it had, less costs: {held}");
    std::fs::remove_dir_all(folder).unwrap();
}
