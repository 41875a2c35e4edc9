//! The calibration file: what `ballast calibrate` writes and a set-up loads.
//!
//! ```json
//! {
//!   "format": "ballast-calibration",
//!   "version": 1,
//!   "source": "BTC (spot_BTC_1h.csv.gz), bars of 1 hour",
//!   "as_of": 1704067200,
//!   "horizon_s": 3600,
//!   "fast_half_life_s": 21600,
//!   "slow_half_life_s": 259200,
//!   "assets": [
//!     { "symbol": "BTC", "variance_short": 5013254710, "variance_fast": 5161033625, "variance_slow": 4912038217, "returns": [-512, 34, …] }
//!   ]
//! }
//! ```
//!
//! - `as_of`: when the last bar closed, unix seconds. Variances are those of that moment.
//! - `variance_short`, `variance_fast`, `variance_slow`: of one horizon, in 2⁻⁴⁸ (σ = √(variance·2⁻⁴⁸)); the arguments of
//!   `load_calibration`. They belong to the half-lives named: a listing with others must not load them.
//! - `returns`: 256 standardised simple returns in 2⁻¹⁰ (1024 is one σ): the 224 rolling rows, oldest first, then
//!   the 32 of the tail memory; row by row the same hours for every asset.
//!
//! The numbers are not an estimate of what the board would hold: they are what the program's own board
//! holds after it was fed the closes.

use std::path::Path;

use anyhow::{Context, Result, bail};
use ballast_risk::ring::ROLLING;
use ballast_risk::scenario::{self, SCENARIOS};
use serde::{Deserialize, Serialize};

use crate::backtest::desk::Desk;
use crate::backtest::{Market, Setting};
use crate::prices::when;

/// [`CalibrationFile::format`].
pub const FORMAT: &str = "ballast-calibration";
/// [`CalibrationFile::version`] that this release writes and reads.
pub const VERSION: u32 = 1;

/// A calibration of several assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationFile {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Where the prices came from, in words.
    pub source: String,
    /// When the last bar closed, unix seconds.
    pub as_of: i64,
    /// The period that variances and returns speak of, seconds.
    pub horizon_s: u32,
    /// Half-lives of the variances, seconds.
    pub fast_half_life_s: u32,
    /// As `fast_half_life_s`.
    pub slow_half_life_s: u32,
    /// In the order given.
    pub assets: Vec<AssetCalibration>,
}

/// What `load_calibration` takes for one asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetCalibration {
    /// The asset, as in `BTC`.
    pub symbol: String,
    /// Short, fast and slow average of variance over the horizon, 2⁻⁴⁸.
    pub variance_short: u64,
    /// As `variance_short`.
    pub variance_fast: u64,
    /// As `variance_short`.
    pub variance_slow: u64,
    /// One standardised return a row, 2⁻¹⁰: the rolling rows, oldest first, then the tail memory.
    pub returns: Vec<i16>,
}

impl CalibrationFile {
    /// The calibration that a board holds after these prices.
    ///
    /// # Errors
    /// If an asset's history does not fill the ring, or its last bar is not the last of all.
    pub fn of(market: &Market) -> Result<Self> {
        let setting = Setting::recommended(market.horizon_s as u32);
        let mut desk = Desk::new(market, &setting)?;
        while desk.advance()?.is_some() {}
        let board = desk.board();
        let assets = market.symbols.iter().enumerate().map(|(index, symbol)| {
            let a = &board.assets[index];
            let horizon = when::span(market.horizon_s);
            if (a.rows_filled as usize) < SCENARIOS {
                bail!(
                    "{symbol} has {} returns over {horizon} in these files; a calibration takes {SCENARIOS}: give a longer \
                     price file or an earlier --from",
                    a.rows_filled
                );
            }
            if !desk.has_price(index) {
                bail!(
                    "{symbol} ends at {} UTC, before the others do ({} UTC): its variance would be old; give --to",
                    when::minute(a.publish_time),
                    when::minute(desk.now())
                );
            }
            let oldest = board.next_row as usize;
            let row = |i: usize| if i < ROLLING { (oldest + i) % ROLLING } else { i };
            let z = |i: usize| scenario::get(&board.ring[index], row(i)) as i16;
            Ok(AssetCalibration {
                symbol: symbol.clone(),
                variance_short: a.variance_short.max(1),
                variance_fast: a.variance_fast.max(1),
                variance_slow: a.variance_slow.max(1),
                returns: (0..SCENARIOS).map(z).collect(),
            })
        });
        Ok(Self {
            format: FORMAT.into(),
            version: VERSION,
            source: market.source.clone(),
            as_of: desk.now(),
            horizon_s: market.horizon_s as u32,
            fast_half_life_s: setting.asset.fast_half_life_s,
            slow_half_life_s: setting.asset.slow_half_life_s,
            assets: assets.collect::<Result<_>>()?,
        })
    }

