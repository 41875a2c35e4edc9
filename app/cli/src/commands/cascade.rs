use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cascade::report::{CascadeReport, html, json, terminal};
use crate::cascade::{Limits, MAX_JUMP_BPS, Scenario, collusion, expectation, parallel, simulation};

/// Run a crash like that of 10 October 2025 through the compiled program.
#[derive(Args)]
pub struct Cascade {
    /// First seed of books, noise and deaths
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many seeds
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Margin accounts
    #[arg(long, default_value_t = 500)]
    accounts: usize,
    /// Distance from the stable price that guards an asset where there is a breaker, basis points
    #[arg(long, default_value_t = MAX_JUMP_BPS, value_name = "BPS")]
    max_jump_bps: u32,
    /// Leave out the grid of colluding accounts
    #[arg(long)]
    no_collusion: bool,
    /// Leave out the crash
    #[arg(long)]
    no_crash: bool,
    /// Folder with price files (spot_*_1m*, spot_*_1h*) over whose steps collusion's expectation is taken
    #[arg(long, value_name = "DIR")]
    steps: Option<PathBuf>,
    /// Where report.html and cascade.json are written
    #[arg(long, default_value = "target/cascade", value_name = "DIR")]
    out: PathBuf,
    /// Print the summary as JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Cascade {
    pub(super) fn run(self) -> Result<()> {
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len}, {eta} left")?);
        let seeds = self.seed..self.seed + if self.no_crash { 0 } else { self.seeds };
        let scenarios: Vec<Scenario> = seeds
            .flat_map(|seed| Limits::ALL.map(|limits| Scenario::of(seed, self.accounts, limits)))
            .map(|scenario| Scenario { max_jump_bps: self.max_jump_bps, ..scenario })
            .collect();
        bar.set_message("crashes");
        bar.set_length(scenarios.len() as u64);
        let mut progress = |done: usize| bar.set_position(done as u64);
        let crash = |at: usize| simulation::run(&scenarios[at], &mut |_| {});
        let runs = parallel::each(scenarios.len(), crash, &mut progress)?;
        let mut cells = Vec::new();
        if !self.no_collusion {
            bar.set_message("collusion");
            let ways: usize = collusion::BOOKS.iter().map(|book| 2 * book.firsts().len()).sum();
            bar.set_length((ways * collusion::JUMPS.len()) as u64);
            let mut progress = |done: usize| bar.set_position(done as u64);
            cells = collusion::grid(&collusion::BOOKS, &collusion::JUMPS, &mut progress)?;
        }
        bar.finish_and_clear();
        let mut steps = Vec::new();
        for (name, ending) in [("a minute", "_1m"), ("an hour", "_1h")] {
            match &self.steps {
                Some(folder) => steps.extend(expectation::load(folder, name, ending)?),
                None => break,
            }
        }
        if !self.no_collusion && steps.is_empty() {
            eprintln!("No price files are given (--steps): no expectation of collusion over real steps.");
        }
        let report = CascadeReport { runs, books: collusion::BOOKS.to_vec(), cells, steps };

        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot create {}", self.out.display()))?;
        let summary = json::render(&report)?;
        for (name, text) in [("cascade.json", &summary), ("report.html", &html::render(&report))] {
            let path = self.out.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        if self.json {
            super::say(summary.trim_end())?;
        } else {
            let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(120);
            super::say(&terminal::render(&report, width, std::io::stdout().is_terminal()))?;
            super::say(&format!("Report with plots: {}", self.out.join("report.html").display()))?;
        }
        match report.runs.iter().find(|run| run.worst_error() != 0) {
            Some(run) => Err(anyhow!("the books do not balance: {} units are off", run.worst_error())),
            None => Ok(()),
        }
    }
}
