//! Founding a clearinghouse, its board, and opening it.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::bpf_loader_upgradeable;
use ballast::error::BallastError;
use ballast::event::{BoardCompleted, ClearinghouseInitialized, ClearinghouseOpened};
use ballast::instructions::InitializeClearinghouseArgs;
use ballast::limits::ClearinghouseParams;
use ballast::state::{Clearinghouse, RiskBoard};
use ballast_client::{Deployment, decode};
use ballast_sandbox::house::{HouseParams, default_params};
use ballast_sandbox::{AssetSpec, House, Keypair, Signer, Vm};
use solana_sha256_hasher::hashv;

use crate::common::{World, found, initialise, refused, refused_ix, sol, with_account};
use ballast::instructions::LoadCalibrationArgs;
use ballast_sandbox::house::made_up_history;

/// What a system program says when an account that is to be created is already there.
const ALREADY_IN_USE: u32 = 0;
/// Most that one instruction may add to an account.
const STEP: usize = 10_240;

/// A VM with the program, a quote mint, and nobody there yet.
fn unfounded() -> (Vm, Deployment) {
    let mut vm = Vm::new();
    let at = Deployment::of(vm.create_mint(6));
    (vm, at)
}

fn args() -> InitializeClearinghouseArgs {
    HouseParams::default().args(Pubkey::new_unique())
}

// ---- founding ------------------------------------------------------------------------------------

#[test]
fn the_upgrade_authority_founds_a_clearinghouse() {
    let (mut vm, at) = unfounded();
    let args = args();
    let receipt = initialise(&mut vm, &at, args.clone()).expect("the upgrade authority initialises");
    let said: ClearinghouseInitialized = receipt.event();
    assert_eq!((said.governance, said.quote_mint), (args.governance, at.quote_mint));

    let made: Clearinghouse = decode::config(&vm.data(&at.clearinghouse)).expect("it is there");
    assert_eq!(made.params, args.params);
    assert_eq!((made.governance, made.board, made.treasury), (args.governance, at.board, at.treasury));
    assert_eq!((made.quote_mint, made.quote_vault), (at.quote_mint, at.quote_vault));
    assert_eq!((made.open, made.asset_count, made.market_count), (false, 0, 0));
    assert_eq!(made.calibration_hash, [0; 32]);
}

#[test]
fn attack_the_first_caller_does_not_become_governance() {
    let (mut vm, at) = unfounded();
    let thief = Keypair::new();
    let steal = at.initialize_clearinghouse(vm.payer.pubkey(), thief.pubkey(), args());
    refused_ix(&mut vm, BallastError::NotUpgradeAuthority, steal, &[&thief]);
    assert!(vm.data(&at.clearinghouse).is_empty(), "nothing was founded");
}

#[test]
fn attack_the_upgrade_authority_has_to_sign() {
    let (mut vm, at) = unfounded();
    let authority = vm.upgrade_authority.pubkey();
    let steal = at.initialize_clearinghouse(vm.payer.pubkey(), authority, args());
    refused_ix(&mut vm, ErrorCode::AccountNotSigner, crate::common::unsigned(steal, authority), &[]);
}

#[test]
fn nobody_founds_a_clearinghouse_of_an_immutable_program() {
    let (mut vm, at) = unfounded();
    vm.set_upgrade_authority(None);
    refused(&mut vm, BallastError::NotUpgradeAuthority, |vm| initialise(vm, &at, args()));
}

#[test]
fn attack_program_data_of_another_program_names_another_authority() {
    let (mut vm, at) = unfounded();
    let (thief, forged) = (Keypair::new(), Pubkey::new_unique());
    let mut data = vm.data(&Deployment::program_data());
    data[13..45].copy_from_slice(thief.pubkey().as_ref());
    data.truncate(4_096);
    vm.put(forged, bpf_loader_upgradeable::ID, data.clone());
    let steal = at.initialize_clearinghouse(vm.payer.pubkey(), thief.pubkey(), args());
    let steal = with_account(steal, Deployment::program_data(), forged);
    refused_ix(&mut vm, BallastError::NotUpgradeAuthority, steal.clone(), &[&thief]);

    // The same bytes, owned by a program of the thief's.
    vm.put(forged, Pubkey::new_unique(), data);
    refused_ix(&mut vm, ErrorCode::AccountOwnedByWrongProgram, steal, &[&thief]);
}

#[test]
fn attack_another_program_does_not_stand_in_for_this_one() {
    let (mut vm, at) = unfounded();
    let thief = Keypair::new();
    let mut steal = at.initialize_clearinghouse(vm.payer.pubkey(), thief.pubkey(), args());
    // payer, upgrade authority, program
    steal.accounts[2].pubkey = anchor_spl::token::ID;
    refused_ix(&mut vm, ErrorCode::InvalidProgramId, steal, &[&thief]);
}

