//! What happens when an account falls short.

pub mod clock;
pub mod liquidate;
pub mod resolve_bankruptcy;
pub mod set_alerts;
pub mod touch_account;

pub use liquidate::*;
pub use resolve_bankruptcy::*;
pub use set_alerts::*;
pub use touch_account::*;
