//! Ticks and refreshes: the scenario ring, volatility, and haircuts that move by themselves.

use anchor_lang::error::ErrorCode;
use ballast::error::BallastError;
use ballast::event::Ticked;
use ballast::state::{AssetState, RiskBoard};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::ring::ROLLING;
use ballast_risk::scenario::{Z_MAX, get};
use ballast_sandbox::{AssetSpec, House};

use crate::common::{list_coin, prices_after, refused, refused_ix, sol, sol_and_eth, with_account};
use ballast_sandbox::house::default_params;

const HOUR: i64 = 3_600;

/// Both coins have been sampled at the last tick.
fn ticking() -> House {
    let mut house = sol_and_eth();
    house.tick().expect("the first tick is due at once");
    house
}

/// Fields of an asset that only samples and ticks may change.
fn sampled_state(a: &AssetState) -> [u64; 12] {
    [
        a.variance_short,
        a.variance_fast,
        a.variance_slow,
        a.sample_mantissa,
        a.sample_shift.into(),
        a.sample_time as u64,
        a.tick_mantissa,
        a.tick_time as u64,
        a.tick_sigma,
        a.ticks_lived.into(),
        a.ticks_missed.into(),
        a.tail_long.into(),
    ]
}

fn ring_is_equal(a: &RiskBoard, b: &RiskBoard) -> bool {
    a.ring == b.ring && (a.next_row, a.tick_count, a.last_tick) == (b.next_row, b.tick_count, b.last_tick)
}

#[test]
fn a_tick_is_taken_once_in_a_cell_of_the_grid() {
    let mut house = ticking();
    refused(&mut house, BallastError::TickNotDue, House::tick);
    house.vm.advance(HOUR - 1);
    refused(&mut house, BallastError::TickNotDue, House::tick);
    house.vm.advance(1);
    house.post_all(&[100.0, 1_000.0]);
    let said: Ticked = house.tick().expect("the next cell has begun").event();
    assert_eq!((said.tick, said.row, said.sampled), (2, Some(0), 0b11));
    refused(&mut house, BallastError::TickNotDue, House::tick);
}

#[test]
fn a_tick_writes_the_move_in_units_of_the_volatility_before_it() {
    let mut house = ticking();
    let before = house.board().assets[0].sigma;
    prices_after(&mut house, HOUR, &[103.0, 990.0]);
    house.tick().expect("a tick is due");
    let board = house.board();
    let one_percent = RATE_ONE as i64 / 100;
    let up = (3 * one_percent * 1_024) / before as i64;
    let down = -(one_percent * 1_024) / before as i64;
    assert!(
        (up..=up + 2).contains(&get(&board.ring[0], 0)),
        "+3 % in σ before the move: {}",
        get(&board.ring[0], 0)
    );
    assert!((down - 2..=down).contains(&get(&board.ring[1], 0)), "-1 %: {}", get(&board.ring[1], 0));
    assert!(board.assets[0].sigma > before, "σ itself has risen with the move");
    assert_eq!(board.next_row, 1);
}

#[test]
fn an_extreme_move_is_winsorised() {
    let mut house = ticking();
    prices_after(&mut house, HOUR, &[0.000_1, 100_000.0]);
    house.tick().expect("a tick is due");
    let board = house.board();
    assert_eq!(get(&board.ring[0], 0), -Z_MAX);
    assert_eq!(get(&board.ring[1], 0), Z_MAX);
    for asset in &board.assets[..2] {
        assert_eq!(asset.haircut_long, asset.haircut_max);
        assert_eq!(asset.haircut_short, asset.haircut_max);
        assert_eq!(asset.netted, 0);
    }
}

#[test]
fn a_stale_asset_neither_stops_the_others_nor_enters_their_row() {
    let mut house = ticking();
    let before = house.board();
    house.vm.advance(HOUR);
    house.post(0, 101.0);
    house.refresh(0).expect("a new price is accepted");
    let said: Ticked = house.tick().expect("the others tick").event();
    assert_eq!((said.row, said.sampled), (Some(0), 0b01));
    let after = house.board();
    assert!(after.ring[0] != before.ring[0], "the fresh one is sampled");
    for row in 0..ROLLING {
        let (then, now) = (get(&before.ring[1], row), get(&after.ring[1], row));
        assert_eq!(now, then, "the stale one keeps what it had in row {row}");
    }
    assert_eq!((after.next_row, after.row_times[0]), (1, house.vm.now() as u32));
    let (then, now) = (sampled_state(&before.assets[1]), sampled_state(&after.assets[1]));
    assert_eq!(now[..9], then[..9], "nothing was sampled of it");
    assert_eq!((after.assets[1].ticks_lived, after.assets[1].ticks_missed), (0, 1), "but the tick is missed");
    assert_eq!((after.assets[0].ticks_lived, after.assets[0].ticks_missed), (1, 0));
}

