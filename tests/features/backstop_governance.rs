//! A backstop is announced like a listing, and its parameters move as the table says: nobody who trades with it, waits
//! to leave it, or pays funding because of it is surprised.

use anchor_lang::AccountSerialize;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::FundingUpdated;
use ballast::governance::{DELAY_S, LIFE_S, LONG_DELAY_S, Pace, Parameter, RAMP_S, ROWS, Target};
use ballast::instructions::listing_hash;
use ballast::limits::BackstopParams;
use ballast::state::proposal::role;
use ballast_client::instructions::{Which, with_proposal};
use ballast_risk::fixed::rate_from_bps;
use ballast_sandbox::house::{QUOTE, default_backstop};
use ballast_sandbox::{House, Keypair, MarketSpec, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, backed, prices_after, refused, refused_ix, sol_and_eth, wallet_of,
    with_account,
};
use crate::proposals::roomy;

const DAY: i64 = 86_400;

/// Governance announces a move of the first market's backstop, or of the market itself.
fn propose(house: &mut House, parameter: Parameter, to: u64) -> u64 {
    let governance = house.governance.insecure_clone();
    house.propose(&governance, parameter, 0, to).expect("announced")
}

fn tighten(house: &mut House, parameter: Parameter, to: u64) -> ballast_sandbox::house::Sent {
    let governance = house.governance.insecure_clone();
    house.tighten(&governance, parameter, 0, to)
}

// ---- creation ------------------------------------------------------------------------------------

fn announce(house: &mut House, hash: [u8; 32]) -> Pubkey {
    let (id, governance) = (house.clearinghouse().proposals, house.governance.insecure_clone());
    let propose = house.at.propose_listing(house.vm.payer.pubkey(), governance.pubkey(), id, hash);
    house.vm.send(&[propose], &[&governance]).expect("announced");
    house.at.proposal(id)
}

fn hash_of(market: u8, params: &BackstopParams) -> [u8; 32] {
    listing_hash("create_backstop", market, Pubkey::default(), params).expect("hashed")
}

#[test]
fn a_backstop_is_announced_like_a_listing_and_is_what_was_announced() {
    let mut house = sol_and_eth();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let (at, params) = (house.at, default_backstop());
    let create = |market, params| at.create_backstop(payer, governance.pubkey(), market, params);
    refused_ix(&mut house, BallastError::ProposalNeeded, create(0, params), &[&governance]);

    let proposal = announce(&mut house, hash_of(0, &params));
    let announced = with_proposal(create(0, params), proposal);
    refused_ix(&mut house, BallastError::TooEarly, announced.clone(), &[&governance]);
    house.vm.advance(LONG_DELAY_S - 1);
    refused_ix(&mut house, BallastError::TooEarly, announced.clone(), &[&governance]);
    house.vm.advance(1);
    // Funding ten times as fast, another market, or another listing than was announced.
    let faster = BackstopParams { funding_velocity_bps: 1_000, ..params };
    for other in [
        create(0, faster),
        create(1, params),
        at.add_market(payer, governance.pubkey(), 2, MarketSpec::perpetual("SOL", 0).args),
    ] {
        refused_ix(&mut house, BallastError::WrongProposal, with_proposal(other, proposal), &[&governance]);
    }
    refused(&mut house, BallastError::WrongProposal, |h| h.apply(0));
    house.vm.send(&[announced], &[&governance]).expect("its time has come");
    assert_eq!((house.vault(0).params, house.market(0).quoted_bps), (params, 60));
    // It is used up.
    let again = with_proposal(create(1, params), proposal);
    refused_ix(&mut house, BallastError::WrongProposal, again, &[&governance]);
    // And one that was forgotten is dead.
    let forgotten = announce(&mut house, hash_of(1, &params));
    house.vm.advance(LONG_DELAY_S + LIFE_S);
    let late = with_proposal(create(1, params), forgotten);
    refused_ix(&mut house, BallastError::ProposalExpired, late, &[&governance]);
}

#[test]
fn before_the_opening_a_backstop_is_created_at_once() {
    // `roomy` is founded, given a backstop, and opened.
    let house = roomy();
    assert_eq!((house.clearinghouse().open, house.clearinghouse().proposals), (true, 0));
    assert_eq!(house.market(0).backstop, house.at.backstop(0));
}

// ---- which way and how fast ----------------------------------------------------------------------

