//! Whether the subscription tells of what happens: what it told is held against what the sweep found.

use std::collections::HashMap;

/// Slots within which a subscription tells of a transaction.
pub const PATIENCE: u64 = 32;

/// Transactions of the last [`PATIENCE`] slots, by signature, with their slots.
pub struct Hearing {
    /// The slot after which the subscription should tell of everything; past all slots while there is none.
    from: u64,
    told: HashMap<String, u64>,
    /// Found by the sweep, and not told of.
    untold: HashMap<String, u64>,
}

impl Default for Hearing {
    fn default() -> Self {
        Self { from: u64::MAX, told: HashMap::new(), untold: HashMap::new() }
    }
}

impl Hearing {
    /// A subscription stands, and should tell of what comes after a slot; [`u64::MAX`]: there is none.
    pub fn listen(&mut self, from: u64) {
        *self = Self { from, ..Self::default() };
    }

    /// See [`Self::listen`].
    #[must_use]
    pub fn from(&self) -> u64 {
        self.from
    }

    /// The subscription told of a transaction.
    pub fn told(&mut self, signature: &str, slot: u64) {
        self.untold.remove(signature);
        self.told.insert(signature.to_owned(), slot);
    }

    /// The sweep found a transaction that nobody had told of.
    pub fn found(&mut self, signature: &str, slot: u64) {
        if slot > self.from && !self.told.contains_key(signature) {
            self.untold.insert(signature.to_owned(), slot);
        }
    }

    /// How many transactions the subscription should have told of by now and has not; each is counted once.
    pub fn missing(&mut self, newest: u64) -> usize {
        let is_old = |slot: u64| slot.saturating_add(PATIENCE) <= newest;
        let before = self.untold.len();
        self.untold.retain(|_, slot| !is_old(*slot));
        self.told.retain(|_, slot| !is_old(*slot));
        before - self.untold.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_noticed_however_soon_a_sweep_finds_what_was_not_told() {
        let mut hearing = Hearing::default();
        hearing.listen(100);
        hearing.found("a", 101);
        assert_eq!(hearing.missing(101), 0, "it may still come");
        assert_eq!(hearing.missing(101 + PATIENCE), 1);
        assert_eq!(hearing.missing(101 + PATIENCE), 0, "once");
    }

    #[test]
    fn what_is_told_is_not_missed_whoever_is_first() {
        let mut hearing = Hearing::default();
        hearing.listen(100);
        hearing.found("a", 101);
        hearing.told("a", 101);
        hearing.told("b", 102);
        hearing.found("b", 102);
        assert_eq!(hearing.missing(1_000), 0);
    }

    #[test]
    fn nothing_is_expected_of_before_a_subscription_stood() {
        let mut hearing = Hearing::default();
        hearing.found("a", 50);
        hearing.listen(100);
        hearing.found("b", 100);
        assert_eq!(hearing.missing(1_000), 0);
    }
}
