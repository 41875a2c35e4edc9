//! Facts of liquidation: terms conserve, the outcome is what is judged, and nobody is stuck.

mod common;

use ballast_risk::RiskError::BadParameter;
use ballast_risk::book::{Basis, Position};
use ballast_risk::fixed::{BPS_ONE, mul_div_ceil, mul_div_floor, rate_from_bps};
use ballast_risk::haircut::HaircutBounds;
use ballast_risk::liquidation::{self, LiquidationParams, Refusal, Step, Takeover, judge, target, terms};
use ballast_risk::margin::Margin;
use common::{
    Holdings, PARAMS, Stream, World, account, any_price, column, long, rounding_of, rows, wide_i64, wide_u32,
    wide_u64,
};
use proptest::prelude::*;

/// One percent penalty, stopping a tenth above MM; dust of one quote, the least MM there is.
const TERMS: LiquidationParams =
    LiquidationParams { penalty_bps: 100, insurance_share_bps: 3_000, buffer_bps: 1_000, dust: 1_000_000 };

fn margin(equity: i64, maintenance: u64) -> Margin {
    Margin { equity, core: maintenance, maintenance, initial: maintenance, ..Margin::default() }
}

/// Takes `parts` over in one step.
fn taken(
    h: &Holdings,
    world: &World,
    parts: &[(usize, i64)],
    params: &LiquidationParams,
) -> Result<Step, Refusal> {
    let mut book = h.book(world, Basis::Maintenance).unwrap();
    let takeovers: Vec<Takeover> = parts
        .iter()
        .map(|&(asset, quantity)| {
            let spot = world.assets[asset].spot;
            Takeover { asset, quantity, spot, penalty_bps: params.penalty_bps }
        })
        .collect();
    liquidation::step(&mut book, &takeovers, &PARAMS, params).unwrap()
}

/// Why a step is refused, if it is.
fn step(h: &Holdings, world: &World, parts: &[(usize, i64)], params: &LiquidationParams) -> Option<Refusal> {
    taken(h, world, parts, params).err()
}

/// Sets the quote balance so that equity is `part` of MM, which quote does not change.
fn at_part_of_maintenance(mut h: Holdings, world: &World, part: f64) -> Holdings {
    let now = h.margin(world, Basis::Maintenance, &PARAMS).unwrap();
    h.quote += (now.maintenance as f64 * part) as i64 - now.equity;
    h
}

/// Shares of a leg that a keeper would try: sixty-fourths, and ever smaller ones.
fn shares() -> impl Iterator<Item = f64> {
    (1..=64).rev().map(|k| f64::from(k) / 64.0).chain((7..24).map(|k| 2f64.powi(-k)))
}

