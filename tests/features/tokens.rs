//! Tokens of every kind, and addresses that somebody has paid into beforehand.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::system_instruction;
use anchor_spl::{token, token_2022};
use ballast::error::BallastError;
use ballast::event::{Deposited, Liquidated};
use ballast::state::MarginAccount;
use ballast_client::Deployment;
use ballast_sandbox::house::{HouseParams, QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Signer, Vm};

use crate::common::{
    assert_conserved, found, initialise, prices_after, refused, refused_ix, sol, wallet_of, with_account,
};

/// The bytes of a mint, under Token-2022: what a mint without extensions is there.
fn token_2022_mint(vm: &mut Vm, decimals: u8) -> Pubkey {
    let (legacy, mint) = (vm.create_mint(decimals), Pubkey::new_unique());
    let bytes = vm.data(&legacy);
    vm.put(mint, token_2022::ID, bytes);
    mint
}

/// Somebody sends lamports to an address that will be needed: as few as the runtime lets stand there.
fn pay_into(vm: &mut Vm, address: Pubkey) {
    let few = vm.svm.minimum_balance_for_rent_exemption(0);
    let pay = system_instruction::transfer(&vm.payer.pubkey(), &address, few);
    vm.send(&[pay], &[]).expect("anybody may send lamports anywhere");
}

// ---- token programs ------------------------------------------------------------------------------

#[test]
fn a_token_2022_mint_is_listed_under_its_own_program_only() {
    let mut house = House::empty(default_params());
    let mint = token_2022_mint(&mut house.vm, 9);
    let governance = house.governance.insecure_clone();
    let list = house.at.add_asset(
        house.vm.payer.pubkey(),
        governance.pubkey(),
        0,
        Some(mint),
        AssetSpec::coin("NEW", 9).args,
    );
    refused_ix(&mut house, BallastError::WrongTokenProgram, list.clone(), &[&governance]);
    let by_its_own = with_account(list, token::ID, token_2022::ID);
    house.vm.send(&[by_its_own], &[&governance]).expect("it has no extension");
}

/// Everybody's money is in it: nothing that only Token-2022 has is wanted there.
#[test]
fn a_token_2022_mint_is_no_quote_token() {
    let mut vm = Vm::new();
    let at = Deployment::of(token_2022_mint(&mut vm, 6));
    let args = HouseParams::default().args(Pubkey::new_unique());
    refused(&mut vm, ErrorCode::AccountOwnedByWrongProgram, |vm| initialise(vm, &at, args));
}

#[test]
fn a_token_2022_account_is_neither_source_nor_destination() {
    let mut house = sol();
    let person = house.person_with_quote(10);
    let wallet = person.wallets[&house.at.quote_mint];
    let (other, bytes) = (Pubkey::new_unique(), house.vm.data(&wallet));
    house.vm.put(other, token_2022::ID, bytes);
    let deposit = house.at.deposit(person.account, person.pubkey(), None, other, QUOTE);
    refused_ix(&mut house, BallastError::WrongTokenProgram, deposit, &[&person.key]);
    let withdraw = house.at.withdraw(person.account, person.pubkey(), None, other, QUOTE);
    refused_ix(&mut house, BallastError::WrongTokenProgram, withdraw, &[&person.key]);
}

#[test]
fn an_account_that_is_no_mint_is_not_listed() {
    let mut house = House::empty(default_params());
    let governance = house.governance.insecure_clone();
    let quote = house.at.quote_mint;
    let wallet = house.vm.create_wallet(&quote, &governance.pubkey(), 0);
    let list = house.at.add_asset(
        house.vm.payer.pubkey(),
        governance.pubkey(),
        0,
        Some(wallet),
        AssetSpec::coin("NONE", 9).args,
    );
    let refusal = house.vm.send(&[list], &[&governance]).expect_err("a wallet is no mint");
    assert!(refusal.code().is_some() || refusal.to_string().contains("InvalidAccountData"), "{refusal}");
    assert_eq!(house.board().asset_count, 0);
}

// ---- decimals ------------------------------------------------------------------------------------

