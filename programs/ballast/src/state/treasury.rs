use anchor_lang::prelude::*;

use crate::error::BallastError;
use crate::state::{MarginAccount, RiskBoard, Window};

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
    /// Brings the total of loans in step with what an account owes now, interest included, and the fund with the interest
    /// that it was charged.
    pub fn count_loan(&mut self, account: &mut MarginAccount, board: &RiskBoard) -> Result<()> {
        account.accrue(board)?;
        self.follow_loan(account)
    }

    /// The same, of an account that was charged up to now, or has nothing that interest is charged on.
    pub fn follow_loan(&mut self, account: &mut MarginAccount) -> Result<()> {
        let interest = core::mem::take(&mut account.interest_owed);
        self.insurance = self.insurance.checked_add(interest).ok_or(BallastError::Overflow)?;
        let owed = account.loan();
        let others = self.loans.checked_sub(account.loan_counted).ok_or(BallastError::Overflow)?;
        self.loans = others.checked_add(owed).ok_or(BallastError::Overflow)?;
        account.loan_counted = owed;
        Ok(())
    }

    /// Lets quote out of a vault that holds `vault`, of which `borrowed` is lent: within what may leave, and be lent, in a
    /// window, and within the utilisation up to which withdrawals may borrow. Losses lend without limit, because refusing
    /// them would not undo them; whoever borrows nothing meets the first limit alone.
    pub fn let_out(
        &mut self,
        account: &mut MarginAccount,
        amount: u64,
        borrowed: u64,
        vault: u64,
        (board, now): (&RiskBoard, i64),
    ) -> Result<()> {
        let lending = &board.lending;
        let limit = self.outflow.share_of(vault, lending.outflow_bps);
        let open = self.outflow.take(amount, limit, lending.window_s, now);
        require!(open, BallastError::OutflowWindowFull);
        self.count_loan(account, board)?;
        if borrowed > 0 {
            let limit = self.lent.share_of(vault, lending.lent_bps);
            let open = self.lent.take(borrowed, limit, lending.window_s, now);
            require!(open, BallastError::LendingWindowFull);
            // loans/(loans + vault) ≤ u, after the withdrawal
            let (loans, left) = (u128::from(self.loans), u128::from(vault.saturating_sub(amount)));
            let used = loans * 10_000 <= (loans + left) * u128::from(lending.max_utilisation_bps);
            require!(used, BallastError::UtilisationTooHigh);
        }
        Ok(())
    }

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
