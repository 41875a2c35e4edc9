//! Facts of stress: what it adds, what it never lets go, and how far its integers stray.

mod common;

use ballast_risk::RiskError::BadParameter;
use ballast_risk::book::Basis;
use ballast_risk::fixed::{RATE_ONE, charge, credit, rate_from_bps};
use ballast_risk::margin::MarginParams;
use ballast_risk::scenario::{fits, shift_for, weight};
use ballast_risk::stress::{
    self, SHOCK_BITS, SHOCK_MAX, STRESS_ROWS, Shock, StressColumn, StressParams, StressVector, column,
};
use common::{
    BLENDED, BOUNDS, Holdings, STRESS, Stream, World, account, exposures, legs, rounding_of, stress_rounding,
    wide_u64,
};
use proptest::prelude::*;

type Rows = [i16; STRESS_ROWS];

/// Joint shocks of one seed: of a day, all at one extreme, or at random extremes.
fn shocks(seed: u64, kind: u8) -> Rows {
    let mut s = Stream::new(seed);
    core::array::from_fn(|_| match kind {
        0 => s.between(-0.6 * 4_096.0, 0.6 * 4_096.0) as i16,
        1 => -SHOCK_MAX,
        2 => i16::MIN,
        3 => SHOCK_MAX,
        _ => [i16::MIN, -1, 0, 1, SHOCK_MAX][s.bits() as usize % 5],
    })
}

/// Exposures in assets with these joint shocks, of any size that a book may have.
fn book() -> impl Strategy<Value = Vec<(i64, Rows)>> {
    let leg = (any::<u64>(), 0u8..5, any::<bool>(), 0u32..48, 0u64..1 << 48).prop_map(
        |(seed, kind, short, by, size)| {
            let size = (size >> by) as i64;
            (if short { -size } else { size }, shocks(seed, kind))
        },
    );
    prop::collection::vec(leg, 1..=32)
}

/// Largest joint loss in 2⁻¹² micro-units, without rounding.
fn exact_joint(legs: &[(i64, Rows)]) -> i128 {
    let loss = |row: usize| -> i128 {
        legs.iter().map(|(w, s)| -i128::from(*w) * i128::from(s[row].max(-SHOCK_MAX))).sum()
    };
    (0..STRESS_ROWS).map(loss).max().unwrap().max(0)
}

/// The sum over the legs of the wider of both shocks.
fn widest(legs: &[(i64, Rows)]) -> u64 {
    legs.iter().map(|(_, s)| Shock::default().covering(&column(s)).widest()).sum()
}

/// The engine's joint loss, with the weights of `shift`, two legs a pass.
fn joint(legs: &[(i64, Rows)], shift: u32) -> u64 {
    let columns: Vec<StressColumn> = legs.iter().map(|(_, s)| column(s)).collect();
    let weights: Vec<i64> = legs.iter().map(|(w, _)| weight(w.unsigned_abs(), *w < 0, shift)).collect();
    let mut vector = StressVector::default();
    for (columns, weights) in columns.chunks(2).zip(weights.chunks(2)) {
        match columns {
            [a, b] => vector.add_many([a, b], [weights[0], weights[1]]),
            [a, ..] => vector.add_many([a], [weights[0]]),
            [] => unreachable!("chunks are not empty"),
        }
    }
    vector.worst(widest(legs), shift).unwrap()
}

