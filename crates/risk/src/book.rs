//! A book: what an account holds, valued, and what it must hold.
//!
//! Collateral and perpetual positions in the same asset are one exposure: they are netted in native
//! units before anything is valued, so a hedge is a hedge to the last unit. With `n_i` the net units
//! of asset i, `p_i` its price and `e_j` the signed quote entry of position j (minus what it cost),
//!
//! ```text
//! equity = quote + Σ_j e_j + Σ_i ⌊n_i·p_i⌋
//! ```
//!
//! Three questions are asked of the same holdings, each on its own [`Basis`]: may it be liquidated
//! (spot), may it take on risk (the worse of spot and stable price for its *net* exposure, so that a
//! hedged book suffers no phantom loss, with unsettled profit counted up to a cap), and may it take
//! money out (the same, with unsettled profit counted for nothing). Losses always count in full.
//!
//! Profit that is left out bends the value of an asset's holdings in its price: what a short has won
//! no longer offsets what its collateral has lost. There the worse price is not a question of the net
//! exposure's sign, and the holdings are valued at both.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asset::{AssetRisk, RiskView};
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_ONE, charge, credit};
use crate::leg::Leg;
pub use crate::leg::MAX_GROSS;
use crate::margin::{Margin, MarginParams, Parts};
use crate::option_book::{Group, Options};
use crate::price::Price;
use crate::scenario::{Vector, fits, shift_for};
use crate::stress::StressVector;

/// Most assets a book can touch.
pub const MAX_ASSETS: usize = 32;

/// A perpetual position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Index of the asset it is on.
    pub asset: usize,
    /// Signed native units.
    pub base: i64,
    /// Signed quote micro-units: minus the cost of `base`, plus what was settled.
    pub entry: i64,
    /// Unsettled profit that may support initial margin, quote micro-units.
    pub profit_cap: u64,
}

/// The question asked of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// May it be liquidated? Spot prices; unsettled profit counts.
    Maintenance,
    /// May it take on risk? Conservative prices; unsettled profit counts up to each market's cap.
    Initial,
    /// May money leave it? Conservative prices; unsettled profit counts for nothing.
    Withdrawal,
}

impl Basis {
    fn price(self, risk: &AssetRisk, quantity: i64) -> Price {
        if self == Self::Maintenance {
            return risk.spot;
        }
        // What is held counts at the lower price, what is owed at the higher.
        if risk.stable.is_below(&risk.spot) == (quantity >= 0) { risk.stable } else { risk.spot }
    }

    /// What `net` units of an asset count for, less the unsettled profit in its positions that is
    /// left out, at whichever price makes that less.
    ///
    /// Both must be tried: a short that outweighs its collateral by one unit makes the net exposure
    /// short, and the higher price worse for it; but if its profit is left out, the collateral alone
    /// is what counts, and for that the lower price is worse.
    pub(crate) fn counted(
        self,
        risk: &AssetRisk,
        net: i64,
        positions: impl Iterator<Item = Position> + Clone,
    ) -> Result<i64> {
        let (spot, stable) = (
            self.counted_at(&risk.spot, net, positions.clone())?,
            self.counted_at(&risk.stable, net, positions)?,
        );
        i64::try_from(spot.min(stable)).map_err(|_| RiskError::Overflow)
    }

    /// The same at one price.
    #[inline(always)]
    pub(crate) fn counted_at(
        self,
        price: &Price,
        net: i64,
        positions: impl Iterator<Item = Position>,
    ) -> Result<i128> {
        let mut counted = i128::from(price.value(net)?);
        for p in positions {
            let unsettled = i128::from(price.value(p.base)?) + i128::from(p.entry);
            let cap = if self == Self::Initial { p.profit_cap } else { 0 };
            counted -= (unsettled - i128::from(cap)).max(0);
        }
        Ok(counted)
    }
}

/// The scenario profits of a book, and the scales of their weights.
#[derive(Debug)]
pub(crate) struct Scenarios {
    pub vector: Vector,
    pub shift: u32,
    pub stress: StressVector,
    pub stress_shift: u32,
}

