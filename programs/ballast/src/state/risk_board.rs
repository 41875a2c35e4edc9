//! The risk board: everything a margin check reads besides the margin account itself.
//!
//! One account holds price, volatility, haircut and scenarios of all assets, so there is no list of
//! oracle accounts to pass in, none to forget and none to spoof. Deposits do not touch it, trades and
//! withdrawals only read it; keepers refresh it.

use anchor_lang::prelude::*;
use ballast_risk::haircut::{HaircutBounds, haircuts};
use ballast_risk::price::Price;
use ballast_risk::scenario::{self, Column, SCENARIOS, Tails, WORDS};
use ballast_risk::volatility::{VolatilityParams, VolatilityState};
use ballast_risk::{RiskError, fixed};

use crate::limits::{ClearinghouseParams, MAX_ASSETS, MAX_MARKETS};

/// What the market says of an asset, and the bounds inside which it moves.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct AssetState {
    /// Spot price: micro-units per native unit, `mantissa·2^(−shift)`. Zero before the first refresh.
    pub spot_mantissa: u64,
    /// Stable price.
    pub stable_mantissa: u64,
    /// Price at the last variance sample.
    pub sample_mantissa: u64,
    /// Price at the last tick.
    pub tick_mantissa: u64,
    pub spot_shift: u8,
    pub stable_shift: u8,
    pub sample_shift: u8,
    pub tick_shift: u8,
    /// Index, so that a state can be told by itself.
    pub index: u8,
    /// 1 if the asset takes part in the joint core.
    pub netted: u8,
    /// Decimals of a native unit.
    pub decimals: u8,
    pub padding: u8,
    /// Publish time of the spot price.
    pub publish_time: i64,
    /// Publish time at the last variance sample.
    pub sample_time: i64,
    /// Publish time at the last tick that sampled the asset.
    pub tick_time: i64,
    /// Live σ over the horizon, a rate.
    pub sigma: u64,
    /// σ at the last tick: the one before the next row's move.
    pub tick_sigma: u64,
    /// Fast and slow average of variance over the horizon, 2⁻⁴⁸.
    pub variance_fast: u64,
    pub variance_slow: u64,
    /// Haircut of holding it alone, a rate.
    pub haircut_long: u64,
    /// Haircut of being short of it alone, a rate.
    pub haircut_short: u64,
    /// Un-netted parts of the haircuts, rates.
    pub addon_long: u64,
    pub addon_short: u64,
    /// Sums of the worst seven standardised losses of either side, 2⁻¹⁰.
    pub tail_long: u32,
    pub tail_short: u32,
    /// Ticks that sampled it.
    pub ticks_lived: u32,
    /// Rows of its column that hold a return of its own.
    pub rows_filled: u32,
    /// Confidence interval ÷ price at the last refresh, basis points.
    pub confidence_bps: u32,
    /// Age up to which its price may be used, seconds.
    pub max_age_s: u32,
    /// Ticks it lives before it nets.
    pub net_after_ticks: u32,
    /// Penalty on its collateral in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Bounds of the haircut, rates.
    pub haircut_min: u64,
    pub haircut_max: u64,
    /// σ is never below this, a rate.
    pub sigma_floor: u64,
    /// Half-lives, and the grid on which variance is sampled, seconds.
    pub stable_half_life_s: u32,
    pub fast_half_life_s: u32,
    pub slow_half_life_s: u32,
    pub grid_s: u32,
    /// For later versions.
    pub reserved: [u64; 8],
}

/// What a margin check needs of a market.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
pub struct MarketState {
    /// Unsettled profit that may support initial margin, quote micro-units an account.
    pub profit_cap: u64,
    /// Penalty in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Index of its asset.
    pub asset: u8,
    pub padding: [u8; 3],
    /// For funding and side indexes.
    pub reserved: [u64; 6],
}

/// The board. Zero-copy.
#[account(zero_copy)]
pub struct RiskBoard {
    /// Layout version.
    pub version: u8,
    /// Bump of this address.
    pub bump: u8,
    /// Assets listed.
    pub asset_count: u8,
    /// Markets listed.
    pub market_count: u8,
    /// IM ÷ MM, basis points.
    pub initial_ratio_bps: u32,
    /// The clearinghouse it belongs to.
    pub clearinghouse: Pubkey,
    /// Further parameters, as in [`ClearinghouseParams`].
    pub buffer_bps: u32,
    pub insurance_share_bps: u32,
    pub tick_interval_s: u32,
    pub horizon_s: u32,
    pub min_maintenance: u64,
    pub dust: u64,
    /// When the last tick was taken.
    pub last_tick: i64,
    /// Ticks taken.
    pub tick_count: u64,
    /// Row that the next tick writes.
    pub next_row: u32,
    pub padding: u32,
    /// For later versions.
    pub reserved: [u64; 32],
    /// By asset index.
    pub assets: [AssetState; MAX_ASSETS],
    /// By market index.
    pub markets: [MarketState; MAX_MARKETS],
    /// Standardised returns: a column an asset, two rows a word.
    pub ring: [[i64; WORDS]; MAX_ASSETS],
    /// For later versions.
    pub reserved_tail: [u64; 32],
}

