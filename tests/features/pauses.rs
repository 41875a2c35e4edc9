//! The guardian's pauses: they stop new risk, expire by themselves, and cannot be stood in a row.

use ballast::error::BallastError;
use ballast::instructions::PauseArgs;
use ballast::policy::pause::{DEPOSITS, NEW_RISK};
use ballast::state::proposal::role;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Signer};

use crate::common::{BASE, prices_after, refused, refused_ix, sol};

const NOTHING: PauseArgs = PauseArgs { bits: 0, assets: 0, markets: 0, seconds: 600 };

fn guarded() -> (House, Keypair) {
    let (mut house, guardian) = (sol(), Keypair::new());
    house.name(role::GUARDIAN, guardian.pubkey()).expect("named");
    (house, guardian)
}

#[test]
fn a_pause_of_new_risk_stops_it_and_ends_by_itself() {
    let (mut house, guardian) = guarded();
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &a, &b, 2 * BASE).expect("before the pause");
    house.pause(&guardian, PauseArgs { bits: NEW_RISK, ..NOTHING }).expect("the guardian pauses");
    refused(&mut house, BallastError::Paused, |h| h.fill_at_oracle(0, &a, &b, BASE));
    house.fill_at_oracle(0, &a, &b, -BASE).expect("reducing goes on");
    house.fund_quote(&a, QUOTE).expect("depositing goes on");
    house.withdraw_quote(&b, QUOTE).expect("and withdrawing");
    prices_after(&mut house, 600, &[100.0]);
    house.fill_at_oracle(0, &a, &b, BASE).expect("it has ended");
}

#[test]
fn single_markets_and_assets_are_restricted_to_reducing_for_a_time() {
    for args in [PauseArgs { markets: 1, ..NOTHING }, PauseArgs { assets: 1, ..NOTHING }] {
        let (mut house, guardian) = guarded();
        let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
        house.fill_at_oracle(0, &a, &b, 2 * BASE).expect("before the pause");
        house.pause(&guardian, args).expect("the guardian pauses");
        refused(&mut house, BallastError::ReduceOnly, |h| h.fill_at_oracle(0, &a, &b, BASE));
        house.fill_at_oracle(0, &a, &b, -BASE).expect("reducing goes on");
        prices_after(&mut house, 600, &[100.0]);
        house.fill_at_oracle(0, &a, &b, BASE).expect("it has ended");
    }
    let (mut house, guardian) = guarded();
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.pause(&guardian, PauseArgs { markets: 2, assets: 2, ..NOTHING }).expect("others");
    house.fill_at_oracle(0, &a, &b, BASE).expect("this market is not named");
}

#[test]
fn attack_a_guardian_cannot_pause_forever() {
    let (mut house, guardian) = guarded();
    let (risk, deposits) = (PauseArgs { bits: NEW_RISK, ..NOTHING }, PauseArgs { bits: DEPOSITS, ..NOTHING });
    for (args, longest) in [(risk, 86_400), (deposits, 3_600), (PauseArgs { markets: 1, ..NOTHING }, 86_400)]
    {
        refused(&mut house, BallastError::BadPause, |h| {
            h.pause(&guardian, PauseArgs { seconds: longest + 1, ..args })
        });
    }
    for bad in [NOTHING, PauseArgs { bits: 4, ..NOTHING }, PauseArgs { seconds: 0, ..risk }] {
        refused(&mut house, BallastError::BadPause, |h| h.pause(&guardian, bad));
    }
    // Whoever pauses at every chance it gets stops new risk for a quarter of the time, liquidation for a twenty-fifth.
    for (args, seconds, share) in [(risk, 86_400, 4), (deposits, 3_600, 25), (deposits, 60, 25)] {
        let (mut house, guardian) = guarded();
        let (start, mut paused) = (house.vm.now(), 0i64);
        for _ in 0..6 {
            house.pause(&guardian, PauseArgs { seconds, ..args }).expect("the rest is over");
            refused(&mut house, BallastError::PauseTooSoon, |h| {
                h.pause(&guardian, PauseArgs { seconds, ..args })
            });
            house.vm.advance(seconds.into());
            paused += i64::from(seconds);
            refused(&mut house, BallastError::PauseTooSoon, |h| h.pause(&guardian, args));
            house.vm.advance(i64::from(seconds) * (share - 1) - 1);
            refused(&mut house, BallastError::PauseTooSoon, |h| h.pause(&guardian, args));
            house.vm.advance(1);
        }
        assert_eq!(paused * share, house.vm.now() - start);
    }
}

#[test]
fn a_pause_is_lifted_by_governance_and_its_rest_stays_owed() {
    let (mut house, guardian) = guarded();
    let governance = house.governance.insecure_clone();
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.pause(&guardian, PauseArgs { bits: NEW_RISK, ..NOTHING }).expect("the guardian pauses");
    let lift = house.at.lift_pause(governance.pubkey());
    house.vm.send(&[lift], &[&governance]).expect("governance lifts it");
    house.fill_at_oracle(0, &a, &b, BASE).expect("as before");
    refused(&mut house, BallastError::PauseTooSoon, |h| {
        h.pause(&guardian, PauseArgs { bits: NEW_RISK, ..NOTHING })
    });
}

#[test]
fn nobody_but_the_guardian_pauses() {
    let (mut house, _) = guarded();
    let (governance, thief) = (house.governance.insecure_clone(), Keypair::new());
    for key in [&governance, &thief] {
        let pause = house.at.pause(key.pubkey(), PauseArgs { bits: NEW_RISK, ..NOTHING });
        refused_ix(&mut house, BallastError::WrongRole, pause, &[key]);
    }
}
