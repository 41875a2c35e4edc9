//! The tail memory: an extreme hour fades, and does not drop out at a time that everybody can read off the board.

use ballast::state::RiskBoard;
use ballast_risk::ring::{FADE_HALF_LIFE, ROLLING};
use ballast_risk::scenario::{SCENARIOS, get};
use ballast_sandbox::AssetSpec;
use ballast_sandbox::House;
use ballast_sandbox::house::default_params;

use crate::common::prices_after;

const HOUR: i64 = 3_600;

/// Two seasoned coins that may be charged everything, so that no crash makes them leave the core.
fn house() -> House {
    let specs = ["SOL", "ETH"].map(|name| {
        let mut spec = AssetSpec::coin(name, 9);
        spec.args.haircut_max_bps = 10_000;
        spec
    });
    let mut house = House::listing(default_params(), specs.to_vec());
    house.open().expect("governance opens");
    house.post_all(&[100.0, 1_000.0]);
    house.season(&[100.0, 1_000.0]);
    house
}

fn hour(house: &mut House, prices: [f64; 2]) -> Box<RiskBoard> {
    prices_after(house, HOUR, &prices);
    house.tick().expect("a tick is due");
    house.board()
}

/// Both coins in a row.
fn row(board: &RiskBoard, row: usize) -> [i64; 2] {
    [get(&board.ring[0], row), get(&board.ring[1], row)]
}

/// One extreme row that leaves moves the shortfall by two thirds, at a publicly known time.
#[test]
fn attack_an_extreme_hour_does_not_drop_out_at_a_known_time() {
    let mut house = house();
    let crashed = house.board().next_row as usize;
    // Three hours of it make most of what the shortfall averages, and would all go within three hours.
    let mut prices = [100.0, 1_000.0];
    for _ in 0..3 {
        let sigma = house.board().assets[0].sigma as f64 / (1u64 << 32) as f64;
        prices = prices.map(|p| p * (1.0 - 8.0 * sigma));
        hour(&mut house, prices);
    }
    let board = house.board();
    assert_eq!(board.assets[0].netted, 1);
    assert!(row(&board, crashed)[0] < -7_900, "eight σ");
    let at_first = board.assets[0].tail_long;
    let mut last = at_first;
    for n in 0..ROLLING + 40 {
        let board = hour(&mut house, prices);
        let tail = board.assets[0].tail_long;
        assert!(tail >= last - last / 25, "hour {n}: from {last} to {tail}");
        last = tail;
    }
    // All of the crash has left the rolling rows, and is still remembered.
    let board = house.board();
    assert!((0..ROLLING).all(|r| row(&board, r)[0] > -5_000));
    assert!(last > at_first / 3, "{last} of {at_first}");
}

#[test]
fn a_row_is_remembered_as_one_move_and_fades_as_one() {
    let mut house = house();
    let crashed = house.board().next_row as usize;
    let written = hour(&mut house, [90.0, 950.0]);
    let (move_, time) = (row(&written, crashed), written.row_times[crashed]);
    assert!(move_[0] < 2 * move_[1] + 100 && move_[1] < 0, "{move_:?}");
    for _ in 1..ROLLING {
        let board = hour(&mut house, [90.0, 950.0]);
        assert_eq!(row(&board, crashed), move_, "in the rolling part it stands as it was");
    }
    let board = hour(&mut house, [90.0, 950.0]);
    assert_eq!(row(&board, crashed), [0, 0], "a new hour takes its place");
    let kept = (ROLLING..SCENARIOS).find(|r| row(&board, *r) == move_).expect("it moved into the memory");
    assert_eq!(board.row_times[kept], time, "with the hour in which it happened");

    let mut board = board;
    for _ in 0..FADE_HALF_LIFE {
        board = hour(&mut house, [90.0, 950.0]);
    }
    for (then, now) in move_.iter().zip(row(&board, kept)) {
        assert!((now * 2 - then).abs() <= 160, "half of {then} is left: {now}");
    }
}

#[test]
fn a_mild_hour_is_forgotten() {
    let mut house = house();
    let at = house.board().next_row as usize;
    let sigma = house.board().assets[0].sigma as f64 / (1u64 << 32) as f64;
    let prices = [100.0 * (1.0 + sigma / 50.0), 1_000.0];
    let mild = row(&hour(&mut house, prices), at);
    for _ in 0..ROLLING {
        hour(&mut house, prices);
    }
    let board = house.board();
    assert!((ROLLING..SCENARIOS).all(|r| row(&board, r) != mild), "{mild:?}");
}