const _: () = assert!(core::mem::size_of::<AssetState>() == 264);
const _: () = assert!(core::mem::size_of::<MarketState>() == 64);
const _: () = assert!(core::mem::size_of::<RiskBoard>() == 352 + 32 * 264 + 64 * 64 + 32 * 1024 + 256);

/// An accepted price, ready for the board.
#[derive(Clone, Copy, Debug)]
pub struct AcceptedPrice {
    /// Per native unit.
    pub price: Price,
    /// Unix seconds.
    pub publish_time: i64,
    /// Basis points of the price.
    pub confidence_bps: u32,
}

impl AssetState {
    /// Spot price.
    pub fn spot(&self) -> Price {
        Price { mantissa: self.spot_mantissa, shift: self.spot_shift.into() }
    }

    /// Stable price.
    pub fn stable(&self) -> Price {
        Price { mantissa: self.stable_mantissa, shift: self.stable_shift.into() }
    }

    fn tick_price(&self) -> Price {
        Price { mantissa: self.tick_mantissa, shift: self.tick_shift.into() }
    }

    fn set_stable(&mut self, price: &Price) {
        (self.stable_mantissa, self.stable_shift) = (price.mantissa, price.shift as u8);
    }

    /// Whether the price may be used at `now`.
    pub fn is_fresh(&self, now: i64) -> bool {
        self.spot_mantissa != 0 && now.saturating_sub(self.publish_time) <= i64::from(self.max_age_s)
    }

    /// How its variance is sampled.
    pub fn volatility_params(&self, horizon_s: u32) -> VolatilityParams {
        VolatilityParams {
            grid_s: self.grid_s,
            fast_half_life_s: self.fast_half_life_s,
            slow_half_life_s: self.slow_half_life_s,
            horizon_s,
            floor: self.sigma_floor,
        }
    }

    /// Puts an accepted price on the board and brings σ and haircuts up to date.
    ///
    /// The elapsed interval belongs to the price that stood in it: the stable price first moves
    /// towards the *old* spot, so a new price cannot pull it at once, and a price that stood through
    /// a halt does not make a jump count as eight hours of history.
    pub fn refresh(&mut self, new: &AcceptedPrice, horizon_s: u32) -> ballast_risk::Result<()> {
        if self.spot_mantissa == 0 {
            self.set_stable(&new.price);
        } else {
            let elapsed = new.publish_time.saturating_sub(self.publish_time).max(0) as u64;
            let weight = fixed::decay(elapsed, self.stable_half_life_s.into())?;
            let stable = self.stable().towards(&self.spot(), weight)?;
            self.set_stable(&stable);
        }
        (self.spot_mantissa, self.spot_shift) = (new.price.mantissa, new.price.shift as u8);
        self.publish_time = new.publish_time;
        self.confidence_bps = new.confidence_bps;

        let mut volatility = VolatilityState {
            fast: self.variance_fast,
            slow: self.variance_slow,
            sample: Price { mantissa: self.sample_mantissa, shift: self.sample_shift.into() },
            sample_time: self.sample_time,
        };
        self.sigma = volatility.observe(&self.volatility_params(horizon_s), &new.price, new.publish_time)?;
        self.variance_fast = volatility.fast;
        self.variance_slow = volatility.slow;
        (self.sample_mantissa, self.sample_shift) =
            (volatility.sample.mantissa, volatility.sample.shift as u8);
        self.sample_time = volatility.sample_time;
        self.publish_haircuts();
        Ok(())
    }

    /// Brings haircuts in step with σ and tails.
    pub fn publish_haircuts(&mut self) {
        // Both: enough life of its own, and a column without empty rows; an empty row would net as
        // an hour in which the asset did not move.
        let seasoned = self.ticks_lived >= self.net_after_ticks && self.rows_filled as usize >= SCENARIOS;
        let bounds = HaircutBounds { min: self.haircut_min, max: self.haircut_max };
        let tails = Tails { long: self.tail_long, short: self.tail_short };
        let h = haircuts(self.sigma, tails, seasoned, &bounds);
        self.haircut_long = h.long;
        self.haircut_short = h.short;
        self.addon_long = h.addon_long;
        self.addon_short = h.addon_short;
        self.netted = h.netted.into();
    }

