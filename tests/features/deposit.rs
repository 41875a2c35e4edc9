//! Deposits of quote and collateral.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::Deposited;
use ballast::limits::{MAX_COLLATERAL, bounds};
use ballast_client::instructions::{CollateralRef, set_delegate};
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::{AssetSpec, House, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, list_coin, prices_after, quote_of, refused, refused_ix, sol,
    sol_and_eth, stranger, unsigned, wallet_of, with_account,
};

/// The token program's words.
const INSUFFICIENT_FUNDS: u32 = 1;
const OWNER_MISMATCH: u32 = 4;

/// Somebody with an account, and 1,000 quote and ten coins of everything in the wallet.
fn saver(house: &mut House) -> Person {
    let person = house.person();
    for (mint, wallet) in &person.wallets {
        let amount = if *mint == house.at.quote_mint { 1_000 * QUOTE } else { 10 * COIN };
        house.vm.mint_to(mint, wallet, amount);
    }
    person
}

#[test]
fn quote_is_deposited() {
    let mut house = sol();
    let person = saver(&mut house);
    let said: Deposited = house.deposit_quote(&person, 400 * QUOTE).expect("a deposit").event();
    assert_eq!((said.account, said.asset, said.amount), (person.account, None, 400 * QUOTE));
    house.deposit_quote(&person, 1).expect("another");
    assert_eq!(quote_of(&house, &person), 400 * QUOTE as i64 + 1);
    assert_eq!(wallet_of(&house, &person, &house.at.quote_mint), 600 * QUOTE - 1);
    assert_conserved(&house);
}

#[test]
fn collateral_is_deposited_without_a_price() {
    let mut house = sol_and_eth();
    let person = saver(&mut house);
    house.vm.advance(86_400);
    let said: Deposited = house.deposit_collateral(&person, 1, COIN).expect("a deposit").event();
    assert_eq!((said.asset, said.amount), (Some(1), COIN));
    house.deposit_collateral(&person, 0, 2).expect("a deposit");
    house.deposit_collateral(&person, 1, 3).expect("a deposit");
    let account = house.margin_account(&person.account);
    assert_eq!((account.collateral_of(0), account.collateral_of(1)), (2, COIN + 3));
    assert_eq!(account.held_collateral().count(), 2);
    assert_conserved(&house);
}

#[test]
fn nothing_is_deposited_before_the_clearinghouse_opens() {
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    let person = saver(&mut house);
    refused(&mut house, BallastError::NotOpen, |h| h.deposit_quote(&person, QUOTE));
    refused(&mut house, BallastError::NotOpen, |h| h.deposit_collateral(&person, 0, COIN));
    house.open().expect("governance opens");
    house.deposit_quote(&person, QUOTE).expect("now it is open");
}

#[test]
fn a_deposit_of_nothing_is_refused() {
    let mut house = sol();
    let person = saver(&mut house);
    refused(&mut house, BallastError::ZeroAmount, |h| h.deposit_quote(&person, 0));
    refused(&mut house, BallastError::ZeroAmount, |h| h.deposit_collateral(&person, 0, 0));
}

#[test]
fn nobody_deposits_more_than_the_wallet_holds() {
    let mut house = sol();
    let person = saver(&mut house);
    refused(&mut house, INSUFFICIENT_FUNDS, |h| h.deposit_quote(&person, 1_000 * QUOTE + 1));
    refused(&mut house, INSUFFICIENT_FUNDS, |h| h.deposit_quote(&person, i64::MAX as u64));
    refused(&mut house, BallastError::Overflow, |h| h.deposit_quote(&person, u64::MAX));
    refused(&mut house, INSUFFICIENT_FUNDS, |h| h.deposit_collateral(&person, 0, 10 * COIN + 1));
}

#[test]
fn a_delegate_deposits_from_its_own_wallet() {
    let mut house = sol();
    let person = saver(&mut house);
    let (desk, wallet) = stranger(&mut house, 50 * QUOTE);
    house
        .vm
        .send(&[set_delegate(person.pubkey(), person.account, desk.pubkey())], &[&person.key])
        .expect("an owner names a delegate");
    let deposit = house.at.deposit(person.account, desk.pubkey(), None, wallet, 50 * QUOTE);
    house.vm.send(&[deposit], &[&desk]).expect("a delegate deposits");
    assert_eq!(quote_of(&house, &person), 50 * QUOTE as i64);
}

#[test]
fn attack_a_stranger_does_not_fill_anothers_slots() {
    let mut house = sol();
    let person = saver(&mut house);
    let (thief, wallet) = stranger(&mut house, 50 * QUOTE);
    let deposit = house.at.deposit(person.account, thief.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, BallastError::NotAuthorised, deposit, &[&thief]);
    let unsigned_deposit = house.at.deposit(person.account, person.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(unsigned_deposit, person.pubkey()), &[]);
}

