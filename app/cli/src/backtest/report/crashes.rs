//! The worst days of the market, each with the days around it.

use super::BacktestReport;
use crate::backtest::Class;
use crate::backtest::run::Hour;

const DAY_S: i64 = 86_400;
/// Crashes shown.
const SHOWN: usize = 4;
/// Days of the window before and after the worst.
const BEFORE: i64 = 3;
const AFTER: i64 = 4;
/// Crashes are at least this far apart.
const APART_S: i64 = 14 * DAY_S;

/// A window around a fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    /// First and last time shown, unix seconds.
    pub span: (i64, i64),
    /// When the worst day ended, unix seconds.
    pub at: i64,
    /// What the market book lost in that day, a fraction.
    pub loss: f64,
}

/// The book that stands for the market: equal weights of all assets, or the only long there is.
#[must_use]
pub fn market_book(report: &BacktestReport) -> Option<usize> {
    let first = |class: Class| report.portfolios.iter().position(|p| p.class == class);
    let judged = |i: &usize| !report.history.tracks[*i].is_empty();
    first(Class::Diversified).filter(judged).or_else(|| {
        let longs = report.portfolios.iter().enumerate().filter(|(_, p)| p.class == Class::Long);
        longs.map(|(i, _)| i).max_by_key(|i| report.history.tracks[*i].len()).filter(judged)
    })
}

/// The days on which the market book lost most, in order of time.
#[must_use]
pub fn find(report: &BacktestReport) -> Vec<Crash> {
    let Some(book) = market_book(report) else { return Vec::new() };
    let mut days = daily_losses(&report.history.tracks[book], &report.history.ticks, report.horizon_s);
    days.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    let mut found: Vec<Crash> = Vec::with_capacity(SHOWN);
    for (at, loss) in days {
        if found.len() == SHOWN || loss <= 0.0 {
            break;
        }
        if found.iter().all(|c| (c.at - at).abs() >= APART_S) {
            // A day of daily bars is one point: show more of them.
            let scale = report.horizon_s.div_euclid(6 * 3_600).max(1);
            found.push(Crash { span: (at - BEFORE * DAY_S * scale, at + AFTER * DAY_S * scale), at, loss });
        }
    }
    found.sort_unstable_by_key(|c| c.at);
    found
}

/// `(end, loss)` of every stretch of a day, ending at each tick.
fn daily_losses(track: &[Hour], ticks: &[i64], horizon_s: i64) -> Vec<(i64, f64)> {
    let start = |h: &Hour| ticks[h.tick as usize];
    let (mut sum, mut oldest) = (0.0, 0);
    track
        .iter()
        .map(|hour| {
            let end = start(hour) + horizon_s;
            sum += f64::from(hour.loss);
            while start(&track[oldest]) < end - DAY_S.max(horizon_s) {
                sum -= f64::from(track[oldest].loss);
                oldest += 1;
            }
            (end, sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_losses_is_summed_as_it_moves_along() {
        let ticks: Vec<i64> = (0..60).map(|i| i * 3_600).collect();
        let track: Vec<Hour> = (0..60)
            .map(|tick| Hour::bare(tick, 0.1, if (30..34).contains(&tick) { 0.05 } else { 0.0 }))
            .collect();
        let days = daily_losses(&track, &ticks, 3_600);
        let most = days.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert!((most.1 - 0.2).abs() < 1e-6 && days[59].1.abs() < 1e-6, "{most:?}");
        assert!((days[29 + 4].1 - 0.2).abs() < 1e-6 && (days[29 + 3].1 - 0.15).abs() < 1e-6);
    }
}