impl Scenarios {
    /// Runs every leg of the core through ring and stress rows, two at a time.
    pub fn of(legs: &[Leg], totals: &Totals) -> Self {
        let (shift, stress_shift) = (shift_for(totals.risk), shift_for(totals.stressed));
        let (mut vector, mut stress) = (Vector::new(), StressVector::new());
        let mut core = legs.iter().filter(|leg| leg.in_core());
        while let Some(a) = core.next() {
            match core.next() {
                Some(b) => {
                    vector.add_many([a.column, b.column], [a.weight(shift), b.weight(shift)]);
                    let weights = [a.stress_weight(stress_shift), b.stress_weight(stress_shift)];
                    stress.add_many([a.stress, b.stress], weights);
                }
                None => {
                    vector.add(a.column, a.weight(shift));
                    stress.add_many([a.stress], [a.stress_weight(stress_shift)]);
                }
            }
        }
        Self { vector, shift, stress, stress_shift }
    }

    /// Whether weights of these sums still fit the scales.
    fn hold(&self, totals: &Totals) -> bool {
        fits(totals.risk, self.shift) && fits(totals.stressed, self.stress_shift)
    }

    /// Replaces one leg by another in the same asset.
    fn replace(&mut self, before: &Leg, after: &Leg) {
        self.vector.add(after.column, after.weight(self.shift) - before.weight(self.shift));
        let shift = self.stress_shift;
        self.stress.add_many([after.stress], [after.stress_weight(shift) - before.stress_weight(shift)]);
    }
}

/// Sums over legs that together are at most [`MAX_GROSS`], and one leg more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub gross: u64,
    risk: u64,
    stressed: u64,
}

impl Totals {
    fn add(&mut self, leg: &Leg) {
        self.gross += leg.magnitude;
        self.risk += leg.risk;
        self.stressed += leg.stressed();
    }

    fn remove(&mut self, leg: &Leg) {
        self.gross -= leg.magnitude;
        self.risk -= leg.risk;
        self.stressed -= leg.stressed();
    }
}

/// The options beside a leg.
#[inline(always)]
fn group(options: Option<&Options>, leg: usize) -> Option<&Group> {
    options.and_then(|options| options.beside(leg))
}

/// An account's holdings, valued on one basis.
pub struct Book<'a> {
    pub(crate) view: &'a dyn RiskView,
    pub(crate) basis: Basis,
    equity: i64,
    pub(crate) legs: Vec<Leg<'a>>,
    pub(crate) totals: Totals,
    pub(crate) scenarios: Option<Scenarios>,
    /// None where there is none, which is where the book stays on the fast path.
    pub(crate) options: Option<Box<Options>>,
}

