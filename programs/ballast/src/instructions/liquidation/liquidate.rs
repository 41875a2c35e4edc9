use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::liquidation::{OptionTakeover, Step, Taken, Takeover, Terms, step_of};

use crate::error::{BallastError, OrRefuse};
use crate::event::{LegTaken, Liquidated};
use crate::heap;
use crate::limits::{MAX_LIQUIDATION_LEGS, MAX_OPTIONS};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, Market, RiskBoard, Treasury};

/// What the keeper takes over.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiquidationLeg {
    /// A position. Its market is one of the remaining accounts, in the order of the position legs.
    Position {
        /// Index of the market.
        market: u8,
    },
    /// Collateral, paid for in quote.
    Collateral {
        /// Index of the asset.
        asset: u8,
    },
}

/// A leg, and how much of it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegAmount {
    /// Which leg.
    pub leg: LiquidationLeg,
    /// Native units without sign.
    pub amount: u64,
}

/// A keeper takes over part of an account below MM. The keeper chooses which legs and how much, and
/// takes the legs of a hedge together; the program judges the outcome once. The markets of position
/// legs follow as writable remaining accounts.
#[derive(Accounts)]
pub struct Liquidate<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, constraint = treasury.clearinghouse == board.load()?.clearinghouse @ BallastError::WrongClearinghouse)]
    pub treasury: Box<Account<'info, Treasury>>,
    #[account(mut, constraint = margin_account.key() != keeper.key() @ BallastError::DuplicateAccount)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub keeper: AccountLoader<'info, MarginAccount>,
    pub keeper_authority: Signer<'info>,
}

/// What the account holds of a leg, signed, and the terms that the board sets for it.
///
/// An option that has expired is not taken over: it can be settled.
pub(crate) fn resolve(
    taken: &LegAmount,
    account: &MarginAccount,
    view: &BoardView,
    now: i64,
) -> Result<(u8, Taken)> {
    let board = view.board();
    let amount = i64::try_from(taken.amount).map_err(|_| BallastError::Overflow)?;
    require!(amount > 0, BallastError::ZeroAmount);
    let (asset, held, penalty_bps) = match taken.leg {
        LiquidationLeg::Position { market } => {
            let listed = board.market(market.into()).or_refuse()?;
            let base = account.position(market).base;
            require!(base != 0, BallastError::NoPosition);
            if listed.is_option() {
                require!(now < listed.expiry, BallastError::OptionExpired);
                require!(taken.amount <= base.unsigned_abs(), BallastError::InsufficientBalance);
                view.fresh(listed.asset.into()).or_refuse()?;
                let holding = BoardView::options(account, board).position(|s| s.market == market);
                let contracts = if base < 0 { -amount } else { amount };
                let (holding, penalty_bps) = (holding.unwrap_or(usize::MAX), listed.penalty_bps);
                return Ok((listed.asset, Taken::Option(OptionTakeover { holding, contracts, penalty_bps })));
            }
            (listed.asset, base, listed.penalty_bps)
        }
        LiquidationLeg::Collateral { asset } => {
            let listed = board.asset(asset.into()).or_refuse()?;
            let held = i64::try_from(account.collateral_of(asset)).map_err(|_| BallastError::Overflow)?;
            (asset, held, listed.penalty_bps)
        }
    };
    require!(taken.amount <= held.unsigned_abs(), BallastError::InsufficientBalance);
    let spot = view.fresh(asset.into()).or_refuse()?.spot();
    let quantity = if held < 0 { -amount } else { amount };
    Ok((asset, Taken::Linear(Takeover { asset: asset.into(), quantity, spot, penalty_bps })))
}

/// Moves one leg and its proceeds from the account to the keeper, and the fund's part out of the
/// keeper's quote.
pub(crate) fn transfer(
    leg: LiquidationLeg,
    terms: &Terms,
    account: &mut MarginAccount,
    keeper: &mut MarginAccount,
) -> Result<()> {
    let owed = terms.proceeds.checked_neg().ok_or(BallastError::Overflow)?;
    match leg {
        LiquidationLeg::Position { market } => {
            let back = terms.quantity.checked_neg().ok_or(BallastError::Overflow)?;
            account.add_position(market, back, terms.proceeds)?;
            keeper.add_position(market, terms.quantity, owed)?;
        }
        LiquidationLeg::Collateral { asset } => {
            let amount = terms.quantity.unsigned_abs();
            account.take_collateral(asset, amount)?;
            account.add_quote(terms.proceeds)?;
            keeper.add_collateral(asset, amount)?;
            keeper.add_quote(owed)?;
        }
    }
    let fund = i64::try_from(terms.to_insurance).map_err(|_| BallastError::Overflow)?;
    keeper.add_quote(-fund)
}

