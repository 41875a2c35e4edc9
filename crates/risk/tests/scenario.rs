//! Facts of the scenario ring: packed lanes are exact, tails and shortfalls are those of sorting, and
//! what rounding costs is bounded as stated.

mod common;

use ballast_risk::book::{Basis, Position};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::scenario::{
    Column, RISK_BITS, SCENARIOS, Tails, Vector, WORDS, WORST, Z_BITS, Z_MAX, fits, get, set, shift_for,
    standardise, weight,
};
use common::{
    BARE, EXACT_UNIT, Holdings, Stream, UNIT, World, account, column, exact_shortfall, exposures, from_f64,
    long, rounding_of, rows, sorted_worst, wide_i64, wide_u64,
};
use proptest::prelude::*;

/// Weights of up to this sum are lane-safe; so many are left for rounding.
const LANE: i64 = (1 << 16) - 65;

/// Any row value, the extremes and their neighbours in packing as likely as the rest.
fn z() -> impl Strategy<Value = i64> {
    prop_oneof![-Z_MAX..=Z_MAX, Just(-Z_MAX), Just(Z_MAX), -2i64..=2]
}

/// Columns of one seed: bell-shaped, all at one extreme, or at random extremes.
fn columns(seed: u64, kind: u8) -> [Column; 4] {
    let mut s = Stream::new(seed);
    core::array::from_fn(|_| {
        let mut row = || match kind {
            0 => (s.shock() * 1024.0) as i64,
            1 => -Z_MAX,
            2 => Z_MAX,
            _ => (s.bits() % 3) as i64 * Z_MAX - Z_MAX,
        };
        column((0..SCENARIOS).map(|_| row()))
    })
}

/// Four weights whose magnitudes sum to at most [`LANE`], often exactly.
fn weights() -> impl Strategy<Value = [i64; 4]> {
    (prop::array::uniform4(-LANE..=LANE), any::<bool>()).prop_map(|(mut w, full)| {
        let mut left = LANE;
        for u in &mut w {
            *u = u.signum() * u.abs().min(left);
            left -= u.abs();
        }
        if full {
            w[3] += if w[3] < 0 { -left } else { left };
        }
        w
    })
}

