//! What a history says of the margins: how often they were beaten, by how much, when, and what they cost.

use super::fixed::FixedHaircuts;
use super::procyclicality::{Limits, Procyclicality};
use super::statistics::{self, Day, PROMISED, Transitions, chi_square_1, chi_square_2, kupiec, median};
use super::{Class, History, Market, Portfolio};
use crate::backtest::run::Hour;

const DAY_S: i64 = 86_400;

/// The day on which the largest share of portfolio-hours was under-margined, among the days on which at
/// least half of the portfolio-hours of all books were judged: of a day with one judged hour, or of one
/// before most assets existed, the share would speak of little.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorstDay {
    /// Midnight UTC, unix seconds.
    pub ts: i64,
    /// Share of the portfolio-hours judged on it.
    pub share: f64,
}

/// How a set of books fared. Margins are fractions of gross exposure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Books.
    pub portfolios: usize,
    /// Portfolio-hours judged (portfolio-horizons, where the horizon is longer).
    pub hours: u64,
    /// Portfolio-hours in which the loss beat the margin.
    pub hits: u64,
    /// `hits ÷ hours`.
    pub exceedance: f64,
    /// 95 % of bootstrapped days give an exceedance between these.
    pub interval: Option<(f64, f64)>,
    /// Mean margin.
    pub avg_margin: f64,
    /// Worst day.
    pub worst_day: Option<WorstDay>,
    /// Mean of loss ÷ margin where it was beaten.
    pub breach_mean: Option<f64>,
    /// Largest loss ÷ margin where it was beaten.
    pub breach_max: Option<f64>,
    /// Medians over books of p-values: as many hits as promised; independent hits; both.
    pub kupiec_p: Option<f64>,
    pub christoffersen_p: Option<f64>,
    pub conditional_p: Option<f64>,
    /// Mean margin under one set of fixed haircuts for all books, and how they would have fared.
    pub avg_margin_fixed: f64,
    pub exceedance_fixed: f64,
    pub worst_day_fixed: Option<WorstDay>,
    /// Mean margin under fixed haircuts scaled for this class by itself.
    pub avg_margin_fixed_own: Option<f64>,
}

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// By class, in the order of [`Class::ALL`]; none where it has no books.
    pub classes: [Option<Coverage>; 5],
    /// Of all books together.
    pub overall: Coverage,
    /// Worst day of fixed haircuts that cover all books together as often as the model does.
    pub worst_day_fixed_even: Option<WorstDay>,
    /// How margins move.
    pub procyclicality: Procyclicality,
    /// What notice costs in coverage.
    pub limits: Limits,
    /// The haircuts that the model is compared with.
    pub fixed: FixedHaircuts,
    /// Midnight of each day, and the share of its portfolio-hours under-margined: model, fixed.
    pub daily: Vec<(i64, f64, f64)>,
    /// When the first and the last judged horizon began, unix seconds.
    pub span: (i64, i64),
}

impl Findings {
    /// Coverage of a class.
    #[must_use]
    pub fn class(&self, class: Class) -> Option<&Coverage> {
        Class::ALL.iter().position(|c| *c == class).and_then(|i| self.classes[i].as_ref())
    }
}

/// Reads a history. The seed is that of the bootstrap.
#[must_use]
pub fn measure(market: &Market, portfolios: &[Portfolio], history: &History, seed: u64) -> Findings {
    let fixed = FixedHaircuts::of(history, portfolios, market.symbols.len());
    let calendar = Calendar::of(history, market.horizon_s);
    let judge = |class: Option<Class>| {
        let books = portfolios.iter().zip(&history.tracks);
        let books: Vec<Book> = books
            .filter(|(p, track)| class.is_none_or(|c| p.class == c) && !track.is_empty())
            .map(|(p, track)| Book { charge: fixed.charge(p), track })
            .collect();
        coverage(&books, &calendar, fixed.shared, seed)
    };
    let classes: Vec<Option<Coverage>> = Class::ALL
        .iter()
        .enumerate()
        .map(|(i, class)| {
            let mut coverage = judge(Some(*class));
            let per_scale = coverage.avg_margin_fixed / fixed.shared;
            coverage.avg_margin_fixed_own = fixed.own[i].map(|k| k * per_scale).filter(|m| m.is_finite());
            (coverage.portfolios > 0).then_some(coverage)
        })
        .collect();
    let books =
        || portfolios.iter().zip(&history.tracks).map(|(p, track)| Book { charge: fixed.charge(p), track });
    let judged = history.tracks.iter().filter(|t| !t.is_empty()).count();
    let days = |hit: &dyn Fn(&Book, &Hour) -> bool| calendar.days(books(), hit);
    let (model, shared) = (days(&|b, h| b.is_hit(h)), days(&|b, h| b.is_hit_fixed(h, fixed.shared)));
    let even = days(&|b, h| b.is_hit_fixed(h, fixed.overall));
    let daily = (0..model.len()).filter(|d| calendar.is_full(&model[*d], judged)).map(|d| {
        let share = |day: &Day| day.hits as f64 / day.trials.max(1) as f64;
        (calendar.midnight(d), share(&model[d]), share(&shared[d]))
    });
    let ticks = history.tracks.iter().flat_map(|t| [t.first(), t.last()]).flatten().map(|h| h.tick);
    let at = |tick: Option<u32>| tick.map_or(0, |t| history.ticks[t as usize]);
    Findings {
        overall: judge(None),
        worst_day_fixed_even: calendar.worst(&even, judged),
        procyclicality: Procyclicality::of(history, portfolios, market.horizon_s),
        limits: Limits::of(history, portfolios),
        daily: daily.collect(),
        span: (at(ticks.clone().min()), at(ticks.max())),
        classes: std::array::from_fn(|i| classes[i].clone()),
        fixed,
    }
}

