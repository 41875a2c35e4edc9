//! Facts of the envelope: what it lets through no accepted move can bankrupt.

mod common;

use ballast_risk::RiskError::{Overflow, UnsafeEnvelope};
use ballast_risk::book::Basis;
use ballast_risk::envelope::Envelope;
use ballast_risk::fixed::{RATE_ONE, charge, rate_from_bps};
use ballast_risk::haircut::HaircutBounds;
use ballast_risk::margin::MarginParams;
use ballast_risk::stress::Shock;
use common::{BLENDED, Holdings, STRESS, World, from_f64, to_f64, wide_u32, wide_u64};
use proptest::prelude::*;

fn envelope() -> impl Strategy<Value = Envelope> {
    (1u32..4_000, 0u32..500, 0u32..1_000, 0u32..500).prop_map(
        |(max_move_bps, carry_bps, penalty_bps, slippage_bps)| Envelope {
            max_move_bps,
            carry_bps,
            penalty_bps,
            slippage_bps,
        },
    )
}

fn sum(e: &Envelope) -> u32 {
    e.max_move_bps + e.carry_bps + e.penalty_bps + e.slippage_bps
}

/// A book of `base` micro-units of an asset that is worth one each, charged no more than its bounds demand.
fn world(seed: u64, haircut_min: u64, shock: u64, assets: usize) -> World {
    let mut world = World::random(seed, assets).liquid();
    for asset in 0..assets {
        (world.assets[asset].spot, world.columns[asset]) = (from_f64(1.0), world.columns[0]);
        (world.assets[asset].sigma, world.drivers[asset].expected) = (world.assets[0].sigma, 0);
        world.stress[asset] = [0; _];
        world.drivers[asset].shock = Shock { long: shock, short: shock };
    }
    world.with_bounds(&HaircutBounds { min: haircut_min, max: RATE_ONE })
}

