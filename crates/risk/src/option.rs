//! Option positions: European, cash-settled in quote, on one asset.
//!
//! A call pays `max(X − K, 0)` a native unit, a put `max(K − X, 0)`, where `X` is the average of spot
//! over a window before expiry. An average cannot be moved by one trade, and it takes the gamma out of
//! the last minutes: what has been averaged no longer moves.
//!
//! ```text
//! X = (1 − λ)·M + λ·A      λ: share of the window still to come; M: average so far; A: average to come
//! max(X − K, 0) = λ·max(A − K*, 0),    K* = (K − (1 − λ)·M)/λ
//! ```
//!
//! So inside the window a position is *exactly* one of `λ·n` units at the strike `K*` on the average to
//! come, whose expectation is spot. A strike `K*` below zero is a call that can no longer end out of the
//! money: Black-76 of it is its intrinsic value. The logarithm of the average is taken as normal with
//! the variance that the average of a Brownian motion has (Turnbull and Wakeman 1991, first order):
//!
//! ```text
//! s² = IV²·(T − ⅔·W)   for T ≥ W       s² = IV²·T/3   for T < W        W: window, T: time to expiry
//! ```
//!
//! Rounding is against the account; a value never exceeds the exact one of the same inputs.

use crate::black::{Contract, PRICE_ERROR, Point};
use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, charge, credit};
use crate::price::Price;
use crate::table::VALUE_BITS;

pub use crate::implied::YEAR_S;

/// What the holder may claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What the settlement price exceeds the strike by.
    Call,
    /// What the settlement price falls short of the strike by.
    Put,
}

/// Factors on implied volatility, rates: long positions are tried at `down`, short ones at `up`, mixed
/// ones at both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolBand {
    /// At most one.
    pub down: u64,
    /// At least one; at most [`VolBand::MAX_UP`].
    pub up: u64,
}

impl VolBand {
    /// Implied volatility as it is.
    pub const NONE: Self = Self { down: RATE_ONE, up: RATE_ONE };
    /// Largest `up`: sixteen times.
    pub const MAX_UP: u64 = 16 << RATE_BITS;

    /// A deviation at both ends, the lower rounded down and the upper rounded up.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] where the band does not enclose one, or the deviation is 2³¹ or more.
    pub fn around(&self, deviation: u64) -> Result<[u64; 2]> {
        if self.down > RATE_ONE || self.up < RATE_ONE || self.up > Self::MAX_UP {
            return Err(RiskError::BadParameter);
        }
        if deviation >> (RATE_BITS + 31) != 0 {
            return Err(RiskError::BadParameter);
        }
        Ok([credit(deviation, self.down)?, charge(deviation, self.up)?])
    }
}

/// How far an option's settlement average has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settling {
    /// Share of the average still to come, a rate: one before the window, zero at expiry.
    pub share: u64,
    /// Average of spot over the part of the window that has passed. Not read where `share` is one.
    pub fixed: Price,
}

impl Settling {
    /// Before the window.
    pub const NOT_YET: Self = Self { share: RATE_ONE, fixed: Price { mantissa: 0, shift: 0 } };

    /// `T/W`, at most one: the share of a window of `window_s` that `remaining_s` still holds, rounded up.
    #[must_use]
    pub fn share(remaining_s: u32, window_s: u32) -> u64 {
        if remaining_s >= window_s {
            return RATE_ONE;
        }
        (u64::from(remaining_s) << RATE_BITS).div_ceil(u64::from(window_s))
    }
}

/// Deviation of the settlement average's logarithm at an implied volatility (a rate a year), with
/// `remaining_s` to expiry and a settlement window of `window_s`. A rate; relative error below 2⁻²⁴,
/// or two units.
///
/// # Errors
/// [`RiskError::Overflow`] where it exceeds `u64`.
pub fn deviation(implied: u64, remaining_s: u32, window_s: u32) -> Result<u64> {
    let (remaining, window) = (u64::from(remaining_s), u64::from(window_s));
    // Three times the time that counts: below 2³⁴.
    let thirds = if remaining >= window { 3 * remaining - 2 * window } else { remaining };
    // t/year in 2⁻⁵⁶: at most 182 years, so 64 bits hold it. Its root is in 2⁻²⁸.
    let ratio = ((u128::from(thirds) << 56) / u128::from(3 * YEAR_S)) as u64;
    credit(implied, ratio.isqrt() << (RATE_BITS - 28))
}

