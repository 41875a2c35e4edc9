//! What may be lent, and what may leave: windows that refill evenly, and a part of deposits that is never lent.

use ballast::error::BallastError;
use ballast::limits::LendingParams;
use ballast_sandbox::house::{HouseParams, QUOTE, default_lending};
use ballast_sandbox::{AssetSpec, House};

use crate::common::{COIN, assert_conserved, list_coin, prices_after, refused};

/// A house with one coin at 100 quote and these limits.
fn house_with(lending: LendingParams, spec: AssetSpec) -> House {
    let mut house = House::with_params(HouseParams { lending, ..HouseParams::default() });
    list_coin(&mut house, spec);
    house.open().expect("the clearinghouse opens");
    house.post_all(&[100.0]);
    house
}

fn coin() -> AssetSpec {
    AssetSpec::coin("SOL", 9)
}

#[test]
fn depositors_are_not_lent_to_the_last_unit() {
    let lending = LendingParams { max_utilisation_bps: 8_000, ..default_lending() };
    let mut house = house_with(lending, coin());
    let saver = house.person_with_quote(10_000);
    let borrower = house.person();
    house.fund_collateral(&borrower, 0, 1_000 * COIN).expect("100,000 of collateral");
    refused(&mut house, BallastError::UtilisationTooHigh, |h| h.withdraw_quote(&borrower, 8_000 * QUOTE + 1));
    house.withdraw_quote(&borrower, 8_000 * QUOTE).expect("eight tenths");
    assert_eq!(house.treasury().loans, 8_000 * QUOTE);
    refused(&mut house, BallastError::UtilisationTooHigh, |h| h.withdraw_quote(&borrower, 1));
    // Who takes out what is his own borrows nothing.
    house.withdraw_quote(&saver, 2_000 * QUOTE).expect("his own");
    assert_conserved(&house);
}

#[test]
fn what_is_paid_back_is_counted_by_anybody_and_by_closing() {
    let mut house = house_with(default_lending(), coin());
    let _saver = house.person_with_quote(10_000);
    for closes in [false, true] {
        let borrower = house.person();
        house.fund_collateral(&borrower, 0, 100 * COIN).expect("10,000 of collateral");
        house.withdraw_quote(&borrower, 1_000 * QUOTE).expect("a loan");
        house.deposit_quote(&borrower, 1_000 * QUOTE).expect("paid back");
        assert_eq!(house.treasury().loans, 1_000 * QUOTE);
        house.withdraw_collateral(&borrower, 0, 100 * COIN).expect("it owes nothing");
        if !closes {
            house.count_loan(&borrower).expect("anybody counts");
            assert_eq!(house.treasury().loans, 0);
        }
        house.close(&borrower).expect("it is empty");
        assert_eq!(house.treasury().loans, 0);
    }
}

#[test]
fn a_window_of_lending_refills_evenly() {
    let lending = LendingParams { lent_bps: 1_000, ..default_lending() };
    let mut house = house_with(lending, coin());
    let _saver = house.person_with_quote(10_000);
    let borrower = house.person();
    house.fund_collateral(&borrower, 0, 1_000 * COIN).expect("100,000 of collateral");
    refused(&mut house, BallastError::LendingWindowFull, |h| h.withdraw_quote(&borrower, 1_000 * QUOTE + 1));
    house.withdraw_quote(&borrower, 1_000 * QUOTE).expect("a tenth of the vault");
    refused(&mut house, BallastError::LendingWindowFull, |h| h.withdraw_quote(&borrower, QUOTE));
    prices_after(&mut house, 43_200, &[100.0]);
    house.withdraw_quote(&borrower, 500 * QUOTE).expect("half of it after half of the window");
    refused(&mut house, BallastError::LendingWindowFull, |h| h.withdraw_quote(&borrower, 10 * QUOTE));
    // Whoever borrows nothing is not held up by those who do.
    let other = house.person_with_quote(5_000);
    house.withdraw_quote(&other, 5_000 * QUOTE).expect("his own");
    assert_conserved(&house);
}

/// A halt, however long, gives back one window and no more.
#[test]
fn attack_a_long_halt_does_not_save_up_withdrawals() {
    let lending = LendingParams { outflow_bps: 2_000, ..default_lending() };
    let mut house = house_with(lending, coin());
    let saver = house.person_with_quote(10_000);
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_quote(&saver, 2_000 * QUOTE + 1));
    house.withdraw_quote(&saver, 2_000 * QUOTE).expect("a fifth");
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_quote(&saver, QUOTE));
    house.vm.advance(8 * 3_600);
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_quote(&saver, 667 * QUOTE));
    house.withdraw_quote(&saver, 666 * QUOTE).expect("a third of a day, a third of the limit");
    house.vm.advance(30 * 86_400);
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_quote(&saver, 2_001 * QUOTE));
    house.withdraw_quote(&saver, 1_400 * QUOTE).expect("one window");
    assert_conserved(&house);
}

#[test]
fn an_asset_has_a_window_of_its_own() {
    let mut spec = coin();
    (spec.args.outflow_limit, spec.args.outflow_window_s) = (10 * COIN, 3_600);
    let mut house = house_with(default_lending(), spec);
    let owner = house.person();
    house.fund_collateral(&owner, 0, 100 * COIN).expect("a deposit");
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_collateral(&owner, 0, 10 * COIN + 1));
    house.withdraw_collateral(&owner, 0, 10 * COIN).expect("within the limit");
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_collateral(&owner, 0, 1));
    house.vm.advance(1_800);
    house.withdraw_collateral(&owner, 0, 5 * COIN).expect("half of the window, half of the limit");
    refused(&mut house, BallastError::OutflowWindowFull, |h| h.withdraw_collateral(&owner, 0, 1));
    assert_conserved(&house);
}

/// Solend, Jun 2022: one account held 95 % of all deposits of a coin, 5.7M of it, against 108M of debt.
#[test]
fn attack_solend_whale_does_not_borrow_the_vault_empty() {
    let lending = LendingParams { max_utilisation_bps: 8_000, lent_bps: 1_000, ..default_lending() };
    let mut house = house_with(lending, coin());
    let _savers = house.person_with_quote(120_000_000);
    let whale = house.person();
    house.fund_collateral(&whale, 0, 5_700_000 * COIN).expect("95 % of what there is");
    refused(&mut house, BallastError::LendingWindowFull, |h| h.withdraw_quote(&whale, 108_000_000 * QUOTE));
    let mut refusals = Vec::new();
    for _ in 0..24 {
        prices_after(&mut house, 86_400, &[100.0]);
        if let Err(refusal) = house.withdraw_quote(&whale, 6_000_000 * QUOTE) {
            refusals.push(refusal.code());
        }
    }
    assert!(!refusals.is_empty(), "it never ends");
    let (lent, left) = (house.treasury().loans, house.vm.tokens(&house.at.quote_vault));
    assert!(lent * 10 <= (lent + left) * 8, "{lent} are lent, {left} are left");
    assert!(left >= 24_000_000 * QUOTE, "a fifth of the savings is there to be withdrawn");
    assert_conserved(&house);
}
