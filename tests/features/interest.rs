//! Interest on loans: by one index for all, never more than one step at once, and nobody escapes it by lying still.

use ballast::error::BallastError;
use ballast::limits::LendingParams;
use ballast_risk::interest::INDEX_ONE;
use ballast_sandbox::house::{HouseParams, QUOTE, default_lending};
use ballast_sandbox::{AssetSpec, House, Person};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, list_coin, prices_after, quote_of, refused, refused_ix, with_account,
};

/// 10 % a year, whatever is lent; steps of up to an hour.
fn flat(bps: u32) -> LendingParams {
    LendingParams { base_bps: bps, at_kink_bps: bps, at_full_bps: bps, ..default_lending() }
}

/// A house with one coin at 100 quote, a saver, and somebody who has borrowed so many quote tokens against coins.
fn lent(lending: LendingParams, quote: u64) -> (House, Person, Person) {
    let mut house = House::with_params(HouseParams { lending, ..HouseParams::default() });
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    house.open().expect("the clearinghouse opens");
    house.post_all(&[100.0]);
    let saver = house.person_with_quote(20_000);
    let borrower = house.person();
    house.fund_collateral(&borrower, 0, 200 * COIN).expect("20,000 of collateral");
    house.withdraw_quote(&borrower, quote * QUOTE).expect("a loan");
    house.accrue_interest().expect("the clock starts");
    (house, saver, borrower)
}

fn hours(house: &mut House, hours: u32) {
    for _ in 0..hours {
        prices_after(house, 3_600, &[100.0]);
        house.accrue_interest().expect("an hour has passed");
    }
}

/// The index after steps of an hour at a rate (2⁻³²) a year, by the book.
fn index_after(rate: u128, steps: u32) -> u128 {
    let year = 365 * 86_400u128;
    let one = u128::from(INDEX_ONE);
    (0..steps).fold(one, |index, _| index + (index * rate * 3_600).div_ceil(year << 32))
}

/// What a loan of whole quote tokens owes after steps of an hour at a rate (2⁻³²) a year, by the book.
fn owed(quote: u64, rate: u128, steps: u32) -> i64 {
    let one = u128::from(INDEX_ONE);
    (u128::from(quote * QUOTE) * (index_after(rate, steps) - one)).div_ceil(one) as i64
}

#[test]
fn a_loan_owes_exactly_its_interest_after_a_day() {
    let (mut house, _, borrower) = lent(flat(1_000), 10_000);
    let rate = u128::from(house.board().loan_rate);
    assert!(rate.abs_diff((1u128 << 32) / 10) <= 1, "10 % a year");
    let before = house.health(&borrower).maintenance.equity;
    hours(&mut house, 24);
    assert_eq!(u128::from(house.board().loan_index), index_after(rate, 24), "rounded up at every step");
    let interest = owed(10_000, rate, 24);
    assert!((2_739_000..=2_741_000).contains(&interest), "a 365th of a tenth of 10,000 quote: {interest}");
    // Nothing has touched the account, and it owes already.
    assert_eq!(quote_of(&house, &borrower), -(10_000 * QUOTE as i64));
    assert_eq!(before - house.health(&borrower).maintenance.equity, interest);
    assert_eq!(house.solvency().interest_owed, 0);

    let receipt = house.count_loan(&borrower).expect("anybody counts");
    println!("count_loan with interest: {} units", receipt.compute_units);
    assert_eq!(quote_of(&house, &borrower), -(10_000 * QUOTE as i64) - interest);
    assert_eq!(house.treasury().loans, 10_000 * QUOTE + interest as u64);
    assert_eq!(house.treasury().insurance, interest as u64, "the fund earns it");
    assert_eq!(before - house.health(&borrower).maintenance.equity, interest, "and nobody pays it twice");
    assert_conserved(&house);
    house.attest_solvency().expect("the books are in step");
}

#[test]
fn eight_hours_of_halt_release_one_step_of_interest() {
    let (mut house, _, borrower) = lent(flat(1_000), 10_000);
    let rate = u128::from(house.board().loan_rate);
    house.vm.advance(8 * 3_600);
    house.post_all(&[100.0]);
    let receipt = house.accrue_interest().expect("the chain is back");
    println!("accrue_interest: {} units", receipt.compute_units);
    refused(&mut house, BallastError::InterestNotDue, House::accrue_interest);
    house.count_loan(&borrower).expect("anybody counts");
    assert_eq!(house.treasury().insurance as i64, owed(10_000, rate, 1));
    // A step starts now, not where the one before was cut off.
    prices_after(&mut house, 59, &[100.0]);
    refused(&mut house, BallastError::InterestNotDue, House::accrue_interest);
    assert_conserved(&house);
}

/// The clock starts with the first step: the years since 1970 are not charged.
#[test]
fn the_first_step_charges_nothing() {
    let (house, _, borrower) = lent(flat(50_000), 10_000);
    assert_eq!(house.board().loan_index, INDEX_ONE);
    assert_eq!(quote_of(&house, &borrower), -(10_000 * QUOTE as i64));
}

