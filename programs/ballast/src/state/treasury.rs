use anchor_lang::prelude::*;

use crate::state::Window;

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
    /// Σ of quote lent to accounts, as far as it was counted, quote micro-units.
    pub loans: u64,
    /// Bad debt that the fund has paid since the beginning, quote micro-units.
    pub bad_debt_paid: u64,
    /// What left the quote vault.
    pub outflow: Window,
    /// What was lent by withdrawals.
    pub lent: Window,
    /// For later versions.
    pub reserved: [u8; 256],
}

const _: () = assert!(Treasury::INIT_SPACE == 2 + 32 + 24 + 2 * Window::INIT_SPACE + 256);
