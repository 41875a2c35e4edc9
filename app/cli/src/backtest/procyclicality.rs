//! How margins of unchanged books move, and what it costs to slow them down.
//!
//! A margin that follows volatility rises in a crash, when money is short. EMIR asks for it to be measured
//! (Commission Delegated Regulation 153/2013, article 28); the figures here are those of the usual tool kit (Murphy,
//! Vasios, Vause, *An investigation into the procyclicality of risk-based initial margin models*, Bank of England
//! 2014): the largest rise within a time, and the ratio of peak to trough.
//!
//! Crashes are watched by class, on the mean margin of the class's books: what its holders together have to find.
//!
//! The limit on how fast maintenance margin may rise is judged twice: over all hours, where it hardly shows because
//! it seldom binds, and over those in which it binds, which is what it is paid for.

use super::run::Hour;
use super::{Class, History, Portfolio};

const DAY_S: i64 = 86_400;

/// A crash that is in the record: name, first day and the day after the last, unix seconds.
pub const CRASHES: [(&str, i64, i64); 4] = [
    ("12 March 2020", 1_583_971_200, 1_584_057_600),
    ("19 May 2021", 1_621_382_400, 1_621_468_800),
    ("LUNA, 9 to 12 May 2022", 1_652_054_400, 1_652_400_000),
    ("FTX, 8 and 9 November 2022", 1_667_865_600, 1_668_038_400),
];

/// Largest rises of a class's mean margin in a crash, fractions of what it was: over one horizon, and over a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Of [`CRASHES`].
    pub name: &'static str,
    /// Whose margin.
    pub class: Class,
    /// With volatility as it stood.
    pub hour_rise: f64,
    pub day_rise: f64,
    /// While margin gave notice.
    pub hour_rise_limited: f64,
    pub day_rise_limited: f64,
}

/// How fast margins of unchanged books moved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Procyclicality {
    /// Largest rise from one hour to the next, a fraction of the margin before, over all books.
    pub max_step: f64,
    /// Median over books of their largest rise.
    pub median_step: f64,
    /// Largest ratio of a book's highest to its lowest margin.
    pub peak_to_trough: f64,
    /// Median over books of that ratio.
    pub median_peak_to_trough: f64,
    /// By crash and class.
    pub events: Vec<Event>,
    /// Crashes that the prices do not hold.
    pub missing: Vec<&'static str>,
}

/// How often margin was beaten with and without the limit on its rises.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Covered {
    /// Portfolio-hours.
    pub hours: u64,
    /// Share in which need beat margin while it gave notice.
    pub limited: f64,
    /// Share in which it would have beaten the margin that volatility asked for.
    pub at_once: f64,
}

/// What the limit costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Over all hours.
    pub all: Covered,
    /// Over the hours in which the limit bound.
    pub binding: Covered,
    /// The latter by class, in the order of [`Class::ALL`].
    pub classes: [Covered; 5],
}

impl Covered {
    fn of<'h>(hours: impl Iterator<Item = &'h Hour>) -> Self {
        let (mut n, mut limited, mut at_once) = (0_u64, 0_u64, 0_u64);
        for h in hours {
            n += 1;
            limited += u64::from(h.need > h.limited);
            at_once += u64::from(h.need > h.at_once);
        }
        let share = |hits: u64| hits as f64 / n.max(1) as f64;
        Self { hours: n, limited: share(limited), at_once: share(at_once) }
    }
}

impl Limits {
    /// Reads a history.
    #[must_use]
    pub fn of(history: &History, portfolios: &[Portfolio]) -> Self {
        let binds = |h: &&Hour| h.limited < h.at_once;
        let of_class = |class: Class| {
            let books = portfolios.iter().zip(&history.tracks).filter(move |(p, _)| p.class == class);
            books.flat_map(|(_, track)| track)
        };
        Self {
            all: Covered::of(history.tracks.iter().flatten()),
            binding: Covered::of(history.tracks.iter().flatten().filter(binds)),
            classes: Class::ALL.map(|class| Covered::of(of_class(class).filter(binds))),
        }
    }
}

impl Procyclicality {
    /// Reads a history of horizons of `horizon_s`.
    #[must_use]
    pub fn of(history: &History, portfolios: &[Portfolio], horizon_s: i64) -> Self {
        let mut found = Self::steps(&history.tracks);
        for (name, from, to) in CRASHES {
            let seen = |t: &&i64| (from..=to).contains(*t);
            if history.ticks.iter().filter(seen).count() < 2 {
                found.missing.push(name);
                continue;
            }
            let events = Class::ALL.iter().filter_map(|class| {
                let books = portfolios.iter().zip(&history.tracks).filter(|(p, _)| p.class == *class);
                let means = Means::of(books.map(|(_, track)| track), history.ticks.len());
                let rise = |limited: bool, span: i64| means.rise(&history.ticks, (from, to), span, limited);
                let day = DAY_S.max(horizon_s);
                Some(Event {
                    name,
                    class: *class,
                    hour_rise: rise(false, horizon_s)?,
                    day_rise: rise(false, day)?,
                    hour_rise_limited: rise(true, horizon_s)?,
                    day_rise_limited: rise(true, day)?,
                })
            });
            let before = found.events.len();
            found.events.extend(events);
            if found.events.len() == before {
                found.missing.push(name);
            }
        }
        found
    }

