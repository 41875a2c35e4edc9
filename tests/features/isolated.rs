//! Isolated accounts: one market, and nothing else at risk in it.

use ballast::error::BallastError;
use ballast::event::{MarginAccountOpened, ModeSet};
use ballast::instructions::LiquidationLeg;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Person, Signer};

use crate::common::{BASE, COIN, Rival, assert_conserved, prices_after, refused, refused_ix, sol_and_eth};

/// SOL and ETH, a desk, somebody with a cross account and one that is isolated to ETH, each with 10,000 quote.
fn scene() -> (House, Person, Person, Person) {
    let mut house = sol_and_eth();
    let (desk, cross) = (house.person_with_quote(1_000_000), house.person_with_quote(10_000));
    let alone = house.sub_account(&cross, 1, Some(1));
    house.fund_quote(&alone, 10_000 * QUOTE).expect("a deposit");
    (house, desk, cross, alone)
}

#[test]
fn an_isolated_account_trades_in_its_market_only() {
    let (mut house, desk, _, alone) = scene();
    house.fill_at_oracle(1, &alone, &desk, BASE).expect("in its market");
    for base in [BASE, -BASE] {
        refused(&mut house, BallastError::IsolatedMarket, |h| h.fill_at_oracle(0, &alone, &desk, base));
        refused(&mut house, BallastError::IsolatedMarket, |h| h.fill_at_oracle(0, &desk, &alone, base));
    }
    house.fill_at_oracle(1, &alone, &desk, -BASE).expect("and out of it");
    assert_conserved(&house);
}

#[test]
fn an_isolated_account_holds_quote_and_its_markets_asset_only() {
    let (mut house, _, _, alone) = scene();
    house.fund_collateral(&alone, 1, COIN).expect("its market's asset");
    let mint = house.collateral(0).mint;
    house.vm.mint_to(&mint, &alone.wallets[&mint], COIN);
    refused(&mut house, BallastError::IsolatedCollateral, |h| h.deposit_collateral(&alone, 0, COIN));
    assert_conserved(&house);
}

#[test]
fn an_isolated_keeper_takes_over_nothing_else() {
    let (mut house, desk, _, keeper) = scene();
    let short = house.person_with_quote(1_000);
    house.fill_at_oracle(0, &short, &desk, 100 * BASE).expect("a fill");
    let borrower = house.person();
    house.fund_collateral(&borrower, 0, 15 * COIN).expect("fifteen coins");
    house.withdraw_quote(&borrower, 1_300 * QUOTE).expect("a loan");
    prices_after(&mut house, 30, &[90.0, 1_000.0]);
    let take = house.at.liquidate_position(short.account, keeper.party(), 0, 10 * COIN);
    refused_ix(&mut house, BallastError::IsolatedMarket, take, &[&keeper.key]);
    let take = house.at.liquidate_collateral(borrower.account, keeper.party(), 0, COIN);
    refused_ix(&mut house, BallastError::IsolatedCollateral, take, &[&keeper.key]);
}

/// A plan is what the program accepts of this keeper: what is not for it does not keep it from what is.
#[test]
fn an_isolated_keeper_is_proposed_what_is_its_markets() {
    let (mut house, desk, _, keeper) = scene();
    let short = house.person();
    house.fund_collateral(&short, 1, 5 * COIN).expect("5,000 of ETH");
    house.withdraw_quote(&short, 2_500 * QUOTE).expect("a loan");
    house.fill_at_oracle(0, &short, &desk, 50 * BASE).expect("5,000 of SOL");
    house.fill_at_oracle(1, &short, &desk, 5 * BASE).expect("5,000 of ETH");
    prices_after(&mut house, 30, &[86.0, 860.0]);
    let plan = house.plan(&short.account, &keeper).expect("it is short");
    let own = [LiquidationLeg::Position { market: 1 }, LiquidationLeg::Collateral { asset: 1 }];
    assert!(plan.legs.iter().all(|leg| own.contains(&leg.leg)), "{:?}", plan.legs);
    assert_eq!(plan.legs.len(), 2, "both at once");
    house.liquidate(&short.account, &keeper, &plan).expect("taken over");
    assert_conserved(&house);
}