    /// Takes the asset's return since the last tick into `row` of its column. Returns whether the row
    /// was written: an interval that is not about one horizon long (a late tick, a stale asset) is
    /// not an observation over the horizon, so the row keeps the return it had.
    pub fn sample(&mut self, column: &mut Column, row: usize, horizon_s: u32) -> ballast_risk::Result<bool> {
        let elapsed = self.publish_time.saturating_sub(self.tick_time);
        let horizon = i64::from(horizon_s);
        let comparable = self.tick_mantissa != 0 && 4 * elapsed >= 3 * horizon && 2 * elapsed <= 3 * horizon;
        if comparable {
            let r = self.spot().simple_return(&self.tick_price())?;
            let z = scenario::standardise(r, self.tick_sigma, elapsed as u64, horizon_s.into());
            scenario::set(column, row, z);
            self.ticks_lived = self.ticks_lived.saturating_add(1);
            self.rows_filled = (self.rows_filled + 1).min(SCENARIOS as u32);
            self.set_tails(Tails::of(column));
        }
        (self.tick_mantissa, self.tick_shift) = (self.spot_mantissa, self.spot_shift);
        self.tick_time = self.publish_time;
        self.tick_sigma = self.sigma;
        self.publish_haircuts();
        Ok(comparable)
    }

    /// Publishes the tails of the asset's column.
    pub fn set_tails(&mut self, tails: Tails) {
        (self.tail_long, self.tail_short) = (tails.long, tails.short);
    }
}

impl RiskBoard {
    /// Bytes of the account, discriminator included.
    pub const SPACE: usize = 8 + core::mem::size_of::<Self>();

    /// A listed asset.
    pub fn asset(&self, index: usize) -> core::result::Result<&AssetState, RiskError> {
        if index < usize::from(self.asset_count) {
            Ok(&self.assets[index])
        } else {
            Err(RiskError::UnknownAsset)
        }
    }

    /// A listed market.
    pub fn market(&self, index: usize) -> core::result::Result<&MarketState, RiskError> {
        if index < usize::from(self.market_count) {
            Ok(&self.markets[index])
        } else {
            Err(RiskError::UnknownAsset)
        }
    }

    /// The parameters for every account.
    pub fn params(&self) -> ClearinghouseParams {
        ClearinghouseParams {
            initial_ratio_bps: self.initial_ratio_bps,
            buffer_bps: self.buffer_bps,
            insurance_share_bps: self.insurance_share_bps,
            tick_interval_s: self.tick_interval_s,
            horizon_s: self.horizon_s,
            min_maintenance: self.min_maintenance,
            dust: self.dust,
        }
    }

    /// Copies the parameters for every account onto the board.
    pub fn set_params(&mut self, params: &ClearinghouseParams) {
        self.initial_ratio_bps = params.initial_ratio_bps;
        self.buffer_bps = params.buffer_bps;
        self.insurance_share_bps = params.insurance_share_bps;
        self.tick_interval_s = params.tick_interval_s;
        self.horizon_s = params.horizon_s;
        self.min_maintenance = params.min_maintenance;
        self.dust = params.dust;
    }

    /// Whether a tick is due: the last one was taken in an earlier cell of the tick grid.
    pub fn tick_is_due(&self, now: i64) -> bool {
        let cell = |t: i64| t.div_euclid(i64::from(self.tick_interval_s.max(1)));
        cell(now) > cell(self.last_tick)
    }

    /// Takes one sample of every asset with a fresh price. Returns the row and a bit for every asset
    /// whose return entered it. A stale asset keeps the return it had in that row: it neither stops
    /// the others nor enters the joint row with a move it did not make.
    pub fn tick(&mut self, now: i64) -> ballast_risk::Result<(u32, u32)> {
        let row = self.next_row;
        let mut sampled = 0u32;
        for index in 0..usize::from(self.asset_count) {
            let asset = &mut self.assets[index];
            if asset.is_fresh(now) && asset.sample(&mut self.ring[index], row as usize, self.horizon_s)? {
                sampled |= 1 << index;
            }
        }
        self.last_tick = now;
        self.tick_count += 1;
        // A row in which nobody was sampled is not spent.
        if sampled != 0 {
            self.next_row = (row + 1) % SCENARIOS as u32;
        }
        Ok((row, sampled))
    }
}