struct Book<'a> {
    /// Margin under fixed haircuts before scaling.
    charge: f64,
    track: &'a [Hour],
}

impl Book<'_> {
    fn is_hit(&self, hour: &Hour) -> bool {
        hour.is_hit()
    }

    fn is_hit_fixed(&self, hour: &Hour, scale: f64) -> bool {
        f64::from(hour.need) / self.charge > scale
    }
}

/// Which day a tick belongs to.
struct Calendar {
    day_of_tick: Vec<u32>,
    first_midnight: i64,
    days: usize,
    ticks_a_day: u64,
}

impl Calendar {
    fn of(history: &History, horizon_s: i64) -> Self {
        let first_midnight = history.ticks.first().map_or(0, |t| t.div_euclid(DAY_S) * DAY_S);
        let day_of_tick: Vec<u32> =
            history.ticks.iter().map(|t| ((t - first_midnight) / DAY_S) as u32).collect();
        let days = day_of_tick.last().map_or(0, |d| *d as usize + 1);
        Self { day_of_tick, first_midnight, days, ticks_a_day: (DAY_S / horizon_s).max(1) as u64 }
    }

    /// Whether at least half of what `books` books have in a day was judged.
    fn is_full(&self, day: &Day, books: usize) -> bool {
        2 * day.trials >= books as u64 * self.ticks_a_day
    }

    fn midnight(&self, day: usize) -> i64 {
        self.first_midnight + day as i64 * DAY_S
    }

    fn days<'b>(
        &self,
        books: impl Iterator<Item = Book<'b>>,
        hit: &dyn Fn(&Book, &Hour) -> bool,
    ) -> Vec<Day> {
        let mut days = vec![Day::default(); self.days];
        for book in books {
            for hour in book.track {
                let day = &mut days[self.day_of_tick[hour.tick as usize] as usize];
                day.trials += 1;
                day.hits += u64::from(hit(&book, hour));
            }
        }
        days
    }

    fn worst(&self, days: &[Day], books: usize) -> Option<WorstDay> {
        let full = days.iter().enumerate().filter(|(_, day)| day.trials > 0 && self.is_full(day, books));
        let shares = full
            .map(|(d, day)| WorstDay { ts: self.midnight(d), share: day.hits as f64 / day.trials as f64 });
        shares.max_by(|a, b| a.share.total_cmp(&b.share))
    }
}

