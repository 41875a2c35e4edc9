use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::demo::{Options, run};
use crate::prices::{self, PricePaths, when};
use crate::report;

/// Replay a price path through the compiled program.
#[derive(Args)]
pub struct Demo {
    /// OHLCV files (CSV, gzip too): columns ts,open,high,low,close,volume; SYMBOL=path names the coin.
    /// Without any, a synthetic crash is generated
    #[arg(long, num_args = 1.., value_name = "FILE")]
    prices: Vec<String>,
    /// Replay from this time on (2022-05-01, 2022-05-01T12:00 or unix seconds)
    #[arg(long, value_parser = when::parse)]
    from: Option<i64>,
    /// Replay up to this time
    #[arg(long, value_parser = when::parse)]
    to: Option<i64>,
    /// Seed of the synthetic crash
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where the HTML report is written
    #[arg(long, default_value = "target/demo/report.html", value_name = "FILE")]
    html: PathBuf,
    /// Print a machine-readable summary instead of the report
    #[arg(long)]
    json: bool,
}

impl Demo {
    fn paths(&self) -> Result<PricePaths> {
        if self.prices.is_empty() {
            return Ok(prices::synthetic::crash(self.seed));
        }
        let window = match (self.from, self.to) {
            (None, None) => None,
            (from, to) => Some((from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX))),
        };
        Ok(prices::load_all(&self.prices, window)?)
    }

    pub(super) fn run(self) -> Result<()> {
        let paths = self.paths()?;
        let names: Vec<&str> = paths.series.iter().map(|s| s.symbol.as_str()).collect();
        let title = format!("{} through the clearinghouse", names.join(", "));
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{msg} [{bar:40}] {pos}/{len} bars, {eta} left")?);
        bar.set_message("replaying");
        let mut progress = |done: usize, all: usize| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        };
        let result =
            run(&paths, Options { title, progress: &mut progress, watch: &mut |_| {}, signed: true })?;
        bar.finish_and_clear();

        if let Some(folder) = self.html.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        std::fs::write(&self.html, report::html::render(&result))
            .with_context(|| format!("cannot write the report to {}", self.html.display()))?;
        if self.json {
            println!("{}", report::json::render(&result));
        } else {
            let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(120);
            let colour = std::io::stdout().is_terminal();
            println!("{}", report::terminal::render(&result, width, colour));
            println!("Report with plots: {}", self.html.display());
        }
        if result.conservation_error != 0 {
            return Err(anyhow!("the books do not balance: {} units are off", result.conservation_error));
        }
        Ok(())
    }
}