#[test]
fn attack_interest_is_not_escaped_by_lying_still() {
    let lending = LendingParams { step_s: 86_400, ..flat(50_000) };
    let (mut house, _, borrower) = lent(lending, 14_000);
    let initial = house.health(&borrower).maintenance;
    assert!(!initial.is_liquidatable());
    refused(&mut house, BallastError::NothingToTouch, |h| h.touch(&borrower.account));
    for _ in 0..100 {
        prices_after(&mut house, 86_400, &[100.0]);
        house.accrue_interest().expect("a day has passed");
        if house.health(&borrower).maintenance.is_liquidatable() {
            break;
        }
    }
    assert_eq!(quote_of(&house, &borrower), -(14_000 * QUOTE as i64), "nothing has touched it");
    house.touch(&borrower.account).expect("it is found short");
    let keeper = house.person_with_quote(20_000);
    prices_after(&mut house, 60, &[100.0]);
    let take =
        house.at.liquidate_collateral(borrower.account, (keeper.account, keeper.pubkey()), 0, 5 * COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("it is short of its margin");
    assert!(house.margin_account(&borrower.account).interest_owed > 0, "charged where its quote changed");
    assert_conserved(&house);
    house.count_loan(&borrower).expect("anybody counts");
    house.attest_solvency().expect("the books are in step");
    assert_conserved(&house);
}

#[test]
fn who_owes_nothing_is_charged_nothing() {
    let (mut house, saver, borrower) = lent(flat(1_000), 10_000);
    hours(&mut house, 5);
    house.fund_quote(&borrower, 10_100 * QUOTE).expect("paid back, and more");
    let interest = house.margin_account(&borrower.account).interest_owed as i64;
    assert!(interest > 0);
    let left = 100 * QUOTE as i64 - interest;
    assert_eq!(quote_of(&house, &borrower), left, "charged before the deposit counted");
    assert_conserved(&house);
    hours(&mut house, 5);
    house.count_loan(&borrower).expect("anybody counts");
    assert_eq!((quote_of(&house, &borrower), house.treasury().loans), (left, 0));
    assert_eq!(house.treasury().insurance as i64, interest);
    assert_eq!(quote_of(&house, &saver), 20_000 * QUOTE as i64);
    // Who borrows again owes from then on, and not for the time between.
    house.withdraw_quote(&borrower, left as u64 + 1_000 * QUOTE).expect("another loan");
    assert_eq!(quote_of(&house, &borrower), -(1_000 * QUOTE as i64));
    house.count_loan(&borrower).expect("anybody counts");
    assert_eq!(house.treasury().insurance as i64, interest);
    assert_conserved(&house);
}

/// Quote changes in many ways; each charges first what is owed on what it was.
#[test]
fn every_way_to_change_a_loan_charges_it_first() {
    let (mut house, saver, borrower) = lent(flat(50_000), 5_000);
    hours(&mut house, 3);
    house.fill_at_oracle(0, &borrower, &saver, 10 * BASE).expect("a fill");
    let after_fill = house.margin_account(&borrower.account).interest_owed;
    assert!(after_fill > 0, "a fill");
    hours(&mut house, 3);
    prices_after(&mut house, 60, &[99.0]);
    house.settle(0, &borrower).expect("a loss");
    let after_settle = house.margin_account(&borrower.account).interest_owed;
    assert!(after_settle > after_fill, "a settlement");
    prices_after(&mut house, 60, &[100.0]);
    hours(&mut house, 3);
    house.withdraw_quote(&borrower, QUOTE).expect("a little more");
    assert_eq!(house.margin_account(&borrower.account).interest_owed, 0, "a withdrawal sweeps it as well");
    assert!(house.treasury().insurance > after_settle);
    assert_conserved(&house);
    house.attest_solvency().expect("the books are in step");
}

#[test]
fn the_rate_rises_with_what_is_lent() {
    let curve = LendingParams { base_bps: 100, at_kink_bps: 500, at_full_bps: 10_000, ..default_lending() };
    let (mut house, _, borrower) = lent(curve, 5_000);
    // A quarter lent: 1 % + 4 %·(25/80).
    let quarter = house.board().loan_rate;
    let expected = ((1u128 << 32) * 225 / 10_000) as u64;
    assert!(quarter.abs_diff(expected) <= 2, "{quarter} {expected}");
    house.withdraw_quote(&borrower, 5_000 * QUOTE).expect("a loan");
    hours(&mut house, 1);
    assert!(house.board().loan_rate > quarter);
    let charged = u128::from(house.board().loan_index);
    assert_eq!(charged, index_after(quarter.into(), 1), "the hour is charged at the rate that stood");
    assert_conserved(&house);
}

#[test]
fn attack_interest_by_a_counterfeit_vault_or_house() {
    let (mut house, _, _) = lent(flat(1_000), 1_000);
    let rival = Rival::of(&mut house);
    prices_after(&mut house, 3_600, &[100.0]);
    let accrue = house.at.accrue_interest();
    for (from, to, code) in [
        (house.at.quote_vault, rival.at.quote_vault, BallastError::WrongVault),
        (house.at.board, rival.at.board, BallastError::WrongClearinghouse),
        (house.at.treasury, rival.at.treasury, BallastError::WrongClearinghouse),
    ] {
        refused_ix(&mut house, code, with_account(accrue.clone(), from, to), &[]);
    }
}
