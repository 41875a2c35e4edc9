//! Stress: what the ring has not seen, and what no calm may make a book forget.

use anchor_lang::error::ErrorCode;
use ballast::error::BallastError;
use ballast::event::StressLoaded;
use ballast::instructions::{HealthReport, LoadCalibrationArgs};
use ballast::limits::ClearinghouseParams;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::risk::stress_rows;
use ballast_sandbox::{AssetSpec, House, Keypair, Person, Signer};

use crate::common::{BASE, Rival, health_of, refused, refused_ix, sol, unsigned, with_account};

/// A coin with shocks of its own, basis points.
fn shocked(name: &str, fall_bps: u32, rise_bps: u32) -> AssetSpec {
    let mut spec = AssetSpec::coin(name, 9);
    (spec.args.fall_bps, spec.args.rise_bps) = (fall_bps, rise_bps);
    (spec.args.haircut_max_bps, spec.args.haircut_min_bps) = (10_000, 450);
    spec
}

/// The house opens, and every asset lives long enough to net.
fn opened(mut house: House, prices: &[f64]) -> House {
    house.open().expect("governance opens");
    house.post_all(prices);
    house.season(prices);
    assert!(
        house.board().assets[..prices.len()].iter().all(|a| a.netted == 1),
        "the joint core is what is tested"
    );
    house
}

/// Somebody with a position of so many dollars in each market, against a desk.
fn holding(house: &mut House, dollars: &[i64]) -> Person {
    let (who, desk) = (house.person_with_quote(1_000_000), house.person_with_quote(10_000_000));
    for (market, dollars) in dollars.iter().enumerate() {
        let price = house.value(market as u8, BASE as u64).div_ceil(QUOTE) as i64;
        house.fill_at_oracle(market as u8, &who, &desk, dollars / price * BASE).expect("a fill");
    }
    who
}

/// Equal but for what the rounding of weights may hide, which is charged.
#[track_caller]
fn about(value: u64, dollars: u64) {
    assert!(value.abs_diff(dollars * QUOTE) <= QUOTE, "{value} is not about {dollars} dollars");
}

/// `max(ES, (1 − ω)·ES + ω·stress)` at ω = 25 %, up to one micro-unit.
#[track_caller]
fn assert_blended(m: &HealthReport) {
    let blend = (3 * m.expected_shortfall + m.stress).div_ceil(4).max(m.expected_shortfall);
    assert!(m.core.abs_diff(blend) <= 1, "{m:?}");
}

#[test]
fn a_shock_of_its_own_binds_through_omega() {
    let mut house = opened(House::listing(default_params(), vec![shocked("SOL", 5_000, 10_000)]), &[100.0]);
    let (long, short) = (holding(&mut house, &[10_000]), holding(&mut house, &[-10_000]));
    let (long, short) = (health_of(&mut house, &long), health_of(&mut house, &short));
    about(long.stress, 5_000);
    about(short.stress, 10_000);
    for m in [long, short] {
        assert_blended(&m);
        assert!(m.core >= m.stress / 4, "a quarter of what governance never forgets: {m:?}");
        assert!(m.expected_shortfall < 500 * QUOTE, "the ring knows nothing of it");
    }
    // The published haircut is what the book in that one asset is charged.
    let state = house.board().assets[0];
    let charged = (u128::from(state.haircut_long) * 10_000 * u128::from(QUOTE)) >> 32;
    assert!(long.maintenance.abs_diff(charged as u64) <= 20_000, "{long:?} against {charged}");
}

#[test]
fn stress_below_the_shortfall_changes_nothing() {
    let mut mild = shocked("SOL", 150, 150);
    mild.args.max_move_bps = 30;
    let mut house = opened(House::listing(default_params(), vec![mild]), &[100.0]);
    let who = holding(&mut house, &[10_000]);
    let m = health_of(&mut house, &who);
    assert!(m.stress < m.expected_shortfall, "{m:?}");
    assert_eq!(m.core, m.expected_shortfall);
}

