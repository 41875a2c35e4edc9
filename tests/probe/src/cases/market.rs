//! What follows from refreshes and ticks: volatility, forecast, ring, index.

use alloc::vec::Vec;

use ballast_risk::book::MAX_ASSETS;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::forecast::ForecastWeights;
use ballast_risk::implied::{self, Implied};
use ballast_risk::index::{self, Index, Notice, NoticeParams};
use ballast_risk::ring::{self, ROLLING};
use ballast_risk::scenario::{self, Column, SCENARIOS, Tails, Vector};
use ballast_risk::volatility::{VolatilityParams, VolatilityState};

use super::{Ring, Words};
use crate::draw::Draw;
use crate::wire::Answer;

/// Weights that are accepted half of the time.
fn some_weights(draw: &mut Draw) -> ForecastWeights {
    if draw.one_in(2) {
        let short = 500 + draw.below(5_501) as u16;
        let fast = 500 + draw.below(u64::from(9_001 - short)) as u16;
        return ForecastWeights { short, fast, slow: 10_000 - short - fast };
    }
    ForecastWeights { short: draw.half() as u16, fast: draw.half() as u16, slow: draw.half() as u16 }
}

#[inline(never)]
pub(super) fn volatility(draw: &mut Draw, out: &mut Answer) {
    let params = VolatilityParams {
        grid_s: draw.half(),
        fast_half_life_s: draw.half(),
        slow_half_life_s: draw.half(),
        horizon_s: draw.half(),
        floor: draw.up_to(RATE_ONE - 1),
        weights: some_weights(draw),
    };
    params.validate().is_ok().put(out);
    let mut state = VolatilityState::with_prior(draw.word());
    let mut time = draw.signed() / 2;
    for _ in 0..4 {
        let price = if draw.one_in(3) { draw.price() } else { draw.coin() };
        match state.observe(&params, &price, time) {
            Ok(live) => {
                live.sigma.put(out);
                live.forecast.put(out);
            }
            Err(e) => (1 + e as u8).put(out),
        }
        state.short.put(out);
        state.fast.put(out);
        state.slow.put(out);
        state.sample.put(out);
        state.sample_time.put(out);
        state.sigma(&params).put(out);
        time = time.saturating_add(draw.up_to(u32::MAX.into()) as i64);
    }
}

#[inline(never)]
pub(super) fn standardise(draw: &mut Draw, out: &mut Answer) {
    let (r, sigma, elapsed, horizon) = (draw.signed(), draw.word(), draw.word(), draw.word());
    r.put(out);
    scenario::standardise(r, sigma, elapsed, horizon).put(out);
    let (r, sigma) = (r % (4 << 32), sigma % RATE_ONE);
    scenario::standardise(r, sigma, elapsed % 100_000, horizon % 100_000).put(out);
}

#[inline(never)]
pub(super) fn rows(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    let mut column = ring[draw.below(MAX_ASSETS as u64) as usize];
    let row = draw.below(SCENARIOS as u64) as usize;
    scenario::get(&column, row).put(out);
    scenario::set(&mut column, row, draw.signed());
    scenario::get(&column, row).put(out);
    scenario::get(&column, row ^ 1).put(out);
    let tails = Tails::of(&column);
    tails.long.put(out);
    tails.short.put(out);
    tails.widest().put(out);
    Tails::shortfall_rate(draw.half(), draw.word()).put(out);
}

#[inline(never)]
pub(super) fn vector(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    let mut column = || &ring[draw.below(MAX_ASSETS as u64) as usize];
    let columns = [column(), column(), column(), column()];
    // Six weights that sum to less than 2¹⁶.
    let mut weight = || draw.signed() % (1 << 13);
    let weights = [weight(), weight(), weight(), weight()];
    let mut vector = Vector::new();
    match weights[0] & 3 {
        0 => vector.add_many(columns, weights),
        1 => vector.add_many([columns[0], columns[1], columns[2]], [weights[0], weights[1], weights[2]]),
        _ => vector.add_many([columns[0], columns[1]], [weights[0], weights[1]]),
    }
    vector.worst().put(out);
    vector.add(columns[2], weight());
    vector.add(columns[3], weight());
    vector.worst().put(out);
    let (tails, shift) = (draw.up_to(1 << 40), draw.below(49) as u32);
    vector.expected_shortfall(tails, shift).put(out);

    let risk = draw.word() >> 1;
    scenario::shift_for(risk).put(out);
    scenario::fits(risk, shift).put(out);
    scenario::weight(risk, draw.one_in(2), scenario::shift_for(risk)).put(out);
}

