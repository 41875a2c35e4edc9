//! The answer to a margin check: what an account is worth, and what it must hold.

use crate::error::{Result, RiskError};
use crate::fixed::{BPS_ONE, RATE_ONE, charge, mul_div_ceil};
use crate::stress::StressParams;

/// Requirements that hold for every book of a clearinghouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginParams {
    /// IM ÷ MM, basis points, at least 10,000.
    pub initial_ratio_bps: u32,
    /// Least MM of a book that has any exposure, quote micro-units.
    pub min_maintenance: u64,
    /// Least MM, a share of gross exposure (a rate): no book is so well hedged that its legs cost nothing.
    pub gross_floor: u64,
    /// How stress enters.
    pub stress: StressParams,
    /// Factor on volatility while MM lags behind it ([`crate::index`]), a rate of at most 100 %.
    pub notice: u64,
}

impl MarginParams {
    /// The same requirement without notice: for IM and withdrawals.
    #[must_use]
    pub const fn at_once(self) -> Self {
        Self { notice: RATE_ONE, ..self }
    }
}

/// What a book adds up to, before the requirement is drawn from it, quote micro-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub expected_shortfall: u64,
    pub stress: u64,
    pub addons: u64,
    pub crowding: u64,
    pub gross: u64,
}

/// Equity against requirement, quote micro-units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// What the account is worth on this basis.
    pub equity: i64,
    /// Expected Shortfall over the ring, after notice.
    pub expected_shortfall: u64,
    /// Worst stress.
    pub stress: u64,
    /// Both, blended: what the joint core charges.
    pub core: u64,
    /// Un-netted charges, with the cost of unwinding.
    pub addons: u64,
    /// `max(core + addons, gross floor, minimum)`, or zero without exposure.
    pub maintenance: u64,
    /// `⌈maintenance·κ⌉`, plus what crowded assets add.
    pub initial: u64,
}

impl Margin {
    pub(crate) fn require(equity: i64, parts: &Parts, params: &MarginParams) -> Result<Self> {
        let expected_shortfall = charge(parts.expected_shortfall, params.notice)?;
        let core = params.stress.blend(expected_shortfall, parts.stress)?;
        let maintenance = core
            .checked_add(parts.addons)
            .ok_or(RiskError::Overflow)?
            .max(charge(parts.gross, params.gross_floor)?)
            .max(params.min_maintenance);
        let initial = mul_div_ceil(maintenance, params.initial_ratio_bps.into(), BPS_ONE)?
            .checked_add(parts.crowding)
            .ok_or(RiskError::Overflow)?;
        let (stress, addons) = (parts.stress, parts.addons);
        Ok(Self { equity, expected_shortfall, stress, core, addons, maintenance, initial })
    }

    /// By how much equity falls short of MM; negative where it exceeds it. Never overflows: MM is
    /// bounded by a few times [`crate::book::MAX_GROSS`].
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
