//! Between two accounts of one owner: the rules of a withdrawal, and no token moves.

use ballast::error::BallastError;
use ballast::event::Transferred;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, prices_after, quote_of, refused, refused_ix, sol_and_eth, unsigned,
    with_account,
};

/// Somebody with 10,000 quote and ten SOL in one account, and a second one with nothing; and a desk.
fn scene() -> (House, Person, Person, Person) {
    let mut house = sol_and_eth();
    let (desk, first) = (house.person_with_quote(1_000_000), house.person_with_quote(10_000));
    house.fund_collateral(&first, 0, 10 * COIN).expect("ten coins");
    let second = house.sub_account(&first, 1, None);
    (house, desk, first, second)
}

#[test]
fn quote_and_collateral_move_and_no_token_does() {
    let (mut house, _, first, second) = scene();
    let vaults =
        |h: &House| (h.vm.tokens(&h.at.quote_vault), h.vm.tokens(&h.at.vault(&h.collateral(0).mint)));
    let before = vaults(&house);
    let said: Transferred = house.transfer(&first, &second, None, 4_000 * QUOTE).expect("quote").event();
    assert_eq!((said.from, said.to), (first.account, second.account));
    assert_eq!((said.asset, said.amount), (None, 4_000 * QUOTE));
    house.transfer(&first, &second, Some(0), 3 * COIN).expect("coins");
    let [a, b] = [&first, &second].map(|p| house.margin_account(&p.account));
    assert_eq!((a.quote, b.quote), (6_000 * QUOTE as i64, 4_000 * QUOTE as i64));
    assert_eq!((a.collateral_of(0), b.collateral_of(0)), (7 * COIN, 3 * COIN));
    assert_eq!(vaults(&house), before);
    house.transfer(&second, &first, None, 4_000 * QUOTE).expect("all of it back");
    house.transfer(&second, &first, Some(0), 3 * COIN).expect("all of it back");
    assert!(house.margin_account(&second.account).is_empty());
    assert_conserved(&house);
}

/// The boundary is that of a withdrawal, to the unit.
#[test]
fn a_transfer_leaves_as_much_as_a_withdrawal_must() {
    let (mut house, desk, first, second) = scene();
    house.fill_at_oracle(0, &first, &desk, 300 * BASE).expect("a fill");
    let free = |house: &mut House, attempt: &dyn Fn(&mut House, u64) -> bool| {
        let (mut low, mut high) = (0, 10_000 * QUOTE);
        while high - low > 1 {
            let amount = (low + high) / 2;
            let saved = house.vm.data(&first.account);
            let fits = attempt(house, amount);
            if fits {
                let others = house.vm.data(&second.account);
                house.vm.put(first.account, ballast::ID, saved);
                assert!(!others.is_empty());
                low = amount;
            } else {
                high = amount;
            }
        }
        low
    };
    let withdrawn = free(&mut house, &|h, amount| {
        let before = h.vm.data(&h.at.quote_vault);
        let fits = h.withdraw_quote(&first, amount).is_ok();
        h.vm.put(h.at.quote_vault, anchor_spl::token::ID, before);
        fits
    });
    let moved = free(&mut house, &|h, amount| {
        let before = h.vm.data(&second.account);
        let fits = h.transfer(&first, &second, None, amount).is_ok();
        h.vm.put(second.account, ballast::ID, before);
        fits
    });
    assert!(withdrawn > QUOTE && withdrawn < 9_999 * QUOTE, "{withdrawn}");
    assert_eq!(moved, withdrawn);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.transfer(&first, &second, None, moved + 1));
}

/// An account is not emptied into a sibling before it is liquidated.
#[test]
fn attack_an_account_that_is_short_saves_nothing_into_a_sibling() {
    let (mut house, desk, first, second) = scene();
    house.fill_at_oracle(0, &first, &desk, 900 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0, 1_000.0]);
    let health = house.health(&first);
    assert!(health.initial.equity < health.initial.initial as i64);
    for (asset, amount) in [(None, 1), (None, 5_000 * QUOTE), (Some(0), 1), (Some(0), 10 * COIN)] {
        refused(&mut house, BallastError::BelowInitialMargin, |h| h.transfer(&first, &second, asset, amount));
    }
}

