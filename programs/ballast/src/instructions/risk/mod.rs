//! Cranks: anybody may bring the board up to date.

pub mod accrue_interest;
pub mod attest_solvency;
pub mod health;
pub mod refresh_exposure;
pub mod refresh_implied_volatility;
pub mod refresh_price;
pub mod refresh_quote;
pub mod report_cover;
pub mod report_depth;
pub mod tick;

pub use accrue_interest::*;
pub use attest_solvency::*;
pub use health::*;
pub use refresh_exposure::*;
pub use refresh_implied_volatility::*;
pub use refresh_price::*;
pub use refresh_quote::*;
pub use report_cover::*;
pub use report_depth::*;
pub use tick::*;
