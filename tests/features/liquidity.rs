//! Liquidity: what depth is believed, and what size costs.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{DepthReported, DepthReporterSet};
use ballast::state::AssetState;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::liquidity::Impact;
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House, Keypair, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, health_of, refused, refused_ix, sol, stranger, unsigned, with_account,
};

const HOUR: i64 = 3_600;
const MILLION: u64 = 1_000_000 * QUOTE;

/// A coin at 100 quote with a depth between one and a hundred millions, and who reports it.
fn house() -> (House, Keypair) {
    let mut spec = AssetSpec::coin("SOL", 9);
    (spec.args.depth_floor, spec.args.depth_cap) = (MILLION, 100 * MILLION);
    let mut house = House::listing(default_params(), vec![spec]);
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    let reporter = Keypair::new();
    let said: DepthReporterSet =
        house.set_depth_reporter(reporter.pubkey()).expect("governance names").event();
    assert_eq!(said.reporter, reporter.pubkey());
    (house, reporter)
}

/// Reports, and returns what is believed.
fn reports(house: &mut House, reporter: &Keypair, volume: u64) -> u64 {
    let said: DepthReported = house.report_depth(reporter, 0, volume).expect("the reporter reports").event();
    assert_eq!((said.asset, said.reported), (0, volume));
    assert_eq!(
        (house.board().assets[0].depth, house.board().assets[0].depth_time),
        (said.believed, house.vm.now())
    );
    said.believed
}

/// The depth that the published impact stands for, by the law itself: η = 1.
#[track_caller]
fn assert_depth(state: &AssetState, depth: u64) {
    assert_eq!(state.impact, Impact::new(rate_from_bps(10_000), state.sigma, depth).coefficient);
}

// ---- who -----------------------------------------------------------------------------------------

#[test]
fn attack_nobody_but_the_depth_reporter_reports() {
    let (mut house, reporter) = house();
    let governance = house.governance.insecure_clone();
    let thief = Keypair::new();
    for key in [&thief, &governance] {
        refused(&mut house, BallastError::NotDepthReporter, |h| h.report_depth(key, 0, 100 * MILLION));
    }
    let report = house.at.report_depth(reporter.pubkey(), 0, 100 * MILLION);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(report, reporter.pubkey()), &[]);
    refused(&mut house, BallastError::UnknownAsset, |h| h.report_depth(&reporter, 1, MILLION));
    refused(&mut house, BallastError::UnknownAsset, |h| h.report_depth(&reporter, 255, MILLION));

    // A reporter who was replaced or removed is nobody, and nobody is not "no reporter".
    house.set_depth_reporter(thief.pubkey()).expect("governance names another");
    refused(&mut house, BallastError::NotDepthReporter, |h| h.report_depth(&reporter, 0, MILLION));
    house.set_depth_reporter(Pubkey::default()).expect("governance removes it");
    refused(&mut house, BallastError::NotDepthReporter, |h| h.report_depth(&thief, 0, MILLION));
    let nobody = house.at.report_depth(Pubkey::default(), 0, 100 * MILLION);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(nobody, Pubkey::default()), &[]);
}

#[test]
fn attack_only_governance_names_the_depth_reporter() {
    let (mut house, reporter) = house();
    let governance = house.governance.pubkey();
    let steal = house.at.set_depth_reporter(reporter.pubkey(), reporter.pubkey());
    refused_ix(&mut house, BallastError::NotGovernance, steal, &[&reporter]);
    let steal = unsigned(house.at.set_depth_reporter(governance, reporter.pubkey()), governance);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, steal, &[]);
}

#[test]
fn attack_a_report_does_not_reach_another_board() {
    let (mut house, reporter) = house();
    let rival = Rival::of(&mut house);
    let (own, other) = (house.at, rival.at);
    let report = own.report_depth(reporter.pubkey(), 0, MILLION);
    let board = with_account(report.clone(), own.board, other.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, board, &[&reporter]);
    let both = with_account(report, own.board, other.board);
    let both = with_account(both, own.clearinghouse, other.clearinghouse);
    refused_ix(&mut house, BallastError::NotDepthReporter, both, &[&reporter]);
}

/// Five hours in which the crowd may grow to what is open.
fn grown(house: &mut House) {
    for _ in 0..5 {
        house.vm.advance(HOUR);
        house.post_all(&[100.0]);
    }
}

// ---- what is believed ----------------------------------------------------------------------------

