//! Why an account must hold what it must hold.
//!
//! **Contributions.** Expected Shortfall and stress are homogeneous in the exposures, so they split without a rest
//! into what each leg adds (Euler; Tasche, *Risk contributions and performance measurement*, 1999): the mean of the
//! leg's own losses in the rows that make the shortfall. A hedge has a negative share. Add-ons are each leg's own.
//! The options on an asset are part of its leg's contribution; `exposure` is that of the linear leg alone.
//!
//! **Distance.** The price of one asset, or the volatility of all, at which the account would be liquidated is found
//! by asking the same engine at other prices and volatilities ([`Shocked`]), never by a second formula.

use alloc::vec::Vec;

use crate::asset::{AssetRisk, RiskView};
use crate::book::{Book, Scenarios};
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, charge, wide};
use crate::margin::{Margin, MarginParams};
use crate::scenario::{Column, RISK_BITS, SCENARIOS, WORST, Z_BITS, get};
use crate::stress::{SHOCK_BITS, STRESS_ROWS, StressColumn};

/// What one leg adds to the requirement, quote micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// Index of its asset.
    pub asset: usize,
    /// Net exposure, signed.
    pub exposure: i64,
    /// Its mean loss in the worst rows; negative where it hedges; nothing where the whole book gains in them.
    pub expected_shortfall: i64,
    /// Its loss in the stress that counts; negative where it hedges.
    pub stress: i64,
    /// What it is charged un-netted.
    pub addon: u64,
    /// Its part of MM.
    pub maintenance: i64,
}

/// A row of the ring in which the book loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScenarioLoss {
    /// Row of the ring.
    pub row: usize,
    /// What the book loses in it, quote micro-units; negative where it gains.
    pub loss: i64,
}

/// Which stress is the worst for a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StressSource {
    /// A joint row.
    Row(usize),
    /// One asset moves alone.
    Asset(usize),
    /// Every hedge fails a little.
    Decorrelation,
}

/// A margin, taken apart.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What is explained.
    pub margin: Margin,
    /// One a leg, in the order of assets.
    pub legs: Vec<Contribution>,
    /// What no leg accounts for: rounding that was charged, and floors that bind on the whole book.
    pub rest: i64,
    /// The rows that make the shortfall, worst first.
    pub worst: [ScenarioLoss; WORST],
    /// Where the worst stress comes from.
    pub source: StressSource,
}

/// Weights times 2⁻¹⁰ at a scale, as quote micro-units.
fn micro(weighted: i64, shift: u32, bits: u32) -> i64 {
    ((i128::from(weighted) << shift) >> bits) as i64
}

fn worst_rows(book: &Book, scenarios: &Scenarios) -> [ScenarioLoss; WORST] {
    let losses: Vec<i64> = match &book.options {
        Some(options) => {
            options.rows(&book.legs, scenarios).as_array().iter().map(|profit| -profit).collect()
        }
        None => (0..SCENARIOS)
            .map(|row| micro(-scenarios.vector.row(row), scenarios.shift, Z_BITS + RISK_BITS))
            .collect(),
    };
    let mut rows: Vec<usize> = (0..SCENARIOS).collect();
    rows.sort_by_key(|row| core::cmp::Reverse(losses[*row]));
    core::array::from_fn(|at| ScenarioLoss { row: rows[at], loss: losses[rows[at]] })
}

fn source(book: &Book, scenarios: &Scenarios, stress: u64, params: &MarginParams) -> Result<StressSource> {
    let (mut alone, mut asset, mut sum) = (0, 0, 0u64);
    for (at, leg) in book.legs.iter().enumerate() {
        let shock = book.shock(at, params)?;
        sum = sum.checked_add(shock).ok_or(RiskError::Overflow)?;
        if shock > alone {
            (alone, asset) = (shock, leg.asset.into());
        }
    }
    Ok(if stress == alone {
        StressSource::Asset(asset)
    } else if stress == charge(sum, params.stress.decorrelation)? {
        StressSource::Decorrelation
    } else {
        let profit = |row: &usize| match &book.options {
            Some(options) => options.stressed(&book.legs, scenarios, *row),
            None => scenarios.stress.row(*row),
        };
        let row = (0..STRESS_ROWS).min_by_key(profit).unwrap_or(0);
        StressSource::Row(row)
    })
}

impl Contribution {
    fn of(
        book: &Book,
        at: usize,
        scenarios: &Scenarios,
        worst: &[ScenarioLoss],
        source: StressSource,
        margin: &Margin,
        params: &MarginParams,
    ) -> Result<Self> {
        let leg = &book.legs[at];
        let addon = book.addon(at, params)?;
        let options = book.options.as_ref().and_then(|o| o.beside(at)).filter(|g| g.in_core());
        let signed = |magnitude: u64| if leg.is_short() { -(magnitude as i64) } else { magnitude as i64 };
        let (mut expected_shortfall, mut stress) = (0, 0);
        if leg.in_core() || options.is_some() {
            let weight = leg.weight(scenarios.shift);
            let profit: i64 = worst.iter().map(|w| weight * get(leg.column, w.row)).sum();
            let bent: i64 = options
                .map_or(0, |group| worst.iter().map(|w| group.profit_in_row(get(leg.column, w.row))).sum());
            expected_shortfall = (micro(-profit, scenarios.shift, Z_BITS + RISK_BITS) - bent) / WORST as i64;
            let own = book.shock(at, params)? as i64;
            stress = match source {
                StressSource::Row(row) => {
                    let shock = crate::stress::get(leg.stress, row);
                    let profit = leg.stress_weight(scenarios.stress_shift) * shock;
                    let bent = options.map_or(0, |group| group.profit_under(shock));
                    micro(-profit, scenarios.stress_shift, SHOCK_BITS) - bent
                }
                StressSource::Asset(asset) if asset == usize::from(leg.asset) => own,
                StressSource::Asset(_) => 0,
                StressSource::Decorrelation => charge(own as u64, params.stress.decorrelation)? as i64,
            };
        }
        let share = |part: i64, rate: u64| ((i128::from(part) * i128::from(rate)) >> RATE_BITS) as i64;
        let es = share(expected_shortfall, params.notice);
        // (1 − ω)·ES + ω·stress, where stress counts at all.
        let omega = if margin.stress > margin.expected_shortfall { params.stress.weight } else { 0 };
        let core = es - share(es, omega) + share(stress, omega);
        Ok(Self {
            asset: leg.asset.into(),
            exposure: signed(leg.value.unsigned_abs()),
            expected_shortfall: es,
            stress,
            addon,
            maintenance: core.saturating_add_unsigned(addon),
        })
    }
}

