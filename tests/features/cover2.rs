//! Cover-2: a market whose two largest accounts could leave more unpaid than there is to pay for it does not grow.

use ballast::error::BallastError;
use ballast::event::CoverReported;
use ballast::governance::Parameter;
use ballast_risk::cover::REPORT_LASTS_S;
use ballast_sandbox::house::{QUOTE, default_backstop, default_params};
use ballast_sandbox::{AssetSpec, House, Person, Signer};

use crate::common::{
    BASE, Rival, assert_conserved, list_coin, prices_after, refused, refused_ix, stranger, with_account,
};

/// What the two coins cost.
const PRICES: [f64; 2] = [100.0, 1_000.0];

/// A coin that falls by a fifth in its stress, two traders who are long of it on little, and a desk; and another coin.
fn scene() -> (House, [Person; 2], Person) {
    let mut house = House::empty(default_params());
    let mut spec = AssetSpec::coin("SOL", 9);
    (spec.args.fall_bps, spec.args.rise_bps) = (2_000, 2_500);
    list_coin(&mut house, spec);
    list_coin(&mut house, AssetSpec::coin("ETH", 9));
    house.open().expect("the clearinghouse opens");
    house.post_all(&PRICES);
    house.season(&PRICES);
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

/// The same, and every market has a backstop of so many quote tokens.
fn backed(slice: u64) -> (House, [Person; 2], Person) {
    let (mut house, people, desk) = scene();
    for market in [0, 1] {
        house.create_backstop(market, default_backstop()).expect("governance creates a backstop");
        house.provider(market, slice);
    }
    (house, people, desk)
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

/// What open interest was at the report is no licence to go back there.
#[test]
fn a_market_that_is_not_covered_keeps_its_own_cap() {
    let (mut house, [a, _], desk) = scene();
    assert_eq!(reported(&mut house, &a).cap, 120 * BASE as u64);
    let governance = house.governance.insecure_clone();
    let lower = 100 * BASE as u64;
    house.tighten(&governance, Parameter::OpenInterestCap, 0, lower).expect("governance lowers the cap");
    house.fill_at_oracle(0, &a, &desk, -10 * BASE).expect("a reduction");
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| h.fill_at_oracle(0, &a, &desk, BASE));
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
    prices_after(&mut house, REPORT_LASTS_S + 1, &PRICES);
    let newcomer = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &newcomer, &desk, BASE).expect("it was a day ago");
}

#[test]
fn who_is_covered_by_its_own_margin_changes_nothing() {
    let (mut house, _, desk) = scene();
    refused(&mut house, BallastError::NotCovered, |h| h.report_cover(0, &desk.account));
}

#[test]
fn an_old_report_does_not_count_beside_a_new_one() {
    let (mut house, [a, b], _) = scene();
    assert!(reported(&mut house, &a).shortfall > 0);
    prices_after(&mut house, REPORT_LASTS_S + 1, &PRICES);
    let said = reported(&mut house, &b);
    assert!(said.shortfall > 0 && said.cap != 0);
    give(&mut house, said.shortfall);
    assert_eq!(reported(&mut house, &b).cap, 0, "nobody has repeated the other");
}

#[test]
fn attack_one_account_is_not_both_of_the_two() {
    let (mut house, [a, _], _) = scene();
    let one = reported(&mut house, &a).shortfall;
    give(&mut house, one);
    for _ in 0..2 {
        prices_after(&mut house, 1, &PRICES);
        assert_eq!(reported(&mut house, &a).cap, 0, "it is one account, and covered");
    }
}

#[test]
fn attack_a_small_account_does_not_push_a_large_one_out() {
    let (mut house, [a, b], desk) = scene();
    let small = house.person_with_quote(1_100);
    house.fill_at_oracle(0, &small, &desk, 60 * BASE).expect("6,000 of it");
    let two = reported(&mut house, &a).shortfall + reported(&mut house, &b).shortfall;
    refused(&mut house, BallastError::NotCovered, |h| h.report_cover(0, &small.account));
    assert_eq!(house.market(0).cover_losses.iter().sum::<u64>(), two);
    // Where there is room it is one of the two.
    house.fund_quote(&b, 1_000 * QUOTE).expect("a deposit");
    assert_eq!(reported(&mut house, &b).shortfall, 0);
    let said = reported(&mut house, &small);
    assert!(said.shortfall > 0 && said.cap != 0, "{}", said.shortfall);
}