#[test]
fn a_remembered_day_binds_where_no_single_shock_does() {
    let mut house =
        House::listing(default_params(), vec![shocked("SOL", 500, 500), shocked("ETH", 500, 500)]);
    house.load_stress(stress_rows(0, &[-0.25, -0.125])).expect("before the opening");
    house.load_stress(stress_rows(1, &[-0.25, 0.25])).expect("before the opening");
    let mut house = opened(house, &[100.0, 1_000.0]);
    let both = holding(&mut house, &[10_000, 10_000]);
    let pair = holding(&mut house, &[10_000, -10_000]);
    let one = holding(&mut house, &[10_000]);
    // Row 0 takes a quarter off everything; row 1 drives the pair apart by 12.5 + 25 %.
    about(health_of(&mut house, &both).stress, 5_000);
    about(health_of(&mut house, &pair).stress, 3_750);
    about(health_of(&mut house, &one).stress, 2_500);
    for who in [&both, &pair, &one] {
        assert_blended(&health_of(&mut house, who));
    }
    let state = house.board().assets[0];
    assert_eq!(
        (state.shock_long, state.shock_short),
        (1 << 30, (500u64 << 32) / 10_000),
        "25 % down, 5 % up"
    );
}

/// Two coins whose histories are the same: to the ring, each is a perfect hedge of the other.
fn twins(params: ClearinghouseParams) -> House {
    let mut house = House::listing(params, vec![shocked("SOL", 500, 500), shocked("ETH", 500, 500)]);
    house.calibrate(LoadCalibrationArgs { asset: 1, ..made_up_history(0) }).expect("before the opening");
    opened(house, &[100.0, 1_000.0])
}

#[test]
fn a_perfectly_hedged_book_still_pays_for_decorrelation() {
    for (decorrelation_bps, stress) in [(500, 500), (10_000, 1_000)] {
        let mut house = twins(ClearinghouseParams { decorrelation_bps, ..default_params() });
        let who = holding(&mut house, &[10_000, -10_000]);
        let m = health_of(&mut house, &who);
        assert!(m.expected_shortfall < QUOTE, "history says that nothing can happen: {m:?}");
        // Either one leg fails alone (5 % of it), or every hedge fails that far (d·5 % of both).
        about(m.stress, stress);
        assert!(m.core >= stress * QUOTE / 4, "{m:?}");
    }
}

#[test]
fn no_book_is_hedged_below_the_gross_floor() {
    let mut house = twins(ClearinghouseParams { gross_floor_bps: 2_000, ..default_params() });
    let who = holding(&mut house, &[10_000, -10_000]);
    let m = health_of(&mut house, &who);
    assert!(m.core + m.addons < 2_000 * QUOTE, "hedged, it would pay less: {m:?}");
    about(m.maintenance, 4_000);
    // In one asset there is nothing left to be floored.
    let flat = holding(&mut house, &[10_000]);
    let other = house.person_with_quote(10_000_000);
    house.fill_at_oracle(0, &flat, &other, -100 * BASE).expect("closed");
    assert_eq!(health_of(&mut house, &flat).maintenance, 0);
}

// ---- loading -------------------------------------------------------------------------------------

#[test]
fn stress_is_loaded_by_governance_alone() {
    let mut house = House::listing(default_params(), vec![shocked("SOL", 500, 500)]);
    let (thief, governance) = (Keypair::new(), house.governance.insecure_clone());
    let rows = stress_rows(0, &[-0.5, 0.5]);
    let steal = house.at.load_stress(thief.pubkey(), rows.clone());
    refused_ix(&mut house, BallastError::NotGovernance, steal, &[&thief]);
    let load = house.at.load_stress(governance.pubkey(), rows.clone());
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(load.clone(), governance.pubkey()), &[]);
    refused(&mut house, BallastError::UnknownAsset, |h| h.load_stress(stress_rows(1, &[-0.5])));
    let rival = Rival::of(&mut house);
    let elsewhere = with_account(load, house.at.board, rival.at.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, elsewhere, &[&governance]);

    let said: StressLoaded = house.load_stress(rows.clone()).expect("governance loads").event();
    assert_eq!((said.asset, said.shocks), (0, rows.shocks));
    let state = house.board().assets[0];
    assert_eq!((state.shock_long, state.shock_short), (1 << 31, 1 << 31));
    // Until it opens, it may be loaded again, and the last word counts.
    house.load_stress(stress_rows(0, &[])).expect("governance loads");
    assert_eq!(house.board().assets[0].shock_long, (500u64 << 32) / 10_000);
}

#[test]
fn stress_of_an_asset_that_is_in_use_is_fixed() {
    let mut house = sol();
    refused(&mut house, BallastError::AlreadyOpen, |h| h.load_stress(stress_rows(0, &[-0.5])));
    refused(&mut house, BallastError::AlreadyOpen, |h| h.load_stress(stress_rows(0, &[])));
}
