//! Every row of governance's table: what waits, what moves at once, what ramps, how far, and what is refused.

use ballast::error::BallastError;
use ballast::governance::{DELAY_S, LIFE_S, Loosens, Pace, Parameter, RAMP_S, ROWS, Row, Target};
use ballast::instructions::SourceArgs;
use ballast_client::instructions::Which;
use ballast_sandbox::house::{
    HouseParams, QUOTE, Sent, default_backstop, default_lending, default_params, default_phases,
};
use ballast_sandbox::house::{default_prices, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Refusal, Signer};

use crate::common::{refused, refused_ix};

const HOUR: i64 = 3_600;

/// A house in which every parameter has room on both sides, with one asset and two markets, the first with a backstop.
pub fn roomy() -> House {
    let mut core = default_params();
    (core.min_maintenance, core.dust) = (10 * QUOTE, 100 * QUOTE);
    (core.stress_weight_bps, core.decorrelation_bps, core.gross_floor_bps) = (4_000, 2_000, 100);
    (core.notice_doubling_s, core.notice_least_bps) = (3_600, 7_500);
    (core.forecast_short_bps, core.forecast_fast_bps) = (3_000, 3_000);
    let mut prices = default_prices();
    (prices.outage_s, prices.grace_s, prices.consistent, prices.recovery_s) = (3_600, 600, 4, 600);
    (prices.confirm_s, prices.guarded_bps, prices.quote_cap_bps) = (60, 2_000, 200);
    (prices.off_peg_bps, prices.on_peg_bps) = (200, 100);
    let mut phases = default_phases();
    (phases.bounty, phases.deep_bps, phases.bankrupt_bps) = (10 * QUOTE, 8_000, 5_000);
    (phases.penalty_start_bps, phases.penalty_growth_s, phases.first_step_bps) = (5_000, 600, 5_000);
    (phases.wait_s, phases.window_depth_bps, phases.window_s) = (60, 5_000, 600);
    (phases.takeover_s, phases.resolve_s) = (600, 60);
    let mut lending = default_lending();
    (lending.base_bps, lending.at_kink_bps, lending.at_full_bps) = (100, 500, 5_000);
    (lending.max_utilisation_bps, lending.lent_bps, lending.outflow_bps) = (8_000, 5_000, 5_000);
    (lending.window_s, lending.step_s) = (3_600, 600);
    let params = HouseParams { core, prices, phases, lending, ..HouseParams::default() };
    let mut house = House::with_params(params);
    let mut coin = AssetSpec::coin("SOL", 9);
    let a = &mut coin.args;
    (a.haircut_min_bps, a.haircut_max_bps, a.fall_bps, a.rise_bps) = (1_500, 6_000, 3_000, 3_000);
    (a.max_move_bps, a.max_confidence_bps, a.penalty_bps, a.deposit_cap) = (300, 200, 200, 1 << 50);
    (a.depth_floor, a.depth_cap, a.index_weight_bps) = (1 << 45, 1 << 50, 5_000);
    (a.outflow_limit, a.outflow_window_s) = (1 << 50, 3_600);
    a.sources = SourceArgs {
        max_deviation_bps: 200,
        max_jump_bps: 1_000,
        payout_jump_bps: 500,
        max_growth_bps: 20,
        basis_bps: 100,
        ..SourceArgs::PYTH
    };
    house.list_asset(coin).expect("an asset is listed");
    let mut market = MarketSpec::perpetual("SOL", 0);
    let m = &mut market.args;
    (m.fee_bps, m.penalty_bps, m.profit_cap, m.open_interest_cap) = (10, 200, 1_000_000 * QUOTE, 1 << 50);
    house.open_market(market).expect("a market is opened");
    house.create_backstop(0, default_backstop()).expect("before the opening, at once");
    house.open_market(MarketSpec::perpetual("SOL2", 0)).expect("a market is opened");
    house.calibrate(made_up_history(0)).expect("a calibration is loaded");
    house.open().expect("governance opens");
    house
}

