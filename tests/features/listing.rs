//! Listing assets and opening markets.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{AssetAdded, MarketAdded};
use ballast::instructions::{AddAssetArgs, AddMarketArgs};
use ballast::limits::{MAX_ASSETS, MAX_MARKETS};
use ballast::state::AssetConfig;
use ballast_client::decode;
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Signer};

use crate::common::{BASE, COIN, Rival, refused, refused_ix, sol, with_account};

fn house() -> House {
    House::empty(default_params())
}

/// A risk factor without a token.
fn factor(name: &str) -> AssetSpec {
    AssetSpec { collateral: false, ..AssetSpec::coin(name, 9) }
}

#[test]
fn governance_lists_collateral_with_a_vault() {
    let mut house = house();
    let (mint, governance) = (house.vm.create_mint(9), house.governance.insecure_clone());
    let spec = AssetSpec::coin("SOL", 9);
    let list =
        house.at.add_asset(house.vm.payer.pubkey(), governance.pubkey(), 0, Some(mint), spec.args.clone());
    let receipt = house.vm.send(&[list], &[&governance]).expect("governance lists");
    let said: AssetAdded = receipt.event();
    assert_eq!((said.asset, said.mint, said.feed_id), (0, Some(mint), spec.args.feed_id));

    let config: AssetConfig = decode::config(&house.vm.data(&house.at.asset(0))).expect("it is there");
    assert_eq!((config.mint, config.vault, config.decimals), (mint, house.at.vault(&mint), 9));
    let vault = house.vm.data(&config.vault);
    assert_eq!((&vault[..32], &vault[32..64]), (mint.as_ref(), house.at.clearinghouse.as_ref()));
    let board = house.board();
    assert_eq!((board.asset_count, house.clearinghouse().asset_count), (1, 1));
    assert_eq!((board.assets[0].max_age_s, board.assets[0].penalty_bps), (60, 100));
    assert_eq!(board.assets[0].haircut_long, board.assets[0].haircut_short, "nothing is known yet");
}

#[test]
fn a_risk_factor_has_no_vault() {
    let mut house = house();
    house.list_asset(factor("BTC")).expect("governance lists");
    let config: AssetConfig = decode::config(&house.vm.data(&house.at.asset(0))).expect("it is there");
    assert_eq!((config.mint, config.vault), (Pubkey::default(), Pubkey::default()));
    assert!(!config.is_collateral());
}

