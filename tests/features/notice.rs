//! Notice: MM lags behind volatility by one factor; new risk never does.

use ballast::error::BallastError;
use ballast::event::PriceRefreshed;
use ballast::limits::ClearinghouseParams;
use ballast_risk::fixed::RATE_ONE;
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::{AssetSpec, House, Person};

use crate::common::{BASE, COIN, assert_conserved, health_of, prices_after, refused, refused_ix};

const MINUTE: i64 = 60;
const CALM: [f64; 2] = [100.0, 1.0];

/// Parameters with this much notice: the time in which MM may double, and the least factor.
fn with_notice(notice_doubling_s: u32, notice_least_bps: u32) -> ClearinghouseParams {
    ClearinghouseParams { notice_doubling_s, notice_least_bps, ..default_params() }
}

/// A seasoned house with a coin that makes the index, at a floor so low that the joint core is what binds, and a
/// thin one without weight in it.
fn house(params: ClearinghouseParams) -> House {
    house_with_floor(params, 310)
}

fn house_with_floor(params: ClearinghouseParams, haircut_min_bps: u32) -> House {
    let mut specs = vec![AssetSpec::coin("SOL", 9), AssetSpec::coin("THIN", 9)];
    for (spec, weight) in specs.iter_mut().zip([10_000, 0]) {
        spec.args.index_weight_bps = weight;
        (spec.args.haircut_min_bps, spec.args.max_move_bps) = (haircut_min_bps, 10);
        (spec.args.haircut_max_bps, spec.args.fall_bps, spec.args.rise_bps) = (10_000, 310, 310);
    }
    let mut house = House::listing(params, specs);
    house.open().expect("governance opens");
    house.post_all(&CALM);
    house.season(&CALM);
    house
}

/// A long of a hundred coins on so much quote, and a keeper.
fn story(params: ClearinghouseParams, quote: u64) -> (House, Person, Person) {
    let mut house = house(params);
    let (who, desk) = (house.person_with_quote(quote), house.person_with_quote(1_000_000));
    let keeper = house.person_with_quote(1_000_000);
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    (house, who, keeper)
}

/// Volatility jumps and nobody is poorer: down by 9 %, and back, in ten minutes.
fn jump(house: &mut House) {
    prices_after(house, 5 * MINUTE, &[91.0, 1.0]);
    prices_after(house, 5 * MINUTE, &CALM);
}

fn notice(house: &House) -> u64 {
    house.board().notice
}

/// A keeper tries to take ten coins.
fn take(house: &mut House, who: &Person, keeper: &Person) -> ballast_sandbox::house::Sent {
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 10 * COIN);
    house.vm.send(&[take], &[&keeper.key])
}

#[test]
fn a_jump_of_volatility_does_not_at_once_liquidate_who_could_still_top_up() {
    // Without notice, the same account is taken over in the minute of the jump.
    let (mut house, who, keeper) = story(default_params(), 700);
    jump(&mut house);
    assert_eq!(notice(&house), RATE_ONE);
    let at_once = house.health(&who);
    take(&mut house, &who, &keeper).expect("no notice, no mercy");

    let (mut house, who, keeper) = story(with_notice(3_600, 5_000), 700);
    let calm = house.health(&who).maintenance;
    jump(&mut house);
    let c = notice(&house);
    assert!((RATE_ONE / 2..RATE_ONE * 2 / 3).contains(&c), "{c}");
    let noticed = house.health(&who);
    assert!(noticed.maintenance.maintenance > calm.maintenance, "it has risen,");
    assert!(noticed.maintenance.maintenance < at_once.maintenance.maintenance * 3 / 4, "but not by all");
    // c scales the shortfall and nothing else.
    let (full, lagging) = (at_once.maintenance.expected_shortfall, noticed.maintenance.expected_shortfall);
    assert!(lagging.abs_diff(((u128::from(full) * u128::from(c)) >> 32) as u64) <= 2);
    let refresh = house.at.liquidate_position(who.account, keeper.party(), 0, 10 * COIN);
    refused_ix(&mut house, BallastError::AccountHealthy, refresh, &[&keeper.key]);
    house.fund_quote(&who, 500 * QUOTE).expect("time to act");
    assert_conserved(&house);
}

#[test]
fn new_risk_and_withdrawals_are_charged_at_full_volatility_at_once() {
    let (mut at_once, there, _) = story(default_params(), 700);
    let (mut house, who, _) = story(with_notice(3_600, 5_000), 700);
    jump(&mut at_once);
    jump(&mut house);
    assert!(notice(&house) < RATE_ONE);
    let (here, there) = (house.health(&who), at_once.health(&there));
    assert_eq!((here.initial, here.withdrawal), (there.initial, there.withdrawal));
    assert!(here.maintenance.maintenance < there.maintenance.maintenance);

    // 1,000 quote meet neither, though they would meet κ times the lagging MM.
    house.fund_quote(&who, 300 * QUOTE).expect("a deposit");
    let h = house.health(&who);
    assert!(h.maintenance.equity > h.maintenance.initial as i64, "{h:?}");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&who, QUOTE));
    let desk = house.person_with_quote(1_000_000);
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &who, &desk, BASE));
    let fresh = house.person_with_quote(1_000);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &fresh, &desk, 100 * BASE));
}

