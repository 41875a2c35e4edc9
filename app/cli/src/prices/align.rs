//! Puts several assets on one grid over one window.

use super::error::{PriceFileError, Problem};
use super::{Bar, PricePaths, Repair, RepairKind, Series, when};

/// The longest gap that is carried over, in bars. Two days of hourly bars: longer than any exchange outage on file.
pub const MAX_GAP_BARS: usize = 48;
/// With more gaps than this the notes count them instead of listing them.
const LISTED_GAPS: usize = 4;

/// Cuts all series to their common window, or to `window` (`[from, to)`, unix seconds, on bar open times), and carries
/// missing bars forward there. Gaps outside of the window do not matter.
pub fn align(series: Vec<Series>, window: Option<(i64, i64)>) -> Result<PricePaths, PriceFileError> {
    let files = series.iter().map(|s| s.file.as_str()).collect::<Vec<_>>().join(", ");
    let fail = |problem| PriceFileError::new(&files, None, problem);
    let interval_s = one_grid(&series).map_err(|(file, p)| PriceFileError::new(file, None, p))?;

    // Every series has at least two bars, which `clean` sees to; made by hand it may be empty, and then overlaps nothing.
    let first = series.iter().map(|s| s.bars.first().map_or(i64::MAX, |b| b.ts)).max().unwrap_or(i64::MAX);
    let last = series.iter().map(|s| s.bars.last().map_or(i64::MIN, |b| b.ts)).min().unwrap_or(i64::MIN);
    if first >= last {
        let spans: Vec<_> = series
            .iter()
            .filter_map(|s| Some((&s.symbol, s.bars.first()?.ts, s.bars.last()?.ts)))
            .map(|(symbol, from, to)| format!("{symbol} {} to {}", when::minute(from), when::minute(to)))
            .collect();
        return Err(fail(Problem::NoOverlap(spans.join("; "))));
    }
    let mut notes = Vec::new();
    let (start, end) = match window {
        None => (first, last),
        Some((from, to)) if from >= to => return Err(fail(Problem::BackwardWindow { from, to })),
        Some((from, to)) => {
            let inside = |t: i64| t.clamp(first, last + interval_s) - first;
            let start = first + (inside(from) + interval_s - 1) / interval_s * interval_s;
            let end = first + (inside(to) - 1).div_euclid(interval_s) * interval_s;
            if start >= end {
                return Err(fail(Problem::EmptyWindow { from, to, first, last }));
            }
            notes.extend(clipped(&series, from, to, first, last, interval_s));
            (start, end)
        }
    };

    let ts: Vec<i64> = (0..=(end - start) / interval_s).map(|i| start + i * interval_s).collect();
    let mut aligned = Vec::with_capacity(series.len());
    for s in series {
        let file = s.file.clone();
        let (s, mut said) = fill(s, &ts).map_err(|p| PriceFileError::new(file, None, p))?;
        notes.append(&mut said);
        aligned.push(s);
    }
    let source = aligned
        .iter()
        .map(|s| format!("{} ({})", s.symbol, base_name(&s.file)))
        .collect::<Vec<_>>()
        .join(", ");
    let source = format!("{source}, bars of {}", when::span(interval_s));
    Ok(PricePaths { interval_s, ts, series: aligned, notes, synthetic: false, source })
}

