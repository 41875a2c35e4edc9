//! One asset on the board: what the market says of it, and the bounds inside which it moves.

use anchor_lang::prelude::*;
use ballast_risk::asset::{AssetRisk, Side};
use ballast_risk::breaker::{Breaker, Limits, State, Timed, Trend};
use ballast_risk::fixed::{self, rate_from_bps};
use ballast_risk::forecast::ForecastWeights;
use ballast_risk::haircut::{Drivers, HaircutBounds, Seasoning, haircuts};
use ballast_risk::implied::Implied;
use ballast_risk::liquidity::{Depth, DepthParams, Impact};
use ballast_risk::price::Price;
use ballast_risk::scenario::{self, Column, SCENARIOS, Tails};
use ballast_risk::stress::{Shock, StressColumn, StressParams};
use ballast_risk::volatility::{VolatilityParams, VolatilityState};

use crate::limits::PriceParams;

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
    /// Index, plus one, of the asset whose risk a staked token has; zero for none.
    pub underlying: u8,
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
    /// Short, fast and slow average of variance over the horizon, 2⁻⁴⁸.
    pub variance_short: u64,
    pub variance_fast: u64,
    pub variance_slow: u64,
    /// Live forecast of σ, a rate.
    pub forecast_sigma: u64,
    /// σ over the horizon that an option market expects, a rate; and when it was published.
    pub implied_sigma: u64,
    pub implied_time: i64,
    /// Haircut of holding it alone, a rate.
    pub haircut_long: u64,
    /// Haircut of being short of it alone, a rate.
    pub haircut_short: u64,
    /// Un-netted parts of the haircuts, rates.
    pub addon_long: u64,
    pub addon_short: u64,
    /// Parts of the add-ons: cost of unwinding the crowd on either side, rates.
    pub liquidity_long: u64,
    pub liquidity_short: u64,
    /// σ that is expected, a rate: the larger of forecast and implied; counts where it is above the live one.
    pub expected_sigma: u64,
    /// Loss in its worst stress on either side, joint rows included, rates.
    pub shock_long: u64,
    pub shock_short: u64,
    /// Exposure whose cost of unwinding is in the add-on, quote micro-units.
    pub crowd_long: u64,
    pub crowd_short: u64,
    /// `η·σ/√depth`, 2⁻⁵⁶: what an exposure beyond the crowd costs.
    pub impact: u64,
    /// How crowded its markets are, a share: what of its haircut is added to IM, un-netted.
    pub crowding: u64,
    /// Volume over a horizon as last reported, quote micro-units, and when, unix seconds.
    pub depth: u64,
    pub depth_time: i64,
    /// Σ of open interest of its markets, one side, native units; as last copied to the board.
    pub open_interest: u64,
    /// What its vault held when last copied to the board, native units.
    pub deposits: u64,
    /// Sums of the worst seven standardised losses of either side, 2⁻¹⁰.
    pub tail_long: u32,
    pub tail_short: u32,
    /// Ticks that sampled it.
    pub ticks_lived: u32,
    /// Rows of its column that hold a return of its own.
    pub rows_filled: u32,
    /// Ticks that it missed, less those that sampled it since.
    pub ticks_missed: u32,
    /// Confidence interval ÷ price at the last refresh, basis points.
    pub confidence_bps: u32,
    /// Age up to which its price may be used, seconds.
    pub max_age_s: u32,
    /// Ticks it lives before it nets.
    pub net_after_ticks: u32,
    /// Penalty on its collateral in a liquidation, basis points.
    pub penalty_bps: u32,
    /// Its weight in the market-wide volatility index, basis points.
    pub index_weight_bps: u32,
    /// Move, carry and slippage that `haircut_min` must outlast besides a penalty, basis points.
    pub envelope_bps: u32,
    /// η of the square-root law, and φ, the crowd's share of a side, basis points.
    pub impact_bps: u32,
    pub crowd_share_bps: u32,
    /// Half-life of a depth report, seconds.
    pub depth_half_life_s: u32,
    /// Its own shocks, falling and rising, basis points.
    pub fall_bps: u32,
    pub rise_bps: u32,
    /// Bounds of the depth, quote micro-units.
    pub depth_floor: u64,
    pub depth_cap: u64,
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
    /// When the crowd was last brought in step, unix seconds.
    pub crowd_time: i64,
    /// State of its breaker: see [`crate::policy`].
    pub breaker: u8,
    /// Restrictions that stand on it, bits of [`crate::policy::restriction`].
    pub restrictions: u8,
    /// Consistent prices in a row since the breaker last tripped.
    pub consistent: u8,
    pub secondary_shift: u8,
    pub candidate_shift: u8,
    pub nearest_shift: u8,
    /// What moves have shown of its price: [`Trend`].
    pub trend: u8,
    pub padding: u8,
    /// Since when the breaker is in its state, unix seconds.
    pub breaker_time: i64,
    /// Until when liquidation of it waits after an outage of its price, unix seconds.
    pub grace_until: i64,
    /// What the second source said last, a price, and when, unix seconds.
    pub secondary_mantissa: u64,
    pub secondary_time: i64,
    /// Underlying a unit of a staked token is redeemed for, a rate, and when it was read, unix seconds.
    pub redemption_rate: u64,
    pub redemption_time: i64,
    /// What a staked token is charged un-netted beside its underlying's risk, a rate.
    pub basis: u64,
    /// Largest price move that the envelope promises, basis points; and distance between sources, and from the stable
    /// price, that leave the breaker alone.
    pub max_move_bps: u32,
    pub max_deviation_bps: u32,
    pub max_jump_bps: u32,
    /// Most that a redemption rate may grow in a day, basis points.
    pub max_growth_bps: u32,
    /// The last sample that was held back, a price; zero if none was taken since.
    pub candidate_mantissa: u64,
    /// Publish time of the last sample, taken or held back.
    pub heard_time: i64,
    /// Move from one accepted price to the next that leaves the breaker alone, basis points: `max_move_bps`, or no limit.
    pub max_step_bps: u32,
    /// Distance from the stable price within which profit is paid out, basis points.
    pub payout_jump_bps: u32,
    /// Publish time of the price that stood before the present one, unix seconds.
    pub previous_publish_time: i64,
    /// The nearest to spot of the samples that agree with the one that is held back, a price.
    pub nearest_mantissa: u64,
    /// When a trend last went on, unix seconds.
    pub trend_time: i64,
    /// For later versions.
    pub reserved: [u64; 3],
}

