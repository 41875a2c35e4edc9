//! A leg: net exposure to one asset, and what it costs by itself.
//!
//! Small on purpose: an account may have thirty-two, and what a margin check rarely needs (the other side of the
//! asset, its impact, its floor) is read from the view again when it does.

use crate::asset::{AssetRisk, RiskView};
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_ONE, charge, credit};
use crate::margin::MarginParams;
use crate::price::Price;
use crate::scenario::{Column, RISK_BITS, weight};
use crate::stress::StressColumn;

/// Largest gross exposure that is margined, quote micro-units: 2⁵³ ≈ 9.0 billion quote. Below it no
/// intermediate of the scenario arithmetic can overflow.
pub const MAX_GROSS: u64 = 1 << 53;

/// `⌈magnitude·σ⌉` in 2⁻⁸ micro-units, of a magnitude up to [`MAX_GROSS`] and a σ below one (a larger one counts as
/// just below it): at most 61 bits.
#[inline]
fn scaled_risk(magnitude: u64, sigma: u64) -> u64 {
    const HALF: u64 = (1 << 32) - 1;
    let sigma = sigma.min(HALF);
    // By halves: the upper is below 2²², so its product is below 2⁵⁴, and 2⁶² with the eight bits that are kept.
    let upper = (magnitude >> 32).wrapping_mul(sigma) << RISK_BITS;
    let lower = (magnitude & HALF).wrapping_mul(sigma);
    upper.wrapping_add((lower >> (32 - RISK_BITS)) + u64::from(lower << (32 + RISK_BITS) != 0))
}

/// The un-netted rate of one side of an asset, while MM lags behind volatility by the factor `params.notice`.
///
/// The floor must bind on what is really charged, so under notice the add-on makes up for what the lagging core
/// lacks of it. With `c` the factor, `own` a leg's shortfall and `core = max(own, (1 − ω)·own + ω·shock)`:
///
/// ```text
/// lagging = c·core + (1 − c)·ω·shock            where own ≤ shock, which is where core ≤ shock
///         = c·core + ω·max(0, shock − c·core)   elsewhere, since core = own there
/// ```
pub(crate) fn addon_rate(risk: &AssetRisk, short: bool, params: &MarginParams) -> Result<u64> {
    let side = risk.side(short);
    if !risk.netted || params.notice >= RATE_ONE {
        return Ok(side.addon);
    }
    // Less the units that the published core was rounded up by: of the shortfall, and of the blend.
    let core = side.haircut.saturating_sub(side.addon).saturating_sub(2);
    let lagging = credit(core, params.notice)?;
    let stressed = if core > side.shock {
        side.shock.saturating_sub(lagging)
    } else {
        credit(side.shock, RATE_ONE - params.notice)?
    };
    let charged = lagging.saturating_add(credit(stressed, params.stress.weight)?);
    Ok(side.addon.max(risk.floor.saturating_sub(charged)))
}

/// Net exposure to one asset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leg<'a> {
    pub quantity: i64,
    pub value: i64,
    /// `⌈|value|⌉`.
    pub magnitude: u64,
    /// `|value|·σ` in 2⁻⁸ micro-units; zero outside the core.
    pub risk: u64,
    /// The side's un-netted charge, rate.
    addon: u64,
    /// The side's loss in its worst stress, rate.
    shock: u64,
    /// Exposure whose cost of unwinding the add-on holds.
    crowd: u64,
    /// Un-netted addition to IM, a rate.
    pub crowding: u64,
    /// The wider of both sides' shocks, a rate.
    pub widest: u64,
    pub column: &'a Column,
    pub stress: &'a StressColumn,
    pub tail: u32,
    pub asset: u8,
    netted: bool,
}

impl<'a> Leg<'a> {
    #[inline(always)]
    pub fn new(
        asset: usize,
        quantity: i64,
        price: &Price,
        risk: &AssetRisk,
        column: &'a Column,
        stress: &'a StressColumn,
    ) -> Result<Self> {
        if quantity < 0 && !price.is_set() {
            // Without a price a holding counts for nothing; a debt must not.
            return Err(RiskError::BadPrice);
        }
        let value = price.value(quantity)?;
        // The value was rounded down: of a long exposure the charge is on at most one unit more.
        let magnitude = value.unsigned_abs() + u64::from(quantity > 0);
        if magnitude > MAX_GROSS {
            return Err(RiskError::BookTooLarge);
        }
        let scaled = if risk.netted { scaled_risk(magnitude, risk.sigma) } else { 0 };
        let side = risk.side(quantity < 0);
        Ok(Self {
            quantity,
            value,
            magnitude,
            risk: scaled,
            addon: side.addon,
            shock: side.shock,
            crowd: side.crowd,
            crowding: risk.crowding,
            widest: risk.long.shock.max(risk.short.shock),
            column,
            stress,
            tail: risk.tail,
            asset: asset as u8,
            netted: risk.netted,
        })
    }

    #[inline]
    pub const fn is_short(&self) -> bool {
        self.quantity < 0
    }

    /// Whether the leg takes part in the joint core.
    #[inline]
    pub const fn in_core(&self) -> bool {
        self.netted && self.magnitude != 0
    }

    /// Exposure in the joint stress rows, which every leg of the core enters.
    #[inline]
    pub const fn stressed(&self) -> u64 {
        if self.netted { self.magnitude } else { 0 }
    }

    /// What the leg is charged un-netted as published, if that is all: nothing for its size, and no notice.
    #[inline(always)]
    pub fn published_addon(&self, params: &MarginParams) -> Option<Result<u64>> {
        let plain = params.notice == RATE_ONE && self.magnitude <= self.crowd;
        plain.then(|| charge(self.magnitude, self.addon))
    }

    /// What the leg is charged un-netted: while MM lags behind volatility by the factor `params.notice`, and without
    /// notice.
    pub fn addons(&self, view: &dyn RiskView, params: &MarginParams) -> Result<[u64; 2]> {
        let risk = &view.asset(self.asset.into())?;
        let own = charge(self.magnitude, self.addon)?;
        let excess = risk.impact.excess(self.magnitude, self.crowd)?;
        let lagging = charge(self.magnitude, addon_rate(risk, self.is_short(), params)?)?;
        let with = |addon: u64| addon.checked_add(excess).ok_or(RiskError::Overflow);
        Ok([with(lagging)?, with(own)?])
    }

    /// Loss in the asset's own worst stress; nothing outside the core, where the haircut holds it.
    #[inline]
    pub fn shock(&self) -> Result<u64> {
        charge(self.stressed(), self.shock)
    }

    #[inline]
    pub const fn weight(&self, shift: u32) -> i64 {
        weight(self.risk, self.is_short(), shift)
    }

    #[inline]
    pub const fn stress_weight(&self, shift: u32) -> i64 {
        weight(self.stressed(), self.is_short(), shift)
    }
}
