//! Facts and attacks, one file a feature: every instruction on its good path, and every way to be
//! refused by it, with the error named and nothing changed.

mod account;
mod backstop_lp;
mod backstop_trade;
mod common;
mod crowding;
mod deposit;
mod envelope;
mod explain;
mod fees;
mod funding;
mod governance;
mod health;
mod implied;
mod index;
mod later_asset;
mod liquidate;
mod liquidity;
mod listing;
mod match_fill;
mod migrate;
mod notice;
mod options;
mod oracle;
mod settle;
mod stress;
mod tail_memory;
mod takeover;
mod tick;
mod tokens;
mod withdraw;
