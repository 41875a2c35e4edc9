//! Acting: from decisions to transactions, and from transactions to what became of them.
//!
//! | module | what it does |
//! |---|---|
//! | [`intent`] | what is to be done, and the key by which it is done once |
//! | [`budget`] | compute units and priority fees |
//! | [`pack`] | which intents share a transaction |
//! | [`sender`] | signs, writes down, sends, repeats, and waits for the end |

pub mod budget;
pub mod intent;
pub mod pack;
pub mod sender;
