//! Who holds which role, and what it may do.

use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::governance::{DELAY_S, LONG_DELAY_S, Parameter, STEWARD_PAUSE_S};
use ballast::state::proposal::role;
use ballast_client::instructions::Which;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Signer};

use crate::common::{refused, refused_ix, sol};
use crate::proposals::roomy;

fn with_steward() -> (House, Keypair) {
    let (mut house, steward) = (roomy(), Keypair::new());
    house.name(role::STEWARD, steward.pubkey()).expect("named");
    (house, steward)
}

#[test]
fn a_role_is_named_after_its_delay() {
    for role in [role::STEWARD, role::GUARDIAN, role::DEPTH_REPORTER] {
        let (mut house, key) = (sol(), Keypair::new());
        let id = house.propose_role(role, key.pubkey()).expect("announced");
        house.vm.advance(LONG_DELAY_S - 1);
        refused(&mut house, BallastError::TooEarly, |h| h.apply(id));
        assert_eq!(*house.clearinghouse().role(role).expect("known"), Pubkey::default());
        house.vm.advance(1);
        house.apply(id).expect("its time has come");
        assert_eq!(*house.clearinghouse().role(role).expect("known"), key.pubkey());
    }
}

#[test]
fn a_naming_is_bound_to_who_held_the_role() {
    let mut house = sol();
    let [a, b] =
        [0, 1].map(|_| house.propose_role(role::GUARDIAN, Keypair::new().pubkey()).expect("announced"));
    house.vm.advance(LONG_DELAY_S);
    house.apply(a).expect("its time has come");
    refused(&mut house, BallastError::StateChanged, |h| h.apply(b));
}

#[test]
fn steward_and_guardian_are_removed_at_once_and_the_depth_reporter_is_not() {
    let mut house = sol();
    let governance = house.governance.insecure_clone();
    for role in [role::STEWARD, role::GUARDIAN] {
        house.name(role, Keypair::new().pubkey()).expect("named");
        let thief = Keypair::new();
        let steal = house.at.remove_role(thief.pubkey(), role);
        refused_ix(&mut house, BallastError::NotGovernance, steal, &[&thief]);
        let remove = house.at.remove_role(governance.pubkey(), role);
        house.vm.send(&[remove], &[&governance]).expect("at once");
        assert_eq!(*house.clearinghouse().role(role).expect("known"), Pubkey::default());
    }
    // Without reports depth fades to its floor, and that is in everybody's MM.
    let reporter = Keypair::new().pubkey();
    house.name(role::DEPTH_REPORTER, reporter).expect("named");
    let remove = house.at.remove_role(governance.pubkey(), role::DEPTH_REPORTER);
    refused_ix(&mut house, BallastError::WrongRole, remove, &[&governance]);
    let set = house.at.set_depth_reporter(governance.pubkey(), Pubkey::default());
    refused_ix(&mut house, BallastError::ProposalNeeded, set, &[&governance]);
    let set = house.at.set_depth_reporter(governance.pubkey(), governance.pubkey());
    refused_ix(&mut house, BallastError::ProposalNeeded, set, &[&governance]);
}

#[test]
fn the_steward_moves_what_its_mandate_covers() {
    let (mut house, steward) = with_steward();
    let p = Parameter::Band;
    let which = Which { parameter: p, target: 0 };
    // Without a mandate nothing.
    assert!(house.tighten(&steward, p, 0, 95).is_err());
    house.grant(p, 0, [80, 110]).expect("granted");
    house.tighten(&steward, p, 0, 95).expect("within the mandate");
    // Once a day.
    refused(&mut house, BallastError::BeyondMandate, |h| h.tighten(&steward, p, 0, 94));
    house.vm.advance(STEWARD_PAUSE_S);
    // By its own step: 10 % of 95, and at least what the row allows.
    refused(&mut house, BallastError::BeyondMandate, |h| h.tighten(&steward, p, 0, 84));
    house.tighten(&steward, p, 0, 85).expect("a step");
    house.vm.advance(STEWARD_PAUSE_S);
    // Between the bounds.
    refused(&mut house, BallastError::BeyondMandate, |h| h.tighten(&steward, p, 0, 79));
    // Nothing loosens at once, whoever signs.
    refused(&mut house, BallastError::NotAtOnce, |h| h.tighten(&steward, p, 0, 90));
    let id = house.propose(&steward, p, 0, 90).expect("announced");
    house.vm.advance(DELAY_S - 1);
    refused(&mut house, BallastError::TooEarly, |h| h.apply(id));
    house.vm.advance(1);
    house.apply(id).expect("its time has come");
    // And a mandate is taken away at once.
    let governance = house.governance.insecure_clone();
    let revoke = house.at.revoke_mandate(governance.pubkey(), which, house.vm.payer.pubkey());
    house.vm.send(&[revoke], &[&governance]).expect("at once");
    house.vm.advance(STEWARD_PAUSE_S);
    assert!(house.tighten(&steward, p, 0, 89).is_err());
}

