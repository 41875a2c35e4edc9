//! Code limits: what no governance can set, whatever it signs.

mod backstop;
mod lending;
mod phases;
mod prices;

pub use backstop::{BackstopParams, MAX_EXIT_S, REQUEST_LIFE_S};
pub use lending::LendingParams;
pub use phases::PhaseParams;
pub use prices::PriceParams;

use anchor_lang::prelude::*;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::forecast::ForecastWeights;
use ballast_risk::index::NoticeParams;
use ballast_risk::liquidation::LiquidationParams;
use ballast_risk::option::VolBand;
use ballast_risk::option_book::OptionParams;

use bytemuck::{Pod, Zeroable};

use crate::error::{BallastError, OrRefuse};

/// Assets on a board.
pub const MAX_ASSETS: usize = 32;
/// Markets on a board.
pub const MAX_MARKETS: usize = 64;
/// Collateral slots of a margin account.
pub const MAX_COLLATERAL: usize = 16;
/// Positions of a margin account.
pub const MAX_POSITIONS: usize = 16;

/// Option positions of a margin account: each is repriced on a grid.
pub const MAX_OPTIONS: usize = 8;
/// How far an option's volatility is doubted, and how far it may move over the horizon.
pub const OPTION_PARAMS: OptionParams = OptionParams {
    mark: VolBand { down: rate_from_bps(8_000), up: rate_from_bps(12_500) },
    stress: VolBand { down: rate_from_bps(7_000), up: rate_from_bps(15_000) },
};
/// Seconds after expiry from which an option settles without a price published after it.
pub const SETTLEMENT_PATIENCE_S: i64 = 3_600;

/// Legs that one liquidation may take over.
pub const MAX_LIQUIDATION_LEGS: usize = 8;

/// How far a publish time may lie ahead of the cluster's clock, seconds: clocks of validators and
/// publishers differ by about this much.
pub const FUTURE_TOLERANCE_S: i64 = 5;

/// Age up to which the quote token's price is accepted, seconds.
pub const QUOTE_MAX_AGE_S: u32 = 60;
/// Confidence interval ÷ price up to which it is accepted, basis points.
pub const QUOTE_MAX_CONFIDENCE_BPS: u32 = 100;
/// Silence of its feed after which the quote token counts as off its peg, seconds.
pub const QUOTE_STALE_S: i64 = 600;
/// A distance of prices that no fall can reach: the breaker's limits at this value are off.
pub const NO_LIMIT_BPS: u32 = 1_000_000;

/// Bounds on the parameters of a clearinghouse and its listings, inclusive.
pub mod bounds {
    use core::ops::RangeInclusive;

