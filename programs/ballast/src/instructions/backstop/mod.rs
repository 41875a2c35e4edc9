//! Capital that quotes in a market and takes over what nobody liquidates.

pub mod backstop_deposit;
pub mod backstop_withdraw;
pub mod close_request;
pub mod create_backstop;
pub mod execute_trade;
pub mod open_backstop_share;
pub mod request_trade;
pub mod request_withdrawal;
pub(crate) mod slice;
pub mod take_over;
pub mod update_funding;

pub use backstop_deposit::*;
pub use backstop_withdraw::*;
pub use close_request::*;
pub use create_backstop::*;
pub use execute_trade::*;
pub use open_backstop_share::*;
pub use request_trade::*;
pub use request_withdrawal::*;
pub use take_over::*;
pub use update_funding::*;