impl<'a> Book<'a> {
    /// Values holdings: a signed quote balance, collateral as (asset, native units), and positions.
    ///
    /// # Errors
    /// What the view reports of an asset; [`RiskError::Overflow`], [`RiskError::BookTooLarge`].
    pub fn new<V: RiskView>(
        quote: i64,
        collateral: impl Iterator<Item = (usize, u64)>,
        positions: impl Iterator<Item = Position> + Clone,
        view: &'a V,
        basis: Basis,
    ) -> Result<Self> {
        let mut quantities = [0i64; MAX_ASSETS];
        let (mut touched, mut traded) = (0u32, 0u32);
        for (asset, amount) in collateral {
            let amount = i64::try_from(amount).map_err(|_| RiskError::Overflow)?;
            let net = quantities.get_mut(asset).ok_or(RiskError::UnknownAsset)?;
            *net = net.checked_add(amount).ok_or(RiskError::Overflow)?;
            touched |= 1 << asset;
        }
        let mut equity = quote;
        for p in positions.clone() {
            let net = quantities.get_mut(p.asset).ok_or(RiskError::UnknownAsset)?;
            *net = net.checked_add(p.base).ok_or(RiskError::Overflow)?;
            equity = equity.checked_add(p.entry).ok_or(RiskError::Overflow)?;
            traded |= 1 << p.asset;
        }
        touched |= traded;

        let mut legs = Vec::with_capacity(touched.count_ones() as usize);
        let mut totals = Totals::default();
        while touched != 0 {
            let asset = touched.trailing_zeros() as usize;
            touched &= touched - 1;
            let risk = view.asset(asset)?;
            let quantity = quantities[asset];
            let price = basis.price(&risk, quantity);
            let (column, stress) = view.scenarios(asset)?;
            let leg = Leg::new(asset, quantity, &price, &risk, column, stress)?;
            let counted = if basis == Basis::Maintenance || traded & (1 << asset) == 0 {
                leg.value
            } else {
                basis.counted(&risk, leg.quantity, positions.clone().filter(|p| p.asset == asset))?
            };
            equity = equity.checked_add(counted).ok_or(RiskError::Overflow)?;
            if risk.void {
                // With what its positions cost: the asset may lower equity, never raise it.
                let on_asset = positions.clone().filter(|p| p.asset == asset);
                let held = i128::from(counted) + on_asset.map(|p| i128::from(p.entry)).sum::<i128>();
                let void = i64::try_from(held.max(0)).map_err(|_| RiskError::Overflow)?;
                equity = equity.checked_sub(void).ok_or(RiskError::Overflow)?;
            }
            if risk.favour != 0 {
                let favour =
                    i64::try_from(credit(leg.magnitude, risk.favour)?).map_err(|_| RiskError::Overflow)?;
                equity = equity.checked_add(favour).ok_or(RiskError::Overflow)?;
            }
            // Refused before the sum of risk, eight bits wider, could overflow.
            totals.add(&leg);
            if totals.gross > MAX_GROSS {
                return Err(RiskError::BookTooLarge);
            }
            legs.push(leg);
        }

        Ok(Self { view, basis, equity, legs, totals, scenarios: None, options: None })
    }

    /// What the account is worth on this basis, quote micro-units.
    #[must_use]
    pub const fn equity(&self) -> i64 {
        self.equity
    }

    /// Σ of absolute exposures, quote micro-units.
    #[must_use]
    pub const fn gross(&self) -> u64 {
        self.totals.gross
    }

    /// Net native units of an asset.
    #[must_use]
    pub fn quantity(&self, asset: usize) -> i64 {
        self.legs.iter().find(|leg| usize::from(leg.asset) == asset).map_or(0, |leg| leg.quantity)
    }

    /// Equity and requirement.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    #[inline(never)]
    pub fn margin(&mut self, params: &MarginParams) -> Result<Margin> {
        let options = self.options.as_deref();
        if options.is_none() && self.legs.iter().all(|leg| leg.quantity == 0) {
            return Ok(Margin { equity: self.equity, ..Margin::default() });
        }
        let scenarios = self.scenarios.get_or_insert_with(|| Scenarios::of(&self.legs, &self.totals));
        let mut parts = Parts { gross: self.totals.gross, ..Parts::default() };
        let (mut tails, mut shocks, mut widest, mut alone) = (0u64, 0u64, 0u64, 0u64);
        let mut at_once = 0u64;
        let sum = |total: u64, part: u64| total.checked_add(part).ok_or(RiskError::Overflow);
        for (at, leg) in self.legs.iter().enumerate() {
            if leg.in_core() {
                tails += u64::from(leg.tail);
                widest = sum(widest, leg.widest)?;
            }
            if let Some(group) = group(options, at) {
                let charges = group.charges(leg, params)?;
                parts.addons = sum(parts.addons, charges.addon)?;
                if params.notice != RATE_ONE {
                    at_once = sum(at_once, group.charges(leg, &params.at_once())?.addon)?;
                }
                parts.crowding = sum(parts.crowding, charges.crowding)?;
                alone = alone.max(charges.shock);
                shocks = sum(shocks, charges.shock)?;
                continue;
            }
            if let Some(addon) = leg.published_addon(params) {
                parts.addons = sum(parts.addons, addon?)?;
            } else {
                let [lagging, own] = leg.addons(self.view, params)?;
                parts.addons = sum(parts.addons, lagging)?;
                at_once = sum(at_once, own)?;
            }
            if leg.crowding != 0 {
                parts.crowding = sum(parts.crowding, charge(leg.magnitude, leg.crowding)?)?;
            }
            if leg.in_core() {
                let shock = leg.shock()?;
                alone = alone.max(shock);
                shocks = sum(shocks, shock)?;
            }
        }
        let (shortfall, joint) = match options {
            None => (
                scenarios.vector.expected_shortfall(tails, scenarios.shift),
                scenarios.stress.worst(widest, scenarios.stress_shift)?,
            ),
            Some(options) => {
                parts.gross -= options.relief();
                let rows = options.rows(&self.legs, scenarios);
                let joint = options.worst_joint(&self.legs, scenarios, widest)?;
                (rows.expected_shortfall(tails, scenarios.shift), joint)
            }
        };
        parts.expected_shortfall = u64::try_from(shortfall).map_err(|_| RiskError::Overflow)?;
        parts.stress = joint.max(alone).max(charge(shocks, params.stress.decorrelation)?);
        let margin = Margin::require(self.equity, &parts, params)?;
        if params.notice == RATE_ONE {
            return Ok(margin);
        }
        // Floors are made up for leg by leg, which nets with nothing: a hedge would pay for being given time.
        parts.addons = at_once;
        let full = Margin::require(self.equity, &parts, &params.at_once())?;
        Ok(if full.maintenance <= margin.maintenance { full } else { margin })
    }

