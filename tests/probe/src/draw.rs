//! Numbers that are often extreme: zero, ones, powers of two and their neighbours, the ends of a type.

use ballast_risk::price::{MANTISSA_BITS, MAX_SHIFT, Price};

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Draw(u64);

impl Draw {
    /// A sequence of its own for every seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any word, all alike.
    pub fn uniform(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not zero.
    pub fn below(&mut self, n: u64) -> u64 {
        self.uniform() % n
    }

    /// One in `n`.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A word of any length, often at an edge.
    pub fn word(&mut self) -> u64 {
        let bits = self.below(64);
        match self.below(8) {
            0 => [0, 1, 2, u64::MAX, u64::MAX - 1, i64::MAX as u64, 1 << 63, 1 << 32][self.below(8) as usize],
            1 => (1u64 << bits).wrapping_add(self.below(3)).wrapping_sub(1),
            2 => !(self.uniform() >> bits),
            _ => self.uniform() >> bits,
        }
    }

    /// As [`Draw::word`], signed.
    pub fn signed(&mut self) -> i64 {
        let word = self.word() as i64;
        if self.one_in(2) { word.wrapping_neg() } else { word }
    }

    /// At most `max`, of any length, often at an edge.
    pub fn up_to(&mut self, max: u64) -> u64 {
        let word = self.word();
        match self.below(4) {
            0 => word.min(max),
            _ => word % max.saturating_add(1).max(1),
        }
    }

    /// A 32-bit word of any length.
    pub fn half(&mut self) -> u32 {
        self.up_to(u32::MAX.into()) as u32
    }

    /// A normalised price; now and then none.
    pub fn price(&mut self) -> Price {
        if self.one_in(32) {
            return Price::default();
        }
        let least = 1u64 << (MANTISSA_BITS - 1);
        Price { mantissa: least + self.up_to(least - 1), shift: self.up_to(MAX_SHIFT.into()) as u32 }
    }

    /// A price of a coin with nine decimals, between a tenth of a cent and a million dollars.
    pub fn coin(&mut self) -> Price {
        let cents = 1 + self.below(100_000_000_000);
        Price::from_decimal((cents >> self.below(37)).max(1) as i64, -3, 9).unwrap_or_default()
    }
}
