//! Prices from outside, depth, and what sales do to them.
//!
//! ```text
//! market = outside · exp(−sgn(Q)·η·σ·√(|Q|/depth))
//! ```
//!
//! with Q what was sold here net, which the market forgets with a half-life. η = 1, as measured on markets (see
//! `ballast_risk::liquidity`).

use super::{ASSETS, COUNT, Scenario};
use crate::random::Random;

/// Seconds before the fall.
pub const CALM_S: usize = 15;
/// Seconds of the fall.
pub const FALL_S: usize = 60;
/// Seconds at the bottom.
const LOW_S: usize = 45;
/// Seconds of the whole path.
pub const LENGTH_S: usize = 480;
/// How far prices fall, and how much of their start they come back to.
pub const LOW: f64 = 0.4;
const BACK: f64 = 0.65;
/// Depth at the bottom, as a share.
pub const THIN: f64 = 0.02;
/// Half-life of what was sold, seconds.
const FORGOTTEN_S: f64 = 120.0;
/// Noise a second during the fall, as a fraction.
const NOISE: f64 = 0.002;

/// The market.
pub struct Market {
    outside: [Vec<f64>; COUNT],
    sold: [f64; COUNT],
    depth: f64,
    sigma: f64,
}

/// Rises from 0 to 1 between 0 and 1, flat at both ends.
fn smooth(u: f64) -> f64 {
    let u = u.clamp(0.0, 1.0);
    u * u * (3.0 - 2.0 * u)
}

/// Logarithm of the path at a second, without noise.
fn shape(second: usize) -> f64 {
    let fall = smooth((second as f64 - CALM_S as f64) / FALL_S as f64) * LOW.ln();
    let since = second as f64 - (CALM_S + FALL_S + LOW_S) as f64;
    let back = 1.0 - (-since.max(0.0) / 90.0).exp();
    fall + back * (BACK / LOW).ln()
}

impl Market {
    /// The path of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let mut random = Random::seeded(scenario.seed ^ 0x6d61_726b);
        let outside = ASSETS.map(|(_, start)| {
            // A bridge: noise that is gone at the bottom, so that every asset falls by exactly as much.
            let mut walk = vec![0.0];
            for _ in 0..FALL_S {
                walk.push(walk[walk.len() - 1] + NOISE * random.normal());
            }
            let end = walk[FALL_S];
            let noise = |second: usize| {
                let k = second.saturating_sub(CALM_S).min(FALL_S);
                walk[k] - end * k as f64 / FALL_S as f64
            };
            (0..LENGTH_S).map(|s| start * (shape(s) + noise(s)).exp()).collect()
        });
        Self { outside, sold: [0.0; COUNT], depth: scenario.depth, sigma: scenario.sigma }
    }

    /// Dollars an hour that an asset's markets trade.
    #[must_use]
    pub fn depth(&self, second: usize) -> f64 {
        let gone = smooth((second as f64 - CALM_S as f64) / (FALL_S as f64 / 2.0));
        let back = smooth((second as f64 - 200.0) / 280.0) / 2.0;
        self.depth * (1.0 - (1.0 - THIN) * gone).max(THIN.max(back))
    }

    /// Price without what was sold here.
    #[must_use]
    pub fn outside(&self, asset: usize, second: usize) -> f64 {
        self.outside[asset][second.min(LENGTH_S - 1)]
    }

    /// Price with it.
    #[must_use]
    pub fn price(&self, asset: usize, second: usize) -> f64 {
        let sold = self.sold[asset];
        let impact = self.sigma * (sold.abs() / self.depth(second)).sqrt() * sold.signum();
        self.outside(asset, second) * (-impact).exp()
    }

    /// Somebody sells (negative: buys) for so many dollars.
    pub fn sell(&mut self, asset: usize, dollars: f64) {
        self.sold[asset] += dollars;
    }

    /// A second passes.
    pub fn forget(&mut self) {
        self.sold.iter_mut().for_each(|sold| *sold *= 0.5_f64.powf(1.0 / FORGOTTEN_S));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cascade::Limits;

    #[test]
    fn everything_falls_by_sixty_per_cent_in_a_minute_and_depth_by_ninety_eight() {
        let market = Market::of(&Scenario::full(7, Limits::default()));
        for (asset, (_, start)) in ASSETS.iter().enumerate() {
            assert!((market.outside(asset, CALM_S) / start - 1.0).abs() < 1e-9);
            assert!((market.outside(asset, CALM_S + FALL_S) / start - LOW).abs() < 1e-9);
            assert!(market.outside(asset, LENGTH_S) / start > 0.6);
        }
        assert!((market.depth(0) - 500e6).abs() < 1.0 && (market.depth(CALM_S + FALL_S) - 10e6).abs() < 1.0);
    }

    #[test]
    fn sales_push_by_the_square_root_of_their_size_and_are_forgotten() {
        let mut market = Market::of(&Scenario::full(7, Limits::default()));
        let push = |m: &Market| 1.0 - m.price(0, 80) / m.outside(0, 80);
        market.sell(0, 1e6);
        let one = push(&market);
        market.sell(0, 3e6);
        let four = push(&market);
        assert!((four / one - 2.0).abs() < 0.03, "{one} {four}");
        assert_eq!(market.price(1, 80), market.outside(1, 80));
        (0..120).for_each(|_| market.forget());
        assert!((push(&market) / four - 0.5_f64.sqrt()).abs() < 0.01);
    }
}
