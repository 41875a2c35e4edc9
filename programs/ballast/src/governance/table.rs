//! The table: every number that governance may move, one row each.
//!
//! A row says inside which bounds a parameter stays whoever signs, which direction *loosens* it, at which pace the
//! other direction *tightens*, and how far one proposal may go.
//!
//! | pace | what it is for | what happens |
//! |---|---|---|
//! | [`Pace::AtOnce`] | what binds new risk only: IM, caps, bands, reduce-only | moves in the transaction that asks, by any distance |
//! | [`Pace::Ramp`] | what raises the MM of existing positions, a penalty, a fee or interest, or hurries a liquidation | is announced for [`DELAY_S`](super::DELAY_S), then moves linearly over [`RAMP_S`](super::RAMP_S), by a step at most |
//! | [`Pace::Wait`] | every loosening; and what has no safe direction (ages, windows, thresholds of a breaker: too wide lets a bad price in, too narrow stops the house) | waits [`DELAY_S`](super::DELAY_S), then moves by a step at most |
//!
//! A step is the larger of a share of the value it starts from and a least distance. The steward moves only what its
//! column gives it, by its own smaller step, inside the mandate that governance wrote for it, and once in
//! [`STEWARD_PAUSE_S`](super::STEWARD_PAUSE_S) a parameter.
//!
//! What is not here is fixed when the clearinghouse is founded or the asset is listed: horizon and tick interval
//! (they are what a row of the ring means), half-lives and grid, oracle sources, mints, seasoning.

use anchor_lang::prelude::*;
use core::ops::RangeInclusive;

use crate::limits::bounds;

use Loosens::{Down, Either, Up};
use Pace::{AtOnce, Ramp, Wait};
use Parameter::*;
use Target::{Asset, Backstop, House, Market};

