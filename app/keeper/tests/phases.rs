//! Keepers under fire where liquidation goes in phases: a local cluster's phases, windows and auction, a bad node, and two
//! keepers who share the house. In one bar accounts fall short by a little, by much, and nearly to bankruptcy.

#[path = "fire/coin.rs"]
mod coin;
#[allow(dead_code)]
#[path = "fire/faults.rs"]
mod faults;
#[allow(dead_code)]
#[path = "fire/keepers.rs"]
mod keepers;
#[allow(dead_code)]
#[path = "fire/node.rs"]
mod node;
#[allow(dead_code)]
#[path = "fire/world.rs"]
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use ballast::event::Liquidated;
use ballast::instructions::MatchFillArgs;
use ballast::limits::PhaseParams;
use ballast::state::RiskBoard;
use ballast_risk::margin::Margin;
use ballast_risk::phase;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{AssetSpec, House, Person};
use faults::Faults;
use keepers::{Folder, Keeper, configure, journals};
use node::Node;
use world::World;

const BEFORE: f64 = 100.0;
const AFTER: f64 = 91.0;
/// What everybody is long of, native units of nine decimals: a hundred coins.
const SIZE: i64 = 100_000_000_000;
/// Volume of an hour: of it a window holds a twentieth.
const DEPTH: u64 = 800_000 * QUOTE;
/// Seconds of the clock in a real one.
const SPEED: i64 = 6;
const PATIENCE: Duration = Duration::from_secs(120);
/// What those who fall short have left of their MM, percent; the first are near bankruptcy.
const SHORT: [u64; 14] = [30, 36, 45, 52, 60, 65, 70, 74, 78, 82, 86, 90, 93, 96];
/// And everybody else.
const NEAR: usize = 14;
const SAFE: usize = 60;

/// The phases of a local cluster.
fn localnet() -> PhaseParams {
    let table: toml::Table = toml::from_str(include_str!("../../../migrations/localnet.toml")).unwrap();
    let phases = table["clearinghouse"]["phases"].as_table().unwrap();
    let figure = |name: &str| phases[name].as_integer().and_then(|n| u32::try_from(n).ok()).unwrap();
    PhaseParams {
        bounty: figure("bounty").into(),
        deep_bps: figure("deep_bps"),
        bankrupt_bps: figure("bankrupt_bps"),
        penalty_start_bps: figure("penalty_start_bps"),
        penalty_growth_s: figure("penalty_growth_s"),
        first_step_bps: figure("first_step_bps"),
        wait_s: figure("wait_s"),
        window_depth_bps: figure("window_depth_bps"),
        window_s: figure("window_s"),
        takeover_s: figure("takeover_s"),
        resolve_s: figure("resolve_s"),
    }
}

fn house() -> House {
    let mut coin = AssetSpec::coin("SOL", 9);
    (coin.args.depth_floor, coin.args.depth_cap) = (DEPTH, DEPTH);
    coin.args.crowd_share_bps = 0;
    coin::house(localnet(), coin, BEFORE)
}

/// Everybody, those who will fall short first; and two keepers with plenty.
fn settle_in(house: &mut House) -> (Vec<Person>, Vec<Person>) {
    let maker = house.person_with_quote(1_000_000_000);
    let probe = house.person_with_quote(100_000);
    house.fill_at_oracle(0, &probe, &maker, SIZE).unwrap();
    let whole = coin::fallen(house, &probe.account, AFTER).maintenance;
    let loss = ((BEFORE - AFTER) * 100.0) as u64 * QUOTE;
    let near = (0..NEAR).map(|index| 106 + index as u64);
    let safe = (0..SAFE).map(|index| 300 + index as u64);
    let everybody = SHORT.into_iter().chain(near).chain(safe).map(|share| {
        let person = house.person();
        house.fund_quote(&person, loss + whole * share / 100).unwrap();
        let quote = (BEFORE * 100.0) as u64 * QUOTE;
        let fill = house.at.match_fill(0, person.party(), maker.party(), MatchFillArgs { base: SIZE, quote });
        house.vm.send(&[fill], &[&person.key, &maker.key]).unwrap();
        person
    });
    let everybody: Vec<Person> = everybody.collect();
    let keepers = [0, 1].map(|_| house.person_with_quote(10_000_000));
    for keeper in &keepers {
        house.vm.svm.airdrop(&keeper.pubkey(), 100_000_000_000).unwrap();
    }
    (everybody, keepers.into())
}

