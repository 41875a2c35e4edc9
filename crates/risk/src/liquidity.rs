//! Liquidity: what it costs to get out, at the size that is held.
//!
//! The price impact of selling `Q` grows with its square root (Torre, *BARRA Market Impact Model Handbook*, 1997;
//! Almgren, Thum, Hauptmann and Li, *Direct Estimation of Equity Market Impact*, 2005; Tóth et al., *Anomalous
//! price impact and the critical nature of liquidity in financial markets*, Phys. Rev. X 1, 021006, 2011):
//!
//! ```text
//! rate(Q) = ½·spread + η·σ·√(Q/depth)
//! ```
//!
//! with σ the volatility and `depth` the volume traded *over the same horizon*, η about one. The charge is the
//! impact at the end of the trade on all of it, half more than the average that the law would give.
//!
//! Whoever splits one position over many accounts does not make it easier to unwind: in a crash all of them are
//! sold. So Q is never less than the *crowd*, a share φ of everything that is open on that side. Up to the crowd
//! the rate is the same for everybody: it is part of the asset's published add-on and costs a margin check
//! nothing. Only an account larger than the crowd pays a size-dependent excess on top ([`Impact::excess`]).
//!
//! Depth is reported by a named role, and trusted little: inside bounds, down at once, up slowly, and fading back
//! to its floor when nobody reports.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_ONE, charge, credit, decay, grown, wide};

/// Fractional bits of an impact coefficient beyond those of a rate.
const COEFFICIENT_BITS: u32 = 24;
/// Largest rate that liquidity is ever charged: ten times the value.
const MAX_RATE: u64 = 10 * RATE_ONE;
/// Largest η, a rate.
pub const MAX_IMPACT: u64 = 16 * RATE_ONE;

/// `⌈√x⌉`.
fn root_up(x: u64) -> u64 {
    let root = x.isqrt();
    root + u64::from(root * root != x)
}

/// The size-dependent part of the cost of getting out of an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// `η·σ/√depth`, of micro-units, in 2⁻⁵⁶.
    pub coefficient: u64,
}

impl Impact {
    /// From η and σ (rates) and the depth in quote micro-units; a depth of zero counts as one unit. Rounded up.
    #[must_use]
    pub fn new(eta: u64, sigma: u64, depth: u64) -> Self {
        // η ≤ 2³⁶, σ < 2³²: the product in 2⁻⁶⁴ is below 2⁶⁸; 2⁻⁵⁶ drops eight bits of it, rounded up.
        let product = wide(eta.min(MAX_IMPACT), sigma).div_ceil(1 << (32 - COEFFICIENT_BITS));
        let coefficient = product.div_ceil(u128::from(depth.isqrt().max(1)));
        Self { coefficient: u64::try_from(coefficient).unwrap_or(u64::MAX) }
    }

    /// `η·σ·√(size/depth)`, a rate, rounded up and never above 1,000 %.
    #[must_use]
    pub fn rate(&self, size: u64) -> u64 {
        let rate = wide(self.coefficient, root_up(size)).div_ceil(1 << COEFFICIENT_BITS);
        u64::try_from(rate).unwrap_or(MAX_RATE).min(MAX_RATE)
    }

    /// What an exposure above the crowd costs beyond the crowd's rate, which it has been charged already, quote
    /// micro-units.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    #[inline]
    pub fn excess(&self, size: u64, crowd: u64) -> Result<u64> {
        if size <= crowd { Ok(0) } else { charge(size, self.rate(size).saturating_sub(self.rate(crowd))) }
    }
}

/// Bounds of what the reporter may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthParams {
    /// Depth that is believed without a report, quote micro-units.
    pub floor: u64,
    /// Most that is ever believed, quote micro-units.
    pub cap: u64,
    /// In this time, seconds, an unrefreshed report loses half of what it claimed above the floor; and in this
    /// time, at the soonest, reports may double the depth.
    pub half_life_s: u32,
}

impl DepthParams {
    /// # Errors
    /// [`RiskError::BadParameter`] unless `0 < floor ≤ cap` and the half-life is positive.
    pub fn validate(&self) -> Result<()> {
        if self.floor > 0 && self.floor <= self.cap && self.half_life_s > 0 {
            Ok(())
        } else {
            Err(RiskError::BadParameter)
        }
    }
}

/// Depth of a market as last reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Volume over a horizon, quote micro-units.
    pub volume: u64,
    /// When it was reported, unix seconds.
    pub time: i64,
}

impl Depth {
    fn elapsed(&self, now: i64) -> u64 {
        now.saturating_sub(self.time).max(0) as u64
    }

    /// Depth at `now`: what was reported above the floor fades.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] for parameters that [`DepthParams::validate`] refuses.
    pub fn at(&self, params: &DepthParams, now: i64) -> Result<u64> {
        let above = self.volume.min(params.cap).saturating_sub(params.floor);
        let left = credit(above, decay(self.elapsed(now), params.half_life_s.into())?)?;
        Ok(params.floor + left)
    }

    /// Takes a report. A fall counts at once. A rise counts up to the depth that would have doubled in one
    /// half-life since the last report: `volume·2^(Δt/half-life)` at most, so that reporting more often gains
    /// nothing; and never more than twice at a time.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn report(&mut self, params: &DepthParams, volume: u64, now: i64) -> Result<()> {
        let from = self.volume.clamp(params.floor, params.cap);
        let half_life = u64::from(params.half_life_s);
        let most = grown(from, self.elapsed(now).min(half_life), half_life)?;
        *self = Self { volume: volume.min(most).clamp(params.floor, params.cap), time: self.time.max(now) };
        Ok(())
    }
}

/// Open interest against its cap: above half of the cap, IM gains an un-netted charge that grows linearly to the
/// asset's whole haircut at the cap. It depends on what everybody holds, so splitting gains nothing.
///
/// (The scaling of initial margin by open interest of dYdX v4, with the haircut as its upper end.)
#[must_use]
pub fn crowding(open_interest: u64, cap: u64, haircut: u64) -> u64 {
    if cap == 0 {
        // Nothing may be open: whatever is, is beyond any cap.
        return if open_interest == 0 { 0 } else { haircut };
    }
    let (open, cap) = (u128::from(open_interest.min(cap)), u128::from(cap));
    let beyond = (2 * open).saturating_sub(cap);
    // beyond ≤ cap: the quotient is at most the haircut.
    (u128::from(haircut) * beyond).div_ceil(cap) as u64
}