fn base_name(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// The interval all series share, or the file that breaks it and how.
fn one_grid(series: &[Series]) -> Result<i64, (String, Problem)> {
    let Some(a) = series.first() else { return Err((String::new(), Problem::NoFiles)) };
    for (i, b) in series.iter().enumerate() {
        if series[..i].iter().any(|s| s.symbol == b.symbol) {
            return Err((b.file.clone(), Problem::SameSymbol(b.symbol.clone())));
        }
        if b.interval_s != a.interval_s {
            let (a_s, b_s) = (a.interval_s, b.interval_s);
            let problem = Problem::DifferentGrids { a: a.symbol.clone(), a_s, b: b.symbol.clone(), b_s };
            return Err((b.file.clone(), problem));
        }
        let open = |s: &Series| s.bars.first().map_or(0, |bar| bar.ts);
        let shift_s = (open(b) - open(a)).rem_euclid(a.interval_s);
        if shift_s != 0 {
            let problem = Problem::ShiftedGrids { a: a.symbol.clone(), b: b.symbol.clone(), shift_s };
            return Err((b.file.clone(), problem));
        }
    }
    Ok(a.interval_s)
}

/// Says when the window asked for reaches beyond the data, and whose data ends it.
fn clipped(series: &[Series], from: i64, to: i64, first: i64, last: i64, interval_s: i64) -> Vec<String> {
    let whose = |at: i64, edge: fn(&Series) -> Option<&Bar>| {
        let names: Vec<_> = series
            .iter()
            .filter(|s| edge(s).is_some_and(|b| b.ts == at))
            .map(|s| s.symbol.as_str())
            .collect();
        names.join(", ")
    };
    let mut notes = Vec::new();
    if from < first {
        let who = whose(first, |s| s.bars.first());
        notes.push(format!(
            "window begins {} UTC instead of {}: first bar of {who}",
            when::minute(first),
            when::minute(from)
        ));
    }
    if to > last + interval_s {
        let end = last + interval_s;
        let who = whose(last, |s| s.bars.last());
        notes.push(format!(
            "window ends {} UTC instead of {}: last bar of {who}",
            when::minute(end),
            when::minute(to)
        ));
    }
    notes
}

/// Cuts one series to `ts`, which starts no earlier than the series, and fills its gaps. Returns what there is to say.
fn fill(mut series: Series, ts: &[i64]) -> Result<(Series, Vec<String>), Problem> {
    // `align` never passes an empty window.
    let (start, end) = (ts.first().copied().unwrap_or(0), ts.last().copied().unwrap_or(0));
    let step = series.interval_s;
    let begin = series.bars.partition_point(|b| b.ts < start);
    let mut real = series.bars[begin..].iter().copied().peekable();
    let mut last = begin.checked_sub(1).map(|i| series.bars[i]);
    let mut bars: Vec<Bar> = Vec::with_capacity(ts.len());
    let mut gaps: Vec<Repair> = Vec::new();
    for &t in ts {
        if let Some(bar) = real.next_if(|b| b.ts == t) {
            bars.push(bar);
            last = Some(bar);
            continue;
        }
        let Some(before) = last else { continue };
        let since = before.ts + step;
        let until = real.peek().map_or(end + step, |b| b.ts);
        let missing = usize::try_from((until - since) / step).unwrap_or(usize::MAX);
        if missing > MAX_GAP_BARS {
            let symbol = series.symbol.clone();
            return Err(Problem::LongGap { symbol, from: since, to: until, missing, limit: MAX_GAP_BARS });
        }
        bars.push(Bar::flat(t, before.close));
        match gaps.last_mut() {
            Some(gap) if gap.ts.is_some_and(|g| g + gap.count as i64 * step == t) => gap.count += 1,
            _ => gaps.push(Repair {
                kind: RepairKind::Gap,
                line: None,
                ts: Some(t),
                count: 1,
                what: String::new(),
            }),
        }
    }
    for gap in &mut gaps {
        let at = gap.ts.map(when::minute).unwrap_or_default();
        let bars = if gap.count == 1 { "bar" } else { "bars" };
        gap.what = format!("gap of {} {bars} at {at} UTC: carried forward flat at the last close", gap.count);
    }

    let inside = |r: &&Repair| r.ts.is_none_or(|t| (start..=end).contains(&t));
    let mut notes: Vec<String> = series
        .repairs
        .iter()
        .filter(inside)
        .map(|r| match r.line {
            // The sentence names its lines itself when it is about several.
            Some(line) if r.kind == RepairKind::BadTick => {
                format!("{}, line {line}: {}", series.symbol, r.what)
            }
            _ => format!("{}: {}", series.symbol, r.what),
        })
        .collect();
    if gaps.len() > LISTED_GAPS {
        let missing: usize = gaps.iter().map(|g| g.count).sum();
        let longest = gaps.iter().max_by_key(|g| g.count);
        let longest =
            longest.map(|g| format!("{} from {} UTC", g.count, g.ts.map(when::minute).unwrap_or_default()));
        notes.push(format!(
            "{}: {} gaps, {missing} missing bars in all (longest {}): carried forward flat at the last close",
            series.symbol,
            gaps.len(),
            longest.unwrap_or_default(),
        ));
    } else {
        notes.extend(gaps.iter().map(|g| format!("{}: {}", series.symbol, g.what)));
    }
    series.bars = bars;
    series.repairs.append(&mut gaps);
    Ok((series, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: i64 = 1_600_002_000 / 3_600 * 3_600;

    fn series(symbol: &str, interval_s: i64, at: impl IntoIterator<Item = i64>) -> Series {
        let bars = at.into_iter().map(|i| Bar::flat(T0 + i * interval_s, 100.0 + i as f64)).collect();
        Series { symbol: symbol.into(), file: format!("dir/{symbol}.csv"), bars, interval_s, repairs: vec![] }
    }

    #[test]
    fn cuts_to_the_common_window() {
        let paths = align(vec![series("BTC", 3_600, 0..50), series("ETH", 3_600, 10..70)], None).unwrap();
        assert_eq!(
            (paths.ts[0], *paths.ts.last().unwrap(), paths.ts.len()),
            (T0 + 36_000, T0 + 49 * 3_600, 40)
        );
        for s in &paths.series {
            assert_eq!(s.bars.iter().map(|b| b.ts).collect::<Vec<_>>(), paths.ts);
        }
        assert!(paths.notes.is_empty() && !paths.synthetic);
        assert_eq!(paths.source, "BTC (BTC.csv), ETH (ETH.csv), bars of 1 hour");
    }

    #[test]
    fn carries_gaps_forward_and_says_so() {
        let paths = align(vec![series("BTC", 3_600, (0..20).filter(|i| !(5..8).contains(i)))], None).unwrap();
        let bars = &paths.series[0].bars;
        assert_eq!(bars.len(), 20);
        assert!(bars[5..8].iter().all(|b| b.close == 104.0 && b.high == 104.0 && b.volume == 0.0));
        assert_eq!(paths.series[0].repairs.len(), 1);
        assert_eq!(paths.series[0].repairs[0].count, 3);
        assert!(paths.notes[0].contains("gap of 3 bars"), "{:?}", paths.notes);
    }

    #[test]
    fn many_gaps_are_counted() {
        let paths = align(vec![series("BTC", 3_600, (0..60).filter(|i| i % 7 != 3))], None).unwrap();
        assert_eq!(paths.series[0].repairs.len(), 8);
        assert_eq!(paths.notes.len(), 1);
        assert!(paths.notes[0].starts_with("BTC: 8 gaps, 8 missing bars"), "{:?}", paths.notes);
    }

    #[test]
    fn a_long_gap_is_an_error_only_inside_the_window() {
        let holed = || vec![series("BTC", 3_600, (0..200).filter(|i| !(50..99).contains(i)))];
        let e = align(holed(), None).unwrap_err();
        assert!(matches!(e.problem, Problem::LongGap { missing: 49, .. }), "{e}");
        assert_eq!(align(holed(), Some((T0, T0 + 50 * 3_600))).unwrap().ts.len(), 50);
        assert_eq!(align(holed(), Some((T0 + 99 * 3_600, i64::MAX / 2))).unwrap().ts.len(), 101);
        // The window starts or ends inside the hole: its price would still be 49 bars old.
        assert!(align(holed(), Some((T0 + 90 * 3_600, T0 + 120 * 3_600))).is_err());
    }

    #[test]
    fn a_window_that_starts_in_a_gap_carries_from_before_it() {
        let holed = vec![series("BTC", 3_600, (0..20).filter(|i| !(5..8).contains(i)))];
        let paths = align(holed, Some((T0 + 6 * 3_600, T0 + 12 * 3_600))).unwrap();
        assert_eq!(paths.ts.len(), 6);
        assert_eq!(paths.series[0].bars[0], Bar::flat(T0 + 6 * 3_600, 104.0));
        assert_eq!(paths.series[0].repairs[0].count, 2);
    }

    #[test]
    fn the_window_is_half_open_and_need_not_lie_on_the_grid() {
        let s = || vec![series("BTC", 3_600, 0..20)];
        assert_eq!(align(s(), Some((T0, T0 + 2 * 3_600))).unwrap().ts, [T0, T0 + 3_600]);
        assert_eq!(align(s(), Some((T0 + 1, T0 + 2 * 3_600 + 1))).unwrap().ts, [T0 + 3_600, T0 + 7_200]);
        let wide = align(s(), Some((T0 - 10_000, T0 + 1_000_000))).unwrap();
        assert_eq!((wide.ts.len(), wide.notes.len()), (20, 2));
        assert!(wide.notes[0].contains("first bar of BTC"), "{:?}", wide.notes);
        for (from, to) in [(i64::MIN, i64::MAX), (i64::MIN, T0 + 7_200), (T0, i64::MAX)] {
            assert!(align(s(), Some((from, to))).is_ok());
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let hourly = || series("BTC", 3_600, 0..20);
        let refused = |others: Vec<Series>, window| align(others, window).unwrap_err();
        assert!(matches!(refused(vec![], None).problem, Problem::NoFiles));
        assert!(matches!(refused(vec![hourly(), hourly()], None).problem, Problem::SameSymbol(_)));
        let e = refused(vec![hourly(), series("ETH", 60, 0..2_000)], None);
        assert!(matches!(e.problem, Problem::DifferentGrids { .. }));
        assert_eq!(e.file, "dir/ETH.csv");
        assert!(e.to_string().contains("1 hour") && e.to_string().contains("1 minute"), "{e}");
        let mut late = series("ETH", 3_600, 0..20);
        late.bars.iter_mut().for_each(|b| b.ts += 1_800);
        let e = refused(vec![hourly(), late], None);
        assert!(matches!(e.problem, Problem::ShiftedGrids { shift_s: 1_800, .. }));
        let e = refused(vec![hourly(), series("ETH", 3_600, 100..120)], None);
        assert!(matches!(e.problem, Problem::NoOverlap(_)) && e.to_string().contains("BTC 20"), "{e}");
        assert!(matches!(refused(vec![hourly()], Some((9, 3))).problem, Problem::BackwardWindow { .. }));
        assert!(matches!(refused(vec![hourly()], Some((0, T0))).problem, Problem::EmptyWindow { .. }));
        assert!(matches!(
            refused(vec![hourly()], Some((T0 + 100 * 3_600, T0 + 200 * 3_600))).problem,
            Problem::EmptyWindow { .. }
        ));
    }
}
