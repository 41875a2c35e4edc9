//! What happens when an account falls short.

pub mod liquidate;

pub use liquidate::*;