impl Book<'_> {
    /// Takes the margin apart.
    ///
    /// # Errors
    /// As [`Book::margin`].
    pub fn explain(&mut self, params: &MarginParams) -> Result<Explanation> {
        let margin = self.margin(params)?;
        // What the margin was drawn from; a book without exposure has none yet.
        let scenarios = self.scenarios.take().unwrap_or_else(|| Scenarios::of(&self.legs, &self.totals));
        let worst = worst_rows(self, &scenarios);
        let source = source(self, &scenarios, margin.stress, params)?;
        // A book that gains even in its worst rows owes no shortfall, and no leg has a share in none.
        let gains = worst.iter().map(|w| i128::from(w.loss)).sum::<i128>() <= 0;
        let counted = if gains { &[][..] } else { &worst[..] };
        let legs = (0..self.legs.len())
            .map(|at| Contribution::of(self, at, &scenarios, counted, source, &margin, params))
            .collect::<Result<Vec<_>>>()?;
        let explained: i128 = legs.iter().map(|leg| i128::from(leg.maintenance)).sum();
        let rest = (i128::from(margin.maintenance) - explained) as i64;
        self.scenarios = Some(scenarios);
        Ok(Explanation { margin, legs, rest, worst, source })
    }
}

/// A board at another price of one asset, or at another volatility of all. Haircuts and add-ons stay as published.
pub struct Shocked<'a, V> {
    view: &'a V,
    /// An asset, and the factor on its price, a rate.
    price: Option<(usize, u64)>,
    /// The factor on σ of every asset, a rate.
    sigma: u64,
}

impl<V: RiskView> RiskView for Shocked<'_, V> {
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        let mut risk = self.view.asset(index)?;
        if let Some((_, factor)) = self.price.filter(|(asset, _)| *asset == index) {
            risk.spot = risk.spot.scaled(factor)?;
        }
        risk.sigma =
            u64::try_from(wide(risk.sigma, self.sigma) >> RATE_BITS).unwrap_or(u64::MAX).min(RATE_ONE - 1);
        Ok(risk)
    }

    fn column(&self, index: usize) -> Result<&Column> {
        self.view.column(index)
    }

    fn stress(&self, index: usize) -> Result<&StressColumn> {
        self.view.stress(index)
    }
}

/// Factors that are tried on the way to a limit.
const STEPS: u64 = 128;
/// Least and largest factor on a price, and the largest on σ.
const PRICE_RANGE: (u64, u64) = (RATE_ONE >> 10, RATE_ONE << 4);
const MAX_SIGMA: u64 = RATE_ONE << 4;

/// The factor nearest to one, on the way to `limit` (both rates), at which `short` holds, to one part in 2²⁰. A
/// range between two steps that is short only inside is not found.
fn first(limit: u64, short: impl Fn(u64) -> Result<bool>) -> Result<Option<u64>> {
    if short(RATE_ONE)? {
        return Ok(Some(RATE_ONE));
    }
    let mut fine = RATE_ONE;
    for step in 1..=STEPS {
        // Even steps: both ends are below 2³⁷.
        let mut bad = (RATE_ONE * (STEPS - step) + limit * step) / STEPS;
        if !short(bad)? {
            fine = bad;
            continue;
        }
        while fine.abs_diff(bad) > fine.max(bad) >> 20 {
            let middle = fine.midpoint(bad);
            if short(middle)? {
                bad = middle;
            } else {
                fine = middle;
            }
        }
        return Ok(Some(bad));
    }
    Ok(None)
}

/// How far the market can move before an account is liquidated: factors on what stands now, rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance {
    /// On the price of the asset, falling.
    pub down: Option<u64>,
    /// On the price of the asset, rising.
    pub up: Option<u64>,
}

/// How far the price of one asset can fall and rise, everything else as it is. `margin` is the account's on a board.
///
/// # Errors
/// What `margin` reports.
pub fn price_distance<'a, V: RiskView>(
    view: &'a V,
    asset: usize,
    margin: impl Fn(&Shocked<'a, V>) -> Result<Margin>,
) -> Result<Distance> {
    let short = |factor: u64| {
        let shocked = Shocked { view, price: Some((asset, factor)), sigma: RATE_ONE };
        Ok(margin(&shocked)?.is_liquidatable())
    };
    Ok(Distance { down: first(PRICE_RANGE.0, short)?, up: first(PRICE_RANGE.1, short)? })
}

/// By what factor, a rate, the volatility of all assets can rise, up to sixteenfold.
///
/// # Errors
/// What `margin` reports.
pub fn volatility_distance<'a, V: RiskView>(
    view: &'a V,
    margin: impl Fn(&Shocked<'a, V>) -> Result<Margin>,
) -> Result<Option<u64>> {
    first(MAX_SIGMA, |sigma| Ok(margin(&Shocked { view, price: None, sigma })?.is_liquidatable()))
}
