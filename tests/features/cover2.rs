//! Cover-2: a market whose two largest accounts could leave more unpaid than there is to pay for it does not grow.

use ballast::error::BallastError;
use ballast::event::CoverReported;
use ballast_risk::cover::REPORT_LASTS_S;
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::{AssetSpec, House, Person, Signer};

use crate::common::{BASE, assert_conserved, list_coin, prices_after, refused, stranger};

/// A coin that falls by a fifth in its stress, two traders who are long of it on little, and a desk.
fn scene() -> (House, [Person; 2], Person) {
    let mut house = House::empty(default_params());
    let mut spec = AssetSpec::coin("SOL", 9);
    (spec.args.fall_bps, spec.args.rise_bps) = (2_000, 2_500);
    list_coin(&mut house, spec);
    house.open().expect("the clearinghouse opens");
    house.post_all(&[100.0]);
    house.season(&[100.0]);
    let people = [(); 2].map(|()| house.person_with_quote(1_000));
    let desk = house.person_with_quote(1_000_000);
    for person in &people {
        house.fill_at_oracle(0, person, &desk, 60 * BASE).expect("6,000 of it");
    }
    (house, people, desk)
}

fn reported(house: &mut House, person: &Person) -> CoverReported {
    house.report_cover(0, &person.account).expect("it changes something").event()
}

/// Somebody tops the insurance fund up.
fn give(house: &mut House, amount: u64) {
    let (giver, source) = stranger(house, amount);
    let give = house.at.top_up_insurance(giver.pubkey(), source, amount);
    house.vm.send(&[give], &[&giver]).expect("anybody gives");
}

#[test]
fn a_market_that_is_not_covered_does_not_grow() {
    let (mut house, [a, b], desk) = scene();
    let newcomer = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("nobody has reported anything");

    let said = reported(&mut house, &a);
    assert!(
        (150 * QUOTE..=210 * QUOTE).contains(&said.shortfall),
        "a fifth of 6,000 beyond 1,000: {}",
        said.shortfall
    );
    assert_eq!((said.fund, said.cap), (0, 121 * BASE as u64));
    let grow = |h: &mut House| h.fill_at_oracle(0, &newcomer, &desk, BASE);
    refused(&mut house, BallastError::OpenInterestCapExceeded, grow);
    house.fill_at_oracle(0, &newcomer, &desk, -BASE).expect("a reduction goes on");

    // What covers one does not cover two.
    let one = said.shortfall;
    give(&mut house, one);
    assert_eq!(reported(&mut house, &a).cap, 0);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("one is covered");
    let said = reported(&mut house, &b);
    assert!(said.cap != 0, "two are not");
    refused(&mut house, BallastError::OpenInterestCapExceeded, grow);
    give(&mut house, said.shortfall);
    assert_eq!(reported(&mut house, &b).cap, 0);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("both are covered");
    assert_conserved(&house);
}

#[test]
fn who_reduces_or_adds_margin_frees_the_market_again() {
    let (mut house, [a, _], desk) = scene();
    assert!(reported(&mut house, &a).cap != 0);
    house.fund_quote(&a, 1_000 * QUOTE).expect("a deposit");
    let said = reported(&mut house, &a);
    assert_eq!((said.shortfall, said.cap), (0, 0));
    let newcomer = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("the market grows again");
}

#[test]
fn a_report_that_nobody_repeats_lapses() {
    let (mut house, [a, _], desk) = scene();
    assert!(reported(&mut house, &a).cap != 0);
    prices_after(&mut house, REPORT_LASTS_S + 1, &[100.0]);
    let newcomer = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("it was a day ago");
}

#[test]
fn who_is_covered_by_its_own_margin_changes_nothing() {
    let (mut house, _, desk) = scene();
    refused(&mut house, BallastError::NotCovered, |h| h.report_cover(0, &desk.account));
}
