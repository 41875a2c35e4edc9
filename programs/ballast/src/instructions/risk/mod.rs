//! Cranks: anybody may bring the board up to date.

pub mod health;
pub mod refresh_price;
pub mod tick;

pub use health::*;
pub use refresh_price::*;
pub use tick::*;
