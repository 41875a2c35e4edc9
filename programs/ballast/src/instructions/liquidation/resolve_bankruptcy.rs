use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::settlement;
use ballast_risk::waterfall::{self, Split};

use crate::error::{BallastError, OrRefuse};
use crate::event::BankruptcyResolved;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, Market, MarketState, RiskBoard, Treasury};

/// Resolves an account whose equity at spot is below zero. Permissionless. The insurance fund pays first; then the position
/// with the largest unsettled loss is closed against the whole other side of its market, at spot less what of the deficit
/// is still unpaid ([`ballast_risk::waterfall`]). What nobody can be asked for stays, and is paid by calling this again
/// when the fund has money.
///
/// The position is closed even where the fund pays everything, and then at spot: whoever is bailed out keeps no bet on the
/// fund's account.
#[derive(Accounts)]
pub struct ResolveBankruptcy<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = treasury.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// The market of the perpetual position with the largest unsettled loss; none where no position is left.
    #[account(mut, constraint = market.clearinghouse == treasury.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Option<Box<Account<'info, Market>>>,
}

/// A bankrupt position.
struct Worst {
    market: u8,
    base: i64,
    /// Unsettled profit, signed.
    unsettled: i64,
}

/// Of the perpetual positions with something open, the one that has lost the most.
fn worst(account: &MarginAccount, view: &BoardView) -> Result<Option<Worst>> {
    let mut found: Option<Worst> = None;
    for slot in account.held_positions() {
        let listed = view.board().market(slot.market.into()).or_refuse()?;
        let slot = listed.now(slot).or_refuse()?;
        if listed.is_option() || slot.base == 0 {
            continue;
        }
        let spot = view.fresh(listed.asset.into()).or_refuse()?.spot();
        let unsettled = settlement::unsettled(slot.base, slot.entry, &spot).or_refuse()?;
        if found.as_ref().is_none_or(|w| unsettled < w.unsettled) {
            found = Some(Worst { market: slot.market, base: slot.base, unsettled });
        }
    }
    Ok(found)
}

/// Refuses an account that holds an asset in which liquidation waits: nobody is bankrupt by a price that is doubted.
fn require_judged(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<()> {
    policy::require_open(board, Action::Liquidate, now)?;
    for slot in account.held_collateral() {
        policy::require_asset(board, Action::Liquidate, slot.asset.into(), now)?;
    }
    for slot in account.held_positions() {
        policy::require_market(board, Action::Liquidate, slot.market.into(), now)?;
    }
    Ok(())
}

/// Closes the bankrupt position against the other side, which pays its value and what is socialised. The entry that
/// receives it, and `promised`, move by the same amount: the books balance before and after.
fn deleverage(
    worst: &Worst,
    socialised: u64,
    account: &mut MarginAccount,
    market: &mut Market,
    listed: &mut MarketState,
    spot: &ballast_risk::price::Price,
) -> Result<bool> {
    market.follow(&account.keep_step(worst.market, listed)?)?;
    let more = i64::try_from(socialised).map_err(|_| BallastError::Overflow)?;
    let total = spot.value(worst.base).or_refuse()?.checked_add(more).ok_or(BallastError::Overflow)?;
    let back = worst.base.checked_neg().ok_or(BallastError::Overflow)?;
    let open = market.open_interest;
    market.follow(&account.add_position(worst.market, listed, back, total)?)?;
    market.promised = market.promised.checked_sub(total).ok_or(BallastError::Overflow)?;
    let turned = listed.deleverage(worst.base, open, total, spot).or_refuse()?;
    // Both sides have lost the same; longs alone are counted.
    market.open_interest = if turned { 0 } else { open - worst.base.unsigned_abs() };
    Ok(turned)
}

pub fn resolve_bankruptcy(ctx: Context<ResolveBankruptcy>) -> Result<()> {
    let a = ctx.accounts;
    let now = Clock::get()?.unix_timestamp;
    let mut board = a.board.load_mut()?;
    let mut account = a.margin_account.load_mut()?;
    require_judged(&account, &board, now)?;
    let (equity, worst) = {
        let view = BoardView::at(&board, now);
        (view.equity(&account, Basis::Maintenance).or_refuse()?, worst(&account, &view)?)
    };
    require!(equity < 0, BallastError::NotBankrupt);
    let unpaid = worst.as_ref().map_or(0, |w| w.unsettled.min(0).unsigned_abs());
    // The slice of the market's backstop vault is asked between the two.
    let split = waterfall::split(equity.unsigned_abs(), a.treasury.insurance, 0, unpaid);
    require!(split.insurance > 0 || worst.is_some(), BallastError::NothingToResolve);

    a.treasury.insurance -= split.insurance;
    a.treasury.bad_debt_paid =
        a.treasury.bad_debt_paid.checked_add(split.insurance).ok_or(BallastError::Overflow)?;
    account.add_quote(i64::try_from(split.insurance).map_err(|_| BallastError::Overflow)?)?;

    let mut turned = false;
    if let Some(worst) = &worst {
        let market = a.market.as_mut().ok_or(BallastError::NotWorstMarket)?;
        require!(market.index == worst.market, BallastError::NotWorstMarket);
        let at = usize::from(worst.market);
        let spot = board.asset(board.markets[at].asset.into()).or_refuse()?.spot();
        turned = deleverage(worst, split.socialised, &mut account, market, &mut board.markets[at], &spot)?;
        board.follow_open_interest(at, market.open_interest, now).or_refuse()?;
    }
    a.treasury.count_loan(&mut account)?;
    let Split { insurance, slice, socialised, left } = split;
    emit!(BankruptcyResolved {
        account: a.margin_account.key(),
        market: worst.as_ref().map(|w| w.market),
        base: worst.as_ref().map_or(0, |w| w.base),
        insurance,
        slice,
        socialised,
        left,
        whole_side: turned,
    });
    Ok(())
}
