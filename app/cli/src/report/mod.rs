//! What a demo run shows: the same [`DemoReport`] as JSON, on the terminal, and as one self-contained HTML page.
//!
//! Nothing here computes risk or money; it only words and draws what the simulation measured.

pub mod format;
pub mod html;
pub mod json;
pub mod model;
pub(crate) mod page;
pub mod plot;
pub(crate) mod scale;
pub(crate) mod table;
pub mod terminal;

pub use self::model::{
    AssetPoint, AssetTrack, DemoReport, LiquidationRow, TraderPoint, TraderRole, TraderTrack, Verdict,
};

#[cfg(test)]
pub(crate) mod sample;
