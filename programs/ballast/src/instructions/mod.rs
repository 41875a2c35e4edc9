//! Instructions, one file each: its accounts with every check spelt out, its handler, its event.

pub mod account;
pub mod backstop;
pub mod governance;
pub mod liquidation;
pub mod risk;
pub mod trading;

pub use account::*;
pub use backstop::*;
pub use governance::*;
pub use liquidation::*;
pub use risk::*;
pub use trading::*;