/// Phases after which what is left of the MM is no more than what is left of the equity, where each frees its whole share
/// and costs nothing: fewer cannot do. None for an account that nothing holds back.
fn least_phases(margin: &Margin, pace: &phase::PhaseParams) -> usize {
    if pace.is_unphased(margin) {
        return 1;
    }
    let (equity, mut left, mut phases) = (margin.equity as f64, margin.maintenance as f64, 0);
    while left > equity {
        left *= 1.0 - f64::from(pace.first_step_bps) / 10_000.0;
        phases += 1;
    }
    phases
}

/// Holds the steps of one account against its phases, and returns how many phases it took.
fn phases_of(steps: &[Liquidated], times: &[i64], pace: &phase::PhaseParams) -> usize {
    let (mut phases, mut begun, mut whole, mut freed) = (0, i64::MIN, 0, 0);
    for (step, at) in steps.iter().zip(times) {
        assert!(step.equity_before < step.mm_before as i64, "{} was not short", step.account);
        if phases == 0 || at - begun >= i64::from(pace.wait_s) {
            (phases, begun, whole, freed) = (phases + 1, *at, step.mm_before, 0);
        }
        freed += step.mm_before - step.mm_after;
        let near_bankruptcy =
            (step.equity_before as f64) < step.mm_before as f64 * f64::from(pace.bankrupt_bps) / 10_000.0;
        let most = (whole * u64::from(pace.first_step_bps) / 10_000).max(pace.dust);
        assert!(
            freed <= most + most / 50 || near_bankruptcy,
            "{}: {freed} of {whole} in a phase",
            step.account
        );
    }
    phases
}

