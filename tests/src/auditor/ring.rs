//! Ticks: is the second board what a tick makes of the first?
//!
//! A full tick fades every row of the tail memory; the rolling row that is due moves there if it is more extreme
//! than the mildest of them; then it takes the new returns, each in units of the σ that stood before it and over the
//! time it spans. A short tick leaves the ring alone.

use super::board::{Asset, Board, RATE_UNIT, ROLLING, ROWS, SIGMA_UNITS};

/// Largest row that is kept.
const WINSOR: f64 = 32_767.0;
/// What a row of the memory keeps, in 2⁻¹⁶: it halves in 64 ticks.
const FADE: f64 = 64_830.0;
/// Longest interval that a return is scaled by, in horizons.
const LATEST: f64 = 24.0;
/// A rise of the index by more than one part in this many makes a short tick due.
const THRESHOLD: f64 = 4.0;
/// Most halvings of the interval between ticks.
const HALVINGS: i32 = 4;

/// Which tick lies between two boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticked {
    Nothing,
    Short,
    Full,
}

impl Ticked {
    /// By what the boards count.
    #[must_use]
    pub fn between(before: &Board, after: &Board) -> Self {
        if after.tick_count != before.tick_count {
            Self::Full
        } else if after.last_short_tick != before.last_short_tick {
            Self::Short
        } else {
            Self::Nothing
        }
    }
}

/// Everything about the tick that does not follow from `before`.
pub fn problems(before: &Board, after: &Board, now: i64, found: &mut Vec<String>) {
    let ticked = Ticked::between(before, after);
    when(before, after, ticked, now, found);
    let (expected, sampled) = match ticked {
        Ticked::Full => written(before, after, now, found),
        _ => (before.assets.iter().map(|a| a.column.clone()).collect(), vec![false; before.assets.len()]),
    };
    let anybody = sampled.contains(&true);
    let mut times = before.row_times.clone();
    if anybody {
        let row = before.next_row;
        if let Some(to) = kept(before) {
            times[to] = times[row];
        }
        times[row] = u32::try_from(now).unwrap_or(0);
    }
    if after.row_times != times {
        found.push("the times of the rows do not follow".into());
    }
    let next = if anybody { (before.next_row + 1) % ROLLING } else { before.next_row };
    if after.next_row != next {
        found.push(format!("the next row is {}, not {next}", after.next_row));
    }
    for (((old, new), column), sampled) in before.assets.iter().zip(&after.assets).zip(expected).zip(sampled)
    {
        if column != new.column {
            let row = (0..ROWS).find(|r| column[*r] != new.column[*r]).unwrap_or_default();
            found.push(format!(
                "asset {}: row {row} of the ring is {}, {} follows",
                new.index, new.column[row], column[row]
            ));
        }
        ages(old, new, before, ticked, now, sampled, found);
    }
}

/// Whether a tick was due, and what it says of itself.
fn when(before: &Board, after: &Board, ticked: Ticked, now: i64, found: &mut Vec<String>) {
    let p = &before.params;
    let later = |than: i64, width: i64| now.div_euclid(width.max(1)) > than.div_euclid(width.max(1));
    let full = later(before.last_tick, p.tick_interval_s);
    let index = after.index();
    match ticked {
        Ticked::Nothing => {
            let same = |b: &Board| (b.last_tick, b.last_short_tick, b.tick_index.to_bits());
            if same(before) != same(after) {
                found.push("no tick was taken, and yet its figures moved".into());
            }
            return;
        }
        Ticked::Full => {
            if after.tick_count != before.tick_count + 1 || !full || after.last_tick != now {
                found.push("a full tick was taken twice in one cell of its grid".into());
            }
        }
        Ticked::Short => {
            // How often the square of the index is twice as large as it may be in calm.
            let ratio = (index / p.calm_sigma).powi(2);
            let due = |ratio: f64| {
                let halvings = (0..HALVINGS).take_while(|h| ratio >= 2.0f64.powi(h + 1)).count();
                later(before.last_short_tick, p.tick_interval_s >> halvings)
            };
            // A unit may decide on the edge.
            let lapsed = due(ratio * (1.0 - 1e-7)) || due(ratio * (1.0 + 1e-7));
            let risen = index > before.tick_index * (1.0 + 1.0 / THRESHOLD) - 2.0 * RATE_UNIT;
            let stormy = index > p.calm_sigma - 2.0 * RATE_UNIT;
            if full || !stormy || !(lapsed || risen) || after.last_tick != before.last_tick {
                found.push(format!("a short tick was taken that was not due, at an index of {index}"));
            }
        }
    }
    if after.last_short_tick != now || (after.tick_index - index).abs() > RATE_UNIT {
        found.push("a tick does not say when it was taken, or at which index".into());
    }
}