    /// IM ÷ MM, basis points.
    pub const INITIAL_RATIO_BPS: RangeInclusive<u32> = 10_500..=30_000;
    /// Liquidation buffer over MM, basis points.
    pub const BUFFER_BPS: RangeInclusive<u32> = 100..=5_000;
    /// The insurance fund's part of a penalty, basis points.
    pub const INSURANCE_SHARE_BPS: RangeInclusive<u32> = 0..=8_000;
    /// Least MM, quote micro-units: up to 1,000 quote.
    pub const MIN_MAINTENANCE: RangeInclusive<u64> = 0..=1_000_000_000;
    /// Dust, quote micro-units: up to 1,000 quote.
    pub const DUST: RangeInclusive<u64> = 0..=1_000_000_000;
    /// Seconds between ticks, and the horizon of σ and of a scenario.
    pub const PERIOD_S: RangeInclusive<u32> = 60..=86_400;
    /// Age up to which a price may be used, seconds.
    pub const MAX_AGE_S: RangeInclusive<u32> = 1..=600;
    /// Confidence interval ÷ price up to which a price is accepted, basis points.
    pub const MAX_CONFIDENCE_BPS: RangeInclusive<u32> = 1..=1_000;
    /// Haircut bounds, basis points.
    pub const HAIRCUT_BPS: RangeInclusive<u32> = 10..=10_000;
    /// Prior and floor of σ over the horizon, basis points of a basis point (1e-8).
    pub const SIGMA_E8: RangeInclusive<u32> = 100..=99_000_000;
    /// The same for the market-wide index.
    pub const CALM_SIGMA_E8: RangeInclusive<u64> = 100..=99_000_000;
    /// Half-life of the stable price, seconds.
    pub const STABLE_HALF_LIFE_S: RangeInclusive<u32> = 60..=604_800;
    /// Half-lives of volatility, seconds.
    pub const VOLATILITY_HALF_LIFE_S: RangeInclusive<u32> = 300..=2_592_000;
    /// Liquidation penalty, basis points.
    pub const PENALTY_BPS: RangeInclusive<u32> = 0..=2_000;
    /// Band around the oracle inside which fills are booked, basis points.
    pub const BAND_BPS: RangeInclusive<u32> = 1..=1_000;
    /// Taker fee, basis points.
    pub const FEE_BPS: RangeInclusive<u32> = 0..=100;
    /// Deposits of one asset, native units; with [`OPEN_INTEREST_CAP`] it keeps every net exposure of
    /// an account inside 64 bits, so that nobody can make a book that cannot be margined: 2⁶² of
    /// collateral and sixteen positions of 2⁵⁸.
    pub const DEPOSIT_CAP: RangeInclusive<u64> = 0..=1 << 62;
    /// Open interest of a market, native units.
    pub const OPEN_INTEREST_CAP: RangeInclusive<u64> = 0..=1 << 58;
    /// Ticks an asset lives before it nets with others.
    pub const NET_AFTER_TICKS: RangeInclusive<u32> = 24..=8_760;
    /// ω: at least a quarter of the weight to stress (EMIR, article 28).
    pub const STRESS_WEIGHT_BPS: RangeInclusive<u32> = 2_500..=9_000;
    /// Share of all single-asset stress losses that a book is charged as if every hedge failed that far.
    pub const DECORRELATION_BPS: RangeInclusive<u32> = 500..=10_000;
    /// Least MM ÷ gross exposure, basis points.
    pub const GROSS_FLOOR_BPS: RangeInclusive<u32> = 10..=2_000;
    /// Time in which MM may double with volatility, seconds; zero gives no notice.
    pub const NOTICE_DOUBLING_S: RangeInclusive<u32> = 0..=86_400;
    /// Least share of its full MM at which an account still has notice, basis points.
    pub const NOTICE_LEAST_BPS: RangeInclusive<u32> = 5_000..=10_000;
    /// An asset's own shocks, basis points: it cannot fall by more than everything.
    pub const FALL_BPS: RangeInclusive<u32> = 100..=10_000;
    pub const RISE_BPS: RangeInclusive<u32> = 100..=50_000;
    /// Largest accepted price move, and carry, over the largest accepted age of a price, basis points.
    pub const MAX_MOVE_BPS: RangeInclusive<u32> = 1..=5_000;
    pub const CARRY_BPS: RangeInclusive<u32> = 0..=500;
    /// Weight in the market-wide volatility index, basis points.
    pub const INDEX_WEIGHT_BPS: RangeInclusive<u32> = 0..=10_000;
    /// η of the square-root law: a quarter of what is measured on markets, to ten times as much.
    pub const IMPACT_BPS: RangeInclusive<u32> = 2_500..=100_000;
    /// φ, the crowd's share of a side.
    pub const CROWD_SHARE_BPS: RangeInclusive<u32> = 0..=10_000;
    /// Depth over a horizon, quote micro-units.
    pub const DEPTH: RangeInclusive<u64> = 1_000_000_000..=1 << 53;
    /// Seconds from listing to expiry of an option: an hour to two years.
    pub const TO_EXPIRY_S: RangeInclusive<i64> = 3_600..=63_072_000;
    /// Seconds before expiry over which spot is averaged for settlement.
    pub const SETTLEMENT_WINDOW_S: RangeInclusive<u32> = 300..=86_400;
    /// Least charge on a short option, basis points of the underlying's value.
    pub const SHORT_MINIMUM_BPS: RangeInclusive<u32> = 50..=5_000;
    /// Strike ÷ spot at listing, rates: a sixty-fourth to sixty-four times.
    pub const STRIKE_RATIO: RangeInclusive<u64> = 1 << 26..=1 << 38;
    /// Half-life of a depth report, seconds.
    pub const DEPTH_HALF_LIFE_S: RangeInclusive<u32> = 300..=86_400;

