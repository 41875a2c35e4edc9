//! Since when an account is below its MM, as far as anybody has looked.
//!
//! One price is not enough to liquidate an account that is just below: it could be a wick. The clock starts with the
//! first look that finds it short, and the breach is confirmed by a second one at prices of which every single one was
//! published later: were one enough, a keeper would wait for the next price of some dust that the account holds, and
//! the wick would still stand. A price that has fallen silent confirms nothing and holds nothing up.

use crate::state::{MarginAccount, RiskBoard};

/// Seconds after the last look for which the clock counts. An account that nobody looks at for longer may have been
/// healthy all the while: it is not held against it.
pub const CLOCK_LASTS_S: i64 = 3_600;

impl MarginAccount {
    /// Seconds for which it has been below its MM; none where no clock runs.
    pub fn short_for(&self, now: i64) -> Option<u64> {
        let runs = self.short_since != 0 && now.saturating_sub(self.short_seen) <= CLOCK_LASTS_S;
        runs.then(|| u64::try_from(now.saturating_sub(self.short_since)).unwrap_or(0))
    }

    /// Whether keepers had their time with it before it may be resolved.
    pub fn has_waited(&self, board: &RiskBoard, now: i64) -> bool {
        self.short_for(now).is_some_and(|s| s >= u64::from(board.phases.resolve_s))
    }

    /// Notes that it is below its MM now: starts its clock, or keeps it running. Returns whether it started.
    pub fn found_short(&mut self, board: &RiskBoard, now: i64) -> bool {
        let starts = self.short_for(now).is_none();
        if starts {
            let newest = self.publish_times(board).max();
            (self.short_since, self.short_publish) = (now, newest.unwrap_or(now));
        }
        self.short_seen = now;
        starts
    }

    /// Notes that it has proved to be above its MM.
    pub fn recovered(&mut self) {
        (self.short_since, self.short_publish, self.short_seen) = (0, 0, 0);
    }

    /// Whether its clock runs and every price that it has was published after the one that started it.
    pub fn is_confirmed_short(&self, board: &RiskBoard, now: i64) -> bool {
        let later = |(publish, fresh): (i64, bool)| !fresh || publish > self.short_publish;
        self.short_for(now).is_some() && self.held_prices(board, now).all(later)
    }

    /// Whether every asset that it holds has a recent price.
    pub fn has_fresh_prices(&self, board: &RiskBoard, now: i64) -> bool {
        self.held_prices(board, now).all(|(_, fresh)| fresh)
    }

    fn publish_times(&self, board: &RiskBoard) -> impl Iterator<Item = i64> {
        self.held_assets(board).map(|asset| board.assets[asset].publish_time)
    }

    /// Publish time of every asset that it holds, and whether it is recent.
    fn held_prices(&self, board: &RiskBoard, now: i64) -> impl Iterator<Item = (i64, bool)> {
        self.held_assets(board).map(move |asset| {
            let asset = &board.assets[asset];
            (asset.publish_time, asset.is_fresh(now))
        })
    }

    /// Indexes of the assets that it holds, with repetitions.
    fn held_assets(&self, board: &RiskBoard) -> impl Iterator<Item = usize> {
        let collateral = self.held_collateral().map(|slot| usize::from(slot.asset));
        let positions = self.held_positions().filter_map(|slot| board.market(slot.market.into()).ok());
        collateral.chain(positions.map(|market| usize::from(market.asset)))
    }
}
