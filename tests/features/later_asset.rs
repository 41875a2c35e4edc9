//! An asset that is listed after the opening: what may be loaded for it, and when it nets.

use ballast::error::BallastError;
use ballast::event::CalibrationLoaded;
use ballast::instructions::LoadCalibrationArgs;
use ballast_risk::scenario::get;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::risk::stress_rows;
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person};
use solana_sha256_hasher::hashv;

use crate::common::{BASE, health_of, prices_after, refused, sol};

const HOUR: i64 = 3_600;
const NEW: u8 = 1;

/// A coin at a floor so low that its history is what is charged.
fn coin(name: &str) -> AssetSpec {
    let mut spec = AssetSpec::coin(name, 9);
    (spec.args.haircut_min_bps, spec.args.max_move_bps) = (310, 10);
    (spec.args.fall_bps, spec.args.rise_bps) = (310, 310);
    spec
}

/// An open, seasoned house with BTC at 100 quote, and a new coin with a market, listed but not priced yet.
fn house() -> House {
    let mut house = House::listing(default_params(), vec![coin("BTC")]);
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    house.season(&[100.0]);
    assert_eq!(house.list_asset(coin("NEW")).expect("governance lists later too"), NEW);
    house.open_market(MarketSpec::perpetual("NEW", NEW)).expect("a market is opened");
    house
}

/// BTC's history, as the new coin's own.
fn mirror() -> LoadCalibrationArgs {
    LoadCalibrationArgs { asset: NEW, ..made_up_history(0) }
}

/// Somebody with so many coins of each, both at 100.
fn holding(house: &mut House, coins: [i64; 2]) -> Person {
    let (who, desk) = (house.person_with_quote(1_000_000), house.person_with_quote(10_000_000));
    for (market, coins) in coins.into_iter().enumerate().filter(|(_, coins)| *coins != 0) {
        house.fill_at_oracle(market as u8, &who, &desk, coins * BASE).expect("a fill");
    }
    who
}

#[test]
fn a_later_asset_is_calibrated_until_its_first_price() {
    let mut house = house();
    let (before, hash) = (house.board(), house.clearinghouse().calibration_hash);
    let args = mirror();
    let said: CalibrationLoaded = house.calibrate(args.clone()).expect("nobody can hold it yet").event();
    house.load_stress(stress_rows(NEW, &[-0.5])).expect("nobody can hold it yet");
    let after = house.board();
    let returns: Vec<u8> = args.returns.iter().flat_map(|z| z.to_le_bytes()).collect();
    let [short, fast, slow] =
        [args.variance_short, args.variance_fast, args.variance_slow].map(u64::to_le_bytes);
    let expected = hashv(&[&hash, &[NEW], &short, &fast, &slow, &returns]).to_bytes();
    assert_eq!((said.asset, said.hash), (NEW, expected), "the chain goes on");

    // Its own column, its own stress, its own state; nobody else's.
    for (row, z) in args.returns.iter().enumerate() {
        assert_eq!(get(&after.ring[1], row), i64::from(*z));
    }
    assert_eq!(after.assets[1].shock_long, 1 << 31);
    assert!(after.ring[0] == before.ring[0] && after.stress[0] == before.stress[0]);
    assert!(after.assets[0] == before.assets[0]);
    assert_eq!((after.next_row, after.tick_count), (before.next_row, before.tick_count));
    assert_eq!(
        (after.assets[1].rows_filled, after.assets[1].ticks_lived, after.assets[1].netted),
        (256, 0, 0)
    );

    house.calibrate(mirror()).expect("still nobody");
    prices_after(&mut house, 1, &[100.0, 100.0]);
    refused(&mut house, BallastError::AlreadyOpen, |h| h.calibrate(mirror()));
    refused(&mut house, BallastError::AlreadyOpen, |h| h.load_stress(stress_rows(NEW, &[0.0])));
}

#[test]
fn attack_the_history_of_an_asset_in_use_is_not_rewritten_along_with_a_new_ones() {
    let mut house = house();
    let calm = LoadCalibrationArgs { returns: vec![0; 256], ..made_up_history(0) };
    refused(&mut house, BallastError::AlreadyOpen, |h| h.calibrate(calm));
    refused(&mut house, BallastError::AlreadyOpen, |h| h.load_stress(stress_rows(0, &[])));
    refused(&mut house, BallastError::UnknownAsset, |h| {
        h.calibrate(LoadCalibrationArgs { asset: 2, ..made_up_history(0) })
    });
    // And nobody's before it is listed.
    let mut other = sol();
    refused(&mut other, BallastError::UnknownAsset, |h| h.load_stress(stress_rows(NEW, &[])));
}

/// An "own history" that mirrors BTC nets to nothing against it.
#[test]
fn attack_an_own_history_that_mirrors_btc_is_no_hedge() {
    let mut house = house();
    house.calibrate(mirror()).expect("nobody can hold it yet");
    prices_after(&mut house, HOUR, &[100.0, 100.0]);
    house.tick().expect("the first tick only notes the price");
    for lived in 0..24 {
        assert_eq!((house.board().assets[1].ticks_lived, house.board().assets[1].netted), (lived, 0));
        if lived % 8 == 0 {
            let [pair, btc, new] = [[100, -100], [100, 0], [0, -100]].map(|c| holding(&mut house, c));
            let [pair, btc, new] = [pair, btc, new].map(|who| health_of(&mut house, &who));
            assert_eq!(pair.expected_shortfall, btc.expected_shortfall, "the new leg hedges nothing");
            assert!(pair.maintenance + 2 >= btc.maintenance + new.maintenance, "{pair:?}");
            assert!(
                new.maintenance > 400 * QUOTE,
                "and is charged at the prior of what nobody knows: {new:?}"
            );
        }
        // By itself it moves the other way, now and then.
        let price = if lived % 3 == 0 { 102.0 } else { 99.0 };
        prices_after(&mut house, HOUR, &[100.0, price]);
        house.tick().expect("a tick is due");
    }
    // What it then nets by is not the mirror alone: the hours that it has lived are the worst of the pair.
    prices_after(&mut house, 1, &[100.0, 100.0]);
    assert_eq!(house.board().assets[1].netted, 1);
    let [pair, new] = [[100, -100], [0, -100]].map(|c| holding(&mut house, c));
    let (pair, new) = (health_of(&mut house, &pair), health_of(&mut house, &new));
    assert!(2 * pair.expected_shortfall > new.expected_shortfall, "{pair:?} {new:?}");
}

#[test]
fn an_asset_that_was_never_calibrated_waits_for_a_whole_ring() {
    let mut house = house();
    house.season(&[100.0, 100.0]);
    let state = house.board().assets[1];
    assert_eq!((state.netted, state.rows_filled, state.ticks_lived), (0, 25, 25));
}
