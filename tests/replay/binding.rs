//! Books in which one part of the requirement binds alone, so that an auditor without it could not agree.

use ballast::instructions::{LoadCalibrationArgs, LoadStressArgs};
use ballast::limits::ClearinghouseParams;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person, Signer};
use ballast_tests::auditor::{Account, Basis, Board, Margin};

use crate::common::{claim, ledger};

const PRICE: f64 = 100.0;
const COIN: i64 = 1_000_000_000;
/// Open interest of each market at its cap, native units.
const CAP: u64 = 110 * COIN as u64;

/// Two coins that one stress row moves by `joint` (2⁻¹²), a hundred of the first held long and so many of the
/// second.
fn book(
    params: ClearinghouseParams,
    joint: [i16; 2],
    second: i64,
    change: impl Fn(&mut AssetSpec),
) -> (House, Person) {
    let mut house = House::empty(params);
    for (index, name) in ["ONE", "TWO"].into_iter().enumerate() {
        let mut spec = AssetSpec::coin(name, 9);
        change(&mut spec);
        house.list_asset(spec).expect("a coin is listed");
        let mut market = MarketSpec::perpetual(name, index as u8);
        market.args.open_interest_cap = CAP;
        house.open_market(market).expect("a market is opened");
        // Twins: as hedged as two assets can be.
        let history = made_up_history(0);
        let calibration = LoadCalibrationArgs { asset: index as u8, ..history };
        house.calibrate(calibration).expect("a calibration is loaded");
        let mut shocks = [0; 32];
        shocks[31] = joint[index];
        let governance = house.governance.insecure_clone();
        let args = LoadStressArgs { asset: index as u8, shocks };
        let load = house.at.load_stress(governance.pubkey(), args);
        house.vm.send(&[load], &[&governance]).expect("stress is loaded");
    }
    house.open().expect("the clearinghouse opens");
    house.post_all(&[PRICE; 2]);
    house.season(&[PRICE; 2]);
    let (desk, who) = (house.person_with_quote(10_000_000), house.person_with_quote(100_000));
    house.fill_at_oracle(0, &who, &desk, 100 * COIN).expect("a fill within the margin");
    house.fill_at_oracle(1, &who, &desk, second * COIN).expect("a fill within the margin");
    (house, who)
}

fn seen(house: &House, who: &Person) -> (Board, Account) {
    let seen = ledger(house);
    let account = seen.accounts[&who.account.to_bytes()].clone();
    (seen.board, account)
}

/// The auditor's margin, once the engine's is not refuted on any basis and nothing on the board is wrong.
fn agreed(house: &House, who: &Person) -> Margin {
    assert_eq!(ledger(house).problems(), Vec::<String>::new());
    let (board, account) = seen(house, who);
    let engine = house.health(who);
    for (basis, m) in [
        (Basis::Maintenance, engine.maintenance),
        (Basis::Initial, engine.initial),
        (Basis::Withdrawal, engine.withdrawal),
    ] {
        assert_eq!(board.margin(&account, basis).refuted(&claim(&m)), Vec::<String>::new());
    }
    board.margin(&account, Basis::Maintenance)
}

fn quote(amount: f64) -> f64 {
    amount * QUOTE as f64
}

#[test]
fn decorrelation_binds_where_every_hedge_is_perfect() {
    let (house, who) =
        book(ClearinghouseParams { decorrelation_bps: 10_000, ..default_params() }, [0; 2], -99, |_| ());
    let m = agreed(&house, &who);
    // All legs lose 5 % at once; one alone loses half of that, the joint rows nothing.
    assert!((m.stress - 0.05 * quote(19_900.0)).abs() < quote(0.01), "{m:?}");
}

#[test]
fn the_gross_floor_binds_where_nothing_else_does() {
    let (house, who) =
        book(ClearinghouseParams { gross_floor_bps: 2_000, ..default_params() }, [0; 2], -99, |_| ());
    let m = agreed(&house, &who);
    assert!(m.core + m.addons < 0.5 * m.maintenance, "{m:?}");
    assert!((m.maintenance - 0.2 * quote(19_900.0)).abs() < quote(0.01), "{m:?}");
}

#[test]
fn a_joint_row_binds_where_it_parts_the_twins() {
    let (house, who) = book(default_params(), [-819, 819], -99, |_| ());
    let m = agreed(&house, &who);
    assert!((m.stress - 819.0 / 4_096.0 * quote(19_900.0)).abs() < quote(0.01), "{m:?}");
}

#[test]
fn crowding_adds_to_initial_margin_where_open_interest_nears_its_cap() {
    let (mut house, who) = book(default_params(), [0; 2], -99, |_| ());
    let before = agreed(&house, &who);
    for market in 0..2 {
        let copy = house.at.refresh_exposure(market, Some(market), None);
        house.vm.send(&[copy], &[]).expect("anybody copies what is open");
    }
    let m = agreed(&house, &who);
    // 100 and 99 of 110 are open: 9/11 and 8/10 of the upper half of the cap, at a haircut of 5 % or more.
    assert!(before.crowding == 0.0 && m.crowding > 0.8 * 0.05 * quote(19_900.0), "{m:?}");
    assert!(m.initial > before.initial + 0.9 * m.crowding, "{before:?} then {m:?}");
}

#[test]
fn under_notice_the_least_haircut_binds_anew() {
    let params =
        ClearinghouseParams { notice_doubling_s: 86_400, notice_least_bps: 5_000, ..default_params() };
    let (mut house, who) = book(params, [0; 2], 99, |spec| spec.args.haircut_min_bps = 1_500);
    house.vm.advance(30);
    house.post_all(&[PRICE * 0.94; 2]);
    let (board, account) = seen(&house, &who);
    assert!(board.notice < 0.8, "MM is behind at {}", board.notice);
    let m = agreed(&house, &who);
    let published: f64 = board.assets.iter().map(|a| a.addon.long).sum::<f64>() / 2.0;
    assert!(m.addons > 1.05 * published * m.gross, "add-ons {} at a published {published}", m.addons);
    let at_once = board.margin(&account, Basis::Initial);
    assert!(at_once.expected_shortfall > m.expected_shortfall, "IM is not limited: {at_once:?}");
}
