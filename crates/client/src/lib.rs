//! Rust SDK for Ballast.
//!
//! | module | what it gives |
//! |---|---|
//! | [`authority`] | who can replace the program, and after which delay |
//! | [`deployment`] | the addresses of a clearinghouse |
//! | [`instructions`] | a builder for every instruction |
//! | [`decode`] | accounts from raw bytes |
//! | [`events`] | events from transaction logs |
//! | [`health`] | equity, MM and IM off-chain, by the program's own engine |
//! | [`plan`] | the best liquidation of an account, as a keeper sees it |

mod address;
pub mod authority;
pub mod decode;
pub mod deployment;
pub mod events;
pub mod explain;
pub mod haircut;
pub mod health;
pub mod instructions;
pub mod plan;

pub use ballast;
pub use ballast_risk as risk;
pub use deployment::Deployment;
