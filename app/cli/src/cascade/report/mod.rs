//! What the cascade shows: the same [`CascadeReport`] as JSON, on the terminal, and as one HTML page.

pub mod html;
pub mod json;
pub mod terminal;

use super::Run;
use super::collusion::{Book, Cell, First, Liquidator, Outcome};
use super::expectation::{self, Expectation, Steps};

/// Everything there is to show.
#[derive(Clone, Debug)]
pub struct CascadeReport {
    /// Four runs of a seed, as [`super::Limits::ALL`].
    pub runs: Vec<Run>,
    /// Books of the grid.
    pub books: Vec<Book>,
    /// The grid; empty where it was left out.
    pub cells: Vec<Cell>,
    /// Steps of real prices; empty where none were given.
    pub steps: Vec<Steps>,
}

impl CascadeReport {
    /// The most that a book gains at every jump, by who comes first, or whoever does.
    fn gains(&self, book: usize, first: Option<First>) -> Vec<(f64, f64)> {
        let most = |jump: f64| {
            let cells = self.cells.iter().filter(|c| c.book == book && c.jump == jump);
            let cells = cells.filter(|c| first.is_none_or(|f| c.first == f));
            cells.map(|c| c.outcome.gain).max_by(f64::total_cmp)
        };
        self.jumps().into_iter().filter_map(|jump| Some((jump, most(jump)?))).collect()
    }

    /// What a book may expect over each kind of steps.
    fn expectations(&self, book: usize) -> Vec<(&Steps, Expectation)> {
        let gains = self.gains(book, None);
        self.steps.iter().map(|steps| (steps, expectation::expect(&gains, steps))).collect()
    }

    /// A cell of the grid: the worst for the house of all ways to play it.
    fn worst(&self, book: usize, jump: f64) -> Option<Outcome> {
        let cells = self.cells.iter().filter(|c| c.book == book && c.jump == jump);
        cells.map(|c| c.outcome).max_by(|a, b| a.gain.total_cmp(&b.gain))
    }

    /// Jumps of the grid, in order.
    fn jumps(&self) -> Vec<f64> {
        let mut jumps: Vec<f64> = self.cells.iter().map(|c| c.jump).collect();
        jumps.sort_by(f64::total_cmp);
        jumps.dedup();
        jumps
    }

    /// Mean gain over a jump and its opposite, as a share of what was put in, at the worst such pair.
    fn expected(&self, book: usize) -> Option<(f64, f64)> {
        let both = |size: f64| Some((self.worst(book, size)?.gain + self.worst(book, -size)?.gain) / 2.0);
        let sizes = self.jumps().into_iter().filter(|j| *j > 0.0);
        sizes.filter_map(|size| Some((size, both(size)?))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Largest gain on any path, by who liquidates.
    fn most(&self, liquidator: Liquidator) -> Option<&Cell> {
        let cells = self.cells.iter().filter(|c| c.liquidator == liquidator);
        cells.max_by(|a, b| a.outcome.gain.total_cmp(&b.outcome.gain))
    }
}
