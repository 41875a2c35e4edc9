//! Facts of the ring's memory: what was extreme stays, goes slowly, and goes whole.

mod common;

use ballast_risk::book::Basis;
use ballast_risk::ring::{FADE_HALF_LIFE, MEMORY, ROLLING, fade, retire, score};
use ballast_risk::scenario::{Column, SCENARIOS, WORDS, Z_MAX, get, set};
use common::{EXACT_UNIT, Stream, account, column, exact_shortfall, exposures, rows};
use proptest::prelude::*;

/// All assets count.
const ALL: u32 = u32::MAX;

/// Columns of one seed: fat-tailed, or at random extremes.
fn columns(seed: u64, assets: usize, wild: bool) -> Vec<Column> {
    let mut s = Stream::new(seed);
    let mut z = || if wild { (s.bits() % 3) as i64 * Z_MAX - Z_MAX } else { (s.shock() * 1024.0) as i64 };
    (0..assets).map(|_| column((0..SCENARIOS).map(|_| z()))).collect()
}

fn row(columns: &[Column], row: usize) -> Vec<i64> {
    columns.iter().map(|column| get(column, row)).collect()
}

/// As a tick does: what the oldest row holds is retired, the new one takes its place, and the memory fades.
fn tick(columns: &mut [Column], at: u64, new: impl Fn(usize) -> i64) {
    let to = (at % ROLLING as u64) as usize;
    retire(columns, to, ALL);
    for (asset, column) in columns.iter_mut().enumerate() {
        set(column, to, new(asset));
    }
    fade(columns);
}

