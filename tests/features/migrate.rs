//! Bringing accounts of an older version to the current one.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::AccountMigrated;
use ballast_client::instructions::migrate;
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::{House, Person, Signer};

use crate::common::{BASE, COIN, refused, sol};

/// Where the version stands: after the discriminator.
const VERSION_AT: usize = 8;
/// How much shorter the reserve was in version 0.
const SHORTER: usize = 96;
/// Most that one instruction may add to an account.
const STEP: usize = 10_240;

/// A house in which every kind of account has content, and who owns the margin account.
fn lived_in() -> (House, Person) {
    let mut house = sol();
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.fund_collateral(&a, 0, COIN).expect("a deposit");
    house.fill_at_oracle(0, &a, &b, BASE).expect("a fill");
    (house, a)
}

/// One of every kind.
fn every_kind(house: &House, person: &Person) -> [(&'static str, Pubkey); 6] {
    [
        ("clearinghouse", house.at.clearinghouse),
        ("treasury", house.at.treasury),
        ("asset config", house.at.asset(0)),
        ("market", house.at.market(0)),
        ("risk board", house.at.board),
        ("margin account", person.account),
    ]
}

fn send_migrate(house: &mut House, account: Pubkey) -> Sent {
    let migrate = migrate(house.vm.payer.pubkey(), account);
    house.vm.send(&[migrate], &[])
}

/// Rewrites an account as version 0 left it.
fn age(house: &mut House, account: Pubkey, shorter: usize) -> Vec<u8> {
    let now = house.vm.data(&account);
    let mut then = now[..now.len() - shorter].to_vec();
    then[VERSION_AT] = 0;
    house.vm.put(account, ballast::ID, then);
    now
}

#[test]
fn every_kind_of_account_grows_to_its_full_size_and_keeps_its_content() {
    let (mut house, person) = lived_in();
    for (kind, account) in every_kind(&house, &person) {
        let content = age(&mut house, account, SHORTER);
        let receipt = send_migrate(&mut house, account).expect(kind);
        let said: AccountMigrated = receipt.event();
        assert_eq!((said.account, said.from_version, said.to_version), (account, 0, 1), "{kind}");
        assert!(house.vm.data(&account) == content, "{kind} keeps its content");
        let rent = house.vm.svm.minimum_balance_for_rent_exemption(content.len());
        assert_eq!(house.vm.svm.get_balance(&account), Some(rent), "{kind} pays its rent");
    }
    // And the house works as before.
    house.withdraw_quote(&person, QUOTE).expect("a withdrawal");
}

#[test]
fn an_account_that_only_lacks_the_version_number_is_migrated_in_place() {
    let (mut house, person) = lived_in();
    for (kind, account) in every_kind(&house, &person) {
        let content = age(&mut house, account, 0);
        send_migrate(&mut house, account).expect(kind);
        assert!(house.vm.data(&account) == content, "{kind} keeps its content");
    }
}

#[test]
fn an_account_is_migrated_once() {
    let (mut house, person) = lived_in();
    for (kind, account) in every_kind(&house, &person) {
        println!("{kind}");
        refused(&mut house, BallastError::AlreadyCurrent, |h| send_migrate(h, account));
    }
}

#[test]
fn an_account_from_the_future_is_left_alone() {
    let (mut house, person) = lived_in();
    for (kind, account) in every_kind(&house, &person) {
        println!("{kind}");
        for version in [2, 255] {
            let mut data = house.vm.data(&account);
            data[VERSION_AT] = version;
            house.vm.put(account, ballast::ID, data);
            refused(&mut house, BallastError::UnknownVersion, |h| send_migrate(h, account));
        }
    }
}

#[test]
fn an_account_of_no_known_kind_or_size_is_left_alone() {
    let (mut house, person) = lived_in();
    let board = house.vm.data(&house.at.board);
    let mut unknown = vec![vec![], vec![0; 7], vec![0; 8], vec![0; 9], vec![0; 1_000]];
    unknown.push([b"stranger".as_slice(), &[0; 64]].concat());
    // Longer than its layout; shorter than one step can make good.
    let mut longer = house.vm.data(&person.account);
    longer[VERSION_AT] = 0;
    longer.push(0);
    unknown.push(longer);
    let mut shorter = board[..board.len() - STEP - 1].to_vec();
    shorter[VERSION_AT] = 0;
    unknown.push(shorter);
    for data in unknown {
        println!("{} bytes", data.len());
        let address = Pubkey::new_unique();
        house.vm.put(address, ballast::ID, data);
        refused(&mut house, BallastError::UnknownVersion, |h| send_migrate(h, address));
    }
}

#[test]
fn attack_an_account_of_another_program_is_not_migrated() {
    let (mut house, person) = lived_in();
    age(&mut house, person.account, SHORTER);
    let data = house.vm.data(&person.account);
    for owner in [Pubkey::new_unique(), anchor_lang::system_program::ID, anchor_spl::token::ID] {
        house.vm.put(person.account, owner, data.clone());
        refused(&mut house, ErrorCode::ConstraintOwner, |h| send_migrate(h, person.account));
    }
}

#[test]
fn a_shorter_account_cannot_be_used_before_it_is_migrated() {
    let (mut house, person) = lived_in();
    let other = house.person_with_quote(1_000);
    age(&mut house, person.account, SHORTER);
    refused(&mut house, ErrorCode::AccountDidNotDeserialize, |h| h.withdraw_quote(&person, QUOTE));
    send_migrate(&mut house, person.account).expect("anybody migrates it");
    house.withdraw_quote(&person, QUOTE).expect("and then it is used");

    let market = house.at.market(0);
    age(&mut house, market, SHORTER);
    refused(&mut house, ErrorCode::AccountDidNotDeserialize, |h| {
        h.fill(0, &person, &other, BASE, 100 * QUOTE)
    });
    send_migrate(&mut house, market).expect("anybody migrates it");
    house.fill_at_oracle(0, &person, &other, BASE).expect("and then it is used");
}
