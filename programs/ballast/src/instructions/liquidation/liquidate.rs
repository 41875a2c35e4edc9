use anchor_lang::prelude::*;
use ballast_risk::book::Basis;
use ballast_risk::fill::reduces;
use ballast_risk::liquidation::{OptionTakeover, Step, Taken, Takeover, Terms, auctioned};
use ballast_risk::margin::Margin;
use ballast_risk::penalty::{Auction, BountyLimits, bounty};
use ballast_risk::phase::{Phase, PhaseParams, Window, window_limit};

use crate::error::{BallastError, OrRefuse};
use crate::event::{LegTaken, Liquidated};
use crate::heap;
use crate::limits::{MAX_LIQUIDATION_LEGS, MAX_OPTIONS};
use crate::margin::BoardView;
use crate::policy::{self, Action};
use crate::state::{MarginAccount, Market, PositionChange, RiskBoard, Treasury, delegate_power};

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
#[inline(never)]
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
            let base = account.position_now(market, listed)?.base;
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
#[inline(never)]
pub(crate) fn move_leg(
    leg: LiquidationLeg,
    terms: &Terms,
    account: &mut MarginAccount,
    keeper: &mut MarginAccount,
    board: &RiskBoard,
) -> Result<[PositionChange; 2]> {
    let owed = terms.proceeds.checked_neg().ok_or(BallastError::Overflow)?;
    let mut pays = -i64::try_from(terms.to_insurance).map_err(|_| BallastError::Overflow)?;
    let mut changes = [PositionChange::default(); 2];
    match leg {
        LiquidationLeg::Position { market } => {
            let back = terms.quantity.checked_neg().ok_or(BallastError::Overflow)?;
            let listed = board.market(market.into()).or_refuse()?;
            changes = [
                account.add_position(market, listed, back, terms.proceeds)?,
                keeper.add_position(market, listed, terms.quantity, owed)?,
            ];
        }
        LiquidationLeg::Collateral { asset } => {
            let amount = terms.quantity.unsigned_abs();
            account.take_collateral(asset, amount)?;
            account.add_quote(terms.proceeds, board)?;
            keeper.add_collateral(asset, amount)?;
            pays = pays.checked_add(owed).ok_or(BallastError::Overflow)?;
        }
    }
    keeper.add_quote(pays, board)?;
    Ok(changes)
}