/// A number that governance may move.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Parameter {
    // ---- core: for every account ----
    /// IM ÷ MM, basis points.
    InitialRatio,
    /// Liquidation stops at `MM·(1 + buffer)`, basis points.
    Buffer,
    /// The insurance fund's part of a penalty, basis points.
    InsuranceShare,
    /// Least MM, quote micro-units.
    MinMaintenance,
    /// How far past its target a liquidation may end, quote micro-units.
    Dust,
    /// Market-wide σ up to which ticks are not shortened, 1e-8.
    CalmSigma,
    /// ω, the weight of stress, basis points.
    StressWeight,
    /// Share of all single-asset stress losses that every book is charged for, basis points.
    Decorrelation,
    /// Least MM ÷ gross exposure, basis points.
    GrossFloor,
    /// Time in which MM may double with volatility, seconds.
    NoticeDoubling,
    /// Least share of its full MM at which an account still has notice, basis points.
    NoticeLeast,
    /// Weight of the short average in the forecast, basis points.
    ForecastShort,
    /// Weight of the fast average in the forecast, basis points.
    ForecastFast,
    // ---- prices ----
    /// A gap of this many seconds between refreshes is an outage.
    Outage,
    /// Seconds after an outage in which liquidation waits.
    Grace,
    /// Consistent prices after which a breaker steps back.
    Consistent,
    /// Least seconds that a breaker stays in a state.
    Recovery,
    /// Least seconds over which a continuous move is confirmed, and before a bankrupt account is resolved.
    Confirm,
    /// What IM of a guarded asset is charged more, basis points of the haircut.
    GuardedCharge,
    /// How far from one dollar the quote token's price enters values, basis points.
    QuoteCap,
    /// Distance of the quote token from one dollar from which new risk stops, basis points.
    OffPeg,
    /// Distance below which it is allowed again, basis points.
    OnPeg,
    // ---- phases of liquidation ----
    /// Most that insurance pays a keeper, quote micro-units.
    Bounty,
    /// Equity ÷ MM below which nothing has to be confirmed, basis points.
    Deep,
    /// Equity ÷ MM below which no phase holds a keeper back, basis points.
    Bankrupt,
    /// Part of the penalty that is charged at once, basis points.
    PenaltyStart,
    /// Seconds in which the rest of the penalty grows.
    PenaltyGrowth,
    /// Share of its exposure that the first phase may take, basis points.
    FirstStep,
    /// Seconds until the next phase.
    PhaseWait,
    /// Share of an asset's depth that may be liquidated in a window, basis points.
    WindowDepth,
    /// Seconds of that window.
    PhaseWindow,
    /// Seconds below MM after which the backstop takes over.
    Takeover,
    /// Seconds below MM after which a bankrupt account may be resolved while something is left to take.
    Resolve,
    // ---- lending ----
    /// Interest a year at no utilisation, basis points.
    InterestBase,
    /// Interest a year at the kink, basis points.
    InterestKink,
    /// Interest a year at full utilisation, basis points.
    InterestFull,
    /// Utilisation at the kink, basis points.
    Kink,
    /// Utilisation above which a withdrawal may not borrow, basis points.
    MaxUtilisation,
    /// Share of the vault that withdrawals may borrow in a window, basis points.
    LentShare,
    /// Share of the vault that may leave it in a window, basis points.
    OutflowShare,
    /// Seconds of that window.
    LendingWindow,
    /// Longest time for which one step charges interest or funding, seconds.
    ChargeStep,
    // ---- an asset ----
    /// Least haircut, basis points.
    HaircutMin,
    /// Haircut above which the asset leaves the joint core, basis points.
    HaircutMax,
    /// Its worst fall, basis points.
    Fall,
    /// Its worst rise, basis points.
    Rise,
    /// Penalty on its collateral in a liquidation, basis points.
    AssetPenalty,
    /// Most of it that the vault may hold, native units.
    DepositCap,
    /// Age up to which its price may be used, seconds.
    MaxAge,
    /// Confidence interval ÷ price up to which a price is accepted, basis points.
    MaxConfidence,
    /// Largest move from one accepted price to the next, basis points.
    MaxMove,
    /// Distance between sources that leaves the breaker alone, basis points.
    MaxDeviation,
    /// Distance from the stable price that leaves the breaker alone, basis points.
    MaxJump,
    /// Distance from the stable price within which profit is paid out, basis points.
    PayoutJump,
    /// Most that a redemption rate may grow in a day, basis points.
    MaxGrowth,
    /// How much may leave the vault in a window, native units; none where zero, which is never proposed.
    OutflowLimit,
    /// Seconds of that window.
    OutflowWindow,
    /// η of the square-root law, basis points.
    Impact,
    /// φ, the crowd's share of a side, basis points.
    CrowdShare,
    /// Least depth that is believed, quote micro-units.
    DepthFloor,
    /// Most depth that is believed, quote micro-units.
    DepthCap,
    /// Weight in the market-wide volatility index, basis points.
    IndexWeight,
    /// What a staked token is charged beside its underlying's risk, basis points.
    StakedBasis,
    /// Restrictions that stand on it, bits.
    AssetRestrictions,
    // ---- a market ----
    /// Fills are booked at most this far from the oracle, basis points.
    Band,
    /// Taker fee, basis points.
    Fee,
    /// Penalty in a liquidation, basis points.
    MarketPenalty,
    /// Unsettled profit that may support IM, quote micro-units an account.
    ProfitCap,
    /// Most that may be open on one side, native units.
    OpenInterestCap,
    /// Restrictions that stand on it, bits.
    MarketRestrictions,
    // ---- a market's backstop ----
    /// Most that it holds on either side, native units.
    BackstopPosition,
    /// Most that it trades at once, native units.
    BackstopTrade,
    /// What it may lose in a window before it takes no more risk, quote micro-units.
    LossLimit,
    /// Seconds of that window.
    LossWindow,
    /// What it charges on every trade, basis points.
    BackstopFee,
    /// How far full inventory moves its price, basis points.
    Skew,
    /// How long after its publish time a price may be traded on, seconds.
    MaxLag,
    /// Seconds between asking for a withdrawal and making it.
    WithdrawalDelay,
    /// How fast funding moves at full inventory, basis points a day, a day.
    FundingVelocity,
    /// Largest rate of funding, basis points a day.
    FundingMax,
}

