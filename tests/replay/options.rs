//! Options by the auditor: the program's figures lie between repricing and the engine's documented lines.

use ballast_client::health::health;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::options::WINDOW_S;
use ballast_sandbox::{House, MarketSpec, Person};
use ballast_tests::auditor::Basis;

use crate::common::{claim, ledger};

const BASE: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Every account on every basis; the largest share of what is allowed that was used.
#[track_caller]
fn agrees(house: &House, people: &[Person]) -> f64 {
    let (seen, board, now) = (ledger(house), house.board(), house.vm.now());
    assert!(seen.problems().is_empty(), "{:?}", seen.problems());
    let mut worst = 0.0f64;
    for person in people {
        let account = house.margin_account(&person.account);
        let engine = health(&account, &board, now).expect("prices are fresh");
        for (basis, engine) in [
            (Basis::Maintenance, engine.maintenance),
            (Basis::Initial, engine.initial),
            (Basis::Withdrawal, engine.withdrawal),
        ] {
            let own = seen.board.margin(&seen.accounts[&person.account.to_bytes()], basis);
            let claim = claim(&engine);
            let found = own.refuted(&claim);
            assert!(found.is_empty(), "{basis:?} {account:?}: {found:#?}");
            worst = worst.max((claim.maintenance - own.maintenance).abs() / (own.overcharge + own.noise));
        }
    }
    worst
}

/// A call, a put and a perpetual on SOL, a call on ETH; books of one side, both sides, hedged and naked.
fn traded() -> (House, Vec<Person>) {
    let mut house = House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    house.season(&[100.0, 1_000.0]);
    let expiry = house.vm.now() + DAY;
    for (asset, is_put, strike) in [(0, false, 101.0), (0, true, 98.0), (1, false, 1_050.0), (0, false, 60.0)]
    {
        let name = ["SOL", "ETH"][usize::from(asset)];
        house.open_market(MarketSpec::option(name, asset, is_put, strike, expiry)).expect("governance lists");
    }
    house.vm.advance(1);
    house.post_all(&[100.0, 1_000.0]);
    let people: Vec<Person> = (0..5).map(|_| house.person_with_quote(100_000)).collect();
    let mut trade = |market: u8, buyer: usize, seller: usize, contracts: i64| {
        let (buyer, seller) = (&people[buyer], &people[seller]);
        house.fill_at_mark(market, buyer, seller, contracts * BASE).expect("a fill at the mark");
    };
    trade(2, 0, 1, 50);
    trade(3, 0, 1, 40);
    trade(4, 2, 0, 10);
    trade(5, 3, 1, 20);
    trade(3, 3, 2, 30);
    trade(2, 4, 3, 25);
    house.fill_at_oracle(0, &people[1], &people[4], 30 * BASE).expect("a perpetual");
    house.fund_collateral(&people[3], 0, 25 * BASE as u64).expect("coins are taken");
    (house, people)
}

#[test]
fn margins_of_options_lie_between_repricing_and_the_lines() {
    let (mut house, people) = traded();
    let mut worst = agrees(&house, &people);
    for (seconds, prices) in [
        (30, [101.0, 1_010.0]),
        (600, [103.0, 990.0]),
        (30, [99.0, 940.0]),
        (3_600, [95.0, 960.0]),
        (30, [90.0, 1_050.0]),
        (30, [109.0, 1_100.0]),
        (14_400, [104.0, 1_080.0]),
    ] {
        house.vm.advance(seconds);
        house.post_all(&prices);
        worst = worst.max(agrees(&house, &people));
        if seconds >= 3_600 {
            house.tick().expect("it is due");
            worst = worst.max(agrees(&house, &people));
        }
    }
    println!("at most {worst:.2} of what is allowed was used");
    assert!(worst > 0.0);
}

#[test]
fn an_option_that_settles_is_followed_to_its_last_second_and_beyond() {
    let (mut house, people) = traded();
    let expiry = house.board().markets[2].expiry;
    house.vm.advance(expiry - i64::from(WINDOW_S) - house.vm.now() - 30);
    for step in 0..33 {
        house.post_all(&[100.0 + f64::from(step % 7) / 2.0, 1_040.0 + 3.0 * f64::from(step % 11)]);
        agrees(&house, &people);
        house.vm.advance(if step < 31 { 60 } else { 1 });
        agrees(&house, &people);
    }
    assert!(house.vm.now() > expiry);
    for market in 2..6 {
        for person in &people {
            let _nothing_to_settle_for_some = house.settle(market, person);
            agrees(&house, &people);
        }
    }
    assert!(house.board().markets[2].settlement_price().is_some());
}

/// An auditor that nods at anything is none: a claim that is a thousandth off is refuted.
#[test]
fn an_engine_that_forgets_volatility_or_the_minimum_is_refuted() {
    let (house, people) = traded();
    let (seen, board) = (ledger(&house), house.board());
    let account = house.margin_account(&people[1].account);
    let honest = health(&account, &board, house.vm.now()).expect("prices are fresh").maintenance;
    let own = seen.board.margin(&seen.accounts[&people[1].account.to_bytes()], Basis::Maintenance);
    assert!(own.refuted(&claim(&honest)).is_empty());
    let minimum = 2 * QUOTE * 50;
    for (what, lie) in [
        ("equity", {
            let mut c = claim(&honest);
            c.equity += 0.001 * own.maintenance;
            c
        }),
        ("shortfall", {
            let mut c = claim(&honest);
            c.expected_shortfall *= 0.99;
            c
        }),
        ("stress", {
            let mut c = claim(&honest);
            c.stress *= 0.99;
            c
        }),
        ("minimum", {
            let mut c = claim(&honest);
            c.addons -= minimum as f64;
            c
        }),
        ("mm", {
            let mut c = claim(&honest);
            c.maintenance = own.maintenance * 0.999;
            c
        }),
    ] {
        assert!(!own.refuted(&lie).is_empty(), "a false {what} was believed: {own:?} {lie:?}");
    }
}
