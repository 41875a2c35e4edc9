//! Options in a book: what they are worth on each basis, and what they add to the requirement.
//!
//! An account without options never comes here. With them, an asset is a *group*: its linear leg, and all options on
//! it as one [`Curve`] over standardised returns and one [`Shape`] over absolute ones. Let `f` be the profit of the
//! options at a return, at the worse end of the volatility band, and `w` the linear exposure:
//!
//! ```text
//! equity     Σ value + entry     mark; for IM what is held at the lower end of a band, what is owed at the upper,
//!                                unsettled profit up to the market's cap; for withdrawals nothing that is held
//! core       row s:  Σ_i (w_i·r_i[s] + f_i(r_i[s]))          the curve joins the rows before the worst are taken
//! stress     joint row:  the same at the row's shocks; alone:  the worst of fall, rest and rise, over w·r + f(r)
//! add-on     loss of w·r + f(r) where the price moves by the asset's add-on against the book, plus
//!            what the delta costs beyond the crowd, plus a minimum for every short contract, netted with nothing
//! ```
//!
//! For a book without options the add-on is `Δ·|w|` as everywhere. A delta-hedged short straddle is charged its
//! chord, not its delta of nothing. An asset outside the joint core is charged the worst of its curve and of its
//! shocks, un-netted, beside its linear leg.
//!
//! One price an asset for equity, as for linear holdings: where profit is left out or a band is laid, linear leg and
//! options together are valued at spot and at the stable price, and the lesser counts. The risk of the options is
//! drawn from that price.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asset::AssetRisk;
use crate::book::{Basis, Book, MAX_ASSETS, MAX_GROSS, Position, Scenarios};
use crate::curve::{Curve, Priced};
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, charge, credit};
use crate::leg::{Leg, addon_rate};
use crate::margin::MarginParams;
use crate::option::{OptionPosition, VolBand};
use crate::price::Price;
use crate::rows::Rows;
use crate::shape::{Shape, along};
use crate::stress::{self, SHOCK_BITS, STRESS_WORDS, hidden};

/// An option position as an account holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionHolding {
    /// Index of the asset it is on.
    pub asset: usize,
    /// What is held or owed.
    pub position: OptionPosition,
    /// Signed quote micro-units: premiums received less premiums paid, less what was settled.
    pub entry: i64,
    /// Unsettled profit that may support initial margin, quote micro-units.
    pub profit_cap: u64,
    /// Least charge on a short contract, a rate of the underlying's value.
    pub short_minimum: u64,
}

/// Volatility bands of a clearinghouse's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionParams {
    /// How far the mark's volatility is doubted for taking on risk and for taking money out.
    pub mark: VolBand,
    /// How far volatility may move over the horizon, in every row and shock.
    pub stress: VolBand,
}

impl OptionHolding {
    /// What it counts for on a basis at a price, unsettled profit above the cap left out.
    fn counted(&self, basis: Basis, price: &Price, mark: &VolBand) -> Result<i128> {
        let (value, cap) = match basis {
            Basis::Maintenance => (self.position.value(price, &VolBand::NONE)?, i128::from(u64::MAX)),
            Basis::Initial => (self.position.value(price, mark)?, self.profit_cap.into()),
            Basis::Withdrawal => (self.position.withdrawal_value(price, mark)?, 0),
        };
        Ok((i128::from(value) + i128::from(self.entry)).min(cap))
    }

    /// What a price that may have moved in the account's favour adds to it, at most.
    fn favour(&self, price: &Price, favour: u64) -> Result<i128> {
        let moved = i128::from(credit(self.position.notional(price)?, favour)?);
        let owed = -i128::from(self.position.value(price, &VolBand::NONE)?);
        Ok(if self.position.contracts < 0 { moved.min(owed.max(0)) } else { moved })
    }
}

/// All options on one asset, beside its leg.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Where the asset's leg is in the book.
    leg: usize,
    risk: AssetRisk,
    curve: Curve,
    shape: Shape,
    /// Profit of the options where nothing moves but volatility: most joint rows leave an asset alone.
    rest: i64,
    /// Least charge on what is owed, quote micro-units.
    minimum: u64,
    /// `⌈|n|·S⌉` of all of them.
    notional: u64,
    /// By how much of it the floor on gross exposure does not apply: what is held loses no more than its worth.
    relief: u64,
}

/// What an asset with options is charged beside the joint core, quote micro-units.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Charges {
    pub addon: u64,
    pub crowding: u64,
    pub shock: u64,
}

fn loss(profit: i64) -> u64 {
    profit.min(0).unsigned_abs()
}