#[test]
fn attack_nobody_deposits_from_anothers_wallet() {
    let mut house = sol();
    let (victim, thief) = (saver(&mut house), house.person());
    let mint = house.at.quote_mint;
    let steal = house.at.deposit(thief.account, thief.pubkey(), None, victim.wallets[&mint], QUOTE);
    refused_ix(&mut house, OWNER_MISMATCH, steal, &[&thief.key]);
}

#[test]
fn attack_worthless_tokens_are_not_taken_for_good_ones() {
    let mut house = sol_and_eth();
    let person = saver(&mut house);
    let (own_quote, at) = (person.wallets[&house.at.quote_mint], house.at);
    let fake_mint = house.vm.create_mint(6);
    let fake_wallet = house.vm.create_wallet(&fake_mint, &person.pubkey(), 1_000 * QUOTE);
    let as_quote = at.deposit(person.account, person.pubkey(), None, fake_wallet, QUOTE);
    refused_ix(&mut house, BallastError::WrongAsset, as_quote.clone(), &[&person.key]);

    // A vault of the attacker's own, of the fake token and of the good one.
    let fake_vault = house.vm.create_wallet(&fake_mint, &person.pubkey(), 0);
    let into_own = with_account(as_quote.clone(), at.quote_vault, fake_vault);
    refused_ix(&mut house, BallastError::WrongVault, into_own, &[&person.key]);
    let own_vault = house.vm.create_wallet(&at.quote_mint, &person.pubkey(), 0);
    let into_own = with_account(as_quote, at.quote_vault, own_vault);
    let into_own = with_account(into_own, fake_wallet, own_quote);
    refused_ix(&mut house, BallastError::WrongVault, into_own, &[&person.key]);

    // Cheap coins into the dear coin's config, with either vault.
    let (cheap, dear) = (house.collateral(0), house.collateral(1));
    let mixed = at.deposit(person.account, person.pubkey(), Some(dear), person.wallets[&cheap.mint], COIN);
    refused_ix(&mut house, BallastError::WrongAsset, mixed.clone(), &[&person.key]);
    let mixed = with_account(mixed, at.vault(&dear.mint), at.vault(&cheap.mint));
    refused_ix(&mut house, BallastError::WrongVault, mixed, &[&person.key]);
    // Coins as quote, quote as coins.
    let coins_as_quote = at.deposit(person.account, person.pubkey(), None, person.wallets[&cheap.mint], COIN);
    let coins_as_quote = with_account(coins_as_quote, at.quote_vault, at.vault(&cheap.mint));
    refused_ix(&mut house, BallastError::WrongVault, coins_as_quote, &[&person.key]);
    let quote_as_coins = at.deposit(person.account, person.pubkey(), Some(dear), own_quote, QUOTE);
    let quote_as_coins = with_account(quote_as_coins, at.vault(&dear.mint), at.quote_vault);
    refused_ix(&mut house, BallastError::WrongVault, quote_as_coins, &[&person.key]);
}

#[test]
fn attack_the_vault_does_not_pay_itself() {
    let mut house = sol();
    let (person, _) = (house.person_with_quote(10), house.person_with_quote(100));
    let wallet = person.wallets[&house.at.quote_mint];
    let from_vault = house.at.deposit(person.account, person.pubkey(), None, wallet, QUOTE);
    let from_vault = with_account(from_vault, wallet, house.at.quote_vault);
    refused_ix(&mut house, ErrorCode::ConstraintDuplicateMutableAccount, from_vault, &[&person.key]);
}

#[test]
fn attack_what_is_genuine_in_another_clearinghouse_is_foreign_here() {
    let mut house = sol();
    let mut rival = Rival::of(&mut house);
    let person = saver(&mut house);
    let there = rival.visit(&mut house, |house| house.person());
    let (own, other) = (house.at, rival.at);
    let (wallet, coin) = (person.wallets[&own.quote_mint], house.collateral(0));
    let deposit = own.deposit(person.account, person.pubkey(), None, wallet, QUOTE);

    let foreign_account = own.deposit(there.account, there.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_account, &[&there.key]);
    let foreign_house = with_account(deposit.clone(), own.clearinghouse, other.clearinghouse);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_house, &[&person.key]);
    // The rival's quote, into the rival's vault, for a balance here.
    let rival_quote = house.vm.create_wallet(&other.quote_mint, &person.pubkey(), QUOTE);
    let foreign_vault = with_account(deposit, own.quote_vault, other.quote_vault);
    let foreign_vault = with_account(foreign_vault, wallet, rival_quote);
    refused_ix(&mut house, BallastError::WrongVault, foreign_vault, &[&person.key]);
    let collateral =
        own.deposit(person.account, person.pubkey(), Some(coin), person.wallets[&coin.mint], COIN);
    let foreign_asset = with_account(collateral, own.asset(0), other.asset(0));
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_asset, &[&person.key]);
}

#[test]
fn attack_a_counterfeit_margin_account_is_refused() {
    let mut house = sol();
    let person = saver(&mut house);
    let (forged, bytes) = (Pubkey::new_unique(), house.vm.data(&person.account));
    house.vm.put(forged, Pubkey::new_unique(), bytes);
    let wallet = person.wallets[&house.at.quote_mint];
    let deposit = house.at.deposit(forged, person.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, deposit, &[&person.key]);
}

