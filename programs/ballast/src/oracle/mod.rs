//! Prices, one source a file.

pub mod pyth;