#[test]
fn every_parameter_of_a_backstop_has_its_pace() {
    use Parameter::*;
    let of = |pace: Pace| -> Vec<Parameter> {
        let own = ROWS.iter().filter(|row| row.target == Target::Backstop);
        own.filter(|row| row.tightens == pace).map(|row| row.parameter).collect()
    };
    // New trades only.
    assert_eq!(of(Pace::AtOnce), [BackstopPosition, BackstopTrade, BackstopFee]);
    // What open positions pay.
    assert_eq!(of(Pace::Ramp), [FundingVelocity, FundingMax]);
    // What has no safe direction.
    assert_eq!(of(Pace::Wait), [LossLimit, LossWindow, Skew, MaxLag, WithdrawalDelay]);
    for p in of(Pace::Wait) {
        assert!(
            p.row().is_loosening(2, 1) && p.row().is_loosening(1, 2) && p.row().steward_bps == 0,
            "{p:?}"
        );
    }
}

#[test]
fn a_parameter_of_a_backstop_moves_with_its_own_vault_only() {
    let mut house = sol_and_eth();
    for market in 0..2 {
        house.create_backstop(market, default_backstop()).expect("governance creates a backstop");
    }
    let mut rival = Rival::of(&mut house);
    let (at, payer, governance) = (house.at, house.vm.payer.pubkey(), house.governance.insecure_clone());
    let id = house.clearinghouse().proposals;
    let lag = Which { parameter: Parameter::MaxLag, target: 0 };
    let fee = Which { parameter: Parameter::BackstopFee, target: 0 };
    let own = at.propose(payer, governance.pubkey(), false, id, lag, 10, 11);
    let foreign = with_account(own.clone(), at.backstop(0), at.backstop(1));
    refused_ix(&mut house, BallastError::WrongTarget, foreign, &[&governance]);
    let bare = with_account(own.clone(), at.backstop(0), ballast::ID);
    refused_ix(&mut house, BallastError::WrongTarget, bare, &[&governance]);
    let bare = with_account(own, at.market(0), ballast::ID);
    refused_ix(&mut house, BallastError::WrongTarget, bare, &[&governance]);
    let tighten = at.tighten(governance.pubkey(), false, fee, 10, 11);
    let foreign = with_account(tighten.clone(), at.backstop(0), at.backstop(1));
    refused_ix(&mut house, BallastError::WrongTarget, foreign, &[&governance]);
    let made = house.propose(&governance, Parameter::MaxLag, 0, 11).expect("announced");
    house.vm.advance(DELAY_S);
    let foreign = at.apply_proposal(made, Some(Which { parameter: Parameter::MaxLag, target: 1 }));
    refused_ix(&mut house, BallastError::WrongTarget, foreign, &[]);
    house.apply(made).expect("its time has come");
    assert_eq!((house.vault(0).params.max_lag_s, house.vault(1).params.max_lag_s), (11, 10));
    // The vault of another clearinghouse, whose governance is somebody else.
    let theirs = rival.visit(&mut house, |h| {
        h.create_backstop(0, default_backstop()).expect("they have one too");
        h.at.backstop(0)
    });
    let foreign = with_account(tighten, at.backstop(0), theirs);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign, &[&governance]);
}

#[test]
fn a_steward_tightens_what_binds_new_trades_and_nothing_else() {
    let (mut house, _) = backed();
    let steward = Keypair::new();
    house.name(role::STEWARD, steward.pubkey()).expect("named");
    refused(&mut house, BallastError::BeyondMandate, |h| h.grant(Parameter::LossLimit, 0, [0, u64::MAX]));
    refused(&mut house, BallastError::BeyondMandate, |h| h.grant(Parameter::FundingMax, 0, [0, u64::MAX]));
    refused(&mut house, BallastError::WrongTarget, |h| h.grant(Parameter::BackstopFee, 64, [0, 20]));
    house.grant(Parameter::BackstopFee, 0, [5, 20]).expect("granted");
    refused(&mut house, BallastError::BeyondMandate, |h| h.tighten(&steward, Parameter::BackstopFee, 0, 13));
    house.tighten(&steward, Parameter::BackstopFee, 0, 12).expect("a step within its mandate");
    assert_eq!(house.vault(0).params.fee_bps, 12);
    refused(&mut house, BallastError::NotAtOnce, |h| h.tighten(&steward, Parameter::BackstopFee, 0, 11));
}

// ---- what it charges -----------------------------------------------------------------------------

