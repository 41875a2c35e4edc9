//! What rows must satisfy together: order, one bar a time, one grid, prices that can be true.

use std::collections::BTreeMap;

use super::error::Problem;
use super::{Bar, Repair, RepairKind, when};

/// An isolated price is a bad tick when it is this many times away from both neighbours…
const FAR: f64 = 5.0;
/// …and the neighbours are within this factor of each other.
const AGREE: f64 = 2.0;
/// The first and the last bar have neighbours on one side only: weaker evidence, wider limit.
const FAR_AT_EDGE: f64 = 20.0;
/// A move that does not come back is believed up to here. LUNA's worst hour on its way to zero stays below.
const MAX_JUMP: f64 = 100.0;
/// At most this many bad ticks are repaired, or [`BAD_TICK_SHARE`] of the rows if that is more.
const BAD_TICKS: usize = 3;
const BAD_TICK_SHARE: f64 = 0.001;
/// At most this many wrong high/low pairs are repaired, or [`BAD_RANGE_SHARE`] of the rows if that is more.
const BAD_RANGES: usize = 3;
const BAD_RANGE_SHARE: f64 = 0.01;

/// A bar and the line it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub line: u64,
    pub bar: Bar,
}

type Fault = (Option<u64>, Problem);

/// Sorts, checks and repairs rows. Returns the bars and their interval in seconds.
pub(super) fn clean(mut rows: Vec<Row>, repairs: &mut Vec<Repair>) -> Result<(Vec<Bar>, i64), Fault> {
    sort(&mut rows, repairs);
    let mut rows = without_duplicates(rows, repairs)?;
    if rows.len() < 2 {
        return Err((None, Problem::TooFewRows(rows.len())));
    }
    let interval_s = grid(&rows)?;
    bad_ticks(&mut rows, repairs)?;
    ranges(&mut rows, repairs)?;
    jumps(&rows)?;
    Ok((rows.into_iter().map(|r| r.bar).collect(), interval_s))
}

fn sort(rows: &mut [Row], repairs: &mut Vec<Repair>) {
    let mut latest = i64::MIN;
    let late: Vec<u64> = rows
        .iter()
        .filter(|r| {
            let back = r.bar.ts < latest;
            latest = latest.max(r.bar.ts);
            back
        })
        .map(|r| r.line)
        .collect();
    let Some(&line) = late.first() else { return };
    rows.sort_by_key(|r| r.bar.ts);
    repairs.push(Repair {
        kind: RepairKind::Sorted,
        line: Some(line),
        ts: None,
        count: late.len(),
        what: format!("rows were not in order of time ({} later than a row before): sorted", lines(&late)),
    });
}

fn without_duplicates(rows: Vec<Row>, repairs: &mut Vec<Repair>) -> Result<Vec<Row>, Fault> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    let mut dropped = Vec::new();
    for row in rows {
        match kept.last() {
            Some(before) if before.bar.ts == row.bar.ts => {
                if before.bar != row.bar {
                    let (first_line, ts) = (before.line, row.bar.ts);
                    return Err((Some(row.line), Problem::ConflictingDuplicate { ts, first_line }));
                }
                dropped.push(row.line);
            }
            _ => kept.push(row),
        }
    }
    if let Some(&line) = dropped.first() {
        repairs.push(Repair {
            kind: RepairKind::Duplicates,
            line: Some(line),
            ts: None,
            count: dropped.len(),
            what: format!("{} repeat an earlier row exactly: dropped", lines(&dropped)),
        });
    }
    Ok(kept)
}

/// The interval: the commonest distance between neighbours. Every bar must lie on the grid it spans.
fn grid(rows: &[Row]) -> Result<i64, Fault> {
    let mut distances: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in rows.windows(2) {
        *distances.entry(pair[1].bar.ts - pair[0].bar.ts).or_default() += 1;
    }
    let interval_s = commonest(&distances);
    let mut offsets: BTreeMap<i64, usize> = BTreeMap::new();
    for row in rows {
        *offsets.entry(row.bar.ts.rem_euclid(interval_s)).or_default() += 1;
    }
    let offset = commonest(&offsets);
    // Trades and not bars: half of the distances differ, or a tenth of the times lie anywhere.
    let at_interval = 1 + distances.get(&interval_s).copied().unwrap_or(0);
    let on_grid = offsets.get(&offset).copied().unwrap_or(0);
    let n = rows.len();
    if n > 3 && (at_interval * 2 < n || on_grid * 10 < n * 9) {
        return Err((None, Problem::NoGrid { interval_s, fits: at_interval.min(on_grid), rows: n }));
    }
    match rows.iter().find(|r| r.bar.ts.rem_euclid(interval_s) != offset) {
        Some(row) => Err((Some(row.line), Problem::OffGrid { ts: row.bar.ts, interval_s })),
        None => Ok(interval_s),
    }
}

/// The key with the highest count, the smallest of them on a tie.
fn commonest(counts: &BTreeMap<i64, usize>) -> i64 {
    counts.iter().max_by_key(|&(&key, &n)| (n, std::cmp::Reverse(key))).map_or(1, |(&key, _)| key)
}