const _: () = assert!(core::mem::size_of::<AssetState>() == 544);

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

/// What an asset needs to know of its clearinghouse.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Horizon of σ and of a scenario, seconds.
    pub horizon_s: u32,
    /// What the averages of variance weigh in the forecast.
    pub weights: ForecastWeights,
    /// How stress enters.
    pub stress: StressParams,
    /// Unix seconds.
    pub now: i64,
}

/// Longest interval that counts as what it is when it is scaled to the horizon, in horizons: the return over a
/// longer one is taken as if made in this time, which makes it larger, not smaller.
const MAX_LATE: i64 = 24;
/// Time in which the crowd may double, seconds; it shrinks at once.
const CROWD_DOUBLING_S: u64 = 3_600;
/// Smallest crowd: depth ÷ this.
const CROWD_PARTS: u64 = 1_024;

impl AssetState {
    /// State of its breaker at `now`: without a recent price it is halted.
    pub fn state(&self, now: i64) -> State {
        if self.is_fresh(now) { State::of(self.breaker) } else { State::Halted }
    }

    /// Whether its price may be acted upon.
    #[inline(always)]
    pub fn is_believed(&self, now: i64) -> bool {
        self.breaker < State::Doubted as u8 && self.is_fresh(now)
    }

    /// Its breaker.
    pub fn breaker(&self) -> Breaker {
        let price = Price { mantissa: self.candidate_mantissa, shift: self.candidate_shift.into() };
        Breaker {
            state: State::of(self.breaker),
            consistent: self.consistent,
            since: self.breaker_time,
            candidate: Timed { price, time: self.heard_time },
            nearest: Price { mantissa: self.nearest_mantissa, shift: self.nearest_shift.into() },
            trend: Trend::of(self.trend),
            trend_time: self.trend_time,
        }
    }

