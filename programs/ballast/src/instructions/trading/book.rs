//! How a trade is booked: the same for both sides, whoever made its price.

use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::fill::{self, Change, reduces};
use ballast_risk::option::OptionPosition;
use ballast_risk::price::Price;

use crate::error::{BallastError, OrRefuse};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, Market, MarketState, PositionChange};

/// What a change of a position is.
pub(crate) fn action_of(before: i64, after: i64) -> Action {
    if reduces(before, after) { Action::Reduce } else { Action::Increase }
}

/// Brings both accounts in step with a market, and moves its open interest by what each buys (negative: sells); returns
/// how crowded the market is then.
#[inline(never)]
pub(crate) fn follow(
    market: &mut Market,
    listed: &MarketState,
    sides: [(&mut MarginAccount, i64); 2],
    now: i64,
) -> Result<u64> {
    market.require_settled()?;
    market.forget_dust();
    let open = market.open_interest;
    for (account, base) in sides {
        market.follow(&account.keep_step(market.index, listed)?)?;
        let before = account.position(market.index).base;
        let after = before.checked_add(base).ok_or(BallastError::Overflow)?;
        market.follow(&PositionChange { written: before, before, after, given: 0 })?;
    }
    let within_cap = market.open_interest <= market.cap(now).max(open);
    require!(within_cap, BallastError::OpenInterestCapExceeded);
    Ok(market.crowding())
}

/// One side of a fill.
pub(crate) struct Side<'a> {
    pub market: u8,
    pub listed: &'a MarketState,
    pub spot: &'a Price,
    /// One contract of the option that is traded; none for a perpetual.
    pub option: Option<&'a OptionPosition>,
    pub base: i64,
    pub quote: u64,
    pub fee: u64,
}

impl Side<'_> {
    /// Books the side and refuses it where the account ends below IM, unless it strictly reduces.
    #[inline(never)]
    pub fn book(&self, account: &mut MarginAccount, view: &BoardView, crowding: u64) -> Result<()> {
        let before = *account;
        let paid = i64::try_from(self.quote).map_err(|_| BallastError::Overflow)?;
        let fee = i64::try_from(self.fee).map_err(|_| BallastError::Overflow)?;
        let entry = if self.base > 0 { -paid } else { paid };
        account.add_position(self.market, self.listed, self.base, entry)?;
        account.add_quote(-fee, view.board())?;
        account.contributed = account.contributed.saturating_add(self.fee);
        account.remember_crowding(self.market, crowding, view.now());

        let (held, holds) = (before.position(self.market).base, account.position(self.market).base);
        let action = action_of(held, holds);
        policy::require_market(view.board(), action, self.market.into(), view.now())?;
        policy::require_unrestricted(account.restrictions, action)?;
        let after = view.margin(account, Basis::Initial).or_refuse()?;
        if !after.meets_initial() {
            let change = Change {
                position_before: held,
                position_after: holds,
                excess_before: view.margin(&before, Basis::Initial).or_refuse()?.initial_excess(),
                excess_after: after.initial_excess(),
                equity_after: view.equity(account, Basis::Maintenance).or_refuse()?,
            };
            let fair = match self.option {
                None => {
                    fill::no_worse_than_liquidation(self.base, self.quote, self.spot, self.listed.penalty_bps)
                }
                Some(option) => fill::option_no_worse_than_liquidation(
                    option,
                    self.base,
                    self.quote,
                    self.spot,
                    self.listed.penalty_bps,
                ),
            }
            .or_refuse()?;
            if held == 0 {
                return err!(BallastError::BelowInitialMargin);
            }
            require!(fair && change.strictly_reduces(), BallastError::NotReducing);
        } else {
            account.recovered();
        }
        Ok(())
    }
}
