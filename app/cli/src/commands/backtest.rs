use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::backtest::report::{BacktestReport, FrontierPoint, html, json, terminal};
use crate::backtest::run::{cores, run_on};
use crate::backtest::{Market, Portfolio, Setting, measure, null_book, portfolios, run, sources};
use crate::prices::when;

/// Hold the engine's margins against what came after them.
#[derive(Args)]
pub struct Backtest {
    /// OHLCV files, or folders of them (CSV, gzip too): columns ts,open,high,low,close,volume;
    /// SYMBOL=path names the coin
    #[arg(long, num_args = 1.., required = true, value_name = "FILE")]
    prices: Vec<String>,
    /// Where report.html and backtest.json are written
    #[arg(long, default_value = "target/backtest", value_name = "DIR")]
    out: PathBuf,
    /// The core alone, without haircut bounds or anything else on top
    #[arg(long)]
    plain: bool,
    /// Run other settings too, and show what more cover costs
    #[arg(long)]
    frontier: bool,
    /// Send an adversary who looks for the books with the least margin for what they can lose
    #[arg(long)]
    null_book: bool,
    /// Judge from this time on (2022-05-01, 2022-05-01T12:00 or unix seconds); bars before it warm the
    /// board up
    #[arg(long, value_parser = when::parse)]
    from: Option<i64>,
    /// Judge up to this time
    #[arg(long, value_parser = when::parse)]
    to: Option<i64>,
    /// Seed of the books and of the bootstrap
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// About how many books are judged
    #[arg(long, default_value_t = 150, value_name = "COUNT")]
    portfolios: usize,
    /// Print the summary as JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Books that a point of the frontier is judged by at most: thirty points of all of them take minutes.
const FRONTIER_BOOKS: usize = 48;

/// Judges the same books under every setting, one setting a core at a time.
fn frontier(
    market: &Market,
    books: &[Portfolio],
    settings: Vec<Setting>,
    seed: u64,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<FrontierPoint>> {
    let one = |setting: &Setting| {
        let history = run_on(1, market, books, setting, progress)?;
        let findings = measure(market, books, &history, seed);
        let (name, about, dials) = (setting.name.clone(), setting.about.clone(), setting.dials);
        anyhow::Ok(FrontierPoint { name, about, dials, findings })
    };
    let cores = cores();
    let parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|core| {
                let mine = settings.iter().skip(core).step_by(cores);
                scope.spawn(|| mine.map(&one).collect::<Result<Vec<_>>>())
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().map_err(|_| anyhow!("a thread of the frontier ended early"))?)
            .collect::<Result<Vec<_>>>()
    })?;
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    Ok((0..settings.len()).filter_map(|i| parts[i % cores].next()).collect())
}

impl Backtest {
    pub(super) fn run(self) -> Result<()> {
        let clock = Instant::now();
        let market = Market::new(sources::load(&self.prices)?, self.from, self.to)?;
        market.enough_to_judge()?;
        let horizon_s = market.horizon_s as u32;
        let setting = if self.plain { Setting::plain(horizon_s) } else { Setting::recommended(horizon_s) };
        let others = if self.frontier { Setting::frontier(horizon_s) } else { Vec::new() };
        let books = portfolios::draw(&market.symbols, self.portfolios, self.seed);

        let runs = cores().min(books.len()) + others.len();
        let searched = if self.null_book { null_book::bars(&market) } else { 0 };
        let bar = ProgressBar::new((market.times.len() * runs) as u64 + searched);
        bar.set_style(ProgressStyle::with_template("{msg} [{bar:40}] {percent} %, {eta} left")?);
        let progress = |bars: u64| bar.inc(bars);
        bar.set_message(setting.name.clone());
        let history = run(&market, &books, &setting, &progress)?;
        let findings = measure(&market, &books, &history, self.seed);
        let sample = portfolios::draw(&market.symbols, self.portfolios.min(FRONTIER_BOOKS), self.seed);
        bar.set_message("frontier");
        let frontier = frontier(&market, &sample, others, self.seed, &progress)?;
        bar.set_message("null books");
        let hunts = if self.null_book { null_book::hunt(&market, self.seed, &progress)? } else { Vec::new() };
        let mut notes = market.notes.clone();
        if self.null_book && hunts.is_empty() {
            notes.push("no null book was sought: it takes two assets with full rings".into());
        }
        bar.finish_and_clear();

        let report = BacktestReport {
            symbols: market.symbols,
            source: market.source,
            interval_s: market.interval_s,
            horizon_s: market.horizon_s,
            notes,
            setting: setting.name,
            about: setting.about,
            bare: setting.core_only,
            seed: self.seed,
            portfolios: books,
            history,
            findings,
            frontier_books: if self.frontier { sample.len() } else { 0 },
            frontier,
            hunts,
            wall_seconds: clock.elapsed().as_secs_f64(),
        };
        self.write(&report)
    }

    fn write(&self, report: &BacktestReport) -> Result<()> {
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        let summary = json::render(report);
        for (name, text) in [("backtest.json", &summary), ("report.html", &html::render(report))] {
            let path = self.out.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.json {
            super::say(summary.trim_end())
        } else {
            let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(120);
            super::say(&terminal::render(report, width, std::io::stdout().is_terminal()))?;
            super::say(&format!("Report with plots: {}", self.out.join("report.html").display()))
        }
    }
}
