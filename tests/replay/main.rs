//! The demo under audit, and random sequences of instructions.

mod audit;
mod audit_command;
mod binding;
mod common;
mod layout;
mod options;
mod poking;
mod sequences;
mod tampering;