/// Writes a position's change of both parties into its market, and `volume` into its window; returns how crowded it is
/// then.
#[inline(never)]
fn follow<'info>(
    info: &'info AccountInfo<'info>,
    index: u8,
    view: &BoardView,
    changes: &[PositionChange; 2],
    taken: (&Margin, u64),
) -> Result<u64> {
    let board = view.board();
    let mut market = Account::<Market>::try_from(info)?;
    require!(info.is_writable && market.index == index, BallastError::WrongMarket);
    require_keys_eq!(market.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    for change in changes {
        market.follow(change)?;
    }
    let pace = board.phases.pace(board.params.dust);
    if pace.window_s != 0 {
        let asset = board.asset(market.asset.into()).or_refuse()?;
        let depth = asset.reported_depth().at(&asset.depth_params(), view.now()).or_refuse()?;
        let limit = window_limit(depth, &pace).or_refuse()?;
        let window = Window { time: market.window_start, taken: market.window_taken };
        let window = window.at(view.now(), limit, &pace).or_refuse()?;
        let window = window.take(taken.0, taken.1, limit, &pace).or_refuse()?.map_err(BallastError::from)?;
        (market.window_start, market.window_taken) = (window.time, window.taken);
    }
    market.write_to(info)?;
    Ok(market.crowding())
}

/// Refuses a keeper of the account's own owner. It could gain nothing: a fill or a deposit does the same without a
/// penalty. What the *account* says of others (its delegate) does not count, or it could name a keeper to be rid of it.
fn refuse_same_owner(account: &MarginAccount, keeper: &MarginAccount, authority: &Pubkey) -> Result<()> {
    let same =
        keeper.owner == account.owner || keeper.delegate == account.owner || *authority == account.owner;
    require!(!same, BallastError::SameOwner);
    Ok(())
}

/// Refuses a perpetual position out of a bankrupt account while its asset is far from its stable price: taken over at spot
/// it would leave the loss behind without another side to share it ([`policy`]).
pub(crate) fn require_not_left_behind(
    legs: &[LegAmount],
    takeovers: &[(u8, Taken)],
    before: &Margin,
    board: &RiskBoard,
    now: i64,
) -> Result<()> {
    if before.equity >= 0 {
        return Ok(());
    }
    for (leg, (asset, taken)) in legs.iter().zip(takeovers) {
        if matches!((leg.leg, taken), (LiquidationLeg::Position { .. }, Taken::Linear(_))) {
            policy::require_asset_itself(board, Action::TakeBankrupt, usize::from(*asset), now)?;
        }
    }
    Ok(())
}

/// Whether the breach is confirmed and the phase has room; brings phase and clock of the account in step.
fn advance(
    account: &mut MarginAccount,
    step: &Step,
    board: &RiskBoard,
    pace: &PhaseParams,
    now: i64,
) -> Result<bool> {
    let confirmed = pace.is_deep(&step.before) || account.is_confirmed_short(board, now);
    require!(confirmed, BallastError::BreachUnconfirmed);
    let phase = Phase { start: account.phase_start, taken: account.phase_taken }.at(now, pace);
    let first = phase.taken == 0;
    let phase = phase.take(&step.before, step.relief(), pace).or_refuse()?.map_err(BallastError::from)?;
    (account.phase_start, account.phase_taken) = (phase.start, phase.taken);
    if step.after.is_liquidatable() {
        account.found_short(board, now);
    } else {
        account.recovered();
    }
    Ok(first)
}

/// Pays the fund its part, and out of it the keeper's bounty where this is the first step of a phase; returns that.
fn share_out(
    step: &Step,
    first: bool,
    board: &RiskBoard,
    account: &mut MarginAccount,
    keeper: &mut MarginAccount,
    treasury: &mut Treasury,
) -> Result<u64> {
    let paid_in = step.to_insurance();
    treasury.insurance = treasury.insurance.checked_add(paid_in).ok_or(BallastError::Overflow)?;
    account.contributed = account.contributed.saturating_add(paid_in);
    let limits = BountyLimits {
        most: if first { board.phases.bounty } else { 0 },
        contributed: account.contributed,
        insurance: treasury.insurance,
    };
    if limits.most == 0 {
        return Ok(0);
    }
    let bounty = bounty(&step.before, step.relief(), step.to_keeper(), &limits);
    account.contributed -= bounty;
    treasury.insurance -= bounty;
    keeper.add_quote(i64::try_from(bounty).map_err(|_| BallastError::Overflow)?, board)?;
    Ok(bounty)
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
    keeper.authorise(a.keeper_authority.key, delegate_power::LIQUIDATE, now)?;
    for party in [&account, &keeper] {
        require_keys_eq!(party.clearinghouse, board.clearinghouse, BallastError::WrongClearinghouse);
    }

    refuse_same_owner(&account, &keeper, a.keeper_authority.key)?;

    let takeovers = legs.iter().map(|leg| resolve(leg, &account, &view, now)).collect::<Result<Vec<_>>>()?;
    for (asset, _) in &takeovers {
        policy::require_asset_itself(&board, Action::Liquidate, usize::from(*asset), now)?;
    }
    let pace = board.phases.pace(board.params.dust);
    let auction = board.phases.auction(account.short_for(now).unwrap_or(0));
    let step = price_step(&account, &takeovers, &view, &auction)?;
    require_not_left_behind(&legs, &takeovers, &step.before, &board, now)?;
    let first = advance(&mut account, &step, &board, &pace, now)?;

    let mut markets = ctx.remaining_accounts.iter();
    for (taken, terms) in legs.iter().zip(&step.terms) {
        let changes = move_leg(taken.leg, terms, &mut account, &mut keeper, &board)?;
        let LiquidationLeg::Position { market } = taken.leg else { continue };
        if !reduces(changes[1].before, changes[1].after) {
            policy::require_unrestricted(keeper.restrictions, Action::Increase)?;
        }
        let info = markets.next().ok_or(BallastError::WrongMarket)?;
        let crowding = follow(info, market, &view, &changes, (&step.before, terms.volume))?;
        keeper.remember_crowding(market, crowding, now);
    }
    let bounty = share_out(&step, first, &board, &mut account, &mut keeper, &mut a.treasury)?;

    require!(BoardView::options(&keeper, &board).count() <= MAX_OPTIONS, BallastError::TooManyOptions);
    let keeper_margin = BoardView::for_new_risk(&board, now).margin(&keeper, Basis::Initial).or_refuse()?;
    require!(keeper_margin.meets_initial(), BallastError::BelowInitialMargin);
    emit!(report(a.margin_account.key(), a.keeper.key(), &legs, &takeovers, &step, bounty));
    Ok(())
}

/// Prices the step and judges it; the memory that this takes is free again for the keeper's own margin.
#[inline(never)]
pub(crate) fn price_step(
    account: &MarginAccount,
    takeovers: &[(u8, Taken)],
    view: &BoardView,
    auction: &Auction,
) -> Result<Step> {
    const NONE: Terms = Terms { quantity: 0, proceeds: 0, penalty: 0, to_insurance: 0, volume: 0 };
    let priced = heap::scope(|| {
        let mut book = view.book(account, Basis::Maintenance)?;
        let taken = takeovers.iter().map(|(_, taken)| *taken);
        let params = (view.params(Basis::Maintenance), view.board().params.liquidation());
        Ok(auctioned(&mut book, taken, &params.0, &params.1, auction)?.map(|step| {
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
    bounty: u64,
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
        bounty,
    }
}