    /// Keeps what the breaker has become after a sample that was published at `heard`.
    pub fn set_breaker(&mut self, breaker: &Breaker, heard: i64) {
        (self.breaker, self.consistent) = (breaker.state as u8, breaker.consistent);
        (self.breaker_time, self.heard_time) = (breaker.since, heard);
        let candidate = breaker.candidate.price;
        (self.candidate_mantissa, self.candidate_shift) = (candidate.mantissa, candidate.shift as u8);
        (self.nearest_mantissa, self.nearest_shift) = (breaker.nearest.mantissa, breaker.nearest.shift as u8);
        (self.trend, self.trend_time) = (breaker.trend as u8, breaker.trend_time);
    }

    /// When its breaker trips, and when it recovers.
    pub fn breaker_limits(&self, params: &PriceParams) -> Limits {
        Limits {
            max_move_bps: self.max_step_bps,
            max_age_s: self.max_age_s,
            max_jump_bps: self.max_jump_bps,
            consistent: params.consistent,
            confirm_s: params.confirm_s,
            recovery_s: params.recovery_s,
        }
    }

    /// Whether its price is too far from its stable price for a profit to be paid: by the distance and hysteresis of its
    /// breaker, or beyond the payout's own. It is asked of the prices and not of the breaker's cause: a haircut above its
    /// maximum may guard for days, and hides no jump.
    #[inline(never)]
    pub fn is_far(&self, params: &PriceParams) -> bool {
        let (spot, stable) = (self.spot(), self.stable());
        let payout = Limits { max_jump_bps: self.payout_jump_bps, ..self.breaker_limits(params) };
        self.breaker_limits(params).is_far(State::of(self.breaker), &spot, &stable)
            || payout.is_far(State::Normal, &spot, &stable)
    }

    /// The last accepted price.
    pub fn accepted(&self) -> Timed {
        Timed { price: self.spot(), time: self.publish_time }
    }

    /// Whether its haircut is held down by its maximum.
    pub fn is_above_maximum(&self) -> bool {
        self.netted == 0 && self.seasoning().nets()
    }

    /// What a guarded asset adds to IM, a rate.
    pub fn guarded_rate(&self, params: &PriceParams) -> u64 {
        let haircut = self.haircut_long.max(self.haircut_short);
        fixed::charge(haircut, rate_from_bps(params.guarded_bps)).unwrap_or(haircut)
    }

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
    pub fn volatility_params(&self, setting: &Setting) -> VolatilityParams {
        VolatilityParams {
            grid_s: self.grid_s,
            fast_half_life_s: self.fast_half_life_s,
            slow_half_life_s: self.slow_half_life_s,
            horizon_s: setting.horizon_s,
            floor: self.sigma_floor,
            weights: setting.weights,
        }
    }

    /// Bounds of its depth.
    pub fn depth_params(&self) -> DepthParams {
        DepthParams { floor: self.depth_floor, cap: self.depth_cap, half_life_s: self.depth_half_life_s }
    }

    /// Its own worst stress, and its part in the joint rows.
    pub fn set_shock(&mut self, column: &StressColumn) {
        let own = Shock { long: rate_from_bps(self.fall_bps), short: rate_from_bps(self.rise_bps) };
        let shock = own.covering(column);
        (self.shock_long, self.shock_short) = (shock.long, shock.short);
    }

    /// What the depth reporter said last.
    pub fn reported_depth(&self) -> Depth {
        Depth { volume: self.depth, time: self.depth_time }
    }

    /// How much of its history is its own.
    pub fn seasoning(&self) -> Seasoning {
        Seasoning {
            lived: self.ticks_lived,
            needed: self.net_after_ticks,
            rows: self.rows_filled,
            missed: self.ticks_missed,
        }
    }

