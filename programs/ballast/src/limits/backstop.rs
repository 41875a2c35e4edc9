use anchor_lang::prelude::*;
use ballast_risk::fixed::rate_from_bps;
use ballast_risk::quoting::QuoteParams;

use super::{bounds, within};
use crate::error::BallastError;

/// Seconds that a request to trade may live.
pub const REQUEST_LIFE_S: core::ops::RangeInclusive<u32> = 10..=600;
/// Longest time in which a withdrawal that was asked for may be made once its delay is over, seconds.
pub const MAX_EXIT_S: u32 = 86_400;

/// What a backstop vault charges, and how much it risks.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackstopParams {
    /// Most that it holds on either side, and most that it trades at once, native units.
    pub max_position: u64,
    pub max_trade: u64,
    /// What it may lose in a window before it takes no more risk, quote micro-units, and the window's seconds.
    pub loss_limit: u64,
    pub loss_window_s: u32,
    /// What it charges on every trade, and how far full inventory moves its price, basis points.
    pub fee_bps: u32,
    pub skew_bps: u32,
    /// How long after its publish time a price may be traded on, seconds: what may be known by then and not be in it
    /// must be worth less than the fee.
    pub max_lag_s: u32,
    /// Seconds between asking for a withdrawal and making it.
    pub withdrawal_delay_s: u32,
    /// How fast funding moves at full inventory, basis points a day, a day; and its largest rate, basis points a day.
    pub funding_velocity_bps: u32,
    pub funding_max_bps: u32,
}

impl BackstopParams {
    /// Refuses what the code limits forbid; `band_bps` is the band around the oracle in which its market trades.
    pub fn validate(&self, band_bps: u32) -> Result<()> {
        within(bounds::BACKSTOP_POSITION, self.max_position)?;
        within(1..=self.max_position, self.max_trade)?;
        within(bounds::LOSS_LIMIT, self.loss_limit)?;
        within(bounds::LOSS_WINDOW_S, self.loss_window_s)?;
        within(bounds::BACKSTOP_FEE_BPS, self.fee_bps)?;
        within(bounds::SKEW_BPS, self.skew_bps)?;
        within(bounds::MAX_LAG_S, self.max_lag_s)?;
        within(bounds::WITHDRAWAL_DELAY_S, self.withdrawal_delay_s)?;
        within(bounds::FUNDING_VELOCITY_BPS, self.funding_velocity_bps)?;
        within(bounds::FUNDING_MAX_BPS, self.funding_max_bps)?;
        require!(self.quoted_bps() <= band_bps, BallastError::ParameterOutOfBounds);
        Ok(())
    }

    /// What it charges for a trade.
    pub fn quoting(&self) -> QuoteParams {
        QuoteParams {
            fee_bps: self.fee_bps,
            skew: rate_from_bps(self.skew_bps),
            max_position: self.max_position,
            max_trade: self.max_trade,
        }
    }

    /// How far from the oracle it quotes at most, basis points.
    pub fn quoted_bps(&self) -> u32 {
        self.fee_bps + self.skew_bps
    }
}