fn total(legs: &[(i64, Rows)]) -> u64 {
    legs.iter().map(|leg| leg.0.unsigned_abs()).sum()
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn the_joint_loss_is_never_below_the_exact_one_and_hardly_above(legs in book(), coarser in 0u32..6) {
        let exact = exact_joint(&legs);
        let shift = shift_for(total(&legs)) + coarser;
        let got = i128::from(joint(&legs, shift));
        prop_assert!(got << SHOCK_BITS >= exact);
        // Half a unit of weight a leg and one micro-unit, and as much that is charged for it.
        let unit = (1i128 << shift) + 2;
        let most = (i128::from(widest(&legs)) * unit) / i128::from(RATE_ONE) + 2;
        prop_assert!(got - (exact >> SHOCK_BITS) <= most, "{} for {} at {}", got, exact >> SHOCK_BITS, shift);
        if coarser == 0 {
            prop_assert!(most as u64 <= stress_rounding(total(&legs), widest(&legs)));
        }
    }

    /// A scale chosen for a smaller book is exact as long as it is said to fit.
    #[test]
    fn the_joint_loss_holds_at_every_scale_that_fits(legs in book()) {
        let shift = shift_for(total(&legs)).saturating_sub(1);
        prop_assume!(fits(total(&legs), shift));
        prop_assert!(i128::from(joint(&legs, shift)) << SHOCK_BITS >= exact_joint(&legs));
    }

    #[test]
    fn a_shock_covers_its_own_and_every_joint_row(long in 0..=RATE_ONE, short in 0..=8 * RATE_ONE, seed: u64, kind in 0u8..5) {
        let rows = shocks(seed, kind);
        let shock = Shock { long, short }.covering(&column(&rows));
        let rate = |x: i16| u64::from(x.max(0).unsigned_abs()) << (32 - SHOCK_BITS);
        let falls = rows.iter().map(|&x| rate(-x.max(-SHOCK_MAX))).max().unwrap();
        let rises = rows.iter().map(|&x| rate(x)).max().unwrap();
        prop_assert_eq!(shock, Shock { long: long.max(falls), short: short.max(rises) });
        prop_assert_eq!(shock.widest(), shock.long.max(shock.short));
    }

    #[test]
    fn a_blend_is_the_exact_one_rounded_up_and_never_below_the_shortfall(
        es in 0u64..1 << 60, stress in 0u64..1 << 60, weight in prop_oneof![0..=RATE_ONE, Just(0), Just(RATE_ONE)],
    ) {
        let blend = StressParams { weight, ..STRESS }.blend(es, stress).unwrap();
        let mixed = u128::from(RATE_ONE - weight) * u128::from(es) + u128::from(weight) * u128::from(stress);
        let exact = mixed.max(u128::from(es) << 32);
        prop_assert_eq!(u128::from(blend), exact.div_ceil(1 << 32));
        prop_assert!(blend >= es && blend <= es.max(stress));
    }

    #[test]
    fn a_blend_rises_with_everything_that_enters_it(
        es in 0u64..1 << 60, stress in 0u64..1 << 60, weight in 0..=RATE_ONE, more in 0u64..1 << 40, by in 0..=RATE_ONE,
    ) {
        let blend = |weight: u64, es, stress| StressParams { weight: weight.min(RATE_ONE), ..STRESS }.blend(es, stress).unwrap();
        let before = blend(weight, es, stress);
        prop_assert!(blend(weight + by, es, stress) >= before);
        prop_assert!(blend(weight, es + more, stress) >= before);
        prop_assert!(blend(weight, es, stress + more) >= before);
    }

    /// No book without a stress: the largest single move, and a part of every hedge, always count.
    #[test]
    fn the_stress_of_a_book_is_no_less_than_each_of_its_three_parts((world, holdings) in account(16)) {
        for basis in [Basis::Maintenance, Basis::Initial] {
            let mut book = holdings.book(&world, basis).unwrap();
            let stress = book.margin(&BLENDED).unwrap().stress;
            let held: Vec<(usize, i64)> = legs(&book, &world, basis).into_iter().filter(|leg| world.assets[leg.0].netted && leg.1 != 0).collect();
            let shock = |&(asset, w): &(usize, i64)| u128::from(w.unsigned_abs()) * u128::from(world.assets[asset].side(w < 0).shock);
            let single = held.iter().map(shock).max().unwrap_or(0);
            let hedges = held.iter().map(shock).sum::<u128>() >> 32;
            prop_assert!(u128::from(stress) << 32 >= single);
            prop_assert!(u128::from(stress) << 32 >= hedges * u128::from(STRESS.decorrelation));
            let row = |row: usize| -> i128 { held.iter().map(|&(asset, w)| -i128::from(w) * i128::from(stress::get(&world.stress[asset], row))).sum() };
            let joint = (0..STRESS_ROWS).map(row).max().unwrap().max(0);
            prop_assert!(i128::from(stress) << SHOCK_BITS >= joint);
            // And no more than the largest of them, but for rounding.
            let widest = held.iter().map(|leg| world.drivers[leg.0].shock.widest()).sum();
            let largest = (single >> 32).max((hedges * u128::from(STRESS.decorrelation)) >> 32).max((joint >> SHOCK_BITS) as u128);
            let slack = stress_rounding(book.gross(), widest) + held.len() as u64;
            prop_assert!(u128::from(stress) <= largest + u128::from(slack), "{} for {}", stress, largest);
        }
    }

    /// Putting two books together never costs more stress than holding them apart, nor a larger core.
    #[test]
    fn stress_and_blended_core_are_sub_additive((world, a) in account(8), seed: u64) {
        let b = Holdings::random(seed, &world, 10f64.powi((seed % 13) as i32));
        let both = a.clone().with(&b);
        let margin = |h: &Holdings| h.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
        let (a, b, whole) = (margin(&a), margin(&b), margin(&both));
        let book = both.book(&world, Basis::Maintenance).unwrap();
        let legs = exposures(&book, &world, Basis::Maintenance);
        let widest = world.drivers.iter().map(|d| d.shock.widest()).sum();
        // Each leg of the whole may differ from its parts by two micro-units of exposure.
        let stress = stress_rounding(book.gross(), widest) + 2 * (widest / RATE_ONE) + 2;
        prop_assert!(whole.stress <= a.stress + b.stress + stress);
        let floors: u64 = legs.iter().map(|leg| 4 * leg.1 * 32 / RATE_ONE + 1).sum();
        prop_assert!(whole.core <= a.core + b.core + stress + rounding_of(&legs) + floors);
    }

    /// Twins that history always moved together, long of one and short of the other: nothing in the ring or in any
    /// joint row says that they can part.
    #[test]
    fn a_hedge_that_history_never_broke_still_pays_for_the_day_it_breaks(seed: u64, value in 1e6f64..1e14) {
        let mut world = World::random(seed, 2).liquid();
        let (risk, column, stress, drivers) = (world.assets[0], world.columns[0], world.stress[0], world.drivers[0]);
        (world.assets[1], world.columns[1], world.stress[1], world.drivers[1]) = (risk, column, stress, drivers);
        let world = world.with_bounds(&BOUNDS);
        prop_assume!(world.assets[0].netted);
        let units = world.units(0, value);
        prop_assume!(units > 0);
        let twins = Holdings::position(0, units).with(&Holdings::position(1, -units));
        let mut book = twins.book(&world, Basis::Maintenance).unwrap();
        let m = book.margin(&BLENDED).unwrap();
        let side = book.gross() / 2;
        let hardly = rounding_of(&exposures(&book, &world, Basis::Maintenance)) + 2 * risk.sigma / RATE_ONE + 2;
        prop_assert!(m.expected_shortfall <= hardly + (world.drivers[0].tails.widest() / 1_024) as u64);
        let risk = world.assets[0];
        let parted = credit(side, risk.long.shock + risk.short.shock).unwrap();
        let single = credit(side, risk.long.shock.max(risk.short.shock)).unwrap();
        let stress = credit(parted, STRESS.decorrelation).unwrap().max(single);
        prop_assert!(m.stress + 1 >= stress);
        prop_assert!(m.core + 1 >= credit(stress, STRESS.weight).unwrap());
        // Where hedges are said to fail altogether, they are charged like two books.
        let apart = MarginParams { stress: StressParams { weight: RATE_ONE, decorrelation: RATE_ONE }, ..BLENDED };
        prop_assert!(book.margin(&apart).unwrap().core + 1 >= parted);
    }

    #[test]
    fn what_is_outside_the_core_is_in_no_stress(seed: u64, value in 1e6f64..1e14) {
        let mut world = World::random(seed, 1);
        world.assets[0].netted = false;
        let holdings = Holdings::position(0, world.units(0, value));
        let m = holdings.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
        prop_assert_eq!((m.expected_shortfall, m.stress, m.core), (0, 0, 0));
    }

    #[test]
    fn shares_are_accepted_up_to_the_whole(weight in wide_u64(), decorrelation in wide_u64()) {
        let fine = weight <= RATE_ONE && decorrelation <= RATE_ONE;
        let verdict = StressParams { weight, decorrelation }.validate();
        prop_assert_eq!(verdict, if fine { Ok(()) } else { Err(BadParameter) });
    }

    #[test]
    fn no_input_panics(widest in wide_u64(), shift in 0u32..=49, es in wide_u64(), stress in wide_u64(), weight in wide_u64(), seed: u64, kind in 0u8..5) {
        let mut vector = StressVector::new();
        vector.add_many([&column(&shocks(seed, kind))], [(1 << 16) - 65]);
        let _ = vector.worst(widest, shift);
        let _ = StressParams { weight, decorrelation: 0 }.blend(es, stress);
    }
}

#[test]
fn the_largest_book_at_the_largest_shocks_has_a_stress() {
    let legs: Vec<(i64, Rows)> = (0..32).map(|_| ((1 << 48) - 1, [i16::MIN; STRESS_ROWS])).collect();
    let got = joint(&legs, shift_for(total(&legs)));
    let exact = total(&legs) as f64 * f64::from(SHOCK_MAX) / 4_096.0;
    assert!((got as f64) >= exact && (got as f64) < exact * 1.01, "{got} for {exact}");
}

#[test]
fn the_book_that_holds_nothing_has_no_stress() {
    assert_eq!(StressVector::new().worst(0, 0), Ok(0));
    assert_eq!(charge(1_000_000, rate_from_bps(2_500)).unwrap(), STRESS.blend(0, 1_000_000).unwrap());
}