    // ---- prices ----
    pub const OUTAGE_S: RangeInclusive<u32> = 60..=86_400;
    pub const GRACE_S: RangeInclusive<u32> = 0..=3_600;
    pub const CONSISTENT: RangeInclusive<u32> = 1..=32;
    pub const RECOVERY_S: RangeInclusive<u32> = 0..=3_600;
    pub const CONFIRM_S: RangeInclusive<u32> = 0..=600;
    pub const GUARDED_BPS: RangeInclusive<u32> = 0..=10_000;
    pub const QUOTE_CAP_BPS: RangeInclusive<u32> = 0..=1_000;
    pub const OFF_PEG_BPS: RangeInclusive<u32> = 10..=1_000;
    pub const QUORUM: RangeInclusive<u8> = 1..=2;
    /// Distances between prices that leave a breaker alone.
    pub const DISTANCE_BPS: RangeInclusive<u32> = 1..=super::NO_LIMIT_BPS;
    /// Growth of a redemption rate in a day: 1 % a day would be forty times in a year.
    pub const GROWTH_BPS: RangeInclusive<u32> = 0..=100;
    /// What a staked token is charged beside its underlying's risk.
    pub const BASIS_BPS: RangeInclusive<u32> = 0..=5_000;

    // ---- phases of liquidation ----
    /// Quote micro-units: up to 100 quote.
    pub const BOUNTY: RangeInclusive<u64> = 0..=100_000_000;
    pub const DEEP_BPS: RangeInclusive<u32> = 5_000..=10_000;
    pub const BANKRUPT_BPS: RangeInclusive<u32> = 1_000..=10_000;
    pub const PENALTY_START_BPS: RangeInclusive<u32> = 1_000..=10_000;
    pub const PENALTY_GROWTH_S: RangeInclusive<u32> = 0..=3_600;
    pub const FIRST_STEP_BPS: RangeInclusive<u32> = 500..=10_000;
    pub const WAIT_S: RangeInclusive<u32> = 0..=600;
    pub const WINDOW_DEPTH_BPS: RangeInclusive<u32> = 100..=100_000;
    pub const WINDOW_S: RangeInclusive<u32> = 0..=86_400;
    pub const TAKEOVER_S: RangeInclusive<u32> = 0..=3_600;
    pub const RESOLVE_S: RangeInclusive<u32> = 0..=600;

    // ---- lending ----
    /// A year.
    pub const INTEREST_BPS: RangeInclusive<u32> = 0..=50_000;
    pub const KINK_BPS: RangeInclusive<u32> = 1_000..=9_900;
    pub const UTILISATION_BPS: RangeInclusive<u32> = 0..=9_500;
    pub const FLOW_BPS: RangeInclusive<u32> = 0..=10_000;
    pub const STEP_S: RangeInclusive<u32> = 1..=86_400;

    // ---- what governance may move of a listing ----
    /// A limit that was set can be moved but not taken away.
    pub const OUTFLOW_LIMIT: RangeInclusive<u64> = 1..=1 << 62;
    pub const OUTFLOW_WINDOW_S: RangeInclusive<u32> = 60..=604_800;
    pub const PROFIT_CAP: RangeInclusive<u64> = 0..=i64::MAX as u64;
    /// Bits of [`crate::policy::restriction`].
    pub const RESTRICTIONS: RangeInclusive<u32> = 0..=1;
    /// Weights of the forecast; their sum is checked apart.
    pub const FORECAST_BPS: RangeInclusive<u32> = 0..=10_000;
    /// Distance of the quote token from its peg at which new risk is allowed again.
    pub const ON_PEG_BPS: RangeInclusive<u32> = 0..=1_000;

    // ---- backstop ----
    /// Native units.
    pub const BACKSTOP_POSITION: RangeInclusive<u64> = 1..=1 << 58;
    /// Quote micro-units.
    pub const LOSS_LIMIT: RangeInclusive<u64> = 1..=1 << 53;
    pub const LOSS_WINDOW_S: RangeInclusive<u32> = 3_600..=604_800;
    /// Never nothing: the fee is what pays for what a trader knows before the board does.
    pub const BACKSTOP_FEE_BPS: RangeInclusive<u32> = 1..=200;
    pub const SKEW_BPS: RangeInclusive<u32> = 0..=500;
    pub const MAX_LAG_S: RangeInclusive<u32> = 1..=30;
    pub const WITHDRAWAL_DELAY_S: RangeInclusive<u32> = 3_600..=2_592_000;
    /// A day, a day; and a day.
    pub const FUNDING_VELOCITY_BPS: RangeInclusive<u32> = 0..=10_000;
    pub const FUNDING_MAX_BPS: RangeInclusive<u32> = 0..=1_000;
}

