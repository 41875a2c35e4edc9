//! Positions and their settlement.

pub(crate) mod book;
pub mod fix_settlement_price;
pub mod match_fill;
pub mod settle;
pub mod sweep_fees;
pub mod touch_position;

pub use fix_settlement_price::*;
pub use match_fill::*;
pub use settle::*;
pub use sweep_fees::*;
pub use touch_position::*;
