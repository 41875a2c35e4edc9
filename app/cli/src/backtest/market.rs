//! Closes of all assets on one clock.
//!
//! Nothing is carried over a gap: a close that did not happen is no close. The board then has a stale
//! price, as it would in an outage, and the hours around it are not judged.

use anyhow::{Result, bail};
use ballast_risk::scenario::SCENARIOS;

use super::sources::Sources;
use crate::prices::{PricePaths, Series, when};

const HOUR_S: i64 = 3_600;
/// Horizons that the board may run ahead of the first hour that is judged, where the files go back so
/// far: a full ring, and six of the slow half-lives for σ to forget its prior.
const WARM_UP: i64 = SCENARIOS as i64 + 744;
/// With fewer judged horizons than this a run says nothing.
const LEAST_JUDGED: usize = 48;

/// Prices as the board will see them.
#[derive(Clone, Debug)]
pub struct Market {
    /// By asset.
    pub symbols: Vec<String>,
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// Horizon of σ, scenarios and judged losses, seconds: one hour, or the bar where that is longer.
    pub horizon_s: i64,
    /// When bars close, unix seconds, ascending, one `interval_s` apart.
    pub times: Vec<i64>,
    /// `closes[asset][step]`, quote; NaN where there is no bar.
    pub closes: Vec<Vec<f64>>,
    /// Nothing before this time is judged, unix seconds.
    pub judged_from: i64,
    /// What was repaired, clipped or left out.
    pub notes: Vec<String>,
    /// Where the prices came from, in words.
    pub source: String,
}

impl Market {
    /// Puts price files on one clock, `from` (inclusive) and `to` (exclusive) bounding what is judged,
    /// in unix seconds. Bars before `from` only warm the board up.
    ///
    /// # Errors
    /// If the window is empty.
    pub fn new(sources: Sources, from: Option<i64>, to: Option<i64>) -> Result<Self> {
        let Sources { series, mut notes } = sources;
        let interval_s = series.first().map_or(HOUR_S, |s| s.interval_s);
        let horizon_s = interval_s.max(HOUR_S);
        let closing = |ts: i64| ts + interval_s;
        let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
        if from >= to {
            bail!(
                "the window ends ({}) before it begins ({}): swap the two",
                when::minute(to),
                when::minute(from)
            );
        }
        let begin = from.saturating_sub(WARM_UP * horizon_s);
        let inside: Vec<(usize, usize)> = series
            .iter()
            .map(|s| {
                let after = s.bars.partition_point(|b| b.ts < begin);
                (after, s.bars.partition_point(|b| closing(b.ts) <= to).max(after))
            })
            .collect();
        let all = || series.iter().zip(&inside).filter(|(_, (a, b))| a < b);
        let first = all().map(|(s, (a, _))| closing(s.bars[*a].ts)).min();
        let last = all().map(|(s, (_, b))| closing(s.bars[*b - 1].ts)).max();
        let (Some(first), Some(last)) = (first, last) else {
            bail!("no bar lies in the window: the files cover {}", spans(&series));
        };
        let steps = ((last - first) / interval_s + 1) as usize;
        if interval_s > HOUR_S {
            notes.push(format!(
                "bars of {0} cannot tell what happens in an hour: horizon, ticks and judged losses are those of {0}, \
                 half-lives 12 and 120 times that",
                when::span(interval_s)
            ));
        }
        let mut symbols = Vec::with_capacity(series.len());
        let mut closes = Vec::with_capacity(series.len());
        let mut files = Vec::with_capacity(series.len());
        for (s, (after, before)) in series.into_iter().zip(inside) {
            if after == before {
                notes.push(format!("{}: left out, no bar in the window", s.symbol));
                continue;
            }
            let mut line = vec![f64::NAN; steps];
            for bar in &s.bars[after..before] {
                line[((closing(bar.ts) - first) / interval_s) as usize] = bar.close;
            }
            notes.extend(gaps(&s.symbol, &line));
            files.push(format!("{} ({})", s.symbol, s.file.rsplit(['/', '\\']).next().unwrap_or(&s.file)));
            symbols.push(s.symbol);
            closes.push(line);
        }
        Ok(Self {
            symbols,
            interval_s,
            horizon_s,
            times: (0..steps as i64).map(|i| first + i * interval_s).collect(),
            closes,
            judged_from: from,
            notes,
            source: format!("{}, bars of {}", files.join(", "), when::span(interval_s)),
        })
    }

    /// Refuses a history that is too short to judge anything by.
    ///
    /// # Errors
    /// What is needed, in a sentence.
    pub fn enough_to_judge(&self) -> Result<()> {
        if self.times.len() as i64 * self.interval_s < (SCENARIOS + LEAST_JUDGED) as i64 * self.horizon_s {
            bail!(
                "{} bars of {} are too few: {SCENARIOS} returns over {} fill the scenario ring before anything is \
                 judged, and {LEAST_JUDGED} at least must follow; give longer price files or a wider window",
                self.times.len(),
                when::span(self.interval_s),
                when::span(self.horizon_s),
            );
        }
        Ok(())
    }

