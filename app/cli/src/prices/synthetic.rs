//! Prices nobody ever paid: a seeded crash, for a demo that needs no price files.
//!
//! Bars are built from five-minute steps of a common factor and one of each asset's own, whose volatility clusters and
//! jumps. The crash, the rebound and the calm after it are drifts laid over that, so that every seed tells the same story
//! with different details.

use super::{Bar, PricePaths, Series};
use crate::random::Random;

/// 2025-01-06 00:00 UTC, a Monday.
const START: i64 = 1_736_121_600;
const HOUR: i64 = 3_600;
const BARS: usize = 600;
const STEPS_PER_BAR: usize = 12;
/// Share of variance that all assets have in common, and so their correlation.
const COMMON: f64 = 0.8;

struct Asset {
    symbol: &'static str,
    price: f64,
    /// Calm volatility, fraction an hour.
    sigma: f64,
    /// Fall over the crash, fraction.
    fall: f64,
    /// Prices are rounded to this, which also makes them the same on machines whose `exp` differs in the last bit.
    step: f64,
}

const ASSETS: [Asset; 3] = [
    Asset { symbol: "BTC", price: 64_000.0, sigma: 0.0045, fall: 0.35, step: 0.01 },
    Asset { symbol: "ETH", price: 3_200.0, sigma: 0.0060, fall: 0.45, step: 0.01 },
    Asset { symbol: "SOL", price: 160.0, sigma: 0.0085, fall: 0.55, step: 0.0001 },
];

/// How the fall is spread over the hours of the crash. The fifth is the violent one.
const CRASH: [f64; 8] = [0.05, 0.07, 0.10, 0.06, 0.42, 0.14, 0.10, 0.06];
const VIOLENT_HOUR: usize = 4;
/// What the violent hour overshoots and takes back, as a share of the whole fall.
const OVERSHOOT: f64 = 0.12;
/// Hours after the crash until the rebound begins, hours it takes, and the share of the (log) fall it recovers.
const PAUSE: usize = 3;
const REBOUND: usize = 14;
const RECOVERED: f64 = 0.45;

/// 600 hourly bars of BTC, ETH and SOL: about 300 calm ones, a crash of 35 %, 45 % and 55 % in eight hours, a rebound, and
/// calm again. The same seed gives the same prices.
pub fn crash(seed: u64) -> PricePaths {
    let mut random = Random::seeded(seed);
    let crash_at = 300 + random.below(12);

    let mut prices = ASSETS.map(|a| a.price);
    let mut bars: [Vec<Bar>; 3] = std::array::from_fn(|_| Vec::with_capacity(BARS));
    // Logarithm of the volatility multiplier: reverts with a half-life of about a day, shared because fear is.
    let mut heat = 0.0_f64;
    for i in 0..BARS {
        heat = 0.97 * heat + 0.07 * random.normal();
        let regime = regime(i, crash_at);
        // A draw an hour that is now and then large: with the Gaussian steps below it makes the tails fat.
        let common_burst = burst(&mut random);
        let bursts = ASSETS.map(|_| burst(&mut random));
        let common: [f64; STEPS_PER_BAR] = std::array::from_fn(|_| random.normal() * common_burst);
        for (a, asset) in ASSETS.iter().enumerate() {
            let sigma = asset.sigma * heat.exp() * regime / (STEPS_PER_BAR as f64).sqrt();
            let mut steps = common.map(|common| {
                let own = random.normal() * bursts[a];
                sigma * (COMMON.sqrt() * common + (1.0 - COMMON).sqrt() * own)
            });
            if let Some(share) = drift(i, crash_at) {
                // In the crash and the rebound the drift fixes where an hour ends, noise only how it gets there.
                let mean = steps.iter().sum::<f64>() / STEPS_PER_BAR as f64;
                let drift = share * (1.0 - asset.fall).ln() / STEPS_PER_BAR as f64;
                steps.iter_mut().for_each(|x| *x += drift - mean);
                if i == crash_at + VIOLENT_HOUR {
                    let beyond = OVERSHOOT * (1.0 - asset.fall).ln();
                    steps[7] += beyond;
                    steps[8] -= beyond * 0.6;
                    steps[9] -= beyond * 0.4;
                }
            }
            let bar = walk(START + i as i64 * HOUR, prices[a], &steps, asset, &mut random);
            prices[a] = bar.close;
            bars[a].push(bar);
        }
    }

    let source = format!("synthetic crash, seed {seed}");
    let series = ASSETS.iter().zip(bars).map(|(asset, bars)| Series {
        symbol: asset.symbol.into(),
        file: source.clone(),
        bars,
        interval_s: HOUR,
        repairs: Vec::new(),
    });
    PricePaths {
        interval_s: HOUR,
        ts: (0..BARS as i64).map(|i| START + i * HOUR).collect(),
        series: series.collect(),
        notes: Vec::new(),
        synthetic: true,
        source,
    }
}

