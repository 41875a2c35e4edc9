//! Accounts, markets and assets that may only be reduced: the way out stays open, the way in does not.

use ballast::error::BallastError;
use ballast::event::RestrictionSet;
use ballast::policy::restriction;
use ballast_client::instructions as ix;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{BASE, COIN, assert_conserved, prices_after, refused, refused_ix, sol};
use crate::every_state::{rewrite_account, rewrite_board};

/// Somebody long ten coins with a deposit of ten more, and the desk that is short of them.
fn scene() -> (House, Person, Person) {
    let mut house = sol();
    let (who, desk) = (house.person_with_quote(10_000), house.person_with_quote(1_000_000));
    house.fund_collateral(&who, 0, 10 * COIN).expect("ten coins");
    house.fill_at_oracle(0, &who, &desk, 10 * BASE).expect("a fill");
    (house, who, desk)
}

/// The way in is shut and the way out is open, for `who` against the desk.
fn only_out(house: &mut House, who: &Person, desk: &Person) {
    refused(house, BallastError::ReduceOnly, |h| h.fill_at_oracle(0, who, desk, BASE));
    refused(house, BallastError::ReduceOnly, |h| h.fill_at_oracle(0, desk, who, -BASE));
    // Through zero to the other side is no reduction.
    refused(house, BallastError::ReduceOnly, |h| h.fill_at_oracle(0, who, desk, -21 * BASE));
    house.fill_at_oracle(0, who, desk, -BASE).expect("a reduction");
    house.fund_quote(who, QUOTE).expect("a deposit");
    house.fund_collateral(who, 0, COIN).expect("a deposit");
    house.withdraw_collateral(who, 0, COIN).expect("a withdrawal");
    house.withdraw_quote(who, 10_001 * QUOTE).expect("a withdrawal of all quote");
    refused(house, BallastError::ReduceOnly, |h| h.withdraw_quote(who, QUOTE));
    house.fund_quote(who, 10_000 * QUOTE).expect("a deposit");
    house.fill_at_oracle(0, who, desk, -9 * BASE).expect("to zero");
    refused(house, BallastError::ReduceOnly, |h| h.fill_at_oracle(0, who, desk, -BASE));
    assert_conserved(house);
}

#[test]
fn an_owner_holds_the_own_account_to_reducing_and_lifts_it() {
    let (mut house, who, desk) = scene();
    let said: RestrictionSet = house.restrict(&who, true).expect("an owner restricts").event();
    assert_eq!((said.account, said.reduce_only), (who.account, true));
    only_out(&mut house, &who, &desk);
    house.restrict(&who, false).expect("an owner lifts");
    house.fill_at_oracle(0, &who, &desk, BASE).expect("the way in is open again");
}

#[test]
fn a_restriction_binds_the_delegate_too() {
    let (mut house, who, desk) = scene();
    let bot = Keypair::new();
    house.name_delegate(&who, bot.pubkey(), ballast::state::delegate_power::ALL, 0).expect("named");
    house.restrict(&who, true).expect("an owner restricts");
    let args = ballast::instructions::MatchFillArgs { base: BASE, quote: 100 * QUOTE };
    let fill = house.at.match_fill(0, (who.account, bot.pubkey()), desk.party(), args);
    refused_ix(&mut house, BallastError::ReduceOnly, fill, &[&bot, &desk.key]);
    let lift = ix::set_restriction(bot.pubkey(), who.account, false);
    refused_ix(&mut house, BallastError::NotOwner, lift, &[&bot]);
}

#[test]
fn attack_an_owner_does_not_lift_what_another_has_put_on() {
    let (mut house, who, desk) = scene();
    rewrite_account(&mut house, &who, |a| a.restrictions = restriction::REDUCE_ONLY);
    house.restrict(&who, true).expect("an owner restricts");
    house.restrict(&who, false).expect("an owner lifts the own");
    assert_eq!(house.margin_account(&who.account).restrictions, restriction::REDUCE_ONLY);
    only_out(&mut house, &who, &desk);
}

#[test]
fn a_restricted_market_is_only_left() {
    let (mut house, who, desk) = scene();
    rewrite_board(&mut house, |b| b.markets[0].restrictions = restriction::REDUCE_ONLY);
    only_out(&mut house, &who, &desk);
}

#[test]
fn a_restricted_asset_is_only_left() {
    let (mut house, who, desk) = scene();
    rewrite_board(&mut house, |b| b.assets[0].restrictions = restriction::REDUCE_ONLY);
    only_out(&mut house, &who, &desk);
}

/// A plan is what the program accepts of this keeper.
#[test]
fn a_restricted_keeper_is_proposed_what_reduces() {
    let (mut house, _, desk) = scene();
    let short = house.person_with_quote(1_000);
    house.fill_at_oracle(0, &short, &desk, 100 * BASE).expect("a fill");
    let keepers = [(); 2].map(|()| house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &keepers[1], &desk, -5 * BASE).expect("short of five coins");
    for keeper in &keepers {
        house.restrict(keeper, true).expect("an owner restricts");
    }
    prices_after(&mut house, 30, &[94.0]);
    assert!(house.plan(&short.account, &keepers[0]).is_none(), "all that there is would be an increase");
    let plan = house.plan(&short.account, &keepers[1]).expect("some of it reduces");
    assert_eq!(plan.legs[0].amount, 5 * COIN, "to zero and not beyond");
    house.liquidate(&short.account, &keepers[1], &plan).expect("taken over");
    assert_eq!(house.margin_account(&keepers[1].account).position(0).base, 0);
    assert_conserved(&house);
}

/// Restricting oneself is no shield, and taking a position over is an increase.
#[test]
fn a_restricted_account_is_liquidated_but_does_not_take_over() {
    let (mut house, who, desk) = scene();
    let (short, keeper) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &short, &desk, 100 * BASE).expect("a fill");
    house.restrict(&short, true).expect("an owner restricts");
    prices_after(&mut house, 30, &[94.0]);
    let plan = house.plan(&short.account, &keeper).expect("it is short");
    for restricted in [&keeper, &who] {
        house.restrict(restricted, true).expect("an owner restricts");
        refused(&mut house, BallastError::ReduceOnly, |h| h.liquidate(&short.account, restricted, &plan));
    }
    // The desk is short of these coins: to take them over reduces.
    house.restrict(&desk, true).expect("an owner restricts");
    let take = house.at.liquidate_position(short.account, desk.party(), 0, 10 * COIN);
    house.vm.send(&[take], &[&desk.key]).expect("a reduction");
    house.restrict(&keeper, false).expect("an owner lifts");
    let plan = house.plan(&short.account, &keeper).expect("it is still short");
    house.liquidate(&short.account, &keeper, &plan).expect("taken over");
    assert_conserved(&house);
}