#[test]
fn fee_and_skew_stay_inside_the_band_whichever_of_them_moves() {
    let (mut house, _) = backed();
    // Fee 0.1 %, skew 0.5 %, band 1 %. A skew that fits today, and is carried out tomorrow.
    let skew = propose(&mut house, Parameter::Skew, 60);
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| tighten(h, Parameter::BackstopFee, 51));
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| tighten(h, Parameter::Band, 59));
    tighten(&mut house, Parameter::Band, 65).expect("wide enough");
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| tighten(h, Parameter::BackstopFee, 16));
    house.vm.advance(DELAY_S);
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| h.apply(skew));
    tighten(&mut house, Parameter::BackstopFee, 15).expect("to the brim");
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| tighten(h, Parameter::Band, 64));
    // Once less is charged the band may follow.
    let skew = propose(&mut house, Parameter::Skew, 40);
    house.vm.advance(DELAY_S);
    house.apply(skew).expect("it fits");
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| tighten(h, Parameter::Band, 54));
    tighten(&mut house, Parameter::Band, 55).expect("to the brim");
    assert_eq!(house.market(0).quoted_bps, 55);
}

#[test]
fn a_cap_is_lowered_at_once_and_raised_after_its_delay() {
    let (mut house, trader) = backed();
    // Never below what it trades at once: that goes first.
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| {
        tighten(h, Parameter::BackstopPosition, 499 * COIN)
    });
    tighten(&mut house, Parameter::BackstopTrade, 10 * COIN).expect("at once");
    refused(&mut house, BallastError::BackstopFull, |h| h.ask_trade(0, &trader, 1, 10 * BASE + 1));
    tighten(&mut house, Parameter::BackstopPosition, 10 * COIN).expect("at once");
    house.trade_at(0, &trader, 1, 10 * BASE, 100.0).expect("up to its cap");
    house.trade_at(0, &trader, 2, BASE, 100.0).expect("declined");
    assert_eq!(house.margin_account(&trader.account).position(0).base, 10 * BASE);
    refused(&mut house, BallastError::NotAtOnce, |h| tighten(h, Parameter::BackstopTrade, 11 * COIN));
    // Valid when it was announced, and not when it would be carried out.
    let more = propose(&mut house, Parameter::BackstopTrade, 11 * COIN);
    house.vm.advance(DELAY_S);
    refused(&mut house, BallastError::ParameterOutOfBounds, |h| h.apply(more));
    assert_conserved(&house);
}

/// Hostile governance trades as well: the less a vault may hold, the more its price is skewed by what it does hold.
#[test]
fn attack_a_lowered_cap_does_not_give_the_inventory_away() {
    let (mut house, trader) = backed();
    house.trade_at(0, &trader, 1, -400 * BASE, 100.0).expect("the vault is long 400");
    tighten(&mut house, Parameter::BackstopTrade, COIN).expect("at once");
    tighten(&mut house, Parameter::BackstopPosition, COIN).expect("at once");
    let thief = house.person_with_quote(1_000);
    let before = house.margin_account(&thief.account).quote;
    house.trade_at(0, &thief, 1, BASE, 100.0).expect("it may still get smaller");
    let health = house.health(&thief);
    let gained = health.maintenance.equity - before;
    // The whole skew of 0.5 %, and the fee of 0.1 % back: at most what a full vault always gives.
    assert!((0..=40 * QUOTE as i64 / 100).contains(&gained), "{gained}");
    assert_conserved(&house);
}

// ---- what open positions pay ---------------------------------------------------------------------

/// How far the rate moves in an hour.
fn hour(house: &mut House) -> i64 {
    prices_after(house, 3_600, &[100.0]);
    let before = house.board().markets[0].funding_rate;
    let said: FundingUpdated = house.update_funding(0).expect("an hour has passed").event();
    said.rate - before
}

