//! Governance changes hands in two steps; and a multisig's vault governs by CPI.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::{AccountMeta, Instruction};
use anchor_lang::{InstructionData, ToAccountMetas};
use ballast::error::BallastError;
use ballast::governance::{DELAY_S, LIFE_S, LONG_DELAY_S, Parameter};
use ballast::state::proposal::role;
use ballast_client::instructions::Which;
use ballast_multisig::VAULT;
use ballast_sandbox::house::{HouseParams, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Signer, Vm};

use crate::common::{initialise, refused_ix, sol};
use ballast_client::Deployment;

fn propose(house: &mut House, next: Pubkey) {
    let governance = house.governance.insecure_clone();
    let propose = house.at.propose_governance(governance.pubkey(), next);
    house.vm.send(&[propose], &[&governance]).expect("governance names its successor");
}

#[test]
fn governance_is_handed_over_in_two_steps() {
    let mut house = sol();
    let (old, next) = (house.governance.insecure_clone(), Keypair::new());
    propose(&mut house, next.pubkey());
    let accept = house.at.accept_governance(next.pubkey());
    refused_ix(&mut house, BallastError::TooEarly, accept.clone(), &[&next]);
    house.vm.advance(LONG_DELAY_S - 1);
    refused_ix(&mut house, BallastError::TooEarly, accept.clone(), &[&next]);
    assert_eq!(house.clearinghouse().governance, old.pubkey(), "until then the old one governs");
    house.vm.advance(1);
    let thief = Keypair::new();
    let steal = house.at.accept_governance(thief.pubkey());
    refused_ix(&mut house, BallastError::NoSuccessor, steal, &[&thief]);
    house.vm.send(core::slice::from_ref(&accept), &[&next]).expect("the successor accepts");
    assert_eq!(house.clearinghouse().governance, next.pubkey());
    refused_ix(&mut house, BallastError::NoSuccessor, accept, &[&next]);
    let back = house.at.propose_governance(old.pubkey(), old.pubkey());
    refused_ix(&mut house, BallastError::NotGovernance, back, &[&old]);
}

#[test]
fn a_hand_over_is_taken_back_or_expires() {
    let (mut house, next) = (sol(), Keypair::new());
    propose(&mut house, next.pubkey());
    propose(&mut house, Pubkey::default());
    house.vm.advance(LONG_DELAY_S);
    let accept = house.at.accept_governance(next.pubkey());
    refused_ix(&mut house, BallastError::NoSuccessor, accept.clone(), &[&next]);
    propose(&mut house, next.pubkey());
    house.vm.advance(LONG_DELAY_S + LIFE_S);
    refused_ix(&mut house, BallastError::ProposalExpired, accept, &[&next]);
}

/// An instruction of the clearinghouse, carried out by the multisig and signed by its vault.
fn by_vault(inner: &Instruction, vault: Pubkey) -> Instruction {
    let mut accounts =
        ballast_multisig::accounts::Execute { target: inner.program_id }.to_account_metas(None);
    // The vault signs inside, not outside.
    accounts.extend(
        inner
            .accounts
            .iter()
            .map(|m| AccountMeta { is_signer: m.is_signer && m.pubkey != vault, ..m.clone() }),
    );
    let data = ballast_multisig::instruction::Execute { data: inner.data.clone() }.data();
    Instruction { program_id: ballast_multisig::ID, accounts, data }
}

/// All that governance does, from founding to hand-over, signed by an address that has no private key: what a Squads
/// v4 vault or an SPL-governance treasury is.
#[test]
fn a_multisig_vault_pda_governs_by_cpi() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/deploy/ballast_multisig.so");
    let code = std::fs::read(path).expect("run `make build`");
    let mut vm = Vm::new();
    vm.svm.add_program(ballast_multisig::ID, &code).expect("the VM accepts the multisig");
    let vault = Pubkey::find_program_address(&[VAULT], &ballast_multisig::ID).0;
    let at = Deployment::of(vm.create_mint(6));
    initialise(&mut vm, &at, HouseParams { core: default_params(), ..HouseParams::default() }.args(vault))
        .expect("the upgrade authority founds it for the vault");
    let payer = vm.payer.pubkey();
    vm.send(&[at.create_board(payer)], &[]).expect("the first step");
    (0..Deployment::board_steps()).for_each(|_| {
        vm.send(&[at.grow_board(payer)], &[]).expect("the board grows");
    });
    let mint = vm.create_mint(9);
    let sends = |vm: &mut Vm, inner: &Instruction| vm.send(&[by_vault(inner, vault)], &[]);
    for inner in [
        at.add_asset(payer, vault, 0, Some(mint), AssetSpec::coin("SOL", 9).args),
        at.add_market(payer, vault, 0, MarketSpec::perpetual("SOL", 0).args),
        at.load_calibration(vault, made_up_history(0)),
        at.load_stress(vault, ballast_sandbox::risk::stress_rows(0, &[-0.05])),
        at.set_depth_reporter(vault, Pubkey::new_unique()),
        at.open_clearinghouse(vault),
    ] {
        sends(&mut vm, &inner).expect("the vault signs by CPI");
    }
    let (band, fee) =
        (Which { parameter: Parameter::Band, target: 0 }, Which { parameter: Parameter::Fee, target: 0 });
    let next = Keypair::new();
    for inner in [
        at.tighten(vault, false, band, 100, 50),
        at.propose(payer, vault, false, 0, band, 50, 60),
        at.propose(payer, vault, false, 1, fee, 0, 2),
        at.propose_role(payer, vault, 2, role::GUARDIAN, Pubkey::new_unique()),
        at.propose_listing(payer, vault, 3, [7; 32]),
        at.grant_mandate(payer, vault, band, [10, 100]),
        at.revoke_mandate(vault, band, payer),
        at.remove_role(vault, role::STEWARD),
        at.lift_pause(vault),
        at.cancel_proposal(vault, 1, payer),
        at.propose_governance(vault, next.pubkey()),
    ] {
        sends(&mut vm, &inner).expect("the vault signs by CPI");
    }
    // The same instruction without the vault's signature is refused.
    let bare = at.tighten(vault, false, band, 50, 40);
    let mut bare = by_vault(&bare, vault);
    bare.accounts.retain(|m| m.pubkey != vault);
    assert!(vm.send(&[bare], &[]).is_err());
    vm.advance(DELAY_S);
    vm.send(&[at.apply_proposal(0, Some(band))], &[]).expect("anybody carries it out");
    vm.advance(LONG_DELAY_S - DELAY_S);
    vm.send(&[at.accept_governance(next.pubkey())], &[&next]).expect("and the successor takes over");
}
