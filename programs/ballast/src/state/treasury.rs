use anchor_lang::prelude::*;

use crate::error::BallastError;
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
    /// Margin accounts that are open: whoever sums over all of them can tell that none is missing.
    pub accounts: u64,
    /// For later versions.
    pub reserved: [u8; 248],
}

const _: () = assert!(Treasury::INIT_SPACE == 2 + 32 + 24 + 2 * Window::INIT_SPACE + 8 + 248);

impl Treasury {
    /// Counts a margin account that is opened. Whatever creates one calls this.
    pub fn count_opened(&mut self) -> Result<()> {
        self.accounts = self.accounts.checked_add(1).ok_or(BallastError::Overflow)?;
        Ok(())
    }

    /// Counts a margin account that is closed.
    pub fn count_closed(&mut self) -> Result<()> {
        self.accounts = self.accounts.checked_sub(1).ok_or(BallastError::Overflow)?;
        Ok(())
    }
}
