//! Books through history: a margin after each tick, and the loss of the horizon that follows.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, anyhow};
use ballast_risk::RiskError;

use super::desk::{Desk, Requirement};
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
    /// What was asked, and is judged: one of the two that follow.
    pub margin: f32,
    /// Under volatility as it stood.
    pub at_once: f32,
    /// While maintenance margin gave notice.
    pub limited: f32,
    /// What was lost until the next tick; negative for a profit.
    pub loss: f32,
    /// What margin had to pay for: see [`Terms`].
    pub need: f32,
}

impl Hour {
    /// A horizon with nothing to pay but the loss, under a margin that gave no notice.
    #[must_use]
    pub const fn bare(tick: u32, margin: f32, loss: f32) -> Self {
        Self { tick, margin, at_once: margin, limited: margin, loss, need: loss }
    }

    /// Whether margin was beaten.
    #[must_use]
    pub fn is_hit(&self) -> bool {
        self.need > self.margin
    }
}

/// What a margin has to pay for besides the move of the horizon.
///
/// **Penalty.** The account is closed after the loss `L`, and the program takes `min(p·gross, ½·margin)` for it at
/// most. Loss and penalty exceed the margin `m` exactly where `m` is below
///
/// ```text
/// need(L) = L + min(L, p)          m ≥ 2p: L + p > m;   m < 2p: L + m/2 > m, or 2L > m
/// ```
///
/// **Staleness.** The price that margin was last checked with may be as old as is accepted, `a`: the loss then runs
/// over `horizon + a`. Where bars are no longer than ages that the program allows, it does: the judge reads one bar
/// later. Of longer bars nobody knows what happened within them, so the loss is stretched as variance grows with time,
/// `L·√(1 + a/horizon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// `p`, a fraction of gross.
    pub penalty: f64,
    /// Factor on losses.
    pub stretch: f64,
    /// Bars that the judge reads later.
    pub lag: usize,
}

impl Terms {
    /// Nothing but the loss.
    pub const BARE: Self = Self { penalty: 0.0, stretch: 1.0, lag: 0 };

    /// What margin has to pay after a loss, fractions of gross.
    #[must_use]
    pub fn need(&self, loss: f64) -> f64 {
        let loss = loss * if loss > 0.0 { self.stretch } else { 1.0 };
        loss + loss.clamp(0.0, self.penalty)
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
    run_on(cores(), market, portfolios, setting, progress)
}

/// [`run`] on so many cores.
///
/// # Errors
/// As [`run`].
pub fn run_on(
    cores: usize,
    market: &Market,
    portfolios: &[Portfolio],
    setting: &Setting,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<History> {
    let cores = cores.clamp(1, portfolios.len().max(1));
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

/// What became of a book.
pub(super) enum Outcome {
    /// No margin was asked of it.
    Closed,
    /// It reaches into a gap of the price files.
    Blind,
    /// It was judged.
    Judged(Hour),
}

/// A book between two ticks.
#[derive(Clone, Default)]
pub(super) struct Held {
    holdings: Vec<(usize, i64)>,
    worth: i64,
    required: Requirement,
    /// Whether a margin was asked at the last tick.
    open: bool,
}

impl Held {
    /// Resizes a book to its weights and asks for its margin, where all of its assets can be judged.
    pub(super) fn ask(&mut self, desk: &Desk, portfolio: &Portfolio) -> Result<()> {
        if !portfolio.weights.iter().all(|w| desk.is_warm(w.0)) {
            return Ok(());
        }
        self.holdings.clear();
        for &(asset, share) in &portfolio.weights {
            self.holdings.push((asset, desk.units(asset, share * GROSS)?));
        }
        let refused = |e: RiskError| anyhow!("{} was refused a margin: {e}", portfolio.name);
        self.worth = desk.value(&self.holdings).map_err(refused)?;
        self.required = desk.requirement(&self.holdings).map_err(refused)?;
        self.open = true;
        Ok(())
    }

    /// Holds the margin asked at `tick` against what became of the book since.
    pub(super) fn judge(&mut self, desk: &Desk, setting: &Setting, tick: u32) -> Result<Outcome> {
        if !core::mem::take(&mut self.open) {
            return Ok(Outcome::Closed);
        }
        let terms = setting.terms(desk.market());
        if !desk.spans_horizon() || !self.holdings.iter().all(|h| desk.has_price(h.0)) {
            return Ok(Outcome::Blind);
        }
        let loss_to = |worth: i64| (i128::from(self.worth) - i128::from(worth)) as f64 / GROSS;
        let loss = loss_to(desk.value(&self.holdings)?);
        let late = match terms.lag {
            0 => loss,
            bars => match desk.value_after(&self.holdings, bars)? {
                Some(worth) => loss_to(worth),
                None => return Ok(Outcome::Blind),
            },
        };
        let [at_once, limited] =
            [self.required.at_once, self.required.limited].map(|m| (m as f64 / GROSS) as f32);
        let margin = if setting.core_only { at_once } else { limited };
        let need = terms.need(late) as f32;
        Ok(Outcome::Judged(Hour { tick, margin, at_once, limited, loss: loss as f32, need }))
    }
}

struct Walk<'a> {
    market: &'a Market,
    setting: &'a Setting,
    desk: Desk<'a>,
    books: Vec<(&'a Portfolio, Held)>,
    /// Whether ticks and haircuts are written down too.
    scribe: bool,
    part: Part,
}

impl<'a> Walk<'a> {
    fn new(
        market: &'a Market,
        setting: &'a Setting,
        books: Vec<&'a Portfolio>,
        scribe: bool,
    ) -> Result<Self> {
        Ok(Self {
            market,
            setting,
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
        let mut blind = 0;
        for ((_, held), track) in self.books.iter_mut().zip(&mut self.part.tracks) {
            match held.judge(&self.desk, self.setting, tick.wrapping_sub(1))? {
                Outcome::Closed => {}
                Outcome::Blind => blind += 1,
                Outcome::Judged(hour) => track.push(hour),
            }
        }
        Ok(blind)
    }

    /// Resizes the books and asks for their margins.
    fn ask(&mut self) -> Result<()> {
        if self.desk.now() < self.market.judged_from {
            return Ok(());
        }
        for (portfolio, held) in &mut self.books {
            held.ask(&self.desk, portfolio)?;
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