    /// What the engine reads of it; `fresh` or not is the caller's question.
    #[inline(always)]
    pub fn risk(&self) -> AssetRisk {
        AssetRisk {
            spot: self.spot(),
            stable: self.stable(),
            sigma: self.sigma,
            tail: self.tail_long.max(self.tail_short),
            netted: self.netted != 0,
            long: Side {
                haircut: self.haircut_long,
                addon: self.addon_long,
                shock: self.shock_long,
                crowd: self.crowd_long,
            },
            short: Side {
                haircut: self.haircut_short,
                addon: self.addon_short,
                shock: self.shock_short,
                crowd: self.crowd_short,
            },
            floor: self.haircut_min,
            impact: Impact { coefficient: self.impact },
            crowding: self.crowding_rate(self.crowding),
            favour: 0,
            void: false,
        }
    }

    /// Puts an accepted price on the board and brings σ and haircuts up to date.
    ///
    /// The elapsed interval belongs to the price that stood in it: the stable price first moves
    /// towards the *old* spot, so a new price cannot pull it at once, and a price that stood through
    /// a halt does not make a jump count as eight hours of history.
    pub fn refresh(&mut self, new: &AcceptedPrice, setting: &Setting) -> ballast_risk::Result<()> {
        if self.spot_mantissa == 0 {
            self.set_stable(&new.price);
        } else {
            let elapsed = new.publish_time.saturating_sub(self.publish_time).max(0) as u64;
            let weight = fixed::decay(elapsed, self.stable_half_life_s.into())?;
            let stable = self.stable().towards(&self.spot(), weight)?;
            self.set_stable(&stable);
        }
        (self.spot_mantissa, self.spot_shift) = (new.price.mantissa, new.price.shift as u8);
        (self.previous_publish_time, self.publish_time) = (self.publish_time, new.publish_time);
        self.confidence_bps = new.confidence_bps;

        let mut volatility = VolatilityState {
            short: self.variance_short,
            fast: self.variance_fast,
            slow: self.variance_slow,
            sample: Price { mantissa: self.sample_mantissa, shift: self.sample_shift.into() },
            sample_time: self.sample_time,
        };
        let params = self.volatility_params(setting);
        let live = volatility.observe(&params, &new.price, new.publish_time)?;
        (self.sigma, self.forecast_sigma) = (live.sigma, live.forecast);
        self.variance_short = volatility.short;
        self.variance_fast = volatility.fast;
        self.variance_slow = volatility.slow;
        (self.sample_mantissa, self.sample_shift) =
            (volatility.sample.mantissa, volatility.sample.shift as u8);
        self.sample_time = volatility.sample_time;
        self.publish(setting)
    }

    /// Brings everything that is derived in step with prices, σ, depth, open interest and time.
    pub fn publish(&mut self, setting: &Setting) -> ballast_risk::Result<()> {
        let implied = Implied { sigma: self.implied_sigma, time: self.implied_time };
        self.expected_sigma = implied.at(setting.now).max(self.forecast_sigma);
        self.publish_liquidity(setting.now)?;
        self.publish_haircuts(&setting.stress);
        Ok(())
    }

    fn publish_liquidity(&mut self, now: i64) -> ballast_risk::Result<()> {
        let depth = self.reported_depth().at(&self.depth_params(), now)?;
        let impact = Impact::new(rate_from_bps(self.impact_bps), self.sigma, depth);
        self.impact = impact.coefficient;
        // Deposits are sold like longs are closed: both are the long side's crowd.
        let share = rate_from_bps(self.crowd_share_bps);
        let spot = self.spot();
        let elapsed = (now.saturating_sub(self.crowd_time).max(0) as u64).min(CROWD_DOUBLING_S);
        let crowd = |open: u64, before: u64| {
            let value = spot.value(i64::try_from(open).unwrap_or(i64::MAX)).unwrap_or(i64::MAX);
            let least = depth / CROWD_PARTS;
            // Open interest can be made and unmade in one transaction, and the crowd is in everybody's MM.
            let most = fixed::grown(before.max(least), elapsed, CROWD_DOUBLING_S)?;
            Ok(fixed::charge(value.unsigned_abs(), share)?.min(most).max(least))
        };
        self.crowd_long = crowd(self.open_interest.saturating_add(self.deposits), self.crowd_long)?;
        self.crowd_short = crowd(self.open_interest, self.crowd_short)?;
        self.crowd_time = self.crowd_time.max(now);
        // Half the spread is what the confidence interval says: where the price may be, on either side.
        let half_spread = rate_from_bps(self.confidence_bps);
        self.liquidity_long = half_spread.saturating_add(impact.rate(self.crowd_long));
        self.liquidity_short = half_spread.saturating_add(impact.rate(self.crowd_short));
        Ok(())
    }

