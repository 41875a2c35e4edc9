//! Facts of the explanation: the parts are the whole, and the distance is where the engine itself says so.

mod common;

use ballast_risk::Result;
use ballast_risk::book::Basis;
use ballast_risk::explain::{Shocked, StressSource, price_distance, volatility_distance};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::margin::{Margin, MarginParams};
use common::{BARE, BLENDED, Holdings, World, account, rounding_of};
use proptest::prelude::*;

/// The account's MM on a board that was moved.
fn on<'a>(
    holdings: &'a Holdings,
    params: &'a MarginParams,
) -> impl Fn(&Shocked<'a, World>) -> Result<Margin> + Copy + 'a {
    |shocked| {
        let (collateral, positions) =
            (holdings.collateral.iter().copied(), holdings.positions.iter().copied());
        ballast_risk::book::Book::new(holdings.quote, collateral, positions, shocked, Basis::Maintenance)?
            .margin(params)
    }
}

proptest! {
    #![proptest_config(common::cases(500))]

    #[test]
    fn the_parts_and_the_rest_are_the_requirement((world, holdings) in account(8), notice in 1..=RATE_ONE) {
        for params in [BARE, BLENDED, MarginParams { notice, ..BLENDED }] {
            let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
            let e = book.explain(&params).unwrap();
            prop_assert_eq!(e.margin, holdings.margin(&world, Basis::Maintenance, &params).unwrap());
            let parts: i128 = e.legs.iter().map(|leg| i128::from(leg.maintenance)).sum();
            prop_assert_eq!(parts + i128::from(e.rest), i128::from(e.margin.maintenance));
            prop_assert!(e.worst.is_sorted_by(|a, b| a.loss >= b.loss), "worst first");
        }
    }

    /// Without floors and stress nothing is left but what rounding was charged for.
    #[test]
    fn what_no_leg_accounts_for_is_rounding((world, holdings) in account(8)) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let e = book.explain(&BARE).unwrap();
        // A shortfall is not below zero; its parts may be.
        if e.worst.iter().any(|w| w.loss <= 0) {
            return Ok(());
        }
        let exposures = common::exposures(&book, &world, Basis::Maintenance);
        let rounding = rounding_of(&exposures) as i64 + 8 + e.legs.len() as i64;
        prop_assert!((-rounding..=rounding).contains(&e.rest), "{} of {:?}", e.rest, e.margin);
    }

    /// At the price that is named the account is liquidated, and a little before it is not.
    #[test]
    fn the_distance_is_where_the_engine_liquidates((world, holdings) in account(4), spare in 0.05f64..3.0) {
        let mm = holdings.margin(&world, Basis::Maintenance, &BLENDED).unwrap();
        let equity = (mm.maintenance as f64 * (1.0 + spare)) as i64;
        let holdings = Holdings { quote: holdings.quote + equity - mm.equity, ..holdings };
        let margin = on(&holdings, &BLENDED);
        for asset in 0..world.assets.len() {
            let distance = price_distance(&world, asset, margin).unwrap();
            for factor in [distance.down, distance.up].into_iter().flatten() {
                let liquidated = |factor: u64| {
                    let mut moved = world.clone();
                    moved.assets[asset].spot = moved.assets[asset].spot.scaled(factor).unwrap();
                    holdings.margin(&moved, Basis::Maintenance, &BLENDED).unwrap().is_liquidatable()
                };
                prop_assert!(liquidated(factor));
                // Not everywhere nearer: a limit may lie behind another that is narrower than what is looked at.
                let nearer = |bits: u32| {
                    let step = (factor >> bits) + 1;
                    if factor < RATE_ONE { factor + step } else { factor - step }
                };
                prop_assert!(factor == RATE_ONE || (16..=21).any(|bits| !liquidated(nearer(bits))));
            }
        }
        if let Some(factor) = volatility_distance(&world, margin).unwrap() {
            prop_assert!(factor >= RATE_ONE);
        }
    }

    #[test]
    fn the_stress_that_is_named_is_the_one_that_counts((world, holdings) in account(6)) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let e = book.explain(&BLENDED).unwrap();
        if e.margin.stress <= 1_000_000 {
            return Ok(());
        }
        let parts: i64 = e.legs.iter().map(|leg| leg.stress).sum();
        let slack = match e.source {
            StressSource::Row(_) => (e.margin.stress >> 8) + 1_000,
            _ => 64,
        };
        prop_assert!(e.margin.stress.abs_diff(parts.max(0) as u64) <= slack, "{} of {:?}", parts, e);
    }
}

#[test]
fn a_hedge_has_a_negative_part() {
    let mut world = World::random(7, 2);
    (world.assets[1], world.columns[1]) = (world.assets[0], world.columns[0]);
    (world.stress[1], world.drivers[1]) = (world.stress[0], world.drivers[0]);
    let units = world.units(0, 1e10);
    let holdings = Holdings::position(0, units).with(&Holdings::position(1, -units / 3));
    let e = holdings.book(&world, Basis::Maintenance).unwrap().explain(&BARE).unwrap();
    assert!(e.legs[0].expected_shortfall > 0 && e.legs[1].expected_shortfall < 0, "{:?}", e.legs);
}
