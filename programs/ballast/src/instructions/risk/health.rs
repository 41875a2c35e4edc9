use anchor_lang::prelude::*;
use ballast_risk::book::Basis;

use crate::error::{BallastError, OrRefuse};
use crate::margin::BoardView;
use crate::state::{MarginAccount, RiskBoard};

/// Equity and requirement of an account at spot, as return data. Changes nothing; meant to be
/// simulated, or to be called by programs that depend on an account's health.
#[derive(Accounts)]
pub struct Health<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// Quote micro-units.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthReport {
    /// What the account is worth.
    pub equity: i64,
    /// Expected Shortfall of its joint core.
    pub expected_shortfall: u64,
    /// Its worst stress.
    pub stress: u64,
    /// Both, blended.
    pub core: u64,
    /// Un-netted charges.
    pub addons: u64,
    /// Maintenance margin.
    pub maintenance: u64,
    /// Maintenance margin times κ.
    pub initial: u64,
}

pub fn health(ctx: Context<Health>) -> Result<HealthReport> {
    let board = ctx.accounts.board.load()?;
    let account = ctx.accounts.margin_account.load()?;
    require_keys_eq!(account.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    let m = BoardView::new(&board, &Clock::get()?).margin(&account, Basis::Maintenance).or_refuse()?;
    Ok(HealthReport {
        equity: m.equity,
        expected_shortfall: m.expected_shortfall,
        stress: m.stress,
        core: m.core,
        addons: m.addons,
        maintenance: m.maintenance,
        initial: m.initial,
    })
}
