//! What is to be done.

use std::time::Instant;

use anchor_lang::solana_program::instruction::Instruction;
use sha2::{Digest, Sha256};

/// What comes first where not everything can be done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Nothing can be judged without it.
    Price,
    /// Somebody falls short, or a request waits for its price.
    Now,
    /// Somebody has lost more than there was.
    Loss,
    /// A duty that can wait for a few seconds.
    Crank,
    /// A duty that can wait for an hour.
    Housekeeping,
}

/// Something that is to be done once.
#[derive(Clone, Debug)]
pub struct Intent {
    /// Its kind, an instruction's name.
    pub kind: &'static str,
    /// What it is done with: while a transaction about it is under way, no other is begun.
    pub subject: String,
    /// A hash of kind, subject, and the state on which it was decided.
    pub key: String,
    /// What carries it out.
    pub instructions: Vec<Instruction>,
    /// Compute units that this takes at most.
    pub compute: u32,
    /// When its turn is.
    pub urgency: Urgency,
    /// Assets whose posted prices must be on the board before it.
    pub needs: Vec<u8>,
    /// The asset whose posted price it puts on the board.
    pub puts: Option<u8>,
    /// What it is expected to earn, quote micro-units.
    pub expected: i64,
    /// For people who read the journal, JSON.
    pub detail: String,
    /// When the price arrived that it follows from.
    pub price_heard: Option<Instant>,
    /// When it was decided.
    pub decided: Instant,
    /// Whether it may share a transaction with others of its kind.
    pub shares: bool,
}

impl Intent {
    /// An intent about `subject`, decided on `state`.
    #[must_use]
    pub fn new(kind: &'static str, subject: String, state: &[&[u8]], instruction: Instruction) -> Self {
        let key = key(kind, &subject, state);
        Self {
            kind,
            subject,
            key,
            instructions: vec![instruction],
            compute: super::budget::compute_of(kind),
            urgency: Urgency::Crank,
            needs: Vec::new(),
            puts: None,
            expected: 0,
            detail: String::from("{}"),
            price_heard: None,
            decided: Instant::now(),
            shares: false,
        }
    }

    /// With an urgency.
    #[must_use]
    pub fn at(mut self, urgency: Urgency) -> Self {
        self.urgency = urgency;
        self
    }

    /// With something to read in the journal.
    #[must_use]
    pub fn telling(mut self, detail: &serde_json::Value) -> Self {
        self.detail = detail.to_string();
        self
    }
}

/// The key of an intent: the same for the same deed on the same state, and for no other.
#[must_use]
pub fn key(kind: &str, subject: &str, state: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in [kind.as_bytes(), subject.as_bytes()].iter().chain(state) {
        // Lengths keep the parts apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bytes: [u8; 32] = hash.finalize().into();
    bytes[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_same_deed_on_the_same_state_has_the_same_key() {
        assert_eq!(key("touch", "a", &[b"1", b"2"]), key("touch", "a", &[b"1", b"2"]));
    }

    #[test]
    fn another_deed_subject_or_state_has_another_key() {
        let one = key("touch", "a", &[b"1", b"2"]);
        for other in [
            key("liquidate", "a", &[b"1", b"2"]),
            key("touch", "b", &[b"1", b"2"]),
            key("touch", "a", &[b"1", b"3"]),
            key("touch", "a", &[b"12"]),
            key("touch", "a", &[b"", b"12"]),
        ] {
            assert_ne!(one, other);
        }
    }
}
