//! Fees: collected in the market, swept into the insurance fund.

use ballast::error::BallastError;
use ballast::event::FeesSwept;
use ballast::instructions::AddMarketArgs;
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::{House, MarketSpec};

use crate::common::{BASE, COIN, Rival, assert_conserved, refused, refused_ix, sol, with_account};

/// A second market on SOL, with a fee of 10 basis points, in which 1,000 quote have been traded.
fn traded() -> (House, u8) {
    let mut house = sol();
    let spec = MarketSpec::perpetual("SOL", 0);
    let args = AddMarketArgs { fee_bps: 10, ..spec.args };
    let market = house.open_market(MarketSpec { args, ..spec }).expect("governance opens");
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    house.fill(market, &a, &b, 10 * BASE, 1_000 * QUOTE).expect("a fill");
    (house, market)
}

fn sweep(house: &mut House, market: u8) -> Sent {
    let sweep = house.at.sweep_fees(market);
    house.vm.send(&[sweep], &[])
}

#[test]
fn anybody_sweeps_fees_into_the_insurance_fund() {
    let (mut house, market) = traded();
    let said: FeesSwept = sweep(&mut house, market).expect("a sweep").event();
    assert_eq!((said.market, said.amount, said.insurance), (market, QUOTE, QUOTE));
    assert_eq!((house.market(market).fees, house.treasury().insurance), (0, QUOTE));
    assert_conserved(&house);
}

#[test]
fn there_is_nothing_to_sweep_twice() {
    let (mut house, market) = traded();
    sweep(&mut house, market).expect("a sweep");
    refused(&mut house, BallastError::ZeroAmount, |h| sweep(h, market));
    refused(&mut house, BallastError::ZeroAmount, |h| sweep(h, 0));
}

#[test]
fn attack_fees_do_not_go_to_another_clearinghouse() {
    let (mut house, market) = traded();
    let rival = Rival::of(&mut house);
    let (treasury, sweep) = (house.at.treasury, house.at.sweep_fees(market));
    let diverted = with_account(sweep, treasury, rival.at.treasury);
    refused_ix(&mut house, BallastError::WrongClearinghouse, diverted, &[]);
}

#[test]
fn a_fee_is_margin_that_is_gone() {
    let (mut house, market) = traded();
    let (rich, poor, desk) = (house.person_with_quote(1_000), house.person(), house.person_with_quote(1_000));
    house.fill_at_oracle(0, &rich, &desk, BASE).expect("the same trade where there is no fee");
    let needed = house.health(&rich).initial.initial;
    let fee = house.value(0, COIN).div_ceil(1_000);
    house.fund_quote(&poor, needed + fee - 1).expect("a deposit");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(market, &poor, &desk, BASE));
    house.fund_quote(&poor, 1).expect("a deposit");
    house.fill_at_oracle(market, &poor, &desk, BASE).expect("IM and fee, to the unit");
    assert_conserved(&house);
}