    /// What the leg at this place is charged un-netted, with the options on its asset.
    pub(crate) fn addon(&self, at: usize, params: &MarginParams) -> Result<u64> {
        match group(self.options.as_deref(), at) {
            Some(group) => Ok(group.charges(&self.legs[at], params)?.addon),
            None => Ok(self.legs[at].addons(self.view, params)?[0]),
        }
    }

    /// Loss of the leg at this place in its asset's own worst stress, with the options on it.
    pub(crate) fn shock(&self, at: usize, params: &MarginParams) -> Result<u64> {
        match group(self.options.as_deref(), at) {
            Some(group) => Ok(group.charges(&self.legs[at], params)?.shock),
            None => self.legs[at].shock(),
        }
    }

    /// Equity after a change.
    pub(crate) fn equity_with(&self, change: i128) -> Result<i64> {
        i64::try_from(i128::from(self.equity) + change).map_err(|_| RiskError::Overflow)
    }

    pub(crate) const fn set_equity(&mut self, equity: i64) {
        self.equity = equity;
    }

    /// Changes the net quantity of one asset by `quantity` and the cash by `cash`, and updates the
    /// scenario profits by that one column instead of rebuilding them.
    ///
    /// Only meaningful on [`Basis::Maintenance`], where the price does not depend on the side and no
    /// profit is left out. The book is unchanged where an error is returned.
    ///
    /// # Errors
    /// [`RiskError::UnknownAsset`] if the book has no leg in the asset; as [`Book::new`].
    pub fn adjust(&mut self, asset: usize, quantity: i64, cash: i64) -> Result<()> {
        let at = self
            .legs
            .iter()
            .position(|leg| usize::from(leg.asset) == asset)
            .ok_or(RiskError::UnknownAsset)?;
        let before = self.legs[at];
        let risk = self.view.asset(asset)?;
        let moved = before.quantity.checked_add(quantity).ok_or(RiskError::Overflow)?;
        let after = Leg::new(asset, moved, &risk.spot, &risk, before.column, before.stress)?;
        let mut totals = self.totals;
        totals.remove(&before);
        totals.add(&after);
        if totals.gross > MAX_GROSS {
            return Err(RiskError::BookTooLarge);
        }
        self.equity = self
            .equity
            .checked_sub(before.value)
            .and_then(|e| e.checked_add(after.value))
            .and_then(|e| e.checked_add(cash))
            .ok_or(RiskError::Overflow)?;
        self.legs[at] = after;
        self.totals = totals;
        if self.scenarios.as_ref().is_some_and(|s| !s.hold(&totals)) {
            self.scenarios = None;
        }
        if let Some(scenarios) = &mut self.scenarios {
            scenarios.replace(&before, &after);
        }
        Ok(())
    }
}