    fn steps(tracks: &[Vec<Hour>]) -> Self {
        let (mut steps, mut ratios) = (Vec::new(), Vec::new());
        for track in tracks.iter().filter(|t| t.len() > 1) {
            let rises = track
                .windows(2)
                .filter(|pair| pair[1].tick == pair[0].tick + 1)
                .map(|pair| f64::from(pair[1].margin) / f64::from(pair[0].margin) - 1.0);
            steps.push(rises.fold(0.0, f64::max));
            let margins = || track.iter().map(|h| f64::from(h.margin));
            ratios.push(margins().fold(0.0, f64::max) / margins().fold(f64::INFINITY, f64::min));
        }
        let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        Self {
            max_step: most(&steps),
            peak_to_trough: most(&ratios),
            median_step: super::statistics::median(steps).unwrap_or(0.0),
            median_peak_to_trough: super::statistics::median(ratios).unwrap_or(0.0),
            ..Self::default()
        }
    }
}

/// Mean margins of a class by tick.
struct Means {
    /// `(books, Σ at once, Σ limited)`.
    sums: Vec<(u32, f64, f64)>,
}

impl Means {
    fn of<'t>(tracks: impl Iterator<Item = &'t Vec<Hour>>, ticks: usize) -> Self {
        let mut sums = vec![(0, 0.0, 0.0); ticks];
        for hour in tracks.flatten() {
            let sum = &mut sums[hour.tick as usize];
            *sum = (sum.0 + 1, sum.1 + f64::from(hour.at_once), sum.2 + f64::from(hour.limited));
        }
        Self { sums }
    }

    /// Largest rise over `span_s` that ends in a window; none where no two ticks so far apart had the same books.
    fn rise(&self, ticks: &[i64], window: (i64, i64), span_s: i64, limited: bool) -> Option<f64> {
        let value = |sum: &(u32, f64, f64)| if limited { sum.2 } else { sum.1 };
        let rises = ticks.iter().zip(&self.sums).filter_map(|(t, after)| {
            let inside = (window.0..=window.1).contains(t) && after.0 > 0;
            let before = inside.then(|| ticks.binary_search(&(t - span_s)).ok()).flatten()?;
            let before = &self.sums[before];
            (before.0 == after.0).then(|| value(after) / value(before) - 1.0)
        });
        rises.max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_relative_and_between_neighbours() {
        let track = vec![
            Hour::bare(0, 0.02, 0.0),
            Hour::bare(1, 0.03, 0.0),
            Hour::bare(5, 0.09, 0.0),
            Hour::bare(6, 0.01, 0.0),
        ];
        let p = Procyclicality::steps(&[track]);
        assert!((p.max_step - 0.5).abs() < 1e-6 && (p.peak_to_trough - 9.0).abs() < 1e-5, "{p:?}");
    }

    fn through_the_crash_of_may_2021(limited: f32) -> (History, Vec<Portfolio>) {
        let begin = CRASHES[1].1 - 2 * DAY_S;
        let track: Vec<Hour> = (0..80)
            .map(|tick| {
                let crashed = tick >= 60;
                let at_once = if crashed { 0.06 } else { 0.02 };
                let limited = if crashed { limited } else { 0.02 };
                // What it needs beats the lower margin and not the higher one.
                let need = if tick == 61 { 0.05 } else { 0.0 };
                Hour { tick, margin: limited, at_once, limited, loss: need, need }
            })
            .collect();
        let ticks = (0..80).map(|i| begin + i * 3_600).collect();
        let book = Portfolio { class: Class::Long, name: String::new(), weights: vec![(0, 1.0)] };
        (History { ticks, tracks: vec![track], haircuts: vec![], unjudged: 0 }, vec![book])
    }

    #[test]
    fn a_crash_has_its_rises_with_and_without_the_limit() {
        let (history, books) = through_the_crash_of_may_2021(0.04);
        let p = Procyclicality::of(&history, &books, 3_600);
        let [event] = &p.events[..] else { panic!("{:?}", p.events) };
        assert_eq!((event.name, event.class), ("19 May 2021", Class::Long));
        for (found, expected) in [
            (event.hour_rise, 2.0),
            (event.day_rise, 2.0),
            (event.hour_rise_limited, 1.0),
            (event.day_rise_limited, 1.0),
        ] {
            assert!((found - expected).abs() < 1e-6, "{event:?}");
        }
        assert_eq!(p.missing.len(), 3);
    }

    #[test]
    fn what_the_limit_costs_shows_where_it_binds() {
        let (history, books) = through_the_crash_of_may_2021(0.04);
        let limits = Limits::of(&history, &books);
        assert_eq!((limits.all.hours, limits.binding.hours), (80, 20));
        assert_eq!((limits.binding.limited, limits.binding.at_once), (0.05, 0.0));
        assert_eq!(limits.classes[0], limits.binding);
        let (history, books) = through_the_crash_of_may_2021(0.06);
        assert_eq!(Limits::of(&history, &books).binding.hours, 0);
    }
}
