//! Margin accounts: opening, delegates, closing.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{DelegateSet, MarginAccountClosed, MarginAccountOpened};
use ballast::state::MarginAccount;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{BASE, COIN, Rival, quote_of, refused, refused_ix, sol, unsigned, with_account};

/// What a system program says when an account that is to be created is already there.
const ALREADY_IN_USE: u32 = 0;

fn delegate(house: &mut House, person: &Person, to: Pubkey) -> Sent {
    house.vm.send(&[set_delegate(person.pubkey(), person.account, to)], &[&person.key])
}

#[test]
fn an_owner_opens_as_many_sub_accounts_as_it_likes() {
    let mut house = sol();
    let owner = Keypair::new();
    for sub_account in [0, 1, 7, u16::MAX] {
        let open = house.at.open_margin_account(house.vm.payer.pubkey(), owner.pubkey(), sub_account);
        let receipt = house.vm.send(core::slice::from_ref(&open), &[&owner]).expect("an owner opens");
        let said: MarginAccountOpened = receipt.event();
        let account = house.margin_account(&said.account);
        assert_eq!(said.account, house.at.margin_account(&owner.pubkey(), sub_account));
        assert_eq!((account.owner, account.sub_account), (owner.pubkey(), sub_account));
        assert_eq!((account.clearinghouse, account.delegate), (house.at.clearinghouse, Pubkey::default()));
        assert!(account.is_empty());
        refused_ix(&mut house, ALREADY_IN_USE, open, &[&owner]);
    }
}

#[test]
fn attack_nobody_opens_an_account_in_anothers_name() {
    let mut house = sol();
    let owner = Keypair::new();
    let open = house.at.open_margin_account(house.vm.payer.pubkey(), owner.pubkey(), 0);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(open, owner.pubkey()), &[]);
}

#[test]
fn an_account_stands_at_its_address() {
    let mut house = sol();
    let owner = Keypair::new();
    let open = house.at.open_margin_account(house.vm.payer.pubkey(), owner.pubkey(), 0);
    let (own, other) =
        (house.at.margin_account(&owner.pubkey(), 0), house.at.margin_account(&owner.pubkey(), 1));
    refused_ix(&mut house, ErrorCode::ConstraintSeeds, with_account(open, own, other), &[&owner]);
}

#[test]
fn an_owner_names_and_removes_a_delegate() {
    let mut house = sol();
    let (person, desk) = (house.person(), Pubkey::new_unique());
    let said: DelegateSet = delegate(&mut house, &person, desk).expect("an owner names").event();
    assert_eq!((said.account, said.delegate), (person.account, desk));
    assert_eq!(house.margin_account(&person.account).delegate, desk);
    delegate(&mut house, &person, Pubkey::default()).expect("an owner removes");
    assert_eq!(house.margin_account(&person.account).delegate, Pubkey::default());
}

#[test]
fn attack_only_the_owner_names_a_delegate() {
    let mut house = sol();
    let (person, thief) = (house.person_with_quote(1_000), Keypair::new());
    let steal = set_delegate(thief.pubkey(), person.account, thief.pubkey());
    refused_ix(&mut house, BallastError::NotOwner, steal, &[&thief]);
    // A delegate does not hand its power on.
    delegate(&mut house, &person, thief.pubkey()).expect("an owner names");
    let pass_on = set_delegate(thief.pubkey(), person.account, Pubkey::new_unique());
    refused_ix(&mut house, BallastError::NotOwner, pass_on, &[&thief]);
    let steal = unsigned(set_delegate(person.pubkey(), person.account, thief.pubkey()), person.pubkey());
    refused_ix(&mut house, ErrorCode::AccountNotSigner, steal, &[]);
}

#[test]
fn attack_a_removed_delegate_is_nobody() {
    let mut house = sol();
    let (person, maker) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    let desk = Keypair::new();
    delegate(&mut house, &person, desk.pubkey()).expect("an owner names");
    delegate(&mut house, &person, Pubkey::default()).expect("an owner removes");
    let args = ballast::instructions::MatchFillArgs { base: BASE, quote: 100 * QUOTE };
    let fill = house.at.match_fill(0, (person.account, desk.pubkey()), maker.party(), args);
    refused_ix(&mut house, BallastError::NotAuthorised, fill, &[&desk, &maker.key]);
}

