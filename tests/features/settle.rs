//! Settlement: profit is junior to deposits.

use anchor_lang::error::ErrorCode;
use ballast::error::BallastError;
use ballast::event::Settled;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{AssetSpec, House, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, list_coin, prices_after, quote_of, refused, refused_ix, sol,
    with_account,
};
use ballast_sandbox::house::default_params;

/// A long and a short of ten coins at 100, each with the given quote; then the price has moved.
fn moved(quote: u64, price: f64) -> (House, Person, Person) {
    let mut house = sol();
    let (long, short) = (house.person_with_quote(quote), house.person_with_quote(quote));
    house.fill(0, &long, &short, 10 * BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[price]);
    (house, long, short)
}

#[test]
fn the_loser_pays_in_and_the_winner_is_paid() {
    let (mut house, long, short) = moved(1_000, 105.0);
    let equities = (house.health(&long).maintenance.equity, house.health(&short).maintenance.equity);
    let said: Settled = house.settle(0, &short).expect("the loser pays").event();
    assert_eq!((said.account, said.market, said.amount), (short.account, 0, -50 * QUOTE as i64));
    assert_eq!((said.pool, house.market(0).pool), (50 * QUOTE, 50 * QUOTE));
    assert_conserved(&house);
    let said: Settled = house.settle(0, &long).expect("the winner is paid").event();
    let paid = said.amount as u64;
    // The winner's value was rounded down: at most one micro-unit stays in the pool.
    assert!((50 * QUOTE - 1..=50 * QUOTE).contains(&paid), "{paid}");
    assert_eq!(house.market(0).pool, 50 * QUOTE - paid);
    assert_eq!(quote_of(&house, &short), 950 * QUOTE as i64);
    let after = (house.health(&long).maintenance.equity, house.health(&short).maintenance.equity);
    assert_eq!(after, equities, "nobody is richer or poorer for it");
    assert_conserved(&house);
}

#[test]
fn anybody_settles_and_twice_is_once() {
    let (mut house, _, short) = moved(1_000, 105.0);
    // `House::settle` is signed by the VM's payer alone: neither owner nor delegate.
    house.settle(0, &short).expect("the loser pays");
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &short));
}

#[test]
fn a_winner_is_never_paid_more_than_losers_have_paid_in() {
    let (mut house, long, short) = moved(1_000, 105.0);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &long));
    house.settle(0, &short).expect("the loser pays");
    // Prices run on; the pool does not.
    prices_after(&mut house, 30, &[110.0]);
    let said: Settled = house.settle(0, &long).expect("what the pool holds").event();
    assert_eq!((said.amount, said.pool), (50 * QUOTE as i64, 0));
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &long));
    assert_conserved(&house);
}

#[test]
fn a_loser_pays_only_what_it_has() {
    let (mut house, long, short) = moved(300, 150.0);
    // 500 lost on 300.
    let said: Settled = house.settle(0, &short).expect("the loser pays").event();
    assert_eq!(said.amount, -300 * QUOTE as i64);
    assert_eq!(quote_of(&house, &short), 0);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &short));
    let said: Settled = house.settle(0, &long).expect("the winner is paid").event();
    assert_eq!(said.amount, 300 * QUOTE as i64);
    assert_conserved(&house);
}

#[test]
fn beyond_its_quote_a_loser_pays_on_the_credit_of_its_collateral() {
    let mut house = sol();
    let (short, long) = (house.person(), house.person_with_quote(10_000));
    house.fund_quote(&short, 100 * QUOTE).expect("a deposit");
    house.fund_collateral(&short, 0, COIN).expect("one coin");
    house.fill(0, &short, &long, -10 * BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    // 500 lost on 100 of quote and one coin: at the stable price of 100, after its haircut.
    let haircut = house.board().assets[0].haircut_long as f64 / 2f64.powi(32);
    let credit = 100e6 * (1.0 - haircut);
    let said: Settled = house.settle(0, &short).expect("the loser pays").event();
    let lent = -quote_of(&house, &short);
    assert!((lent as f64 - credit).abs() < 3.0, "lent {lent}, credit {credit}");
    assert_eq!(-said.amount, 100 * QUOTE as i64 + lent);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &short));
    assert_conserved(&house);
}

#[test]
fn who_has_no_position_has_nothing_to_settle() {
    let mut house = sol();
    let person = house.person_with_quote(1_000);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &person));
}

#[test]
fn nothing_is_settled_at_a_stale_price() {
    let (mut house, _, short) = moved(1_000, 105.0);
    house.vm.advance(61);
    refused(&mut house, BallastError::AssetHalted, |h| h.settle(0, &short));
}