#[test]
fn a_tick_without_any_fresh_price_spends_no_row() {
    let mut house = ticking();
    let before = house.board();
    house.vm.advance(HOUR);
    let said: Ticked = house.tick().expect("a tick is due").event();
    assert_eq!(said.sampled, 0);
    let after = house.board();
    assert!(after.ring == before.ring && after.row_times == before.row_times);
    assert_eq!(after.next_row, before.next_row);
    for (then, now) in before.assets[..2].iter().zip(&after.assets[..2]) {
        assert!(*now == AssetState { ticks_missed: 1, ..*then }, "everybody missed it, and that is all");
    }
}

/// The square root of time: a return over eight hours enters as one over a single hour.
#[test]
fn a_late_return_is_scaled_to_the_horizon() {
    let mut house = ticking();
    let sigma = house.board().assets[0].sigma as i64;
    prices_after(&mut house, 9 * HOUR, &[103.0, 1_000.0]);
    let said: Ticked = house.tick().expect("a tick is due").event();
    assert_eq!((said.row, said.sampled), (Some(0), 0b11));
    let z = get(&house.board().ring[0], 0);
    let one = RATE_ONE as i64 / 100 * 1_024 / sigma;
    assert!((one..=one + 2).contains(&z), "3 % in nine hours are 1 % in one: {z} against {one}");

    // A halt of a month counts as a day: what it hides is made larger, not smaller.
    let sigma = house.board().assets[0].tick_sigma as i64;
    prices_after(&mut house, 720 * HOUR, &[103.0 * 1.05, 1_000.0]);
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().row, Some(1));
    let z = get(&house.board().ring[0], 1) as f64;
    let over_a_day = 0.05 * RATE_ONE as f64 * 1_024.0 / sigma as f64 / 24f64.sqrt();
    assert!((z - over_a_day).abs() < 3.0, "{z} against {over_a_day}");
}

#[test]
fn attack_ticks_either_side_of_the_grid_line_do_not_poison_the_ring() {
    let mut house = ticking();
    prices_after(&mut house, HOUR - 1, &[100.0, 1_000.0]);
    refused(&mut house, BallastError::TickNotDue, House::tick);
    prices_after(&mut house, 1, &[101.0, 1_010.0]);
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0b11);
    // The last seconds of the next cell but one, and twenty seconds later the first of the cell after it: too
    // short a time is no observation of an hour, however large the move.
    prices_after(&mut house, 2 * HOUR - 10, &[102.0, 1_020.0]);
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0b11, "a late one is scaled");
    let before = house.board();
    prices_after(&mut house, 20, &[90.0, 900.0]);
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0, "twenty seconds");
    let after = house.board();
    assert!(after.ring == before.ring);
    assert_eq!((after.next_row, after.assets[0].ticks_lived), (2, 2));
    // The move is not lost: it is in the next row.
    prices_after(&mut house, HOUR, &[90.0, 900.0]);
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0b11);
    assert!(get(&house.board().ring[0], 2) < -1_024);
}

#[test]
fn a_new_asset_nets_only_after_it_has_lived_its_ticks() {
    let mut house = sol();
    house.tick().expect("the first tick only notes the price");
    for hour in 1..=24 {
        assert_eq!(house.board().assets[0].netted, 0, "not in hour {hour}");
        prices_after(&mut house, HOUR, &[100.0]);
        house.tick().expect("a tick is due");
    }
    let state = house.board().assets[0];
    assert_eq!((state.ticks_lived, state.netted), (24, 1));
}

#[test]
fn attack_a_column_of_zeros_is_no_free_hedge() {
    // An asset that was never calibrated: after its ticks its column is still mostly empty.
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    house.open().expect("governance opens");
    house.list_asset(AssetSpec::coin("NEW", 9)).expect("listed after the opening");
    house.post_all(&[100.0, 100.0]);
    house.season(&[100.0, 100.0]);
    let board = house.board();
    assert_eq!((board.assets[0].netted, board.assets[1].netted), (1, 0));
    assert_eq!((board.assets[1].ticks_lived, board.assets[1].rows_filled), (25, 25));
}