#[test]
fn asset_parameters_stay_inside_the_code_limits() {
    type Change = fn(&mut AddAssetArgs);
    let beyond: [(&str, Change); 54] = [
        ("decimals above 12", |a| a.decimals = 13),
        ("no age", |a| a.max_age_s = 0),
        ("an age above ten minutes", |a| a.max_age_s = 601),
        ("no confidence", |a| a.max_confidence_bps = 0),
        ("a confidence above 10 %", |a| a.max_confidence_bps = 1_001),
        ("a haircut below 0.1 %", |a| (a.haircut_min_bps, a.penalty_bps) = (9, 0)),
        ("a haircut above 100 %", |a| a.haircut_max_bps = 10_001),
        ("haircut bounds crossed", |a| (a.haircut_min_bps, a.haircut_max_bps) = (600, 500)),
        ("no prior", |a| a.sigma_prior_e8 = 0),
        ("a prior below its bound", |a| a.sigma_prior_e8 = 99),
        ("a prior above 99 %", |a| a.sigma_prior_e8 = 99_000_001),
        ("no floor", |a| a.sigma_floor_e8 = 0),
        ("a floor below its bound", |a| a.sigma_floor_e8 = 99),
        ("a floor above 99 %", |a| a.sigma_floor_e8 = 99_000_001),
        ("no stable half-life", |a| a.stable_half_life_s = 0),
        ("a stable half-life below a minute", |a| a.stable_half_life_s = 59),
        ("a stable half-life above a week", |a| a.stable_half_life_s = 604_801),
        ("no fast half-life", |a| a.fast_half_life_s = 0),
        ("a fast half-life below five minutes", |a| a.fast_half_life_s = 299),
        ("a slow half-life above thirty days", |a| a.slow_half_life_s = 2_592_001),
        ("half-lives crossed", |a| (a.fast_half_life_s, a.slow_half_life_s) = (7_200, 3_600)),
        ("no grid", |a| a.grid_s = 0),
        ("a grid wider than the horizon", |a| a.grid_s = 3_601),
        ("a grid wider than the fast half-life", |a| (a.grid_s, a.fast_half_life_s) = (600, 599)),
        ("netting from birth", |a| a.net_after_ticks = 0),
        ("netting before a day", |a| a.net_after_ticks = 23),
        ("netting never", |a| a.net_after_ticks = 8_761),
        ("a penalty above 20 %", |a| (a.penalty_bps, a.haircut_min_bps) = (2_001, 2_500)),
        ("a deposit cap above 2^62", |a| a.deposit_cap = (1 << 62) + 1),
        ("no deposit cap", |a| a.deposit_cap = u64::MAX),
        ("the longest age", |a| a.max_age_s = u32::MAX),
        ("the widest grid", |a| a.grid_s = u32::MAX),
        ("a fall below 1 %", |a| a.fall_bps = 99),
        ("a fall by more than everything", |a| a.fall_bps = 10_001),
        ("a rise below 1 %", |a| a.rise_bps = 99),
        ("a rise above 500 %", |a| a.rise_bps = 50_001),
        ("no move", |a| a.max_move_bps = 0),
        ("a move above 50 %", |a| a.max_move_bps = 5_001),
        ("a carry above 5 %", |a| a.carry_bps = 501),
        ("the largest carry", |a| a.carry_bps = u32::MAX),
        ("an index weight above one", |a| a.index_weight_bps = 10_001),
        ("an impact below a quarter", |a| a.impact_bps = 2_499),
        ("an impact above ten", |a| a.impact_bps = 100_001),
        ("a crowd of more than everybody", |a| a.crowd_share_bps = 10_001),
        ("no depth", |a| a.depth_floor = 0),
        ("a depth below 1,000", |a| a.depth_floor = 999_999_999),
        ("a depth above 2^53", |a| a.depth_cap = (1 << 53) + 1),
        ("a depth without a cap", |a| a.depth_cap = u64::MAX),
        ("bounds of the depth crossed", |a| (a.depth_floor, a.depth_cap) = (1 << 41, 1 << 40)),
        ("depth reports that do not fade", |a| a.depth_half_life_s = 0),
        ("a half-life of depth below five minutes", |a| a.depth_half_life_s = 299),
        ("a half-life of depth above a day", |a| a.depth_half_life_s = 86_401),
        ("the largest half-life of depth", |a| a.depth_half_life_s = u32::MAX),
        ("the largest fall", |a| a.fall_bps = u32::MAX),
    ];
    let mut house = house();
    for (what, change) in beyond {
        let mut spec = factor("SOL");
        change(&mut spec.args);
        println!("{what}");
        refused(&mut house, BallastError::ParameterOutOfBounds, |h| match h.list_asset(spec) {
            Ok(index) => panic!("listed as {index}"),
            Err(refusal) => Err(refusal),
        });
    }
}

#[test]
fn only_governance_lists() {
    let mut house = house();
    let (thief, payer) = (Keypair::new(), house.vm.payer.pubkey());
    let worthless = house.vm.create_mint(9);
    let list = house.at.add_asset(payer, thief.pubkey(), 0, Some(worthless), AssetSpec::coin("CVT", 9).args);
    refused_ix(&mut house, BallastError::NotGovernance, list, &[&thief]);
    house.list_asset(factor("SOL")).expect("governance lists");
    let open = house.at.add_market(payer, thief.pubkey(), 0, MarketSpec::perpetual("SOL", 0).args);
    refused_ix(&mut house, BallastError::NotGovernance, open, &[&thief]);
}