/// Whether a tick finds a new return of an asset, or a price to start from.
fn is_due(old: &Asset, new: &Asset, horizon_s: f64, now: i64) -> bool {
    let span = (new.publish_time - old.tick_time) as f64 / horizon_s;
    new.is_fresh(now) && (old.tick == 0.0 || span >= 0.75)
}

fn faded(z: i64) -> i64 {
    // Exact: 15 bits by 16, and a power of two.
    (z as f64 * FADE / 65_536.0).trunc() as i64
}

/// How far a row drives the netted assets apart, or any of them from rest.
fn range(before: &Board, row: usize) -> i64 {
    let z = || {
        let netted = before.assets.iter().filter(|a| a.netted);
        netted.map(|a| if row < ROLLING { a.column[row] } else { faded(a.column[row]) })
    };
    z().max().unwrap_or(0).max(0) - z().min().unwrap_or(0).min(0)
}

/// The row of the memory to which the one that is due moves, if it does.
fn kept(before: &Board) -> Option<usize> {
    let mildest = (ROLLING..ROWS).min_by_key(|row| range(before, *row))?;
    (range(before, before.next_row) > range(before, mildest)).then_some(mildest)
}

/// The columns that a full tick leaves, and which assets it sampled.
fn written(before: &Board, after: &Board, now: i64, found: &mut Vec<String>) -> (Vec<Vec<i64>>, Vec<bool>) {
    let pairs = || before.assets.iter().zip(&after.assets);
    let horizon = before.params.horizon_s;
    let sampled: Vec<bool> =
        pairs().map(|(old, new)| is_due(old, new, horizon, now) && old.tick > 0.0).collect();
    let mut columns: Vec<Vec<i64>> = before.assets.iter().map(|a| a.column.clone()).collect();
    if !sampled.contains(&true) {
        return (columns, sampled);
    }
    let (row, to) = (before.next_row, kept(before));
    for (((old, new), column), sampled) in pairs().zip(&mut columns).zip(&sampled) {
        for z in &mut column[ROLLING..] {
            *z = faded(*z);
        }
        if let Some(to) = to {
            column[to] = column[row];
        }
        if !sampled {
            continue;
        }
        let span = ((new.publish_time - old.tick_time) as f64 / horizon).min(LATEST);
        let r = new.spot / old.tick - 1.0;
        let z = r / (old.tick_sigma * span.sqrt()) * SIGMA_UNITS;
        let own = z.abs().min(WINSOR);
        let board = new.column[row];
        // Rounded away from zero.
        if (board as f64 * z.signum() - own).abs() > 1.01 + 1e-6 * own {
            found.push(format!("asset {}: row {row} is {board}, {z:.1} by the auditor", new.index));
        }
        column[row] = board;
    }
    (columns, sampled)
}

/// What an asset remembers of ticks.
fn ages(
    old: &Asset,
    new: &Asset,
    before: &Board,
    ticked: Ticked,
    now: i64,
    sampled: bool,
    found: &mut Vec<String>,
) {
    let due = ticked == Ticked::Full && is_due(old, new, before.params.horizon_s, now);
    let rows = ROWS as u32;
    let missed = match ticked {
        Ticked::Full if !due => (old.ticks_missed + 1).min(rows),
        Ticked::Full if sampled => old.ticks_missed.saturating_sub(1),
        _ => old.ticks_missed,
    };
    let filled = (old.rows_filled + u32::from(sampled)).min(rows);
    let own = (old.ticks_lived + u32::from(sampled), missed, filled);
    let stands = (new.ticks_lived, new.ticks_missed, new.rows_filled);
    if stands != own {
        found.push(format!(
            "asset {}: its age is {stands:?}, {own:?} follows (lived, missed, filled)",
            new.index
        ));
    }
    let start =
        if due { (new.spot, new.publish_time, new.sigma) } else { (old.tick, old.tick_time, old.tick_sigma) };
    if (new.tick, new.tick_time, new.tick_sigma) != start {
        found.push(format!("asset {}: where its next return starts does not follow", new.index));
    }
}
