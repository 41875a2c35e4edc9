//! Who pays for a bankrupt account, in which order.
//!
//! ```text
//! 1. the insurance fund, as far as it goes
//! 2. the market's backstop slice, as far as its equity exceeds its own IM
//! 3. the other side of the market
//! 4. nobody: what is left is a claim that the insurance fund pays when it has money again
//! ```
//!
//! The second and third together pay at most what the bankrupt position itself has lost and not paid in. For the slice that
//! is the ring around a market: what an account has lost elsewhere is not its affair, however small the position that is
//! left here. For the other side it is what keeps deleveraging from becoming a levy: profits on the other side are owed by those who lost
//! them, so a winner may go without what this position owes it, and never pays for the bankrupt's other affairs. In price
//! terms: what is closed is closed at spot moved by the rest of the deficit, and never past the price at which the bankrupt
//! position was entered, less what it has paid in since.

/// How a deficit is divided, quote micro-units; the parts sum to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// Paid by the insurance fund.
    pub insurance: u64,
    /// Paid by the market's backstop slice.
    pub slice: u64,
    /// Taken from the other side of the market.
    pub socialised: u64,
    /// Left as a claim.
    pub left: u64,
}

/// What of a deficit the slice is asked for: what insurance leaves, and no more than the bankrupt position has lost and not
/// paid in.
#[must_use]
pub fn asked_of_slice(deficit: u64, insurance: u64, unpaid: u64) -> u64 {
    deficit.saturating_sub(insurance).min(unpaid)
}

/// Divides a deficit. `unpaid` is what the bankrupt position has lost and not paid in; zero where there is none.
#[must_use]
pub fn split(deficit: u64, insurance: u64, slice: u64, unpaid: u64) -> Split {
    let insurance = deficit.min(insurance);
    let slice = (deficit - insurance).min(slice).min(unpaid);
    let socialised = (deficit - insurance - slice).min(unpaid - slice);
    Split { insurance, slice, socialised, left: deficit - insurance - slice - socialised }
}