/// The keeper's own margin is not notified either.
#[test]
fn a_keeper_carries_what_it_takes_at_full_volatility() {
    let (mut house, who, _) = story(with_notice(3_600, 5_000), 500);
    let poor = house.person_with_quote(120);
    jump(&mut house);
    prices_after(&mut house, MINUTE, &[98.0, 1.0]);
    let share = house.health(&who).maintenance;
    assert!(share.is_liquidatable(), "{share:?}");
    let take = house.at.liquidate_position(who.account, poor.party(), 0, 12 * COIN);
    refused_ix(&mut house, BallastError::BelowInitialMargin, take, &[&poor.key]);
}

#[test]
fn an_account_that_is_deep_under_gets_no_notice() {
    // The factor would be about a half; governance allows no less than nine tenths.
    let (mut house, who, keeper) = story(with_notice(3_600, 9_000), 700);
    jump(&mut house);
    assert_eq!(notice(&house), RATE_ONE * 9 / 10);
    let m = house.health(&who).maintenance;
    assert!(m.is_liquidatable(), "{m:?}");
    take(&mut house, &who, &keeper).expect("below nine tenths of its full MM nobody waits");
}

#[test]
fn notice_runs_out() {
    let (mut house, who, keeper) = story(with_notice(3_600, 5_000), 700);
    jump(&mut house);
    refused(&mut house, BallastError::AccountHealthy, |h| take(h, &who, &keeper));
    let mut last = notice(&house);
    let mut minutes = 0;
    while house.health(&who).maintenance.maintenance <= 700 * QUOTE {
        prices_after(&mut house, 5 * MINUTE, &CALM);
        minutes += 5;
        assert!(notice(&house) >= last, "it only runs out");
        last = notice(&house);
        assert!(minutes <= 90, "an hour in which MM may double, and more is not needed");
    }
    assert!(minutes >= 15, "there was time: {minutes} minutes");
    take(&mut house, &who, &keeper).expect("who did not act is liquidated");
    while notice(&house) < RATE_ONE {
        prices_after(&mut house, 5 * MINUTE, &CALM);
        minutes += 5;
        assert!(minutes <= 120);
    }
}

#[test]
fn attack_poking_does_not_make_notice_run_out_sooner() {
    let (mut poked, mut left) = (house(with_notice(7_200, 5_000)), house(with_notice(7_200, 5_000)));
    for house in [&mut poked, &mut left] {
        jump(house);
    }
    assert_eq!(notice(&poked), notice(&left));
    for _ in 0..100 {
        prices_after(&mut poked, 2, &CALM);
    }
    prices_after(&mut left, 200, &CALM);
    assert!(
        notice(&poked) <= notice(&left),
        "{} after a hundred, {} after one",
        notice(&poked),
        notice(&left)
    );
    assert!(notice(&left) - notice(&poked) < RATE_ONE / 10_000);
}

/// Whoever can move a thin coin would otherwise halt the liquidations of the whole house.
#[test]
fn attack_a_thin_coin_without_weight_moves_neither_index_nor_notice() {
    let mut house = house(with_notice(3_600, 5_000));
    let (index, level) = (house.board().index(), house.board().notice_level);
    prices_after(&mut house, 5 * MINUTE, &[100.0, 0.5]);
    house.vm.advance(5 * MINUTE);
    house.post(1, 2.0);
    let said: PriceRefreshed = house.refresh(1).expect("a new price").event();
    assert_eq!(said.notice, RATE_ONE);
    let board = house.board();
    assert!(board.assets[1].sigma > 10 * board.assets[0].sigma, "a storm, but in one glass");
    assert!(board.index().sum <= index.sum && board.notice_level <= level);
    refused(&mut house, BallastError::TickNotDue, House::tick);
}

/// The factor is the index's, so who holds the thin coin waits for nobody: and the netted book stays one book.
#[test]
fn one_factor_serves_the_whole_book() {
    let [(c, lagging), (one, full)] = [with_notice(3_600, 5_000), default_params()].map(|params| {
        let mut house = house(params);
        let (who, desk) = (house.person_with_quote(10_000), house.person_with_quote(1_000_000));
        house.fill_at_oracle(0, &who, &desk, 50 * BASE).expect("a fill");
        house.fill_at_oracle(1, &who, &desk, -5_000 * BASE).expect("a fill");
        jump(&mut house);
        (notice(&house), health_of(&mut house, &who))
    });
    assert!(c < RATE_ONE * 2 / 3 && one == RATE_ONE);
    let scaled = ((u128::from(full.expected_shortfall) * u128::from(c)) >> 32) as u64;
    assert!(lagging.expected_shortfall.abs_diff(scaled) <= 1, "{lagging:?} of {full:?}");
    assert_eq!(lagging.stress, full.stress);
}

/// The core that lags would otherwise take the account below the floor that the envelope was checked against.
#[test]
fn the_least_haircut_binds_under_notice_too() {
    let mut house = house_with_floor(with_notice(3_600, 5_000), 600);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    jump(&mut house);
    let state = house.board().assets[0];
    assert!(state.haircut_long > state.haircut_min, "at full volatility the floor is far below");
    let m = health_of(&mut house, &who);
    assert!(m.core < 500 * QUOTE, "the core lags: {m:?}");
    assert!(m.maintenance >= 600 * QUOTE && m.maintenance <= 620 * QUOTE, "{m:?}");
}
