use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::fixed::BPS_ONE;
use ballast_risk::margin::Margin;
use ballast_risk::phase::is_below;

use crate::error::{BallastError, OrRefuse};
use crate::event::{AlertCleared, AlertRaised, FoundShort, Recovered};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, RiskBoard};

/// Seconds after which another look at an account that stays below its MM is worth something: it keeps the clock
/// running.
const LOOK_AGAIN_S: i64 = 600;
/// An alert clears where equity is this much above its level, basis points of the level.
const CLEAR_BPS: u32 = 500;

/// Looks at an account; anybody may. Below MM its clock starts, with which penalties grow and a breach is confirmed;
/// at MM or above it is reset. Alerts are raised and cleared.
#[derive(Accounts)]
pub struct TouchAccount<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// How many of an account's levels its equity is below. A level that was announced counts until equity is well above.
fn alert_level(account: &MarginAccount, margin: &Margin) -> u8 {
    let below = |raise_bps: u32| {
        let levels = account.alert_bps.iter().filter(|level| **level != 0);
        levels.filter(|level| is_below(margin, u32::from(**level) * raise_bps / BPS_ONE as u32)).count() as u8
    };
    below(BPS_ONE as u32).max(account.alert.min(below(BPS_ONE as u32 + CLEAR_BPS)))
}

pub fn touch_account(ctx: Context<TouchAccount>) -> Result<()> {
    let board = ctx.accounts.board.load()?;
    let address = ctx.accounts.margin_account.key();
    let mut account = ctx.accounts.margin_account.load_mut()?;
    let at_rest = account.short_since == 0 && account.alert == 0;
    require!(!(at_rest && account.is_free_of_risk()), BallastError::NothingToTouch);
    let now = Clock::get()?.unix_timestamp;
    let margin = BoardView::for_liquidation(&board, now).margin(&account, Basis::Maintenance).or_refuse()?;
    let Margin { equity, maintenance, .. } = margin;

    let mut changed = false;
    if margin.is_liquidatable() {
        // While liquidation waits, time is for the trader: none of it is held against the account.
        let stale = now.saturating_sub(account.short_seen) >= LOOK_AGAIN_S;
        if stale && policy::require_open(&board, Action::Liquidate, now).is_ok() {
            changed = true;
            if account.found_short(&board, now) {
                emit!(FoundShort { account: address, publish: account.short_publish, equity, maintenance });
            }
        }
    } else if account.short_since != 0 && account.has_fresh_prices(&board, now) {
        // Prices that favour the account prove nothing.
        changed = true;
        account.recovered();
        emit!(Recovered { account: address, equity, maintenance });
    }

    let level = alert_level(&account, &margin);
    if level > account.alert {
        emit!(AlertRaised { account: address, level, equity, maintenance });
    } else if level < account.alert {
        emit!(AlertCleared { account: address, level, equity, maintenance });
    }
    require!(changed || level != account.alert, BallastError::NothingToTouch);
    account.alert = level;
    Ok(())
}