/// Seconds that the market's window takes at least for these steps in their order: what was taken up to each of them fits
/// into the part of the window that is open to its depth, and into what refilled since the first.
fn least_refill(steps: &[&Liquidated], pace: &phase::PhaseParams) -> f64 {
    let bankrupt = f64::from(pace.bankrupt_bps) / 10_000.0;
    let window = phase::window_limit(DEPTH, pace).unwrap() as f64;
    let mut volume = 0.0;
    let waits = steps.iter().map(|step| {
        volume += step.legs.iter().map(|leg| leg.proceeds.unsigned_abs() as f64).sum::<f64>();
        let depth = (1.0 - step.equity_before as f64 / step.mm_before as f64) / (1.0 - bankrupt);
        // Near bankruptcy nothing waits, and what is taken fills the window for the others.
        let open = if depth < 1.0 { window / 2.0 * (1.0 + depth) } else { f64::INFINITY };
        (volume - open) / window * f64::from(pace.window_s)
    });
    waits.fold(0.0, f64::max)
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "still not after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn pace(board: &RiskBoard) -> phase::PhaseParams {
    board.phases.pace(board.params.dust)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_phases_everybody_who_falls_short_is_brought_home_and_nobody_else_is_touched() {
    let mut house = house();
    let (everybody, keepers) = settle_in(&mut house);
    let stands: Vec<Margin> =
        everybody.iter().map(|person| coin::fallen(&house, &person.account, AFTER)).collect();
    let (short, well): (Vec<_>, Vec<_>) =
        everybody.iter().zip(&stands).partition(|(_, m)| m.is_liquidatable());
    assert_eq!(short.len(), SHORT.len(), "as many fall short as were meant to");
    let pace = pace(&house.board());
    assert_eq!(short.iter().filter(|(_, m)| pace.is_unphased(m)).count(), 2, "two are near bankruptcy");

    let folder = Folder::new("phases");
    let mut world = World::new(house);
    world.speed = SPEED;
    let (node, http, ws) = Node::serve(world, Faults::FIRE, 0x9ace).await;
    let configs: Vec<_> = {
        let world = node.world.lock().unwrap();
        // As a keeper who counts its costs is configured.
        let of = |i| configure(&folder, &world, &keepers, (http, ws), (i, 2), "slippage_bps = 0\n");
        (0..2).map(of).collect()
    };
    node.world.lock().unwrap().begin();
    // When the price has fallen, by the chain's clock; zero before.
    let fell = Arc::new(AtomicI64::new(0));
    let chain = {
        let (node, fell) = (node.clone(), fell.clone());
        tokio::spawn(async move {
            let mut blocks = tokio::time::interval(Duration::from_millis(50));
            blocks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                blocks.tick().await;
                let down = fell.load(Ordering::SeqCst) != 0;
                if node.block(if down { AFTER } else { BEFORE }) && down {
                    let now = node.world.lock().unwrap().house.vm.now();
                    let _ = fell.compare_exchange(1, now, Ordering::SeqCst, Ordering::SeqCst);
                }
            }
        })
    };
    let begun = Instant::now();
    let running: Vec<Keeper> = configs.into_iter().map(Keeper::start).collect();
    let first = node.world.lock().unwrap().house.board().assets[0].publish_time;
    until("a keeper puts a price on the board", || {
        node.world.lock().unwrap().house.board().assets[0].publish_time > first + SPEED
    })
    .await;
    fell.store(1, Ordering::SeqCst);
    let addresses: Vec<Pubkey> = short.iter().map(|(person, _)| person.account).collect();
    let mut home = 0;
    until("everybody who fell short is brought home", || {
        let world = node.world.lock().unwrap();
        let fallen = fell.load(Ordering::SeqCst) > 1
            && world.house.board().assets[0].publish_time > fell.load(Ordering::SeqCst);
        let done = fallen
            && addresses.iter().all(|a| world.liquidations.contains_key(a))
            && world.short(&addresses).is_empty();
        home = if done { world.house.vm.now() } else { 0 };
        done
    })
    .await;
    let took = home - fell.load(Ordering::SeqCst);
    // Whatever else they would do, they do now.
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(running);
    chain.abort();

    let world = node.world.lock().unwrap();
    for (person, _) in &well {
        assert!(!world.liquidations.contains_key(&person.account), "{} was not short", person.account);
    }
    assert_eq!(world.liquidations.len(), short.len(), "nobody else was liquidated");
    let all: Vec<Pubkey> = everybody.iter().map(|person| person.account).collect();
    assert_eq!(world.short(&all), [], "everybody is at or above MM");
    journals(&folder, 2, &world);
    let mut longest = 0;
    for (person, margin) in &short {
        let (taken, times) = (&world.liquidations[&person.account], &world.times[&person.account]);
        let (phases, least) = (phases_of(taken, times, &pace), least_phases(margin, &pace));
        println!(
            "{:.0} % of MM: {phases} phases of at least {least}, {} steps, home after {} s",
            100.0 * margin.equity as f64 / margin.maintenance as f64,
            taken.len(),
            times.last().unwrap() - fell.load(Ordering::SeqCst)
        );
        // Who waits for the next phase may be met halfway by MM, which falls as the fall grows older.
        let (equity, needed) = taken.last().map(|step| (step.equity_after, step.mm_after)).unwrap();
        let left = i128::from(needed) - i128::from(equity);
        assert!(left <= i128::from(needed / 20), "{} was left short: {equity} of {needed}", person.account);
        longest = longest.max(least);
    }
    let mut steps: Vec<(i64, &Liquidated)> = Vec::new();
    for (account, taken) in &world.liquidations {
        steps.extend(world.times[account].iter().copied().zip(taken));
    }
    steps.sort_by_key(|(at, _)| *at);
    let steps: Vec<&Liquidated> = steps.into_iter().map(|(_, step)| step).collect();
    let waits = (longest.saturating_sub(1) as u32 * pace.wait_s) as f64;
    let refill = least_refill(&steps, &pace);
    let (least, steps) = (waits.max(refill), steps.len());
    println!(
        "home after {took} s of the clock, {:.1} real; the least: {waits:.0} s by phases, {refill:.0} s by windows in this order; \
         {steps} steps, {} transactions, refused {:?}, {} faults",
        begun.elapsed().as_secs_f64(),
        world.landed.len(),
        world.refused,
        node.bad.load(Ordering::Relaxed),
    );
    // A bad node costs seconds, of which the clock makes six; who waited for nothing would be slower by far.
    assert!((took as f64) <= least + 45.0, "{took} s where {least:.0} are the least");
}
