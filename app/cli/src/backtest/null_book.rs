//! The null book: an adversary looks for the book that the engine asks least of for what it can lose.
//!
//! ```text
//! minimise  MM(w) / loss(w)      over  Σ|w_i| = 1, at most eight legs
//! loss      history          the worst joint hour so far, as it was, not scaled to today's volatility
//!           squeeze          one asset rises by 50, 100, 200, 400 %, nothing follows
//!           depeg            one asset falls by 20, 40, 60 %, nothing follows
//!           decorrelation    everything held falls, everything owed rises, by four σ of each
//! ```
//!
//! The worst of several stresses is the largest of their losses, so the least `MM/loss` of all is the least of the
//! least of each: the families are searched one by one, and nothing is lost. Within a family of sizes the largest is
//! the worst for every book.
//!
//! **A search, not a proof.** Books are drawn at random, the best are improved by moving weight about in ever smaller
//! steps. **No peeking.** The adversary sees the board and the history of the day of the search; the book that it
//! finds is then held, resized every horizon, until the next search, and judged like any other.

use anyhow::Result;

use super::desk::Desk;
use super::run::{Held, Hour, Outcome};
use super::statistics::{self, Day};
use super::{Class, Market, Portfolio, Setting};
use crate::random::Random;

/// Ticks between searches: a week of hours.
const EVERY: u32 = 168;
/// Legs of a book at most.
const LEGS: usize = 8;
/// Rows of history that the search looks at on either count: widest, and legs furthest apart.
const ROWS: usize = 256;
const DRAWN: usize = 64;
const IMPROVED: usize = 6;
const STEPS: [f64; 6] = [0.2, 0.1, 0.05, 0.02, 0.01, 0.005];
const TRIES: usize = 60;
/// Gross exposure of a candidate, quote micro-units.
const GROSS: f64 = 1e12;
/// σ that every leg moves against the book when all hedges fail.
const DECORRELATED_SIGMAS: f64 = 4.0;
const SQUEEZES: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
const DEPEGS: [f64; 3] = [0.2, 0.4, 0.6];
const DAY_S: i64 = 86_400;

/// What kind of stress a book is sought against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The worst joint hour so far.
    History,
    /// One asset rises.
    Squeeze,
    /// One asset falls.
    Depeg,
    /// Every leg moves against the book.
    Decorrelation,
}

impl Family {
    /// In the order of reports.
    pub const ALL: [Self; 4] = [Self::History, Self::Squeeze, Self::Depeg, Self::Decorrelation];

    /// Name in JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Squeeze => "squeeze",
            Self::Depeg => "depeg",
            Self::Decorrelation => "decorrelation",
        }
    }
}

/// A book that was found.
#[derive(Clone, Debug)]
pub struct NullBook {
    /// Tick and time of the search.
    pub tick: u32,
    pub ts: i64,
    /// What it was sought against.
    pub family: Family,
    /// Its weights; gross is one.
    pub portfolio: Portfolio,
    /// What it was asked to hold, and would lose, fractions of gross.
    pub margin: f64,
    pub loss: f64,
    /// What beats it, in words.
    pub stress: String,
}

impl NullBook {
    /// Margin per stressed loss.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.margin / self.loss
    }
}

/// How books that were found fared in the hours after.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fared {
    /// Book-hours judged, and those in which margin was beaten.
    pub hours: u64,
    pub hits: u64,
    /// `hits ÷ hours`, and where 95 % of bootstrapped days put it.
    pub exceedance: f64,
    pub interval: Option<(f64, f64)>,
    /// Mean and largest of need ÷ margin where it was beaten.
    pub breach_mean: Option<f64>,
    pub breach_max: Option<f64>,
    /// Mean margin, a fraction of gross.
    pub avg_margin: f64,
}

/// Rows of history, as they were.
struct Rows {
    all: Vec<(i64, Vec<f64>)>,
    /// Indices of the widest, and of those with legs furthest apart, each with its size.
    widest: Vec<(f64, usize)>,
    apart: Vec<(f64, usize)>,
}

