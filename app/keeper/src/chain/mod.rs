//! The chain: what it says, and how it is asked.
//!
//! | module | what it does |
//! |---|---|
//! | [`rpc`] | asks a node over HTTP, with retries and counts |
//! | [`feed`] | listens to a node over WebSocket, and connects again |
//! | [`sync`] | reads everything again, so that what the feed dropped is not missing for long |
//! | [`time`] | the cluster's clock between two looks at it |

pub mod feed;
pub mod rpc;
pub mod sync;
pub mod time;

use anchor_lang::prelude::Pubkey;

/// An account as a node gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The program that owns it.
    pub owner: Pubkey,
    /// Its balance.
    pub lamports: u64,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// How the keeper came to know of an account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A node pushed it: it may be late, doubled or out of order.
    Push,
    /// The keeper asked for it.
    Read,
}

/// What a node says of an account.
#[derive(Clone, Debug)]
pub struct Update {
    /// Which account.
    pub address: Pubkey,
    /// The slot that the node gave with it.
    pub slot: u64,
    /// How it came.
    pub source: Source,
    /// Its state; none where it is gone.
    pub raw: Option<Raw>,
}