#[test]
fn what_an_isolated_account_loses_its_owners_other_account_keeps() {
    let (mut house, desk, cross, alone) = scene();
    let keeper = house.person_with_quote(1_000_000);
    house.fill_at_oracle(1, &alone, &desk, 90 * BASE).expect("nine times leverage");
    prices_after(&mut house, 30, &[100.0, 930.0]);
    let plan = house.plan(&alone.account, &keeper).expect("it is short");
    house.liquidate(&alone.account, &keeper, &plan).expect("and taken over");
    assert_eq!(house.margin_account(&cross.account).quote, 10_000 * QUOTE as i64);
    assert_conserved(&house);
}

#[test]
fn the_mode_of_an_account_changes_only_while_it_is_empty() {
    let (mut house, desk, cross, alone) = scene();
    for who in [&cross, &alone] {
        for market in [None, Some(0), Some(1)] {
            refused(&mut house, BallastError::AccountNotEmpty, |h| h.set_mode(who, market));
        }
    }
    house.withdraw_quote(&alone, 10_000 * QUOTE).expect("out");
    let said: ModeSet = house.set_mode(&alone, Some(0)).expect("to the other market").event();
    assert_eq!((said.account, said.market), (alone.account, Some(0)));
    house.fund_quote(&alone, 10_000 * QUOTE).expect("a deposit");
    house.fill_at_oracle(0, &alone, &desk, BASE).expect("in its market");
    refused(&mut house, BallastError::IsolatedMarket, |h| h.fill_at_oracle(1, &alone, &desk, BASE));
    house.fill_at_oracle(0, &alone, &desk, -BASE).expect("and out of it");
    house.withdraw_quote(&alone, 10_000 * QUOTE).expect("out");
    let said: ModeSet = house.set_mode(&alone, None).expect("to cross margin").event();
    assert_eq!(said.market, None);
    house.fund_quote(&alone, 10_000 * QUOTE).expect("a deposit");
    for market in 0..2 {
        house.fill_at_oracle(market, &alone, &desk, BASE).expect("in every market");
    }
    assert_conserved(&house);
}

#[test]
fn an_account_is_opened_isolated() {
    let (mut house, _, cross, alone) = scene();
    let payer = house.vm.payer.pubkey();
    let open = house.at.open_account(payer, cross.pubkey(), 2, Some(1));
    let receipt = house.vm.send(&[open], &[&cross.key]).expect("an owner opens");
    let (opened, mode): (MarginAccountOpened, ModeSet) = (receipt.event(), receipt.event());
    assert_eq!((opened.account, mode.account, mode.market), (mode.account, opened.account, Some(1)));
    let account = house.margin_account(&alone.account);
    assert_eq!((account.isolated, account.isolated_asset), (2, 1));
}

#[test]
fn attack_a_market_of_another_house_isolates_nothing() {
    let (mut house, _, cross, alone) = scene();
    let rival = Rival::of(&mut house);
    house.withdraw_quote(&alone, 10_000 * QUOTE).expect("out");
    let (payer, own, foreign) = (house.vm.payer.pubkey(), house.at.market(1), rival.at.market(0));
    let open = house.at.open_account(payer, cross.pubkey(), 2, Some(1));
    let open = crate::common::with_account(open, own, foreign);
    refused_ix(&mut house, BallastError::WrongClearinghouse, open, &[&cross.key]);
    let set = house.at.set_mode(alone.pubkey(), alone.account, Some(1));
    let set = crate::common::with_account(set, own, foreign);
    refused_ix(&mut house, BallastError::WrongClearinghouse, set, &[&alone.key]);
}
