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

use alloc::vec::Vec;

use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, charge, credit, mul_div_ceil};
use crate::price::Price;
use crate::scenario::{Column, RISK_BITS, Vector, fits, shift_for, weight};

/// Most assets a book can touch.
pub const MAX_ASSETS: usize = 32;
/// Largest gross exposure that is margined, quote micro-units: 2⁵³ ≈ 9.0 billion quote. Below it no
/// intermediate of the scenario arithmetic can overflow.
pub const MAX_GROSS: u64 = 1 << 53;

/// Everything the engine needs to know of an asset, as published on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetRisk {
    /// The last accepted price.
    pub spot: Price,
    /// The slow price.
    pub stable: Price,
    /// σ over the horizon, a rate below one.
    pub sigma: u64,
    /// Un-netted charge on a long exposure, a rate.
    pub addon_long: u64,
    /// Un-netted charge on a short exposure, a rate.
    pub addon_short: u64,
    /// Credited to equity on the absolute value of a net exposure, a rate: how far the price may have
    /// moved in the account's favour since it was last known. Zero for a recent price.
    pub favour: u64,
    /// The wider of both tails, as in [`crate::scenario::Tails::widest`].
    pub tail: u32,
    /// Whether the asset takes part in the joint core.
    pub netted: bool,
}

/// Where the engine reads risk from: an adapter over the board, or plain data in a test.
pub trait RiskView {
    /// Risk of an asset.
    ///
    /// # Errors
    /// [`RiskError::UnknownAsset`] or [`RiskError::StalePrice`].
    fn asset(&self, index: usize) -> Result<AssetRisk>;
    /// Standardised returns of an asset.
    ///
    /// # Errors
    /// [`RiskError::UnknownAsset`].
    fn column(&self, index: usize) -> Result<&Column>;
}

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
    fn counted(
        self,
        risk: &AssetRisk,
        net: i64,
        positions: impl Iterator<Item = Position> + Clone,
    ) -> Result<i64> {
        let at = |price: &Price| -> Result<i128> {
            let mut counted = i128::from(price.value(net)?);
            for p in positions.clone() {
                let unsettled = i128::from(price.value(p.base)?) + i128::from(p.entry);
                let cap = if self == Self::Initial { p.profit_cap } else { 0 };
                counted -= (unsettled - i128::from(cap)).max(0);
            }
            Ok(counted)
        };
        i64::try_from(at(&risk.spot)?.min(at(&risk.stable)?)).map_err(|_| RiskError::Overflow)
    }
}

/// Requirements that hold for every book of a clearinghouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginParams {
    /// IM ÷ MM, basis points, at least 10,000.
    pub initial_ratio_bps: u32,
    /// Least MM of a book that has any exposure, quote micro-units.
    pub min_maintenance: u64,
}

/// Equity against requirement, quote micro-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// What the account is worth on this basis.
    pub equity: i64,
    /// Expected Shortfall of the joint core.
    pub core: u64,
    /// Un-netted charges.
    pub addons: u64,
    /// `max(core + addons, minimum)`, or zero without exposure.
    pub maintenance: u64,
    /// `⌈maintenance·κ⌉`.
    pub initial: u64,
}

impl Margin {
    /// By how much equity falls short of MM; negative where it exceeds it. Never overflows: MM is
    /// bounded by a few times [`MAX_GROSS`].
    #[must_use]
    pub fn shortfall(&self) -> i128 {
        i128::from(self.maintenance) - i128::from(self.equity)
    }

    /// Equity less IM.
    #[must_use]
    pub fn initial_excess(&self) -> i128 {
        i128::from(self.equity) - i128::from(self.initial)
    }

    /// Whether the account may be liquidated.
    #[must_use]
    pub fn is_liquidatable(&self) -> bool {
        self.shortfall() > 0
    }

    /// Whether the account may end an instruction that added risk or took money out.
    #[must_use]
    pub fn meets_initial(&self) -> bool {
        self.initial_excess() >= 0
    }
}

/// Net exposure to one asset.
#[derive(Clone, Copy, Debug)]
struct Leg<'a> {
    asset: usize,
    quantity: i64,
    price: Price,
    value: i64,
    /// `⌈|value|⌉`.
    magnitude: u64,
    /// `|value|·σ` in 2⁻⁸ micro-units; zero outside the core.
    risk: u64,
    addon_long: u64,
    addon_short: u64,
    sigma: u64,
    tail: u32,
    netted: bool,
    column: &'a Column,
}

impl<'a> Leg<'a> {
    fn new(asset: usize, quantity: i64, risk: &AssetRisk, basis: Basis, column: &'a Column) -> Result<Self> {
        let mut leg = Self {
            asset,
            quantity,
            price: basis.price(risk, quantity),
            value: 0,
            magnitude: 0,
            risk: 0,
            addon_long: risk.addon_long,
            addon_short: risk.addon_short,
            sigma: risk.sigma,
            tail: risk.tail,
            netted: risk.netted,
            column,
        };
        leg.set_quantity(quantity)?;
        Ok(leg)
    }

    fn set_quantity(&mut self, quantity: i64) -> Result<()> {
        self.quantity = quantity;
        if quantity < 0 && !self.price.is_set() {
            // Without a price a holding counts for nothing; a debt must not.
            return Err(RiskError::BadPrice);
        }
        self.value = self.price.value(quantity)?;
        // The value was rounded down: of a long exposure the charge is on at most one unit more.
        self.magnitude = self.value.unsigned_abs() + u64::from(quantity > 0);
        if self.magnitude > MAX_GROSS {
            return Err(RiskError::BookTooLarge);
        }
        // magnitude ≤ 2⁵³, σ < 2³²: 85 bits, shifted to 61 and rounded up.
        self.risk = if self.netted {
            let risk = (u128::from(self.magnitude) * u128::from(self.sigma)).div_ceil(1 << (32 - RISK_BITS));
            u64::try_from(risk).map_err(|_| RiskError::Overflow)?
        } else {
            0
        };
        Ok(())
    }

