//! Whole commands on the compiled program, without a node: what they do, what they answer, and what they refuse.

mod chain;
mod clock;
mod govern;
mod money;
mod trade;
