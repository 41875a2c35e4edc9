//! What collusion comes to over the steps that real prices made.
//!
//! The gain of a book is known at the jumps of the grid; between two of them it is taken as linear, and at no jump it is
//! what the fees take. The expectation is the mean over all steps from one close to the next in files of real prices: what
//! two accounts may expect who open the book before a step of which they know nothing, and close it after.

use std::path::Path;

use anyhow::{Context, Result};

use crate::prices;

/// Steps of one length.
#[derive(Clone, Debug)]
pub struct Steps {
    /// In words.
    pub name: &'static str,
    /// Simple returns from one close to the next; none across gaps.
    pub returns: Vec<f64>,
}

/// What a book may expect over some steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// Mean gain of a step, dollars.
    pub mean: f64,
    /// The part of it where there is a gain, dollars.
    pub gains: f64,
    /// Share of steps with a gain.
    pub share: f64,
}

/// Loads every file of a folder whose name has this ending, e.g. `_1h`; `None` where there is no such file.
///
/// # Errors
/// If a file cannot be read.
pub fn load(folder: &Path, name: &'static str, ending: &str) -> Result<Option<Steps>> {
    let Ok(found) = std::fs::read_dir(folder) else { return Ok(None) };
    let mut files: Vec<_> = found.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut returns = Vec::new();
    for file in files {
        let label = file.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if !(label.starts_with("spot_") && label.contains(ending)) {
            continue;
        }
        let series = prices::csv::load_as("X", &file).with_context(|| format!("cannot read {label}"))?;
        let gap = series.bars.windows(2).map(|pair| pair[1].ts - pair[0].ts).min().unwrap_or(0);
        let near = series.bars.windows(2).filter(|pair| pair[1].ts - pair[0].ts == gap);
        returns.extend(near.map(|pair| pair[1].close / pair[0].close - 1.0));
    }
    Ok((!returns.is_empty()).then_some(Steps { name, returns }))
}

/// Gain at a jump, between the points of a grid (jump, gain) that is sorted; beyond its ends as at them.
#[must_use]
pub fn between(grid: &[(f64, f64)], jump: f64) -> f64 {
    let above = grid.partition_point(|(at, _)| *at < jump);
    match (above.checked_sub(1).and_then(|b| grid.get(b)), grid.get(above)) {
        (Some((x, y)), Some((to, top))) => y + (top - y) * (jump - x) / (to - x),
        (Some((_, y)), None) | (None, Some((_, y))) => *y,
        (None, None) => 0.0,
    }
}

/// The mean over steps of a gain that is known on a grid.
#[must_use]
pub fn expect(grid: &[(f64, f64)], steps: &Steps) -> Expectation {
    let gains = steps.returns.iter().map(|step| between(grid, *step));
    let (mut sum, mut positive, mut count) = (0.0, 0.0, 0);
    for gain in gains {
        sum += gain;
        positive += gain.max(0.0);
        count += usize::from(gain > 0.0);
    }
    let n = steps.returns.len().max(1) as f64;
    Expectation { mean: sum / n, gains: positive / n, share: count as f64 / n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_what_lies_between_the_points_of_the_grid() {
        let grid = [(-0.2, 30.0), (-0.1, 0.0), (0.0, -1.0), (0.1, 0.0)];
        assert!((between(&grid, -0.15) - 15.0).abs() < 1e-9 && between(&grid, -0.5) == 30.0);
        let steps = Steps { name: "", returns: vec![-0.2, 0.0, 0.0, 0.0] };
        let found = expect(&grid, &steps);
        assert_eq!((found.mean, found.gains, found.share), (27.0 / 4.0, 7.5, 0.25));
    }
}