impl Rows {
    fn push(&mut self, ts: i64, row: Vec<f64>) {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bottom = row.iter().copied().fold(f64::INFINITY, f64::min);
        let index = self.all.len();
        self.all.push((ts, row));
        for (list, size) in [(&mut self.widest, top.max(-bottom)), (&mut self.apart, top - bottom)] {
            if list.len() < ROWS || list.last().is_some_and(|l| l.0 < size) {
                let at = list.partition_point(|l| l.0 > size);
                list.insert(at, (size, index));
                list.truncate(ROWS);
            }
        }
    }

    fn worst(&self, weights: &[f64], rows: impl Iterator<Item = usize>) -> (f64, usize) {
        let loss = |row: &[f64]| -> f64 { -weights.iter().zip(row).map(|(w, r)| w * r).sum::<f64>() };
        rows.map(|i| (loss(&self.all[i].1), i)).fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a })
    }

    fn wide(&self, weights: &[f64]) -> f64 {
        self.worst(weights, self.widest.iter().chain(&self.apart).map(|r| r.1)).0
    }
}

/// The adversary on one board at one moment.
struct Adversary<'a> {
    desk: &'a Desk<'a>,
    rows: &'a Rows,
    core_only: bool,
    /// Assets that can be judged.
    assets: Vec<usize>,
    sigma: Vec<f64>,
}

impl Adversary<'_> {
    fn margin(&self, weights: &[f64]) -> Result<f64> {
        let mut holdings = Vec::with_capacity(LEGS);
        for (asset, w) in weights.iter().enumerate().filter(|w| *w.1 != 0.0) {
            holdings.push((asset, self.desk.units(asset, w * GROSS)?));
        }
        let required = self.desk.requirement(&holdings)?;
        Ok(if self.core_only { required.at_once } else { required.limited } as f64 / GROSS)
    }

    fn loss(&self, family: Family, weights: &[f64]) -> f64 {
        let most = |side: f64| weights.iter().map(|w| w * side).fold(0.0, f64::max);
        match family {
            Family::History => self.rows.wide(weights),
            Family::Squeeze => most(-1.0) * SQUEEZES[SQUEEZES.len() - 1],
            Family::Depeg => most(1.0) * DEPEGS[DEPEGS.len() - 1],
            Family::Decorrelation => {
                DECORRELATED_SIGMAS
                    * weights.iter().zip(&self.sigma).map(|(w, sigma)| w.abs() * sigma).sum::<f64>()
            }
        }
    }

    fn ratio(&self, family: Family, weights: &[f64]) -> Result<f64> {
        let loss = self.loss(family, weights);
        if loss < 1e-9 { Ok(f64::INFINITY) } else { Ok(self.margin(weights)? / loss) }
    }

    fn draw(&self, random: &mut Random) -> Vec<f64> {
        let mut weights = vec![0.0; self.sigma.len()];
        let legs = 1 + random.below(self.assets.len().min(LEGS));
        // A third are pairs of opposite legs: where hedges are cheapest.
        let pair = self.assets.len() > 1 && random.below(3) == 0;
        let legs = if pair { 2 } else { legs };
        for (i, at) in random.choose(self.assets.len(), legs).into_iter().enumerate() {
            let size = 0.1 - random.uniform().ln();
            let short = if pair { i == 0 } else { random.below(2) == 0 };
            weights[self.assets[at]] = if short { -size } else { size };
        }
        normalise(&mut weights);
        weights
    }

    /// Moves weight about for as long as it helps.
    fn improve(
        &self,
        family: Family,
        mut best: (f64, Vec<f64>),
        random: &mut Random,
    ) -> Result<(f64, Vec<f64>)> {
        for step in STEPS {
            for _ in 0..TRIES {
                let mut weights = best.1.clone();
                let pick = |random: &mut Random| self.assets[random.below(self.assets.len())];
                let (a, b) = (pick(random), pick(random));
                let size = step * if random.below(2) == 0 { 1.0 } else { -1.0 };
                weights[a] += size;
                if a != b {
                    weights[b] += size * if random.below(2) == 0 { 1.0 } else { -1.0 };
                }
                if weights.iter().filter(|w| w.abs() > 1e-6).count() > LEGS || !normalise(&mut weights) {
                    continue;
                }
                let ratio = self.ratio(family, &weights)?;
                if ratio < best.0 {
                    best = (ratio, weights);
                }
            }
        }
        Ok(best)
    }

    fn find(&self, family: Family, random: &mut Random) -> Result<(f64, Vec<f64>)> {
        let mut drawn = Vec::with_capacity(DRAWN);
        for _ in 0..DRAWN {
            let weights = self.draw(random);
            drawn.push((self.ratio(family, &weights)?, weights));
        }
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut best = (f64::INFINITY, Vec::new());
        for start in drawn.into_iter().take(IMPROVED) {
            let found = self.improve(family, start, random)?;
            if found.0 < best.0 {
                best = found;
            }
        }
        Ok(best)
    }

    /// Loss over all of history, and what beats a book, in words.
    fn explain(&self, family: Family, weights: &[f64], symbols: &[String]) -> (f64, String) {
        let loss = self.loss(family, weights);
        let extreme = |side: f64| {
            let of = |i: &usize| weights[*i] * side;
            let at = (0..weights.len()).max_by(|a, b| of(a).total_cmp(&of(b)));
            at.map_or("", |i| symbols[i].as_str())
        };
        match family {
            Family::History => {
                let (loss, row) = self.rows.worst(weights, 0..self.rows.all.len());
                let ts = self.rows.all.get(row).map_or(0, |r| r.0);
                (loss, format!("the horizon to {} UTC", crate::prices::when::minute(ts)))
            }
            Family::Squeeze => (loss, format!("{} +400 %", extreme(-1.0))),
            Family::Depeg => (loss, format!("{} −60 %", extreme(1.0))),
            Family::Decorrelation => (loss, "every leg 4 σ against it".into()),
        }
    }
}