fn apart(a: f64, b: f64) -> f64 {
    (a / b).max(b / a)
}

fn bad_ticks(rows: &mut [Row], repairs: &mut Vec<Repair>) -> Result<(), Fault> {
    let mut found: Vec<Repair> = Vec::new();
    let n = rows.len();
    for i in 0..n {
        let (left, right) = match i {
            _ if n < 3 => break,
            0 => (rows[1].bar.close, rows[2].bar.close),
            _ if i == n - 1 => (rows[i - 1].bar.close, rows[i - 2].bar.close),
            _ => (rows[i - 1].bar.close, rows[i + 1].bar.close),
        };
        let at_edge = i == 0 || i == n - 1;
        let limit = if at_edge { FAR_AT_EDGE } else { FAR };
        if apart(left, right) > AGREE {
            continue;
        }
        let far = |price: f64| apart(price, left) > limit && apart(price, right) > limit;
        let bar = &mut rows[i].bar;
        // Before the first bar there is nothing: `left` is then the close after it.
        let instead = left;
        let mut what = Vec::new();
        if far(bar.close) {
            what.push(format!(
                "close {} is far from both neighbours: bar set to the close beside it, {instead}",
                bar.close
            ));
            *bar = Bar::flat(bar.ts, instead);
        } else {
            // A new listing may well open at a fifth of where it closes; there is no price before to judge it by.
            if !at_edge && far(bar.open) {
                what.push(format!(
                    "open {} is far from both neighbours: set to the close before, {instead}",
                    bar.open
                ));
                bar.open = instead;
            }
            let top = bar.open.max(bar.close).max(left).max(right);
            let bottom = bar.open.min(bar.close).min(left).min(right);
            if bar.high > top * limit {
                let to = bar.open.max(bar.close);
                what.push(format!("high {} is far from everything around it: set to {to}", bar.high));
                bar.high = to;
            }
            if bar.low < bottom / limit {
                let to = bar.open.min(bar.close);
                what.push(format!("low {} is far from everything around it: set to {to}", bar.low));
                bar.low = to;
            }
        }
        if !what.is_empty() {
            found.push(Repair {
                kind: RepairKind::BadTick,
                line: Some(rows[i].line),
                ts: Some(rows[i].bar.ts),
                count: 1,
                what: format!("bad tick at {} UTC: {}", when::minute(rows[i].bar.ts), what.join("; ")),
            });
        }
    }
    let allowed = BAD_TICKS.max((n as f64 * BAD_TICK_SHARE) as usize);
    if found.len() > allowed {
        let (count, line, first) = (found.len(), found[0].line, found[0].what.clone());
        return Err((line, Problem::TooManyBadTicks { count, rows: n, first }));
    }
    repairs.append(&mut found);
    Ok(())
}

fn ranges(rows: &mut [Row], repairs: &mut Vec<Repair>) -> Result<(), Fault> {
    let mut wrong = Vec::new();
    let mut first_ts = None;
    for Row { line, bar } in rows.iter_mut() {
        let high = bar.high.max(bar.open).max(bar.close).max(bar.low);
        let low = bar.low.min(bar.open).min(bar.close).min(bar.high);
        if (high, low) != (bar.high, bar.low) {
            (bar.high, bar.low) = (high, low);
            first_ts = first_ts.or(Some(bar.ts));
            wrong.push(*line);
        }
    }
    let Some(&line) = wrong.first() else { return Ok(()) };
    let allowed = BAD_RANGES.max((rows.len() as f64 * BAD_RANGE_SHARE) as usize);
    if wrong.len() > allowed {
        return Err((Some(line), Problem::TooManyBadRanges { count: wrong.len(), rows: rows.len() }));
    }
    repairs.push(Repair {
        kind: RepairKind::HighLow,
        line: Some(line),
        ts: if wrong.len() == 1 { first_ts } else { None },
        count: wrong.len(),
        what: format!("high and low did not contain open and close in {}: widened", lines(&wrong)),
    });
    Ok(())
}

/// A jump that no neighbour contradicts cannot be told from a change of unit, and would end every account in a replay.
fn jumps(rows: &[Row]) -> Result<(), Fault> {
    for pair in rows.windows(2) {
        let (from, bar) = (pair[0].bar.close, pair[1].bar);
        for to in [bar.open, bar.close, bar.high, bar.low] {
            if apart(from, to) > MAX_JUMP {
                return Err((Some(pair[1].line), Problem::Jump { from, to, limit: MAX_JUMP }));
            }
        }
    }
    Ok(())
}

/// `line 4`, `lines 4 and 9`, `lines 4, 9, 12 and 31 more`.
fn lines(at: &[u64]) -> String {
    let list = |at: &[u64]| at.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match at {
        [one] => format!("line {one}"),
        [most @ .., last] if at.len() <= 4 => format!("lines {} and {last}", list(most)),
        _ => format!("lines {} and {} more", list(&at[..3]), at.len() - 3),
    }
}