#[test]
fn haircuts_rise_with_a_move_between_ticks_and_come_back_later() {
    let mut house = ticking();
    let calm = house.board().assets[0];
    prices_after(&mut house, 300, &[90.0, 1_000.0]);
    let shaken = house.board().assets[0];
    assert!(shaken.haircut_long > calm.haircut_long, "no tick was needed");
    assert!(shaken.haircut_short > calm.haircut_short);
    assert!(house.board().assets[1].haircut_long <= calm.haircut_long, "the other coin did not move");

    let (min, max) = (rate_from_bps(500), rate_from_bps(6_000));
    let mut last = shaken.haircut_long;
    for _ in 0..60 {
        prices_after(&mut house, 6 * HOUR, &[90.0, 1_000.0]);
        let now = house.board().assets[0].haircut_long;
        assert!(now <= last, "a calm market only lets it fall");
        last = now;
    }
    assert!(last < calm.haircut_long, "after two calm weeks it is below where it was");
    assert!((min..=max).contains(&last));
}

#[test]
fn attack_a_fall_just_after_a_tick_does_not_stay_unseen() {
    let mut house = ticking();
    let calm = house.board().assets[0].sigma;
    prices_after(&mut house, 300, &[90.0, 1_000.0]);
    let seen = house.board().assets[0].sigma;
    // 10 % in five minutes, with a half-life of 12 hours: well above the calm figure at once.
    assert!(seen > calm * 3 / 2, "{seen} against {calm}");
}

#[test]
fn haircuts_stay_between_their_bounds_whatever_the_price_does() {
    let mut house = sol();
    let mut price = 100.0;
    for step in 0..40 {
        price *= [0.5, 1.9, 0.97, 1.4, 0.3, 3.0][step % 6];
        prices_after(&mut house, 30 + 97 * step as i64, &[price]);
        let state = house.board().assets[0];
        for haircut in [state.haircut_long, state.haircut_short] {
            assert!((state.haircut_min..=state.haircut_max).contains(&haircut));
        }
    }
}

#[test]
fn the_floor_binds_when_nothing_moves() {
    let mut house = ticking();
    for _ in 0..120 {
        prices_after(&mut house, 24 * HOUR, &[100.0, 1_000.0]);
    }
    let state = house.board().assets[0];
    assert_eq!(state.sigma, state.sigma_floor, "σ has come down to its floor");
    assert_eq!((state.haircut_long, state.haircut_short), (state.haircut_min, state.haircut_min));
}

/// Panoptic's reviewers: touching an average every minute hides the alarm.
#[test]
fn attack_poking_between_samples_changes_neither_variance_nor_ring() {
    let (mut poked, mut left) = (ticking(), ticking());
    // Both move into one fresh cell of the five-minute grid.
    for house in [&mut poked, &mut left] {
        prices_after(house, 300, &[100.0, 1_000.0]);
    }
    let before = poked.board();
    for step in 1..=9 {
        let wobble = if step % 2 == 0 { 100.0 } else { 104.0 };
        prices_after(&mut poked, 30, &[wobble, 1_000.0]);
    }
    let after = poked.board();
    assert_eq!(sampled_state(&after.assets[0]), sampled_state(&before.assets[0]));
    assert!(ring_is_equal(&after, &before));

    // The sample that closes next is the same, poked or not; so is σ.
    left.vm.advance(270);
    for house in [&mut poked, &mut left] {
        prices_after(house, 30, &[102.0, 1_000.0]);
    }
    let (a, b) = (poked.board().assets[0], left.board().assets[0]);
    assert_eq!(sampled_state(&a), sampled_state(&b));
    assert_eq!((a.sigma, a.haircut_long, a.haircut_short), (b.sigma, b.haircut_long, b.haircut_short));
}

#[test]
fn attack_a_pumped_price_does_not_pull_the_stable_price_at_once() {
    let mut house = sol();
    prices_after(&mut house, 30, &[2_400.0]);
    let state = house.board().assets[0];
    let stable = state.stable().value(1_000_000_000).expect("it fits");
    assert!((99_999_998..=100_000_000).contains(&stable), "still the old price: {stable}");
}

#[test]
fn what_is_no_board_does_not_tick() {
    let mut house = sol();
    let (tick, board) = (house.at.tick(), house.at.board);
    let treasury = with_account(tick.clone(), board, house.at.treasury);
    refused_ix(&mut house, ErrorCode::AccountDiscriminatorMismatch, treasury, &[]);
    let (forged, bytes) = (anchor_lang::prelude::Pubkey::new_unique(), house.vm.data(&board));
    house.vm.put(forged, anchor_spl::token::ID, bytes);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, with_account(tick, board, forged), &[]);
}