/// A loan is made by withdrawing, where the limits on loans are.
#[test]
fn attack_a_transfer_lends_nothing() {
    let (mut house, _, first, second) = scene();
    house.withdraw_quote(&first, 10_000 * QUOTE).expect("all of its quote");
    refused(&mut house, BallastError::InsufficientBalance, |h| h.transfer(&first, &second, None, 1));
    house.fund_quote(&first, QUOTE).expect("a deposit");
    refused(&mut house, BallastError::InsufficientBalance, |h| h.transfer(&first, &second, None, QUOTE + 1));
    house.transfer(&first, &second, None, QUOTE).expect("what it has");
    for amount in [u64::MAX, i64::MAX as u64 + 1] {
        refused(&mut house, BallastError::Overflow, |h| h.transfer(&first, &second, None, amount));
    }
    refused(&mut house, BallastError::InsufficientBalance, |h| {
        h.transfer(&first, &second, Some(0), 10 * COIN + 1)
    });
    refused(&mut house, BallastError::InsufficientBalance, |h| h.transfer(&first, &second, Some(1), 1));
    refused(&mut house, BallastError::InsufficientBalance, |h| h.transfer(&first, &second, Some(255), 1));
    refused(&mut house, BallastError::ZeroAmount, |h| h.transfer(&first, &second, None, 0));
}

#[test]
fn a_transfer_pays_back_a_siblings_loan() {
    let (mut house, _, first, second) = scene();
    house.transfer(&first, &second, Some(0), 10 * COIN).expect("coins");
    house.withdraw_quote(&second, 500 * QUOTE).expect("a loan");
    house.transfer(&first, &second, None, 600 * QUOTE).expect("paid back by the sibling");
    assert_eq!(quote_of(&house, &second), 100 * QUOTE as i64);
    assert_conserved(&house);
}

#[test]
fn an_isolated_account_takes_only_what_it_may_hold() {
    let (mut house, _, first, _) = scene();
    let alone = house.sub_account(&first, 2, Some(1));
    house.transfer(&first, &alone, None, QUOTE).expect("quote");
    refused(&mut house, BallastError::IsolatedCollateral, |h| h.transfer(&first, &alone, Some(0), COIN));
    house.fund_collateral(&first, 1, COIN).expect("an ETH");
    house.transfer(&first, &alone, Some(1), COIN).expect("its market's asset");
    house.transfer(&alone, &first, Some(1), COIN).expect("and out of it");
    assert_conserved(&house);
}

#[test]
fn attack_an_account_is_not_both_ends() {
    let (mut house, _, first, _) = scene();
    refused(&mut house, BallastError::DuplicateAccount, |h| h.transfer(&first, &first, None, QUOTE));
    refused(&mut house, BallastError::DuplicateAccount, |h| h.transfer(&first, &first, Some(0), COIN));
}

#[test]
fn attack_both_ends_are_the_signers() {
    let (mut house, desk, first, second) = scene();
    let thief = Keypair::new();
    let steal = house.at.transfer(desk.pubkey(), first.account, desk.account, None, QUOTE);
    refused_ix(&mut house, BallastError::NotOwner, steal, &[&desk.key]);
    let gift = house.at.transfer(first.pubkey(), first.account, desk.account, None, QUOTE);
    refused_ix(&mut house, BallastError::NotOwner, gift, &[&first.key]);
    let steal = house.at.transfer(thief.pubkey(), first.account, second.account, None, QUOTE);
    refused_ix(&mut house, BallastError::NotOwner, steal, &[&thief]);
    let steal = house.at.transfer(first.pubkey(), first.account, second.account, None, QUOTE);
    let steal = unsigned(steal, first.pubkey());
    refused_ix(&mut house, anchor_lang::error::ErrorCode::AccountNotSigner, steal, &[]);
}

#[test]
fn attack_nothing_moves_between_houses() {
    let (mut house, _, first, second) = scene();
    let mut rival = Rival::of(&mut house);
    let there = rival.visit(&mut house, |h| h.sub_account(&first, 0, None));
    let transfer = house.at.transfer(first.pubkey(), first.account, second.account, None, QUOTE);
    let board = with_account(transfer.clone(), house.at.board, rival.at.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, board, &[&first.key]);
    let out = with_account(transfer.clone(), second.account, there.account);
    refused_ix(&mut house, BallastError::WrongClearinghouse, out, &[&first.key]);
    let into = house.at.transfer(first.pubkey(), there.account, first.account, None, QUOTE);
    refused_ix(&mut house, BallastError::WrongClearinghouse, into, &[&first.key]);
}