#[test]
fn depth_falls_at_once_and_rises_slowly() {
    let (mut house, reporter) = house();
    let holder = house.person();
    house.fund_collateral(&holder, 0, 10_000 * COIN).expect("somebody who would have to sell");
    house.refresh_exposure(0).expect("anybody copies what is held");
    grown(&mut house);
    let at_floor = house.board().assets[0];
    assert_depth(&at_floor, MILLION);
    // From the floor, twice as much in a half-life at the soonest.
    assert_eq!(reports(&mut house, &reporter, 100 * MILLION), 2 * MILLION);
    assert_eq!(reports(&mut house, &reporter, 100 * MILLION), 2 * MILLION, "nothing in no time");
    assert_depth(&house.board().assets[0], 2 * MILLION);
    assert!(house.board().assets[0].liquidity_long < at_floor.liquidity_long);
    house.vm.advance(HOUR);
    assert_eq!(reports(&mut house, &reporter, 100 * MILLION), 4 * MILLION);
    // Nor does a long silence make up for it.
    house.vm.advance(100 * HOUR);
    assert_eq!(reports(&mut house, &reporter, 100 * MILLION), 8 * MILLION);
    for _ in 0..6 {
        house.vm.advance(HOUR);
        reports(&mut house, &reporter, u64::MAX);
    }
    assert_eq!(house.board().assets[0].depth, 100 * MILLION, "and never above the cap");

    assert_eq!(reports(&mut house, &reporter, 3 * MILLION), 3 * MILLION, "a fall counts at once");
    assert_depth(&house.board().assets[0], 3 * MILLION);
    assert_eq!(reports(&mut house, &reporter, 0), MILLION, "down to the floor");
    let state = house.board().assets[0];
    assert_eq!(state.impact, at_floor.impact);
}

#[test]
fn attack_spamming_reports_gains_nothing() {
    let ((mut spammed, spammer), (mut calm, reporter)) = (house(), house());
    reports(&mut spammed, &spammer, 100 * MILLION);
    reports(&mut calm, &reporter, 100 * MILLION);
    let mut last = 0;
    for _ in 0..120 {
        spammed.vm.advance(HOUR / 120);
        reports(&mut spammed, &spammer, 100 * MILLION);
        last = reports(&mut spammed, &spammer, 100 * MILLION);
    }
    calm.vm.advance(HOUR);
    let once = reports(&mut calm, &reporter, 100 * MILLION);
    assert!(last <= once, "{last} by 240 reports, {once} by one");
    assert!(last > once - once / 1_000, "and loses nothing but rounding");
}

#[test]
fn depth_that_nobody_reports_fades_to_its_floor() {
    let (mut house, reporter) = house();
    for _ in 0..4 {
        reports(&mut house, &reporter, 9 * MILLION);
        house.vm.advance(HOUR);
    }
    assert_eq!(reports(&mut house, &reporter, 9 * MILLION), 9 * MILLION);
    for (hours, depth) in [(1, 5 * MILLION), (1, 3 * MILLION), (1, 2 * MILLION), (64, MILLION)] {
        house.vm.advance(hours * HOUR);
        house.post_all(&[100.0]);
        assert_depth(&house.board().assets[0], depth);
    }
}

// ---- what size costs -----------------------------------------------------------------------------

/// Coins bought by somebody with that much quote.
fn buyer(house: &mut House, desk: &Person, coins: i64, quote: u64) -> Person {
    let who = house.person_with_quote(quote);
    house.fill_at_oracle(0, &who, desk, coins * BASE).expect("a fill");
    who
}

fn addons(house: &mut House, who: &Person) -> u64 {
    health_of(house, who).addons
}

#[test]
fn attack_a_whale_pays_more_than_in_proportion() {
    let (mut house, _) = house();
    let desk = house.person_with_quote(10_000_000);
    let small = buyer(&mut house, &desk, 5, 1_000);
    let whale = buyer(&mut house, &desk, 1_000, 100_000);
    let state = house.board().assets[0];
    // Half of a per cent of the depth is inside the crowd, a tenth of the depth is not.
    assert!(state.crowd_long > 500 * QUOTE && state.crowd_long < 1_000 * QUOTE);
    let (one, all) = (addons(&mut house, &small), addons(&mut house, &whale));
    let excess = all - 200 * one;
    // η·σ·(√(100,000/depth) − √(crowd/depth)), on all of it.
    let sigma = state.sigma as f64 / (1u64 << 32) as f64;
    let law = sigma * (0.1f64.sqrt() - (state.crowd_long as f64 / MILLION as f64).sqrt()) * 1e11;
    assert!((excess as f64 / law - 1.0).abs() < 0.001, "{excess} against {law}");
    assert!(law > 250.0 * QUOTE as f64);
}