    /// The closes of a generated path.
    ///
    /// # Errors
    /// As [`Market::new`].
    pub fn from_paths(paths: PricePaths) -> Result<Self> {
        let source = paths.source.clone();
        let mut market = Self::new(Sources { series: paths.series, notes: paths.notes }, None, None)?;
        market.source = source;
        Ok(market)
    }
}

fn spans(series: &[Series]) -> String {
    let each = series.iter().filter_map(|s| {
        let (a, b) = (s.bars.first()?, s.bars.last()?);
        Some(format!("{} {} to {}", s.symbol, when::minute(a.ts), when::minute(b.ts + s.interval_s)))
    });
    each.collect::<Vec<_>>().join("; ")
}

/// Missing closes between an asset's first and last.
fn gaps(symbol: &str, line: &[f64]) -> Option<String> {
    let first = line.iter().position(|c| c.is_finite())?;
    let last = line.iter().rposition(|c| c.is_finite())?;
    let inside = &line[first..=last];
    let missing = inside.iter().filter(|c| !c.is_finite()).count();
    let holes = inside.windows(2).filter(|w| w[0].is_finite() && !w[1].is_finite()).count();
    let (bars, holes) = match (missing, holes) {
        (0, _) => return None,
        (1, _) => ("1 bar is".to_owned(), "1 gap".to_owned()),
        (n, 1) => (format!("{n} bars are"), "1 gap".to_owned()),
        (n, h) => (format!("{n} bars are"), format!("{h} gaps")),
    };
    Some(format!("{symbol}: {bars} missing in {holes}; what a book did across them is not judged"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::prices::Bar;

    const T0: i64 = 1_600_000_000 / 86_400 * 86_400;

    /// A series whose bar `i` opens `i` intervals after the origin and closes at `close(i)`.
    pub(in crate::backtest) fn series(
        symbol: &str,
        interval_s: i64,
        at: impl IntoIterator<Item = i64>,
        close: impl Fn(i64) -> f64,
    ) -> Series {
        let bars = at.into_iter().map(|i| Bar::flat(T0 + i * interval_s, close(i))).collect();
        Series { symbol: symbol.into(), file: format!("{symbol}.csv"), bars, interval_s, repairs: vec![] }
    }

    fn market(series: Vec<Series>, from: Option<i64>, to: Option<i64>) -> Result<Market> {
        Market::new(Sources { series, notes: vec![] }, from, to)
    }

    #[test]
    fn a_close_is_known_when_its_bar_ends_and_gaps_stay_gaps() {
        let btc = series("BTC", 3_600, (0..400).filter(|i| !(100..103).contains(i)), |i| i as f64 + 1.0);
        let eth = series("ETH", 3_600, 50..300, |_| 5.0);
        let m = market(vec![btc, eth], None, None).unwrap();
        assert_eq!((m.times[0], m.times.len()), (T0 + 3_600, 400));
        assert_eq!(m.closes[0][99], 100.0);
        assert!(m.closes[0][100..103].iter().all(|c| c.is_nan()));
        assert!(m.closes[1][49].is_nan() && m.closes[1][50] == 5.0 && m.closes[1][300].is_nan());
        assert!(m.notes.iter().any(|n| n.starts_with("BTC: 3 bars are missing in 1 gap")), "{:?}", m.notes);
    }

    #[test]
    fn bars_before_the_window_warm_up_and_bars_after_it_are_unknown() {
        let long = || vec![series("BTC", 3_600, 0..5_000, |_| 1.0)];
        let m = market(long(), Some(T0 + 2_000 * 3_600), Some(T0 + 3_000 * 3_600)).unwrap();
        assert_eq!((m.times[0], m.judged_from), (T0 + 1_001 * 3_600, T0 + 2_000 * 3_600));
        assert_eq!(*m.times.last().unwrap(), T0 + 3_000 * 3_600);
    }

    #[test]
    fn the_horizon_is_an_hour_or_the_bar() {
        let horizon = |interval_s: i64, bars: i64| {
            market(vec![series("BTC", interval_s, 0..bars, |_| 1.0)], None, None).unwrap().horizon_s
        };
        assert_eq!((horizon(60, 30_000), horizon(3_600, 400), horizon(86_400, 400)), (3_600, 3_600, 86_400));
    }

    #[test]
    fn windows_with_nothing_to_judge_are_refused() {
        let some = || vec![series("BTC", 3_600, 0..400, |_| 1.0)];
        let said = |from, to| market(some(), from, to).unwrap_err().to_string();
        assert!(said(Some(9), Some(3)).contains("swap"));
        assert!(said(None, Some(T0)).contains("the files cover BTC"));
        let short = market(some(), None, Some(T0 + 300 * 3_600)).unwrap();
        assert!(short.enough_to_judge().unwrap_err().to_string().contains("300 bars of 1 hour are too few"));
        assert!(market(some(), None, None).unwrap().enough_to_judge().is_ok());
    }
}