#[test]
fn closing_an_empty_account_returns_its_rent_to_the_owner() {
    let mut house = sol();
    let person = house.person_with_quote(10);
    house.withdraw_quote(&person, 10 * QUOTE).expect("a withdrawal");
    let rent = house.vm.svm.get_balance(&person.account).expect("it is there");
    assert_eq!(rent, house.vm.svm.minimum_balance_for_rent_exemption(MarginAccount::SPACE));
    let said: MarginAccountClosed = house.close(&person).expect("an empty account closes").event();
    assert_eq!((said.account, said.owner), (person.account, person.pubkey()));
    assert_eq!(house.vm.svm.get_balance(&person.pubkey()), Some(rent));
    assert!(house.vm.data(&person.account).is_empty());

    // It can be opened again, and starts from nothing.
    let open = house.at.open_margin_account(house.vm.payer.pubkey(), person.pubkey(), 0);
    house.vm.send(&[open], &[&person.key]).expect("an owner opens again");
    assert!(house.margin_account(&person.account).is_empty());
}

#[test]
fn an_account_that_holds_anything_is_not_closed() {
    let mut house = sol();
    let desk = house.person_with_quote(100_000);

    let with_quote = house.person();
    house.fund_quote(&with_quote, 1).expect("one micro-unit");
    refused(&mut house, BallastError::AccountNotEmpty, |h| h.close(&with_quote));

    let with_collateral = house.person();
    house.fund_collateral(&with_collateral, 0, 1).expect("one native unit");
    refused(&mut house, BallastError::AccountNotEmpty, |h| h.close(&with_collateral));

    let with_loan = house.person();
    house.fund_collateral(&with_loan, 0, 10 * COIN).expect("ten coins");
    house.withdraw_quote(&with_loan, 100 * QUOTE).expect("a loan");
    refused(&mut house, BallastError::AccountNotEmpty, |h| h.close(&with_loan));

    let with_position = house.person_with_quote(1_000);
    house.fill_at_oracle(0, &with_position, &desk, BASE).expect("a fill");
    refused(&mut house, BallastError::AccountNotEmpty, |h| h.close(&with_position));

    // Position closed, a loss of one dollar not settled yet.
    house.fill(0, &with_position, &desk, -BASE, 99 * QUOTE).expect("closed at a loss");
    assert_eq!(house.margin_account(&with_position.account).position(0).base, 0);
    refused(&mut house, BallastError::AccountNotEmpty, |h| h.close(&with_position));
    house.settle(0, &with_position).expect("the loss is settled");
    let rest = u64::try_from(quote_of(&house, &with_position)).expect("it has something left");
    house.withdraw_quote(&with_position, rest).expect("the rest is withdrawn");
    house.close(&with_position).expect("and then it closes");
}

#[test]
fn attack_nobody_else_closes_an_account_for_its_rent() {
    let mut house = sol();
    let (person, thief) = (house.person(), Keypair::new());
    delegate(&mut house, &person, thief.pubkey()).expect("an owner names");
    let steal = house.at.close_margin_account(thief.pubkey(), person.account);
    refused_ix(&mut house, BallastError::NotOwner, steal, &[&thief]);
    let steal = unsigned(house.at.close_margin_account(person.pubkey(), person.account), person.pubkey());
    refused_ix(&mut house, ErrorCode::AccountNotSigner, steal, &[]);
}

#[test]
fn attack_accounts_of_other_kinds_are_no_margin_accounts() {
    let mut house = sol();
    let person = house.person();
    let close = house.at.close_margin_account(person.pubkey(), person.account);
    for other in [house.at.treasury, house.at.market(0), house.at.board, house.at.clearinghouse] {
        let wrong = with_account(close.clone(), person.account, other);
        refused_ix(&mut house, ErrorCode::AccountDiscriminatorMismatch, wrong, &[&person.key]);
    }
    let forged = Pubkey::new_unique();
    let bytes = house.vm.data(&person.account);
    house.vm.put(forged, anchor_lang::system_program::ID, bytes);
    let wrong = with_account(close, person.account, forged);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, wrong, &[&person.key]);
}

#[test]
fn one_owner_has_separate_accounts_in_two_clearinghouses() {
    let mut house = sol();
    let mut rival = Rival::of(&mut house);
    let person = house.person_with_quote(10);
    let there = rival.visit(&mut house, |house| {
        let account = house.at.margin_account(&person.pubkey(), 0);
        let open = house.at.open_margin_account(house.vm.payer.pubkey(), person.pubkey(), 0);
        house.vm.send(&[open], &[&person.key]).expect("the rival opens an account too");
        house.margin_account(&account)
    });
    assert_eq!((there.owner, there.quote), (person.pubkey(), 0));
    assert_ne!(there.clearinghouse, house.at.clearinghouse);
}
