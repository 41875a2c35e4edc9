//! History of a clearinghouse, and the gateway that serves it.
//!
//! The chain knows what is; it does not keep what was. This crate stands beside a node, writes down what the program
//! said and what the board showed, and answers questions about it over HTTP, next to the files of the dApp. It holds no
//! key and nothing that the chain has not published: lose the database, and the events come back from the node; what is
//! lost are the samples between them.
//!
//! ```text
//!   node ──logsSubscribe──▶ subscribe ─┐
//!        ──signatures, transactions──▶ sweep ─┴─▶ logs ─▶ idl ─▶ store ─▶ api ──▶ browser
//!        ──accounts──▶ sample ─────────────────────────────────────▲
//! ```
//!
//! | module | what it gives |
//! |---|---|
//! | [`logs`] | which lines of a transaction's logs the program itself wrote |
//! | [`idl`] | events as JSON, by the program's interface description |
//! | [`store`] | the SQLite database: one writer, many readers |
//! | [`node`] | the chain, as far as the indexer has to see it |
//! | [`house`] | what the assets and markets of a clearinghouse are called, and where they are |
//! | [`sweep`] | every transaction of the program, each once, from where it stopped |
//! | [`subscribe`] | the same as it happens, and accounts as they change |
//! | [`sample`] | the board, the markets and the treasury, every few seconds |
//! | [`accounts`] | margin accounts with their health |
//! | [`explain`] | why an account must hold what it must hold, as JSON |
//! | [`api`] | the HTTP interface |
//! | [`serve`] | all of it |

pub mod accounts;
pub mod api;
pub mod explain;
pub mod hearing;
pub mod house;
pub mod idl;
pub mod logs;
pub mod node;
pub mod sample;
pub mod serve;
pub mod state;
pub mod store;
pub mod subscribe;
pub mod sweep;

pub use serve::{Handle, Options, serve};
pub use state::State;