    fn addon(&self) -> Result<u64> {
        charge(self.magnitude, if self.quantity < 0 { self.addon_short } else { self.addon_long })
    }

    fn weight(&self, shift: u32) -> i64 {
        weight(self.risk, self.quantity < 0, shift)
    }
}

/// The scenario profits of a book, and the scale of their weights.
#[derive(Debug)]
struct Scenarios {
    vector: Vector,
    shift: u32,
}

/// An account's holdings, valued on one basis.
#[derive(Debug)]
pub struct Book<'a> {
    equity: i64,
    legs: Vec<Leg<'a>>,
    scenarios: Option<Scenarios>,
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
        let mut gross = 0u64;
        while touched != 0 {
            let asset = touched.trailing_zeros() as usize;
            touched &= touched - 1;
            let risk = view.asset(asset)?;
            let leg = Leg::new(asset, quantities[asset], &risk, basis, view.column(asset)?)?;
            let counted = if basis == Basis::Maintenance || traded & (1 << asset) == 0 {
                leg.value
            } else {
                basis.counted(&risk, leg.quantity, positions.clone().filter(|p| p.asset == asset))?
            };
            equity = equity.checked_add(counted).ok_or(RiskError::Overflow)?;
            if risk.favour != 0 {
                let favour =
                    i64::try_from(credit(leg.magnitude, risk.favour)?).map_err(|_| RiskError::Overflow)?;
                equity = equity.checked_add(favour).ok_or(RiskError::Overflow)?;
            }
            gross += leg.magnitude;
            legs.push(leg);
        }
        if gross > MAX_GROSS {
            return Err(RiskError::BookTooLarge);
        }

        Ok(Self { equity, legs, scenarios: None })
    }

    /// What the account is worth on this basis, quote micro-units.
    #[must_use]
    pub const fn equity(&self) -> i64 {
        self.equity
    }

    /// Σ of absolute exposures, quote micro-units.
    #[must_use]
    pub fn gross(&self) -> u64 {
        self.legs.iter().map(|leg| leg.magnitude).sum()
    }

    /// Net native units of an asset.
    #[must_use]
    pub fn quantity(&self, asset: usize) -> i64 {
        self.legs.iter().find(|leg| leg.asset == asset).map_or(0, |leg| leg.quantity)
    }

    fn total_risk(&self) -> u64 {
        self.legs.iter().map(|leg| leg.risk).sum()
    }

    /// Runs every leg of the core through the ring, two at a time.
    fn build_scenarios(&self) -> Scenarios {
        let shift = shift_for(self.total_risk());
        let mut vector = Vector::new();
        let mut legs = self.legs.iter().filter(|leg| leg.netted && leg.risk != 0);
        while let Some(a) = legs.next() {
            match legs.next() {
                Some(b) => vector.add_many([a.column, b.column], [a.weight(shift), b.weight(shift)]),
                None => vector.add(a.column, a.weight(shift)),
            }
        }
        Scenarios { vector, shift }
    }

    /// Equity and requirement.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn margin(&mut self, params: &MarginParams) -> Result<Margin> {
        let mut addons = 0u64;
        let mut tails = 0u64;
        let mut exposed = false;
        for leg in &self.legs {
            addons = addons.checked_add(leg.addon()?).ok_or(RiskError::Overflow)?;
            if leg.netted && leg.risk != 0 {
                tails += u64::from(leg.tail);
            }
            exposed |= leg.quantity != 0;
        }
        if !exposed {
            return Ok(Margin { equity: self.equity, ..Margin::default() });
        }
        if self.scenarios.is_none() {
            self.scenarios = Some(self.build_scenarios());
        }
        let core = match &self.scenarios {
            Some(s) => {
                u64::try_from(s.vector.expected_shortfall(tails, s.shift)).map_err(|_| RiskError::Overflow)?
            }
            None => 0,
        };
        let maintenance = core.checked_add(addons).ok_or(RiskError::Overflow)?.max(params.min_maintenance);
        let initial = mul_div_ceil(maintenance, params.initial_ratio_bps.into(), BPS_ONE)?;
        Ok(Margin { equity: self.equity, core, addons, maintenance, initial })
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
        let at = self.legs.iter().position(|leg| leg.asset == asset).ok_or(RiskError::UnknownAsset)?;
        let before = self.legs[at];
        let mut after = before;
        after.set_quantity(before.quantity.checked_add(quantity).ok_or(RiskError::Overflow)?)?;
        if self.gross() - before.magnitude + after.magnitude > MAX_GROSS {
            return Err(RiskError::BookTooLarge);
        }
        self.equity = self
            .equity
            .checked_sub(before.value)
            .and_then(|e| e.checked_add(after.value))
            .and_then(|e| e.checked_add(cash))
            .ok_or(RiskError::Overflow)?;
        self.legs[at] = after;
        let total_risk = self.total_risk();
        if let Some(s) = &mut self.scenarios {
            if fits(total_risk, s.shift) {
                s.vector.add(after.column, after.weight(s.shift) - before.weight(s.shift));
            } else {
                self.scenarios = None;
            }
        }
        Ok(())
    }
}
