//! Migrations: what a cluster should hold, and what is left to be done until it does.
//!
//! A config says how a clearinghouse is set up: parameters, roles, assets, markets. `plan` holds it against what stands
//! on the chain and lists the steps from the one to the other, each an instruction with who has to sign it. What is
//! there already is no step, so a config can be applied as often as one likes. A parameter that differs is moved
//! as governance's table says: at once where that is allowed, else by a proposal that waits, one step at a time.

mod announced;
mod chain;
mod config;
mod idl;
mod parameters;
mod plan;

pub use self::chain::{Chain, Memory};
pub use self::config::{Config, Given};
pub use self::plan::{Difference, Keys, Plan, Signer, Step, plan};