/// Signed exposure of a leg, rounded away from zero.
fn exposure(leg: &Leg) -> i64 {
    if leg.is_short() { -(leg.magnitude as i64) } else { leg.magnitude as i64 }
}

impl Group {
    fn draw(
        leg: usize,
        risk: AssetRisk,
        price: &Price,
        holdings: &[OptionHolding],
        asset: usize,
        band: &VolBand,
    ) -> Result<Self> {
        let on_asset = holdings.iter().filter(|h| h.asset == asset);
        let priced = Priced::all(price, on_asset.clone().map(|h| &h.position), band)?;
        // Outside the core σ says nothing: the haircut does.
        let widen = |side: &crate::asset::Side| {
            if risk.netted { side.shock } else { side.shock.max(side.haircut) }
        };
        let (mut minimum, mut notional, mut relief) = (0u64, 0u64, 0u64);
        for holding in on_asset {
            let p = &holding.position;
            // In the account's favour nothing is added to a price that nobody knows.
            if risk.favour == 0 {
                let least = p.short_minimum(price, holding.short_minimum)?;
                minimum = minimum.checked_add(least).ok_or(RiskError::Overflow)?;
            }
            let whole = p.notional(price)?;
            let mut exposed = charge(whole, p.settling.share)?;
            if p.contracts > 0 {
                exposed = exposed.min(p.value(price, &VolBand::NONE)?.max(0) as u64 + 1);
            }
            notional += whole;
            relief += whole - exposed.min(whole);
        }
        let shape = Shape::of(widen(&risk.long), widen(&risk.short), &priced);
        Ok(Self {
            leg,
            rest: shape.at(0),
            shape,
            curve: Curve::of(risk.sigma.min(RATE_ONE - 1), &priced)?,
            risk,
            minimum,
            notional,
            relief,
        })
    }

    /// Becomes another group of the same asset in the memory that this one has.
    fn become_like(&mut self, other: &Self) {
        self.curve.copy_from(&other.curve);
        self.shape = other.shape.clone();
        (self.rest, self.minimum) = (other.rest, other.minimum);
        (self.notional, self.relief) = (other.notional, other.relief);
    }

    /// Profit of linear leg and options at a return, rates.
    fn profit(&self, leg: &Leg, r: i64) -> i64 {
        along(exposure(leg), r) + self.shape.at(r)
    }

    /// Whether they take part in the joint core.
    pub const fn in_core(&self) -> bool {
        self.risk.netted
    }

    /// Profit of the options at a standardised return, 2⁻¹⁰.
    pub fn profit_in_row(&self, z: i64) -> i64 {
        self.curve.at(z)
    }

    /// Profit of the options under a joint shock, 2⁻¹².
    pub fn profit_under(&self, shock: i64) -> i64 {
        if shock == 0 { self.rest } else { self.shape.at(shock << (RATE_BITS - SHOCK_BITS)) }
    }

    /// What the asset is charged beside the joint core.
    pub fn charges(&self, leg: &Leg, params: &MarginParams) -> Result<Charges> {
        let risk = &self.risk;
        let exposed = exposure(leg).checked_add(self.shape.delta()).ok_or(RiskError::Overflow)?;
        let size = exposed.unsigned_abs();
        let excess = risk.impact.excess(size, risk.side(exposed < 0).crowd)?;
        let mut charges = Charges {
            addon: self.minimum.checked_add(excess).ok_or(RiskError::Overflow)?,
            crowding: charge(size, risk.crowding)?,
            shock: 0,
        };
        let rates = [addon_rate(risk, false, params)?, addon_rate(risk, true, params)?];
        let particular = if risk.netted {
            for (r, profit) in self.shape.shocks() {
                charges.shock = charges.shock.max(loss(along(exposure(leg), r) + profit));
            }
            let bounded = rates.map(|rate| rate.min(8 * RATE_ONE) as i64);
            let [down, up] = [-bounded[0], bounded[1]].map(|r| loss(self.profit(leg, r) - self.rest));
            down.max(up)
        } else {
            let shocks = self.shape.shocks().iter().map(|(_, profit)| loss(*profit)).fold(0, u64::max);
            let linear = charge(leg.magnitude, rates[usize::from(leg.is_short())])?;
            linear.checked_add(shocks.max(self.curve.worst_loss())).ok_or(RiskError::Overflow)?
        };
        charges.addon = charges.addon.checked_add(particular).ok_or(RiskError::Overflow)?;
        Ok(charges)
    }
}

/// The options of a book.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    holdings: Vec<OptionHolding>,
    groups: Vec<Group>,
    params: OptionParams,
}

