//! Outages: after a silence traders have their grace, and nobody can make it longer or bring it about.

use ballast::error::BallastError;
use ballast::limits::PriceParams;
use ballast_sandbox::house::{HouseParams, QUOTE, default_prices};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House, Person};

use crate::common::{BASE, COIN, assert_conserved, refused, refused_ix};

const HOUR: i64 = 3_600;

/// Ten minutes without a refresh are an outage; then five minutes of grace.
fn house(coins: &[(&str, f64)]) -> House {
    let prices = PriceParams { outage_s: 600, grace_s: 300, ..default_prices() };
    let params = HouseParams { prices, ..HouseParams::default() };
    House::with_assets(params, coins.iter().map(|(name, price)| (AssetSpec::coin(name, 9), *price)).collect())
}

/// A hundred SOL on a thousand quote, and a keeper.
fn long(house: &mut House) -> (Person, Person) {
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    (who, house.person_with_quote(1_000_000))
}

/// dYdX chain, 10 October 2025: eight hours of halt, and at the restart everybody is short at once.
#[test]
fn a_chain_halt_of_eight_hours_leaves_traders_their_grace() {
    let mut house = house(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    let (who, keeper) = long(&mut house);
    let (saved, _) = long(&mut house);
    house.vm.advance(8 * HOUR);
    house.post_all(&[94.0, 1_000.0]);
    let until = house.board().grace_until;
    assert_eq!(until, house.vm.now() + 300);
    let take = |house: &House, who: &Person, amount| {
        house.at.liquidate_position(who.account, keeper.party(), 0, amount)
    };
    let attempt = take(&house, &who, 40 * COIN);
    refused_ix(&mut house, BallastError::GracePeriod, attempt, &[&keeper.key]);
    // One tops up, and one reduces.
    house.fund_quote(&saved, 1_000 * QUOTE).expect("deposits go on");
    let desk = house.person_with_quote(1_000_000);
    house.fill_at_oracle(0, &saved, &desk, -10 * BASE).expect("and so do reductions");
    // Refreshing again and again makes it no longer.
    for _ in 0..5 {
        house.vm.advance(59);
        house.post_all(&[94.0, 1_000.0]);
        assert_eq!(house.board().grace_until, until);
    }
    let attempt = take(&house, &who, 40 * COIN);
    refused_ix(&mut house, BallastError::GracePeriod, attempt, &[&keeper.key]);
    house.vm.advance(5);
    let attempt = take(&house, &who, 40 * COIN);
    house.vm.send(&[attempt], &[&keeper.key]).expect("who did nothing is liquidated");
    let attempt = take(&house, &saved, COIN);
    refused_ix(&mut house, BallastError::AccountHealthy, attempt, &[&keeper.key]);
    assert_conserved(&house);
}

/// Nobody refreshes a trader's exotic asset, least of all the trader. That is not an outage: anybody could have.
#[test]
fn attack_an_asset_that_nobody_refreshes_brings_no_grace() {
    let mut house = house(&[("SOL", 100.0), ("EXOTIC", 1.0)]);
    let (who, keeper) = long(&mut house);
    house.fund_collateral(&who, 1, COIN).expect("a dollar of it");
    for _ in 0..60 {
        house.vm.advance(59);
        house.post(0, 100.0);
        house.refresh(0).expect("keepers refresh what is traded");
    }
    house.vm.advance(59);
    house.post_all(&[93.0, 1.0]);
    let board = house.board();
    assert!(board.grace_until < house.vm.now() && board.assets[1].grace_until < house.vm.now());
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 40 * COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("liquidation does not wait");
}

/// The oracle itself was silent, which it says in what it signs: that asset's legs wait, and no others.
#[test]
fn an_asset_whose_oracle_was_silent_has_a_grace_of_its_own() {
    let mut house = house(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    let (who, keeper) = long(&mut house);
    let (other, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(1, &other, &desk, 10 * BASE).expect("a fill");
    for _ in 0..20 {
        house.vm.advance(59);
        house.say(1, 1_000.0).expect("ETH goes on");
    }
    house.vm.advance(1);
    let back = Update { silence_s: 1_181, ..Update::dollars(Feed::of("SOL"), 94.0, 5, house.vm.now()) };
    house.post_update(0, &back);
    house.refresh(0).expect("SOL is back");
    house.say(1, 940.0).expect("ETH falls too");
    let sol = house.at.liquidate_position(who.account, keeper.party(), 0, 40 * COIN);
    refused_ix(&mut house, BallastError::GracePeriod, sol.clone(), &[&keeper.key]);
    let eth = house.at.liquidate_position(other.account, keeper.party(), 1, 4 * COIN);
    house.vm.send(&[eth], &[&keeper.key]).expect("ETH was never silent");
    let until = house.board().assets[0].grace_until;
    for _ in 0..6 {
        house.vm.advance(50);
        house.post_all(&[94.0, 940.0]);
        assert_eq!(house.board().assets[0].grace_until, until);
    }
    house.vm.advance(1);
    house.vm.send(&[sol], &[&keeper.key]).expect("and SOL's grace is over");
}

#[test]
fn what_is_not_an_outage_brings_no_grace() {
    let mut house = house(&[("SOL", 100.0)]);
    for gap in [60, 599, 600] {
        house.vm.advance(gap);
        house.post_all(&[100.0]);
        assert_eq!(house.board().grace_until, 0, "after {gap} seconds");
    }
    house.vm.advance(601);
    // A refused refresh is no sign of life, and no end of an outage.
    refused(&mut house, BallastError::PriceNotNewer, |h| h.refresh(0));
    house.post_all(&[100.0]);
    assert_eq!(house.board().grace_until, house.vm.now() + 300);
}
