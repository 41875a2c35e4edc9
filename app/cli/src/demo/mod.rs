//! The demo: a price path, bar by bar, through the compiled program.
//!
//! A clearinghouse is set up in an in-process VM. The first part of the path calibrates it, the next
//! day of it lets the assets live long enough to net; then a dozen traders with different books come
//! in, and everything that follows is what the program does with them: refreshes, ticks, liquidations
//! by keepers, settlement. Nothing here decides a margin; this module only sends transactions and
//! writes down what they did.

pub mod cast;
pub mod replay;

pub use replay::{Moment, Options, Stage, run};
