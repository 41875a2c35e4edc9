//! Crowding: open interest near its cap makes new risk dearer for everybody, whoever holds it.

use ballast::error::BallastError;
use ballast::margin::BoardView;
use ballast_risk::book::Basis;
use ballast_risk::fixed::{RATE_ONE, charge};
use ballast_risk::liquidity::crowding;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person};

use crate::common::{BASE, COIN, assert_conserved, prices_after, refused};

/// One coin at 100 quote and a market with this cap, in whole coins.
fn house(cap: u64) -> House {
    let mut house = House::empty(default_params());
    house.list_asset(AssetSpec::coin("YFI", 9)).expect("a coin is listed");
    let mut market = MarketSpec::perpetual("YFI", 0);
    market.args.open_interest_cap = cap * COIN;
    house.open_market(market).expect("a market is opened");
    house.calibrate(made_up_history(0)).expect("a calibration is loaded");
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    house
}

/// So many coins are open, between two who can afford it.
fn crowd(house: &mut House, coins: i64) -> (Person, Person) {
    let (long, short) = (house.person_with_quote(100_000_000), house.person_with_quote(100_000_000));
    house.fill_at_oracle(0, &long, &short, coins * BASE).expect("a fill");
    (long, short)
}

#[test]
fn below_half_of_the_cap_nobody_pays_for_the_crowd() {
    let mut house = house(1_000);
    crowd(&mut house, 400);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("ten times leverage, and half of the cap");
    house.refresh_exposure(0).expect("anybody copies what is open");
    assert_eq!(house.board().assets[0].crowding, 0);
    let h = house.health(&who);
    assert_eq!(h.initial.initial, (h.initial.maintenance * 3).div_ceil(2));
}

/// What the program admits in a crowd is, to the unit, what the law says.
#[test]
fn a_fill_meets_initial_margin_with_the_crowd_that_it_makes() {
    let mut house = house(1_000);
    crowd(&mut house, 700);
    let (who, desk) = (house.person(), house.person_with_quote(1_000_000));
    house.fund_quote(&who, 100_000 * QUOTE).expect("a deposit");
    house.fill_at_oracle(0, &who, &desk, 50 * BASE).expect("a rich account may");
    // At 75 % of the cap: half of the haircut on top of κ·MM.
    let (board, now) = (house.board(), house.vm.now());
    assert_eq!(board.assets[0].crowding, 0, "the board does not know of it yet");
    let state = board.assets[0];
    let extra = crowding(750 * COIN, 1_000 * COIN, state.haircut_long.max(state.haircut_short));
    assert_eq!(extra, state.haircut_long.max(state.haircut_short).div_ceil(2));
    let account = house.margin_account(&who.account);
    let view = BoardView::at(&board, now);
    let law = view.margin(&account, Basis::Initial).expect("prices are fresh");
    let m = house.health(&who).initial;
    assert_eq!(law.initial, (m.maintenance * 3).div_ceil(2) + charge(5_000 * QUOTE, extra).expect("it fits"));

    let undo = house.fill_at_oracle(0, &who, &desk, -50 * BASE);
    undo.expect("closed");
    let all = house.margin_account(&who.account).quote as u64;
    house.withdraw_quote(&who, all - law.initial + 1).expect("nothing is at risk");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &who, &desk, 50 * BASE));
    // It is the maker's margin as much as the taker's, and a short's as much as a long's.
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &desk, &who, -50 * BASE));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &who, &desk, -50 * BASE));
    house.fund_quote(&who, 2).expect("two micro-units more");
    house.fill_at_oracle(0, &who, &desk, 50 * BASE).expect("and it is enough");
}

#[test]
fn attack_splitting_over_accounts_gains_nothing_in_a_crowd() {
    let mut house = house(1_000);
    crowd(&mut house, 850);
    let desk = house.person_with_quote(1_000_000);
    // In a calm market 1,000 quote carry a hundred coins, and a tenth of it ten.
    let whole = house.person_with_quote(1_000);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &whole, &desk, 100 * BASE));
    let parts: Vec<Person> = (0..10).map(|_| house.person_with_quote(100)).collect();
    for part in &parts {
        refused(&mut house, BallastError::BelowInitialMargin, |h| {
            h.fill_at_oracle(0, part, &desk, 10 * BASE)
        });
    }
    for part in &parts {
        house.fill_at_oracle(0, part, &desk, 5 * BASE).expect("at half the leverage");
    }
    assert_conserved(&house);
}