    /// As text, an asset's returns on one line.
    ///
    /// # Errors
    /// None that can be met: all keys are strings.
    pub fn to_json(&self) -> Result<String> {
        let head = serde_json::to_string_pretty(&Self { assets: Vec::new(), ..self.clone() })?;
        let lines = self.assets.iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<_>>>()?;
        Ok(head.replace("\"assets\": []", &format!("\"assets\": [\n    {}\n  ]", lines.join(",\n    ")))
            + "\n")
    }

    /// Reads a calibration file.
    ///
    /// # Errors
    /// If there is none; as [`Self::parse`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the calibration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in {}", path.display()))
    }

    /// The same, from its text.
    ///
    /// # Errors
    /// If it is none, is of another version, or holds rows that the program would refuse.
    pub fn parse(text: &str) -> Result<Self> {
        let file: Self = serde_json::from_str(text).context("this is no calibration file")?;
        if file.format != FORMAT || file.version != VERSION {
            bail!(
                "this is '{}' version {}; expected '{FORMAT}' version {VERSION}: write it again with this release",
                file.format,
                file.version
            );
        }
        if let Some(a) = file.assets.iter().find(|a| a.returns.len() != SCENARIOS) {
            bail!("{} has {} returns; expected {SCENARIOS}", a.symbol, a.returns.len());
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::synthetic;

    fn file() -> CalibrationFile {
        CalibrationFile::of(&Market::from_paths(synthetic::crash(7)).unwrap()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let file = file();
        let text = file.to_json().unwrap();
        assert_eq!(CalibrationFile::parse(&text).unwrap(), file);
        assert!(text.lines().count() < 20, "{text}");
        assert!(CalibrationFile::parse(&text.replace("\"version\": 1", "\"version\": 2")).is_err());
        assert!(CalibrationFile::parse("{}").is_err());
    }

    #[test]
    fn returns_are_in_sigmas_and_joint() {
        let file = file();
        assert_eq!(file.assets.len(), 3);
        for a in &file.assets {
            let mean_square = a.returns.iter().map(|z| (f64::from(*z) / 1024.0).powi(2)).sum::<f64>() / 256.0;
            assert!((0.2..4.0).contains(&mean_square), "{} {mean_square}", a.symbol);
            assert!(a.variance_fast > 0 && a.variance_slow > 0);
        }
        let together: i64 = file.assets[0]
            .returns
            .iter()
            .zip(&file.assets[1].returns)
            .map(|(a, b)| i64::from(*a) * i64::from(*b))
            .sum();
        assert!(together > 0);
    }

    /// The last of the rolling rows, with the tail memory behind it, over the σ that stood before the move.
    #[test]
    fn the_last_rolling_row_is_the_last_hour() {
        let market = Market::from_paths(synthetic::crash(7)).unwrap();
        let setting = Setting::recommended(3_600);
        let mut desk = Desk::new(&market, &setting).unwrap();
        let n = market.times.len();
        for _ in 0..n - 1 {
            desk.advance().unwrap();
        }
        let sigma = desk.board().assets[2].sigma as f64 / (1_u64 << 32) as f64;
        let r = market.closes[2][n - 1] / market.closes[2][n - 2] - 1.0;
        let last = f64::from(file().assets[2].returns[ROLLING - 1]) / 1024.0;
        assert!((last - r / sigma).abs() < 0.002, "{last} is not {}", r / sigma);
    }

    #[test]
    fn an_asset_that_ended_early_is_refused() {
        let mut market = Market::from_paths(synthetic::crash(7)).unwrap();
        let n = market.times.len();
        market.closes[1][n - 5..].fill(f64::NAN);
        let said = CalibrationFile::of(&market).unwrap_err().to_string();
        assert!(said.contains("ETH ends at") && said.contains("--to"), "{said}");
        market.closes[1][..n - 200].fill(f64::NAN);
        let said = CalibrationFile::of(&market).unwrap_err().to_string();
        assert!(said.contains("ETH has 194 returns"), "{said}");
    }
}
