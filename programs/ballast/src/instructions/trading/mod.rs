//! Positions and their settlement.

pub mod match_fill;
pub mod settle;
pub mod sweep_fees;

pub use match_fill::*;
pub use settle::*;
pub use sweep_fees::*;
