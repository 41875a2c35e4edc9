//! What a back-test shows: the same [`BacktestReport`] as JSON, on the terminal, and as one HTML page.

pub mod crashes;
pub mod extras;
pub mod html;
pub mod json;
pub mod marks;
pub mod terminal;

use super::null_book::Hunt;
use super::setting::Dials;
use super::{Class, Findings, History, Portfolio};

/// A setting of the frontier, and how it fared.
#[derive(Clone, Debug)]
pub struct FrontierPoint {
    /// Its short name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// What governance would have chosen.
    pub dials: Dials,
    /// What was found.
    pub findings: Findings,
}

/// Everything there is to show.
#[derive(Clone, Debug)]
pub struct BacktestReport {
    /// By index.
    pub symbols: Vec<String>,
    /// Where the prices came from, in words.
    pub source: String,
    /// Length of a bar, seconds.
    pub interval_s: i64,
    /// Horizon of margins and losses, seconds.
    pub horizon_s: i64,
    /// What was repaired, clipped or left out.
    pub notes: Vec<String>,
    /// The setting's name.
    pub setting: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Whether margins were judged by losses alone, without penalty and staleness.
    pub bare: bool,
    /// Seed of books and bootstrap.
    pub seed: u64,
    /// The books.
    pub portfolios: Vec<Portfolio>,
    /// What was asked and lost.
    pub history: History,
    /// What that says.
    pub findings: Findings,
    /// Other settings over the same history.
    pub frontier: Vec<FrontierPoint>,
    /// Books that each frontier point was judged by.
    pub frontier_books: usize,
    /// What an adversary found; nothing where none was sent.
    pub hunts: Vec<Hunt>,
    /// How long it took, seconds.
    pub wall_seconds: f64,
}

impl FrontierPoint {
    /// Largest rise of the mean margin of single longs over one horizon in any crash, under the point's limit.
    #[must_use]
    pub fn crash_rise(&self) -> Option<f64> {
        let events = self.findings.procyclicality.events.iter();
        events.filter(|e| e.class == Class::Long).map(|e| e.hour_rise_limited).max_by(f64::total_cmp)
    }
}

/// More names than this do not make a headline.
const NAMED: usize = 8;

impl BacktestReport {
    /// What was run, as a headline.
    #[must_use]
    pub fn title(&self) -> String {
        let what = match self.symbols.len() {
            n if n > NAMED => format!("{n} assets"),
            _ => self.symbols.join(", "),
        };
        format!("{what} under the engine")
    }
}
