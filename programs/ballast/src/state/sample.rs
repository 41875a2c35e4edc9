//! What the sources of a price said, and what became of it.

use ballast_risk::breaker::{Cause, State};
use ballast_risk::price::Price;

/// What the sources of an asset's price say at a time.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Quote micro-units a native unit; or why nothing may be concluded from them.
    pub said: Result<Price, Cause>,
    /// Unix seconds.
    pub publish_time: i64,
    /// How long the source itself had been silent before, seconds.
    pub silence_s: i64,
    /// Basis points of the price.
    pub confidence_bps: u32,
}

/// What a sample did to the breaker.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// State before.
    pub from: State,
    /// State after.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// Whether it became the price.
    pub taken: bool,
}