#[test]
fn a_risk_factor_without_a_token_is_no_collateral() {
    let mut house = sol();
    let spec = AssetSpec { collateral: false, ..AssetSpec::coin("BTC", 9) };
    let factor = house.list_asset(spec).expect("governance lists");
    let person = saver(&mut house);
    let as_factor = CollateralRef::spl(factor, house.at.quote_mint);
    let wallet = person.wallets[&house.at.quote_mint];
    let deposit = house.at.deposit(person.account, person.pubkey(), Some(as_factor), wallet, QUOTE);
    refused_ix(&mut house, BallastError::NotCollateral, deposit, &[&person.key]);
}

#[test]
fn an_asset_is_deposited_up_to_its_cap() {
    let mut house = House::empty(default_params());
    let mut spec = AssetSpec::coin("SOL", 9);
    spec.args.deposit_cap = 12 * COIN;
    list_coin(&mut house, spec);
    house.open().expect("governance opens");
    let (a, b) = (saver(&mut house), saver(&mut house));
    house.deposit_collateral(&a, 0, 10 * COIN).expect("below the cap");
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&b, 0, 2 * COIN + 1));
    house.deposit_collateral(&b, 0, 2 * COIN).expect("at the cap");
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&b, 0, 1));
    house.withdraw_collateral(&a, 0, COIN).expect("room again");
    house.deposit_collateral(&b, 0, COIN).expect("for others too");
    refused(&mut house, BallastError::Overflow, |h| h.deposit_collateral(&b, 0, u64::MAX));
}

#[test]
fn an_account_has_sixteen_collateral_slots() {
    let names: Vec<String> = (0..=MAX_COLLATERAL).map(|i| format!("C{i}")).collect();
    let coins: Vec<(&str, f64)> = names.iter().map(|n| (n.as_str(), 1.0)).collect();
    let mut house = House::with_coins(&coins);
    let person = saver(&mut house);
    for asset in 0..MAX_COLLATERAL as u8 {
        house.deposit_collateral(&person, asset, 1).expect("a slot is free");
    }
    refused(&mut house, BallastError::NoCollateralSlot, |h| {
        h.deposit_collateral(&person, MAX_COLLATERAL as u8, 1)
    });
    house.deposit_collateral(&person, 5, 1).expect("a slot that is held takes more");
    house.withdraw_collateral(&person, 3, 1).expect("an emptied slot");
    house.deposit_collateral(&person, MAX_COLLATERAL as u8, 1).expect("is free again");
}

/// A balance beyond `i64` native units cannot be valued, and an account that holds one could not be
/// liquidated any more: every check of it would end in an overflow. The code's bounds on caps keep
/// everything that one account may hold below that.
#[test]
fn attack_collateral_too_large_to_be_valued_does_not_shield_a_position() {
    let most = *bounds::DEPOSIT_CAP.end();
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    let mut spec = AssetSpec::coin("BONK", 12);
    spec.args.deposit_cap = most;
    let bonk = list_coin(&mut house, spec);
    house.open().expect("governance opens");
    house.post_all(&[100.0, 0.000_001]);
    let (debtor, desk) = (house.person_with_quote(1_000), house.person_with_quote(100_000));
    let keeper = house.person_with_quote(100_000);
    house.fill_at_oracle(0, &debtor, &desk, 50 * BASE).expect("a fill");
    let mint = house.collateral(bonk).mint;
    house.vm.mint_to(&mint, &debtor.wallets[&mint], u64::MAX);
    // In one piece, or in two: what cannot be valued is not taken.
    for amount in [most + 1, i64::MAX as u64 + 1, u64::MAX] {
        refused(&mut house, BallastError::DepositCapExceeded, |h| {
            h.deposit_collateral(&debtor, bonk, amount)
        });
    }
    house.deposit_collateral(&debtor, bonk, most).expect("what can be valued is taken");
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&debtor, bonk, 1));
    refused(&mut house, BallastError::Overflow, |h| h.deposit_collateral(&debtor, bonk, u64::MAX));
    let open_interest = *bounds::OPEN_INTEREST_CAP.end();
    house.fill_at_oracle(1, &debtor, &desk, open_interest as i64).expect("and the same way round");

    prices_after(&mut house, 30, &[82.0, 0.000_001]);
    let take = house.at.liquidate_position(debtor.account, keeper.party(), 0, COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("the account can be liquidated");
}

#[test]
fn attack_the_token_program_is_the_token_program() {
    let mut house = sol();
    let person = saver(&mut house);
    let wallet = person.wallets[&house.at.quote_mint];
    let deposit = house.at.deposit(person.account, person.pubkey(), None, wallet, QUOTE);
    let other = with_account(deposit, anchor_spl::token::ID, anchor_spl::token_2022::ID);
    refused_ix(&mut house, BallastError::WrongTokenProgram, other, &[&person.key]);
}