#[test]
fn open_interest_near_its_cap_raises_everybodys_initial_margin_and_nobodys_maintenance() {
    let mut house = house(1_000);
    let (early, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &early, &desk, 95 * BASE).expect("before the crowd came");
    let before = house.health(&early);
    house.withdraw_quote(&early, QUOTE).expect("it has some to spare");
    house.fund_quote(&early, QUOTE).expect("a deposit");
    crowd(&mut house, 855);
    house.refresh_exposure(0).expect("anybody copies what is open");
    let after = house.health(&early);
    let state = house.board().assets[0];
    assert_eq!(state.crowding, (RATE_ONE * 9).div_ceil(10), "at 95 % of the cap: nine tenths");
    assert!(after.initial.initial > before.initial.initial + 400 * QUOTE);
    assert!(!after.initial.meets_initial());
    // The crowd's own depth costs a little more; nobody is liquidated for what others did.
    assert!(after.maintenance.maintenance - before.maintenance.maintenance <= QUOTE / 10);
    assert!(!after.maintenance.is_liquidatable());
    let keeper = house.person_with_quote(1_000_000);
    let take = house.at.liquidate_position(early.account, keeper.party(), 0, COIN);
    refused(&mut house, BallastError::AccountHealthy, |h| h.vm.send(&[take], &[&keeper.key]));

    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&early, QUOTE));
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &early, &desk, BASE));
    house.fill_at_oracle(0, &early, &desk, -45 * BASE).expect("the way out is open");
    assert_conserved(&house);
}

#[test]
fn the_crowd_leaves_and_margin_comes_back() {
    let mut house = house(1_000);
    let (long, short) = crowd(&mut house, 900);
    house.refresh_exposure(0).expect("anybody copies what is open");
    assert!(house.board().assets[0].crowding > 0);
    house.fill_at_oracle(0, &long, &short, -800 * BASE).expect("it closes");
    house.refresh_exposure(0).expect("anybody copies what is open");
    assert_eq!((house.board().assets[0].crowding, house.board().assets[0].open_interest), (0, 100 * COIN));
}

/// A hundred wallets of 1,000 quote at five times leverage; the price is pumped by 8 %, and each buys more on its
/// paper profit until it is refused. Returns the coins that are open in the end.
fn pump(cap: u64) -> (House, Vec<Person>, Person, u64) {
    let mut house = house(cap);
    let desk = house.person_with_quote(100_000_000);
    let wallets: Vec<Person> = (0..100).map(|_| house.person_with_quote(1_000)).collect();
    for wallet in &wallets {
        house.fill_at_oracle(0, wallet, &desk, 50 * BASE).expect("five times leverage");
    }
    for step in 1..=48 {
        prices_after(&mut house, 300, &[100.0 + f64::from(step) / 6.0]);
    }
    let mut buying: Vec<&Person> = wallets.iter().collect();
    while !buying.is_empty() {
        buying.retain(|wallet| match house.fill_at_oracle(0, wallet, &desk, 5 * BASE) {
            Ok(_) => true,
            Err(refusal) => {
                let full = refusal.is(BallastError::OpenInterestCapExceeded);
                assert!(full || refusal.is(BallastError::NotReducing), "{refusal}");
                false
            }
        });
    }
    let open = house.market(0).open_interest / COIN;
    (house, wallets, desk, open)
}

/// dYdX v3, YFI, November 2023: over a hundred wallets at five times leverage, the price up by 215 %, the paper
/// profit levered again to about $50M.
#[test]
fn hundred_wallets_cannot_re_lever_a_pump() {
    let (_, _, _, free) = pump(1_000_000);
    let (mut house, wallets, desk, open) = pump(10_000);
    println!("{open} coins are open near the cap, {free} far from it");
    assert!(free > 10_000, "where nothing is crowded, the same equity would fill the market");
    assert!(open < 9_800, "in the crowd it does not: {open}");
    // What keeps them is margin, not the cap; and what they have gained stays where it is.
    house.refresh_exposure(0).expect("anybody copies what is open");
    for wallet in &wallets[..3] {
        refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, wallet, &desk, 5 * BASE));
        refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(wallet, QUOTE));
    }
    // A hundred more wallets with what the first hundred have: no better.
    let fresh = house.person_with_quote(1_000);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &fresh, &desk, 75 * BASE));
    assert_conserved(&house);
}

/// Margin that a fill asked for must not leave in the next instruction, before anybody copied what is open.
#[test]
fn attack_a_crowds_margin_is_not_withdrawn_before_the_board_knows_of_it() {
    let mut house = house(1_000);
    crowd(&mut house, 800);
    let (who, desk) = (house.person_with_quote(2_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 90 * BASE).expect("with the crowd's margin");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&who, 1_000 * QUOTE));
}