/// Writes a position's change of both parties into its market; returns how crowded it is then.
fn follow<'info>(
    info: &'info AccountInfo<'info>,
    index: u8,
    clearinghouse: &Pubkey,
    changes: [(i64, i64); 2],
) -> Result<u64> {
    let mut market = Account::<Market>::try_from(info)?;
    require!(info.is_writable && market.index == index, BallastError::WrongMarket);
    require_keys_eq!(market.clearinghouse, *clearinghouse, BallastError::WrongClearinghouse);
    for (before, after) in changes {
        market.follow_position(before, after)?;
    }
    market.exit(&crate::ID)?;
    Ok(market.crowding())
}

pub fn liquidate<'info>(ctx: Context<'info, Liquidate<'info>>, legs: Vec<LegAmount>) -> Result<()> {
    let distinct = legs.iter().enumerate().all(|(i, a)| legs[..i].iter().all(|b| a.leg != b.leg));
    require!((1..=MAX_LIQUIDATION_LEGS).contains(&legs.len()) && distinct, BallastError::BadLegs);
    let a = ctx.accounts;
    let board = a.board.load()?;
    let now = Clock::get()?.unix_timestamp;
    policy::require_open(&board, Action::Liquidate, now)?;
    let view = BoardView::for_liquidation(&board, now);
    let mut account = a.margin_account.load_mut()?;
    let mut keeper = a.keeper.load_mut()?;
    keeper.authorise(a.keeper_authority.key)?;
    for party in [&account, &keeper] {
        require_keys_eq!(party.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    }

    let takeovers = legs.iter().map(|leg| resolve(leg, &account, &view, now)).collect::<Result<Vec<_>>>()?;
    for (asset, _) in &takeovers {
        policy::require_asset(&board, Action::Liquidate, usize::from(*asset), now)?;
    }
    let step = price_step(&account, &takeovers, &view)?;

    let mut markets = ctx.remaining_accounts.iter();
    for (taken, terms) in legs.iter().zip(&step.terms) {
        let LiquidationLeg::Position { market } = taken.leg else {
            transfer(taken.leg, terms, &mut account, &mut keeper)?;
            continue;
        };
        let before = [account.position(market).base, keeper.position(market).base];
        transfer(taken.leg, terms, &mut account, &mut keeper)?;
        let after = [account.position(market).base, keeper.position(market).base];
        let info = markets.next().ok_or(BallastError::WrongMarket)?;
        let changes = [(before[0], after[0]), (before[1], after[1])];
        let crowding = follow(info, market, &board.clearinghouse, changes)?;
        keeper.remember_crowding(market, crowding, now);
    }
    a.treasury.insurance =
        a.treasury.insurance.checked_add(step.to_insurance()).ok_or(BallastError::Overflow)?;

    require!(BoardView::options(&keeper, &board).count() <= MAX_OPTIONS, BallastError::TooManyOptions);
    let keeper_margin = BoardView::at(&board, now).margin(&keeper, Basis::Initial).or_refuse()?;
    require!(keeper_margin.meets_initial(), BallastError::BelowInitialMargin);
    emit!(report(a.margin_account.key(), a.keeper.key(), &legs, &takeovers, &step));
    Ok(())
}

/// Prices the step and judges it; the memory that this takes is free again for the keeper's own margin.
pub(crate) fn price_step(
    account: &MarginAccount,
    takeovers: &[(u8, Taken)],
    view: &BoardView,
) -> Result<Step> {
    const NONE: Terms = Terms { quantity: 0, proceeds: 0, penalty: 0, to_insurance: 0 };
    let priced = heap::scope(|| {
        let mut book = view.book(account, Basis::Maintenance)?;
        let taken = takeovers.iter().map(|(_, taken)| *taken);
        let params = (view.params(Basis::Maintenance), view.board().params.liquidation());
        Ok(step_of(&mut book, taken, &params.0, &params.1)?.map(|step| {
            let mut terms = [NONE; MAX_LIQUIDATION_LEGS];
            terms[..step.terms.len()].copy_from_slice(&step.terms);
            (step.before, step.after, terms)
        }))
    });
    let (before, after, terms) = priced.or_refuse()?.map_err(BallastError::from)?;
    Ok(Step { before, after, terms: terms[..takeovers.len()].to_vec() })
}

fn report(
    account: Pubkey,
    keeper: Pubkey,
    legs: &[LegAmount],
    takeovers: &[(u8, Taken)],
    step: &Step,
) -> Liquidated {
    let taken = legs.iter().zip(takeovers).zip(&step.terms).map(|((leg, (asset, _)), terms)| LegTaken {
        market: match leg.leg {
            LiquidationLeg::Position { market } => Some(market),
            LiquidationLeg::Collateral { .. } => None,
        },
        asset: *asset,
        quantity: terms.quantity,
        proceeds: terms.proceeds,
        penalty: terms.penalty,
    });
    Liquidated {
        account,
        keeper,
        legs: taken.collect(),
        penalty: step.penalty(),
        to_insurance: step.to_insurance(),
        equity_before: step.before.equity,
        mm_before: step.before.maintenance,
        equity_after: step.after.equity,
        mm_after: step.after.maintenance,
    }
}
