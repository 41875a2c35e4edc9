//! The cluster's clock. The machine's own is never asked what time it is: only how much has passed since the cluster was
//! last looked at.

use std::time::Instant;

use anchor_lang::prelude::{Clock, Pubkey};

use super::Raw;

/// Where the cluster keeps its clock.
pub const ADDRESS: Pubkey = anchor_lang::prelude::pubkey!("SysvarC1ock11111111111111111111111111111111");

/// Reads the clock's account.
#[must_use]
pub fn decode(raw: &Raw) -> Option<Clock> {
    let word = |at: usize| raw.data.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    Some(Clock {
        slot: word(0)?,
        epoch_start_timestamp: word(8)? as i64,
        epoch: word(16)?,
        leader_schedule_epoch: word(24)?,
        unix_timestamp: word(32)? as i64,
    })
}

/// The cluster's clock as it was last read.
#[derive(Clone, Debug)]
pub struct Time {
    clock: Clock,
    read: Instant,
}

impl Time {
    /// A clock that was read just now.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, read: Instant::now() }
    }

    /// Takes a later look. One that shows an earlier time is a late answer: time does not go back.
    pub fn look(&mut self, clock: Clock) {
        if clock.unix_timestamp >= self.clock.unix_timestamp {
            *self = Self::new(clock);
        }
    }

    /// The clock as it was read.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Unix seconds by the cluster's clock, as of the last look: whatever is due by it is due on the chain.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.clock.unix_timestamp
    }

    /// Seconds since the last look.
    #[must_use]
    pub fn age_s(&self) -> u64 {
        self.read.elapsed().as_secs()
    }
}