proptest! {
    #![proptest_config(common::cases(512))]

    #[test]
    fn terms_conserve_value_and_never_take_more_than_the_equity(
        quantity in wide_i64(), spot in any_price(), equity in wide_i64(),
        penalty_bps in 0u32..=10_000, insurance_share_bps in 0u32..=10_000,
    ) {
        let params = LiquidationParams { penalty_bps, insurance_share_bps, ..TERMS };
        match (terms(quantity, &spot, equity, &params), spot.value(quantity)) {
            (Ok(t), Ok(value)) => {
                prop_assert_eq!(t.quantity, quantity);
                prop_assert_eq!(i128::from(t.proceeds) + i128::from(t.penalty), i128::from(value));
                let full = mul_div_floor(value.unsigned_abs(), penalty_bps.into(), BPS_ONE).unwrap();
                prop_assert_eq!(t.penalty, full.min(equity.max(0).unsigned_abs()));
                let share = mul_div_ceil(t.penalty, insurance_share_bps.into(), BPS_ONE).unwrap();
                prop_assert_eq!(t.to_insurance, share);
                prop_assert_eq!(t.to_insurance + t.to_keeper(), t.penalty);
            }
            (Err(error), value) => prop_assert!(value.is_err() || (error == BadParameter) == (quantity == 0)),
            (Ok(_), Err(_)) => prop_assert!(false, "terms without a value"),
        }
    }

    /// The account gives up the penalty, and less than a unit of rounding.
    #[test]
    fn a_takeover_costs_the_account_its_penalty((world, holdings) in account(4), share in -1.0f64..=1.0) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let asset = holdings.positions[0].asset;
        let (quantity, before) = ((book.quantity(asset) as f64 * share) as i64, book.equity());
        prop_assume!(quantity != 0);
        let t = terms(quantity, &world.assets[asset].spot, before, &TERMS).unwrap();
        book.adjust(asset, -quantity, t.proceeds).unwrap();
        let cost = i128::from(before) - i128::from(book.equity()) - i128::from(t.penalty);
        prop_assert!((0..=1).contains(&-cost) || (0..=1).contains(&cost), "{}", cost);
        prop_assert!(before < 0 || i128::from(book.equity()) >= -1);
    }

    #[test]
    fn the_target_is_the_buffered_maintenance_rounded_up(maintenance in 0u64..1 << 60, buffer_bps in 0u32..50_000) {
        let exact = u128::from(maintenance) * u128::from(buffer_bps + 10_000);
        let params = LiquidationParams { buffer_bps, ..TERMS };
        prop_assert_eq!(u128::from(target(maintenance, &params).unwrap()), exact.div_ceil(u128::from(BPS_ONE)));
    }

    #[test]
    fn a_healthy_account_is_left_alone(maintenance in 0u64..1 << 60, over in 0i64..1 << 40, after in wide_i64(), gross in wide_u64()) {
        let before = margin(maintenance as i64 + over, maintenance);
        let verdict = judge(&before, &margin(after, 0), gross, &TERMS);
        prop_assert_eq!(verdict, Ok(Some(Refusal::Healthy)));
    }

    #[test]
    fn a_step_that_leaves_the_account_no_nearer_is_refused(
        maintenance in 1u64..1 << 60, under in 1i64..1 << 60, relieved in 0u64..1 << 60, worse in prop_oneof![Just(0), 0i64..1 << 40],
    ) {
        let before = margin(maintenance as i64 - under, maintenance);
        let relieved = relieved.min(maintenance);
        let after = |worse: i64| margin(before.equity - relieved as i64 - worse, maintenance - relieved);
        prop_assert_eq!(judge(&before, &after(worse), u64::MAX, &TERMS), Ok(Some(Refusal::ShortfallNotReduced)));
        prop_assert_eq!(judge(&before, &after(-1), u64::MAX, &TERMS).unwrap() == Some(Refusal::ShortfallNotReduced), false);
    }

    #[test]
    fn a_step_past_the_target_and_dust_is_refused_unless_the_account_was_dust(
        maintenance in 1u64..1 << 50, left in 0u64..1 << 50, beyond in 1i64..1 << 40,
    ) {
        let left = left.min(maintenance - 1);
        let edge = (target(left, &TERMS).unwrap() + TERMS.dust) as i64;
        let before = margin(maintenance as i64 - 1, maintenance);
        let verdict = |equity, gross| judge(&before, &margin(equity, left), gross, &TERMS).unwrap();
        prop_assert_eq!(verdict(edge, u64::MAX), None);
        prop_assert_eq!(verdict(edge + beyond, TERMS.dust + 1), Some(Refusal::TooMuch));
        prop_assert_eq!(verdict(edge + beyond, TERMS.dust), None);
    }

    /// The smallest book that has a minimum to hold can only be improved by closing it whole.
    #[test]
    fn an_account_at_the_minimum_may_be_closed_whole(seed: u64, value in 1f64..3e6, part in -5.0f64..0.999) {
        let world = World::random(seed, 1);
        let units = world.units(0, value);
        prop_assume!(units > 0);
        let holdings = at_part_of_maintenance(long(0, units as u64, 0), &world, part);
        let least = holdings.margin(&world, Basis::Maintenance, &PARAMS).unwrap();
        prop_assume!(least.maintenance == PARAMS.min_maintenance && least.is_liquidatable());
        prop_assert_eq!(step(&holdings, &world, &[(0, units)], &TERMS), None);
    }

    /// Nobody is stuck: as long as the penalty is less than what the exposure it is charged on
    /// relieves, a keeper finds a step.
    #[test]
    fn every_account_under_maintenance_in_one_asset_has_an_admissible_step(
        seed: u64, value in 1e4f64..1e13, negative: bool, part in -3.0f64..0.9999, buffer_bps in 100u32..5_000, penalty in 0.0f64..0.95,
    ) {
        let world = World::random(seed, 1);
        let base = world.units(0, if negative { -value } else { value });
        let positions = vec![Position { asset: 0, base, entry: 0, profit_cap: 0 }];
        let holdings = at_part_of_maintenance(Holdings { positions, ..Holdings::default() }, &world, part);
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let before = book.margin(&PARAMS).unwrap();
        prop_assume!(before.is_liquidatable());
        let rate = (before.core + before.addons) as f64 / book.gross() as f64;
        let most = rate * 1e4 / (1.0 + f64::from(buffer_bps) / 1e4);
        let params = LiquidationParams { buffer_bps, penalty_bps: (most * penalty) as u32, ..TERMS };
        let admissible = shares().map(|share| (base as f64 * share) as i64).filter(|&q| q != 0);
        prop_assert!(
            admissible.map(|q| step(&holdings, &world, &[(0, q)], &params)).any(|refusal| refusal.is_none()),
            "rate {}, {:?}", rate, before,
        );
    }

    /// What is bankrupt pays no penalty, and can be wound down to nothing.
    #[test]
    fn a_bankrupt_account_is_taken_over_at_spot(quantity in wide_i64(), spot in any_price(), equity in i64::MIN..=0) {
        if let Ok(t) = terms(quantity, &spot, equity, &TERMS) {
            prop_assert_eq!((t.penalty, t.to_insurance, t.proceeds), (0, 0, spot.value(quantity).unwrap()));
        }
    }

    #[test]
    fn no_input_panics(
        quantity in wide_i64(), spot in any_price(), equities in (wide_i64(), wide_i64()), values in prop::array::uniform4(wide_u64()),
        bps in (wide_u32(), wide_u32(), wide_u32()),
    ) {
        let [first, second, gross, dust] = values;
        let (penalty_bps, insurance_share_bps, buffer_bps) = bps;
        let params = LiquidationParams { penalty_bps, insurance_share_bps, buffer_bps, dust };
        let _ = terms(quantity, &spot, equities.0, &params).map(|t| t.to_keeper());
        let _ = target(first, &params);
        let _ = judge(&margin(equities.0, first), &margin(equities.1, second), gross, &params);
    }
}

