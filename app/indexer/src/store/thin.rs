//! Thinning: old samples are kept coarser, and no extreme is lost.
//!
//! A day is kept as it was sampled; then of each minute, and after a month of each hour, the first and the last sample
//! stay, with those that were highest and lowest in what matters: a chart of last year still shows the wick. Events are
//! never thinned.

use rusqlite::{Transaction, params};

use super::{read_note, write_note};

const DAY_S: i64 = 86_400;

/// After how long a sample is kept by which length of time, seconds, and where it is noted how far that was done.
const STEPS: [(i64, i64, &str); 2] =
    [(DAY_S, 60, "thinned_to_minutes"), (30 * DAY_S, 3_600, "thinned_to_hours")];

/// A table, what tells its series apart, and what its extremes are kept of.
struct Series {
    table: &'static str,
    key: &'static str,
    extremes: &'static [&'static str],
}

const SERIES: [Series; 3] = [
    Series {
        table: "asset_history",
        key: "asset",
        extremes: &["price", "price DESC", "haircut_long DESC", "haircut_short DESC", "state DESC"],
    },
    Series {
        table: "market_history",
        key: "market",
        extremes: &["open_interest", "open_interest DESC", "inventory", "inventory DESC"],
    },
    Series {
        table: "house_history",
        key: "0",
        extremes: &["insurance", "insurance DESC", "lent DESC", "quote_vault"],
    },
];

impl Series {
    fn thin(&self, of: &Transaction, from: i64, to: i64, length: i64) -> rusqlite::Result<usize> {
        let Self { table, key, extremes } = self;
        let (mut ranks, mut kept) = (Vec::new(), Vec::new());
        for (at, order) in ["t", "t DESC"].iter().chain(*extremes).enumerate() {
            let order = if order.starts_with("t") { (*order).to_owned() } else { format!("{order}, t") };
            ranks.push(format!("ROW_NUMBER() OVER (PARTITION BY {key}, t / ?3 ORDER BY {order}) AS r{at}"));
            kept.push(format!("r{at} = 1"));
        }
        let sql = format!(
            "DELETE FROM {table} WHERE t >= ?1 AND t < ?2 AND rowid NOT IN (
                SELECT rowid FROM (SELECT rowid, {} FROM {table} WHERE t >= ?1 AND t < ?2) WHERE {})",
            ranks.join(", "),
            kept.join(" OR "),
        );
        of.prepare_cached(&sql)?.execute(params![from, to, length])
    }
}

/// Thins what has grown old since it was last called; how many samples were let go.
///
/// # Errors
/// As SQLite.
pub fn thin(of: &Transaction, now: i64) -> rusqlite::Result<usize> {
    let mut gone = 0;
    for (age, length, note) in STEPS {
        let from = read_note(of, note)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let to = (now - age).div_euclid(length) * length;
        if to <= from {
            continue;
        }
        for series in &SERIES {
            gone += series.thin(of, from, to, length)?;
        }
        write_note(of, note, &to.to_string())?;
    }
    Ok(gone)
}
