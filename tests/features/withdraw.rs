//! Withdrawals, and loans against collateral.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::Withdrawn;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, prices_after, quote_of, refused, refused_ix, sol, sol_and_eth,
    stranger, unsigned, wallet_of, with_account,
};

/// Somebody with ten coins, in a house where others have deposited 100,000 quote.
fn borrower(house: &mut House) -> Person {
    house.person_with_quote(100_000);
    let person = house.person();
    house.fund_collateral(&person, 0, 10 * COIN).expect("ten coins");
    person
}

/// What may leave the account now, by the client's own reckoning.
fn withdrawable(house: &House, person: &Person) -> u64 {
    let excess = house.health(person).withdrawal.initial_excess();
    u64::try_from(excess).expect("something may leave")
}

#[test]
fn quote_and_collateral_are_withdrawn() {
    let mut house = sol();
    let person = house.person_with_quote(100);
    house.fund_collateral(&person, 0, COIN).expect("a deposit");
    let said: Withdrawn = house.withdraw_quote(&person, 40 * QUOTE).expect("a withdrawal").event();
    assert_eq!((said.account, said.asset, said.amount), (person.account, None, 40 * QUOTE));
    let said: Withdrawn = house.withdraw_collateral(&person, 0, COIN).expect("a withdrawal").event();
    assert_eq!((said.asset, said.amount), (Some(0), COIN));
    assert_eq!(quote_of(&house, &person), 60 * QUOTE as i64);
    assert_eq!(wallet_of(&house, &person, &house.at.quote_mint), 40 * QUOTE);
    assert_eq!(wallet_of(&house, &person, &house.collateral(0).mint), COIN);
    assert_eq!(house.margin_account(&person.account).held_collateral().count(), 0, "the slot is free");
    assert_conserved(&house);
}

#[test]
fn who_owes_nothing_gets_out_without_any_price() {
    let mut house = sol_and_eth();
    let person = house.person_with_quote(100);
    house.fund_collateral(&person, 1, COIN).expect("a deposit");
    house.vm.advance(30 * 86_400);
    house.withdraw_collateral(&person, 1, COIN / 2).expect("the oracle has been dead for a month");
    house.withdraw_quote(&person, 100 * QUOTE).expect("all of it");
    house.withdraw_collateral(&person, 1, COIN / 2).expect("all of it");
    house.close(&person).expect("and good-bye");
    assert_conserved(&house);
}

#[test]
fn who_owes_something_needs_a_price() {
    let mut house = sol();
    let person = borrower(&mut house);
    house.withdraw_quote(&person, QUOTE).expect("a loan");
    house.vm.advance(61);
    refused(&mut house, BallastError::AssetHalted, |h| h.withdraw_quote(&person, 1));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_collateral(&person, 0, 1));
    house.fund_quote(&person, QUOTE).expect("a repayment needs none");
    house.withdraw_collateral(&person, 0, 10 * COIN).expect("and then nothing is owed");
}

#[test]
fn a_loan_stays_within_initial_margin_to_the_unit() {
    let mut house = sol();
    let person = borrower(&mut house);
    let most = withdrawable(&house, &person);
    assert!((700 * QUOTE..950 * QUOTE).contains(&most), "1,000 of collateral lend {most}");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&person, most + 1));
    house.withdraw_quote(&person, most).expect("exactly what IM leaves");
    assert_eq!(quote_of(&house, &person), -(most as i64));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&person, 1));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_collateral(&person, 0, COIN / 100));
    assert_conserved(&house);
}

/// Mango's pump, on the collateral side: what was dear a minute ago does not lend its new price.
#[test]
fn attack_a_pumped_collateral_lends_at_its_stable_price() {
    let mut house = sol();
    let person = borrower(&mut house);
    let calm = withdrawable(&house, &person);
    prices_after(&mut house, 30, &[2_400.0]);
    let pumped = withdrawable(&house, &person);
    assert!(pumped <= calm, "{pumped} after a pump of 24×, {calm} before");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&person, calm + 1));
}

/// Hyperliquid, 12 March 2025: margin withdrawn in order to be liquidated.
#[test]
fn attack_margin_is_not_withdrawn_in_order_to_be_liquidated() {
    let mut house = sol();
    let (whale, desk) = (house.person_with_quote(100_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &whale, &desk, 2_000 * BASE).expect("200,000 long");
    prices_after(&mut house, 30, &[110.0]);
    // 20,000 of profit, none of it settled: only what was deposited, less IM on what is held now.
    let most = withdrawable(&house, &whale);
    assert!(most < 60_000 * QUOTE);
    house.withdraw_quote(&whale, most).expect("exactly what IM leaves");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&whale, 1));
    let after = house.health(&whale).withdrawal;
    assert!(after.meets_initial() && after.equity as u64 >= after.maintenance / 2 * 3);
}

