//! What a bad node does, drawn from a seed.

use std::sync::Mutex;
use std::time::Duration;

/// Shares of answers and pushes, per mille, that something happens to.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// A question is not heard.
    pub unheard: u64,
    /// A question is heard, and its answer is lost.
    pub unanswered: u64,
    /// An answer is of an earlier slot, and says so.
    pub late: u64,
    /// An answer is of an earlier slot, and says that it is of the newest.
    pub lie: u64,
    /// A transaction that is known is said to be unknown.
    pub denied: u64,
    /// A push is lost.
    pub lost: u64,
    /// A push comes twice.
    pub doubled: u64,
    /// A push comes after later ones.
    pub overtaken: u64,
    /// A connection breaks with a push.
    pub broken: u64,
    /// Longest delay of an answer, milliseconds.
    pub delay_ms: u64,
}

impl Faults {
    /// A node without faults.
    pub const NONE: Self = Self {
        unheard: 0,
        unanswered: 0,
        late: 0,
        lie: 0,
        denied: 0,
        lost: 0,
        doubled: 0,
        overtaken: 0,
        broken: 0,
        delay_ms: 0,
    };
    /// A node under fire.
    pub const FIRE: Self = Self {
        unheard: 50,
        unanswered: 50,
        late: 150,
        lie: 50,
        denied: 150,
        lost: 100,
        doubled: 100,
        overtaken: 200,
        broken: 2,
        delay_ms: 120,
    };
}

/// Draws.
pub struct Dice(Mutex<u64>);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed | 1))
    }

    /// A number below `sides`.
    pub fn below(&self, sides: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) % sides.max(1)
    }

    /// Whether something of so many per mille happens.
    pub fn hits(&self, per_mille: u64) -> bool {
        per_mille > 0 && self.below(1_000) < per_mille
    }

    /// A delay of up to so many milliseconds.
    pub fn delay(&self, most_ms: u64) -> Duration {
        Duration::from_millis(if most_ms == 0 { 0 } else { self.below(most_ms) })
    }
}
