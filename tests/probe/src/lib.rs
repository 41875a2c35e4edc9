//! The risk engine's arithmetic as a program of its own, to compare the VM with native code.
//!
//! A *case* is a family ([`Family`]) and a seed: its inputs are drawn from the seed, on either side by
//! the same code, and inputs and results are folded into a digest. The test asks the VM for the digest
//! of a batch, computes it natively, and where the two differ asks for the words of single cases.
//!
//! | module | what it does |
//! |---|---|
//! | [`draw`] | numbers that are often extreme |
//! | [`cases`] | one function a family |
//! | [`wire`] | request and answer, as bytes |
//! | `entry` | the program's entry point; only in the VM |

extern crate alloc;

pub mod cases;
pub mod draw;
pub mod wire;

#[cfg(any(target_arch = "bpf", target_os = "solana"))]
mod entry;

#[cfg(target_arch = "bpf")]
use sbf_builtins as _;

pub use cases::{Family, Ring};
pub use wire::{Answer, Request, answer};
