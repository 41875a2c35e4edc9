//! Facts and attacks, one file a feature: every instruction on its good path, and every way to be
//! refused by it, with the error named and nothing changed.

mod account;
mod bankruptcy;
mod common;
mod crowding;
mod deposit;
mod envelope;
mod explain;
mod fees;
mod governance;
mod health;
mod implied;
mod index;
mod later_asset;
mod lending;
mod liquidate;
mod liquidity;
mod listing;
mod match_fill;
mod migrate;
mod notice;
mod options;
mod oracle;
mod settle;
mod side_index;
mod stress;
mod tail_memory;
mod tick;
mod tokens;
mod withdraw;
