//! The market-wide index and what it makes due: short ticks, and what they must not touch. What a tick that is
//! missed costs.

use ballast::error::BallastError;
use ballast::event::Ticked;
use ballast::state::RiskBoard;
use ballast_risk::scenario::get;
use ballast_sandbox::house::{default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House};

use crate::common::{prices_after, refused, sol_and_eth};

const HOUR: i64 = 3_600;

/// Two coins, whose index stands at calm, sampled at the last tick.
fn ticking() -> House {
    let mut house = sol_and_eth();
    house.tick().expect("the first tick is due at once");
    house
}

/// The same after both fell by a tenth in five minutes, and the short tick that this made due.
fn shaken() -> House {
    let mut house = ticking();
    prices_after(&mut house, 300, &[90.0, 900.0]);
    let said: Ticked = house.tick().expect("the index has jumped").event();
    assert_eq!((said.row, said.sampled), (None, 0));
    house
}

fn index(house: &House) -> u64 {
    house.board().index().value()
}

/// Everything that only a full tick may write.
fn ring_state(b: &RiskBoard) -> impl PartialEq + core::fmt::Debug {
    let assets: Vec<_> = b.assets[..2]
        .iter()
        .map(|a| {
            let tick = (a.tick_mantissa, a.tick_time, a.tick_sigma);
            (tick, [a.ticks_lived, a.ticks_missed, a.rows_filled, a.tail_long, a.tail_short])
        })
        .collect();
    (b.ring.to_vec(), b.row_times, b.next_row, b.tick_count, b.last_tick, assets)
}

// ---- what is due ---------------------------------------------------------------------------------

#[test]
fn the_index_is_the_weighted_mean_of_the_assets_volatility() {
    let mut specs = vec![AssetSpec::coin("SOL", 9), AssetSpec::coin("ETH", 9), AssetSpec::coin("THIN", 9)];
    for (spec, weight) in specs.iter_mut().zip([2_500, 7_500, 0]) {
        spec.args.index_weight_bps = weight;
    }
    let mut house = House::listing(default_params(), specs);
    house.open().expect("governance opens");
    house.post_all(&[100.0, 1_000.0, 1.0]);
    for prices in [[93.0, 1_010.0, 1.0], [93.0, 1_000.0, 7.0], [95.0, 1_100.0, 3.0]] {
        prices_after(&mut house, 400, &prices);
        let sigma = house.board().assets.map(|a| a.sigma);
        assert_eq!(index(&house), (sigma[0] + 3 * sigma[1]) / 4);
    }
}

#[test]
fn in_calm_nothing_is_due_between_full_ticks() {
    let mut house = ticking();
    for _ in 0..11 {
        prices_after(&mut house, 300, &[100.0, 1_000.0]);
        refused(&mut house, BallastError::TickNotDue, House::tick);
    }
    prices_after(&mut house, 300, &[100.0, 1_000.0]);
    let said: Ticked = house.tick().expect("an hour has passed").event();
    assert_eq!((said.row, said.next_in_s), (Some(0), HOUR as u32));
}

#[test]
fn a_short_tick_is_due_once_in_an_interval_that_shrinks_with_the_square_of_the_index() {
    let mut house = shaken();
    // Twice calm: a quarter of the hour.
    let (calm, now) = (house.board().params.calm_sigma(), index(&house));
    assert!((2 * calm..2 * calm + calm / 2).contains(&now), "{now} at a calm of {calm}");
    assert_eq!(house.board().tick_interval(), HOUR as u32 / 4);
    refused(&mut house, BallastError::TickNotDue, House::tick);
    prices_after(&mut house, 599, &[90.0, 900.0]);
    refused(&mut house, BallastError::TickNotDue, House::tick);
    prices_after(&mut house, 1, &[90.0, 900.0]);
    let said: Ticked = house.tick().expect("the next quarter has begun").event();
    assert_eq!((said.row, said.next_in_s), (None, HOUR as u32 / 4));
    assert_eq!((said.tick, said.index), (1, index(&house)));
    refused(&mut house, BallastError::TickNotDue, House::tick);
}

#[test]
fn a_jump_of_the_index_by_a_quarter_makes_a_tick_due_at_once() {
    let mut house = shaken();
    let found = index(&house);
    // A seventh more is no jump.
    prices_after(&mut house, 60, &[87.5, 875.0]);
    assert!(index(&house) > found && index(&house) < found + found / 4, "{} after {found}", index(&house));
    refused(&mut house, BallastError::TickNotDue, House::tick);
    prices_after(&mut house, 60, &[80.0, 800.0]);
    assert!(index(&house) > found + found / 4);
    assert_eq!(house.tick().expect("the index has jumped").event::<Ticked>().row, None);
    refused(&mut house, BallastError::TickNotDue, House::tick);
}

#[test]
fn a_full_tick_is_due_on_its_hour_however_high_the_index() {
    let mut house = shaken();
    prices_after(&mut house, HOUR - 300, &[70.0, 700.0]);
    let said: Ticked = house.tick().expect("an hour has passed").event();
    assert_eq!((said.row, said.sampled), (Some(0), 0b11));
    refused(&mut house, BallastError::TickNotDue, House::tick);
}

// ---- what a short tick leaves alone --------------------------------------------------------------

