use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::settlement;
use ballast_risk::waterfall::{self, Split};

use crate::error::{BallastError, OrRefuse};
use crate::event::BankruptcyResolved;
use crate::instructions::backstop::slice::absorb;
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{BackstopVault, MarginAccount, Market, MarketState, RiskBoard, Treasury};

/// Resolves an account whose equity at spot is below zero. Permissionless. The insurance fund pays first, then the backstop
/// slice of the market in which the account's position has the largest unsettled loss; then that position is closed
/// against the whole other side of its market, at spot less what of the deficit is still unpaid
/// ([`ballast_risk::waterfall`]). What nobody can be asked for stays, and is paid by calling this again when the fund has
/// money.
///
/// The position is closed even where the fund pays everything, and then at spot: whoever is bailed out keeps no bet on the
/// fund's account.
///
/// Keepers come first: while anything is left that they could take, the account's clock must have run for as long as a move
/// of a price takes to be confirmed. Otherwise whoever is first in a block could have winners closed that a keeper would
/// have left alone. No longer than that, and no phase: near bankruptcy none holds a keeper back, without equity there is no
/// penalty that would bring one, and in a crash every second makes the debt larger. Where nothing is left to take, waiting
/// would gain nothing.
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
    /// The market's backstop vault, and its slice, where it has one: they pay before the other side does. No slice where
    /// the bankrupt is the slice itself.
    #[account(mut)]
    pub vault: Option<Box<Account<'info, BackstopVault>>>,
    #[account(mut)]
    pub slice: Option<AccountLoader<'info, MarginAccount>>,
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
    policy::require_holdings(board, account, Action::Liquidate, now)
}

/// Refuses an account of which keepers have not had their time, while there is anything that they could take.
fn require_waited(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<()> {
    let waited = account.has_waited(board, now);
    let mut left = account.held_collateral().next().is_some();
    for slot in account.held_positions() {
        left |= board.market(slot.market.into()).and_then(|m| m.now(slot)).or_refuse()?.base != 0;
    }
    require!(waited || !left, BallastError::KeepersFirst);
    Ok(())
}

/// What the slice of the market pays of what the bankrupt position owes it. Whoever calls cannot leave it out.
fn ask_slice(
    market: &Market,
    vault: Option<&mut BackstopVault>,
    slice: Option<&AccountLoader<MarginAccount>>,
    (this, bankrupt): (Pubkey, Pubkey),
    view: &BoardView,
    owed: u64,
) -> Result<u64> {
    if market.backstop == Pubkey::default() {
        return Ok(0);
    }
    let vault = vault.ok_or(BallastError::SliceOmitted)?;
    require_keys_eq!(this, market.backstop, BallastError::WrongBackstop);
    // Nobody pays for itself.
    if vault.slice == bankrupt {
        return Ok(0);
    }
    let slice = slice.ok_or(BallastError::SliceOmitted)?;
    vault.require_of(&this, &slice.key(), market)?;
    let mut slice = slice.load_mut()?;
    vault.mark(&slice, view)?;
    absorb(vault, &mut slice, view, owed)
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
    let others = if worst.base > 0 { market.holders_short } else { market.holders_long };
    let dust = listed.dust_of(back, open, others);
    market.base_dust = market.base_dust.checked_add(dust).ok_or(BallastError::Overflow)?;
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
    require_waited(&account, &board, now)?;
    let deficit = equity.unsigned_abs();
    let unpaid = worst.as_ref().map_or(0, |w| w.unsettled.min(0).unsigned_abs());
    let mut slice = 0;
    if let Some(worst) = &worst {
        let market = a.market.as_ref().ok_or(BallastError::NotWorstMarket)?;
        require!(market.index == worst.market, BallastError::NotWorstMarket);
        let keys = (a.vault.as_ref().map(|v| v.key()).unwrap_or_default(), a.margin_account.key());
        let owed = waterfall::asked_of_slice(deficit, a.treasury.insurance, unpaid);
        let view = BoardView::for_new_risk(&board, now);
        let vault = a.vault.as_mut().map(|v| &mut ***v);
        slice = ask_slice(market, vault, a.slice.as_ref(), keys, &view, owed)?;
    }
    let split = waterfall::split(deficit, a.treasury.insurance, slice, unpaid);
    require!(split.insurance > 0 || worst.is_some(), BallastError::NothingToResolve);
    require!(split.slice == slice, BallastError::Overflow);

    a.treasury.insurance -= split.insurance;
    a.treasury.bad_debt_paid =
        a.treasury.bad_debt_paid.checked_add(split.insurance).ok_or(BallastError::Overflow)?;
    let paid = split.insurance.checked_add(split.slice).ok_or(BallastError::Overflow)?;
    account.add_quote(i64::try_from(paid).map_err(|_| BallastError::Overflow)?, &board)?;

    let mut turned = false;
    if let Some(worst) = &worst {
        let market = a.market.as_mut().ok_or(BallastError::NotWorstMarket)?;
        let at = usize::from(worst.market);
        let spot = board.asset(board.markets[at].asset.into()).or_refuse()?.spot();
        turned = deleverage(worst, split.socialised, &mut account, market, &mut board.markets[at], &spot)?;
        board.follow_open_interest(at, market.open_interest, now).or_refuse()?;
        // What is closed crowds nobody any more.
        let (asset, setting) = (board.markets[at].asset.into(), board.setting(now));
        board.update(asset, |state| state.publish(&setting)).or_refuse()?;
    }
    a.treasury.count_loan(&mut account, &board)?;
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