/// Scales to a gross of one, without legs too small to matter. Whether there is anything left.
fn normalise(weights: &mut [f64]) -> bool {
    let gross: f64 = weights.iter().map(|w| w.abs()).sum();
    if gross < 1e-6 {
        return false;
    }
    for w in weights.iter_mut() {
        *w /= gross;
        if w.abs() < 1e-3 {
            *w = 0.0;
        }
    }
    let gross: f64 = weights.iter().map(|w| w.abs()).sum();
    weights.iter_mut().for_each(|w| *w /= gross);
    true
}

/// Looks for null books once a week on the board of a setting. Returns them in order of time.
///
/// # Errors
/// What the engine refuses.
pub fn search(
    market: &Market,
    setting: &Setting,
    seed: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<NullBook>> {
    let mut desk = Desk::new(market, setting)?;
    let mut random = Random::seeded(seed);
    let mut rows = Rows { all: Vec::new(), widest: Vec::new(), apart: Vec::new() };
    let mut last: Vec<f64> = vec![f64::NAN; market.symbols.len()];
    let mut found = Vec::new();
    let (mut tick, mut step, mut due) = (0_u32, 0_usize, 0_u32);
    while let Some(ticked) = desk.advance()? {
        step += 1;
        progress(1);
        if !ticked {
            continue;
        }
        let now: Vec<f64> = market.closes.iter().map(|closes| closes[step - 1]).collect();
        if desk.spans_horizon() {
            let moved = |(a, b): (&f64, &f64)| if a.is_finite() && b.is_finite() { b / a - 1.0 } else { 0.0 };
            rows.push(desk.now(), last.iter().zip(&now).map(moved).collect());
        }
        last = now;
        let assets: Vec<usize> = (0..market.symbols.len()).filter(|i| desk.is_warm(*i)).collect();
        if desk.now() >= market.judged_from && tick >= due && assets.len() > 1 {
            due = tick + EVERY;
            let rate = |x: u64| x as f64 / ballast_risk::fixed::RATE_ONE as f64;
            let sigma = (0..market.symbols.len()).map(|i| rate(desk.board().assets[i].sigma)).collect();
            let adversary =
                Adversary { desk: &desk, rows: &rows, core_only: setting.core_only, assets, sigma };
            for family in Family::ALL {
                let (_, weights) = adversary.find(family, &mut random)?;
                if weights.is_empty() {
                    continue;
                }
                let (loss, stress) = adversary.explain(family, &weights, &market.symbols);
                let margin = adversary.margin(&weights)?;
                let legs: Vec<(usize, f64)> =
                    weights.iter().copied().enumerate().filter(|w| w.1 != 0.0).collect();
                let portfolio =
                    Portfolio { class: Class::Mixed, name: describe(&legs, &market.symbols), weights: legs };
                found.push(NullBook { tick, ts: desk.now(), family, portfolio, margin, loss, stress });
            }
        }
        tick += 1;
    }
    Ok(found)
}

fn describe(legs: &[(usize, f64)], symbols: &[String]) -> String {
    let mut legs = legs.to_vec();
    legs.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let words = legs.iter().map(|(asset, w)| {
        format!("{}{:.0} % {}", if *w < 0.0 { "−" } else { "" }, w.abs() * 100.0, symbols[*asset])
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Holds each book from its search to the next one of its family, under any setting. By family, in the order of
/// [`Family::ALL`], and all together.
///
/// # Errors
/// What the engine refuses.
pub fn judge(
    market: &Market,
    setting: &Setting,
    books: &[NullBook],
    seed: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<([Fared; 4], Fared)> {
    let mut desk = Desk::new(market, setting)?;
    let mut current: [Option<&NullBook>; 4] = [None; 4];
    let mut held: [Held; 4] = Default::default();
    let mut tracks: [Vec<(i64, Hour)>; 4] = Default::default();
    let (mut tick, mut next) = (0_u32, 0);
    while let Some(ticked) = desk.advance()? {
        progress(1);
        if !ticked {
            continue;
        }
        for (held, track) in held.iter_mut().zip(&mut tracks) {
            if let Outcome::Judged(hour) = held.judge(&desk, setting, tick.wrapping_sub(1))? {
                track.push((desk.now(), hour));
            }
        }
        while let Some(book) = books.get(next).filter(|b| b.tick <= tick) {
            current[book.family as usize] = Some(book);
            next += 1;
        }
        for (held, book) in held.iter_mut().zip(&current) {
            if let Some(book) = book {
                held.ask(&desk, &book.portfolio)?;
            }
        }
        tick += 1;
    }
    let all: Vec<(i64, Hour)> = tracks.iter().flatten().copied().collect();
    Ok((tracks.map(|track| fared(&track, seed)), fared(&all, seed)))
}

fn fared(track: &[(i64, Hour)], seed: u64) -> Fared {
    let hours = track.len() as u64;
    let mut days: std::collections::BTreeMap<i64, Day> = std::collections::BTreeMap::new();
    for (ts, hour) in track {
        let day = days.entry(ts.div_euclid(DAY_S)).or_default();
        day.trials += 1;
        day.hits += u64::from(hour.is_hit());
    }
    let breaches: Vec<f64> = track
        .iter()
        .filter(|t| t.1.is_hit())
        .map(|(_, h)| f64::from(h.need) / f64::from(h.margin).max(1e-12))
        .collect();
    let hits = breaches.len() as u64;
    let mean = |sum: f64, n: u64| sum / n.max(1) as f64;
    let days: Vec<Day> = days.into_values().collect();
    Fared {
        hours,
        hits,
        exceedance: mean(hits as f64, hours),
        interval: statistics::bootstrap(&days, seed),
        breach_mean: (hits > 0).then(|| mean(breaches.iter().sum(), hits)),
        breach_max: breaches.into_iter().max_by(f64::total_cmp),
        avg_margin: mean(track.iter().map(|t| f64::from(t.1.margin)).sum(), hours),
    }
}

/// A search on one board, judged on one or more.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// Whose board the adversary saw.
    pub setting: String,
    /// What it found, in order of time.
    pub books: Vec<NullBook>,
    /// By setting: its name, by family, and all together.
    pub fared: Vec<(String, [Fared; 4], Fared)>,
}

impl Hunt {
    /// The book with the least margin per loss of a family.
    #[must_use]
    pub fn worst(&self, family: Family) -> Option<&NullBook> {
        let of = self.books.iter().filter(|b| b.family == family);
        of.min_by(|a, b| a.ratio().total_cmp(&b.ratio()))
    }

    /// Median of margin per loss over the books of a family.
    #[must_use]
    pub fn median_ratio(&self, family: Family) -> Option<f64> {
        let of = self.books.iter().filter(|b| b.family == family);
        statistics::median(of.map(NullBook::ratio).collect())
    }
}

/// Both hunts, where there was anything to find: on the core alone, whose books are judged under everything too, and on the whole.
///
/// # Errors
/// What the engine refuses.
pub fn hunt(market: &Market, seed: u64, progress: &(dyn Fn(u64) + Sync)) -> Result<Vec<Hunt>> {
    let horizon_s = market.horizon_s as u32;
    let (plain, whole) = (Setting::plain(horizon_s), Setting::recommended(horizon_s));
    let one = |seen: &Setting, judges: &[&Setting]| -> Result<Hunt> {
        let books = search(market, seen, seed, progress)?;
        let mut by = Vec::with_capacity(judges.len());
        for setting in judges {
            let (families, all) = judge(market, setting, &books, seed, progress)?;
            by.push((setting.name.clone(), families, all));
        }
        Ok(Hunt { setting: seen.name.clone(), books, fared: by })
    };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| one(&plain, &[&plain, &whole]));
        let second = one(&whole, &[&whole])?;
        let first = first.join().map_err(|_| anyhow::anyhow!("a thread of the search ended early"))??;
        Ok([first, second].into_iter().filter(|hunt| !hunt.books.is_empty()).collect())
    })
}

/// Bars that [`hunt`] tells its progress of.
#[must_use]
pub fn bars(market: &Market) -> u64 {
    5 * market.times.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::synthetic;

    #[test]
    fn a_search_finds_less_than_any_of_many_random_books() {
        let market = Market::from_paths(synthetic::crash(7)).unwrap();
        let setting = Setting::plain(3_600);
        let mut desk = Desk::new(&market, &setting).unwrap();
        let mut rows = Rows { all: Vec::new(), widest: Vec::new(), apart: Vec::new() };
        for step in 0..400 {
            desk.advance().unwrap();
            if step > 0 {
                let row = market.closes.iter().map(|c| c[step] / c[step - 1] - 1.0).collect();
                rows.push(desk.now(), row);
            }
        }
        let sigma = vec![0.01; market.symbols.len()];
        let assets = (0..market.symbols.len()).collect();
        let adversary = Adversary { desk: &desk, rows: &rows, core_only: true, assets, sigma };
        let mut random = Random::seeded(1);
        for family in Family::ALL {
            let (least, weights) = adversary.find(family, &mut random).unwrap();
            assert!((weights.iter().map(|w| w.abs()).sum::<f64>() - 1.0).abs() < 1e-9);
            for _ in 0..2_000 {
                let other = adversary.draw(&mut random);
                assert!(
                    least <= adversary.ratio(family, &other).unwrap() * 1.001,
                    "{family:?} {weights:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn books_are_judged_from_their_search_on_and_not_before() {
        let market = Market::from_paths(synthetic::crash(7)).unwrap();
        let setting = Setting::plain(3_600);
        let books = search(&market, &setting, 1, &|_| {}).unwrap();
        let first = books.first().expect("the path is long enough for a search");
        assert_eq!(first.tick, 256);
        let (families, all) = judge(&market, &setting, &books, 1, &|_| {}).unwrap();
        let hours = market.times.len() as u64 - 1 - u64::from(first.tick);
        assert_eq!(families.map(|f| f.hours), [hours; 4]);
        assert_eq!(all.hours, 4 * hours);
    }

    #[test]
    fn the_worst_horizon_is_the_one_that_hurts_the_book_most() {
        let mut rows = Rows { all: Vec::new(), widest: Vec::new(), apart: Vec::new() };
        for i in 0..2_000 {
            rows.push(i, vec![0.0001 * i as f64, 0.0001 * i as f64]);
        }
        rows.push(2_000, vec![0.05, -0.05]);
        assert_eq!(rows.worst(&[-0.5, 0.5], 0..2_001), (0.05, 2_000));
        assert_eq!(rows.wide(&[-0.5, 0.5]), 0.05);
        assert!(rows.wide(&[-0.5, -0.5]) > 0.19);
    }
}
