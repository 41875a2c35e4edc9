//! What the local market does: a replay of price files, or a walk from a seed, and shocks on top of either.
//!
//! The walk is the synthetic history's: volatility that clusters, and a common factor that all coins share. It begins
//! where that history ends, so that what the board was calibrated with is what it goes on to see.

use anyhow::{Result, ensure};

use crate::backtest::Market;
use crate::backtest::sources::Sources;
use crate::calibration::file::CalibrationFile;
use crate::prices::{self, PricePaths, intrabar, when};
use crate::random::Random;

/// Bars of the synthetic history that come before its crash.
const CALM_BARS: usize = 290;
/// Hours of a price file that calibrate the board where it is long enough: what fills the ring, and a little more.
const CALIBRATION_HOURS: i64 = 300;
/// Hours before the replay that are looked at, at most.
const BEFORE_HOURS: i64 = 1_000;
/// Share of variance that all assets have in common.
const COMMON: f64 = 0.8;
const HOUR_S: f64 = 3_600.0;
/// No step of the walk is longer: while time travels, the market sleeps.
const LONGEST_STEP_S: f64 = 5.0;

/// What prices are made of.
#[derive(Clone, Copy, Debug)]
pub struct Tape<'a> {
    /// Price files, each `SYMBOL=path`.
    pub files: &'a [String],
    /// Where their replay begins, unix seconds; none: as soon as there is history enough.
    pub from: Option<i64>,
    /// Seed of what no file has.
    pub seed: u64,
    /// How much faster than real time they go.
    pub speed: f64,
}

/// What the house is calibrated with, and where its prices go from there.
pub struct History {
    /// What a board would know by now.
    pub calibration: CalibrationFile,
    /// The market from now on.
    pub prices: Prices,
    /// Where both came from, in words.
    pub source: String,
}

impl History {
    /// The history of these assets: out of price files (each `SYMBOL=path`), of the seed for the rest.
    ///
    /// # Errors
    /// If a file cannot be read, or an asset has neither a file nor a place in the synthetic history.
    pub fn of(symbols: &[String], options: &Tape) -> Result<Self> {
        let Tape { files, from, seed, speed } = *options;
        ensure!(speed > 0.0 && speed.is_finite(), "--speed is how much faster than real time: above zero");
        let mut synthetic = prices::synthetic::crash(seed);
        for series in &mut synthetic.series {
            series.bars.truncate(CALM_BARS);
        }
        synthetic.ts.truncate(CALM_BARS);
        let generated = CalibrationFile::of(&Market::from_paths(synthetic.clone())?)?;
        let window = from.map(|from| (from - BEFORE_HOURS * 3_600, i64::MAX));
        let given = if files.is_empty() { None } else { Some(prices::load_all(files, window)?) };
        if let Some((paths, from)) = given.as_ref().zip(from) {
            let last = paths.ts.last().copied().unwrap_or_default();
            ensure!(
                from <= last,
                "the price files end before {} UTC: give an earlier --from",
                when::minute(from)
            );
        }
        let named = |paths: &PricePaths, symbol: &str| paths.series.iter().position(|s| s.symbol == symbol);
        if let Some(paths) = &given {
            let unknown = paths.series.iter().find(|s| !symbols.contains(&s.symbol));
            let unknown = unknown.map_or("", |s| s.symbol.as_str());
            ensure!(
                unknown.is_empty(),
                "'{unknown}' is no asset of this house ({}): name the file's coin as in BTC=path",
                symbols.join(", ")
            );
        }

        // History enough for everybody calibrates the board; what is left of it is replayed.
        let whole =
            given.as_ref().filter(|paths| symbols.iter().all(|symbol| named(paths, symbol).is_some()));
        let begins = |paths: &PricePaths| from.unwrap_or(paths.ts[0] + CALIBRATION_HOURS * 3_600);
        let hours = |paths: &PricePaths| (begins(paths) - paths.ts[0]) / 3_600;
        let goes_on = |paths: &PricePaths| paths.ts.last().is_some_and(|last| *last > begins(paths));
        let (calibration, from, source) = match (&given, whole) {
            (Some(paths), Some(_)) if hours(paths) >= CALIBRATION_HOURS && goes_on(paths) => {
                let from = begins(paths);
                let sources = Sources { series: paths.series.clone(), notes: Vec::new() };
                let known = CalibrationFile::of(&Market::new(sources, None, Some(from))?)?;
                (known, from, format!("{}, replayed from {} UTC", paths.source, when::minute(from)))
            }
            (Some(paths), _) => {
                let source = format!("{}; calibration generated, seed {seed}", paths.source);
                (generated, from.unwrap_or(paths.ts[0]), source)
            }
            (None, _) => (generated, 0, format!("generated, seed {seed}")),
        };
        let assets = symbols.iter().map(|symbol| {
            let replay =
                given.as_ref().and_then(|paths| named(paths, symbol).map(|at| path_of(paths, at, from)));
            let known = named(&synthetic, symbol).map(|at| &synthetic.series[at].bars[CALM_BARS - 1]);
            let begins = replay.as_ref().and_then(|r| r.first()).map(|first| first.1);
            let price = begins.or(known.map(|bar| bar.close)).unwrap_or_default();
            ensure!(price > 0.0, "there is no price of {symbol}: give --prices {symbol}=FILE");
            let variance = calibration.assets.iter().find(|a| a.symbol == *symbol).map(|a| a.variance_slow);
            let sigma = (variance.unwrap_or_default() as f64 * 2f64.powi(-48)).sqrt();
            Ok(Asset {
                symbol: symbol.clone(),
                sigma,
                walked: price,
                moved: 0.0,
                replay: replay.unwrap_or_default(),
            })
        });
        let assets = assets.collect::<Result<Vec<_>>>()?;
        let prices =
            Prices { random: Random::seeded(seed), heat: 0.0, time: 0.0, speed, assets, shocks: Vec::new() };
        Ok(Self { calibration, prices, source })
    }
}