#[test]
fn a_token_is_listed_with_its_own_decimals_and_once() {
    let mut house = house();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let mint = house.vm.create_mint(9);
    let at = house.at;
    let list = |index, mint, decimals| {
        at.add_asset(payer, governance.pubkey(), index, mint, AssetSpec::coin("SOL", decimals).args)
    };
    refused_ix(&mut house, BallastError::ParameterOutOfBounds, list(0, Some(mint), 6), &[&governance]);
    house.vm.send(&[list(0, Some(mint), 9)], &[&governance]).expect("governance lists");
    // Its vault is there already: the system program says so.
    refused_ix(&mut house, 0u32, list(1, Some(mint), 9), &[&governance]);
}

#[test]
fn the_quote_token_is_no_collateral() {
    let mut house = house();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let quote = house.at.quote_mint;
    let list = house.at.add_asset(payer, governance.pubkey(), 0, Some(quote), AssetSpec::coin("USD", 6).args);
    refused_ix(&mut house, BallastError::WrongAsset, list, &[&governance]);
}

#[test]
fn a_vault_stands_at_its_address_or_not_at_all() {
    let mut house = house();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let mint = house.vm.create_mint(9);
    let list = house.at.add_asset(payer, governance.pubkey(), 0, Some(mint), AssetSpec::coin("SOL", 9).args);
    let vault = house.at.vault(&mint);
    let elsewhere = with_account(list.clone(), vault, Pubkey::new_unique());
    refused_ix(&mut house, BallastError::WrongVault, elsewhere, &[&governance]);
    // A program's own id stands for "none" in an optional account.
    let no_vault = with_account(list.clone(), vault, ballast::ID);
    refused_ix(&mut house, BallastError::WrongVault, no_vault, &[&governance]);
    let no_mint = with_account(list, mint, ballast::ID);
    refused_ix(&mut house, BallastError::WrongVault, no_mint, &[&governance]);
}

#[test]
fn assets_and_markets_are_listed_at_the_next_index() {
    let mut house = house();
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let skip = house.at.add_asset(payer, governance.pubkey(), 1, None, factor("SOL").args);
    refused_ix(&mut house, ErrorCode::ConstraintSeeds, skip, &[&governance]);
    house.list_asset(factor("SOL")).expect("governance lists");
    let skip = house.at.add_market(payer, governance.pubkey(), 1, MarketSpec::perpetual("SOL", 0).args);
    refused_ix(&mut house, ErrorCode::ConstraintSeeds, skip, &[&governance]);
}

#[test]
fn the_board_has_room_for_32_assets() {
    let mut house = house();
    for index in 0..MAX_ASSETS {
        house.list_asset(factor(&format!("A{index}"))).expect("there is room");
    }
    refused(&mut house, BallastError::BoardFull, |h| {
        h.list_asset(factor("ONE")).map(|i| panic!("listed as {i}"))
    });
}

#[test]
fn the_board_has_room_for_64_markets() {
    let mut house = house();
    house.list_asset(factor("SOL")).expect("governance lists");
    for _ in 0..MAX_MARKETS {
        house.open_market(MarketSpec::perpetual("SOL", 0)).expect("there is room");
    }
    refused(&mut house, BallastError::BoardFull, |h| {
        h.open_market(MarketSpec::perpetual("SOL", 0)).map(|i| panic!("opened as {i}"))
    });
}

#[test]
fn governance_opens_a_market() {
    let mut house = house();
    house.list_asset(factor("SOL")).expect("governance lists");
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let args = AddMarketArgs { profit_cap: 7, open_interest_cap: 9, ..MarketSpec::perpetual("SOL", 0).args };
    let open = house.at.add_market(payer, governance.pubkey(), 0, args);
    let said: MarketAdded = house.vm.send(&[open], &[&governance]).expect("governance opens").event();
    assert_eq!((said.market, said.asset), (0, 0));
    let market = house.market(0);
    assert_eq!((market.asset, market.open_interest_cap, market.open_interest), (0, 9, 0));
    assert_eq!((market.pool, market.fees), (0, 0));
    let state = house.board().markets[0];
    assert_eq!((state.profit_cap, state.penalty_bps, state.asset), (7, 100, 0));
}

