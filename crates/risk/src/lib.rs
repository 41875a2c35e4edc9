//! The risk engine of Ballast: what an account must hold, and why.
//!
//! A clearing house asks one question of a book: *how much does it lose, on average, in the worst
//! hours?* That number is the Expected Shortfall of the whole net portfolio, and this crate computes
//! it from a ring of joint scenarios under current volatility (filtered historical simulation,
//! Barone-Adesi, Giannopoulos and Vosper 1999; Hull and White 1998):
//!
//! ```text
//! w_i     net exposure to asset i, in quote (collateral + perpetuals)
//! σ_i     current volatility over the horizon
//! z[s][i] return of asset i in scenario s, in units of the σ that stood before it
//! loss_s  = − Σ_i w_i·σ_i·z[s][i]
//! core    = mean of the worst ⌈2.5 %·256⌉ = 7 losses
//! MM      = core + Σ_i Δ_i·|w_i|           Δ_i: add-on of the asset on that side, never netted
//! IM      = κ·MM, at the worse of spot and stable price
//! ```
//!
//! Rows are *joint*: they carry correlation, tails and asymmetry by construction, and every asset
//! enters at its plain σ over the same horizon. That is what makes netting honest; whatever is
//! particular to an asset (its haircut floor, its newness) is an add-on that nets with nothing.
//!
//! The crate is integers only, `no_std`, and knows no account of any chain. Data flows one way:
//!
//! | module | from → to |
//! |---|---|
//! | [`fixed`] | the arithmetic: scales, rounding, error bounds |
//! | [`price`] | oracle decimals → binary-scaled prices, so that margin maths has no division |
//! | [`volatility`] | refreshes → two-speed variance → σ |
//! | [`scenario`] | ticks → ring of standardised returns → tails, and the Expected Shortfall of a book |
//! | [`haircut`] | σ and tails → haircuts inside governance's bounds → add-ons |
//! | [`book`] | holdings → legs → equity, MM, IM |
//! | [`option`] | option positions → their values, deltas and least charges, by [`black`] and [`table`] |
//! | [`curve`], [`rows`] | all options on an asset → profit over the return → profit in every scenario |
//! | [`liquidation`] | a proposed takeover → its terms, and whether its outcome is admissible |
//! | [`fill`] | a proposed fill → whether its price and its outcome are admissible |
//! | [`settlement`] | who may pay and who may be paid, so that profit stays junior to deposits |
//!
//! Rounding is against the account throughout: values down, requirements up. Every operation on
//! money is checked; a result outside the declared domain is an error, never a wrapped number.
#![cfg_attr(not(test), no_std)]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

pub mod black;
pub mod book;
pub mod curve;
pub mod error;
pub mod fill;
pub mod fixed;
pub mod haircut;
pub mod liquidation;
pub mod option;
pub mod price;
pub mod rows;
pub mod scenario;
pub mod settlement;
pub mod table;
pub mod volatility;

pub use error::{Result, RiskError};
