//! An option market on the board: its terms, how its settlement average has got on, and what an account's
//! position in it is to the engine.
//!
//! Options settle at the average of spot over a window before expiry, weighted by time. An accepted price stands
//! until the next one: whoever refreshes more often makes the average finer and cannot move it. A refresh published
//! after expiry makes it final. Where none comes, the last price stands for the time that it was known, and the slow
//! *stable* price for the rest ([`MarketState::fix`]).
//!
//! **Volatility.** An option is marked at the implied volatility that an oracle publishes for its asset while that
//! is fresh, else at live σ; never below the asset's floor of σ. Both are over the horizon, and scale with the root
//! of the time that is left. The published one may double in an hour and no faster, live σ follows accepted prices:
//! what a mark gains by either counts for IM at the lower end of a band and up to the market's cap, and never leaves.

use ballast_risk::fixed::{RATE_BITS, rate_from_bps};
use ballast_risk::implied::Implied;
use ballast_risk::option::{Kind, OptionPosition, Settling, deviation_over};
use ballast_risk::option_book::OptionHolding;
use ballast_risk::price::Price;
use ballast_risk::{Result, RiskError};

use crate::limits::SETTLEMENT_PATIENCE_S;
use crate::state::{AssetState, MarketState, PositionSlot};

/// Kinds of markets on the board.
pub const PERPETUAL: u8 = 0;
/// A European call.
pub const CALL: u8 = 1;
/// A European put.
pub const PUT: u8 = 2;

impl AssetState {
    /// Volatility over the horizon at which options on it are marked, a rate.
    pub fn option_sigma(&self, now: i64) -> u64 {
        let implied = Implied { sigma: self.implied_sigma, time: self.implied_time }.at(now);
        (if implied != 0 { implied } else { self.sigma }).max(self.sigma_floor)
    }
}

impl MarketState {
    /// Whether it is an option.
    #[inline(always)]
    pub const fn is_option(&self) -> bool {
        self.kind != PERPETUAL
    }

    /// When its settlement window begins, unix seconds.
    pub const fn window_start(&self) -> i64 {
        self.expiry.saturating_sub(self.window_s as i64)
    }

    /// The price it settles at, once that is final.
    pub fn settlement_price(&self) -> Option<Price> {
        (self.averaged_s >= self.window_s).then(|| self.averaged())
    }

    fn averaged(&self) -> Price {
        Price { mantissa: self.average_mantissa, shift: self.average_shift.into() }
    }

    /// Average of the window's first `passed` seconds, of which those that are not averaged yet had the price `then`.
    fn continued(&self, then: &Price, passed: u32) -> Result<Price> {
        if self.averaged_s == 0 || passed == 0 {
            return Ok(*then);
        }
        // Rounded down: the weight is that of the older part.
        let older = (u64::from(self.averaged_s.min(passed)) << RATE_BITS) / u64::from(passed);
        self.averaged().towards(then, older)
    }

    /// Seconds of the window that have passed at a time.
    fn passed(&self, time: i64) -> u32 {
        time.saturating_sub(self.window_start()).clamp(0, self.window_s.into()) as u32
    }

    fn extend(&mut self, price: &Price, passed: u32) -> Result<()> {
        let average = self.continued(price, passed)?;
        (self.average_mantissa, self.average_shift) = (average.mantissa, average.shift as u8);
        self.averaged_s = passed;
        Ok(())
    }

    /// Takes the price that stood until `until` into the average. A price that was never set does not stand.
    pub fn average(&mut self, stood: &Price, until: i64) -> Result<()> {
        let passed = self.passed(until);
        if stood.is_set() && passed > self.averaged_s { self.extend(stood, passed) } else { Ok(()) }
    }

    /// Makes the settlement price final without a price published after expiry, long after it: the last price for
    /// as long as it was fresh, the stable price for the rest of the window.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] where it is final, or too early; [`RiskError::BadPrice`] without any price.
    pub fn fix(&mut self, asset: &AssetState, now: i64) -> Result<Price> {
        let late = self.expiry.saturating_add(SETTLEMENT_PATIENCE_S);
        if !self.is_option() || self.averaged_s >= self.window_s || now < late {
            return Err(RiskError::BadParameter);
        }
        if !asset.spot().is_set() {
            return Err(RiskError::BadPrice);
        }
        self.average(&asset.spot(), asset.publish_time.saturating_add(asset.max_age_s.into()))?;
        if self.averaged_s < self.window_s {
            self.extend(&asset.stable(), self.window_s)?;
        }
        Ok(self.averaged())
    }

    /// How far the settlement average has got.
    fn settling(&self, asset: &AssetState, now: i64) -> Result<Settling> {
        let remaining = self.expiry.saturating_sub(now).clamp(0, u32::MAX.into()) as u32;
        if remaining >= self.window_s {
            return Ok(Settling::NOT_YET);
        }
        let fixed = match self.settlement_price() {
            Some(price) => price,
            None => self.continued(&asset.spot(), self.passed(now))?,
        };
        Ok(Settling { share: Settling::share(remaining, self.window_s), fixed })
    }

    /// A position of `contracts` in it.
    pub fn option(
        &self,
        asset: &AssetState,
        contracts: i64,
        horizon_s: u32,
        now: i64,
    ) -> Result<OptionPosition> {
        let kind = match self.kind {
            CALL => Kind::Call,
            PUT => Kind::Put,
            _ => return Err(RiskError::BadParameter),
        };
        let remaining = self.expiry.saturating_sub(now).clamp(0, u32::MAX.into()) as u32;
        Ok(OptionPosition {
            kind,
            strike: Price { mantissa: self.strike_mantissa, shift: self.strike_shift.into() },
            contracts,
            deviation: deviation_over(asset.option_sigma(now), horizon_s, remaining, self.window_s)?,
            settling: self.settling(asset, now)?,
        })
    }

    /// An account's position in it.
    pub fn holding(
        &self,
        slot: &PositionSlot,
        asset: &AssetState,
        horizon_s: u32,
        now: i64,
    ) -> Result<OptionHolding> {
        Ok(OptionHolding {
            asset: self.asset.into(),
            position: self.option(asset, slot.base, horizon_s, now)?,
            entry: slot.entry,
            profit_cap: self.profit_cap,
            short_minimum: rate_from_bps(self.short_minimum_bps),
        })
    }
}