/// What a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    House,
    Asset,
    Market,
    /// The backstop of a market, named by the market's index.
    Backstop,
}

/// Which direction takes protection away from somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loosens {
    Up,
    Down,
    Either,
}

/// How a parameter moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AtOnce,
    Ramp,
    Wait,
}

/// What the table says of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub parameter: Parameter,
    pub target: Target,
    /// Code bounds, inclusive.
    pub least: u64,
    pub most: u64,
    pub loosens: Loosens,
    /// How the other direction moves.
    pub tightens: Pace,
    /// Most that one proposal moves it: basis points of where it starts, and a distance that is always allowed.
    pub step_bps: u64,
    pub step_least: u64,
    /// The same for the steward: basis points of where it starts, or of the distance above where that has none; zero:
    /// not the steward's.
    pub steward_bps: u64,
}

const fn narrow(bounds: &RangeInclusive<u32>) -> [u64; 2] {
    [*bounds.start() as u64, *bounds.end() as u64]
}

const fn wide(bounds: &RangeInclusive<u64>) -> [u64; 2] {
    [*bounds.start(), *bounds.end()]
}

#[allow(clippy::too_many_arguments)]
const fn row(
    parameter: Parameter,
    target: Target,
    [least, most]: [u64; 2],
    loosens: Loosens,
    tightens: Pace,
    step_bps: u64,
    step_least: u64,
    steward_bps: u64,
) -> Row {
    Row { parameter, target, least, most, loosens, tightens, step_bps, step_least, steward_bps }
}