/// Scores of the memory and of one row more, largest first.
fn scores(columns: &[Column], row: Option<usize>, counted: u32) -> Vec<i64> {
    let mut scores: Vec<i64> =
        (ROLLING..SCENARIOS).chain(row).map(|row| score(columns, row, counted)).collect();
    scores.sort_unstable_by(|a, b| b.cmp(a));
    scores
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn a_score_is_how_far_apart_a_row_drives_the_counted_or_any_from_rest(seed: u64, assets in 0usize..=32, wild: bool, at in 0..SCENARIOS, counted: u32) {
        let columns = columns(seed, assets, wild);
        let counts = (0..assets).filter(|asset| counted >> asset & 1 == 1);
        let zs: Vec<i64> = counts.map(|asset| get(&columns[asset], at)).chain([0]).collect();
        prop_assert_eq!(score(&columns, at, counted), zs.iter().max().unwrap() - zs.iter().min().unwrap());
    }

    /// The memory holds the most extreme of what it held and what would be lost.
    #[test]
    fn the_memory_keeps_the_most_extreme(seed: u64, assets in 1usize..8, wild: bool, at in 0..ROLLING, counted: u32) {
        let mut columns = columns(seed, assets, wild);
        let expected = scores(&columns, Some(at), counted);
        retire(&mut columns, at, counted);
        prop_assert_eq!(scores(&columns, None, counted), &expected[..MEMORY]);
    }

    /// Rows are joint: all assets move, those that do not count too, and nothing else is touched.
    #[test]
    fn a_row_is_retired_whole_or_not_at_all(seed: u64, assets in 1usize..=32, wild: bool, at in 0..ROLLING, counted: u32) {
        let before = columns(seed, assets, wild);
        let mut after = before.clone();
        let to = retire(&mut after, at, counted);
        prop_assert!(to.is_none_or(|to| (ROLLING..SCENARIOS).contains(&to)));
        for other in 0..SCENARIOS {
            let from = if Some(other) == to { at } else { other };
            prop_assert_eq!(row(&after, other), row(&before, from));
        }
        let mildest = *scores(&before, None, counted).last().unwrap();
        prop_assert_eq!(to.is_some(), score(&before, at, counted) > mildest);
    }

    /// The cliff that everybody could read off the board: the day a crash rolls out, nothing happens.
    #[test]
    fn an_extreme_row_does_not_drop_out_when_its_turn_comes(seed: u64, start in 0u64..1_000, assets in 1usize..6, sign: bool) {
        let mut s = Stream::new(seed);
        let mut calm = || (s.between(-1.0, 1.0) * 1024.0) as i64;
        let mut columns: Vec<Column> = (0..assets).map(|_| column((0..SCENARIOS).map(|_| calm()))).collect();
        let crash = if sign { 20 << 10 } else { -20 << 10 };
        tick(&mut columns, start, |_| crash);
        let held = |columns: &[Column]| (0..SCENARIOS).map(|r| score(columns, r, ALL)).max().unwrap();
        let mut before = held(&columns);
        for at in (start + 1..).take(ROLLING + 40) {
            let z = calm();
            tick(&mut columns, at, |_| z);
            let now = held(&columns);
            prop_assert!(now * 100 >= before * 98, "from {} to {}", before, now);
            before = now;
        }
        // After a whole turn of the ring it is in the memory, and fades; a joint move still.
        let worst = (ROLLING..SCENARIOS).max_by_key(|&r| score(&columns, r, ALL)).unwrap();
        let z = row(&columns, worst);
        prop_assert!(z.iter().all(|x| *x == z[0] && x.signum() == crash.signum()));
        let faded = crash.abs() as f64 * (-41.0 / f64::from(FADE_HALF_LIFE)).exp2();
        prop_assert!((z[0].abs() as f64 - faded).abs() <= faded * 0.02 + 42.0, "{} for {}", z[0], faded);
    }

    /// Rows that drive assets apart are what pairs lose in: they stay as long as crashes.
    #[test]
    fn a_row_in_which_assets_part_outlasts_a_larger_joint_one(z in 1_024i64..Z_MAX / 2, at in 0..ROLLING) {
        let (mut up, mut down) = ([0; WORDS], [0; WORDS]);
        for row in ROLLING..SCENARIOS {
            set(&mut up, row, z + 1);
            set(&mut down, row, z + 1);
        }
        set(&mut up, at, z);
        set(&mut down, at, -z);
        let mut columns = [up, down];
        let to = retire(&mut columns, at, ALL).unwrap();
        prop_assert_eq!(row(&columns, to), vec![z, -z]);
    }

    /// No single tick takes more than a fiftieth off the tail of any book by fading.
    #[test]
    fn fading_is_gradual_for_any_book((mut world, holdings) in account(8), seed: u64) {
        let mut s = Stream::new(seed);
        for column in &mut world.columns {
            (ROLLING..SCENARIOS).for_each(|row| set(column, row, s.between(-20_000.0, 20_000.0) as i64));
        }
        let book = holdings.book(&world, Basis::Maintenance).unwrap();
        let before = exact_shortfall(&exposures(&book, &world, Basis::Maintenance));
        let mut faded = world.clone();
        fade(&mut faded.columns);
        let after = exact_shortfall(&exposures(&book, &faded, Basis::Maintenance));
        // Every return of the seven worst rows is rounded towards zero by less than a unit.
        let legs = exposures(&book, &world, Basis::Maintenance);
        let unit = 7 * legs.iter().map(|leg| i128::from(leg.0.abs()) * i128::from(leg.1)).sum::<i128>();
        prop_assert!(after <= before + unit, "{} above {}", after, before);
        prop_assert!(before - after <= before / 50 + unit, "{} of {}", (before - after) / EXACT_UNIT, before / EXACT_UNIT);
    }

    #[test]
    fn fading_scales_the_memory_towards_zero_and_no_other_row(seed: u64, assets in 1usize..=32, wild: bool) {
        let before = columns(seed, assets, wild);
        let mut after = before.clone();
        fade(&mut after);
        let kept = (-1.0 / f64::from(FADE_HALF_LIFE)).exp2();
        for at in 0..SCENARIOS {
            for (old, new) in row(&before, at).into_iter().zip(row(&after, at)) {
                if at >= ROLLING {
                    let exact = old as f64 * kept;
                    prop_assert!(new.abs() as f64 <= exact.abs() + 1.0 && (new as f64 - exact).abs() < 2.0);
                    prop_assert!(new == 0 || (new.signum() == old.signum() && new.abs() < old.abs()));
                } else {
                    prop_assert_eq!(old, new);
                }
            }
        }
    }

    #[test]
    fn the_memory_fades_by_half_in_a_half_life(z in -Z_MAX..=Z_MAX) {
        let mut columns = [column((0..SCENARIOS).map(|_| z))];
        for _ in 0..FADE_HALF_LIFE {
            fade(&mut columns);
        }
        for (at, left) in rows(&columns[0]).enumerate() {
            let expected = if at < ROLLING { z } else { z / 2 };
            // Truncation takes up to a unit a tick.
            let ticks = if at < ROLLING { 0 } else { i64::from(FADE_HALF_LIFE) };
            prop_assert!((expected - left).abs() <= ticks, "{} for {}", left, expected);
        }
    }

    /// Nothing that ever was extreme stays for good.
    #[test]
    fn the_memory_forgets_in_the_end(z in -Z_MAX..=Z_MAX) {
        let mut columns = [column((0..SCENARIOS).map(|_| z))];
        for _ in 0..20 * FADE_HALF_LIFE {
            fade(&mut columns);
        }
        prop_assert!((ROLLING..SCENARIOS).all(|row| get(&columns[0], row) == 0));
    }
}

#[test]
fn a_calm_row_and_an_empty_ring_leave_the_memory_alone() {
    let mut empty = [[0; WORDS]; 3];
    assert_eq!(retire(&mut empty, 0, ALL), None);
    set(&mut empty[1], 5, -7);
    assert_eq!(retire(&mut empty, 5, 0b101), None);
    assert_eq!(retire(&mut empty, 5, 0b010), Some(ROLLING));
    assert_eq!(retire(&mut [], 5, ALL), None);
    assert_eq!(ROLLING + MEMORY, SCENARIOS);
}
