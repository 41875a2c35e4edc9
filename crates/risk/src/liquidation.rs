//! Liquidation: the keeper proposes what and how much, the engine says on which terms, and judges
//! the outcome.
//!
//! A step moves signed native units of one or more legs from the account to the keeper, each at the
//! spot price less a penalty. Several legs at once, because the legs of a hedge cannot be unwound one
//! after the other: closing one bares the other, and the margin rises.
//!
//! The penalty of a step never takes more than its part of the account's remaining equity, nor more than
//! half of the margin that the step frees ([`crate::penalty`]). The second bound is what keeps every
//! account closable: a book whose legs offset has a margin far below its gross, and a penalty on gross
//! would eat more than the step gives back. Part of the penalty is the insurance fund's; the keeper, who
//! ends above its own IM, pays it over from settled quote, so that the fund is never paid in somebody's
//! unsettled profit.
//!
//! Which legs and how much is free. What is judged is the result: the account was under MM, its
//! shortfall shrinks, and it is not pushed past its target by more than dust.

use alloc::vec::Vec;

use crate::book::Book;
use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, RATE_ONE, credit, mul_div_ceil, mul_div_floor};
use crate::margin::{Margin, MarginParams};
use crate::penalty::{self, Auction};
use crate::price::Price;

/// What a liquidation may cost and how far it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiquidationParams {
    /// Penalty on the value taken over, basis points.
    pub penalty_bps: u32,
    /// The insurance fund's part of the penalty, basis points of it.
    pub insurance_share_bps: u32,
    /// Liquidation stops at `MM·(1 + buffer)`, basis points.
    pub buffer_bps: u32,
    /// How far past the target a step may end, and below which gross exposure an account may be
    /// closed whole, quote micro-units. Not below [`crate::margin::MarginParams::min_maintenance`], nor
    /// below the value of one native unit of any asset: a book that only a whole close can improve
    /// would be stuck.
    pub dust: u64,
}

/// The terms of one takeover, quote micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Signed native units that leave the account.
    pub quantity: i64,
    /// Credited to the account for them (negative where it pays to be rid of a short), after penalty.
    pub proceeds: i64,
    /// What the account gave up against spot.
    pub penalty: u64,
    /// The insurance fund's part, paid by the keeper.
    pub to_insurance: u64,
    /// What of the underlying changes hands.
    pub volume: u64,
}

impl Terms {
    /// The keeper's part of the penalty.
    #[must_use]
    pub const fn to_keeper(&self) -> u64 {
        self.penalty - self.to_insurance
    }
}

impl Terms {
    /// Of a part of a position, with a share of its penalty (a rate) of at most `most`.
    fn of(priced: &Priced, share: u64, most: u64, params: &LiquidationParams) -> Result<Self> {
        let Priced { quantity, value, exposed, volume, penalty_bps } = *priced;
        if quantity == 0 {
            return Err(RiskError::BadParameter);
        }
        let full = mul_div_floor(exposed, penalty_bps.into(), BPS_ONE)?;
        let penalty = if share == RATE_ONE { full } else { credit(full, share)? }.min(most);
        let proceeds =
            i64::try_from(i128::from(value) - i128::from(penalty)).map_err(|_| RiskError::Overflow)?;
        // The fund's part is rounded up within the penalty.
        let to_insurance = mul_div_ceil(penalty, params.insurance_share_bps.into(), BPS_ONE)?.min(penalty);
        Ok(Self { quantity, proceeds, penalty, to_insurance, volume })
    }
}

/// Terms of taking over `quantity` at `spot`, with a penalty of at most `most` (nothing below zero).
///
/// # Errors
/// [`RiskError::BadParameter`] for a quantity of zero, [`RiskError::Overflow`].
pub fn terms(quantity: i64, spot: &Price, most: i64, params: &LiquidationParams) -> Result<Terms> {
    let value = spot.value(quantity)?;
    let volume = value.unsigned_abs();
    let priced = Priced { quantity, value, exposed: volume, volume, penalty_bps: params.penalty_bps };
    Terms::of(&priced, RATE_ONE, u64::try_from(most).unwrap_or(0), params)
}

/// Why a proposed liquidation is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The account's equity is at or above its MM.
    Healthy,
    /// The step leaves the account as far from its MM as it was, or further.
    ShortfallNotReduced,
    /// The step takes more than is needed to bring the account to its target.
    TooMuch,
}

/// Equity at which liquidation stops: `⌈MM·(1 + buffer)⌉`.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn target(maintenance: u64, params: &LiquidationParams) -> Result<u64> {
    mul_div_ceil(maintenance, BPS_ONE + u64::from(params.buffer_bps), BPS_ONE)
}

/// Judges the outcome of a step: `Ok(None)` where it is admissible.
///
/// `gross_before` is the account's gross exposure before the step: one below `dust` may be closed
/// whole, and so may one whose whole MM is.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn judge(
    before: &Margin,
    after: &Margin,
    gross_before: u64,
    params: &LiquidationParams,
) -> Result<Option<Refusal>> {
    if !before.is_liquidatable() {
        return Ok(Some(Refusal::Healthy));
    }
    if after.shortfall() >= before.shortfall() {
        return Ok(Some(Refusal::ShortfallNotReduced));
    }
    let ceiling = i128::from(target(after.maintenance, params)?) + i128::from(params.dust);
    let dust = gross_before.min(before.maintenance) <= params.dust;
    if i128::from(after.equity) > ceiling && !dust {
        return Ok(Some(Refusal::TooMuch));
    }
    Ok(None)
}

