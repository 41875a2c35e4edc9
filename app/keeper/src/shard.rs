//! Whose turn it is.
//!
//! Several keepers may watch one house. The chain lets the first one win and charges the others for having come too late,
//! so they agree beforehand without talking: everything that is to be done has a subject, the subject's hash names a
//! shard, and a shard leaves what belongs to another alone for a while. After that the other is taken for dead.

use sha2::{Digest, Sha256};

/// One of so many keepers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// How many share the house.
    pub count: u32,
    /// Which of them this one is, from zero.
    pub index: u32,
    /// Seconds for which what belongs to another is left to it.
    pub cover_after_s: i64,
}

impl Shard {
    /// Which shard a subject belongs to.
    #[must_use]
    pub fn of(&self, subject: &str) -> u32 {
        let hash: [u8; 32] = Sha256::digest(subject.as_bytes()).into();
        let head = u64::from_le_bytes(hash[..8].try_into().unwrap_or_default());
        (head % u64::from(self.count.max(1))) as u32
    }

    /// Whether it is this keeper's turn at `now`, when something has been due since `since`, unix seconds.
    #[must_use]
    pub fn is_my_turn(&self, subject: &str, since: i64, now: i64) -> bool {
        self.of(subject) == self.index || now.saturating_sub(since) >= self.cover_after_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(count: u32, index: u32) -> Shard {
        Shard { count, index, cover_after_s: 10 }
    }

    #[test]
    fn every_subject_belongs_to_exactly_one_shard() {
        for subject in 0..1_000 {
            let subject = format!("account:{subject}");
            let owners = (0..5).filter(|i| shard(5, *i).is_my_turn(&subject, 100, 100)).count();
            assert_eq!(owners, 1, "{subject}");
        }
    }

    #[test]
    fn shards_are_of_about_the_same_size() {
        let mine = (0..10_000).filter(|i| shard(4, 2).of(&format!("account:{i}")) == 2).count();
        assert!((2_300..2_700).contains(&mine), "{mine} of 10,000 in one of four shards");
    }

    #[test]
    fn what_a_dead_shard_leaves_is_taken_after_the_delay_and_not_before() {
        let (mine, other) = (shard(2, 0), shard(2, 1));
        let subject = (0..).map(|i| format!("asset:{i}")).find(|s| mine.of(s) == 1).unwrap();
        assert!(other.is_my_turn(&subject, 100, 100));
        assert!(!mine.is_my_turn(&subject, 100, 109));
        assert!(mine.is_my_turn(&subject, 100, 110));
    }
}