#[test]
fn the_quote_token_has_six_decimals() {
    let mut vm = Vm::new();
    for decimals in [0, 5, 7, 9] {
        let at = Deployment::of(vm.create_mint(decimals));
        refused(&mut vm, BallastError::ParameterOutOfBounds, |vm| initialise(vm, &at, args()));
    }
}

#[test]
fn a_clearinghouse_is_founded_once() {
    let (mut vm, at) = unfounded();
    initialise(&mut vm, &at, args()).expect("the first time");
    refused(&mut vm, ALREADY_IN_USE, |vm| initialise(vm, &at, args()));
}

#[test]
fn parameters_stay_inside_the_code_limits() {
    type Change = fn(&mut ClearinghouseParams);
    let beyond: [(&str, Change); 38] = [
        ("IM below 1.05 MM", |p| p.initial_ratio_bps = 10_499),
        ("IM above 3 MM", |p| p.initial_ratio_bps = 30_001),
        ("a buffer below 1 %", |p| p.buffer_bps = 99),
        ("a buffer above 50 %", |p| p.buffer_bps = 5_001),
        ("insurance above 80 %", |p| p.insurance_share_bps = 8_001),
        ("no tick interval", |p| p.tick_interval_s = 0),
        ("ticks within a minute", |p| p.tick_interval_s = 59),
        ("ticks beyond a day", |p| p.tick_interval_s = 86_401),
        ("no horizon", |p| p.horizon_s = 0),
        ("a horizon below a minute", |p| p.horizon_s = 59),
        ("a horizon beyond a day", |p| p.horizon_s = 86_401),
        ("ticks shorter than three quarters of the horizon", |p| p.tick_interval_s = 2_699),
        ("ticks longer than one and a half horizons", |p| p.tick_interval_s = 5_401),
        ("a least MM above 1,000", |p| (p.min_maintenance, p.dust) = (1_000_000_001, 1_000_000_000)),
        ("dust above 1,000", |p| p.dust = 1_000_000_001),
        ("dust below the least MM", |p| (p.min_maintenance, p.dust) = (2, 1)),
        ("the largest IM", |p| p.initial_ratio_bps = u32::MAX),
        ("the largest buffer", |p| p.buffer_bps = u32::MAX),
        ("the largest dust", |p| p.dust = u64::MAX),
        ("no calm", |p| p.calm_sigma_e8 = 0),
        ("a calm above 99 %", |p| p.calm_sigma_e8 = 99_000_001),
        ("stress below a quarter", |p| p.stress_weight_bps = 2_499),
        ("stress above nine tenths", |p| p.stress_weight_bps = 9_001),
        ("decorrelation below a twentieth", |p| p.decorrelation_bps = 499),
        ("decorrelation above all of it", |p| p.decorrelation_bps = 10_001),
        ("a gross floor below 0.1 %", |p| p.gross_floor_bps = 9),
        ("a gross floor above 20 %", |p| p.gross_floor_bps = 2_001),
        ("notice in which margin doubles in more than a day", |p| p.notice_doubling_s = 86_401),
        ("notice for accounts below half", |p| p.notice_least_bps = 4_999),
        ("notice above all of it", |p| p.notice_least_bps = 10_001),
        ("no short average in the forecast", |p| p.forecast_short_bps = 0),
        ("too little of the short average", |p| p.forecast_short_bps = 499),
        ("too much of the short average", |p| p.forecast_short_bps = 5_251),
        ("too little of the fast average", |p| p.forecast_fast_bps = 499),
        ("too little of the slow average", |p| p.forecast_fast_bps = 6_001),
        ("more than the whole forecast", |p| p.forecast_fast_bps = 7_001),
        ("the largest short weight", |p| p.forecast_short_bps = u32::MAX),
        ("the largest fast weight", |p| p.forecast_fast_bps = u32::MAX),
    ];
    let (mut vm, at) = unfounded();
    for (what, change) in beyond {
        let mut args = args();
        change(&mut args.params);
        println!("{what}");
        refused(&mut vm, BallastError::ParameterOutOfBounds, |vm| initialise(vm, &at, args));
    }
    let edge = ClearinghouseParams {
        initial_ratio_bps: 10_500,
        buffer_bps: 100,
        insurance_share_bps: 8_000,
        tick_interval_s: 64_800,
        horizon_s: 86_400,
        min_maintenance: 1_000_000_000,
        dust: 1_000_000_000,
        calm_sigma_e8: 99_000_000,
        stress_weight_bps: 9_000,
        decorrelation_bps: 10_000,
        gross_floor_bps: 2_000,
        notice_doubling_s: 86_400,
        notice_least_bps: 5_000,
        forecast_short_bps: 5_250,
        forecast_fast_bps: 4_250,
    };
    initialise(&mut vm, &at, InitializeClearinghouseArgs { params: edge, ..args() })
        .expect("bounds are inclusive");
}