/// One row a parameter, in the order of [`Parameter`]: name, target, bounds, loosens, tightens, step (basis points, at
/// least), the steward's step (basis points).
pub const ROWS: [Row; 80] = [
    // ---- core: for every account ----
    row(InitialRatio, House, narrow(&bounds::INITIAL_RATIO_BPS), Down, AtOnce, 1_000, 1, 500),
    row(Buffer, House, narrow(&bounds::BUFFER_BPS), Down, Ramp, 2_500, 10, 0),
    row(InsuranceShare, House, narrow(&bounds::INSURANCE_SHARE_BPS), Either, Wait, 2_500, 500, 0),
    row(MinMaintenance, House, wide(&bounds::MIN_MAINTENANCE), Down, Ramp, 2_500, 1_000_000, 0),
    row(Dust, House, wide(&bounds::DUST), Down, Ramp, 2_500, 1_000_000, 0),
    row(CalmSigma, House, wide(&bounds::CALM_SIGMA_E8), Either, Wait, 2_500, 100, 0),
    row(StressWeight, House, narrow(&bounds::STRESS_WEIGHT_BPS), Down, Ramp, 0, 500, 0),
    row(Decorrelation, House, narrow(&bounds::DECORRELATION_BPS), Down, Ramp, 0, 500, 0),
    row(GrossFloor, House, narrow(&bounds::GROSS_FLOOR_BPS), Down, Ramp, 2_500, 10, 0),
    row(NoticeDoubling, House, narrow(&bounds::NOTICE_DOUBLING_S), Up, Ramp, 2_500, 1_800, 0),
    row(NoticeLeast, House, narrow(&bounds::NOTICE_LEAST_BPS), Down, Ramp, 0, 1_000, 0),
    row(ForecastShort, House, narrow(&bounds::FORECAST_BPS), Either, Wait, 0, 500, 0),
    row(ForecastFast, House, narrow(&bounds::FORECAST_BPS), Either, Wait, 0, 500, 0),
    // ---- prices ----
    row(Outage, House, narrow(&bounds::OUTAGE_S), Either, Wait, 5_000, 60, 0),
    row(Grace, House, narrow(&bounds::GRACE_S), Either, Wait, 5_000, 300, 0),
    row(Consistent, House, narrow(&bounds::CONSISTENT), Either, Wait, 5_000, 1, 0),
    row(Recovery, House, narrow(&bounds::RECOVERY_S), Either, Wait, 5_000, 60, 0),
    row(Confirm, House, narrow(&bounds::CONFIRM_S), Either, Wait, 5_000, 2, 0),
    row(GuardedCharge, House, narrow(&bounds::GUARDED_BPS), Down, AtOnce, 2_500, 500, 500),
    row(QuoteCap, House, narrow(&bounds::QUOTE_CAP_BPS), Either, Wait, 2_500, 50, 0),
    row(OffPeg, House, narrow(&bounds::OFF_PEG_BPS), Up, AtOnce, 2_500, 10, 1_000),
    row(OnPeg, House, narrow(&bounds::ON_PEG_BPS), Up, AtOnce, 2_500, 10, 1_000),
    // ---- phases of liquidation ----
    row(Bounty, House, wide(&bounds::BOUNTY), Either, Wait, 2_500, 1_000_000, 0),
    row(Deep, House, narrow(&bounds::DEEP_BPS), Down, Ramp, 0, 500, 0),
    row(Bankrupt, House, narrow(&bounds::BANKRUPT_BPS), Down, Ramp, 0, 500, 0),
    row(PenaltyStart, House, narrow(&bounds::PENALTY_START_BPS), Down, Ramp, 0, 1_000, 0),
    row(PenaltyGrowth, House, narrow(&bounds::PENALTY_GROWTH_S), Up, Ramp, 2_500, 60, 0),
    row(FirstStep, House, narrow(&bounds::FIRST_STEP_BPS), Down, Ramp, 0, 1_000, 0),
    row(PhaseWait, House, narrow(&bounds::WAIT_S), Up, Ramp, 2_500, 30, 0),
    row(WindowDepth, House, narrow(&bounds::WINDOW_DEPTH_BPS), Down, Ramp, 2_500, 100, 0),
    row(PhaseWindow, House, narrow(&bounds::WINDOW_S), Either, Wait, 5_000, 60, 0),
    row(Takeover, House, narrow(&bounds::TAKEOVER_S), Either, Wait, 5_000, 60, 0),
    row(Resolve, House, narrow(&bounds::RESOLVE_S), Either, Wait, 5_000, 2, 0),
    // ---- lending ----
    row(InterestBase, House, narrow(&bounds::INTEREST_BPS), Down, Ramp, 2_500, 100, 0),
    row(InterestKink, House, narrow(&bounds::INTEREST_BPS), Down, Ramp, 2_500, 100, 0),
    row(InterestFull, House, narrow(&bounds::INTEREST_BPS), Down, Ramp, 2_500, 500, 0),
    row(Kink, House, narrow(&bounds::KINK_BPS), Either, Wait, 0, 500, 0),
    row(MaxUtilisation, House, narrow(&bounds::UTILISATION_BPS), Up, AtOnce, 0, 500, 200),
    row(LentShare, House, narrow(&bounds::FLOW_BPS), Up, AtOnce, 2_500, 100, 1_000),
    row(OutflowShare, House, narrow(&bounds::FLOW_BPS), Either, Wait, 2_500, 100, 0),
    row(LendingWindow, House, narrow(&bounds::WINDOW_S), Either, Wait, 5_000, 600, 0),
    row(ChargeStep, House, narrow(&bounds::STEP_S), Either, Wait, 5_000, 60, 0),
    // ---- an asset ----
    row(HaircutMin, Asset, narrow(&bounds::HAIRCUT_BPS), Down, Ramp, 2_500, 10, 1_000),
    row(HaircutMax, Asset, narrow(&bounds::HAIRCUT_BPS), Up, Ramp, 2_500, 10, 0),
    row(Fall, Asset, narrow(&bounds::FALL_BPS), Down, Ramp, 2_500, 50, 0),
    row(Rise, Asset, narrow(&bounds::RISE_BPS), Down, Ramp, 2_500, 50, 0),
    row(AssetPenalty, Asset, narrow(&bounds::PENALTY_BPS), Down, Ramp, 2_500, 25, 0),
    row(DepositCap, Asset, wide(&bounds::DEPOSIT_CAP), Up, AtOnce, 10_000, 1 << 30, 2_500),
    row(MaxAge, Asset, narrow(&bounds::MAX_AGE_S), Either, Wait, 5_000, 5, 0),
    row(MaxConfidence, Asset, narrow(&bounds::MAX_CONFIDENCE_BPS), Either, Wait, 2_500, 10, 0),
    row(MaxMove, Asset, narrow(&bounds::MAX_MOVE_BPS), Either, Wait, 2_500, 10, 0),
    row(MaxDeviation, Asset, narrow(&bounds::DISTANCE_BPS), Either, Wait, 2_500, 10, 0),
    row(MaxJump, Asset, narrow(&bounds::DISTANCE_BPS), Either, Wait, 2_500, 50, 0),
    row(PayoutJump, Asset, narrow(&bounds::DISTANCE_BPS), Either, Wait, 2_500, 50, 0),
    row(MaxGrowth, Asset, narrow(&bounds::GROWTH_BPS), Either, Wait, 2_500, 2, 0),
    row(OutflowLimit, Asset, wide(&bounds::OUTFLOW_LIMIT), Either, Wait, 5_000, 1 << 30, 0),
    row(OutflowWindow, Asset, narrow(&bounds::OUTFLOW_WINDOW_S), Either, Wait, 5_000, 600, 0),
    row(Impact, Asset, narrow(&bounds::IMPACT_BPS), Down, Ramp, 2_500, 100, 1_000),
    row(CrowdShare, Asset, narrow(&bounds::CROWD_SHARE_BPS), Down, Ramp, 0, 500, 100),
    row(DepthFloor, Asset, wide(&bounds::DEPTH), Up, Ramp, 2_500, 1_000_000_000, 1_000),
    row(DepthCap, Asset, wide(&bounds::DEPTH), Up, Ramp, 2_500, 1_000_000_000, 1_000),
    row(IndexWeight, Asset, narrow(&bounds::INDEX_WEIGHT_BPS), Either, Wait, 0, 1_000, 0),
    row(StakedBasis, Asset, narrow(&bounds::BASIS_BPS), Down, Ramp, 2_500, 10, 0),
    row(AssetRestrictions, Asset, narrow(&bounds::RESTRICTIONS), Down, AtOnce, 0, 255, 255),
    // ---- a market ----
    row(Band, Market, narrow(&bounds::BAND_BPS), Up, AtOnce, 2_500, 10, 1_000),
    row(Fee, Market, narrow(&bounds::FEE_BPS), Down, Ramp, 2_500, 2, 1_000),
    row(MarketPenalty, Market, narrow(&bounds::PENALTY_BPS), Down, Ramp, 2_500, 25, 0),
    row(ProfitCap, Market, wide(&bounds::PROFIT_CAP), Up, AtOnce, 2_500, 1_000_000_000, 1_000),
    row(OpenInterestCap, Market, wide(&bounds::OPEN_INTEREST_CAP), Up, AtOnce, 5_000, 1 << 30, 2_500),
    row(MarketRestrictions, Market, narrow(&bounds::RESTRICTIONS), Down, AtOnce, 0, 255, 255),
    // ---- a market's backstop ----
    row(BackstopPosition, Backstop, wide(&bounds::BACKSTOP_POSITION), Up, AtOnce, 5_000, 1 << 30, 2_500),
    row(BackstopTrade, Backstop, wide(&bounds::BACKSTOP_POSITION), Up, AtOnce, 5_000, 1 << 30, 2_500),
    // A higher limit costs its owners more; a lower one stops takeovers sooner, and nobody leaves while it is halted.
    row(LossLimit, Backstop, wide(&bounds::LOSS_LIMIT), Either, Wait, 2_500, 1_000_000_000, 0),
    row(LossWindow, Backstop, narrow(&bounds::LOSS_WINDOW_S), Either, Wait, 5_000, 600, 0),
    // A trader's limit bounds it, so a higher one takes nothing from whoever has asked already.
    row(BackstopFee, Backstop, narrow(&bounds::BACKSTOP_FEE_BPS), Down, AtOnce, 2_500, 2, 1_000),
    // Paid by who fills it up, and to who takes inventory off.
    row(Skew, Backstop, narrow(&bounds::SKEW_BPS), Either, Wait, 2_500, 10, 0),
    // Longer lets traders know more than the price; shorter lets requests lapse, and they lose their commitment.
    row(MaxLag, Backstop, narrow(&bounds::MAX_LAG_S), Either, Wait, 2_500, 2, 0),
    row(WithdrawalDelay, Backstop, narrow(&bounds::WITHDRAWAL_DELAY_S), Either, Wait, 2_500, 3_600, 0),
    row(FundingVelocity, Backstop, narrow(&bounds::FUNDING_VELOCITY_BPS), Down, Ramp, 2_500, 10, 0),
    row(FundingMax, Backstop, narrow(&bounds::FUNDING_MAX_BPS), Down, Ramp, 2_500, 10, 0),
];

