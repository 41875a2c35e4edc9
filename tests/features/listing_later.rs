//! Listings after the opening: announced by their hash, and trusted slowly.

use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::governance::{LIFE_S, LISTING_RAMP_S, LONG_DELAY_S};
use ballast::instructions::listing_hash;
use ballast_client::instructions::with_proposal;
use ballast_sandbox::house::{ListedAsset, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec, Signer};

use crate::common::{refused, refused_ix, sol};

const CAP: u64 = 7_000_000;

fn spec() -> AssetSpec {
    let mut spec = AssetSpec::coin("NEW", 6);
    spec.args.deposit_cap = CAP;
    spec
}

fn announce(house: &mut House, hash: [u8; 32]) -> Pubkey {
    let (id, governance) = (house.clearinghouse().proposals, house.governance.insecure_clone());
    let propose = house.at.propose_listing(house.vm.payer.pubkey(), governance.pubkey(), id, hash);
    house.vm.send(&[propose], &[&governance]).expect("announced");
    house.at.proposal(id)
}

#[test]
fn an_asset_is_listed_after_its_delay_and_with_the_arguments_that_were_announced() {
    let mut house = sol();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let (mint, worthless) = (house.vm.create_mint(6), house.vm.create_mint(6));
    let args = spec().args;
    let list = house.at.add_asset(payer, governance.pubkey(), 1, Some(mint), args.clone());
    refused_ix(&mut house, BallastError::ProposalNeeded, list.clone(), &[&governance]);

    let hash = listing_hash("add_asset", 1, mint, &args).expect("hashed");
    let proposal = announce(&mut house, hash);
    let list = with_proposal(list, proposal);
    refused_ix(&mut house, BallastError::TooEarly, list.clone(), &[&governance]);
    house.vm.advance(LONG_DELAY_S - 1);
    refused_ix(&mut house, BallastError::TooEarly, list.clone(), &[&governance]);
    house.vm.advance(1);
    // Another token, another cap, or another kind of listing than was announced.
    let other = house.at.add_asset(payer, governance.pubkey(), 1, Some(worthless), args.clone());
    refused_ix(&mut house, BallastError::WrongProposal, with_proposal(other, proposal), &[&governance]);
    let mut more = args.clone();
    more.deposit_cap += 1;
    let other = house.at.add_asset(payer, governance.pubkey(), 1, Some(mint), more);
    refused_ix(&mut house, BallastError::WrongProposal, with_proposal(other, proposal), &[&governance]);
    let market = house.at.add_market(payer, governance.pubkey(), 1, MarketSpec::perpetual("SOL", 0).args);
    refused_ix(&mut house, BallastError::WrongProposal, with_proposal(market, proposal), &[&governance]);
    refused(&mut house, BallastError::WrongProposal, |h| h.apply(0));

    house.vm.send(&[list], &[&governance]).expect("its time has come");
    house.assets.push(ListedAsset { spec: spec(), mint: Some(mint), price_account: Pubkey::new_unique() });
    assert_eq!(house.asset_config(1).mint, mint);

    // It is used up: a second listing needs its own.
    let again = house.at.add_asset(payer, governance.pubkey(), 2, Some(worthless), args);
    refused_ix(&mut house, BallastError::WrongProposal, with_proposal(again, proposal), &[&governance]);
}

#[test]
fn a_listing_that_was_forgotten_expires() {
    let mut house = sol();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let args = MarketSpec::perpetual("SOL", 0).args;
    let hash = listing_hash("add_market", 1, Pubkey::default(), &args).expect("hashed");
    let proposal = announce(&mut house, hash);
    house.vm.advance(LONG_DELAY_S + LIFE_S);
    let open = with_proposal(house.at.add_market(payer, governance.pubkey(), 1, args), proposal);
    refused_ix(&mut house, BallastError::ProposalExpired, open, &[&governance]);
}

#[test]
fn what_is_loaded_for_a_later_asset_is_announced_too() {
    let mut house = sol();
    house.list_asset(spec()).expect("governance lists later too");
    let governance = house.governance.insecure_clone();
    let args = ballast::instructions::LoadCalibrationArgs { asset: 1, ..made_up_history(0) };
    let load = house.at.load_calibration(governance.pubkey(), args.clone());
    refused_ix(&mut house, BallastError::ProposalNeeded, load.clone(), &[&governance]);
    let hash = listing_hash("load_calibration", 1, Pubkey::default(), &args).expect("hashed");
    let proposal = announce(&mut house, hash);
    house.vm.advance(LONG_DELAY_S);
    house.vm.send(&[with_proposal(load, proposal)], &[&governance]).expect("its time has come");
    let rows = ballast_sandbox::risk::stress_rows(1, &[-0.5]);
    let load = house.at.load_stress(governance.pubkey(), rows);
    refused_ix(&mut house, BallastError::ProposalNeeded, load, &[&governance]);
}

#[test]
fn the_deposit_cap_of_a_later_collateral_ramps_up_from_zero() {
    let mut house = sol();
    let late = house.list_asset(spec()).expect("governance lists later too");
    let who = house.person();
    let mint = house.collateral(late).mint;
    house.vm.mint_to(&mint, &who.wallets[&mint], CAP + 1);
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&who, late, 1));
    let day = (CAP / 7) as i64;
    house.vm.advance(LISTING_RAMP_S / 7);
    refused(&mut house, BallastError::DepositCapExceeded, |h| {
        h.deposit_collateral(&who, late, day as u64 + 1)
    });
    house.deposit_collateral(&who, late, day as u64).expect("a seventh after a day");
    house.vm.advance(LISTING_RAMP_S);
    house.deposit_collateral(&who, late, CAP - day as u64).expect("all of it after a week");
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&who, late, 1));
    assert_eq!(house.asset_config(0).listed_at, 0, "what was listed before the opening has no ramp");
}
