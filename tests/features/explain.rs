//! Explain: what the client says of an account is what the program does with it.

use ballast_client::explain::{explain, what_if};
use ballast_risk::fixed::RATE_ONE;

use crate::common::{BASE, health_of, prices_after, sol_and_eth};

#[test]
fn the_parts_of_an_account_are_the_margin_that_the_program_reports() {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    let (who, desk) = (house.person_with_quote(50_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 1_000 * BASE).expect("a fill");
    house.fill_at_oracle(1, &who, &desk, -50 * BASE).expect("its hedge");
    let reported = health_of(&mut house, &who);
    let e = explain(&house.margin_account(&who.account), &house.board(), house.vm.now())
        .expect("prices are fresh");
    assert_eq!(e.explanation.margin.maintenance, reported.maintenance);
    assert_eq!(e.explanation.margin.equity, reported.equity);
    let parts: i64 = e.explanation.legs.iter().map(|leg| leg.maintenance).sum();
    assert_eq!(parts + e.explanation.rest, reported.maintenance as i64);
    assert!(e.explanation.legs[1].expected_shortfall < 0, "the short hedges the long");
}

/// The price that is named is where a keeper may step in, and not before.
#[test]
fn at_the_liquidation_price_the_program_calls_the_account_short() {
    let mut house = sol_and_eth();
    let (who, desk) = (house.person_with_quote(20_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 1_000 * BASE).expect("a fill");
    let e = explain(&house.margin_account(&who.account), &house.board(), house.vm.now())
        .expect("prices are fresh");
    let down = e.distances[0].down.expect("a long can fall") as f64 / RATE_ONE as f64;
    assert!(e.distances[0].up.is_none() && (0.7..0.95).contains(&down), "{down}");
    // σ rises with the fall, so the program liquidates no later than at the price that is named.
    prices_after(&mut house, 30, &[100.0 * (down - 0.001), 1_000.0]);
    let after = health_of(&mut house, &who);
    assert!(after.equity < after.maintenance as i64, "{after:?}");
}

#[test]
fn what_a_trade_would_change_is_what_it_changes() {
    let mut house = sol_and_eth();
    let (who, desk) = (house.person_with_quote(50_000), house.person_with_quote(1_000_000));
    let (account, board, now) = (house.margin_account(&who.account), house.board(), house.vm.now());
    let (before, tried) = what_if(&account, &board, now, 0, 500 * BASE, None).expect("a listed market");
    assert_eq!(before, house.health(&who));
    house.fill_at_oracle(0, &who, &desk, 500 * BASE).expect("a fill");
    let done = house.health(&who);
    assert_eq!(done.maintenance.maintenance, tried.maintenance.maintenance);
    assert!(done.maintenance.equity.abs_diff(tried.maintenance.equity) <= 2);
}
