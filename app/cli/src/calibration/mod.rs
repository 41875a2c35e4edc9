//! Calibration from history, by the program's own engine.
//!
//! The path is walked point by point exactly as the board will be fed after it, so that σ means the same
//! before and after the clearinghouse opens. Rows are standardised returns over the horizon, taken at
//! 256 evenly spaced moments. The demo has little history and spreads them over it, where their hours
//! overlap, which repeats information but biases nothing ([`calibrate`]). With history enough, nothing
//! has to be spread: a board that was there all along is asked what it holds ([`file`](mod@file)).

pub mod file;
mod scale;

use anyhow::{Context, Result, ensure};
use ballast::instructions::LoadCalibrationArgs;
use ballast_risk::price::Price;
use ballast_risk::scenario::{self, SCENARIOS};
use ballast_risk::volatility::{VolatilityParams, VolatilityState};

pub use self::scale::PriceScale;

/// One asset's path: (unix seconds, dollars), ascending.
pub type Path = [(i64, f64)];

/// How an asset's price and variance are scaled on the board.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How prices are written.
    pub price: PriceScale,
    /// σ before the first point, a rate.
    pub prior: u64,
    /// How variance is sampled.
    pub volatility: VolatilityParams,
}

/// Variances and scenarios of one asset.
///
/// # Errors
/// If the path is shorter than two horizons, or a price is out of range.
pub fn calibrate(asset: u8, path: &Path, scale: &Scale) -> Result<LoadCalibrationArgs> {
    let horizon = i64::from(scale.volatility.horizon_s);
    let (first, last) = match (path.first(), path.last()) {
        (Some(a), Some(b)) => (a.0, b.0),
        _ => (0, 0),
    };
    ensure!(last - first >= 2 * horizon, "calibration needs at least two horizons of history");

    let mut state = VolatilityState::with_prior(scale.prior);
    let mut seen: Vec<(i64, Price, u64)> = Vec::with_capacity(path.len());
    for (time, dollars) in path {
        let price = scale.price.price(*dollars).context("a historical price is out of range")?;
        let sigma = state.observe(&scale.volatility, &price, *time)?.sigma;
        seen.push((*time, price, sigma));
    }

    let at = |time: i64| seen[seen.partition_point(|p| p.0 <= time).saturating_sub(1)];
    let start = first + horizon;
    let returns = (0..SCENARIOS as i64)
        .map(|row| {
            let end = at(start + (last - start) * (row + 1) / SCENARIOS as i64);
            let begin = at(end.0 - horizon);
            let r = end.1.simple_return(&begin.1)?;
            let elapsed = (end.0 - begin.0).max(1) as u64;
            Ok(scenario::standardise(r, begin.2, elapsed, horizon as u64) as i16)
        })
        .collect::<Result<Vec<i16>>>()?;
    Ok(LoadCalibrationArgs {
        asset,
        variance_short: state.short.max(1),
        variance_fast: state.fast.max(1),
        variance_slow: state.slow.max(1),
        returns,
    })
}