/// Parameters that hold for every account of a clearinghouse.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Pod, Zeroable, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ClearinghouseParams {
    /// Least MM of an account with any exposure, quote micro-units.
    pub min_maintenance: u64,
    /// How far past its target a liquidation may end, quote micro-units.
    pub dust: u64,
    /// Market-wide σ over the horizon up to which ticks are not shortened, 1e-8.
    pub calm_sigma_e8: u64,
    /// IM ÷ MM, basis points.
    pub initial_ratio_bps: u32,
    /// Liquidation stops at `MM·(1 + buffer)`, basis points.
    pub buffer_bps: u32,
    /// The insurance fund's part of a penalty, basis points of it.
    pub insurance_share_bps: u32,
    /// Seconds between ticks that write a row.
    pub tick_interval_s: u32,
    /// Horizon of σ and of a scenario, seconds.
    pub horizon_s: u32,
    /// ω, the weight of stress, basis points.
    pub stress_weight_bps: u32,
    /// Share of all single-asset stress losses that every book is charged for, basis points.
    pub decorrelation_bps: u32,
    /// Least MM ÷ gross exposure, basis points.
    pub gross_floor_bps: u32,
    /// Time in which MM may double with volatility, seconds; zero gives no notice.
    pub notice_doubling_s: u32,
    /// Least share of its full MM at which an account still has notice, basis points.
    pub notice_least_bps: u32,
    /// Weights of the short and of the fast average in the forecast, basis points; the slow one has the rest.
    pub forecast_short_bps: u32,
    pub forecast_fast_bps: u32,
}

impl ClearinghouseParams {
    /// Refuses what the code limits forbid.
    pub fn validate(&self) -> Result<()> {
        within(bounds::INITIAL_RATIO_BPS, self.initial_ratio_bps)?;
        within(bounds::BUFFER_BPS, self.buffer_bps)?;
        within(bounds::INSURANCE_SHARE_BPS, self.insurance_share_bps)?;
        within(bounds::PERIOD_S, self.tick_interval_s)?;
        within(bounds::PERIOD_S, self.horizon_s)?;
        within(bounds::MIN_MAINTENANCE, self.min_maintenance)?;
        within(bounds::DUST, self.dust)?;
        within(bounds::STRESS_WEIGHT_BPS, self.stress_weight_bps)?;
        within(bounds::DECORRELATION_BPS, self.decorrelation_bps)?;
        within(bounds::GROSS_FLOOR_BPS, self.gross_floor_bps)?;
        within(bounds::NOTICE_DOUBLING_S, self.notice_doubling_s)?;
        within(bounds::NOTICE_LEAST_BPS, self.notice_least_bps)?;
        within(bounds::CALM_SIGMA_E8, self.calm_sigma_e8)?;
        self.forecast_weights().validate().or_refuse()?;
        // A tick is sampled where it spans about one horizon (`AssetState::is_due`).
        let (tick, horizon) = (u64::from(self.tick_interval_s), u64::from(self.horizon_s));
        require!(4 * tick >= 3 * horizon && 2 * tick <= 3 * horizon, BallastError::ParameterOutOfBounds);
        // A full close of the least book must count as dust, or it could never be liquidated.
        require!(self.dust >= self.min_maintenance, BallastError::ParameterOutOfBounds);
        Ok(())
    }

    /// What the engine needs for a liquidation; each leg brings its own penalty.
    pub fn liquidation(&self) -> LiquidationParams {
        LiquidationParams {
            penalty_bps: 0,
            insurance_share_bps: self.insurance_share_bps,
            buffer_bps: self.buffer_bps,
            dust: self.dust,
        }
    }

    /// What the averages of variance weigh in the forecast; out of range where the two sum to more than the whole.
    pub fn forecast_weights(&self) -> ForecastWeights {
        let bps = |weight: u32| u16::try_from(weight).unwrap_or(u16::MAX);
        let rest = 10_000u32.saturating_sub(self.forecast_short_bps).saturating_sub(self.forecast_fast_bps);
        ForecastWeights {
            short: bps(self.forecast_short_bps),
            fast: bps(self.forecast_fast_bps),
            slow: bps(rest),
        }
    }

    /// How much notice MM gives.
    pub fn notice(&self) -> NoticeParams {
        NoticeParams { doubling_s: self.notice_doubling_s, least: rate_from_bps(self.notice_least_bps) }
    }

    /// Market-wide σ up to which ticks are not shortened, a rate.
    pub fn calm_sigma(&self) -> u64 {
        sigma_from_e8(self.calm_sigma_e8)
    }
}

/// Refuses a parameter outside its bounds.
pub fn within<T: PartialOrd>(bounds: core::ops::RangeInclusive<T>, value: T) -> Result<()> {
    require!(bounds.contains(&value), BallastError::ParameterOutOfBounds);
    Ok(())
}

/// A σ given in 1e-8, as a rate.
pub fn sigma_from_e8(sigma: u64) -> u64 {
    (sigma << 32) / 100_000_000
}
