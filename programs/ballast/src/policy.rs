//! What may be done in which state: one table.
//!
//! An asset's breaker has four states ([`ballast_risk::breaker`]). *Normal*; *guarded*: its risk is above what governance
//! allows (its haircut is above its maximum, or it is far from its stable price), so new risk stops and IM rises, while
//! everything else goes on; *doubted*: the price itself is not believed (it jumped, its sources are apart, its confidence
//! is wide), so nobody is hurt by it until it is confirmed; *halted*: there is no price. Besides, the quote token may be
//! off its peg, an outage may have just ended (*grace*), the guardian may have paused new risk or deposits for a time,
//! and an account, a market or an asset may be restricted to reducing.
//!
//! | | normal | guarded | far | doubted | halted | off peg | grace | new risk paused | deposits paused | reduce-only |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | deposit | yes | yes | yes | yes | yes | yes | yes | yes | no | yes |
//! | withdraw¹ | yes | yes | yes | yes | yes | yes | yes | yes | yes | yes |
//! | borrow | yes | no | yes | no | no | no | yes | no | yes | no |
//! | increase | yes | no | yes | no | no | no | yes | no | yes | no |
//! | reduce | yes | yes | yes | yes | no | yes | yes | yes | yes | yes |
//! | settle | yes | yes | yes | no | no | yes | yes | yes | yes | yes |
//! | pay out³ | yes | yes | no | no | no | yes | yes | yes | yes | yes |
//! | liquidate² | yes | yes | yes | no | no | yes | no | yes | no | yes |
//! | take bankrupt⁴ | yes | yes | no | no | no | yes | no | yes | no | yes |
//!
//! ¹ Of what the account has; IM must hold with every doubted or halted asset counted as zero. A loan is a *borrow*, and is
//! asked of every asset that the account holds or trades. ² Of the asset's own legs. An account that holds
//! a doubted or halted asset is judged with it at the bound that favours the account, and its other legs may be taken.
//!
//! ³ Profit, out of a market's pool or a backstop's slice. *Far* is an asset that is further from its stable price than its
//! `payout_jump_bps`, or than its breaker likes: a jump is young, and whoever it has left bankrupt may not have been resolved. The
//! first winner to settle would be paid out of what the honest losers paid in, and the loss left to the others; so losses
//! are paid in, and profit waits until the stable price has followed. A haircut above its maximum alone does not hold it.
//! ⁴ A perpetual position out of an account whose equity is below zero. Once it is taken, what its account owes has no other
//! side any more that could share it, and a winner could have it taken for nothing: so after a jump it is resolved instead.
//!
//! Whoever may not deposit cannot save an account: so liquidation waits while deposits are paused.

use anchor_lang::prelude::*;
use ballast_risk::breaker::State as Breaker;

use crate::error::BallastError;
use crate::state::{MarginAccount, RiskBoard};

/// Restrictions of an account, a market or an asset.
pub mod restriction {
    /// Positions and loans in it may only be reduced.
    pub const REDUCE_ONLY: u8 = 1;
    /// The same, of an account by its owner: kept apart, so that an owner lifts no restriction but the own.
    pub const BY_OWNER: u8 = 2;
}

/// What the guardian may pause, for a time.
pub mod pause {
    /// New positions and loans.
    pub const NEW_RISK: u32 = 1;
    /// Deposits, and with them liquidation.
    pub const DEPOSITS: u32 = 2;
    /// All of them.
    pub const ALL: u32 = NEW_RISK | DEPOSITS;
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Action {
    Deposit = 0,
    Withdraw = 1,
    Borrow = 2,
    Increase = 3,
    Reduce = 4,
    Settle = 5,
    PayOut = 6,
    Liquidate = 7,
    TakeBankrupt = 8,
}

/// Every state that can stand in the way, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum State {
    Normal = 0,
    Guarded = 1,
    Far = 2,
    Doubted = 3,
    Halted = 4,
    OffPeg = 5,
    Grace = 6,
    NewRiskPaused = 7,
    DepositsPaused = 8,
    ReduceOnly = 9,
}

const Y: bool = true;
const N: bool = false;
/// The table above, a row an [`Action`], a column a [`State`].
const ALLOWED: [[bool; 10]; 9] = [
    [Y, Y, Y, Y, Y, Y, Y, Y, N, Y],
    [Y, Y, Y, Y, Y, Y, Y, Y, Y, Y],
    [Y, N, Y, N, N, N, Y, N, Y, N],
    [Y, N, Y, N, N, N, Y, N, Y, N],
    [Y, Y, Y, Y, N, Y, Y, Y, Y, Y],
    [Y, Y, Y, N, N, Y, Y, Y, Y, Y],
    [Y, Y, N, N, N, Y, Y, Y, Y, Y],
    [Y, Y, Y, N, N, Y, N, Y, N, Y],
    [Y, Y, N, N, N, Y, N, Y, N, Y],
];

/// Whether the table allows an action in a state.
#[must_use]
pub const fn allows(action: Action, state: State) -> bool {
    ALLOWED[action as usize][state as usize]
}

/// The sentence for a state that stands in the way of an action.
fn refusal(action: Action, state: State) -> BallastError {
    match state {
        State::Normal => BallastError::NotReducing,
        State::Guarded => BallastError::AssetGuarded,
        State::Far if action == Action::TakeBankrupt => BallastError::ResolvedFirst,
        State::Far => BallastError::ProfitWaits,
        State::Doubted => BallastError::PriceDoubted,
        State::Halted => BallastError::AssetHalted,
        State::OffPeg => BallastError::QuoteOffPeg,
        State::Grace => BallastError::GracePeriod,
        State::NewRiskPaused | State::DepositsPaused => BallastError::Paused,
        State::ReduceOnly => BallastError::ReduceOnly,
    }
}

