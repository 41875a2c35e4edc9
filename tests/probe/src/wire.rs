//! Request and answer, as bytes. Little-endian words throughout.

use crate::cases::{Family, Ring, run};
use crate::draw::Draw;

/// Words of an answer: the digest, how many words were folded into it, and the first of them.
pub const ANSWER_WORDS: usize = 128;
/// Bytes of a request.
pub const REQUEST_BYTES: usize = 16;

/// `count` cases of a family from `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Which primitives.
    pub family: Family,
    /// Number of the first case.
    pub first: u64,
    /// How many.
    pub count: u32,
}

impl Request {
    /// As instruction data.
    #[must_use]
    pub fn bytes(&self) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        bytes[..8].copy_from_slice(&self.first.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.count.to_le_bytes());
        bytes[12] = self.family as u8;
        bytes
    }

    /// From instruction data.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let first = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
        let count = u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?);
        Some(Self { family: Family::from_number(*bytes.get(12)?)?, first, count })
    }
}

/// Words folded into a digest; the first few are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Running digest of all words.
    pub digest: u64,
    /// Words folded.
    pub words: u64,
    /// The first of them.
    pub kept: [u64; ANSWER_WORDS - 2],
}

impl Default for Answer {
    fn default() -> Self {
        Self { digest: 0xcbf2_9ce4_8422_2325, words: 0, kept: [0; ANSWER_WORDS - 2] }
    }
}

impl Answer {
    /// Folds a word.
    pub fn put(&mut self, word: u64) {
        // Odd multiplier and rotation: a difference in any word stays.
        self.digest = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        if let Some(kept) = self.kept.get_mut(self.words as usize) {
            *kept = word;
        }
        self.words += 1;
    }

    /// The answer's words.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        [self.digest, self.words].into_iter().chain(self.kept.iter().copied())
    }
}

/// What the cases of a request come to.
pub fn answer(request: &Request, ring: &Ring, out: &mut Answer, mut between: impl FnMut()) {
    for case in request.first..request.first.saturating_add(request.count.into()) {
        let mut draw = Draw::new(case.wrapping_mul(0xd134_2543_de82_ef95) ^ ((request.family as u64) << 56));
        run(request.family, &mut draw, ring, out);
        between();
    }
}
