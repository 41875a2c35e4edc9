use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::governance::LIFE_S;

/// Kinds of proposal.
pub mod kind {
    /// Moves `parameter` of `target` from `from` to `to`.
    pub const PARAMETER: u8 = 0;
    /// Allows what `subject` is the hash of: a listing, or what is loaded for it.
    pub const LISTING: u8 = 1;
    /// Gives the role numbered `parameter` to the key `subject`.
    pub const ROLE: u8 = 2;
}

/// Roles that governance names.
pub mod role {
    pub const STEWARD: u8 = 0;
    pub const GUARDIAN: u8 = 1;
    pub const DEPTH_REPORTER: u8 = 2;
}

/// Something that is announced and may be carried out by anybody once its delay has passed: on the state that it was
/// made on, and before it dies.
#[account]
#[derive(InitSpace)]
pub struct Proposal {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// What it is, a number of [`kind`].
    pub kind: u8,
    /// Number of the parameter or of the role.
    pub parameter: u8,
    /// Index of the asset or market.
    pub target: u8,
    /// Whether the steward made it.
    pub by_steward: bool,
    /// Whether it takes protection away: then the guardian may cancel it.
    pub loosens: bool,
    /// Whether the parameter moves along a ramp.
    pub ramps: bool,
    /// Whether it was carried out.
    pub done: bool,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Who paid for it and gets the rent back.
    pub payer: Pubkey,
    /// Its number.
    pub id: u64,
    /// The value on which it was made, and the one that it leads to.
    pub from: u64,
    pub to: u64,
    /// The value that it wrote last; `from` before the first.
    pub at: u64,
    /// The hash that it allows, or the key that it names.
    pub subject: [u8; 32],
    /// The key that held the role when it was made.
    pub bound: Pubkey,
    /// When it was made.
    pub created_slot: u64,
    pub created: i64,
    /// From when on it may be carried out, and from when on no longer, unix seconds; and the first slot.
    pub ready_at: i64,
    pub expires_at: i64,
    pub ready_slot: u64,
    /// Seconds of its ramp that have passed, and when that was last brought in step, unix seconds; zero before the
    /// ramp began.
    pub ramped_s: i64,
    pub ramp_time: i64,
    /// For later versions.
    pub reserved: [u8; 64],
}

const _: () = assert!(Proposal::INIT_SPACE == 9 + 2 * 32 + 4 * 8 + 2 * 32 + 7 * 8 + 64);

impl Proposal {
    /// Starts the delay. A slot a second at the least has to pass too, so that a clock that jumps does not shorten it.
    pub fn start(&mut self, clock: &Clock, delay_s: i64) {
        (self.created_slot, self.created) = (clock.slot, clock.unix_timestamp);
        self.ready_at = clock.unix_timestamp.saturating_add(delay_s);
        self.ready_slot = clock.slot.saturating_add(delay_s.unsigned_abs());
        self.expires_at = self.ready_at.saturating_add(LIFE_S);
    }

    /// Refuses before its time, after it, and a second time.
    pub fn require_ripe(&self, clock: &Clock) -> Result<()> {
        require!(!self.done, BallastError::ProposalDone);
        let late = clock.unix_timestamp >= self.ready_at && clock.slot >= self.ready_slot;
        require!(late, BallastError::TooEarly);
        require!(clock.unix_timestamp < self.expires_at, BallastError::ProposalExpired);
        Ok(())
    }
}

/// Between which values governance lets the steward move a parameter.
#[account]
#[derive(InitSpace)]
pub struct Mandate {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Number of the parameter, and index of its asset or market.
    pub parameter: u8,
    pub target: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Bounds, inclusive.
    pub least: u64,
    pub most: u64,
    /// When the steward last used it, unix seconds.
    pub used_at: i64,
    /// For later versions.
    pub reserved: [u8; 32],
}

const _: () = assert!(Mandate::INIT_SPACE == 4 + 32 + 24 + 32);