/// Share of the (log) fall that hour `i` makes: positive down, negative up; none when only noise moves the price.
fn drift(i: usize, crash_at: usize) -> Option<f64> {
    let since = i.checked_sub(crash_at)?;
    let rebound = CRASH.len() + PAUSE;
    match since {
        s if s < CRASH.len() => Some(CRASH[s]),
        s if (rebound..rebound + REBOUND).contains(&s) => Some(-RECOVERED / REBOUND as f64),
        _ => None,
    }
}

/// Volatility as a multiple of calm: up before the crash, highest in the violent hour, decaying after it.
fn regime(i: usize, crash_at: usize) -> f64 {
    match i.checked_sub(crash_at) {
        None if crash_at - i <= 6 => 1.6,
        None => 1.0,
        Some(VIOLENT_HOUR) => 5.0,
        Some(s) if s < CRASH.len() => 3.5,
        Some(s) => 1.0 + 2.0 * 0.5_f64.powf((s - CRASH.len()) as f64 / 24.0),
    }
}

/// One bar from its steps, as logarithmic returns.
fn walk(ts: i64, open: f64, steps: &[f64], asset: &Asset, random: &mut Random) -> Bar {
    let round = |p: f64| ((p / asset.step).round() * asset.step * 1e4).round() / 1e4;
    let (mut price, mut high, mut low) = (open, open, open);
    for x in steps {
        price *= x.exp();
        high = high.max(price);
        low = low.min(price);
    }
    let (high, low, close) = (round(high), round(low), round(price));
    let range = (high / low).ln();
    let volume = 2e8 / open * (0.5 + random.uniform()) * (0.3 + range / asset.sigma);
    Bar { ts, open, high, low, close, volume: (volume * 1e3).round() / 1e3 }
}

/// A multiplier with mean square about 1: usually below, one hour in 40 at 2.6.
fn burst(random: &mut Random) -> f64 {
    if random.uniform() < 0.025 { 2.6 } else { 0.92 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns(s: &Series, range: std::ops::Range<usize>) -> Vec<f64> {
        s.bars[range].iter().map(|b| (b.close / b.open).ln()).collect()
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn the_same_seed_gives_the_same_prices() {
        let (a, b, c) = (crash(7), crash(7), crash(8));
        assert_eq!(a.series[2].bars, b.series[2].bars);
        assert_ne!(a.series[2].bars, c.series[2].bars);
        assert!(a.synthetic);
        assert_eq!(a.source, "synthetic crash, seed 7");
    }

    #[test]
    fn bars_are_well_formed() {
        for seed in 0..20 {
            let paths = crash(seed);
            assert_eq!(paths.ts.len(), BARS);
            for s in &paths.series {
                for (i, b) in s.bars.iter().enumerate() {
                    assert_eq!(b.ts, paths.ts[i]);
                    assert!(
                        b.low > 0.0 && b.high >= b.open.max(b.close) && b.low <= b.open.min(b.close),
                        "{b:?}"
                    );
                    assert!(i == 0 || s.bars[i - 1].close == b.open);
                }
            }
        }
    }

    #[test]
    fn every_seed_tells_the_story() {
        for seed in 0..20 {
            let paths = crash(seed);
            let crash_at = 300 + Random::seeded(seed).below(12);
            for (s, asset) in paths.series.iter().zip(&ASSETS) {
                let close = |i: usize| s.bars[i].close;
                let fell = 1.0 - close(crash_at + 7) / close(crash_at - 1);
                assert!((fell - asset.fall).abs() < 0.001, "{} fell {fell}", s.symbol);
                let low = s.bars[crash_at..crash_at + 8].iter().map(|b| b.low).fold(f64::MAX, f64::min);
                assert!(low < close(crash_at + 3) * (1.0 - 0.42 * asset.fall), "{} low {low}", s.symbol);
                assert!(
                    close(crash_at + 8 + PAUSE + REBOUND) > close(crash_at + 7) * 1.02,
                    "{} seed {seed}",
                    s.symbol
                );
                let calm = returns(s, 0..290);
                let sigma = (calm.iter().map(|r| r * r).sum::<f64>() / 290.0).sqrt();
                assert!((0.5..2.0).contains(&(sigma / asset.sigma)), "{} calm volatility {sigma}", s.symbol);
                let before = s.bars[..crash_at].iter().map(|b| b.close / asset.price);
                assert!(before.clone().fold(f64::MAX, f64::min) > 0.4 && before.fold(0.0, f64::max) < 2.0);
            }
            let rho = correlation(&returns(&paths.series[0], 0..290), &returns(&paths.series[1], 0..290));
            assert!((0.55..0.95).contains(&rho), "seed {seed}: correlation {rho}");
        }
    }
}