/// Which way a row loosens; where either way does, up.
fn looser(row: &Row, from: u64, by: u64) -> Option<u64> {
    let to = match row.loosens {
        Loosens::Up | Loosens::Either => from.checked_add(by)?,
        Loosens::Down => from.checked_sub(by)?,
    };
    row.admits(to).then_some(to)
}

fn tighter(row: &Row, from: u64, by: u64) -> Option<u64> {
    let to = match row.loosens {
        Loosens::Up | Loosens::Either => from.checked_sub(by)?,
        Loosens::Down => from.checked_add(by)?,
    };
    row.admits(to).then_some(to)
}

/// The longest step that governance may go from here.
pub fn step(row: &Row, from: u64) -> u64 {
    (u128::from(from) * u128::from(row.step_bps) / 10_000).max(u128::from(row.step_least)) as u64
}

#[track_caller]
fn no<T: core::fmt::Debug>(result: Result<T, Refusal>, error: BallastError) {
    match result {
        Ok(done) => panic!("accepted: {done:?}"),
        Err(refusal) => assert!(refusal.is(error), "{refusal}"),
    }
}

fn applied(house: &mut House, id: u64) -> Sent {
    house.apply(id)
}

/// Where a row stands in a house in which a restriction is already set, so that it can be loosened.
fn prepare(house: &mut House, row: &Row) {
    let governance = house.governance.insecure_clone();
    if matches!(row.parameter, Parameter::AssetRestrictions | Parameter::MarketRestrictions) {
        house.tighten(&governance, row.parameter, 0, 1).expect("reduce-only at once");
    }
}

#[test]
fn every_loosening_waits_is_bounded_bound_to_its_state_and_expires() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    for row in &ROWS {
        println!("{:?}", row.parameter);
        prepare(&mut house, row);
        let (p, from) = (row.parameter, house.parameter(row.parameter, 0));
        let to = looser(row, from, 1).expect("there is room");
        if let Some(far) = looser(row, from, step(row, from) + 1) {
            no(house.propose(&governance, p, 0, far), BallastError::StepTooLarge);
        }
        // Nothing that can never be carried out is announced.
        if let Some(beyond) = row.most.checked_add(1) {
            no(house.propose(&governance, p, 0, beyond), BallastError::ParameterOutOfBounds);
        }
        no(house.propose_from(&governance, p, 0, to, from), BallastError::StateChanged);
        no(house.propose_from(&governance, p, 0, from, from), BallastError::NothingToChange);
        no(house.tighten(&governance, p, 0, to), BallastError::NotAtOnce);
        let (first, second) = (
            house.propose(&governance, p, 0, to).expect("announced"),
            house.propose(&governance, p, 0, to).expect("announced twice"),
        );
        no(applied(&mut house, first), BallastError::TooEarly);
        house.vm.advance(DELAY_S - 1);
        no(applied(&mut house, first), BallastError::TooEarly);
        assert_eq!(house.parameter(p, 0), from, "nothing moves inside the delay");
        house.vm.advance(1);
        applied(&mut house, first).expect("its time has come");
        assert_eq!(house.parameter(p, 0), to);
        no(applied(&mut house, first), BallastError::ProposalDone);
        no(applied(&mut house, second), BallastError::StateChanged);

        // Back again, but nobody does it in time. What tightens at once needs no proposal, and has one too.
        let late = house.propose(&governance, p, 0, from).expect("announced");
        house.vm.advance(DELAY_S + LIFE_S);
        no(applied(&mut house, late), BallastError::ProposalExpired);
        assert_eq!(house.parameter(p, 0), to);
    }
}

#[test]
fn what_binds_new_risk_only_tightens_at_once() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    let mut tried = 0;
    for row in ROWS.iter().filter(|row| row.tightens == Pace::AtOnce) {
        let (p, from) = (row.parameter, house.parameter(row.parameter, 0));
        println!("{p:?}");
        let to = tighter(row, from, 1).expect("there is room");
        house.tighten(&governance, p, 0, to).expect("at once");
        assert_eq!(house.parameter(p, 0), to);
        let thief = Keypair::new();
        let which = Which { parameter: p, target: 0 };
        let steal = house.at.tighten(thief.pubkey(), false, which, to, from);
        refused_ix(&mut house, BallastError::WrongRole, steal, &[&thief]);
        tried += 1;
    }
    assert!(tried >= 12, "{tried}");
}