impl Options {
    /// The options on the asset of a leg.
    pub fn beside(&self, leg: usize) -> Option<&Group> {
        self.groups.iter().find(|g| g.leg == leg)
    }

    /// Value of the underlyings that the floor on gross exposure does not apply to.
    pub fn relief(&self) -> u64 {
        self.groups.iter().map(|g| g.relief).sum()
    }

    fn in_core(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|g| g.in_core())
    }

    /// Profits of the whole book in every row of the ring.
    pub fn rows(&self, legs: &[Leg], scenarios: &Scenarios) -> Rows {
        let straight = legs.iter().any(Leg::in_core);
        let mut rows = if straight { Rows::of(&scenarios.vector, scenarios.shift) } else { Rows::zero() };
        for group in self.in_core() {
            rows.add(&group.curve, legs[group.leg].column);
        }
        rows
    }

    /// Profit of the whole book in a joint stress row.
    pub fn stressed(&self, legs: &[Leg], scenarios: &Scenarios, row: usize) -> i64 {
        let (lane, shift) = (scenarios.stress.row(row), scenarios.stress_shift);
        let linear =
            if shift < SHOCK_BITS { lane >> (SHOCK_BITS - shift) } else { lane << (shift - SHOCK_BITS) };
        let of = |group: &Group| group.profit_under(stress::get(legs[group.leg].stress, row));
        linear + self.in_core().map(of).sum::<i64>()
    }

    /// The worst joint loss, as [`crate::stress::StressVector::worst`].
    pub fn worst_joint(&self, legs: &[Leg], scenarios: &Scenarios, widest: u64) -> Result<u64> {
        // A word in which nothing moves is worth what volatility alone does.
        let rest: i64 = self.in_core().map(|group| group.rest).sum();
        let mut least = rest.min(0);
        for word in 0..STRESS_WORDS {
            let moves = |group: &Group| legs[group.leg].stress[word] != 0;
            if scenarios.stress.word(word) != 0 || self.in_core().any(moves) {
                for row in [2 * word, 2 * word + 1] {
                    least = least.min(self.stressed(legs, scenarios, row));
                }
            }
        }
        let hidden = hidden(widest, scenarios.stress_shift)?;
        loss(least).checked_add(hidden).ok_or(RiskError::Overflow)
    }
}

impl<'a> Book<'a> {
    /// Adds option positions. `positions` are the linear ones that the book was made with. Without any option the
    /// book stays as it is.
    ///
    /// # Errors
    /// As [`Book::new`]; [`RiskError::BadParameter`] for a band that does not enclose one.
    pub fn with_options(
        mut self,
        holdings: impl Iterator<Item = OptionHolding>,
        positions: impl Iterator<Item = Position> + Clone,
        params: &OptionParams,
    ) -> Result<Self> {
        let holdings: Vec<OptionHolding> = holdings.collect();
        let mut touched = 0u32;
        for holding in &holdings {
            if holding.asset >= MAX_ASSETS {
                return Err(RiskError::UnknownAsset);
            }
            touched |= 1 << holding.asset;
        }
        if touched == 0 {
            return Ok(self);
        }
        let mut options = Box::new(Options { holdings, groups: Vec::new(), params: *params });
        while touched != 0 {
            let asset = touched.trailing_zeros() as usize;
            touched &= touched - 1;
            let risk = self.view.asset(asset)?;
            if risk.void {
                // A model on a price that nobody believes counts for nothing, and its requirement is unknown.
                return Err(RiskError::StalePrice);
            }
            let at = self.leg_on(asset, &risk)?;
            let linear = positions.clone().filter(|p| p.asset == asset);
            let price = self.count(&risk, at, &options, asset, linear)?;
            let group = Group::draw(at, risk, &price, &options.holdings, asset, &params.stress)?;
            self.expose(0, group.notional)?;
            options.groups.push(group);
        }
        self.options = Some(options);
        Ok(self)
    }

    /// Where the leg of an asset is, an empty one if there was none.
    fn leg_on(&mut self, asset: usize, risk: &AssetRisk) -> Result<usize> {
        let at = self.legs.iter().position(|leg| usize::from(leg.asset) >= asset).unwrap_or(self.legs.len());
        if self.legs.get(at).is_none_or(|leg| usize::from(leg.asset) != asset) {
            let (column, stress) = (self.view.column(asset)?, self.view.stress(asset)?);
            self.legs.insert(at, Leg::new(asset, 0, &risk.spot, risk, column, stress)?);
        }
        Ok(at)
    }

