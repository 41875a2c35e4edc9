//! What can be wrong with an input of the engine.

use core::fmt;

/// Shorthand for results of this crate.
pub type Result<T> = core::result::Result<T, RiskError>;

/// Why the engine refused to compute. Each is a fact about an input, never a state of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskError {
    /// A result would not fit its integer type.
    Overflow,
    /// A book is worth more than [`crate::book::MAX_GROSS`]: outside the domain on which the
    /// scenario arithmetic is exact.
    BookTooLarge,
    /// A price is zero, negative, or outside the representable range.
    BadPrice,
    /// An asset in the book has no price that is recent enough.
    StalePrice,
    /// A holding names an asset or a market that the board does not have.
    UnknownAsset,
    /// A parameter is outside the domain the engine accepts.
    BadParameter,
    /// A move that would be accepted as a price could bankrupt an account that meets its MM.
    UnsafeEnvelope,
}

impl fmt::Display for RiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "a result does not fit its integer type",
            Self::BookTooLarge => "the book exceeds the largest gross exposure that can be margined",
            Self::BadPrice => "a price is zero, negative or out of range",
            Self::StalePrice => "an asset in the book has no recent price",
            Self::UnknownAsset => "a holding names an asset that is not on the board",
            Self::BadParameter => "a parameter is outside the accepted domain",
            Self::UnsafeEnvelope => {
                "the largest accepted move, with penalty and slippage, exceeds the least haircut or the shock"
            }
        })
    }
}

impl core::error::Error for RiskError {}
