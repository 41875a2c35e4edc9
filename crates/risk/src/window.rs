//! A limit on how much may pass in a while.
//!
//! A bucket that leaks: what passes fills it, and it empties evenly over the window. In any stretch of time as long as
//! the window at most twice the limit passes, in any moment at most the limit, and there is no hour at which it starts
//! anew for somebody to wait for.
//!
//! Only whole units leak, and the clock moves on by the whole seconds that they took: whoever lets dust pass every
//! second can slow the leak to a half, and never stop it.

use crate::error::Result;
use crate::fixed::{mul_div_ceil, mul_div_floor};

/// How full a bucket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// What of the limit was used up at `time`, in the unit of what is limited.
    pub used: u64,
    /// Seconds on a clock that does not run backwards.
    pub time: i64,
}

impl Bucket {
    /// The same, later.
    ///
    /// # Errors
    /// [`crate::RiskError::BadParameter`] if the window is zero.
    pub fn at(&self, limit: u64, window_s: u32, now: i64) -> Result<Self> {
        let elapsed = now.saturating_sub(self.time).max(0).min(window_s.into()) as u64;
        let leaked = mul_div_floor(limit, elapsed, window_s.into())?;
        if leaked >= self.used {
            return Ok(Self { used: 0, time: self.time.max(now) });
        }
        let took = if limit == 0 { 0 } else { mul_div_ceil(leaked, window_s.into(), limit)? };
        let time = self.time.saturating_add(i64::try_from(took).unwrap_or(i64::MAX)).min(now.max(self.time));
        Ok(Self { used: self.used - leaked, time })
    }

    /// Lets an amount pass; none if that is more than the limit leaves.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn pass(&self, amount: u64, limit: u64, window_s: u32, now: i64) -> Result<Option<Self>> {
        let bucket = self.at(limit, window_s, now)?;
        let used = bucket.used.checked_add(amount).filter(|used| *used <= limit);
        Ok(used.map(|used| Self { used, ..bucket }))
    }
}
