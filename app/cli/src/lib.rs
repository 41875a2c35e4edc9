//! What the `ballast` command is made of.
//!
//! | module | what it gives |
//! |---|---|
//! | [`prices`] | price files in, clean bars out; a synthetic crash |
//! | [`audit`] | every balance summed up again; a Merkle-sum proof of it |
//! | [`backtest`] | the engine over history: coverage, clustering and cost of its margins |
//! | [`calibration`] | history in, what a board is loaded with before it opens out |
//! | [`demo`] | replays bars through the compiled program, with traders and keepers |
//! | [`localnet`] | a local cluster in one command: node, house, people, prices, keeper, gateway |
//! | [`migrate`] | a clearinghouse's config in, what is left to be done on a cluster out |
//! | [`report`] | what the demo shows: terminal, one HTML page, JSON |
//! | [`cascade`] | a crash by the second, with keepers who move the price; collusion on both sides of a jump |
//! | [`commands`] | the command line |

pub mod amount;
pub mod audit;
pub mod backtest;
pub mod calibration;
pub mod cascade;
pub mod commands;
pub mod demo;
pub mod localnet;
pub mod migrate;
pub mod node;
pub mod prices;
pub mod random;
pub mod report;
pub mod settings;