/// Equity of a healthy account after a move of its price and all that a liquidation may cost it, per micro-unit.
fn left(world: &World, held: &Holdings, moved: &[(usize, f64)], costs: u64, params: &MarginParams) -> i64 {
    let margin = held.margin(world, Basis::Maintenance, params).unwrap();
    let healthy = Holdings { quote: margin.maintenance as i64 - margin.equity, ..held.clone() };
    let mut after = world.clone();
    for &(asset, by) in moved {
        after.assets[asset].spot = from_f64(to_f64(&world.assets[asset].spot) * (1.0 + by));
    }
    let equity = healthy.book(&after, Basis::Maintenance).unwrap().equity();
    equity - charge(held.book(world, Basis::Maintenance).unwrap().gross(), costs).unwrap() as i64
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn the_least_haircut_is_the_sum_of_all_that_may_happen_rounded_up(e in envelope()) {
        let least = u128::from(e.least_haircut().unwrap());
        let exact = u128::from(sum(&e)) << 32;
        prop_assert!(least * 10_000 >= exact && (least - 1) * 10_000 <= exact);
    }

    #[test]
    fn a_configuration_is_safe_up_to_its_edges_and_no_further(e in envelope(), over in 1u64..RATE_ONE / 10, shock in 0u64..RATE_ONE) {
        let (least, moved) = (rate_from_bps(sum(&e)), rate_from_bps(e.max_move_bps));
        let shock = moved + shock.min(RATE_ONE - moved);
        let check = |haircut_min, long, short| e.check(haircut_min, Shock { long, short }, RATE_ONE);
        prop_assert_eq!(check(least, moved, moved), Ok(()));
        prop_assert_eq!(check(least + over, shock, shock + over), Ok(()));
        prop_assert_eq!(check(least - 1, shock, shock), Err(UnsafeEnvelope));
        prop_assert_eq!(check(least + over, moved - 1, shock), Err(UnsafeEnvelope));
        prop_assert_eq!(check(least + over, shock, moved - 1), Err(UnsafeEnvelope));
        // What is held cannot lose more than all of it; what is owed can.
        prop_assert_eq!(check(least + over, RATE_ONE + over, shock), Err(UnsafeEnvelope));
        prop_assert_eq!(check(least + over, shock, RATE_ONE + over), Ok(()));
        let none = Envelope { max_move_bps: 0, ..e };
        let whole = Shock { long: RATE_ONE, short: RATE_ONE };
        prop_assert_eq!(none.check(RATE_ONE, whole, RATE_ONE), Err(UnsafeEnvelope));
        // Only the part of a shock that the blend charges stands behind a hedge.
        let half = Shock { long: 2 * moved, short: 2 * moved + 1 };
        if half.long <= RATE_ONE {
            prop_assert_eq!(e.check(least, half, RATE_ONE / 2), Ok(()));
            prop_assert_eq!(e.check(least, half, RATE_ONE / 2 - RATE_ONE / 100), Err(UnsafeEnvelope));
        }
    }

    #[test]
    fn more_that_may_happen_is_never_safer(e in envelope(), by in 0u32..1_000, min in 0..=RATE_ONE, long in 0..=RATE_ONE, short in 0..=RATE_ONE) {
        let worse = [
            Envelope { max_move_bps: e.max_move_bps + by, ..e },
            Envelope { carry_bps: e.carry_bps + by, ..e },
            Envelope { penalty_bps: e.penalty_bps + by, ..e },
            Envelope { slippage_bps: e.slippage_bps + by, ..e },
        ];
        for worse in worse {
            let shock = Shock { long, short };
            prop_assert!(worse.check(min, shock, RATE_ONE).is_err() || e.check(min, shock, RATE_ONE).is_ok());
        }
    }

    /// On either side, in any calm, and while MM lags behind volatility.
    #[test]
    fn no_accepted_move_bankrupts_a_healthy_book_in_one_asset(
        seed: u64, e in envelope(), base in 1i64 << 20..1 << 40, negative: bool, notice in 1..=RATE_ONE,
    ) {
        let haircut_min = rate_from_bps(sum(&e));
        let half = Shock { long: RATE_ONE / 2, short: RATE_ONE / 2 };
        prop_assert_eq!(e.check(haircut_min, half, RATE_ONE), Ok(()));
        let world = world(seed, haircut_min, RATE_ONE / 2, 1);
        let held = Holdings::position(0, if negative { -base } else { base });
        let by = f64::from(e.max_move_bps) / 1e4 * if negative { 1.0 } else { -1.0 };
        let costs = rate_from_bps(sum(&e) - e.max_move_bps);
        for notice in [RATE_ONE, notice] {
            let params = MarginParams { notice, ..BLENDED };
            // Rates are exact to 2⁻³² of value.
            prop_assert!(left(&world, &held, &[(0, by)], costs, &params) >= -4 - (base >> 31));
        }
    }

    /// One leg of a perfect hedge moves by all that is accepted and the other does not.
    #[test]
    fn no_accepted_move_of_one_leg_bankrupts_a_hedge(
        seed: u64, max_move_bps in 1u32..2_000, base in 1i64 << 20..1 << 40, which: bool, notice in 1..=RATE_ONE,
    ) {
        let moved = rate_from_bps(max_move_bps);
        let shock = (u128::from(moved + 1) << 32).div_ceil(u128::from(STRESS.weight)) as u64;
        let e = Envelope { max_move_bps, carry_bps: 0, penalty_bps: 0, slippage_bps: 0 };
        prop_assert_eq!(e.check(moved + 1, Shock { long: shock, short: shock }, STRESS.weight), Ok(()));
        let world = world(seed, 1, shock, 2);
        prop_assume!(world.assets.iter().all(|asset| asset.netted));
        let hedge = Holdings::position(0, base).with(&Holdings::position(1, -base));
        let by = f64::from(max_move_bps) / 1e4;
        let moved = if which { (0, -by) } else { (1, by) };
        let params = MarginParams { notice, ..BLENDED };
        prop_assert!(left(&world, &hedge, &[moved], 0, &params) >= -4 - (base >> 31));
    }

    #[test]
    fn no_input_panics(bps in prop::array::uniform4(wide_u32()), min in 0..=RATE_ONE, long in wide_u64(), short in wide_u64()) {
        let [max_move_bps, carry_bps, penalty_bps, slippage_bps] = bps;
        let e = Envelope { max_move_bps, carry_bps, penalty_bps, slippage_bps };
        let fits = bps.iter().map(|x| u64::from(*x)).sum::<u64>() <= u64::from(u32::MAX);
        prop_assert_eq!(e.least_haircut().is_ok(), fits);
        let verdict = e.check(min, Shock { long, short }, RATE_ONE);
        prop_assert!(fits || max_move_bps == 0 || verdict == Err(Overflow));
    }
}
