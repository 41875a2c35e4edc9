//! Facts and attacks, one file a feature: every instruction on its good path, and every way to be
//! refused by it, with the error named and nothing changed.

mod account;
mod breaker;
mod common;
mod crowding;
mod depeg;
mod deposit;
mod envelope;
mod explain;
mod fees;
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
mod outage;
mod second_source;
mod settle;
mod staked;
mod stress;
mod tail_memory;
mod tick;
mod tokens;
mod withdraw;