#[test]
fn a_closed_position_is_settled_whatever_the_price_does() {
    let (mut house, long, short) = moved(1_000, 105.0);
    house.fill(0, &long, &short, -10 * BASE, 1_050 * QUOTE).expect("closed");
    prices_after(&mut house, 30, &[60.0]);
    house.settle(0, &short).expect("the loser pays");
    house.settle(0, &long).expect("the winner is paid");
    assert_eq!(quote_of(&house, &long), 1_050 * QUOTE as i64);
    assert_eq!(quote_of(&house, &short), 950 * QUOTE as i64);
    for person in [&long, &short] {
        let all = quote_of(&house, person) as u64;
        house.withdraw_quote(person, all).expect("all of it is money");
        house.close(person).expect("the account closes");
    }
    assert_eq!((house.market(0).pool, house.market(0).open_interest), (0, 0));
    assert_conserved(&house);
}

#[test]
fn attack_rounding_loops_create_nothing() {
    let mut house = sol();
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    house.fill(0, &a, &b, 7, 1).expect("dust");
    for step in 0..30 {
        prices_after(&mut house, 10, &[100.0 + f64::from(step % 3) * 33.333_333]);
        for person in [&a, &b, &a] {
            let _ = house.settle(0, person);
        }
        house.fill_at_oracle(0, &a, &b, if step % 2 == 0 { -3 } else { 3 }).ok();
        assert_conserved(&house);
    }
    let sum = quote_of(&house, &a) + quote_of(&house, &b);
    assert!(sum <= 2_000 * QUOTE as i64);
}

/// Mango, 11 October 2022: two accounts with $5M each trade 483M MNGO-PERP with one another at
/// $0.038; spot is pushed to $0.91, 24 times; ≈ $116M were borrowed against the paper profit.
#[test]
fn pumped_price_cannot_be_withdrawn() {
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("MNGO", 6));
    house.open().expect("governance opens");
    house.post_all(&[0.038]);
    house.person_with_quote(116_000_000);
    let (a, b) = (house.person_with_quote(5_000_000), house.person_with_quote(5_000_000));
    house.fill_at_oracle(0, &a, &b, 483_000_000 * 1_000_000).expect("483M MNGO-PERP");
    let deposited = 10_000_000 * QUOTE;

    // The pump, in twenty minutes; then an hour in which the price is held up there.
    for price in [0.05, 0.08, 0.15, 0.30, 0.60, 0.91] {
        prices_after(&mut house, 200, &[price]);
    }
    for _ in 0..6 {
        prices_after(&mut house, 600, &[0.91]);
    }
    let paper = house.health(&a).maintenance.equity;
    assert!(paper > 400_000_000 * QUOTE as i64, "on paper A has {paper}");
    for amount in [116_000_000 * QUOTE, 5_000_001 * QUOTE, QUOTE] {
        refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&a, amount));
    }
    // Settling brings B's five millions, and not one unit more.
    house.settle(0, &b).expect("B pays what it has");
    house.settle(0, &a).expect("A gets what B paid");
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &a));
    assert_eq!(quote_of(&house, &a) + quote_of(&house, &b), deposited as i64);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&a, QUOTE));
    // Nor can the paper profit be cashed by closing against the accomplice, who owes it.
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &a, &b, -483_000_000 * 1_000_000));
    assert_conserved(&house);
}

#[test]
fn attack_what_is_genuine_in_another_clearinghouse_is_foreign_here() {
    let (mut house, _, short) = moved(1_000, 105.0);
    let mut rival = Rival::of(&mut house);
    let there = rival.visit(&mut house, |house| house.person_with_quote(10_000));
    let (own, other) = (house.at, rival.at);
    let settle = own.settle(0, short.account);
    for (from, to) in
        [(own.market(0), other.market(0)), (own.board, other.board), (short.account, there.account)]
    {
        let mixed = with_account(settle.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[]);
    }
    let board_kept = with_account(settle, own.market(0), other.market(0));
    let board_kept = with_account(board_kept, short.account, there.account);
    refused_ix(&mut house, BallastError::WrongClearinghouse, board_kept, &[]);
}

#[test]
fn attack_a_counterfeit_market_pays_nobody() {
    let (mut house, long, _) = moved(1_000, 105.0);
    let market = house.at.market(0);
    let mut rich = house.vm.data(&market);
    // pool: after version, bump, indexes (4), clearinghouse (32), symbol (16), band, fee (8), two u64
    rich[8 + 4 + 32 + 16 + 8 + 16..][..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let forged = anchor_lang::prelude::Pubkey::new_unique();
    house.vm.put(forged, house.vm.payer.pubkey(), rich);
    let settle = with_account(house.at.settle(0, long.account), market, forged);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, settle, &[]);
}

/// A dollar of an asset whose oracle is silent does not keep a loser from paying.
#[test]
fn attack_dust_of_a_stale_asset_does_not_stop_a_settlement() {
    let mut house = House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    let (long, short) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    house.fill(0, &long, &short, 10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fund_collateral(&short, 1, COIN / 1_000).expect("one dollar of ETH");
    house.vm.advance(90);
    house.post(0, 105.0);
    house.refresh(0).expect("SOL has a price, ETH has none");
    let said: Settled = house.settle(0, &short).expect("the loser pays all the same").event();
    assert_eq!(said.amount, -50 * QUOTE as i64);
}
