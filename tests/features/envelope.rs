//! The envelope: a configuration that one accepted move could bankrupt is not listed.

use ballast::error::BallastError;
use ballast::event::Liquidated;
use ballast::instructions::AddAssetArgs;
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::{AssetSpec, House, MarketSpec};

use crate::common::{BASE, COIN, assert_conserved, prices_after, refused, sol};

type Change = fn(&mut AddAssetArgs);

fn listed(house: &mut House, change: Change) -> Result<u8, ballast_sandbox::Refusal> {
    let mut spec = AssetSpec { collateral: false, ..AssetSpec::coin("SOL", 9) };
    change(&mut spec.args);
    house.list_asset(spec)
}

/// As the sandbox lists a coin: a move of 1.2 %, a penalty of 1 % and a spread of 2 %, within a haircut of 5 %.
#[test]
fn an_asset_whose_least_haircut_does_not_outlast_an_accepted_move_is_not_listed() {
    let unsafe_changes: [(&str, Change); 9] = [
        ("a larger move", |a| a.max_move_bps = 201),
        ("a larger carry", |a| a.carry_bps = 81),
        ("a larger penalty", |a| a.penalty_bps = 181),
        ("a wider spread", |a| a.max_confidence_bps = 281),
        ("a smaller haircut", |a| a.haircut_min_bps = 419),
        ("a penalty at the least haircut", |a| (a.penalty_bps, a.haircut_min_bps) = (500, 500)),
        ("a fall whose weighted part is smaller than an accepted move", |a| a.fall_bps = 479),
        ("a rise whose weighted part is smaller than an accepted move", |a| a.rise_bps = 479),
        ("each a little", |a| (a.max_move_bps, a.carry_bps, a.penalty_bps) = (160, 40, 101)),
    ];
    let mut house = House::empty(default_params());
    for (what, change) in unsafe_changes {
        println!("{what}");
        refused(&mut house, BallastError::UnsafeEnvelope, |h| {
            listed(h, change).map(|i| panic!("listed as {i}"))
        });
    }
    let edges: [Change; 6] = [
        |a| (a.max_move_bps, a.carry_bps) = (125, 75),
        |a| a.carry_bps = 80,
        |a| a.penalty_bps = 180,
        |a| a.max_confidence_bps = 280,
        |a| a.haircut_min_bps = 420,
        |a| (a.fall_bps, a.rise_bps) = (480, 480),
    ];
    for change in edges {
        listed(&mut house, change).expect("exactly outlasted");
    }
}

#[test]
fn a_market_whose_penalty_leaves_no_room_for_a_move_is_not_opened() {
    let mut house = House::empty(default_params());
    listed(&mut house, |_| ()).expect("governance lists");
    let market = |penalty_bps| {
        let mut market = MarketSpec::perpetual("SOL", 0);
        market.args.penalty_bps = penalty_bps;
        market
    };
    for penalty_bps in [181, 500, 2_000] {
        refused(&mut house, BallastError::UnsafeEnvelope, |h| {
            h.open_market(market(penalty_bps)).map(|i| panic!("opened as {i}"))
        });
    }
    house.open_market(market(180)).expect("exactly outlasted");
}

/// The reason for it: whoever meets MM at one price can still be closed at the next, penalty and all.
#[test]
fn an_accepted_move_bankrupts_nobody_who_was_at_maintenance_margin() {
    for side in [100, -100] {
        let mut house = sol();
        let (who, desk) = (house.person_with_quote(2_000), house.person_with_quote(1_000_000));
        let keeper = house.person_with_quote(1_000_000);
        house.fill_at_oracle(0, &who, &desk, side * BASE).expect("a fill");
        // The price creeps to where the account just meets MM,
        let worse = if side > 0 { -0.1 } else { 0.1 };
        let mut price = 100.0;
        while house.health(&who).maintenance.shortfall() < -20 * i128::from(QUOTE) {
            price += worse;
            prices_after(&mut house, 30, &[price]);
        }
        assert!(!house.health(&who).maintenance.is_liquidatable());
        // and then makes the largest move that the envelope accepts, against it.
        prices_after(&mut house, 60, &[price * (1.0 + 0.15 * worse)]);
        let m = house.health(&who).maintenance;
        assert!(m.is_liquidatable() && m.equity > 0, "{m:?}");
        let plan = house.plan(&who.account, &keeper).expect("the account is short");
        let said: Liquidated = house.liquidate(&who.account, &keeper, &plan).expect("in time").event();
        assert!(said.equity_after > 0 && said.penalty > 0, "{} left", said.equity_after);
        let rest = house.margin_account(&who.account).position(0).base.unsigned_abs();
        assert!(rest < 100 * COIN && house.health(&who).maintenance.equity as u64 > QUOTE);
        assert_conserved(&house);
    }
}