#[test]
fn attack_splitting_below_the_crowd_does_not_lower_the_total() {
    let (mut house, _) = house();
    let desk = house.person_with_quote(10_000_000);
    let whole = buyer(&mut house, &desk, 100, 10_000);
    let parts: Vec<Person> = (0..10).map(|_| buyer(&mut house, &desk, 10, 1_000)).collect();
    buyer(&mut house, &desk, 900, 1_000_000);
    house.refresh_exposure(0).expect("anybody copies what is open");
    let at_once = house.board().assets[0];
    assert_eq!(at_once.crowd_long, at_once.depth_floor / 1_024, "made in a moment, it lifts nobody's margin");
    grown(&mut house);
    let state = house.board().assets[0];
    assert_eq!(state.open_interest, 1_100 * COIN);
    let crowd = house.value(0, 110 * COIN);
    assert!(
        state.crowd_long.abs_diff(crowd) <= 99 && state.crowd_short.abs_diff(crowd) <= 99,
        "a tenth of the side"
    );
    let (one, sum) = (addons(&mut house, &whole), parts.iter().map(|p| addons(&mut house, p)).sum::<u64>());
    assert!(sum >= one && sum <= one + 10, "{sum} in ten accounts, {one} in one");
    assert!(state.crowd_long > 10 * at_once.crowd_long, "the rest of the crowd is unwound with it");
}

#[test]
fn collateral_is_part_of_the_crowd_that_sells() {
    let (mut house, _) = house();
    let who = house.person();
    house.fund_collateral(&who, 0, 500 * COIN).expect("a deposit");
    let before = house.board().assets[0];
    house.refresh_exposure(0).expect("anybody copies what is held");
    grown(&mut house);
    let state = house.board().assets[0];
    assert_eq!((state.deposits, state.open_interest), (500 * COIN, 0));
    assert!(state.crowd_long.abs_diff(5_000 * QUOTE) <= 9, "a tenth of what would be sold");
    assert_eq!(state.crowd_short, before.crowd_short, "nobody buys it back");
    assert!(state.liquidity_long > state.liquidity_short + state.liquidity_short / 4);
}

#[test]
fn exposure_is_copied_as_it_is_and_from_nowhere_else() {
    let (mut house, _) = house();
    house.list_asset(AssetSpec::coin("ETH", 9)).expect("governance lists");
    house.open_market(ballast_sandbox::MarketSpec::perpetual("ETH", 1)).expect("governance opens");
    let (sol_mint, eth_mint) = (house.collateral(0).mint, house.collateral(1).mint);
    let at = house.at;
    let other_market = at.refresh_exposure(0, Some(1), Some(sol_mint));
    refused_ix(&mut house, BallastError::WrongMarket, other_market, &[]);
    let other_vault = at.refresh_exposure(0, Some(0), Some(eth_mint));
    refused_ix(&mut house, BallastError::WrongVault, other_vault, &[]);
    let quote_vault = at.refresh_exposure(0, None, Some(at.quote_mint));
    refused_ix(&mut house, BallastError::WrongVault, quote_vault, &[]);
    // A wallet that holds the coin is not the vault that does.
    let genuine = at.refresh_exposure(0, Some(0), Some(sol_mint));
    let (_, wallet) = stranger(&mut house, 1);
    let forged = with_account(genuine.clone(), at.vault(&sol_mint), wallet);
    refused_ix(&mut house, BallastError::WrongVault, forged, &[]);

    let rival = Rival::of(&mut house);
    for (own, foreign) in
        [(at.board, rival.at.board), (at.asset(0), rival.at.asset(0)), (at.market(0), rival.at.market(0))]
    {
        let mixed = with_account(genuine.clone(), own, foreign);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[]);
    }
    // Copying it twice is copying it once.
    house.vm.send(core::slice::from_ref(&genuine), &[]).expect("anybody copies");
    let once = house.vm.data(&at.board);
    house.vm.send(&[genuine], &[]).expect("anybody copies");
    assert!(house.vm.data(&at.board) == once);
}

#[test]
fn a_wider_confidence_interval_widens_the_haircut() {
    let mut house = sol();
    let narrow = house.board().assets[0];
    house.vm.advance(1);
    house.post_update(0, &Update::dollars(Feed::of("SOL"), 100.0, 150, house.vm.now()));
    house.refresh(0).expect("the asset allows it");
    let wide = house.board().assets[0];
    assert_eq!((narrow.confidence_bps, wide.confidence_bps, wide.sigma), (5, 150, narrow.sigma));
    let widened = rate_from_bps(150) - rate_from_bps(5);
    assert_eq!(wide.haircut_long - narrow.haircut_long, widened);
    assert_eq!(wide.haircut_short - narrow.haircut_short, widened);
}
