//! What can be wrong with a price file, and what to do about it.

use std::fmt;

use super::when;

/// Why prices could not be loaded: where, what was wrong, what was expected, what to do.
#[derive(Debug, thiserror::Error)]
pub struct PriceFileError {
    /// The file as given; several, comma-separated, when files do not go together.
    pub file: String,
    /// Line in the file, counted from 1 and including the header, when one line is to blame.
    pub line: Option<u64>,
    /// What was wrong.
    pub problem: Problem,
}

impl PriceFileError {
    pub(super) fn new(file: impl Into<String>, line: Option<u64>, problem: Problem) -> Self {
        Self { file: file.into(), line, problem }
    }
}

impl fmt::Display for PriceFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}", self.file)?;
            if let Some(line) = self.line {
                write!(f, ", line {line}")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}. {}", self.problem, self.problem.remedy())
    }
}

/// The kinds of fault. Displays as what was wrong and what was expected; [`Problem::remedy`] says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The file system said no.
    #[error("cannot be read ({0})")]
    Unreadable(std::io::Error),
    /// Nothing in it.
    #[error("the file is empty; expected a header row and at least two bars")]
    Empty,
    /// Starts like gzip, but does not decompress to its end.
    #[error("the gzip data ends too early or is damaged ({0}); expected a complete gzip file")]
    DamagedGzip(std::io::Error),
    /// More data than any price file has.
    #[error("the file holds more than {limit_mib} MiB of text; expected a price file")]
    TooLarge { limit_mib: u64 },
    /// Neither gzip nor text.
    #[error("the file is not text; expected CSV, plain or compressed with gzip")]
    NotText,
    /// A header, or one bar, but no series.
    #[error("the file has {0} data rows; expected a header row and at least two bars")]
    TooFewRows(usize),
    /// The first row is data.
    #[error(
        "the first row holds numbers; expected a header row with the columns ts,open,high,low,close[,volume]"
    )]
    NoHeader,
    /// A needed column is not there.
    #[error("no column {}; expected ts,open,high,low,close[,volume], found {}", .missing.join(", "), .found.join(","))]
    MissingColumns { missing: Vec<&'static str>, found: Vec<String> },
    /// A column is there twice.
    #[error("two columns are called '{0}'; expected one")]
    AmbiguousColumn(&'static str),
    /// A row that ends too early.
    #[error("the row has {found} fields and ends before column '{column}'; expected {expected} fields as in the header{}", if *.last { " (it is the last row: the file may be cut short)" } else { "" })]
    ShortRow { found: usize, expected: usize, column: &'static str, last: bool },
    /// Not a number.
    #[error("'{value}' in column '{column}' is not a number; expected {expected}")]
    BadNumber { column: &'static str, value: String, expected: &'static str },
    /// A number that cannot be a price.
    #[error("{column} is {value}; expected a price between 1e-12 and 1e12")]
    BadPrice { column: &'static str, value: f64 },
    /// A number that cannot be a volume.
    #[error("volume is {0}; expected zero or more")]
    BadVolume(f64),
    /// A time outside of 1980 to 2100 in every unit known.
    #[error(
        "ts is {0}; expected unix seconds (or milliseconds, or whole seconds in them) between 1980 and 2100"
    )]
    BadTime(i64),
    /// Seconds in one row, milliseconds in another.
    #[error("ts is in {this}, the rows before are in {before}; expected one unit throughout")]
    MixedTimes { this: &'static str, before: &'static str },
    /// Two different bars for one time.
    #[error("a second, different bar for {} UTC (the first is in line {first_line}); expected one bar a time", when::minute(*.ts))]
    ConflictingDuplicate { ts: i64, first_line: u64 },
    /// Times that follow no grid at all.
    #[error("no regular interval: the commonest distance between bars, {}, fits {fits} of {rows} rows; expected evenly spaced bars", when::span(*.interval_s))]
    NoGrid { interval_s: i64, fits: usize, rows: usize },
    /// One bar between the grid's times.
    #[error("the bar at unix time {ts} is off the file's grid of {}; expected a multiple of the interval from the other bars", when::span(*.interval_s))]
    OffGrid { ts: i64, interval_s: i64 },
    /// So many bad ticks that the file is not to be believed.
    #[error(
        "{count} of {rows} bars hold prices far from both neighbours (first: {first}); expected at most 3, or 0.1 % of the rows"
    )]
    TooManyBadTicks { count: usize, rows: usize, first: String },
    /// So many wrong highs and lows that columns may be mixed up.
    #[error(
        "high and low do not contain open and close in {count} of {rows} rows; expected at most 3, or 1 % of the rows"
    )]
    TooManyBadRanges { count: usize, rows: usize },
    /// A jump that does not come back.
    #[error("the price goes from {from} to {to} in one bar; expected a move of less than {limit} times")]
    Jump { from: f64, to: f64, limit: f64 },
    /// The file's name tells no symbol.
    #[error(
        "the file name holds no symbol; expected a part of 2 to 10 capital letters, as in spot_BTC_1h.csv"
    )]
    NoSymbol,
    /// `SYMBOL=path` with something odd before the equals sign.
    #[error("'{0}' is no symbol; expected 2 to 10 capital letters or digits")]
    BadSymbol(String),
    /// No files at all.
    #[error("no price files given; expected at least one")]
    NoFiles,
    /// Two files for one asset.
    #[error("two files for {0}; expected one an asset")]
    SameSymbol(String),
    /// Files of different intervals.
    #[error("{a} has bars of {}, {b} of {}; expected the same interval in all files", when::span(*.a_s), when::span(*.b_s))]
    DifferentGrids { a: String, a_s: i64, b: String, b_s: i64 },
    /// Same interval, but the bars open at different times in it.
    #[error("bars of {b} open {} after those of {a}; expected the same open times in all files", when::span(*.shift_s))]
    ShiftedGrids { a: String, b: String, shift_s: i64 },
    /// No time at which every asset has a price.
    #[error("the files have no time in common ({0}); expected windows that overlap by at least two bars")]
    NoOverlap(String),
    /// A window that ends before it starts.
    #[error("the window ends ({}) before it begins ({}); expected from < to", when::minute(*.to), when::minute(*.from))]
    BackwardWindow { from: i64, to: i64 },
    /// A window without two bars in it.
    #[error("fewer than two bars of all files lie in the window {} to {} UTC; expected a window inside {} to {} UTC", when::minute(*.from), when::minute(*.to), when::minute(*.first), when::minute(*.last))]
    EmptyWindow { from: i64, to: i64, first: i64, last: i64 },
    /// A hole too long to be carried over.
    #[error("{symbol} has no bars from {} to {} UTC ({missing} bars); expected gaps of at most {limit} bars", when::minute(*.from), when::minute(*.to))]
    LongGap { symbol: String, from: i64, to: i64, missing: usize, limit: usize },
}