/// A coin of this many decimals through everything that may happen to it.
fn a_whole_life(decimals: u8) {
    // A whole token of no decimals is worth 50 quote: a share, a night, a barrel.
    let (one, price) = (10u64.pow(decimals.into()), 50.0);
    let mut house = House::empty(default_params());
    house.list_asset(AssetSpec::coin("ODD", decimals)).expect("it is listed");
    house.open_market(MarketSpec::perpetual("ODD", 0)).expect("a market on it");
    house.calibrate(made_up_history(0)).expect("a calibration");
    house.open().expect("governance opens");
    house.post_all(&[price]);
    let keeper = house.person_with_quote(1_000_000);
    let (borrower, trader) = (house.person(), house.person());

    let said: Deposited = house.fund_collateral(&borrower, 0, 30 * one).expect("a deposit").event();
    assert_eq!(said.amount, 30 * one);
    house.withdraw_quote(&borrower, 1_000 * QUOTE).expect("a loan of 1,000 on 1,500");
    house.fund_quote(&trader, 1_000 * QUOTE).expect("a deposit");
    house.fill_at_oracle(0, &trader, &keeper, 100 * one as i64).expect("five times leverage");
    assert_conserved(&house);

    // Down until both are short; the keeper takes what it may.
    let mut taken = 0;
    for step in 1..60 {
        prices_after(&mut house, 60, &[price * 0.992_f64.powi(step)]);
        for who in [&borrower, &trader] {
            if let Some(plan) = house.plan(&who.account, &keeper) {
                let receipt = house.liquidate(&who.account, &keeper, &plan).expect("the plan is admitted");
                let said: Liquidated = receipt.event();
                assert!(
                    said.mm_after as i64 - said.equity_after < said.mm_before as i64 - said.equity_before
                );
                taken += 1;
            }
        }
        for who in [&keeper, &trader] {
            let _ = house.settle(0, who);
        }
        assert_conserved(&house);
    }
    assert!(taken > 2, "both were liquidated, in steps");

    // And the keeper's own way out.
    let bought = house.margin_account(&keeper.account).collateral_of(0);
    assert!(bought > 0);
    house.withdraw_collateral(&keeper, 0, bought).expect("what was bought is withdrawn");
    assert_eq!(wallet_of(&house, &keeper, &house.collateral(0).mint), bought);
    assert_conserved(&house);
}

#[test]
fn collateral_without_decimals_lives_a_whole_life() {
    a_whole_life(0);
}

#[test]
fn collateral_of_six_decimals_lives_a_whole_life() {
    a_whole_life(6);
}

#[test]
fn collateral_of_twelve_decimals_lives_a_whole_life() {
    a_whole_life(12);
}

// ---- addresses paid into beforehand --------------------------------------------------------------

#[test]
fn attack_lamports_at_a_clearinghouses_addresses_do_not_block_it() {
    let mut vm = Vm::new();
    let at = Deployment::of(vm.create_mint(6));
    for address in [at.clearinghouse, at.treasury, at.quote_vault, at.board] {
        pay_into(&mut vm, address);
    }
    found(&mut vm, &at, Pubkey::new_unique());
}

#[test]
fn attack_lamports_at_a_listings_addresses_do_not_block_it() {
    let mut house = House::empty(default_params());
    pay_into(&mut house.vm, house.at.asset(0));
    pay_into(&mut house.vm, house.at.market(0));
    house.list_asset(AssetSpec::coin("SOL", 9)).expect("it is listed all the same");
    house.open_market(MarketSpec::perpetual("SOL", 0)).expect("it is opened all the same");
}

/// For the price of a postage stamp anybody could otherwise keep a token from ever being listed: its
/// vault has only this one address.
#[test]
fn attack_lamports_at_a_vaults_address_do_not_block_its_token() {
    let mut house = House::empty(default_params());
    let (mint, governance) = (house.vm.create_mint(9), house.governance.insecure_clone());
    pay_into(&mut house.vm, house.at.vault(&mint));
    let list = house.at.add_asset(
        house.vm.payer.pubkey(),
        governance.pubkey(),
        0,
        Some(mint),
        AssetSpec::coin("SOL", 9).args,
    );
    house.vm.send(&[list], &[&governance]).expect("it is listed all the same");
    let vault = house.vm.data(&house.at.vault(&mint));
    assert_eq!((&vault[..32], &vault[32..64]), (mint.as_ref(), house.at.clearinghouse.as_ref()));
}

#[test]
fn attack_lamports_at_a_margin_accounts_address_do_not_block_it() {
    let mut house = sol();
    let owner = Keypair::new();
    let account = house.at.margin_account(&owner.pubkey(), 0);
    pay_into(&mut house.vm, account);
    let open = house.at.open_margin_account(house.vm.payer.pubkey(), owner.pubkey(), 0);
    house.vm.send(&[open], &[&owner]).expect("it is opened all the same");
    assert_eq!(house.margin_account(&account).owner, owner.pubkey());
    let rent = house.vm.svm.minimum_balance_for_rent_exemption(MarginAccount::SPACE);
    assert_eq!(house.vm.svm.get_balance(&account), Some(rent), "and the sender has paid a part of its rent");
}

/// Tokens sent straight to a vault are a gift: nobody's balance, nobody's to withdraw.
#[test]
fn attack_tokens_sent_to_a_vault_belong_to_nobody() {
    let mut house = sol();
    let person = house.person_with_quote(10);
    let (mint, vault) = (house.at.quote_mint, house.at.quote_vault);
    house.vm.mint_to(&mint, &vault, 1_000 * QUOTE);
    let stranger = house.person();
    for who in [&stranger, &person] {
        refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(who, 11 * QUOTE));
    }
    house.withdraw_quote(&person, 10 * QUOTE).expect("its own");
}