#[test]
fn attack_a_lowered_cap_does_not_hurry_funding() {
    let (mut house, trader) = backed();
    house.trade_at(0, &trader, 1, 100 * BASE, 100.0).expect("the vault is short a tenth of its most");
    hour(&mut house);
    let tenth = rate_from_bps(100) as i64 / 10 / 24;
    assert!((hour(&mut house) - tenth).abs() <= 1);
    tighten(&mut house, Parameter::BackstopTrade, 100 * COIN).expect("at once");
    tighten(&mut house, Parameter::BackstopPosition, 100 * COIN).expect("at once");
    let announced = house.vm.now();
    assert!((hour(&mut house) - tenth).abs() <= 1, "positions pay as before");
    // The same again does not begin later, nor faster.
    house.vm.advance(announced + DELAY_S - house.vm.now() - 3_600);
    assert!((hour(&mut house) - tenth).abs() <= 1, "up to the end of the notice");
    // Then what it is measured against goes from 1,000 to 100 in a day: half way, 550.
    house.vm.advance(RAMP_S / 2 - 3_600);
    let half = rate_from_bps(100) as i64 * 100 / 550 / 24;
    assert!((hour(&mut house) - half).abs() <= 1);
    house.vm.advance(RAMP_S);
    assert!((hour(&mut house) - rate_from_bps(100) as i64 / 24).abs() <= 1, "a full vault's");
    assert_conserved(&house);
}

#[test]
fn a_cap_that_is_raised_again_slows_funding_at_once() {
    let (mut house, trader) = backed();
    tighten(&mut house, Parameter::BackstopTrade, 100 * COIN).expect("at once");
    tighten(&mut house, Parameter::BackstopPosition, 100 * COIN).expect("at once");
    house.vm.advance(DELAY_S + RAMP_S);
    prices_after(&mut house, 60, &[100.0]);
    house.trade_at(0, &trader, 1, 100 * BASE, 100.0).expect("the vault is full");
    hour(&mut house);
    let full = rate_from_bps(100) as i64 / 24;
    assert!((hour(&mut house) - full).abs() <= 1);
    let more = propose(&mut house, Parameter::BackstopPosition, 150 * COIN);
    house.vm.advance(DELAY_S - 3_600);
    hour(&mut house);
    house.apply(more).expect("its time has come");
    assert!((hour(&mut house) - full * 2 / 3).abs() <= 1);
}

// ---- who waits to leave --------------------------------------------------------------------------

#[test]
fn who_waits_to_leave_keeps_the_delay_that_was_asked_with() {
    let (mut house, _) = backed();
    let [early, late] = [0; 2].map(|_| house.provider(0, 1_000));
    let (old, new) = (DAY, DAY * 5 / 4);
    let longer = propose(&mut house, Parameter::WithdrawalDelay, new as u64);
    house.vm.advance(DELAY_S - 3_600);
    house.ask_out(0, &early, 1_000 * QUOTE).expect("while the old delay stands");
    house.vm.advance(3_600);
    house.apply(longer).expect("its time has come");
    house.ask_out(0, &late, 1_000 * QUOTE).expect("after it has changed");
    house.vm.advance(old - 3_600);
    house.walk_out(0, &early).expect("after the delay it was promised");
    house.vm.advance(3_600);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &late));
    house.vm.advance(new - old);
    house.walk_out(0, &late).expect("after the new delay");
    assert_eq!(wallet_of(&house, &early, &house.at.quote_mint), 1_000 * QUOTE);
    assert_conserved(&house);
}

#[test]
fn who_waits_to_leave_does_not_miss_it_because_the_delay_was_shortened() {
    let (mut house, _) = backed();
    let who = house.provider(0, 1_000);
    let shorter = propose(&mut house, Parameter::WithdrawalDelay, DAY as u64 * 3 / 4);
    house.vm.advance(DELAY_S - DAY / 2);
    house.ask_out(0, &who, 1_000 * QUOTE).expect("while the old delay stands");
    house.vm.advance(DAY / 2);
    house.apply(shorter).expect("its time has come");
    house.vm.advance(DAY * 3 / 8);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &who));
    // At nine eighths of a day of the old delay's two; by the new one it would end after three halves.
    house.vm.advance(DAY * 7 / 8);
    house.walk_out(0, &who).expect("as long as it was promised");
}

#[test]
fn a_request_from_before_its_delay_was_kept_has_the_vaults() {
    let (mut house, _) = backed();
    let who = house.provider(0, 1_000);
    house.ask_out(0, &who, 1_000 * QUOTE).expect("a request");
    let mut share = house.share(0, &who);
    share.delay_s = 0;
    let mut data = Vec::new();
    share.try_serialize(&mut data).expect("a vector takes any number of bytes");
    house.vm.put(house.at.backstop_share(0, &who.pubkey()), ballast::ID, data);
    house.vm.advance(DAY - 1);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &who));
    house.vm.advance(1);
    house.walk_out(0, &who).expect("the delay is over");
}