impl Problem {
    /// One sentence that says what to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreadable(e) if e.kind() == std::io::ErrorKind::NotFound => "Check the path.",
            Self::Unreadable(_) => "Check that it is a file and that you may read it.",
            Self::Empty | Self::DamagedGzip(_) => "Download or export the file again.",
            Self::TooLarge { .. } => "Cut the file to the window you want to replay.",
            Self::NotText => "Unpack it, or compress it with gzip.",
            Self::TooFewRows(_) => "Give a file with more bars.",
            Self::NoHeader => "Add a first line that names the columns, in the order they have.",
            Self::MissingColumns { found, .. } if found.len() == 1 && found[0].contains([';', '\t', '|']) => {
                "Separate the columns by commas."
            }
            Self::MissingColumns { missing, .. } => {
                return format!("Rename or add the column{} in the header row.", if missing.len() == 1 { "" } else { "s" });
            }
            Self::AmbiguousColumn(_) => "Rename or remove one of them.",
            Self::ShortRow { .. } => "Complete the row, or remove it: a missing bar is carried forward.",
            Self::BadNumber { column: "ts", .. } => "Write bar open times as unix seconds.",
            Self::BadNumber { .. } | Self::BadPrice { .. } | Self::BadVolume(_) => {
                "Correct the row, or remove it: a missing bar is carried forward."
            }
            Self::BadTime(_) | Self::MixedTimes { .. } => "Write all bar open times as unix seconds.",
            Self::ConflictingDuplicate { .. } => "Remove the one that is wrong.",
            Self::NoGrid { .. } => "Export bars of one interval (for example hourly), not trades.",
            Self::OffGrid { .. } => "Correct the time, or remove the row: a missing bar is carried forward.",
            Self::TooManyBadTicks { .. } => "Get the prices from another source, or remove the bad rows.",
            Self::TooManyBadRanges { .. } => "Check that the columns are named right.",
            Self::Jump { .. } => {
                "Correct the price, or, if the unit changed there (redenomination, other token), cut the file at this line."
            }
            Self::NoSymbol => "Rename the file, or give it as SYMBOL=path.",
            Self::BadSymbol(_) => "Give the file as SYMBOL=path, for example BTC=prices.csv.",
            Self::NoFiles => "Give one CSV file an asset, for example spot_BTC_1h.csv.gz.",
            Self::SameSymbol(_) => "Leave one out, or give it another symbol as SYMBOL=path.",
            Self::DifferentGrids { .. } | Self::ShiftedGrids { .. } => "Give files of one interval and one grid.",
            Self::NoOverlap(_) => "Give files that cover the same days.",
            Self::BackwardWindow { .. } => "Swap the two times.",
            Self::EmptyWindow { .. } => "Choose a window in that range.",
            Self::LongGap { .. } => "Choose a window before or after the gap, or fill the gap in the file.",
        }
        .to_owned()
    }
}