    /// Counts the options on an asset into equity, and returns the price at which its holdings count for less.
    fn count(
        &mut self,
        risk: &AssetRisk,
        leg: usize,
        options: &Options,
        asset: usize,
        linear: impl Iterator<Item = Position> + Clone,
    ) -> Result<Price> {
        let (basis, net, mark) = (self.basis, self.legs[leg].quantity, &options.params.mark);
        let on_asset = options.holdings.iter().filter(|h| h.asset == asset);
        let of = |price: &Price| {
            on_asset.clone().try_fold(0i128, |sum, h| Ok(sum + h.counted(basis, price, mark)?))
        };
        let (mut price, mut counted) = (risk.spot, 0);
        if basis == Basis::Maintenance {
            counted = of(&risk.spot)?;
            for h in on_asset.clone().filter(|_| risk.favour != 0) {
                counted += h.favour(&risk.spot, risk.favour)?;
            }
        } else {
            let before = i128::from(basis.counted(risk, net, linear.clone())?);
            let all = |price: &Price| Ok(basis.counted_at(price, net, linear.clone())? + of(price)?);
            counted += all(&risk.spot)?;
            if risk.stable.is_set() && risk.stable != risk.spot {
                let slow = all(&risk.stable)?;
                if slow < counted {
                    (price, counted) = (risk.stable, slow);
                }
            }
            counted -= before;
        }
        let equity = self.equity_with(counted)?;
        self.set_equity(equity);
        Ok(price)
    }

    /// Changes an option position, the `holding`-th that the book was given, by `contracts`, and the cash by `cash`.
    ///
    /// Only meaningful on [`Basis::Maintenance`], as [`Book::adjust`]. The book is unchanged where an error is
    /// returned.
    ///
    /// # Errors
    /// [`RiskError::UnknownAsset`] if the book has no such holding; as [`Book::with_options`].
    pub fn adjust_option(&mut self, holding: usize, contracts: i64, cash: i64) -> Result<()> {
        let mut options = self.options.take().ok_or(RiskError::UnknownAsset)?;
        let result = self.redraw(&mut options, holding, contracts, cash);
        self.options = Some(options);
        result
    }

    fn redraw(&mut self, options: &mut Options, holding: usize, contracts: i64, cash: i64) -> Result<()> {
        let held = options.holdings.get_mut(holding).ok_or(RiskError::UnknownAsset)?;
        let (asset, before) = (held.asset, held.position);
        let moved = before.contracts.checked_add(contracts).ok_or(RiskError::Overflow)?;
        let after = OptionPosition { contracts: moved, ..before };
        held.position = after;
        let drawn = self.drawn(options, asset, (&before, &after), cash);
        if drawn.is_err() {
            options.holdings[holding].position = before;
        }
        drawn
    }

    /// Draws the group of an asset again, one of whose positions has changed.
    fn drawn(
        &mut self,
        options: &mut Options,
        asset: usize,
        (before, after): (&OptionPosition, &OptionPosition),
        cash: i64,
    ) -> Result<()> {
        let at = options
            .groups
            .iter()
            .position(|g| usize::from(self.legs[g.leg].asset) == asset)
            .ok_or(RiskError::UnknownAsset)?;
        let (risk, leg) = (options.groups[at].risk, options.groups[at].leg);
        let group = Group::draw(leg, risk, &risk.spot, &options.holdings, asset, &options.params.stress)?;
        let value = |p: &OptionPosition| p.value(&risk.spot, &VolBand::NONE);
        let change = i128::from(value(after)?) - i128::from(value(before)?) + i128::from(cash);
        let equity = self.equity_with(change)?;
        self.expose(options.groups[at].notional, group.notional)?;
        self.set_equity(equity);
        options.groups[at].become_like(&group);
        Ok(())
    }

    /// What taking over `contracts` of an option position is worth at its mark, and on which notional a penalty is.
    ///
    /// # Errors
    /// [`RiskError::UnknownAsset`] if the book has no such holding; as [`OptionPosition::value`].
    pub fn option_value(&self, holding: usize, contracts: i64) -> Result<(i64, u64)> {
        let options = self.options.as_ref().ok_or(RiskError::UnknownAsset)?;
        let held = options.holdings.get(holding).ok_or(RiskError::UnknownAsset)?;
        let spot = self.view.asset(held.asset)?.spot;
        let part = OptionPosition { contracts, ..held.position };
        Ok((part.value(&spot, &VolBand::NONE)?, part.notional(&spot)?))
    }

    /// Replaces value of underlyings in the gross exposure.
    fn expose(&mut self, before: u64, after: u64) -> Result<()> {
        let gross = self.totals.gross - before;
        let gross = gross.checked_add(after).filter(|g| *g <= MAX_GROSS).ok_or(RiskError::BookTooLarge)?;
        self.totals.gross = gross;
        Ok(())
    }
}