/// [`deviation`] at a volatility over `horizon_s` instead of a year: `σ·√((T − ⅔·W)/horizon)`. Relative error below
/// 2⁻¹⁴ (a horizon of 2³² seconds), for a horizon of a day 2⁻²¹.
///
/// # Errors
/// [`RiskError::BadParameter`] for a horizon of zero, [`RiskError::Overflow`].
pub fn deviation_over(sigma: u64, horizon_s: u32, remaining_s: u32, window_s: u32) -> Result<u64> {
    if horizon_s == 0 {
        return Err(RiskError::BadParameter);
    }
    let (remaining, window) = (u64::from(remaining_s), u64::from(window_s));
    let thirds = if remaining >= window { 3 * remaining - 2 * window } else { remaining };
    // T/horizon with as many bits as 64 hold, an even number of them fractional: at least 30, at most 64 of a time of
    // zero. Its root has half as many.
    let lift = (thirds | 1).leading_zeros() & !1;
    let root = ((thirds << lift) / (3 * u64::from(horizon_s))).isqrt() << (RATE_BITS - lift / 2);
    credit(sigma, root)
}

/// A position in one option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionPosition {
    /// Call or put.
    pub kind: Kind,
    /// Strike: quote micro-units a native unit of the underlying.
    pub strike: Price,
    /// Signed native units of the underlying.
    pub contracts: i64,
    /// Deviation at the implied volatility that marks it, a rate: [`deviation`].
    pub deviation: u64,
    /// Its settlement average.
    pub settling: Settling,
}

/// A position against a spot price: what repricing it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// Strike ÷ spot of the part that still moves.
    pub contract: Contract,
    /// `⌊λ·n·S⌋`: value of the underlying of the part that still moves, signed micro-units.
    pub moving: i64,
    /// `⌈|n|·S⌉`.
    pub notional: u64,
    /// The strike is so far above spot that the time value is only bounded, not known.
    pub remote: bool,
}

impl OptionPosition {
    /// Value of the underlying, `⌈|n|·S⌉`, quote micro-units.
    ///
    /// # Errors
    /// [`RiskError::Overflow`], [`RiskError::BadPrice`] without a spot.
    pub fn notional(&self, spot: &Price) -> Result<u64> {
        if !spot.is_set() {
            return Err(RiskError::BadPrice);
        }
        // Of a debt the value is rounded away from zero.
        let debt = self.contracts.checked_abs().ok_or(RiskError::Overflow)?;
        Ok(spot.value(-debt)?.unsigned_abs())
    }

    pub(crate) fn prepared(&self, spot: &Price) -> Result<Prepared> {
        let Settling { share, fixed } = self.settling;
        if share > RATE_ONE {
            return Err(RiskError::BadParameter);
        }
        let notional = self.notional(spot)?;
        let value = spot.value(self.contracts)?;
        let strike = self.strike.ratio(spot)?;
        if share == RATE_ONE {
            let contract = Contract::new(strike as i64, self.deviation);
            return Ok(Prepared {
                contract,
                moving: value,
                notional,
                remote: strike >> (RATE_BITS + 20) != 0,
            });
        }
        // K − (1 − λ)·M, over λ; nothing moves where λ is zero.
        let done = credit(fixed.ratio(spot)?, RATE_ONE - share)?;
        let scaled = (i128::from(strike) - i128::from(done)) << RATE_BITS;
        let scaled = scaled.div_euclid(i128::from(share.max(1)));
        let strike = scaled.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Ok(Prepared {
            contract: Contract::new(strike, self.deviation),
            moving: scaled_by(value, share),
            notional,
            remote: strike >> (RATE_BITS + 20) > 0,
        })
    }

    /// What the position would pay if spot stayed where it is, signed and rounded down.
    fn intrinsic(&self, spot: &Price) -> Result<i64> {
        let Settling { share, fixed } = self.settling;
        let n = match self.kind {
            Kind::Call => self.contracts,
            Kind::Put => self.contracts.checked_neg().ok_or(RiskError::Overflow)?,
        };
        let against = n.checked_neg().ok_or(RiskError::Overflow)?;
        let mut settles = scaled_by(spot.value(n)?, share);
        if share != RATE_ONE {
            let done = scaled_by(fixed.value(n)?, RATE_ONE - share);
            settles = settles.checked_add(done).ok_or(RiskError::Overflow)?;
        }
        let exercised = settles.checked_add(self.strike.value(against)?).ok_or(RiskError::Overflow)?;
        Ok(if self.contracts < 0 { exercised.min(0) } else { exercised.max(0) })
    }

