//! Stress: what the ring has not seen yet.
//!
//! The Expected Shortfall knows the last eleven days. Governance adds what it must never forget, as absolute
//! shocks over the horizon that no calm can shrink:
//!
//! ```text
//! joint          max over rows s of  −Σ_i w_i·shock[s][i]        a remembered day: 12 March 2020, LUNA, FTX
//! single         max over i of  |w_i|·shock_i                     one asset moves, nothing follows
//! decorrelation  d·Σ_i |w_i|·shock_i                              every hedge fails a little, all at once
//! stress         the largest of the three
//! core           max(ES, (1 − ω)·ES + ω·stress)
//! ```
//!
//! The weight ω is the anti-procyclical buffer of EMIR (Commission Delegated Regulation 153/2013, article 28(1)(b):
//! at least 25 % to stressed observations): with it margin is higher in calm times, and rises less in a crash.
//!
//! Joint rows are for the moves that assets make together. The other two need no rows: every asset has its own
//! shock on either side, so there is no asset that nothing covers, and no book of offsetting legs that is charged
//! nothing because history always moved them together.
//!
//! All three are sub-additive in the exposures, and so is the blend: splitting a book never lowers its charge.

use crate::error::{Result, RiskError};
use crate::fixed::{RATE_BITS, RATE_ONE, charge};
use crate::scenario::{UNROLL, accumulate, pack, unpack};

/// Joint rows.
pub const STRESS_ROWS: usize = 32;
/// Words of a column: two rows each, as in the ring.
pub const STRESS_WORDS: usize = STRESS_ROWS / 2;
/// Fractional bits of a joint shock: 100 % is `1 << SHOCK_BITS`, the range is ±799 %.
pub const SHOCK_BITS: u32 = 12;
/// Largest magnitude of a joint shock.
pub const SHOCK_MAX: i16 = i16::MAX;

const _: () = assert!(STRESS_WORDS.is_multiple_of(UNROLL));

/// One asset's shocks in every joint row, packed like [`crate::scenario::Column`].
pub type StressColumn = [i64; STRESS_WORDS];

/// Packs one asset's shocks, in 2⁻¹².
#[must_use]
pub fn column(shocks: &[i16; STRESS_ROWS]) -> StressColumn {
    core::array::from_fn(|word| {
        let bound = |x: i16| i64::from(x.max(-SHOCK_MAX));
        pack(bound(shocks[2 * word]), bound(shocks[2 * word + 1]))
    })
}

/// Reads row `row` of a column, 2⁻¹².
///
/// # Panics
/// If `row` is not below [`STRESS_ROWS`].
#[must_use]
pub fn get(column: &StressColumn, row: usize) -> i64 {
    let (low, high) = unpack(column[row / 2]);
    if row.is_multiple_of(2) { low } else { high }
}

/// The loss of one unit of value in an asset's own worst stress, rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shock {
    /// Of holding it: it falls.
    pub long: u64,
    /// Of being short of it: it rises.
    pub short: u64,
}

impl Shock {
    /// The wider of the asset's own shock and of its part in any joint row, on each side.
    #[must_use]
    pub fn covering(self, column: &StressColumn) -> Self {
        let rate = |x: i64| (x.max(0) as u64) << (RATE_BITS - SHOCK_BITS);
        column.iter().fold(self, |shock, &word| {
            let (low, high) = unpack(word);
            Self {
                long: shock.long.max(rate(-low)).max(rate(-high)),
                short: shock.short.max(rate(low)).max(rate(high)),
            }
        })
    }

    /// The larger side.
    #[must_use]
    pub fn widest(&self) -> u64 {
        self.long.max(self.short)
    }
}

/// How stress enters margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StressParams {
    /// ω, a rate of at most 100 %.
    pub weight: u64,
    /// d, a rate of at most 100 %.
    pub decorrelation: u64,
}

impl StressParams {
    /// # Errors
    /// [`RiskError::BadParameter`] for a share above 100 %.
    pub fn validate(&self) -> Result<()> {
        if self.weight <= RATE_ONE && self.decorrelation <= RATE_ONE {
            Ok(())
        } else {
            Err(RiskError::BadParameter)
        }
    }

    /// `max(es, (1 − ω)·es + ω·stress)`, rounded up.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    #[inline]
    pub fn blend(&self, es: u64, stress: u64) -> Result<u64> {
        // (1 − ω)·ES + ω·stress = ES + ω·(stress − ES)
        es.checked_add(charge(stress.saturating_sub(es), self.weight)?).ok_or(RiskError::Overflow)
    }
}

/// Profit of a book in every joint row, in integer weights, two rows a word. Scale and bounds of the weights are
/// those of [`crate::scenario::Vector`], with exposures in the place of risks.
#[derive(Clone, Debug)]
pub struct StressVector([i64; STRESS_WORDS]);

impl Default for StressVector {
    fn default() -> Self {
        Self::new()
    }
}

impl StressVector {
    /// The book that holds nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self([0; STRESS_WORDS])
    }

    /// Adds weights of several assets in one pass.
    pub fn add_many<const N: usize>(&mut self, columns: [&StressColumn; N], weights: [i64; N]) {
        accumulate(&mut self.0, columns.map(|column| &column[..]), weights);
    }

    /// Two rows as they are packed; zero where the book moves in neither.
    pub(crate) const fn word(&self, word: usize) -> i64 {
        self.0[word]
    }

    /// The profit in one row, in weights times 2⁻¹².
    ///
    /// # Panics
    /// If `row` is not below [`STRESS_ROWS`].
    #[must_use]
    pub fn row(&self, row: usize) -> i64 {
        get(&self.0, row)
    }

    /// The worst joint loss in quote micro-units, rounded up, and not below zero.
    ///
    /// A weight is off by at most half of `2^shift` micro-units either way; `widest`, the sum over the legs of the
    /// wider of both shocks (a rate), says what that may hide, and it is charged.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn worst(&self, widest: u64, shift: u32) -> Result<u64> {
        let mut least = 0i64;
        for &word in &self.0 {
            let (low, high) = unpack(word);
            least = least.min(low).min(high);
        }
        let loss = (u128::from(least.unsigned_abs()) << shift).div_ceil(1 << SHOCK_BITS);
        let hidden = hidden(widest, shift)?;
        u64::try_from(loss).ok().and_then(|loss| loss.checked_add(hidden)).ok_or(RiskError::Overflow)
    }
}

/// What the rounding of weights to `2^shift` micro-units may hide of a joint loss.
#[inline(always)]
pub(crate) fn hidden(widest: u64, shift: u32) -> Result<u64> {
    charge((1u64 << shift) / 2 + 1, widest)
}