/// One leg of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takeover {
    /// Index of its asset.
    pub asset: usize,
    /// Signed native units that leave the account.
    pub quantity: i64,
    /// Spot price of the asset.
    pub spot: Price,
    /// Penalty on its value, basis points.
    pub penalty_bps: u32,
}

/// One option leg of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionTakeover {
    /// Which of the book's options, in the order that it was given them.
    pub holding: usize,
    /// Signed native units that leave the account.
    pub contracts: i64,
    /// Penalty on the value of the underlying, basis points: the option itself may be worth nothing.
    pub penalty_bps: u32,
}

/// What a step takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Part of a linear leg.
    Linear(Takeover),
    /// Part of an option position, at its mark.
    Option(OptionTakeover),
}

/// A leg before its penalty is known.
#[derive(Clone, Copy)]
struct Priced {
    /// Signed units.
    quantity: i64,
    /// What they are worth, quote micro-units.
    value: i64,
    /// On how much the penalty is.
    exposed: u64,
    /// What of the underlying changes hands.
    volume: u64,
    penalty_bps: u32,
}

impl Taken {
    fn priced(&self, book: &Book) -> Result<Priced> {
        match self {
            Self::Linear(t) => {
                let value = t.spot.value(t.quantity)?;
                let volume = value.unsigned_abs();
                let (quantity, penalty_bps) = (t.quantity, t.penalty_bps);
                Ok(Priced { quantity, value, exposed: volume, volume, penalty_bps })
            }
            Self::Option(t) => {
                let (value, volume) = book.option_value(t.holding, t.contracts)?;
                // What is held can lose no more than it is worth, to a keeper either.
                let exposed = if t.contracts > 0 { volume.min(value.max(0) as u64) } else { volume };
                Ok(Priced { quantity: t.contracts, value, exposed, volume, penalty_bps: t.penalty_bps })
            }
        }
    }

    fn leave(&self, book: &mut Book, quantity: i64, value: i64) -> Result<()> {
        let back = quantity.checked_neg().ok_or(RiskError::Overflow)?;
        match self {
            Self::Linear(t) => book.adjust(t.asset, back, value),
            Self::Option(t) => book.adjust_option(t.holding, back, value),
        }
    }
}

/// A step, priced and admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The account before.
    pub before: Margin,
    /// The account after.
    pub after: Margin,
    /// Terms of each leg, in the order of the takeovers.
    pub terms: Vec<Terms>,
}

impl Step {
    /// What the account gave up against spot in all.
    #[must_use]
    pub fn penalty(&self) -> u64 {
        self.terms.iter().map(|t| t.penalty).sum()
    }

    /// The insurance fund's part in all.
    #[must_use]
    pub fn to_insurance(&self) -> u64 {
        self.terms.iter().map(|t| t.to_insurance).sum()
    }

    /// The keeper's part in all.
    #[must_use]
    pub fn to_keeper(&self) -> u64 {
        self.terms.iter().map(Terms::to_keeper).sum()
    }

    /// The margin that it frees.
    #[must_use]
    pub const fn relief(&self) -> u64 {
        self.before.maintenance.saturating_sub(self.after.maintenance)
    }
}

/// Prices a step on a book of [`crate::book::Basis::Maintenance`] and judges its outcome. The book is
/// left with the legs moved.
///
/// MM depends on what is held and not on cash, so the legs are moved at spot first; the margin that
/// this frees bounds the penalty, and the penalty is then taken off equity.
///
/// # Errors
/// [`RiskError::UnknownAsset`] for a leg that the book does not have, [`RiskError::BadParameter`] for a
/// quantity of zero, [`RiskError::Overflow`].
pub fn step(
    book: &mut Book,
    takeovers: &[Takeover],
    margin: &MarginParams,
    params: &LiquidationParams,
) -> Result<core::result::Result<Step, Refusal>> {
    step_of(book, takeovers.iter().map(|t| Taken::Linear(*t)), margin, params)
}

/// [`step`] of linear and option legs.
///
/// # Errors
/// As [`step`]; [`RiskError::UnknownAsset`] for an option that the book does not have.
pub fn step_of(
    book: &mut Book,
    taken: impl Iterator<Item = Taken>,
    margin: &MarginParams,
    params: &LiquidationParams,
) -> Result<core::result::Result<Step, Refusal>> {
    auctioned(book, taken, margin, params, &Auction::FULL)
}

/// [`step_of`] at the share of the penalty that the auction has reached.
///
/// # Errors
/// As [`step_of`].
pub fn auctioned(
    book: &mut Book,
    taken: impl Iterator<Item = Taken>,
    margin: &MarginParams,
    params: &LiquidationParams,
    auction: &Auction,
) -> Result<core::result::Result<Step, Refusal>> {
    let before = book.margin(margin)?;
    if !before.is_liquidatable() {
        return Ok(Err(Refusal::Healthy));
    }
    let gross = book.gross();
    let mut moved = Vec::new();
    for t in taken {
        let priced = t.priced(book)?;
        t.leave(book, priced.quantity, priced.value)?;
        moved.push(priced);
    }
    let mut after = book.margin(margin)?;

    let mut most = penalty::most(&before, before.maintenance.saturating_sub(after.maintenance))?;
    let share = auction.share(&before)?;
    let mut terms = Vec::with_capacity(moved.len());
    for priced in &moved {
        let leg = Terms::of(priced, share, most, params)?;
        most -= leg.penalty;
        // A leg's penalty is at most the equity, which is an i64.
        after.equity = after.equity.checked_sub(leg.penalty as i64).ok_or(RiskError::Overflow)?;
        terms.push(leg);
    }
    Ok(match judge(&before, &after, gross, params)? {
        Some(refusal) => Err(refusal),
        None => Ok(Step { before, after, terms }),
    })
}