/// The forecast of variance, and what it adds.
#[inline(never)]
pub(super) fn forecast(draw: &mut Draw, out: &mut Answer) {
    let weights = some_weights(draw);
    weights.validate().is_ok().put(out);
    weights.variance(draw.word(), draw.word(), draw.word()).put(out);
    weights.variance(draw.word() >> 16, draw.word() >> 16, draw.word() >> 16).put(out);
}

/// Implied volatility over a horizon, and its limits in time.
#[inline(never)]
pub(super) fn implied(draw: &mut Draw, out: &mut Answer) {
    implied::over_horizon(draw.word(), draw.half()).put(out);
    let mut time = draw.signed() / 4;
    let mut state = Implied { sigma: draw.up_to(RATE_ONE - 1), time };
    for _ in 0..3 {
        time = time.saturating_add(draw.up_to(20_000) as i64);
        state
            .observe(draw.up_to(8 * RATE_ONE), draw.half() % 90_000, draw.up_to(RATE_ONE), time)
            .is_ok()
            .put(out);
        state.sigma.put(out);
        state.time.put(out);
        state.at(time.saturating_add(draw.up_to(15_000) as i64)).put(out);
    }
}

/// The index, the tick interval, and notice.
#[inline(never)]
pub(super) fn index(draw: &mut Draw, out: &mut Answer) {
    let mut index = Index::default();
    let mut parts = [(0u32, 0u64); 4];
    for part in &mut parts {
        *part = (draw.half() >> 8, draw.up_to(RATE_ONE));
        index.add(part.0, part.1).is_ok().put(out);
    }
    let at = draw.below(4) as usize;
    index.replace(parts[at].0, parts[at].1, draw.up_to(RATE_ONE)).is_ok().put(out);
    index.replace(draw.half(), draw.word(), draw.word()).is_ok().put(out);
    index.sum.put(out);
    index.value().put(out);
    index::tick_interval(draw.half(), draw.up_to(RATE_ONE), index.value()).put(out);
    index::tick_interval(draw.half(), draw.word(), draw.word()).put(out);

    let params = NoticeParams { doubling_s: draw.half() % 90_000, least: draw.up_to(RATE_ONE) };
    params.validate().is_ok().put(out);
    let mut time = draw.signed() / 4;
    let mut notice = Notice { level: draw.up_to(RATE_ONE), time };
    for _ in 0..4 {
        time = time.saturating_add(draw.up_to(10_000) as i64).saturating_sub(5);
        notice.step(&params, draw.up_to(RATE_ONE), time).put(out);
        notice.level.put(out);
        notice.time.put(out);
    }
}

/// Fading, scoring and retiring rows of a few columns.
#[inline(never)]
pub(super) fn memory(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    let count = 1 + draw.below(5) as usize;
    let mut columns: Vec<Column> = (0..count).map(|_| ring[draw.below(MAX_ASSETS as u64) as usize]).collect();
    for _ in 0..2 {
        let (row, counted) = (draw.below(ROLLING as u64) as usize, draw.half());
        ring::score(&columns, row, counted).put(out);
        if draw.one_in(3) {
            scenario::set(&mut columns[0], row, draw.signed());
        }
        ring::fade(&mut columns);
        ring::retire(&mut columns, row, counted).map_or(SCENARIOS, |to| to).put(out);
    }
    for column in &columns {
        column.iter().for_each(|word| word.put(out));
    }
}