#[test]
fn what_burdens_existing_positions_is_announced_and_then_ramps_over_a_day() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    for row in ROWS.iter().filter(|row| row.tightens == Pace::Ramp) {
        let (p, from) = (row.parameter, house.parameter(row.parameter, 0));
        let by = (step(row, from) / 5).max(2);
        let to = tighter(row, from, by).expect("there is room");
        println!("{p:?} {from} {to}");
        if let Some(far) = tighter(row, from, step(row, from) + 1) {
            no(house.propose(&governance, p, 0, far), BallastError::StepTooLarge);
        }
        no(house.tighten(&governance, p, 0, to), BallastError::NotAtOnce);
        let id = house.propose(&governance, p, 0, to).expect("announced");
        house.vm.advance(DELAY_S - 1);
        no(applied(&mut house, id), BallastError::TooEarly);
        house.vm.advance(1);
        applied(&mut house, id).expect("the ramp begins");
        assert_eq!(house.parameter(p, 0), from, "at its beginning nothing has moved");
        for hour in 1..=RAMP_S / HOUR {
            house.vm.advance(HOUR);
            applied(&mut house, id).expect("the ramp goes on");
            let moved = house.parameter(p, 0).abs_diff(from);
            let due = (u128::from(to.abs_diff(from)) * (hour * HOUR) as u128 / RAMP_S as u128) as u64;
            assert_eq!(moved, due, "{hour} hours");
        }
        assert_eq!(house.parameter(p, 0), to, "at its end it is there");
        no(applied(&mut house, id), BallastError::ProposalDone);
    }
}

#[test]
fn a_ramp_that_nobody_cranked_for_a_day_does_not_jump() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    let id = house.propose(&governance, Parameter::HaircutMin, 0, 1_740).expect("announced");
    house.vm.advance(DELAY_S + 3 * 86_400);
    applied(&mut house, id).expect("the ramp begins when it is first cranked");
    assert_eq!(house.parameter(Parameter::HaircutMin, 0), 1_500);
    house.vm.advance(5 * 86_400);
    applied(&mut house, id).expect("the ramp goes on");
    assert_eq!(house.parameter(Parameter::HaircutMin, 0), 1_510, "by an hour of twenty-four");
    // Cranked twice in a second it goes no faster.
    applied(&mut house, id).expect("nothing to do");
    assert_eq!(house.parameter(Parameter::HaircutMin, 0), 1_510);
}

#[test]
fn two_ramps_do_not_add_up() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    let a = house.propose(&governance, Parameter::Fee, 0, 12).expect("announced");
    let b = house.propose(&governance, Parameter::Fee, 0, 12).expect("announced");
    house.vm.advance(DELAY_S);
    for id in [a, b] {
        applied(&mut house, id).expect("both begin");
    }
    house.vm.advance(HOUR);
    applied(&mut house, a).expect("goes on; a twenty-fourth of two is nothing yet");
    (0..11).for_each(|_| {
        house.vm.advance(HOUR);
        applied(&mut house, a).expect("goes on");
    });
    assert_eq!(house.parameter(Parameter::Fee, 0), 11);
    no(applied(&mut house, b), BallastError::StateChanged);
}

