//! Facts of liquidity: size costs what the square-root law says, splitting gains nothing, and depth is believed slowly.

mod common;

use ballast_risk::RiskError::BadParameter;
use ballast_risk::book::Basis;
use ballast_risk::fixed::{RATE_ONE, charge};
use ballast_risk::liquidity::{Depth, DepthParams, Impact, MAX_IMPACT, crowding};
use common::{BLENDED, BOUNDS, Holdings, UNIT, World, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

/// What no rate exceeds.
const MOST: u64 = 10 * RATE_ONE;

fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..1 << 53, (0u64..1 << 53, 0u32..53).prop_map(|(x, by)| x >> by)]
}

fn depth_params() -> impl Strategy<Value = DepthParams> {
    (1u64..1 << 50, 0u64..1 << 55, 1u32..1_000_000).prop_map(|(floor, above, half_life_s)| DepthParams {
        floor,
        cap: floor + above,
        half_life_s,
    })
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn a_rate_is_the_square_root_law_rounded_up(
        eta in 0..=MAX_IMPACT, sigma in 0..RATE_ONE, depth in prop_oneof![0u64..1 << 56, wide_u64()], size in size(),
    ) {
        let rate = Impact::new(eta, sigma, depth).rate(size) as f64;
        let (eta, sigma) = (eta as f64 / UNIT, sigma as f64);
        let root_depth = (depth as f64).sqrt().max(1.0);
        let exact = eta * sigma * (size as f64).sqrt() / root_depth;
        prop_assert!(rate >= (exact * (1.0 - 1e-12)).min(MOST as f64));
        // √size is rounded up and √depth down, by less than a micro-unit each; then one unit for either quotient.
        let coefficient = eta * sigma * 2f64.powi(24) / (root_depth - 1.0).max(1.0) + 2.0;
        let above = coefficient * ((size as f64).sqrt() + 1.0) / 2f64.powi(24) + 1.0;
        prop_assert!(rate <= (above * (1.0 + 1e-12)).min(MOST as f64), "{} for {}", rate, exact);
    }

    #[test]
    fn getting_out_costs_more_of_more_in_wilder_and_thinner_markets(
        eta in 0..=MAX_IMPACT, sigma in 0..RATE_ONE, depth in wide_u64(), size in wide_u64(),
        by in prop::array::uniform4(wide_u64()),
    ) {
        let rate = |eta, sigma, depth, size| Impact::new(eta, sigma, depth).rate(size);
        let before = rate(eta, sigma, depth, size);
        prop_assert!(rate(eta.saturating_add(by[0]), sigma, depth, size) >= before);
        prop_assert!(rate(eta, (sigma + (by[1] >> 33)).min(RATE_ONE - 1), depth, size) >= before);
        prop_assert!(rate(eta, sigma, depth.saturating_sub(by[2]), size) >= before);
        prop_assert!(rate(eta, sigma, depth, size.saturating_add(by[3])) >= before);
        prop_assert_eq!(rate(eta, sigma, depth, 0), 0);
        prop_assert_eq!(rate(eta, sigma, 0, size), rate(eta, sigma, 1, size));
    }

    /// The rate of the crowd and the excess together are no less than the law asks for the size that is held.
    #[test]
    fn a_whale_pays_the_rate_of_its_own_size_on_all_of_it(
        sigma in 1..RATE_ONE / 8, depth in 1u64 << 20..1 << 55, size in size(), crowd in size(),
    ) {
        let impact = Impact::new(RATE_ONE, sigma, depth);
        let paid = charge(size, impact.rate(crowd)).unwrap() + impact.excess(size, crowd).unwrap();
        let owed = impact.rate(size.max(crowd));
        prop_assert!(paid >= charge(size, owed).unwrap() && paid <= charge(size, owed).unwrap() + 1);
        prop_assert_eq!(impact.excess(size, crowd).unwrap() > 0, size > crowd && impact.rate(size) > impact.rate(crowd));
    }

    #[test]
    fn an_excess_rises_with_the_size_and_falls_with_the_crowd(
        sigma in 1..RATE_ONE, depth in 1u64 << 20..1 << 55, size in size(), crowd in size(), more in size(),
    ) {
        let impact = Impact::new(RATE_ONE, sigma, depth);
        let excess = |size, crowd| impact.excess(size, crowd).unwrap();
        prop_assert!(excess(size + more, crowd) >= excess(size, crowd));
        prop_assert!(excess(size, crowd + more) <= excess(size, crowd));
        prop_assert_eq!(excess(size, size), 0);
    }

    /// One position over many accounts, each of them inside the crowd: in a crash all of them are sold.
    #[test]
    fn splitting_a_position_inside_the_crowd_lowers_no_sum(
        seed: u64, value in 1e4f64..1e13, parts in prop::collection::vec(0.01f64..1.0, 1..8), negative: bool,
    ) {
        let mut world = World::random(seed, 1).with_bounds(&BOUNDS);
        let units = world.units(0, value);
        let whole: f64 = parts.iter().sum();
        let mut parts: Vec<i64> = parts.iter().map(|part| (units as f64 * part / whole) as i64).collect();
        parts[0] += units - parts.iter().sum::<i64>();
        let gross = Holdings::position(0, units).book(&world, Basis::Maintenance).unwrap().gross() + 1;
        (world.assets[0].long.crowd, world.assets[0].short.crowd) = (gross, gross);
        let charged = |units: i64| {
            let held = Holdings::position(0, if negative { -units } else { units });
            held.margin(&world, Basis::Maintenance, &BLENDED).unwrap().addons
        };
        prop_assert!(parts.into_iter().map(charged).sum::<u64>() + 8 >= charged(units));
    }

    /// No report, and no sequence of them, takes depth out of its bounds.
    #[test]
    fn depth_stays_between_its_floor_and_its_cap(
        params in depth_params(), reports in prop::collection::vec((wide_u64(), 0i64..10_000_000), 0..20), later in wide_i64(),
    ) {
        let (mut depth, mut now) = (Depth::default(), 0);
        let inside = |depth: &Depth, now| (params.floor..=params.cap).contains(&depth.at(&params, now).unwrap());
        for (volume, wait) in reports {
            now += wait;
            depth.report(&params, volume, now).unwrap();
            prop_assert!(inside(&depth, now) && inside(&depth, later));
            prop_assert_eq!(depth.at(&params, now).unwrap(), depth.volume);
        }
        prop_assert!(inside(&depth, later));
    }

    #[test]
    fn depth_falls_at_once(params in depth_params(), volume in wide_u64(), less in wide_u64(), time in 0i64..1 << 40, wait in 0i64..1 << 20) {
        let mut depth = Depth { volume: volume.max(less).clamp(params.floor, params.cap), time };
        depth.report(&params, less.min(depth.volume), time + wait).unwrap();
        prop_assert_eq!(depth, Depth { volume: less.clamp(params.floor, params.cap), time: time + wait });
    }

    /// A reporter that lies as often as it can gains nothing on one that lies once.
    #[test]
    fn depth_doubles_in_a_half_life_at_most_however_often_it_is_reported(
        floor in 1u64 << 20..1 << 40, start in 1.0f64..64.0, half_life_s in 60u32..1_000_000, waits in prop::collection::vec(0u32..20_000, 1..60),
    ) {
        let params = DepthParams { floor, cap: 1 << 60, half_life_s };
        let begin = (floor as f64 * start) as u64;
        let mut depth = Depth { volume: begin, time: 0 };
        let (mut now, mut before) = (0, begin);
        for wait in &waits {
            now += i64::from(*wait);
            depth.report(&params, u64::MAX, now).unwrap();
            prop_assert!(depth.volume >= before && depth.volume <= 2 * before);
            before = depth.volume;
        }
        let most = begin as f64 * (now as f64 / f64::from(half_life_s)).exp2();
        // Each weight is off by at most 9·2⁻³².
        let error = 1.0 + waits.len() as f64 * 4e-9;
        prop_assert!(depth.volume as f64 <= (most * error).min(params.cap as f64) + 1.0);
        // What is true is believed in the end, as long as no report waits for more than a half-life.
        if waits.iter().all(|wait| *wait <= half_life_s) {
            let least = most * (1.0 - waits.len() as f64 * (4e-9 + 1.0 / begin as f64)) - waits.len() as f64;
            prop_assert!(depth.volume as f64 >= least.min(params.cap as f64), "{} of {}", depth.volume, most);
        }
    }

    #[test]
    fn an_unrefreshed_depth_fades_to_its_floor(params in depth_params(), volume in wide_u64(), time in 0i64..1 << 40, wait in 0i64..100_000_000) {
        let mut depth = Depth { volume: 0, time };
        depth.volume = volume;
        let above = volume.min(params.cap).saturating_sub(params.floor) as f64;
        let exact = params.floor as f64 + above * (-wait as f64 / f64::from(params.half_life_s)).exp2();
        let at = depth.at(&params, time + wait).unwrap() as f64;
        prop_assert!((at - exact).abs() <= above * 3e-9 + exact * 1e-15 + 1.0, "{} for {}", at, exact);
        prop_assert_eq!(depth.at(&params, time - 1 - wait).unwrap(), volume.clamp(params.floor, params.cap));
        prop_assert_eq!(depth.at(&params, time + (1 << 33)), Ok(params.floor));
    }

    #[test]
    fn crowding_starts_at_half_of_the_cap_and_ends_at_the_haircut(cap in 1u64..1 << 60, open in wide_u64(), haircut in 0..=RATE_ONE) {
        let rate = crowding(open, cap, haircut);
        prop_assert_eq!(rate == 0, open <= cap / 2 || haircut == 0);
        prop_assert_eq!(crowding(cap, cap, haircut), haircut);
        prop_assert_eq!(crowding(cap.saturating_add(open), cap, haircut), haircut);
        let beyond = (2 * u128::from(open.min(cap))).saturating_sub(cap.into());
        prop_assert_eq!(u128::from(rate), (beyond * u128::from(haircut)).div_ceil(cap.into()));
    }

    #[test]
    fn crowding_rises_with_interest_and_haircut_and_falls_with_the_cap(
        cap in 1u64..1 << 60, open in 0u64..1 << 61, haircut in 0..=RATE_ONE, more in 0u64..1 << 60, by in 0..=RATE_ONE,
    ) {
        let before = crowding(open, cap, haircut);
        prop_assert!(crowding(open + more, cap, haircut) >= before);
        prop_assert!(crowding(open, cap, haircut + by) >= before);
        prop_assert!(crowding(open, cap + more, haircut) <= before);
    }

    #[test]
    fn depth_parameters_are_accepted_if_they_are_ordered(floor in wide_u64(), cap in wide_u64(), half_life_s in wide_u32()) {
        let fine = 0 < floor && floor <= cap && half_life_s > 0;
        let verdict = DepthParams { floor, cap, half_life_s }.validate();
        prop_assert_eq!(verdict, if fine { Ok(()) } else { Err(BadParameter) });
    }

    #[test]
    fn no_input_panics(
        [eta, sigma, depth, size, crowd, coefficient, volume, haircut] in prop::array::uniform8(wide_u64()),
        time in wide_i64(), now in wide_i64(), floor in wide_u64(), above in wide_u64(), half_life_s in wide_u32(),
    ) {
        for impact in [Impact::new(eta, sigma, depth), Impact { coefficient }] {
            prop_assert!(impact.rate(size) <= MOST);
            let _ = impact.excess(size, crowd);
        }
        let params = DepthParams { floor, cap: floor.saturating_add(above), half_life_s };
        let mut reported = Depth { volume, time };
        let _ = reported.at(&params, now);
        let _ = reported.report(&params, depth, now);
        prop_assert!(crowding(size, depth, haircut) <= haircut);
    }
}
