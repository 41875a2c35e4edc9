//! Why an account must hold what it must hold, by the program's own engine.

use ballast::margin::BoardView;
use ballast::state::{MarginAccount, RiskBoard};
use ballast_risk::Result;
use ballast_risk::asset::RiskView;
use ballast_risk::book::Basis;
use ballast_risk::explain::{Distance, Explanation, Shocked, price_distance, volatility_distance};
use ballast_risk::margin::Margin;
use ballast_risk::option::VolBand;

use crate::health::{Health, health};

/// MM of an account, taken apart, and how far the market can move before it is liquidated.
#[derive(Clone, Debug)]
pub struct Account {
    /// MM, by leg.
    pub explanation: Explanation,
    /// By asset in the account, in the order of the legs.
    pub distances: Vec<Distance>,
    /// Factor on the volatility of all assets, a rate.
    pub volatility: Option<u64>,
}

/// Explains an account at a unix time.
///
/// # Errors
/// As [`health`].
pub fn explain(account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<Account> {
    let view = BoardView::at(board, now);
    let params = view.params(Basis::Maintenance);
    let explanation = view.book(account, Basis::Maintenance)?.explain(&params)?;
    let margin = |shocked: &Shocked<BoardView>| -> Result<Margin> {
        view.book_on(shocked, account, Basis::Maintenance)?.margin(&params)
    };
    let distances =
        explanation.legs.iter().map(|leg| price_distance(&view, leg.asset, margin)).collect::<Result<_>>()?;
    let volatility = volatility_distance(&view, margin)?;
    Ok(Account { explanation, distances, volatility })
}

/// An account as a trade would leave it that is not made: `base` native units bought in a market (negative: sold) for
/// `quote` micro-units in all; by default at the oracle's price, or an option's mark.
///
/// # Errors
/// [`ballast_risk::RiskError::UnknownAsset`] for a market that is not listed or does not fit the account; as the engine
/// where the trade has no price.
pub fn traded(
    account: &MarginAccount,
    board: &RiskBoard,
    now: i64,
    market: u8,
    base: i64,
    quote: Option<i64>,
) -> Result<MarginAccount> {
    let listed = board.market(market.into())?;
    let spot = BoardView::at(board, now).asset(listed.asset.into())?.spot;
    let entry = match quote {
        Some(paid) if base < 0 => paid,
        Some(paid) => -paid,
        // The value is rounded down, so the trade never shows a profit of its own.
        None if listed.is_option() => {
            let asset = board.asset(listed.asset.into())?;
            let option = listed.option(asset, base, board.params.horizon_s, now)?;
            -option.value(&spot, &VolBand::NONE)? - 1
        }
        None => -spot.value(base)? - 1,
    };
    let mut after = *account;
    after.add_position(market, listed, base, entry).map_err(|_| ballast_risk::RiskError::UnknownAsset)?;
    Ok(after)
}

/// Health before and after a trade that is not made, as [`traded`] has it.
///
/// # Errors
/// As [`health`] and [`traded`].
pub fn what_if(
    account: &MarginAccount,
    board: &RiskBoard,
    now: i64,
    market: u8,
    base: i64,
    quote: Option<i64>,
) -> Result<(Health, Health)> {
    let after = traded(account, board, now, market, base, quote)?;
    Ok((health(account, board, now)?, health(&after, board, now)?))
}
