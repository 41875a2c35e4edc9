//! What the engine needs to know of an asset, and where it reads it from.

use crate::error::Result;
use crate::liquidity::Impact;
use crate::price::Price;
use crate::scenario::Column;
use crate::stress::StressColumn;

/// One side of an asset's risk, as published on the board. Rates, but for `crowd`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// What an exposure on this side alone costs, all in all.
    pub haircut: u64,
    /// The part of it that nets with nothing.
    pub addon: u64,
    /// Loss in the asset's worst stress.
    pub shock: u64,
    /// Exposure, quote micro-units, whose cost of unwinding `addon` already holds.
    pub crowd: u64,
}

/// An asset's risk, as published on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetRisk {
    /// The last accepted price.
    pub spot: Price,
    /// The slow price.
    pub stable: Price,
    /// σ over the horizon, a rate below one.
    pub sigma: u64,
    /// The wider of both tails, as in [`crate::scenario::Tails::widest`].
    pub tail: u32,
    /// Whether the asset takes part in the joint core.
    pub netted: bool,
    /// Risk of holding it.
    pub long: Side,
    /// Risk of being short of it.
    pub short: Side,
    /// Least haircut on either side, a rate.
    pub floor: u64,
    /// What an exposure beyond the crowd costs to unwind.
    pub impact: Impact,
    /// Un-netted addition to IM, a rate ([`crate::liquidity::crowding`]).
    pub crowding: u64,
    /// Credited to equity on the absolute value of a net exposure, a rate: how far the price may have
    /// moved in the account's favour since it was last known. Zero for a recent price.
    pub favour: u64,
    /// Whether what is held of it counts for nothing: its price is not believed. What is owed of it still counts.
    pub void: bool,
}

impl AssetRisk {
    /// The side on which an exposure of this sign is.
    #[inline]
    #[must_use]
    pub const fn side(&self, short: bool) -> &Side {
        if short { &self.short } else { &self.long }
    }
}

/// Where the engine reads risk from: an adapter over the board, or plain data in a test.
pub trait RiskView {
    /// Risk of an asset.
    ///
    /// # Errors
    /// [`crate::RiskError::UnknownAsset`] or [`crate::RiskError::StalePrice`].
    fn asset(&self, index: usize) -> Result<AssetRisk>;
    /// Standardised returns of an asset.
    ///
    /// # Errors
    /// [`crate::RiskError::UnknownAsset`].
    fn column(&self, index: usize) -> Result<&Column>;
    /// Joint shocks of an asset.
    ///
    /// # Errors
    /// [`crate::RiskError::UnknownAsset`].
    fn stress(&self, index: usize) -> Result<&StressColumn>;
    /// Both of an asset.
    ///
    /// # Errors
    /// [`crate::RiskError::UnknownAsset`].
    fn scenarios(&self, index: usize) -> Result<(&Column, &StressColumn)> {
        Ok((self.column(index)?, self.stress(index)?))
    }
}
