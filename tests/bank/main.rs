//! The main path through a bank.
