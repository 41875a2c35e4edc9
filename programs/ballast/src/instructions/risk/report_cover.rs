use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::cover::{self, Report};

use crate::error::{BallastError, OrRefuse};
use crate::event::CoverReported;
use crate::instructions::backstop::slice::spare;
use crate::margin::BoardView;
use crate::state::{BackstopVault, MarginAccount, Market, RiskBoard, Treasury};

/// Holds what an account could leave unpaid in its worst stress against what would pay for it: a market whose two largest
/// are not covered takes no new open interest. Permissionless.
#[derive(Accounts)]
pub struct ReportCover<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(constraint = treasury.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = market.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(constraint = margin_account.load()?.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// The market's backstop vault and its slice, where it has one: without them the insurance fund counts alone.
    pub vault: Option<Box<Account<'info, BackstopVault>>>,
    pub slice: Option<AccountLoader<'info, MarginAccount>>,
}

pub fn report_cover(ctx: Context<ReportCover>) -> Result<()> {
    let a = ctx.accounts;
    let board = a.board.load()?;
    let now = Clock::get()?.unix_timestamp;
    let view = BoardView::at(&board, now);
    let account = a.margin_account.load()?;
    let key = a.margin_account.key();
    let listed = board.market(a.market.index.into()).or_refuse()?;
    let shortfall = if account.position_now(a.market.index, listed)?.base == 0 {
        0
    } else {
        let margin = view.margin(&account, Basis::Maintenance).or_refuse()?;
        cover::shortfall(margin.stress, margin.equity)
    };

    let mut fund = a.treasury.insurance;
    if a.market.backstop != Pubkey::default() {
        let vault = a.vault.as_ref().ok_or(BallastError::SliceOmitted)?;
        let slice = a.slice.as_ref().ok_or(BallastError::SliceOmitted)?;
        vault.require_of(&vault.key(), &slice.key(), &a.market)?;
        require_keys_neq!(key, vault.slice, BallastError::WrongBackstop);
        fund = fund.saturating_add(spare(vault, &*slice.load()?, &view)?);
    }
    let before = (a.market.cover(), a.market.cover_cap);
    let mut largest = before.0;
    cover::take(&mut largest, Report { account: key, shortfall, time: now });
    let covered = cover::is_covered(&largest, fund);
    a.market.set_cover(&largest, covered);
    require!(before != (largest, a.market.cover_cap), BallastError::NotCovered);
    let (market, cap) = (a.market.index, a.market.cover_cap);
    emit!(CoverReported { market, account: key, shortfall, fund, cap });
    Ok(())
}
