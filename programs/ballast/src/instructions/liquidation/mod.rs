//! What happens when an account falls short.

pub mod liquidate;
pub mod resolve_bankruptcy;

pub use liquidate::*;
pub use resolve_bankruptcy::*;
