use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::backtest::{Market, sources};
use crate::calibration::file::CalibrationFile;
use crate::prices::when;

/// What a board would know of an asset after these prices.
#[derive(Args)]
pub struct Calibrate {
    /// OHLCV files, or folders of them (CSV, gzip too): columns ts,open,high,low,close,volume;
    /// SYMBOL=path names the coin
    #[arg(long, num_args = 1.., required = true, value_name = "FILE")]
    prices: Vec<String>,
    /// Leave out bars before this time (2022-05-01, 2022-05-01T12:00 or unix seconds)
    #[arg(long, value_parser = when::parse)]
    from: Option<i64>,
    /// Know nothing from this time on
    #[arg(long, value_parser = when::parse)]
    to: Option<i64>,
    /// Where the calibration is written (JSON)
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Calibrate {
    pub(super) fn run(self) -> Result<()> {
        let mut sources = sources::load(&self.prices)?;
        if let Some(from) = self.from {
            sources.series.iter_mut().for_each(|s| s.bars.retain(|b| b.ts >= from));
            if let Some(s) = sources.series.iter().find(|s| s.bars.is_empty()) {
                bail!("{} has no bar from {} UTC on: give an earlier --from", s.symbol, when::minute(from));
            }
        }
        let market = Market::new(sources, None, self.to)?;
        let file = CalibrationFile::of(&market)?;
        if let Some(folder) = self.out.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        std::fs::write(&self.out, file.to_json()?)
            .with_context(|| format!("cannot write the calibration to {}", self.out.display()))?;
        for note in &market.notes {
            eprintln!("note: {note}");
        }
        let names: Vec<&str> = file.assets.iter().map(|a| a.symbol.as_str()).collect();
        super::say(&format!(
            "{}: 256 returns over {} each for {}, as of {} UTC",
            self.out.display(),
            when::span(i64::from(file.horizon_s)),
            names.join(", "),
            when::minute(file.as_of)
        ))
    }
}