#[test]
fn attack_unsettled_profit_is_not_withdrawn() {
    let mut house = sol();
    let (winner, loser) = (house.person_with_quote(1_000), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &winner, &loser, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    let worth = house.health(&winner).maintenance.equity;
    assert!((1_500 * QUOTE as i64 - 1..=1_500 * QUOTE as i64).contains(&worth), "worth 1,500");
    let before = withdrawable(&house, &winner);
    assert!(before < 1_000 * QUOTE, "but its profit is nobody's money yet");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&winner, before + 1));
    // Closing it changes nothing about that: the loser owes it still.
    house.fill(0, &winner, &loser, -10 * BASE, 1_500 * QUOTE).expect("closed");
    assert_eq!(withdrawable(&house, &winner), 1_000 * QUOTE);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&winner, 1_000 * QUOTE + 1));

    house.settle(0, &loser).expect("the loser pays in");
    house.settle(0, &winner).expect("the winner is paid");
    house.withdraw_quote(&winner, 1_500 * QUOTE).expect("settled profit is money");
    assert_conserved(&house);
}

/// Settling at a pumped price moves money, but not at that price into anybody's pocket: the loss that
/// the position would make on its way back counts at once.
#[test]
fn attack_profit_settled_at_a_pumped_price_waits_for_the_stable_price() {
    let mut house = sol();
    let (winner, loser) = (house.person_with_quote(1_000), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &winner, &loser, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    let before = withdrawable(&house, &winner);
    house.settle(0, &loser).expect("the loser pays in");
    house.settle(0, &winner).expect("the winner is paid");
    assert!(withdrawable(&house, &winner) <= before + 1, "while it is held, the stable price counts");
    for _ in 0..48 {
        prices_after(&mut house, 3_600, &[150.0]);
    }
    assert!(withdrawable(&house, &winner) > before + 200 * QUOTE, "a price that stays is a price");
}

#[test]
fn losses_count_at_once() {
    let mut house = sol();
    let (loser, desk) = (house.person_with_quote(1_000), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &loser, &desk, 10 * BASE).expect("a fill");
    let before = withdrawable(&house, &loser);
    prices_after(&mut house, 30, &[95.0]);
    assert!(withdrawable(&house, &loser) < before - 50 * QUOTE);
}

#[test]
fn nobody_withdraws_nothing_or_more_than_there_is() {
    let mut house = sol();
    let person = borrower(&mut house);
    refused(&mut house, BallastError::ZeroAmount, |h| h.withdraw_quote(&person, 0));
    refused(&mut house, BallastError::ZeroAmount, |h| h.withdraw_collateral(&person, 0, 0));
    refused(&mut house, BallastError::InsufficientBalance, |h| {
        h.withdraw_collateral(&person, 0, 10 * COIN + 1)
    });
    refused(&mut house, BallastError::InsufficientBalance, |h| h.withdraw_collateral(&person, 0, u64::MAX));
    refused(&mut house, BallastError::InsufficientBalance, |h| h.withdraw_quote(&person, u64::MAX));
    refused(&mut house, BallastError::InsufficientBalance, |h| {
        h.withdraw_quote(&person, 100_000 * QUOTE + 1)
    });
    // The coins of others are in the vault, not in this account.
    let other = house.person();
    house.fund_collateral(&other, 0, 10 * COIN).expect("a deposit");
    refused(&mut house, BallastError::InsufficientBalance, |h| h.withdraw_collateral(&person, 0, 11 * COIN));
}

#[test]
fn attack_quote_is_not_borrowed_against_nothing() {
    let mut house = sol();
    house.person_with_quote(100_000);
    let person = house.person();
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&person, 1));
}

#[test]
fn attack_a_delegate_never_withdraws() {
    let mut house = sol();
    let person = house.person_with_quote(100);
    let (desk, wallet) = stranger(&mut house, 0);
    house
        .vm
        .send(&[set_delegate(person.pubkey(), person.account, desk.pubkey())], &[&person.key])
        .expect("an owner names a delegate");
    // Neither to its own wallet nor to the owner's.
    for destination in [wallet, person.wallets[&house.at.quote_mint]] {
        let withdraw = house.at.withdraw(person.account, desk.pubkey(), None, destination, QUOTE);
        refused_ix(&mut house, BallastError::NotOwner, withdraw, &[&desk]);
    }
}

#[test]
fn attack_a_stranger_never_withdraws() {
    let mut house = sol();
    let person = house.person_with_quote(100);
    let (thief, wallet) = stranger(&mut house, 0);
    let withdraw = house.at.withdraw(person.account, thief.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, BallastError::NotOwner, withdraw, &[&thief]);
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(withdraw, person.pubkey()), &[]);
}

