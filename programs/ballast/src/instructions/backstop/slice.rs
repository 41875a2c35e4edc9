//! What several instructions do with a slice.

use anchor_lang::prelude::*;
use ballast_risk::book::Basis;

use crate::error::{BallastError, OrRefuse};
use crate::margin::BoardView;
use crate::state::{BackstopVault, MarginAccount, RiskBoard};

/// Closes a request's commitment: gives it back to the trader, as far as the slice still has it, or leaves it with the
/// vault. Returns what the vault kept.
pub(crate) fn release(
    vault: &mut BackstopVault,
    slice: &mut MarginAccount,
    account: &mut MarginAccount,
    (commitment, give_back): (u64, bool),
    board: &RiskBoard,
) -> Result<u64> {
    vault.committed = vault.committed.checked_sub(commitment).ok_or(BallastError::Overflow)?;
    if !give_back {
        return Ok(commitment);
    }
    let returned = commitment.min(u64::try_from(slice.quote).unwrap_or(0));
    let amount = i64::try_from(returned).map_err(|_| BallastError::Overflow)?;
    slice.add_quote(-amount, board)?;
    account.add_quote(amount, board)?;
    Ok(commitment - returned)
}

/// Pays of a market's bad debt what its slice can spare: equity above its own IM, out of settled quote that is not a
/// trader's commitment. Another market's slice is never asked. Returns what was paid; the caller books where it went.
pub(crate) fn absorb(
    vault: &BackstopVault,
    slice: &mut MarginAccount,
    view: &BoardView,
    bad_debt: u64,
) -> Result<u64> {
    let paid = bad_debt.min(spare(vault, slice, view)?);
    slice.add_quote(-i64::try_from(paid).map_err(|_| BallastError::Overflow)?, view.board())?;
    Ok(paid)
}

/// What a slice can spare: equity above its own IM, in settled quote that is not a trader's commitment.
pub(crate) fn spare(vault: &BackstopVault, slice: &MarginAccount, view: &BoardView) -> Result<u64> {
    let settled = slice.quote.saturating_sub_unsigned(vault.committed).max(0) as u64;
    if slice.is_free_of_risk() {
        return Ok(settled);
    }
    let excess = view.margin(slice, Basis::Withdrawal).or_refuse()?.initial_excess();
    Ok(settled.min(u64::try_from(excess.max(0)).unwrap_or(u64::MAX)))
}