/// An asset's way through its bars, seconds since `from`.
fn path_of(paths: &PricePaths, at: usize, from: i64) -> Vec<(f64, f64)> {
    let quarter = paths.interval_s as f64 / 4.0;
    let bars = paths.series[at].bars.iter().filter(|bar| bar.ts >= from);
    bars.flat_map(|bar| {
        let begin = (bar.ts - from) as f64;
        intrabar(bar).into_iter().enumerate().map(move |(k, price)| (begin + k as f64 * quarter, price))
    })
    .collect()
}

struct Asset {
    symbol: String,
    /// Volatility of an hour, fraction.
    sigma: f64,
    /// Where the walk, or the replay, stands.
    walked: f64,
    /// What shocks have moved it by so far, logarithmic.
    moved: f64,
    replay: Vec<(f64, f64)>,
}

/// A move on top of an asset's path.
#[derive(Clone, Copy, Debug)]
struct Shock {
    asset: usize,
    /// Logarithmic, in all.
    by: f64,
    seconds: f64,
    passed: f64,
}

/// The prices of all assets, as they go on.
pub struct Prices {
    random: Random,
    /// Logarithm of what multiplies volatility: reverts, with a half-life of about a day of market time.
    heat: f64,
    /// Seconds of market time since the begin.
    time: f64,
    speed: f64,
    assets: Vec<Asset>,
    shocks: Vec<Shock>,
}

impl Prices {
    /// Dollars a token, by asset.
    #[must_use]
    pub fn now(&self) -> Vec<f64> {
        self.assets.iter().map(|a| a.walked * a.moved.exp()).collect()
    }

    /// Names, by asset.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.assets.iter().map(|a| a.symbol.as_str())
    }

    /// How many shocks are under way.
    #[must_use]
    pub fn shocks(&self) -> usize {
        self.shocks.len()
    }

    /// Begins to move an asset by so many basis points over so many seconds, on top of its path.
    ///
    /// # Errors
    /// If nothing would be left of the price.
    pub fn shock(&mut self, asset: usize, bps: f64, seconds: f64) -> Result<()> {
        ensure!(
            bps > -9_900.0 && bps <= 100_000.0,
            "a shock moves by −9,900 to 100,000 basis points, not {bps}"
        );
        ensure!((0.0..=86_400.0).contains(&seconds), "a shock takes up to a day (86,400 s), not {seconds}");
        self.shocks.push(Shock { asset, by: (1.0 + bps / 1e4).ln(), seconds: seconds.max(1.0), passed: 0.0 });
        Ok(())
    }

    /// Lets seconds of the chain's time pass.
    pub fn step(&mut self, seconds: f64) {
        let seconds = seconds.clamp(0.0, LONGEST_STEP_S);
        let passing = seconds * self.speed;
        self.time += passing;
        let hours = passing / HOUR_S;
        self.heat = self.heat * 0.97f64.powf(hours) + 0.07 * hours.sqrt() * self.random.normal();
        let common = self.random.normal();
        for asset in &mut self.assets {
            let own = self.random.normal();
            match at(&asset.replay, self.time) {
                Some(price) => asset.walked = price,
                None => {
                    let step = asset.sigma * hours.sqrt() * self.heat.exp();
                    let z = COMMON.sqrt() * common + (1.0 - COMMON).sqrt() * own;
                    asset.walked *= (step * z - step * step / 2.0).exp();
                }
            }
        }
        for shock in &mut self.shocks {
            let passed = (shock.passed + seconds).min(shock.seconds);
            self.assets[shock.asset].moved += shock.by * (passed - shock.passed) / shock.seconds;
            shock.passed = passed;
        }
        self.shocks.retain(|shock| shock.passed < shock.seconds);
    }
}

