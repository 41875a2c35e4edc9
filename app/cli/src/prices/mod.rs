//! Price files in, clean bars out.
//!
//! A replay is only as honest as its prices. Everything that is wrong with a file either stops the load with an error
//! that names the file, the line, what was expected and what to do, or is repaired and the repair is stated. Nothing is
//! corrected in silence, because a bad tick that slips through liquidates people in the report who were never at risk.
//!
//! ```text
//! file → csv (bytes, columns, numbers) → clean (order, duplicates, grid, bad ticks) → align (one grid, one window, gaps)
//! ```

pub mod align;
mod clean;
pub mod csv;
pub mod error;
pub mod path;
pub mod synthetic;
pub mod when;

pub use self::align::align;
pub use self::csv::load;
pub use self::error::{PriceFileError, Problem};
pub use self::path::intrabar;

/// One price bar of one asset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Open time of the bar, unix seconds, UTC.
    pub ts: i64,
    /// First price, quote per base unit.
    pub open: f64,
    /// Highest price, quote per base unit; at least `open` and `close`.
    pub high: f64,
    /// Lowest price, quote per base unit; at most `open` and `close`.
    pub low: f64,
    /// Last price, quote per base unit.
    pub close: f64,
    /// Traded quantity, base units; 0 when the file has none and in bars carried over a gap.
    pub volume: f64,
}

impl Bar {
    /// A bar in which nothing traded: all four prices at `price`.
    pub fn flat(ts: i64, price: f64) -> Self {
        Self { ts, open: price, high: price, low: price, close: price, volume: 0.0 }
    }
}

/// What kind of thing was changed in a file's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepairKind {
    /// Timestamps in milliseconds, divided by 1,000.
    Milliseconds,
    /// No volume column, volume taken as zero.
    NoVolume,
    /// Rows out of order, sorted by time.
    Sorted,
    /// The same row more than once, kept once.
    Duplicates,
    /// An isolated price far from both neighbours, replaced.
    BadTick,
    /// High and low that did not contain open and close, widened.
    HighLow,
    /// Missing bars, carried forward flat at the last close.
    Gap,
}

/// One stated change to a file's data.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// What was changed.
    pub kind: RepairKind,
    /// The (first) line concerned, counted from 1; none for bars that no line of the file holds.
    pub line: Option<u64>,
    /// Open time of the (first) bar concerned, unix seconds; none if the repair concerns the file as a whole.
    pub ts: Option<i64>,
    /// How many rows or bars it concerns.
    pub count: usize,
    /// One sentence: what was wrong and what was done.
    pub what: String,
}

/// The bars of one asset.
#[derive(Clone, Debug)]
pub struct Series {
    /// The asset, as in `BTC`.
    pub symbol: String,
    /// Where the bars came from: the file's path, or a label.
    pub file: String,
    /// In strictly increasing order of `ts`, all on one grid; after [`align()`] without gaps.
    pub bars: Vec<Bar>,
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// Everything that was changed.
    pub repairs: Vec<Repair>,
}

/// Several assets on one grid: what a replay runs on.
#[derive(Clone, Debug)]
pub struct PricePaths {
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// Open time of each bar, unix seconds; every series has exactly these.
    pub ts: Vec<i64>,
    /// One for each asset, in the order given.
    pub series: Vec<Series>,
    /// Repairs and clipping in words, for the report.
    pub notes: Vec<String>,
    /// Whether the prices were made up by [`synthetic`].
    pub synthetic: bool,
    /// Where the prices came from, in words.
    pub source: String,
}

/// Loads price files, each `path` or `SYMBOL=path`, and puts them on one grid. `window` is `[from, to)` in unix seconds.
pub fn load_all<S: AsRef<str>>(
    files: &[S],
    window: Option<(i64, i64)>,
) -> Result<PricePaths, PriceFileError> {
    let series =
        files.iter().map(|file| load(std::path::Path::new(file.as_ref()))).collect::<Result<Vec<_>, _>>()?;
    align(series, window)
}