/// 256 rows of five minutes are 21 hours of one crash, with correlations biased low.
#[test]
fn attack_short_ticks_do_not_write_the_ring() {
    let mut house = shaken();
    let before = house.board();
    let (mut price, mut taken) = (90.0, 0);
    for step in 0..32 {
        price = if step % 2 == 0 { 85.0 } else { 91.0 };
        prices_after(&mut house, 90, &[price, 10.0 * price]);
        if house.tick().is_ok() {
            taken += 1;
        }
        let now = house.board();
        assert!(ring_state(&now) == ring_state(&before), "after {taken} short ticks");
    }
    assert!(taken >= 5, "the crash makes many due: {taken}");
    assert!(house.board().last_short_tick > before.last_short_tick);
    // The hour's one row holds the hour's whole move.
    prices_after(&mut house, 420, &[price, 10.0 * price]);
    assert_eq!(house.tick().expect("an hour has passed").event::<Ticked>().row, Some(0));
    let board = house.board();
    let z = get(&board.ring[0], 0) as f64 / 1_024.0;
    assert!((z - (price / 100.0 - 1.0) / 0.01).abs() < 0.1, "{z}");
    assert_eq!((board.tick_count, board.assets[0].ticks_lived), (2, 1));
}

#[test]
fn attack_a_stale_asset_does_not_stop_a_short_tick() {
    let mut house = shaken();
    let before = house.board().assets[1];
    house.vm.advance(600);
    house.post(0, 91.0);
    house.refresh(0).expect("SOL has a price, ETH has none");
    house.tick().expect("the next quarter has begun");
    assert!(house.board().assets[1] == before, "what is stale stays as it was");
}

#[test]
fn a_short_tick_brings_what_fades_with_time_in_step() {
    let mut spec = AssetSpec::coin("SOL", 9);
    (spec.args.depth_floor, spec.args.depth_cap) = (1 << 40, 1 << 50);
    let mut house = House::listing(default_params(), vec![spec]);
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    house.tick().expect("the first tick is due at once");
    let reporter = ballast_sandbox::Keypair::new();
    house.set_depth_reporter(ballast_sandbox::Signer::pubkey(&reporter)).expect("governance names");
    house.report_depth(&reporter, 0, u64::MAX).expect("the reporter reports");
    prices_after(&mut house, 300, &[88.0]);
    house.tick().expect("the index has jumped");
    let before = house.board().assets[0];
    // The price is refreshed just before the cell turns, the tick comes after.
    prices_after(&mut house, 590, &[88.0]);
    let refreshed = house.board().assets[0];
    house.vm.advance(30);
    house.tick().expect("the next cell has begun");
    let after = house.board().assets[0];
    assert!(refreshed.impact > before.impact && after.impact > refreshed.impact, "the report fades");
    assert_eq!(after.publish_time, refreshed.publish_time);
}

// ---- missed ticks --------------------------------------------------------------------------------

/// An hour in which only SOL has a price.
fn hour_without_eth(house: &mut House) {
    house.vm.advance(HOUR);
    house.post(0, 100.0);
    house.refresh(0).expect("a new price is accepted");
    assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0b01);
}

#[test]
fn attack_an_asset_that_missed_many_ticks_nets_with_nothing_until_it_has_made_them_good() {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    for missed in 1..=40 {
        hour_without_eth(&mut house);
        let state = house.board().assets[1];
        assert_eq!((state.ticks_missed, state.netted), (missed, u8::from(missed <= 32)));
    }
    assert_eq!(house.board().assets[0].netted, 1, "nobody else is new for it");
    let new = house.board().assets[1];
    assert_eq!((new.addon_long, new.addon_short), (new.haircut_long, new.haircut_short), "charged alone");
    for left in (0..40).rev() {
        prices_after(&mut house, HOUR, &[100.0, 1_000.0]);
        assert_eq!(house.tick().expect("a tick is due").event::<Ticked>().sampled, 0b11);
        let state = house.board().assets[1];
        assert_eq!((state.ticks_missed, state.netted), (left, u8::from(left <= 32)));
    }
}

#[test]
fn an_asset_that_was_away_for_very_long_is_new_for_at_most_a_ring() {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    for _ in 0..300 {
        hour_without_eth(&mut house);
    }
    assert_eq!(house.board().assets[1].ticks_missed, 256);
}

#[test]
fn a_tick_without_any_price_is_missed_by_everybody() {
    let mut house = ticking();
    let before = house.board();
    for _ in 0..3 {
        house.vm.advance(HOUR);
        house.tick().expect("a tick is due");
    }
    let after = house.board();
    assert!(after.ring == before.ring);
    assert_eq!((after.assets[0].ticks_missed, after.assets[1].ticks_missed, after.next_row), (3, 3, 0));
}

/// Two assets of one history, of which one has no price of its own for an hour: what it did not make is not its.
#[test]
fn attack_a_stale_asset_does_not_poison_the_rows_of_others() {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    let before = house.board();
    let row = before.next_row as usize;
    house.vm.advance(HOUR);
    house.post(0, 80.0);
    house.refresh(0).expect("SOL has crashed, ETH has no price");
    house.tick().expect("a tick is due");
    let after = house.board();
    assert!(get(&after.ring[0], row) < -20_000);
    assert_eq!(get(&after.ring[1], row), i64::from(made_up_history(1).returns[row]), "what it was");
}