/// Refuses an action that a state forbids.
fn require_in(action: Action, state: State) -> Result<()> {
    if allows(action, state) { Ok(()) } else { Err(refusal(action, state).into()) }
}

/// Refuses an action that the clearinghouse as a whole does not allow now.
#[inline(never)]
pub fn require_open(board: &RiskBoard, action: Action, now: i64) -> Result<()> {
    let paused = if now < board.pause_until { board.paused } else { 0 };
    for (stands, state) in [
        (board.is_off_peg(now), State::OffPeg),
        (now < board.grace_until, State::Grace),
        (paused & pause::NEW_RISK != 0, State::NewRiskPaused),
        (paused & pause::DEPOSITS != 0, State::DepositsPaused),
    ] {
        if stands {
            require_in(action, state)?;
        }
    }
    Ok(())
}

/// Refuses an action that the restrictions of an account, a market or an asset forbid.
pub fn require_unrestricted(restrictions: u8, action: Action) -> Result<()> {
    if restrictions & (restriction::REDUCE_ONLY | restriction::BY_OWNER) != 0 {
        require_in(action, State::ReduceOnly)?;
    }
    Ok(())
}

/// Refuses an action on a listed asset that the asset or the clearinghouse does not allow now.
pub fn require_asset(board: &RiskBoard, action: Action, asset: usize, now: i64) -> Result<()> {
    require_open(board, action, now)?;
    require_asset_itself(board, action, asset, now)
}

/// Refuses an action that the asset itself does not allow now; the clearinghouse is asked already ([`require_open`]).
#[inline(never)]
pub fn require_asset_itself(board: &RiskBoard, action: Action, asset: usize, now: i64) -> Result<()> {
    let state = board.asset(asset).map_err(BallastError::from)?;
    require_unrestricted(state.restrictions, action)?;
    if now < board.pause_until && board.paused_assets >> asset & 1 != 0 {
        require_in(action, State::ReduceOnly)?;
    }
    if now < state.grace_until {
        require_in(action, State::Grace)?;
    }
    match state.state(now) {
        Breaker::Normal => {}
        Breaker::Guarded => require_in(action, State::Guarded)?,
        Breaker::Doubted => require_in(action, State::Doubted)?,
        Breaker::Halted => require_in(action, State::Halted)?,
    }
    // Measured only where it decides: the column allows everything else.
    if matches!(action, Action::PayOut | Action::TakeBankrupt) && state.is_far(&board.prices) {
        require_in(action, State::Far)?;
    }
    Ok(())
}

/// Refuses an action in a listed market that market, asset or clearinghouse does not allow now.
pub fn require_market(board: &RiskBoard, action: Action, market: usize, now: i64) -> Result<()> {
    let listed = board.market(market).map_err(BallastError::from)?;
    require_unrestricted(listed.restrictions, action)?;
    if now < board.pause_until && board.paused_markets >> market & 1 != 0 {
        require_in(action, State::ReduceOnly)?;
    }
    require_asset(board, action, listed.asset.into(), now)
}

/// Refuses an action on a book that holds an asset, or is in a market, in which it is not allowed now.
pub fn require_holdings(board: &RiskBoard, account: &MarginAccount, action: Action, now: i64) -> Result<()> {
    for slot in account.held_collateral() {
        require_asset(board, action, slot.asset.into(), now)?;
    }
    for slot in account.held_positions() {
        require_market(board, action, slot.market.into(), now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, Action, State, allows};

    const ACTIONS: [(Action, &str); 9] = [
        (Action::Deposit, "deposit"),
        (Action::Withdraw, "withdraw¹"),
        (Action::Borrow, "borrow"),
        (Action::Increase, "increase"),
        (Action::Reduce, "reduce"),
        (Action::Settle, "settle"),
        (Action::PayOut, "pay out³"),
        (Action::Liquidate, "liquidate²"),
        (Action::TakeBankrupt, "take bankrupt⁴"),
    ];
    const STATES: [(State, &str); 10] = [
        (State::Normal, "normal"),
        (State::Guarded, "guarded"),
        (State::Far, "far"),
        (State::Doubted, "doubted"),
        (State::Halted, "halted"),
        (State::OffPeg, "off peg"),
        (State::Grace, "grace"),
        (State::NewRiskPaused, "new risk paused"),
        (State::DepositsPaused, "deposits paused"),
        (State::ReduceOnly, "reduce-only"),
    ];

    /// The table as this file's first lines show it.
    fn shown() -> Vec<Vec<String>> {
        let lines = include_str!("policy.rs").lines().filter_map(|line| line.strip_prefix("//! |"));
        lines
            .map(|row| row.trim_end_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
            .collect()
    }

    #[test]
    fn the_table_that_is_read_is_the_table_that_is_applied() {
        let rows = shown();
        let head: Vec<&str> = rows[0][1..].iter().map(String::as_str).collect();
        assert_eq!(head, STATES.map(|(_, name)| name));
        assert_eq!(rows.len(), 2 + ACTIONS.len(), "head, rule, and a row an action");
        for (row, (action, name)) in rows[2..].iter().zip(ACTIONS) {
            assert_eq!(row[0], name);
            for (cell, (state, column)) in row[1..].iter().zip(STATES) {
                let expected = if allows(action, state) { "yes" } else { "no" };
                assert_eq!(cell, expected, "{name} in {column}");
            }
        }
        assert_eq!(ALLOWED.len(), ACTIONS.len());
    }
}