    /// Brings haircuts in step with what they follow from.
    pub fn publish_haircuts(&mut self, stress: &StressParams) {
        let drivers = Drivers {
            sigma: self.sigma,
            expected: self.expected_sigma,
            tails: Tails { long: self.tail_long, short: self.tail_short },
            shock: Shock { long: self.shock_long, short: self.shock_short },
            liquidity_long: self.liquidity_long,
            liquidity_short: self.liquidity_short,
            seasoning: self.seasoning(),
        };
        let h = haircuts(&drivers, stress, &HaircutBounds { min: self.haircut_min, max: self.haircut_max });
        self.haircut_long = h.long;
        self.haircut_short = h.short;
        self.addon_long = h.addon_long;
        self.addon_short = h.addon_short;
        self.netted = h.netted.into();
    }

    /// What a market that is crowded by this share adds to IM, a rate.
    pub fn crowding_rate(&self, crowding: u64) -> u64 {
        let haircut = self.haircut_long.max(self.haircut_short);
        if crowding == 0 { 0 } else { fixed::charge(haircut, crowding).unwrap_or(haircut) }
    }

    /// Whether a tick at `now` finds a new return of it: a fresh price, and one that was published at least three
    /// quarters of a horizon after the last that was sampled.
    pub fn is_due(&self, setting: &Setting) -> bool {
        let elapsed = self.publish_time.saturating_sub(self.tick_time);
        let enough = self.tick_mantissa == 0 || 4 * elapsed >= 3 * i64::from(setting.horizon_s);
        self.is_fresh(setting.now) && enough
    }

    /// Takes the asset's return since the last tick that sampled it into `row` of its column; to be called where it
    /// [is due](Self::is_due). Returns whether there was one: the first tick only takes the price to start from.
    ///
    /// A late return is scaled to the horizon by the square root of its time.
    pub fn sample(
        &mut self,
        column: &mut Column,
        row: usize,
        setting: &Setting,
    ) -> ballast_risk::Result<bool> {
        let horizon = i64::from(setting.horizon_s);
        let started = self.tick_mantissa != 0;
        if started {
            let elapsed = self.publish_time.saturating_sub(self.tick_time).min(MAX_LATE * horizon);
            let r = self.spot().simple_return(&self.tick_price())?;
            let z = scenario::standardise(r, self.tick_sigma, elapsed as u64, horizon as u64);
            scenario::set(column, row, z);
            self.ticks_lived = self.ticks_lived.saturating_add(1);
            self.ticks_missed = self.ticks_missed.saturating_sub(1);
            self.rows_filled = (self.rows_filled + 1).min(SCENARIOS as u32);
        }
        (self.tick_mantissa, self.tick_shift) = (self.spot_mantissa, self.spot_shift);
        self.tick_time = self.publish_time;
        self.tick_sigma = self.sigma;
        Ok(started)
    }

    /// Counts a tick that found no return of it. Bounded, so that it is made good in a ring's length.
    pub fn miss(&mut self) {
        self.ticks_missed = (self.ticks_missed + 1).min(SCENARIOS as u32);
    }

    /// Publishes the tails of the asset's column.
    pub fn set_tails(&mut self, tails: Tails) {
        (self.tail_long, self.tail_short) = (tails.long, tails.short);
    }
}
