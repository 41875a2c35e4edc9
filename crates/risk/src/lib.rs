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
//! ES      = mean of the worst ⌈2.5 %·256⌉ = 7 losses
//! core    = max(ES, (1 − ω)·ES + ω·stress)
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
//! | [`forecast`] | averages of variance → one-step forecast → σ that is expected |
//! | [`implied`] | an option market's volatility → σ that is expected |
//! | [`index`] | σ of the market → how often to tick, how much notice MM gives |
//! | [`ring`] | ticks → which rows of the ring are written, and which stay |
//! | [`scenario`] | ring of standardised returns → tails, and the Expected Shortfall of a book |
//! | [`stress`] | governance's shocks → the loss that the ring has not seen |
//! | [`liquidity`] | depth and open interest → the cost of getting out |
//! | [`haircut`] | all of these, for one asset → haircuts inside governance's bounds → add-ons |
//! | [`breaker`] | samples of sources → which price is acted upon, and in which state the asset is |
//! | [`envelope`] | a configuration → whether an accepted move could bankrupt a healthy account |
//! | [`asset`] | what the board publishes of an asset, as the engine reads it |
//! | [`book`], [`margin`] | holdings → legs → equity, MM, IM |
//! | [`explain`] | a margin → what each leg adds, the worst rows, the distance to liquidation |
//! | [`option`] | option positions → their values, deltas and least charges, by [`black`] and [`table`] |
//! | [`curve`], [`rows`] | all options on an asset → profit over the return → profit in every scenario |
//! | [`shape`], [`option_book`] | the same under absolute shocks → an account's options in its margin |
//! | [`liquidation`] | a proposed takeover → its terms, and whether its outcome is admissible |
//! | [`penalty`] | depth and time below MM → what a takeover costs; what insurance adds where nothing is left |
//! | [`phase`] | what was taken lately → how much more may be taken now |
//! | [`fill`] | a proposed fill → whether its price and its outcome are admissible |
//! | [`side`] | deleveraging and funding of a whole side → what a position has become |
//! | [`waterfall`] | a deficit → who pays for it, in which order |
//! | [`cover`] | the two largest shortfalls → whether a market may grow |
//! | [`interest`] | how much quote is lent → what a loan owes |
//! | [`window`] | how much passed lately → whether more may |
//! | [`quoting`], [`shares`], [`funding`] | a backstop's inventory → its price, its shares, what the crowded side pays |
//! | [`settlement`] | who may pay and who may be paid, so that profit stays junior to deposits |
//!
//! Rounding is against the account throughout: values down, requirements up. Every operation on
//! money is checked; a result outside the declared domain is an error, never a wrapped number.
#![cfg_attr(not(test), no_std)]
#![deny(clippy::float_arithmetic)]

extern crate alloc;

pub mod asset;
pub mod black;
pub mod book;
pub mod breaker;
pub mod cover;
pub mod curve;
pub mod envelope;
pub mod error;
pub mod explain;
pub mod fill;
pub mod fixed;
pub mod forecast;
pub mod funding;
pub mod haircut;
pub mod implied;
pub mod index;
pub mod interest;
mod leg;
pub mod liquidation;
pub mod liquidity;
pub mod margin;
pub mod option;
pub mod option_book;
pub mod penalty;
pub mod phase;
pub mod price;
pub mod quoting;
pub mod ring;
pub mod rows;
pub mod scenario;
pub mod settlement;
pub mod shape;
pub mod shares;
pub mod side;
pub mod stress;
pub mod table;
pub mod volatility;
pub mod waterfall;
pub mod window;

pub use error::{Result, RiskError};
