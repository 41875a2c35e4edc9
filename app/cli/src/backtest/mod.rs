//! The engine over history: is the margin that it asks for the margin that is needed?
//!
//! ```text
//! files → sources (which, why not the others) → market (closes on one clock)
//!       → desk (the program's own risk board, one bar at a time) × portfolios → tracks (margin, then loss)
//!       → measures (coverage, clustering, cost; the same for fixed haircuts) → report
//! ```
//!
//! **No peeking.** A margin is asked of the board after it has seen the close of an hour, and nothing
//! later; the loss that it is held against is the one of the hour that follows. The board warms up on
//! 256 rows of the data given before anything is judged. Only the fixed haircuts, which the model is
//! compared with, know the whole history: they are what a venue would have set in hindsight.
//!
//! **Every close counts once.** σ is fed with closes, not with the four prices inside a bar: the way
//! between a bar's extremes is made up, and as realised variance it would be too much.
//!
//! **Books keep their weights.** A book is resized every hour to constant weights in quote with a gross
//! exposure of one, so a margin reads as a fraction of gross and does not drift with prices.

pub mod desk;
pub mod fixed;
pub mod market;
pub mod measures;
pub mod null_book;
pub mod portfolios;
pub mod procyclicality;
pub mod report;
pub mod run;
pub mod setting;
pub mod sources;
pub mod statistics;

pub use market::Market;
pub use measures::{Findings, measure};
pub use portfolios::{Class, Portfolio};
pub use run::{History, run};
pub use setting::Setting;