// ---- the board -----------------------------------------------------------------------------------

#[test]
fn the_board_grows_in_steps_to_its_full_size() {
    let (mut vm, at) = unfounded();
    let args = args();
    initialise(&mut vm, &at, args.clone()).expect("the upgrade authority initialises");
    // Anybody pays: here, somebody who is neither governance nor upgrade authority.
    let payer = vm.payer.pubkey();
    vm.send(&[at.create_board(payer)], &[]).expect("the first step");
    assert_eq!(vm.data(&at.board).len(), STEP);
    for step in 1..=Deployment::board_steps() {
        assert!(vm.data(&at.board)[..8].iter().all(|b| *b == 0), "no discriminator before the last step");
        let receipt = vm.send(&[at.grow_board(payer)], &[]).expect("the board grows");
        assert_eq!(vm.data(&at.board).len(), RiskBoard::SPACE.min((step + 1) * STEP));
        if step == Deployment::board_steps() {
            assert_eq!(receipt.event::<BoardCompleted>().board, at.board);
        }
    }
    let board = decode::board(&vm.data(&at.board)).expect("the board is complete");
    assert_eq!((board.clearinghouse, board.params), (at.clearinghouse, args.params));
    let held = vm.svm.get_balance(&at.board).expect("the board is there");
    assert_eq!(held, vm.svm.minimum_balance_for_rent_exemption(RiskBoard::SPACE), "exactly its rent");
}

#[test]
fn an_incomplete_board_is_unusable() {
    let mut house = House::empty(default_params());
    let (at, governance) = (Deployment::of(house.vm.create_mint(6)), house.governance.insecure_clone());
    (house.at, house.assets, house.markets) = (at, Vec::new(), Vec::new());
    let payer = house.vm.payer.pubkey();
    let args = HouseParams::default().args(governance.pubkey());
    initialise(&mut house.vm, &at, args).expect("the upgrade authority initialises");
    house.vm.send(&[at.create_board(payer)], &[]).expect("the first step");
    for step in 0..Deployment::board_steps() {
        println!("after {step} steps");
        refused(&mut house, ErrorCode::AccountDiscriminatorMismatch, House::tick);
        refused(&mut house, ErrorCode::AccountDiscriminatorMismatch, House::open);
        let list = at.add_asset(payer, governance.pubkey(), 0, None, AssetSpec::coin("SOL", 9).args);
        refused_ix(&mut house, ErrorCode::AccountDiscriminatorMismatch, list, &[&governance]);
        refused(&mut house, ErrorCode::AccountDiscriminatorMismatch, |h| h.calibrate(made_up_history(0)));
        refused_ix(
            &mut house,
            BallastError::UnknownVersion,
            ballast_client::instructions::migrate(payer, at.board),
            &[],
        );
        house.vm.send(&[at.grow_board(payer)], &[]).expect("the board grows");
    }
    house.tick().expect("a complete board is usable");
}

#[test]
fn a_complete_board_grows_no_further() {
    let (mut vm, at) = unfounded();
    found(&mut vm, &at, Pubkey::new_unique());
    let payer = vm.payer.pubkey();
    refused_ix(&mut vm, BallastError::BoardComplete, at.grow_board(payer), &[]);
    refused_ix(&mut vm, ALREADY_IN_USE, at.create_board(payer), &[]);
}

#[test]
fn attack_no_other_account_is_grown_into_a_board() {
    let (mut vm, at) = unfounded();
    found(&mut vm, &at, Pubkey::new_unique());
    let payer = vm.payer.pubkey();
    let other = with_account(at.grow_board(payer), at.board, at.treasury);
    refused_ix(&mut vm, ErrorCode::ConstraintSeeds, other, &[]);
    let elsewhere = with_account(at.create_board(payer), at.board, Pubkey::new_unique());
    refused_ix(&mut vm, ErrorCode::ConstraintSeeds, elsewhere, &[]);
}

// ---- calibration and opening ---------------------------------------------------------------------

/// A house with one coin that is listed but not calibrated, and not open.
fn before_opening() -> House {
    let mut house = House::empty(default_params());
    house.list_asset(AssetSpec::coin("SOL", 9)).expect("a coin is listed");
    house
}