#[test]
fn market_parameters_stay_inside_the_code_limits() {
    type Change = fn(&mut AddMarketArgs);
    let beyond: [(&str, Change); 7] = [
        ("no band", |m| m.band_bps = 0),
        ("a band above 10 %", |m| m.band_bps = 1_001),
        ("a fee above 1 %", |m| m.fee_bps = 101),
        ("a penalty above 20 %", |m| m.penalty_bps = 2_001),
        ("an open-interest cap above 2^58", |m| m.open_interest_cap = (1 << 58) + 1),
        ("no open-interest cap", |m| m.open_interest_cap = u64::MAX),
        ("the largest penalty", |m| m.penalty_bps = u32::MAX),
    ];
    let mut house = house();
    house.list_asset(factor("SOL")).expect("governance lists");
    for (what, change) in beyond {
        let mut spec = MarketSpec::perpetual("SOL", 0);
        change(&mut spec.args);
        println!("{what}");
        refused(&mut house, BallastError::ParameterOutOfBounds, |h| {
            h.open_market(spec).map(|i| panic!("opened as {i}"))
        });
    }
    refused(&mut house, BallastError::UnknownAsset, |h| {
        h.open_market(MarketSpec::perpetual("BTC", 1)).map(|i| panic!("opened as {i}"))
    });
}

#[test]
fn attack_a_listing_does_not_reach_another_board() {
    let mut house = sol();
    let rival = Rival::of(&mut house);
    let (payer, governance) = (house.vm.payer.pubkey(), house.governance.insecure_clone());
    let (own, other) = (house.at.board, rival.at.board);
    let list = house.at.add_asset(payer, governance.pubkey(), 1, None, factor("BTC").args);
    refused_ix(&mut house, BallastError::WrongClearinghouse, with_account(list, own, other), &[&governance]);
    let open = house.at.add_market(payer, governance.pubkey(), 1, MarketSpec::perpetual("SOL", 0).args);
    refused_ix(&mut house, BallastError::WrongClearinghouse, with_account(open, own, other), &[&governance]);
}

/// Mango's changelog: a listed asset whose oracle is not live yet has a stable price of zero.
#[test]
fn attack_an_asset_whose_oracle_is_not_live_yet_cannot_be_used() {
    let mut house = sol();
    let late = house.list_asset(AssetSpec::coin("LATE", 9)).expect("governance lists later too");
    let market = house.open_market(MarketSpec::perpetual("LATE", late)).expect("and opens a market");
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    refused(&mut house, BallastError::StalePrice, |h| h.fill(market, &a, &b, BASE, QUOTE));
    refused(&mut house, BallastError::AssetHalted, |h| h.settle(market, &a));

    // Its cap ramps up from zero: a second later a coin is within it.
    let mint = house.collateral(late).mint;
    house.vm.mint_to(&mint, &a.wallets[&mint], COIN);
    refused(&mut house, BallastError::DepositCapExceeded, |h| h.deposit_collateral(&a, late, COIN));
    house.vm.advance(1);
    // It may be held, but counts for nothing: no loan against it or while it is held, and nothing that it stops.
    house.fund_collateral(&a, late, COIN).expect("a deposit asks for no price");
    refused(&mut house, BallastError::AssetHalted, |h| h.withdraw_quote(&a, 1_001 * QUOTE));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &a, &b, 1_000 * BASE));
    house.fill_at_oracle(0, &a, &b, BASE).expect("margined by quote alone");
    house.withdraw_collateral(&a, late, COIN).expect("it can be taken out again");
    house.fill_at_oracle(0, &a, &b, BASE).expect("and then everything is as it was");
}
