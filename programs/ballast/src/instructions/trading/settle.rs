use anchor_lang::prelude::*;
use ballast_risk::settlement;

use crate::error::{BallastError, OrRefuse};
use crate::event::{OptionSettled, Settled};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, Market, MarketState, RiskBoard};

/// Settles one position at spot: a loss out of the account's quote into the market's pool, a profit
/// out of the pool into the account's quote. Permissionless: it changes nobody's equity.
///
/// Profit waits while the asset is far from its stable price ([`policy`]), whether its position is open or closed: whoever
/// the jump has left bankrupt is resolved first, so that winners share the loss and none is first to the pool. Losses are
/// paid in at any time.
///
/// An option is not settled before it expires: its mark is a model's, and profit by a model is not paid out. After
/// expiry its payoff at the settlement price takes the place of the contracts, and is then settled like any profit; it
/// does not wait for the asset, because its price is an average that no later price changes, and options are not
/// deleveraged: there is no share in the loss to wait for.
#[derive(Accounts)]
pub struct Settle<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = market.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub market: Box<Account<'info, Market>>,
    #[account(mut, constraint = margin_account.load()?.clearinghouse == market.clearinghouse @ BallastError::WrongClearinghouse)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// Clears an expired option position: its payoff takes its place in the entry. Returns what is unsettled.
fn clear(
    listed: &MarketState,
    board: &RiskBoard,
    market: &mut Market,
    account: &mut MarginAccount,
    now: i64,
) -> Result<(i64, i64, i64)> {
    require!(now >= listed.expiry, BallastError::OptionNotExpired);
    let settlement = listed.settlement_price().ok_or(BallastError::SettlementPriceUnknown)?;
    let slot = account.position(market.index);
    let asset = board.asset(listed.asset.into()).or_refuse()?;
    let option = listed.option(asset, slot.base, board.params.horizon_s, now).or_refuse()?;
    let payoff = option.payoff(&settlement).or_refuse()?;
    let back = slot.base.checked_neg().ok_or(BallastError::Overflow)?;
    market.follow(&account.add_position(market.index, listed, back, payoff)?)?;
    market.realised = market.realised.checked_add(payoff).ok_or(BallastError::Overflow)?;
    Ok((account.position(market.index).entry, slot.base, payoff))
}

pub fn settle(ctx: Context<Settle>) -> Result<()> {
    let a = ctx.accounts;
    let board = a.board.load()?;
    let now = Clock::get()?.unix_timestamp;
    let view = BoardView::at(&board, now);
    let listed = board.market(a.market.index.into()).or_refuse()?;
    let mut account = a.margin_account.load_mut()?;
    account.accrue(&board)?;
    let mut cleared = 0;
    let unsettled = if listed.is_option() {
        let (unsettled, contracts, payoff) = clear(listed, &board, &mut a.market, &mut account, now)?;
        cleared = contracts;
        if contracts != 0 {
            let (account, market) = (a.margin_account.key(), a.market.index);
            emit!(OptionSettled { account, market, contracts, payoff });
        }
        unsettled
    } else {
        policy::require_market(&board, Action::Settle, a.market.index.into(), now)?;
        let spot = view.fresh(a.market.asset.into()).or_refuse()?.spot();
        let slot = account.position_now(a.market.index, listed)?;
        let unsettled = settlement::unsettled(slot.base, slot.entry, &spot).or_refuse()?;
        if unsettled > 0 {
            policy::require_asset_itself(&board, Action::PayOut, listed.asset.into(), now)?;
        }
        unsettled
    };

    let amount = if unsettled < 0 {
        let credit = view.collateral_credit(&account).or_refuse()?;
        let paid = settlement::payable(unsettled.unsigned_abs(), account.quote, credit);
        a.market.pool = a.market.pool.checked_add(paid).ok_or(BallastError::Overflow)?;
        i64::try_from(paid)
            .map_err(|_| BallastError::Overflow)?
            .checked_neg()
            .ok_or(BallastError::Overflow)?
    } else {
        let received = unsettled.unsigned_abs().min(a.market.pool);
        a.market.pool -= received;
        i64::try_from(received).map_err(|_| BallastError::Overflow)?
    };
    require!(amount != 0 || cleared != 0, BallastError::NothingToSettle);
    account.add_quote(amount, &board)?;
    let change = account.add_position(a.market.index, listed, 0, -amount)?;
    a.market.follow(&change)?;
    emit!(Settled { account: a.margin_account.key(), market: a.market.index, amount, pool: a.market.pool });
    Ok(())
}
