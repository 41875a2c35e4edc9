//! Health off-chain, by the program's own engine.

use ballast::margin::BoardView;
use ballast::state::{MarginAccount, RiskBoard};
use ballast_risk::Result;
use ballast_risk::book::Basis;
use ballast_risk::margin::Margin;

/// The three margins of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// May it be liquidated?
    pub maintenance: Margin,
    /// May it take on risk?
    pub initial: Margin,
    /// May money leave it?
    pub withdrawal: Margin,
}

/// Health of an account at a unix time.
///
/// # Errors
/// As the engine: [`ballast_risk::RiskError::StalePrice`] where an asset it holds has no recent price.
pub fn health(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<Health> {
    let view = BoardView::at(board, now);
    Ok(Health {
        maintenance: view.margin(account, Basis::Maintenance)?,
        initial: view.margin(account, Basis::Initial)?,
        withdrawal: view.margin(account, Basis::Withdrawal)?,
    })
}