#[test]
fn a_mandate_is_for_one_parameter_and_for_what_the_table_gives_a_steward() {
    let (mut house, steward) = with_steward();
    house.grant(Parameter::Band, 0, [80, 110]).expect("granted");
    let band = house.at.mandate(Which { parameter: Parameter::Band, target: 0 });
    let which = Which { parameter: Parameter::ProfitCap, target: 0 };
    let from = house.parameter(Parameter::ProfitCap, 0);
    let mut other = house.at.tighten(steward.pubkey(), true, which, from, from - 1);
    other.accounts.last_mut().expect("the mandate").pubkey = band;
    refused_ix(&mut house, BallastError::BeyondMandate, other, &[&steward]);
    refused(&mut house, BallastError::BeyondMandate, |h| h.grant(Parameter::StressWeight, 0, [0, 10_000]));
    refused(&mut house, BallastError::WrongTarget, |h| h.grant(Parameter::Band, 64, [0, 100]));
    refused(&mut house, BallastError::WrongTarget, |h| h.grant(Parameter::MaxUtilisation, 1, [0, 100]));
}

#[test]
fn nobody_else_governs() {
    let (mut house, thief) = (roomy(), Keypair::new());
    let (at, payer, me, id) =
        (house.at, house.vm.payer.pubkey(), thief.pubkey(), house.clearinghouse().proposals);
    let which = Which { parameter: Parameter::Band, target: 0 };
    for (instruction, error) in [
        (at.propose(payer, me, false, id, which, 100, 101), BallastError::WrongRole),
        (at.tighten(me, false, which, 100, 99), BallastError::WrongRole),
        (at.propose_listing(payer, me, id, [1; 32]), BallastError::NotGovernance),
        (at.propose_role(payer, me, id, role::STEWARD, me), BallastError::NotGovernance),
        (at.propose_governance(me, me), BallastError::NotGovernance),
        (at.accept_governance(me), BallastError::NoSuccessor),
        (at.grant_mandate(payer, me, which, [0, 1]), BallastError::NotGovernance),
        (at.lift_pause(me), BallastError::WrongRole),
    ] {
        refused_ix(&mut house, error, instruction, &[&thief]);
    }
}

#[test]
fn anybody_tops_the_insurance_fund_up_and_nobody_takes_it_out() {
    let mut house = sol();
    let (giver, source) = crate::common::stranger(&mut house, 5 * QUOTE);
    let give = house.at.top_up_insurance(giver.pubkey(), source, 5 * QUOTE);
    house.vm.send(&[give], &[&giver]).expect("anybody gives");
    assert_eq!(house.treasury().insurance, 5 * QUOTE);
    crate::common::assert_conserved(&house);
    let nothing = house.at.top_up_insurance(giver.pubkey(), source, 0);
    refused_ix(&mut house, BallastError::ZeroAmount, nothing, &[&giver]);
    // Tokens of another mint are no quote: the token program refuses them.
    let mint = house.vm.create_mint(6);
    let fake = house.vm.create_wallet(&mint, &giver.pubkey(), QUOTE);
    let cheat = house.at.top_up_insurance(giver.pubkey(), fake, QUOTE);
    assert!(house.vm.send(&[cheat], &[&giver]).is_err());
}