#[test]
fn an_owner_withdraws_to_any_wallet_of_the_token() {
    let mut house = sol();
    let (person, other) = (house.person_with_quote(100), house.person());
    let wallet = other.wallets[&house.at.quote_mint];
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, wallet, QUOTE);
    house.vm.send(&[withdraw], &[&person.key]).expect("a withdrawal");
    assert_eq!(house.vm.tokens(&wallet), QUOTE);
    // But of the token: coins do not go to a quote wallet.
    let wrong = person.wallets[&house.collateral(0).mint];
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, wrong, QUOTE);
    refused_ix(&mut house, BallastError::WrongAsset, withdraw, &[&person.key]);
}

#[test]
fn attack_nothing_is_withdrawn_from_another_vault() {
    let mut house = sol_and_eth();
    let (person, other) = (house.person_with_quote(100), house.person_with_quote(100));
    for asset in 0..2 {
        house.fund_collateral(&person, asset, COIN).expect("a deposit");
        house.fund_collateral(&other, asset, COIN).expect("a deposit");
    }
    let at = house.at;
    let (cheap, dear) = (house.collateral(0), house.collateral(1));
    let (cheap_wallet, dear_wallet) = (person.wallets[&cheap.mint], person.wallets[&dear.mint]);
    let withdraw = |asset, wallet| at.withdraw(person.account, person.pubkey(), asset, wallet, COIN);

    // A cheap balance, paid out in the dear coin; in quote; a quote balance, paid out in coins.
    let mixed = with_account(withdraw(Some(cheap), dear_wallet), at.vault(&cheap.mint), at.vault(&dear.mint));
    refused_ix(&mut house, BallastError::WrongVault, mixed, &[&person.key]);
    let quote_wallet = person.wallets[&at.quote_mint];
    let mixed = with_account(withdraw(Some(cheap), quote_wallet), at.vault(&cheap.mint), at.quote_vault);
    refused_ix(&mut house, BallastError::WrongVault, mixed, &[&person.key]);
    let mixed = with_account(withdraw(None, dear_wallet), at.quote_vault, at.vault(&dear.mint));
    refused_ix(&mut house, BallastError::WrongVault, mixed, &[&person.key]);
    // Another's wallet as the vault.
    let victim = other.wallets[&cheap.mint];
    let mixed = with_account(withdraw(Some(cheap), cheap_wallet), at.vault(&cheap.mint), victim);
    refused_ix(&mut house, BallastError::WrongVault, mixed, &[&person.key]);
}

#[test]
fn attack_a_withdrawal_does_not_end_in_the_vault_it_came_from() {
    let mut house = sol();
    let person = house.person_with_quote(100);
    let wallet = person.wallets[&house.at.quote_mint];
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, wallet, QUOTE);
    let to_vault = with_account(withdraw, wallet, house.at.quote_vault);
    refused_ix(&mut house, ErrorCode::ConstraintDuplicateMutableAccount, to_vault, &[&person.key]);
}

#[test]
fn attack_what_is_genuine_in_another_clearinghouse_is_foreign_here() {
    let mut house = sol();
    let mut rival = Rival::of(&mut house);
    let person = borrower(&mut house);
    house.withdraw_quote(&person, QUOTE).expect("a loan");
    let there = rival.visit(&mut house, |house| house.person_with_quote(1_000));
    let (own, other) = (house.at, rival.at);
    let (wallet, coin) = (person.wallets[&own.quote_mint], house.collateral(0));
    let withdraw = own.withdraw(person.account, person.pubkey(), None, wallet, QUOTE);

    // A balance over there is no claim here.
    let theirs = house.vm.create_wallet(&own.quote_mint, &there.pubkey(), 0);
    let foreign_account = own.withdraw(there.account, there.pubkey(), None, theirs, QUOTE);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_account, &[&there.key]);
    let foreign_board = with_account(withdraw.clone(), own.board, other.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_board, &[&person.key]);
    let foreign_house = with_account(withdraw.clone(), own.clearinghouse, other.clearinghouse);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_house, &[&person.key]);
    let rival_wallet = house.vm.create_wallet(&other.quote_mint, &person.pubkey(), 0);
    let foreign_vault = with_account(withdraw, own.quote_vault, other.quote_vault);
    let foreign_vault = with_account(foreign_vault, wallet, rival_wallet);
    refused_ix(&mut house, BallastError::WrongVault, foreign_vault, &[&person.key]);
    let collateral = own.withdraw(person.account, person.pubkey(), Some(coin), person.wallets[&coin.mint], 1);
    let foreign_asset = with_account(collateral, own.asset(0), other.asset(0));
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_asset, &[&person.key]);
}

#[test]
fn attack_a_counterfeit_board_does_not_value_an_account() {
    let mut house = sol();
    let person = borrower(&mut house);
    let (forged, bytes) = (Pubkey::new_unique(), house.vm.data(&house.at.board));
    house.vm.put(forged, Keypair::new().pubkey(), bytes);
    let wallet = person.wallets[&house.at.quote_mint];
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, wallet, QUOTE);
    let board = house.at.board;
    refused_ix(
        &mut house,
        ErrorCode::AccountOwnedByWrongProgram,
        with_account(withdraw, board, forged),
        &[&person.key],
    );
}