#[test]
fn a_change_that_the_envelope_forbids_is_refused_when_it_is_carried_out() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    // Least haircut 15 %; move 3 + slippage 2 + penalty 2 = 7 %. Down by a quarter each time: 11.25, 8.44, then 6.33.
    for to in [1_125, 844] {
        let id = house.propose(&governance, Parameter::HaircutMin, 0, to).expect("announced");
        house.vm.advance(DELAY_S);
        applied(&mut house, id).expect("still safe");
    }
    let id = house.propose(&governance, Parameter::HaircutMin, 0, 650).expect("announced");
    house.vm.advance(DELAY_S);
    refused(&mut house, BallastError::UnsafeEnvelope, |h| h.apply(id));
    // The same from the other side: a wider move, and a market's higher penalty.
    let id = house.propose(&governance, Parameter::MarketPenalty, 0, 225).expect("announced");
    house.vm.advance(DELAY_S);
    applied(&mut house, id).expect("begins");
    for (parameter, to) in [(Parameter::MaxMove, 375), (Parameter::MaxConfidence, 250)] {
        let id = house.propose(&governance, parameter, 0, to).expect("announced");
        house.vm.advance(DELAY_S);
        let _ = applied(&mut house, id).expect("still safe: 2 + 3.75 + 2.5 ≤ 8.44");
    }
    let id = house.propose(&governance, Parameter::MaxMove, 0, 468).expect("announced");
    house.vm.advance(DELAY_S);
    refused(&mut house, BallastError::UnsafeEnvelope, |h| h.apply(id));
}

/// Drift, 1 April 2026: transactions signed long before with durable nonces.
#[test]
fn attack_what_was_signed_long_ago_is_harmless() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    // Signed in spring: lower the least haircut from 15 % to 12 %, and raise IM from 1.5 to 3 times MM.
    let (payer, id) = (house.vm.payer.pubkey(), house.clearinghouse().proposals);
    let haircut = Which { parameter: Parameter::HaircutMin, target: 0 };
    let ratio = Which { parameter: Parameter::InitialRatio, target: 0 };
    let lower = house.at.propose(payer, governance.pubkey(), false, id, haircut, 1_500, 1_200);
    let raise = house.at.tighten(governance.pubkey(), false, ratio, 15_000, 30_000);
    // Meanwhile another proposal was made: the number that was signed is taken.
    let other = house.propose(&governance, Parameter::Fee, 0, 9).expect("announced");
    assert!(house.vm.send(&[lower], &[&governance]).is_err(), "its number is taken");
    house.tighten(&governance, Parameter::InitialRatio, 0, 16_000).expect("at once");
    refused_ix(&mut house, BallastError::StateChanged, raise, &[&governance]);
    // And one that was made in spring and forgotten is dead by autumn.
    house.vm.advance(180 * 86_400);
    refused(&mut house, BallastError::ProposalExpired, |h| h.apply(other));
    house.cancel(&Keypair::new(), other).expect("anybody clears it away");
}

#[test]
fn a_parameter_moves_with_its_own_account_only() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    let (payer, id) = (house.vm.payer.pubkey(), house.clearinghouse().proposals);
    let haircut = Which { parameter: Parameter::HaircutMin, target: 0 };
    let mut bare = house.at.propose(payer, governance.pubkey(), false, id, haircut, 1_500, 1_400);
    // payer, authority, clearinghouse, board, proposal, asset
    bare.accounts[5].pubkey = ballast::ID;
    bare.accounts[5].is_writable = false;
    refused_ix(&mut house, BallastError::WrongTarget, bare, &[&governance]);
    assert_eq!(
        [Target::Market, Target::Backstop].map(|t| ROWS.iter().filter(|r| r.target == t).count()),
        [6, 10]
    );
}

#[test]
fn a_proposal_is_ended_by_who_may() {
    let mut house = roomy();
    let governance = house.governance.insecure_clone();
    let (guardian, thief) = (Keypair::new(), Keypair::new());
    house.name(ballast::state::proposal::role::GUARDIAN, guardian.pubkey()).expect("named");
    let loosening = house.propose(&governance, Parameter::HaircutMin, 0, 1_400).expect("announced");
    let burden = house.propose(&governance, Parameter::HaircutMin, 0, 1_600).expect("announced");
    refused(&mut house, BallastError::WrongRole, |h| h.cancel(&thief, loosening));
    refused(&mut house, BallastError::WrongRole, |h| h.cancel(&guardian, burden));
    house.cancel(&guardian, loosening).expect("a guardian stops a loosening");
    house.cancel(&governance, burden).expect("governance ends its own");
    assert!(house.vm.data(&house.at.proposal(loosening)).is_empty(), "its rent is returned");
}