/// A staked token held against a short of what it is staked in: two assets, one risk. Every single leg
/// closed bares the other, so an outcome has to be judged over both.
#[test]
fn a_hedge_of_twins_is_unwound_both_legs_at_once() {
    let bounds = HaircutBounds { min: rate_from_bps(50), max: rate_from_bps(5_000) };
    let mut world = World::random(11, 2).liquid();
    world.drivers.iter_mut().for_each(|d| d.expected = 0);
    let mut s = Stream::new(1);
    let twin = column(rows(&world.columns[0]).map(|z| z + (s.shock() * 20.0) as i64));
    (world.columns[1], world.assets[1].sigma) = (twin, world.assets[0].sigma);
    let world = world.with_bounds(&bounds);
    assert!(world.assets.iter().all(|a| a.netted && a.long.addon == 0));

    let [held, owed] = [0, 1].map(|asset| world.units(asset, 1e12));
    let mut holdings = long(0, held as u64, 0);
    holdings.positions.push(Position { asset: 1, base: -owed, entry: 0, profit_cap: 0 });
    let holdings = at_part_of_maintenance(holdings, &world, 0.9);
    let leg = |asset: usize, whole: i64, share: f64| (asset, (whole as f64 * share) as i64);
    // A sliver of one leg may trim what the twins do not share; anything more bares the other.
    for share in shares().filter(|share| *share > 0.0625) {
        for alone in [leg(0, held, share), leg(1, -owed, share)] {
            let refusal = step(&holdings, &world, &[alone], &TERMS);
            assert_eq!(refusal, Some(Refusal::ShortfallNotReduced), "{alone:?}");
        }
    }
    // All of both is more than the account needs.
    assert_eq!(step(&holdings, &world, &[(0, held), (1, -owed)], &TERMS), Some(Refusal::TooMuch));
    // Any share will do that does not overshoot: its penalty leaves half of the margin that it frees,
    // where a penalty on the gross would take many times as much.
    let part = [leg(0, held, 0.125), leg(1, -owed, 0.125)];
    let step = taken(&holdings, &world, &part, &TERMS).expect("an eighth of the hedge goes");
    let freed = step.before.maintenance - step.after.maintenance;
    assert!(step.penalty() > 0 && 2 * step.penalty() <= freed, "{step:?}");
}

/// The rounding of the core must not hide that a step helps.
#[test]
fn a_thousandth_of_a_book_is_enough_to_be_seen() {
    let world = World::random(2, 1);
    let base = world.units(0, 1e12);
    let holdings = at_part_of_maintenance(long(0, base as u64, 0), &world, 0.5);
    let free = LiquidationParams { penalty_bps: 0, ..TERMS };
    assert_eq!(step(&holdings, &world, &[(0, base / 1_000)], &free), None);
    let book = holdings.book(&world, Basis::Maintenance).unwrap();
    assert!(rounding_of(&common::exposures(&book, &world, Basis::Maintenance)) > 0);
}