const _: () = {
    let mut at = 0;
    while at < ROWS.len() {
        assert!(ROWS[at].parameter as usize == at, "rows stand in the order of the parameters");
        at += 1;
    }
};

impl Parameter {
    /// Its row.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}

impl Row {
    /// Whether a move takes protection away.
    #[must_use]
    pub fn is_loosening(&self, from: u64, to: u64) -> bool {
        match self.loosens {
            Up => to > from,
            Down => to < from,
            Either => true,
        }
    }

    /// How a move goes.
    #[must_use]
    pub fn pace(&self, from: u64, to: u64) -> Pace {
        if self.is_loosening(from, to) { Wait } else { self.tightens }
    }

    /// Whether a move stays inside the code bounds.
    #[must_use]
    pub fn admits(&self, to: u64) -> bool {
        (self.least..=self.most).contains(&to)
    }

    /// How far one proposal of governance may go.
    #[must_use]
    pub fn step(&self, from: u64) -> u64 {
        part(from, self.step_bps).max(self.step_least)
    }

    /// Whether a proposal of governance may go so far.
    #[must_use]
    pub fn within_step(&self, from: u64, to: u64) -> bool {
        to.abs_diff(from) <= self.step(from)
    }

    /// How near to `to` one proposal of governance gets.
    #[must_use]
    pub fn reach(&self, from: u64, to: u64) -> u64 {
        let far = self.step(from).min(to.abs_diff(from));
        if to >= from { from + far } else { from - far }
    }

    /// Whether the steward may go so far.
    #[must_use]
    pub fn within_steward_step(&self, from: u64, to: u64) -> bool {
        let relative = part(from, self.steward_bps);
        let least = if self.step_bps == 0 { self.steward_bps.min(self.step_least) } else { self.step_least };
        self.steward_bps != 0 && to.abs_diff(from) <= relative.max(least)
    }
}

/// A share of a value, basis points, rounded down.
fn part(value: u64, bps: u64) -> u64 {
    u64::try_from(u128::from(value) * u128::from(bps) / 10_000).unwrap_or(u64::MAX)
}
