//! Which row of the ring a tick writes, and which rows stay.
//!
//! Most of the ring rolls: a new row takes the place of the oldest. A row that rolled out would take its loss with
//! it, at a time that everybody can read off the board, and the margin of every book that it carried would fall off
//! a cliff. So the rest of the ring is a *tail memory*: when a row is about to be overwritten and is more extreme
//! than the mildest row of the memory, it moves there instead. Rows in the memory do not leave; they *fade*. Each
//! tick one of them, in turn, is scaled towards zero by the same factor for all assets:
//!
//! ```text
//! score(row) = max over the counted assets of |z|
//! z ← z·2^(−MEMORY/half-life)       every MEMORY ticks
//! ```
//!
//! Fading scales a whole row, so it stays a joint move: no hedge inside it is broken.

use crate::scenario::{Column, SCENARIOS, get, set};

/// Rows of the tail memory.
pub const MEMORY: usize = 16;
/// Rows that roll.
pub const ROLLING: usize = SCENARIOS - MEMORY;
/// Ticks in which a row of the memory loses half of its size: six weeks of hours.
pub const FADE_HALF_LIFE: u32 = 1_024;
/// `2^(−MEMORY/FADE_HALF_LIFE)` in 2⁻¹⁶.
const FADE: i64 = 64_830;

/// Largest |z| in a row over the assets whose bit is set.
#[must_use]
pub fn score(columns: &[Column], row: usize, counted: u32) -> i64 {
    columns
        .iter()
        .enumerate()
        .filter(|(asset, _)| counted & (1 << asset) != 0)
        .map(|(_, column)| get(column, row).abs())
        .max()
        .unwrap_or(0)
}

/// The mildest row of the memory.
fn mildest(columns: &[Column], counted: u32) -> (usize, i64) {
    let mut least = (ROLLING, i64::MAX);
    for row in ROLLING..SCENARIOS {
        let score = score(columns, row, counted);
        if score < least.1 {
            least = (row, score);
        }
    }
    least
}

/// Makes room in `row`, one of the rolling rows: keeps what it holds in the memory if it is extreme enough.
/// Returns the row of the memory it went to. At most 32 columns are read.
pub fn retire(columns: &mut [Column], row: usize, counted: u32) -> Option<usize> {
    let (to, least) = mildest(columns, counted);
    if score(columns, row, counted) <= least {
        return None;
    }
    for column in columns {
        set(column, to, get(column, row));
    }
    Some(to)
}

/// Fades the row of the memory whose turn it is at `tick`.
pub fn fade(columns: &mut [Column], tick: u64) {
    let row = ROLLING + (tick % MEMORY as u64) as usize;
    for column in columns {
        // Towards zero: |z| ≤ 2¹⁵, so the product stays below 2³².
        set(column, row, get(column, row) * FADE / (1 << 16));
    }
}
