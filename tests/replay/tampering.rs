//! The auditor is only worth something if it notices: every figure moved by one unit must be found.

use ballast_sandbox::House;
use ballast_sandbox::house::QUOTE;
use ballast_tests::auditor::layout::{asset, board, margin_account, market, treasury};
use ballast_tests::auditor::{Ledger, history};

use crate::common::ledger;

const COINS: [(&str, f64); 2] = [("BTC", 60_000.0), ("ETH", 3_000.0)];

/// Moves a little-endian integer in an account by one.
fn nudged(house: &House, address: anchor_lang::prelude::Pubkey, at: usize) -> Ledger {
    let mut copy = house.copy();
    let mut data = copy.vm.data(&address);
    data[at] ^= 1;
    copy.vm.put(address, ballast::ID, data);
    ledger(&copy)
}

#[test]
fn a_unit_anywhere_is_noticed() {
    let mut house = House::with_coins(&COINS);
    house.season(&COINS.map(|c| c.1));
    let (long, short) = (house.person_with_quote(50_000), house.person_with_quote(50_000));
    house.fund_collateral(&long, 1, 1_000_000_000).expect("coins are taken");
    house.fill_at_oracle(0, &long, &short, 1_000_000_000).expect("a fill within the margin");
    house.vm.advance(30);
    house.post_all(&[59_000.0, 3_010.0]);
    house.settle(0, &long).expect("a loss is settled");
    let _ = house.fund_quote(&short, QUOTE);
    assert_eq!(ledger(&house).problems(), Vec::<String>::new());

    let at = house.at;
    let account = long.account;
    let state = board::ASSETS;
    let places = [
        ("a quote balance", account, margin_account::QUOTE),
        ("a collateral slot", account, margin_account::COLLATERAL + margin_account::AMOUNT),
        ("a position's base", account, margin_account::POSITIONS + margin_account::BASE),
        ("a position's entry", account, margin_account::POSITIONS + margin_account::ENTRY),
        ("a pool", at.market(0), market::POOL),
        ("fees", at.market(0), market::FEES),
        ("open interest", at.market(0), market::OPEN_INTEREST),
        ("the insurance fund", at.treasury, treasury::INSURANCE),
        // The second byte of rates: a unit of 2⁻³² is within rounding.
        ("σ", at.board, state + asset::SIGMA + 2),
        ("a haircut", at.board, state + asset::HAIRCUT_LONG + 1),
        ("an add-on", at.board, state + asset::ADDON_SHORT + 1),
        ("a tail", at.board, state + asset::TAIL_LONG),
        ("whether it nets", at.board, state + asset::NETTED),
        ("the larger variance", at.board, state + asset::VARIANCE_SLOW + 4),
        ("the short variance", at.board, state + asset::VARIANCE_SHORT + 4),
        ("the forecast", at.board, state + asset::FORECAST_SIGMA + 2),
        ("the expected σ", at.board, state + asset::EXPECTED_SIGMA),
        ("the cost of the crowd", at.board, state + asset::LIQUIDITY_SHORT + 1),
        ("a shock", at.board, state + asset::SHOCK_LONG + 1),
        // By more than the asset's own shock; below it, nothing else says what governance loaded.
        ("a row of stress", at.board, board::STRESS + 1),
        ("a crowd", at.board, state + asset::CROWD_LONG + 4),
        ("an impact", at.board, state + asset::IMPACT + 3),
        ("crowding", at.board, state + asset::CROWDING + 1),
        ("open interest on an asset", at.board, state + asset::OPEN_INTEREST),
        ("open interest of a market on the board", at.board, board::MARKETS + board::OPEN_INTEREST),
        ("a market's cap on the board", at.board, board::MARKETS + board::OPEN_INTEREST_CAP),
        ("ticks missed", at.board, state + asset::TICKS_MISSED + 1),
        ("the index's weights", at.board, board::INDEX_WEIGHTS),
        ("the index", at.board, board::INDEX_SUM),
        ("the notice factor", at.board, board::NOTICE + 1),
        ("a spot price", at.board, state + asset::SPOT_SHIFT),
    ];
    for (what, address, byte) in places {
        assert!(!nudged(&house, address, byte).problems().is_empty(), "nobody noticed: {what}");
    }
}

/// What no figure beside it gives away is given away by the board before it.
#[test]
fn a_unit_that_moves_without_a_cause_is_noticed() {
    let mut house = House::with_coins(&COINS);
    house.season(&COINS.map(|c| c.1));
    let (at, now) = (house.at.board, house.vm.now());
    let before = ledger(&house).board;
    assert_eq!(history::problems(&before, &before, now), Vec::<String>::new());
    let state = board::ASSETS;
    for (what, byte) in [
        ("a row of the ring", board::RING + 4 * 7),
        ("a row of the tail memory", board::RING + 4 * 240),
        ("when a row was written", board::ROW_TIMES + 4),
        ("the next row", board::NEXT_ROW),
        ("the index at the last tick", board::TICK_INDEX),
        ("the time of a full tick", board::LAST_TICK),
        ("the time of a short tick", board::LAST_SHORT_TICK),
        ("the count of ticks", board::TICK_COUNT),
        ("the notice level", board::NOTICE_LEVEL + 1),
        ("the time of the notice", board::NOTICE_TIME),
        ("a fast variance", state + asset::VARIANCE_FAST),
        ("a short variance", state + asset::VARIANCE_SHORT),
        ("a stable price", state + asset::STABLE),
        ("a price at the last tick", state + asset::TICK),
        ("σ at the last tick", state + asset::TICK_SIGMA),
        ("ticks missed", state + asset::TICKS_MISSED),
        ("a reported depth", state + asset::DEPTH),
        ("an implied σ", state + asset::IMPLIED_SIGMA),
    ] {
        let after = nudged(&house, at, byte).board;
        assert!(!history::problems(&before, &after, now).is_empty(), "nobody noticed: {what}");
    }
}
