//! Keeps a clearinghouse going: cranks its risk state, and liquidates what falls short.
//!
//! | module | what it does |
//! |---|---|
//! | [`config`] | what the keeper is told |
//! | [`chain`] | the node: asking, listening, reading everything again |
//! | [`book`] | what the keeper believes stands on the chain, and how it is kept from growing older |
//! | [`fresh`] | the board as it will be once the posted prices are on it |
//! | [`watch`] | which accounts are near their MM |
//! | [`decide`] | from the book to what is to be done |
//! | [`act`] | from what is to be done to transactions, and to their end |
//! | [`journal`] | all of it in SQLite, so that a restart neither loses nor repeats |
//! | [`shard`] | whose turn it is, where several keepers share a house |
//! | [`alerts`], [`webhook`], [`metrics`] | what people are told, how they are told it, and what is counted |
//! | [`run`], [`tasks`] | the loop that holds them together, and what goes on beside it |

pub mod act;
pub mod alerts;
pub mod book;
pub mod chain;
pub mod config;
pub mod decide;
pub mod fresh;
pub mod journal;
pub mod metrics;
pub mod run;
pub mod shard;
pub mod tasks;
pub mod watch;
pub mod webhook;