fn naive_worst(columns: &[Column; 4], weights: [i64; 4]) -> i128 {
    let profit =
        |row| columns.iter().zip(weights).map(|(c, u)| i128::from(get(c, row)) * i128::from(u)).sum();
    sorted_worst((0..SCENARIOS).map(profit).collect())
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn a_row_reads_as_it_was_written_and_touches_no_other(
        seed: u64, kind in 0u8..4, row in 0..SCENARIOS, written in prop_oneof![z(), wide_i64()],
    ) {
        let [mut c, ..] = columns(seed, kind);
        let before: Vec<i64> = rows(&c).collect();
        set(&mut c, row, written);
        for (at, old) in before.into_iter().enumerate() {
            let expected = if at == row { written.clamp(-Z_MAX, Z_MAX) } else { old };
            prop_assert_eq!(get(&c, at), expected);
        }
    }

    /// A whole word of lanes at a time: with all other rows at zero the worst rows are these two.
    #[test]
    fn lanes_are_exact_for_any_weights_that_fit(
        zs in prop::array::uniform4((z(), z())), weights in weights(), word in 0..WORDS,
    ) {
        let columns = zs.map(|(low, high)| {
            let mut c = [0; WORDS];
            set(&mut c, 2 * word, low);
            set(&mut c, 2 * word + 1, high);
            c
        });
        for sign in [1, -1] {
            let weights = weights.map(|u| u * sign);
            let mut vector = Vector::new();
            vector.add_many(columns.each_ref(), weights);
            let lane = |pick: fn(&(i64, i64)) -> i64| {
                let profit: i64 = zs.iter().zip(weights).map(|(z, u)| pick(z) * u).sum();
                profit.min(0).unsigned_abs()
            };
            prop_assert_eq!(vector.worst(), lane(|z| z.0) + lane(|z| z.1));
        }
    }

    #[test]
    fn a_vector_is_the_naive_sum_whichever_way_it_was_added(
        seed: u64, kind in 0u8..4, weights in weights(), order in Just([0usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let columns = columns(seed, kind);
        let expected = naive_worst(&columns, weights);
        let (mut by_one, mut by_two, mut by_four) = (Vector::new(), Vector::new(), Vector::new());
        order.iter().for_each(|&i| by_one.add(&columns[i], weights[i]));
        by_two.add_many([&columns[0], &columns[1]], [weights[0], weights[1]]);
        by_two.add_many([&columns[2], &columns[3]], [weights[2], weights[3]]);
        by_four.add_many(columns.each_ref(), weights);
        for vector in [&by_one, &by_two, &by_four] {
            prop_assert_eq!(i128::from(vector.worst()), expected);
        }
        // And taking it all out again leaves nothing behind.
        order.iter().for_each(|&i| by_four.add(&columns[i], -weights[i]));
        prop_assert_eq!(by_four.worst(), 0);
    }

    #[test]
    fn tails_are_those_of_sorting(seed: u64, kind in 0u8..4) {
        for c in &columns(seed, kind) {
            let (falls, rises) = (rows(c).map(i128::from), rows(c).map(|z| -i128::from(z)));
            let expected = [sorted_worst(falls.collect()), sorted_worst(rises.collect())];
            let tails = Tails::of(c);
            prop_assert_eq!([i128::from(tails.long), i128::from(tails.short)], expected);
            prop_assert_eq!(i128::from(tails.widest()), expected[0].max(expected[1]));
        }
    }

    #[test]
    fn a_shortfall_rate_is_sigma_times_the_mean_tail_rounded_up(tail in any::<u32>(), sigma in 0..RATE_ONE) {
        let exact = u128::from(tail) * u128::from(sigma);
        let divisor = (WORST as u128) << Z_BITS;
        prop_assert_eq!(u128::from(Tails::shortfall_rate(tail, sigma)), exact.div_ceil(divisor));
    }

    #[test]
    fn standardising_rounds_away_from_zero_and_winsorises(
        r in -(256i64 << 32)..256 << 32, sigma in 1u64 << 22..RATE_ONE, elapsed in 60u64..86_400, horizon in 60u64..86_400,
    ) {
        let z = standardise(r, sigma, elapsed, horizon);
        let scale = sigma as f64 * (elapsed as f64 / horizon as f64).sqrt();
        let exact = (r as f64).abs() / scale * 1024.0;
        prop_assert_eq!(z.signum(), r.signum());
        let got = z.abs() as f64;
        prop_assert!(got >= exact.min(Z_MAX as f64) * (1.0 - 1e-12));
        prop_assert!(got <= (exact * (1.0 + 2f64.powi(-16)) + 1.0).min(Z_MAX as f64), "{} for {}", got, exact);
        prop_assert_eq!(standardise(-r, sigma, elapsed, horizon), -z);
    }

    #[test]
    fn standardising_answers_everywhere(
        r in wide_i64(), sigma in wide_u64(), elapsed in wide_u64(), horizon in wide_u64(),
    ) {
        prop_assert!(standardise(r, sigma, elapsed, horizon).abs() <= Z_MAX);
    }

    /// However the risk of a book is split over legs, its weights leave room for it to double.
    #[test]
    fn weights_fit_a_lane_at_the_scale_of_their_sum(risks in prop::collection::vec(0u64..1 << 57, 1..=32), by in 0u32..57) {
        let risks: Vec<u64> = risks.into_iter().map(|risk| risk >> by).collect();
        let total = risks.iter().sum();
        let shift = shift_for(total);
        prop_assert!(fits(total, shift));
        let sum: i64 = risks.iter().map(|&risk| weight(risk, false, shift)).sum();
        prop_assert!(sum <= (1 << 15) + 32);
        // At a scale that was chosen for less, too, as long as it is said to fit.
        let stale = shift.saturating_sub(1);
        if fits(total, stale) {
            let sum: i64 = risks.iter().map(|&risk| weight(risk, true, stale)).sum();
            prop_assert!(-sum * Z_MAX <= i64::from(i32::MAX));
        }
    }

    #[test]
    fn a_weight_is_off_by_at_most_half_a_unit(risk in 0u64..1 << 62, negative: bool, shift in 0u32..=47) {
        let u = weight(risk, negative, shift);
        let back = i128::from(u) << shift;
        let exact = if negative { -i128::from(risk) } else { i128::from(risk) };
        prop_assert!((back - exact).abs() <= (1 << shift) / 2);
    }

    /// The core of a book against the exact shortfall of its unrounded exposures: never below, and
    /// above by no more than is documented.
    #[test]
    fn the_core_is_never_below_the_exact_shortfall_and_hardly_above((world, holdings) in account(32)) {
        for basis in [Basis::Maintenance, Basis::Initial] {
            let mut book = holdings.book(&world, basis).unwrap();
            let legs = exposures(&book, &world, basis);
            let core = i128::from(book.margin(&BARE).unwrap().core);
            let exact = exact_shortfall(&legs);
            prop_assert!(core * EXACT_UNIT >= exact);
            let excess = core - exact / EXACT_UNIT;
            prop_assert!(excess <= i128::from(rounding_of(&legs)), "{} over {}", excess, exact / EXACT_UNIT);
            // In relative terms: n·T·2⁻¹⁴ of Σ|w|σ.
            let gross_risk: f64 = legs.iter().map(|leg| leg.0.unsigned_abs() as f64 * leg.1 as f64 / UNIT).sum();
            let tail = |leg: &(i64, u64, &Column)| f64::from(Tails::of(leg.2).widest()) / (WORST << Z_BITS) as f64;
            let tails: f64 = legs.iter().filter(|leg| leg.0 != 0).map(tail).sum();
            let bound = tails * (gross_risk * 2f64.powi(-14) + 2f64.powi(1 - RISK_BITS as i32)) + 2.0;
            prop_assert!(excess as f64 <= bound, "{} > {}", excess, bound);
        }
    }

    /// Risk is rounded up, which makes a hedge look larger than it is; at the finest scale, where
    /// weights are exact, that is all there is to charge.
    #[test]
    fn a_hedge_of_many_tiny_legs_is_not_overrated(seed: u64) {
        let (mut s, mut world) = (Stream::new(seed), World::random(seed, 32));
        let shared = world.columns[0];
        let mut holdings = long(0, 31 * 20, 0);
        for (asset, risk) in world.assets.iter_mut().enumerate() {
            world.columns[asset] = shared;
            (risk.spot, risk.netted) = (from_f64(1.0), true);
            (risk.sigma, risk.tail) = (s.between(0.01 * UNIT, 0.04 * UNIT) as u64, Tails::of(&shared).widest());
            let base = -s.between(1.0, 40.0) as i64;
            holdings.positions.push(Position { asset, base: if asset == 0 { 0 } else { base }, entry: 0, profit_cap: 0 });
        }
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let exact = exact_shortfall(&exposures(&book, &world, Basis::Maintenance));
        prop_assert!(i128::from(book.margin(&BARE).unwrap().core) * EXACT_UNIT >= exact);
    }

    /// Putting two books together never costs more than holding them apart.
    #[test]
    fn the_core_is_sub_additive((world, a) in account(8), seed: u64) {
        let b = Holdings::random(seed, &world, 10f64.powi((seed % 13) as i32));
        let mut both = a.clone();
        both.collateral.extend(&b.collateral);
        both.positions.extend(&b.positions);
        let core = |h: &Holdings| h.margin(&world, Basis::Maintenance, &BARE).unwrap().core;
        let book = both.book(&world, Basis::Maintenance).unwrap();
        // Each leg of the whole may differ from its parts by two micro-units of exposure.
        let floors = world.assets.iter().map(|r| 2 * Tails::shortfall_rate(r.tail, r.sigma) / RATE_ONE + 1);
        let slack = rounding_of(&exposures(&book, &world, Basis::Maintenance)) + floors.sum::<u64>();
        prop_assert!(core(&both) <= core(&a) + core(&b) + slack);
    }
}

#[test]
fn the_extremes_of_a_lane_do_not_touch() {
    let mut low_and_high = [0; WORDS];
    set(&mut low_and_high, 0, -Z_MAX);
    set(&mut low_and_high, 1, Z_MAX);
    for u in [LANE, -LANE, 1, -1] {
        let mut vector = Vector::new();
        vector.add(&low_and_high, u);
        assert_eq!(vector.worst(), (LANE.min(u.abs()) * Z_MAX) as u64);
    }
    assert!(LANE * Z_MAX < i64::from(i32::MAX));
}

#[test]
fn an_empty_ring_has_no_tails_and_an_empty_book_no_shortfall() {
    assert_eq!(Tails::of(&[0; WORDS]), Tails::default());
    assert_eq!(Vector::default().worst(), 0);
    assert_eq!(Vector::new().expected_shortfall(0, 0), 0);
    assert_eq!(shift_for(0), 0);
    assert_eq!(shift_for(u64::MAX), 49);
}
