//! What an owner does with a margin account.

pub mod close_margin_account;
pub mod count_loan;
pub mod deposit;
pub mod open_margin_account;
pub mod set_delegate;
pub mod set_mode;
pub mod set_restriction;
pub mod transfer;
pub mod withdraw;

pub use close_margin_account::*;
pub use count_loan::*;
pub use deposit::*;
pub use open_margin_account::*;
pub use set_delegate::*;
pub use set_mode::*;
pub use set_restriction::*;
pub use transfer::*;
pub use withdraw::*;
