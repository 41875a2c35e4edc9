//! The health instruction: what the program says of an account is what the client reckons.

use anchor_lang::error::ErrorCode;
use ballast::error::BallastError;
use ballast_sandbox::house::QUOTE;

use crate::common::{
    BASE, COIN, Rival, everything, health_of, prices_after, refused_ix, sol_and_eth, with_account,
};

#[test]
fn what_the_program_reports_is_what_the_client_reckons() {
    let mut house = sol_and_eth();
    let (person, desk) = (house.person_with_quote(10_000), house.person_with_quote(100_000));
    house.fund_collateral(&person, 0, 3 * COIN).expect("a deposit");
    house.fill_at_oracle(0, &person, &desk, 20 * BASE).expect("a fill");
    house.fill_at_oracle(1, &person, &desk, -2 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[97.0, 1_010.0]);
    let before = everything(&house.vm);
    let said = health_of(&mut house, &person);
    let reckoned = house.health(&person).maintenance;
    assert_eq!(
        (said.equity, said.maintenance, said.initial),
        (reckoned.equity, reckoned.maintenance, reckoned.initial)
    );
    assert_eq!((said.core, said.addons), (reckoned.core, reckoned.addons));
    assert!(said.maintenance > 0 && said.initial > said.maintenance);
    assert!(before == everything(&house.vm), "and nothing has changed");
}

#[test]
fn who_holds_nothing_needs_nothing() {
    let mut house = sol_and_eth();
    let person = house.person_with_quote(5);
    let said = health_of(&mut house, &person);
    assert_eq!((said.equity, said.maintenance, said.initial), (5 * QUOTE as i64, 0, 0));
}

#[test]
fn a_seasoned_hedge_costs_less_than_its_legs() {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    let desk = house.person_with_quote(100_000);
    let [hedged, long, short] = [(); 3].map(|()| house.person_with_quote(10_000));
    house.fill_at_oracle(0, &hedged, &desk, 50 * BASE).expect("a fill");
    house.fill_at_oracle(1, &hedged, &desk, -5 * BASE).expect("a fill");
    house.fill_at_oracle(0, &long, &desk, 50 * BASE).expect("a fill");
    house.fill_at_oracle(1, &short, &desk, -5 * BASE).expect("a fill");
    let [h, l, s] = [&hedged, &long, &short].map(|p| house.health(p).maintenance);
    assert!(h.core < l.core + s.core, "joint scenarios net");
    assert!(h.addons + 2 >= l.addons + s.addons, "add-ons do not");
}

#[test]
fn nobody_is_reported_on_by_another_clearinghouses_board() {
    let mut house = sol_and_eth();
    let rival = Rival::of(&mut house);
    let person = house.person();
    let (own, check) = (house.at.board, house.at.health(person.account));
    let foreign = with_account(check.clone(), own, rival.at.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign, &[]);
    let not_an_account = with_account(check, person.account, house.at.treasury);
    refused_ix(&mut house, ErrorCode::AccountDiscriminatorMismatch, not_an_account, &[]);
}