    /// What the position pays at a final settlement price, quote micro-units, signed and rounded down.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn payoff(&self, settlement: &Price) -> Result<i64> {
        let settled = Settling { share: 0, fixed: *settlement };
        Self { settling: settled, ..*self }.intrinsic(settlement)
    }

    /// Value of the position, quote micro-units: of what is held at the lower end of the band, of what
    /// is owed at the upper. With [`VolBand::NONE`] it is the mark for maintenance; with a band, the
    /// conservative value for taking on risk.
    ///
    /// Never above the exact value; below it by at most [`PRICE_ERROR`]`·2` of the underlying's value
    /// and eight micro-units, where the strike is below 2²⁰ times spot.
    ///
    /// # Errors
    /// [`RiskError::Overflow`], [`RiskError::BadPrice`], [`RiskError::BadParameter`].
    pub fn value(&self, spot: &Price, band: &VolBand) -> Result<i64> {
        let prepared = self.prepared(spot)?;
        let intrinsic = self.intrinsic(spot)?;
        let [down, up] = band.around(self.deviation)?;
        let moving = prepared.moving.unsigned_abs();
        // The time value is a share of what moves; its error is charged on all of the notional, because
        // inside the window the strike's own rounding is magnified by 1/λ.
        let error = charge(prepared.notional, PRICE_ERROR as u64)?;
        let of = |deviation: u64| prepared.contract.at(deviation).quote(&Point::UNMOVED, 0).time_value as u64;
        let time_value = if self.contracts < 0 {
            // At most the lower of spot and strike.
            let most = RATE_ONE.min(prepared.contract.strike().max(0) as u64);
            let owed = (charge(moving, of(up))? + error).min(charge(moving + 1, most)?);
            -i64::try_from(owed).map_err(|_| RiskError::Overflow)?
        } else if prepared.remote {
            0
        } else {
            i64::try_from(credit(moving, of(down))?.saturating_sub(error)).map_err(|_| RiskError::Overflow)?
        };
        intrinsic.checked_add(time_value).ok_or(RiskError::Overflow)
    }

    /// Value for taking money out: an option that is held counts nothing, one that is owed in full.
    ///
    /// # Errors
    /// As [`OptionPosition::value`].
    pub fn withdrawal_value(&self, spot: &Price, band: &VolBand) -> Result<i64> {
        if self.contracts >= 0 { Ok(0) } else { self.value(spot, band) }
    }

    /// Native units of the underlying that move as the position does for a small move of spot; error at
    /// most 2⁻²⁴ of the contracts, and one unit.
    ///
    /// # Errors
    /// As [`OptionPosition::value`].
    pub fn delta(&self, spot: &Price) -> Result<i64> {
        let prepared = self.prepared(spot)?;
        let call = prepared.contract.quote(&Point::UNMOVED, 0).delta;
        let delta = match self.kind {
            Kind::Call => call,
            Kind::Put => call - (1 << VALUE_BITS),
        };
        let units = i128::from(scaled_by(self.contracts, self.settling.share)) * i128::from(delta);
        i64::try_from(units >> VALUE_BITS).map_err(|_| RiskError::Overflow)
    }

    /// Least charge on a short position, never netted: `⌈rate·λ·|n|·S⌉`, quote micro-units. A far
    /// out-of-the-money short has neither delta nor Expected Shortfall, and is not riskless.
    ///
    /// # Errors
    /// [`RiskError::Overflow`], [`RiskError::BadPrice`].
    pub fn short_minimum(&self, spot: &Price, rate: u64) -> Result<u64> {
        if self.contracts >= 0 {
            return Ok(0);
        }
        charge(charge(self.notional(spot)?, self.settling.share)?, rate)
    }
}

/// `⌊value·share⌋` for a share of at most one.
fn scaled_by(value: i64, share: u64) -> i64 {
    ((i128::from(value) * i128::from(share)) >> RATE_BITS) as i64
}
