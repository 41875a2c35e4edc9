//! Facts and attacks, one file a feature: every instruction on its good path, and every way to be
//! refused by it, with the error named and nothing changed.

mod account;
mod common;
mod deposit;
mod fees;
mod governance;
mod health;
mod liquidate;
mod listing;

mod match_fill;
mod migrate;
mod options;
mod oracle;
mod settle;
mod tick;
mod tokens;
mod withdraw;