fn coverage(books: &[Book], calendar: &Calendar, scale: f64, seed: u64) -> Coverage {
    let again = || books.iter().map(|b| Book { charge: b.charge, track: b.track });
    let days = calendar.days(again(), &|b, h| b.is_hit(h));
    let days_fixed = calendar.days(again(), &|b, h| b.is_hit_fixed(h, scale));
    let hours: u64 = days.iter().map(|d| d.trials).sum();
    let hits: u64 = days.iter().map(|d| d.hits).sum();
    let hits_fixed: u64 = days_fixed.iter().map(|d| d.hits).sum();
    let all = || books.iter().flat_map(|b| b.track);
    let mean = |sum: f64| if hours == 0 { f64::NAN } else { sum / hours as f64 };
    let breaches = || all().filter(|h| h.is_hit()).map(|h| f64::from(h.need) / f64::from(h.margin));
    let tests: Vec<[f64; 3]> = books.iter().map(|b| p_values(b.track)).collect();
    let p = |i: usize| median(tests.iter().map(|t| t[i]).collect());
    let judged: Vec<Day> = days.iter().copied().filter(|d| d.trials > 0).collect();
    Coverage {
        portfolios: books.len(),
        hours,
        hits,
        exceedance: mean(hits as f64),
        interval: statistics::bootstrap(&judged, seed),
        avg_margin: mean(all().map(|h| f64::from(h.margin)).sum()),
        worst_day: calendar.worst(&days, books.len()),
        breach_mean: (hits > 0).then(|| breaches().sum::<f64>() / hits as f64),
        breach_max: breaches().max_by(f64::total_cmp),
        kupiec_p: p(0),
        christoffersen_p: p(1),
        conditional_p: p(2),
        avg_margin_fixed: mean(books.iter().map(|b| scale * b.charge * b.track.len() as f64).sum()),
        exceedance_fixed: mean(hits_fixed as f64),
        worst_day_fixed: calendar.worst(&days_fixed, books.len()),
        avg_margin_fixed_own: None,
    }
}

/// Kupiec, Christoffersen's independence, and both together (his conditional coverage) of one book.
fn p_values(track: &[Hour]) -> [f64; 3] {
    let hits = track.iter().filter(|h| h.is_hit()).count() as u64;
    let mut transitions = Transitions::default();
    for pair in track.windows(2).filter(|pair| pair[1].tick == pair[0].tick + 1) {
        transitions.count(pair[0].is_hit(), pair[1].is_hit());
    }
    let (coverage, independence) = (kupiec(hits, track.len() as u64, PROMISED), transitions.independence());
    [chi_square_1(coverage), chi_square_1(independence), chi_square_2(coverage + independence)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten days of two books: the first is beaten in every hour of the fourth day, by half.
    fn history() -> (Market, Vec<Portfolio>, History) {
        let book = |asset: usize, share: f64| Portfolio {
            class: if share > 0.0 { Class::Long } else { Class::Short },
            name: String::new(),
            weights: vec![(asset, share)],
        };
        let hour = |tick: u32, bad: bool| Hour::bare(tick, 0.02, if bad { 0.03 } else { 0.0 });
        let tracks = vec![
            (0..240).map(|t| hour(t, (72..96).contains(&t))).collect(),
            (0..240).map(|t| hour(t, false)).collect(),
        ];
        let history = History {
            ticks: (0..240).map(|t| 1_600_041_600 + t * 3_600).collect(),
            tracks,
            haircuts: vec![vec![]],
            unjudged: 0,
        };
        let market = Market {
            symbols: vec!["BTC".into()],
            interval_s: 3_600,
            horizon_s: 3_600,
            times: vec![],
            closes: vec![],
            judged_from: 0,
            notes: vec![],
            source: String::new(),
        };
        (market, vec![book(0, 1.0), book(0, -1.0)], history)
    }

    #[test]
    fn hits_are_counted_by_class_and_day() {
        let (market, books, history) = history();
        let found = measure(&market, &books, &history, 1);
        let (long, short) = (found.class(Class::Long).unwrap(), found.class(Class::Short).unwrap());
        assert_eq!((long.hits, long.hours, long.exceedance), (24, 240, 0.1));
        assert_eq!((short.hits, found.overall.exceedance), (0, 0.05));
        assert!(found.class(Class::Pair).is_none());
        assert_eq!(long.worst_day, Some(WorstDay { ts: 1_600_041_600 + 3 * 86_400, share: 1.0 }));
        assert_eq!(found.overall.worst_day.map(|d| d.share), Some(0.5));
        assert!((long.breach_mean.unwrap() - 1.5).abs() < 1e-6 && short.breach_mean.is_none());
        // A day of hits in a row is anything but independent, and far too many.
        assert!(long.christoffersen_p.unwrap() < 1e-9 && long.kupiec_p.unwrap() < 1e-9);
        assert!(short.christoffersen_p.unwrap() > 0.99);
        assert_eq!(found.daily.len(), 10);
        assert_eq!(found.daily[3].1, 0.5);
    }

    #[test]
    fn a_day_with_an_hour_judged_is_no_worst_day() {
        let (market, books, mut history) = history();
        for track in &mut history.tracks {
            track.retain(|h| !(72..95).contains(&h.tick));
        }
        let found = measure(&market, &books, &history, 1);
        assert_eq!(found.overall.hits, 1);
        assert_eq!(found.overall.worst_day.map(|d| d.share), Some(0.0));
    }
}
