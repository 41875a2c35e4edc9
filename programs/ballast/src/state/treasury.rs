use anchor_lang::prelude::*;

/// The insurance fund. Its tokens lie in the quote vault; this is the figure.
#[account]
#[derive(InitSpace)]
pub struct Treasury {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Insurance fund, quote micro-units.
    pub insurance: u64,
    /// For later versions.
    pub reserved: [u8; 128],
}

const _: () = assert!(Treasury::INIT_SPACE == 2 + 32 + 8 + 128);