/// Somebody who is long elsewhere and holds nothing here could be anybody's way to stop a market.
#[test]
fn attack_who_has_no_position_does_not_stop_a_market() {
    let (mut house, [a, _], _) = scene();
    refused(&mut house, BallastError::NotCovered, |h| h.report_cover(1, &a.account));
    assert!(reported(&mut house, &a).shortfall > 0, "in its own market it is");
}

/// At a price that nobody believes what an account holds could count for nothing, and so stop a market.
#[test]
fn nobody_is_reported_at_a_stale_price() {
    let (mut house, [a, _], _) = scene();
    house.vm.advance(3_600);
    refused(&mut house, BallastError::StalePrice, |h| h.report_cover(0, &a.account));
    house.post_all(&PRICES);
    assert!(reported(&mut house, &a).shortfall > 0);
}

#[test]
fn of_the_slice_only_what_it_can_spare_counts() {
    let (mut house, [a, _], desk) = backed(5_000);
    let said = reported(&mut house, &a);
    assert_eq!((said.fund, said.cap), (5_000 * QUOTE, 0), "all of it while it holds nothing");
    house.trade_at(0, &desk, 1, -200 * BASE, 100.0).expect("the slice buys");
    let (fund, quote) = (reported(&mut house, &a).fund, house.slice(0).quote as u64);
    assert!(fund > 0 && fund + 500 * QUOTE < quote, "its own margin is not to spare: {fund} of {quote}");
    assert_conserved(&house);
}

/// Left out, a slice would stop a market that it covers; counted elsewhere, it would be counted twice.
#[test]
fn attack_the_slice_is_left_out_or_another_one_counts() {
    let (mut house, [a, _], desk) = backed(5_000);
    let at = house.at;
    refused_ix(&mut house, BallastError::SliceOmitted, at.report_cover(a.account, 0, false), &[]);
    let whole = at.report_cover(a.account, 0, true);
    for (from, to) in [(at.slice(0), ballast::ID), (at.backstop(0), ballast::ID)] {
        let without = with_account(whole.clone(), from, to);
        refused_ix(&mut house, BallastError::SliceOmitted, without, &[]);
    }
    let vault = with_account(whole.clone(), at.backstop(0), at.backstop(1));
    refused_ix(&mut house, BallastError::WrongBackstop, vault.clone(), &[]);
    let both = with_account(vault, at.slice(0), at.slice(1));
    refused_ix(&mut house, BallastError::WrongBackstop, both, &[]);
    for other in [at.slice(1), desk.account] {
        let slice = with_account(whole.clone(), at.slice(0), other);
        refused_ix(&mut house, BallastError::WrongBackstop, slice, &[]);
    }
    house.vm.send(&[whole], &[]).expect("its own slice counts");
}

#[test]
fn a_slice_is_not_reported() {
    let (mut house, _, desk) = backed(5_000);
    house.trade_at(0, &desk, 1, -400 * BASE, 100.0).expect("the slice buys");
    let slice = house.at.slice(0);
    refused(&mut house, BallastError::WrongBackstop, |h| h.report_cover(0, &slice));
}

#[test]
fn attack_what_is_of_another_house_covers_and_reports_nothing() {
    let (mut house, [a, _], _) = scene();
    let mut rival = Rival::of(&mut house);
    let (long, at) = rival.visit(&mut house, |house| {
        let (long, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
        house.fill_at_oracle(0, &long, &desk, 60 * BASE).expect("6,000 of it");
        (long, house.at)
    });
    let report = house.at.report_cover(a.account, 0, false);
    for (from, to) in [
        (a.account, long.account),
        (house.at.board, at.board),
        (house.at.treasury, at.treasury),
        (house.at.market(0), at.market(0)),
    ] {
        let foreign = with_account(report.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, foreign, &[]);
    }
}
