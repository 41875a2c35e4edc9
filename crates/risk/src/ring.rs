//! Which row of the ring a tick writes, and which rows stay.
//!
//! Most of the ring rolls: a new row takes the place of the oldest. A row that rolled out would take its loss with
//! it, at a time that everybody can read off the board, and the margin of every book that it carried would fall off
//! a cliff: on hourly data by up to 72 % in one tick. So the rest of the ring is a *tail memory*: when a row is
//! about to be overwritten and is more extreme than the mildest row of the memory, it moves there instead. Rows in
//! the memory do not leave; they *fade*:
//!
//! ```text
//! score(row) = max(0, max_i z_i) − min(0, min_i z_i)       how far apart the row drives the assets, or any from rest
//! z ← z·2^(−1/64)                                          for every row of the memory, every tick
//! ```
//!
//! The score is a range, not a largest move, so that rows in which assets diverge stay as long as crashes: they are
//! what pairs lose in. Fading scales a whole row, so it stays a joint move: no hedge inside it is broken. All rows
//! fade at every tick: fading them in turn would make each turn a small cliff. With it the largest fall of an
//! Expected Shortfall in one tick is 4 % (decision 012).

use crate::scenario::{Column, SCENARIOS, get, pack, set, unpack};

/// Rows of the tail memory.
pub const MEMORY: usize = 32;
/// Rows that roll.
pub const ROLLING: usize = SCENARIOS - MEMORY;
/// Ticks in which a row of the memory loses half of its size.
pub const FADE_HALF_LIFE: u32 = 64;
/// `2^(−1/FADE_HALF_LIFE)` in 2⁻¹⁶.
const FADE: i64 = 64_830;

const _: () = assert!(MEMORY.is_multiple_of(2) && ROLLING.is_multiple_of(2));

/// What each row of the memory scores, over the assets whose bit is set.
fn scores(columns: &[Column], counted: u32) -> [i64; MEMORY] {
    let (mut up, mut down) = ([0i64; MEMORY], [0i64; MEMORY]);
    for (asset, column) in columns.iter().enumerate() {
        if counted & (1 << asset) == 0 {
            continue;
        }
        for (pair, &word) in column[ROLLING / 2..].iter().enumerate() {
            let (even, odd) = unpack(word);
            for (at, z) in [(2 * pair, even), (2 * pair + 1, odd)] {
                up[at] = up[at].max(z);
                down[at] = down[at].min(z);
            }
        }
    }
    core::array::from_fn(|at| up[at] - down[at])
}

/// How far a row drives the counted assets apart, or any of them from rest.
#[must_use]
pub fn score(columns: &[Column], row: usize, counted: u32) -> i64 {
    let (mut up, mut down) = (0, 0);
    for (asset, column) in columns.iter().enumerate() {
        if counted & (1 << asset) != 0 {
            let z = get(column, row);
            (up, down) = (z.max(up), z.min(down));
        }
    }
    up - down
}

/// Makes room in `row`, one of the rolling rows: keeps what it holds in the memory if it is extreme enough.
/// Returns the row of the memory it went to. At most 32 columns are read.
///
/// # Panics
/// If `row` is not below [`SCENARIOS`].
pub fn retire(columns: &mut [Column], row: usize, counted: u32) -> Option<usize> {
    let (mildest, least) =
        scores(columns, counted).into_iter().enumerate().min_by_key(|(_, score)| *score).unwrap_or((0, 0));
    if score(columns, row, counted) <= least {
        return None;
    }
    let to = ROLLING + mildest;
    for column in columns {
        set(column, to, get(column, row));
    }
    Some(to)
}

/// Fades every row of the memory by one tick.
pub fn fade(columns: &mut [Column]) {
    // Towards zero: |z| ≤ 2¹⁵, so a product stays below 2³².
    let faded = |z: i64| z * FADE / (1 << 16);
    for column in columns {
        for word in &mut column[ROLLING / 2..] {
            if *word != 0 {
                let (even, odd) = unpack(*word);
                *word = pack(faded(even), faded(odd));
            }
        }
    }
}