#[test]
fn calibration_is_loaded_and_anybody_can_recompute_its_hash() {
    let mut house = before_opening();
    house.list_asset(AssetSpec::coin("ETH", 9)).expect("a coin is listed");
    let mut hash = [0u8; 32];
    for asset in [0, 1, 0] {
        let args = made_up_history(asset);
        let returns: Vec<u8> = args.returns.iter().flat_map(|z| z.to_le_bytes()).collect();
        hash = hashv(&[
            &hash,
            &[asset],
            &args.variance_short.to_le_bytes(),
            &args.variance_fast.to_le_bytes(),
            &args.variance_slow.to_le_bytes(),
            &returns,
        ])
        .to_bytes();
        house.calibrate(args).expect("a calibration is loaded");
        assert_eq!(house.clearinghouse().calibration_hash, hash);
    }
    let receipt = house.open().expect("governance opens");
    assert_eq!(receipt.event::<ClearinghouseOpened>().calibration_hash, hash);
}

#[test]
fn loaded_history_fills_the_ring_but_is_no_life() {
    let mut house = before_opening();
    let history = made_up_history(0);
    house.calibrate(history.clone()).expect("a calibration is loaded");
    let board = house.board();
    let column = &board.ring[0];
    for (row, z) in history.returns.iter().enumerate() {
        assert_eq!(ballast_risk::scenario::get(column, row), i64::from(*z), "row {row}");
    }
    let state = &board.assets[0];
    assert_eq!(
        [state.variance_short, state.variance_fast, state.variance_slow],
        [history.variance_short, history.variance_fast, history.variance_slow]
    );
    assert_eq!((state.rows_filled, state.ticks_lived, state.netted), (256, 0, 0));
}

#[test]
fn calibration_holds_one_bounded_return_a_scenario() {
    let mut house = before_opening();
    let good = made_up_history(0);
    let mut bad: Vec<LoadCalibrationArgs> = Vec::new();
    for length in [0, 1, 255, 257] {
        let mut returns = good.returns.clone();
        returns.resize(length, 0);
        bad.push(LoadCalibrationArgs { returns, ..good.clone() });
    }
    let mut beyond = good.clone();
    beyond.returns[17] = i16::MIN;
    bad.push(beyond);
    for variance in [0, 1 << 48, u64::MAX] {
        bad.push(LoadCalibrationArgs { variance_short: variance, ..good.clone() });
        bad.push(LoadCalibrationArgs { variance_fast: variance, ..good.clone() });
        bad.push(LoadCalibrationArgs { variance_slow: variance, ..good.clone() });
    }
    for args in bad {
        refused(&mut house, BallastError::BadCalibration, |h| h.calibrate(args));
    }
    let unlisted = LoadCalibrationArgs { asset: 1, ..good.clone() };
    refused(&mut house, BallastError::UnknownAsset, |h| h.calibrate(unlisted));
    let edge = LoadCalibrationArgs { returns: vec![-32_767; 256], ..good };
    house.calibrate(edge).expect("the winsorised bound itself is allowed");
}

#[test]
fn only_governance_calibrates_and_opens() {
    let mut house = before_opening();
    let thief = Keypair::new();
    let load = house.at.load_calibration(thief.pubkey(), made_up_history(0));
    refused_ix(&mut house, BallastError::NotGovernance, load, &[&thief]);
    let open = house.at.open_clearinghouse(thief.pubkey());
    refused_ix(&mut house, BallastError::NotGovernance, open, &[&thief]);
    let governance = house.governance.pubkey();
    let open = crate::common::unsigned(house.at.open_clearinghouse(governance), governance);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, open, &[]);
}

#[test]
fn calibration_ends_when_the_clearinghouse_opens() {
    let mut house = sol();
    refused(&mut house, BallastError::AlreadyOpen, |h| h.calibrate(made_up_history(0)));
    refused(&mut house, BallastError::AlreadyOpen, House::open);
}

#[test]
fn attack_a_board_of_another_clearinghouse_is_not_calibrated() {
    let mut house = before_opening();
    let rival = Deployment::of(house.vm().create_mint(6));
    found(&mut house.vm, &rival, Pubkey::new_unique());
    let governance = house.governance.insecure_clone();
    let (own, other) = (house.at.board, rival.board);
    let load = house.at.load_calibration(governance.pubkey(), made_up_history(0));
    refused_ix(&mut house, BallastError::WrongClearinghouse, with_account(load, own, other), &[&governance]);
    let open = house.at.open_clearinghouse(governance.pubkey());
    refused_ix(&mut house, BallastError::WrongClearinghouse, with_account(open, own, other), &[&governance]);
}
