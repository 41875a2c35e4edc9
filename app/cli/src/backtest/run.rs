//! Books through history: a margin after each tick, and the loss of the horizon that follows.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow};
use ballast_risk::RiskError;

use super::desk::Desk;
use super::{Market, Portfolio, Setting};

/// Gross exposure of a book, quote micro-units: a million, far above the unit of rounding and far below
/// the largest book.
const GROSS: f64 = 1e12;

/// One horizon of one book. Fractions of its gross exposure; single precision is a ten-millionth of a
/// margin, and a long run has tens of millions of these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// Which tick asked for the margin.
    pub tick: u32,
    /// What was asked.
    pub margin: f32,
    /// What was lost until the next tick; negative for a profit.
    pub loss: f32,
}

impl Hour {
    /// Whether the loss beat the margin.
    #[must_use]
    pub fn is_hit(&self) -> bool {
        self.loss > self.margin
    }
}

/// Haircuts that the board published at a tick, fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HaircutPoint {
    /// Unix seconds.
    pub ts: i64,
    /// Of holding the asset alone.
    pub long: f64,
    /// Of being short of it alone.
    pub short: f64,
}

/// What a run saw.
#[derive(Clone, Debug)]
pub struct History {
    /// Time of each tick, unix seconds.
    pub ticks: Vec<i64>,
    /// By portfolio, in order of time; only the horizons that could be judged.
    pub tracks: Vec<Vec<Hour>>,
    /// By asset, where it was warm.
    pub haircuts: Vec<Vec<HaircutPoint>>,
    /// Portfolio-hours that lie in gaps of the price files and are not judged.
    pub unjudged: u64,
}

/// Runs all books over a market, spread over the machine's cores, each with a board of its own: the
/// board costs little beside the margins, and nothing is shared. `progress` is told how many more bars
/// one core has done; all of them do `cores × bars`.
///
/// # Errors
/// What the program or the engine refuses.
pub fn run(
    market: &Market,
    portfolios: &[Portfolio],
    setting: &Setting,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<History> {
    let cores = cores().min(portfolios.len().max(1));
    let unjudged = AtomicUsize::new(0);
    let parts = std::thread::scope(|scope| {
        let walk = |core: usize| {
            let mine: Vec<&Portfolio> = portfolios.iter().skip(core).step_by(cores).collect();
            Walk::new(market, setting, mine, core == 0)?.finish(progress, &unjudged)
        };
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(move || walk(core))).collect();
        threads
            .into_iter()
            .map(|t| t.join().map_err(|_| anyhow!("a thread of the back-test ended early"))?)
            .collect::<Result<Vec<Part>>>()
    })?;
    let mut history = History {
        ticks: Vec::new(),
        tracks: vec![Vec::new(); portfolios.len()],
        haircuts: Vec::new(),
        unjudged: unjudged.into_inner() as u64,
    };
    for (core, part) in parts.into_iter().enumerate() {
        for (i, track) in part.tracks.into_iter().enumerate() {
            history.tracks[core + i * cores] = track;
        }
        if core == 0 {
            (history.ticks, history.haircuts) = (part.ticks, part.haircuts);
        }
    }
    Ok(history)
}

/// How many threads a run uses.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

struct Part {
    ticks: Vec<i64>,
    tracks: Vec<Vec<Hour>>,
    haircuts: Vec<Vec<HaircutPoint>>,
}

/// A book between two ticks.
#[derive(Clone, Default)]
struct Held {
    holdings: Vec<(usize, i64)>,
    worth: i64,
    margin: u64,
    /// Whether a margin was asked at the last tick.
    open: bool,
}

struct Walk<'a> {
    market: &'a Market,
    desk: Desk<'a>,
    books: Vec<(&'a Portfolio, Held)>,
    /// Whether ticks and haircuts are written down too.
    scribe: bool,
    part: Part,
}

impl<'a> Walk<'a> {
    fn new(market: &'a Market, setting: &Setting, books: Vec<&'a Portfolio>, scribe: bool) -> Result<Self> {
        Ok(Self {
            market,
            desk: Desk::new(market, setting)?,
            part: Part {
                ticks: Vec::new(),
                tracks: vec![Vec::new(); books.len()],
                haircuts: vec![Vec::new(); if scribe { market.symbols.len() } else { 0 }],
            },
            books: books.into_iter().map(|p| (p, Held::default())).collect(),
            scribe,
        })
    }

    fn finish(mut self, progress: &(dyn Fn(u64) + Sync), unjudged: &AtomicUsize) -> Result<Part> {
        const TOLD_EVERY: u64 = 256;
        let (mut tick, mut bars, mut blind) = (0_u32, 0_u64, 0);
        while let Some(ticked) = self.desk.advance()? {
            if ticked {
                blind += self.judge(tick)?;
                tick += 1;
                self.ask()?;
                self.note();
            }
            bars += 1;
            if bars.is_multiple_of(TOLD_EVERY) {
                progress(TOLD_EVERY);
            }
        }
        progress(bars % TOLD_EVERY);
        unjudged.fetch_add(blind, Ordering::Relaxed);
        Ok(self.part)
    }

    /// Holds the last tick's margins against what became of the books. Returns how many could not be.
    fn judge(&mut self, tick: u32) -> Result<usize> {
        let comparable = self.desk.spans_horizon();
        let mut blind = 0;
        for ((_, held), track) in self.books.iter_mut().zip(&mut self.part.tracks) {
            if !core::mem::take(&mut held.open) {
                continue;
            }
            if !comparable || !held.holdings.iter().all(|h| self.desk.has_price(h.0)) {
                blind += 1;
                continue;
            }
            let loss = i128::from(held.worth) - i128::from(self.desk.value(&held.holdings)?);
            track.push(Hour {
                tick: tick - 1,
                margin: (held.margin as f64 / GROSS) as f32,
                loss: (loss as f64 / GROSS) as f32,
            });
        }
        Ok(blind)
    }

    /// Resizes the books and asks for their margins.
    fn ask(&mut self) -> Result<()> {
        if self.desk.now() < self.market.judged_from {
            return Ok(());
        }
        for (portfolio, held) in &mut self.books {
            if !portfolio.weights.iter().all(|w| self.desk.is_warm(w.0)) {
                continue;
            }
            held.holdings.clear();
            for &(asset, share) in &portfolio.weights {
                held.holdings.push((asset, self.desk.units(asset, share * GROSS)?));
            }
            let refused = |e: RiskError| anyhow!("{} was refused a margin: {e}", portfolio.name);
            held.worth = self.desk.value(&held.holdings).map_err(refused)?;
            held.margin = self.desk.requirement(&held.holdings).map_err(refused)?;
            held.open = true;
        }
        Ok(())
    }

    fn note(&mut self) {
        if !self.scribe {
            return;
        }
        let ts = self.desk.now();
        self.part.ticks.push(ts);
        if ts < self.market.judged_from {
            return;
        }
        for (index, track) in self.part.haircuts.iter_mut().enumerate() {
            if self.desk.is_warm(index) {
                let a = &self.desk.board().assets[index];
                let fraction = |rate: u64| rate as f64 / ballast_risk::fixed::RATE_ONE as f64;
                track.push(HaircutPoint {
                    ts,
                    long: fraction(a.haircut_long),
                    short: fraction(a.haircut_short),
                });
            }
        }
    }
}