/// The price on a path at a time, in a line between its points; none where it is over.
fn at(path: &[(f64, f64)], time: f64) -> Option<f64> {
    let after = path.partition_point(|point| point.0 <= time);
    let (next, last) = (path.get(after)?, path.get(after.wrapping_sub(1)));
    let Some(last) = last else { return Some(next.1) };
    let share = (time - last.0) / (next.0 - last.0);
    Some(last.1 + share * (next.1 - last.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Vec<String> {
        ["BTC", "ETH", "SOL"].map(str::to_owned).to_vec()
    }

    fn generated(seed: u64) -> Prices {
        History::of(&symbols(), &Tape { files: &[], from: None, seed, speed: 1.0 }).expect("a history").prices
    }

    #[test]
    fn the_same_seed_walks_the_same_way() {
        let (mut a, mut b, mut c) = (generated(7), generated(7), generated(8));
        for _ in 0..100 {
            for prices in [&mut a, &mut b, &mut c] {
                prices.step(1.0);
            }
        }
        assert_eq!(a.now(), b.now());
        assert_ne!(a.now(), c.now());
    }

    #[test]
    fn an_hour_moves_by_about_its_volatility() {
        let mut squares = 0.0;
        for seed in 0..40 {
            let mut prices = generated(seed);
            let begin = prices.now()[0];
            (0..3_600).for_each(|_| prices.step(1.0));
            squares += ((prices.now()[0] / begin).ln() / prices.assets[0].sigma).powi(2);
        }
        let rms = (squares / 40.0).sqrt();
        assert!((0.6..1.6).contains(&rms), "{rms} σ an hour");
    }

    #[test]
    fn a_shock_moves_one_asset_by_what_it_says_and_stays() {
        let (mut calm, mut shocked) = (generated(7), generated(7));
        shocked.shock(2, -1_000.0, 10.0).expect("a shock");
        for second in 1..=20 {
            for prices in [&mut calm, &mut shocked] {
                prices.step(1.0);
            }
            let ratio = shocked.now()[2] / calm.now()[2];
            let expected = 0.9f64.powf(f64::from(second.min(10)) / 10.0);
            assert!((ratio - expected).abs() < 1e-9, "{ratio} after {second} s");
        }
        assert_eq!(shocked.now()[0], calm.now()[0]);
        assert_eq!(shocked.shocks(), 0);
    }

    #[test]
    fn shocks_that_leave_no_price_are_refused() {
        let mut prices = generated(7);
        assert!(prices.shock(0, -10_000.0, 10.0).is_err());
        assert!(prices.shock(0, f64::NAN, 10.0).is_err());
        assert!(prices.shock(0, -100.0, -1.0).is_err());
    }

    #[test]
    fn a_file_is_replayed_in_lines_between_its_points_and_then_walked_on() {
        let file = std::env::temp_dir().join(format!("ballast-replay-{}.csv", std::process::id()));
        let rows: String =
            (0..30).map(|i| format!("{},{p},{p},{p},{p},1\n", 1_700_000_040 + i * 60, p = 100 + i)).collect();
        std::fs::write(&file, format!("ts,open,high,low,close,volume\n{rows}")).expect("a file");
        let files = [format!("SOL={}", file.display())];
        let tape = Tape { files: &files, from: None, seed: 7, speed: 60.0 };
        let mut history = History::of(&symbols(), &tape).expect("a history");
        assert!(history.source.contains("calibration generated"), "{}", history.source);
        assert_eq!(history.prices.now()[2], 100.0);
        history.prices.step(1.0);
        assert!((history.prices.now()[2] - 101.0).abs() < 0.3, "{:?}", history.prices.now());
        (0..40).for_each(|_| history.prices.step(1.0));
        let walked = history.prices.now()[2];
        assert!((120.0..140.0).contains(&walked) && walked != 129.0, "{walked}");
        let unknown = [format!("DOGE={}", file.display())];
        assert!(History::of(&symbols(), &Tape { files: &unknown, ..tape }).is_err());
        let from = Some(1_700_000_040 + 10 * 60);
        let later = History::of(&symbols(), &Tape { from, ..tape }).expect("a history");
        assert_eq!(later.prices.now()[2], 110.0, "the replay begins where it is told to");
        let too_late = Some(1_800_000_000);
        assert!(History::of(&symbols(), &Tape { from: too_late, ..tape }).is_err());
        std::fs::remove_file(file).expect("removed");
    }
}
