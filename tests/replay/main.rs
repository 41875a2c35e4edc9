//! The demo under audit, and random sequences of instructions.

mod audit;
mod binding;
mod common;
mod layout;
mod poking;
mod sequences;
mod tampering;
