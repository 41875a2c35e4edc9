//! Funding: it moves with the backstop's inventory, by time and not by who cranks.

use ballast::error::BallastError;
use ballast::event::FundingUpdated;
use ballast_risk::fixed::rate_from_bps;
use ballast_sandbox::House;
use ballast_sandbox::house::QUOTE;

use crate::common::{BASE, assert_conserved, backed, prices_after, refused};

fn rate(house: &House) -> i64 {
    house.board().markets[0].funding_rate
}

/// Cranks every so many seconds, for that many times.
fn crank(house: &mut House, seconds: i64, times: u32) -> FundingUpdated {
    let mut last = None;
    for _ in 0..times {
        prices_after(house, seconds, &[100.0]);
        last = Some(house.update_funding(0).expect("time has passed").event());
    }
    last.expect("at least once")
}

#[test]
fn funding_is_nil_without_inventory() {
    let (mut house, trader) = backed();
    let said = crank(&mut house, 3_600, 3);
    assert_eq!((said.inventory, said.rate, said.long, said.short), (0, 0, 0, 0));
    // Traders among themselves pay none either.
    let other = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &trader, &other, 10 * BASE).expect("a fill");
    assert_eq!(crank(&mut house, 3_600, 3).rate, 0);
    assert_conserved(&house);
}

#[test]
fn the_crowded_side_pays_more_and_more() {
    let (mut house, trader) = backed();
    crank(&mut house, 3_600, 1);
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    prices_after(&mut house, 60, &[100.0]);
    house.update_funding(0).expect("a minute has passed");
    let (before, index) = (rate(&house), house.board().markets[0]);
    let said = crank(&mut house, 3_600, 1);
    // Half of the largest inventory, 1 % a day a day, an hour.
    let moved = rate_from_bps(100) as i64 / 2 / 24;
    assert!((said.rate - before - moved).abs() <= 1, "{} {moved}", said.rate - before);
    assert!(said.long < 0 && said.short >= 0 && said.long + said.short <= 0);
    let after = house.board().markets[0];
    assert_eq!(
        (after.long.cash - index.long.cash, after.short.cash - index.short.cash),
        (said.long, said.short)
    );
    // Once somebody takes the other side, it ends.
    house.trade_at(0, &trader, 2, -500 * BASE, 100.0).expect("a trade");
    crank(&mut house, 60, 1);
    assert_eq!(crank(&mut house, 3_600, 1).rate, 0);
    assert_conserved(&house);
}

#[test]
fn how_often_it_is_cranked_does_not_matter() {
    let run = |seconds: i64| {
        let (mut house, trader) = backed();
        crank(&mut house, 60, 1);
        house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
        prices_after(&mut house, 50, &[100.0]);
        house.update_funding(0).expect("a minute has passed");
        crank(&mut house, seconds, (3_600 / seconds) as u32);
        (rate(&house), house.board().markets[0].long.cash)
    };
    let (hourly, minutely) = (run(3_600), run(60));
    assert!((hourly.0 - minutely.0).abs() <= 60, "{hourly:?} {minutely:?}");
    assert!((hourly.1 - minutely.1).abs() <= 61 + hourly.1.abs() / 1_000, "{hourly:?} {minutely:?}");
}

#[test]
fn a_crank_comes_at_most_once_a_minute_and_never_on_an_old_price() {
    let (mut house, _) = backed();
    crank(&mut house, 60, 1);
    prices_after(&mut house, 59, &[100.0]);
    refused(&mut house, BallastError::FundingNotDue, |h| h.update_funding(0));
    house.vm.advance(61);
    refused(&mut house, BallastError::AssetHalted, |h| h.update_funding(0));
}

#[test]
fn a_halt_of_eight_hours_releases_one_step() {
    let (mut house, trader) = backed();
    crank(&mut house, 60, 1);
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    prices_after(&mut house, 60, &[100.0]);
    house.update_funding(0).expect("a minute has passed");
    let before = rate(&house);
    let said = crank(&mut house, 8 * 3_600, 1);
    let moved = rate_from_bps(100) as i64 / 2 / 24;
    assert!((said.rate - before - moved).abs() <= 1, "an hour's, not eight: {}", said.rate - before);
}

#[test]
fn attack_an_inventory_for_a_moment_counts_for_a_moment() {
    let (mut house, trader) = backed();
    crank(&mut house, 60, 1);
    // Flat for an hour; a large trade ten seconds before the crank.
    prices_after(&mut house, 3_580, &[100.0]);
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    let said = crank(&mut house, 10, 1);
    assert!((-2 * BASE..0).contains(&said.inventory), "500 for 10 s of an hour: {}", said.inventory);
    assert!(house.slice(0).quote >= 100_000 * QUOTE as i64);
}
