//! Facts of a book: what it is worth on each basis, what it must hold, and that nothing a trader can
//! do to its shape makes either wrong.

mod common;

use ballast_risk::RiskError;
use ballast_risk::asset::Side;
use ballast_risk::book::{Basis, Book, MAX_GROSS, Position};
use ballast_risk::fixed::{BPS_ONE, RATE_ONE, charge, credit, rate_from_bps};
use ballast_risk::haircut::{HaircutBounds, haircuts};
use ballast_risk::margin::MarginParams;
use ballast_risk::price::Price;
use ballast_risk::scenario::Z_MAX;
use ballast_risk::stress::StressParams;
use common::{
    BLENDED, BOUNDS, Holdings, PARAMS, STRESS, World, account, any_price, column, exposures, from_f64, long,
    rounding_of, stress_rounding, wide_i64, wide_u64,
};
use proptest::prelude::*;

const BASES: [Basis; 3] = [Basis::Maintenance, Basis::Initial, Basis::Withdrawal];

/// What holdings are worth by the words of the design: every asset at one price, the worse of its two
/// off maintenance, less the profit that is left out.
fn naive_equity(world: &World, h: &Holdings, basis: Basis) -> i128 {
    let cash: i128 = i128::from(h.quote) + h.positions.iter().map(|p| i128::from(p.entry)).sum::<i128>();
    let of = |asset: usize| {
        let held = h.collateral.iter().filter(|c| c.0 == asset).map(|c| c.1 as i64).sum::<i64>();
        let positions = || h.positions.iter().filter(|p| p.asset == asset);
        let net = held + positions().map(|p| p.base).sum::<i64>();
        let at = |price: Price| {
            let left_out = positions().map(|p| {
                let unsettled = i128::from(price.value(p.base).unwrap()) + i128::from(p.entry);
                match basis {
                    Basis::Maintenance => 0,
                    Basis::Initial => (unsettled - i128::from(p.profit_cap)).max(0),
                    Basis::Withdrawal => unsettled.max(0),
                }
            });
            i128::from(price.value(net).unwrap()) - left_out.sum::<i128>()
        };
        let risk = &world.assets[asset];
        if basis == Basis::Maintenance { at(risk.spot) } else { at(risk.spot).min(at(risk.stable)) }
    };
    cash + (0..world.assets.len()).map(of).sum::<i128>()
}

/// A perpetual position that offsets `held` units, opened at `price`.
fn short(asset: usize, held: u64, price: &Price, profit_cap: u64) -> Position {
    let base = -(held as i64);
    Position { asset, base, entry: -price.value(base).unwrap(), profit_cap }
}

proptest! {
    #![proptest_config(common::cases(1_000))]

    #[test]
    fn equity_is_the_exact_sum_of_floors_at_the_worse_price((world, holdings) in account(32)) {
        for basis in BASES {
            let equity = holdings.book(&world, basis).unwrap().equity();
            prop_assert_eq!(i128::from(equity), naive_equity(&world, &holdings, basis), "{:?}", basis);
        }
    }

    #[test]
    fn equity_is_least_for_withdrawal_and_most_for_maintenance((world, holdings) in account(16)) {
        let [spot, initial, withdrawal] = BASES.map(|basis| holdings.book(&world, basis).unwrap().equity());
        prop_assert!(withdrawal <= initial && initial <= spot);
    }

    /// Collateral and a short of as many units are no exposure, whatever prices do.
    #[test]
    fn a_hedge_in_the_same_asset_needs_no_margin_and_suffers_no_phantom_loss(
        seed: u64, value in 1e3f64..1e12, opened in 0.5f64..2.0,
    ) {
        let world = World::random(seed, 1);
        let units = world.units(0, value).unsigned_abs();
        let opened = from_f64(common::to_f64(&world.assets[0].spot) * opened);
        let mut holdings = long(0, units, 0);
        holdings.positions.push(short(0, units, &opened, u64::MAX));
        let [spot, initial, _] = BASES.map(|basis| {
            let book = holdings.book(&world, basis).unwrap();
            assert_eq!(book.gross(), 0);
            holdings.margin(&world, basis, &PARAMS).unwrap()
        });
        prop_assert_eq!(spot, initial);
        prop_assert_eq!([spot.core, spot.addons, spot.maintenance, spot.initial], [0; 4]);
        prop_assert_eq!(spot.equity, holdings.positions[0].entry);
    }

    /// Two accounts of one owner, one hedged by the other at a pumped price: what the hedge has won
    /// when the pump is over nobody may be able to pay. Neither may leave in cash.
    #[test]
    fn a_hedge_does_not_lift_the_price_of_collateral_at_withdrawal(
        seed: u64, value in 1e6f64..1e12, hedge in 0.0f64..3.0,
    ) {
        let world = World::random(seed, 1);
        let risk = world.assets[0];
        let units = world.units(0, value).unsigned_abs();
        let mut holdings = long(0, units, 0);
        holdings.positions.push(short(0, (units as f64 * hedge) as u64, &risk.spot, 0));
        let lower = if risk.stable.is_below(&risk.spot) { risk.stable } else { risk.spot };
        for basis in [Basis::Initial, Basis::Withdrawal] {
            let equity = holdings.book(&world, basis).unwrap().equity();
            prop_assert!(equity <= lower.value(units as i64).unwrap() + 1);
        }
    }

    #[test]
    fn adding_quote_adds_as_much_equity_and_no_requirement((world, holdings) in account(8), more in 0i64..1 << 50) {
        for basis in BASES {
            let before = holdings.margin(&world, basis, &PARAMS).unwrap();
            let richer = Holdings { quote: holdings.quote + more, ..holdings.clone() };
            let after = richer.margin(&world, basis, &PARAMS).unwrap();
            prop_assert_eq!(after.equity, before.equity + more);
            prop_assert_eq!((after.core, after.addons, after.initial), (before.core, before.addons, before.initial));
        }
    }

    #[test]
    fn requirements_are_what_they_are_said_to_be(
        (world, holdings) in account(8), ratio in 10_000u32..30_000, min in 0u64..1 << 40, gross_floor in 0..RATE_ONE,
    ) {
        let params = MarginParams { initial_ratio_bps: ratio, min_maintenance: min, gross_floor, ..PARAMS };
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let m = book.margin(&params).unwrap();
        let exposed = (0..8).any(|asset| book.quantity(asset) != 0);
        let least = charge(book.gross(), gross_floor).unwrap().max(min);
        prop_assert_eq!(m.maintenance, if exposed { (m.core + m.addons).max(least) } else { 0 });
        let crowding = |asset: usize| {
            let value = world.assets[asset].spot.value(book.quantity(asset)).unwrap();
            let magnitude = value.unsigned_abs() + u64::from(book.quantity(asset) > 0);
            charge(magnitude, world.assets[asset].crowding).unwrap()
        };
        let crowding: u64 = (0..world.assets.len()).map(crowding).sum();
        let exact = u128::from(m.maintenance) * u128::from(ratio);
        prop_assert_eq!(u128::from(m.initial - crowding), exact.div_ceil(u128::from(BPS_ONE)));
        prop_assert_eq!(m.core, params.stress.blend(m.expected_shortfall, m.stress).unwrap());
        prop_assert_eq!(m.shortfall(), i128::from(m.maintenance) - i128::from(m.equity));
        prop_assert_eq!(m.is_liquidatable(), i128::from(m.equity) < i128::from(m.maintenance));
        prop_assert_eq!(m.meets_initial(), i128::from(m.equity) >= i128::from(m.initial));
    }

    #[test]
    fn a_book_in_one_asset_is_charged_its_haircut_and_what_it_exceeds_the_crowd_by(seed: u64, value in -1e14f64..1e14) {
        let world = World::random(seed, 1).with_bounds(&BOUNDS);
        let risk = world.assets[0];
        let holdings = Holdings::position(0, world.units(0, value));
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let legs = exposures(&book, &world, Basis::Maintenance);
        let margin = book.margin(&BLENDED).unwrap();
        let published = haircuts(&world.drivers[0], &STRESS, &BOUNDS);
        let short = book.quantity(0) < 0;
        let haircut = if short { published.short } else { published.long };
        let excess = risk.impact.excess(book.gross(), risk.side(short).crowd).unwrap();
        // The core's part of a haircut is two rates rounded up, of the shortfall and of the stress: 2⁻³² of value each.
        let rate_unit = 2 * ((book.gross() >> 32) + 1);
        let rounding = rounding_of(&legs) + stress_rounding(book.gross(), world.drivers[0].shock.widest());
        prop_assert!(margin.maintenance + rate_unit >= credit(book.gross(), haircut).unwrap() + excess);
        prop_assert!(margin.maintenance <= charge(book.gross(), haircut).unwrap() + excess + 2 + rounding);
        prop_assert_eq!(published.netted, margin.core != 0 || book.gross() == 0);
    }

    #[test]
    fn more_of_an_exposure_never_lowers_the_margin_of_a_book_in_one_asset(
        seed: u64, value in 1f64..1e14, more in 0f64..1.0, by in 0i64..5, negative: bool, notice in 1..=RATE_ONE,
    ) {
        let world = World::random(seed, 1);
        for params in [BLENDED, PARAMS, MarginParams { notice, ..BLENDED }] {
            let margin = |units: i64| {
                let base = if negative { -units } else { units };
                Holdings::position(0, base).margin(&world, Basis::Maintenance, &params).unwrap()
            };
            let units = world.units(0, value);
            let (less, more) = (margin(units), margin(units + world.units(0, value * more) + by));
            prop_assert!(more.core >= less.core && more.addons >= less.addons && more.initial >= less.initial);
            prop_assert!(more.expected_shortfall >= less.expected_shortfall && more.stress >= less.stress);
        }
    }

    #[test]
    fn raising_the_least_haircut_never_lowers_a_margin(
        (world, holdings) in account(8), low in 1u64..RATE_ONE / 2, by in 0u64..RATE_ONE / 2, notice in 1..=RATE_ONE,
    ) {
        let bounds = |min| HaircutBounds { min, max: RATE_ONE };
        let (low, high) = (bounds(low), bounds(low + by));
        for params in [BLENDED, MarginParams { notice, ..BLENDED }] {
            let before = holdings.margin(&world.clone().with_bounds(&low), Basis::Initial, &params).unwrap();
            let after = holdings.margin(&world.clone().with_bounds(&high), Basis::Initial, &params).unwrap();
            prop_assert!(after.maintenance >= before.maintenance);
            // Under notice the core is what lags, or all of it where that asks for less.
            prop_assert!(after.core == before.core || params.notice < RATE_ONE);
        }
    }

    /// A liquidation's outcome is priced by `adjust`; it must be the outcome.
    #[test]
    fn adjusting_a_book_is_rebuilding_it(
        (world, holdings) in account(16), picks in prop::collection::vec((any::<prop::sample::Index>(), -3f64..3.0, any::<i32>()), 1..4),
    ) {
        let mut adjusted = holdings.book(&world, Basis::Maintenance).unwrap();
        let mut rebuilt = holdings.clone();
        let shocks: u64 = world.drivers.iter().map(|d| d.shock.widest()).sum();
        let error = |book: &Book| {
            let core = rounding_of(&exposures(book, &world, Basis::Maintenance));
            core + stress_rounding(book.gross(), shocks)
        };
        let mut widest = error(&adjusted);
        adjusted.margin(&PARAMS).unwrap();
        for (pick, decades, cash) in picks {
            let asset = holdings.positions[pick.index(holdings.positions.len())].asset;
            let gross = (adjusted.gross() as f64 + 1.0) * decades.signum();
            let base = world.units(asset, gross * 10f64.powf(decades.abs() * 2.0 - 4.0));
            let outcome = adjusted.adjust(asset, base, cash.into());
            rebuilt.quote += i64::from(cash);
            rebuilt.positions.push(Position { asset, base, entry: 0, profit_cap: 0 });
            if let Err(error) = outcome {
                prop_assert_eq!(rebuilt.book(&world, Basis::Maintenance).err(), Some(error));
                break;
            }
            let mut book = rebuilt.book(&world, Basis::Maintenance).unwrap();
            prop_assert_eq!((adjusted.equity(), adjusted.gross()), (book.equity(), book.gross()));
            prop_assert_eq!(adjusted.quantity(asset), book.quantity(asset));
            widest = widest.max(error(&book));
            let (a, b) = (adjusted.margin(&PARAMS).unwrap(), book.margin(&PARAMS).unwrap());
            prop_assert_eq!((a.equity, a.addons), (b.equity, b.addons));
            // The scale is that of the largest book so far, and a leg more may have been exposed.
            prop_assert!(a.core.abs_diff(b.core) <= 2 * widest, "{} and {}: {}", a.core, b.core, widest);
            prop_assert!(a.stress.abs_diff(b.stress) <= 2 * widest, "{} and {}: {}", a.stress, b.stress, widest);
        }
    }

    #[test]
    fn an_adjustment_that_is_refused_changes_nothing((world, holdings) in account(4), quantity in wide_i64(), cash in wide_i64()) {
        let mut book = holdings.book(&world, Basis::Maintenance).unwrap();
        let asset = holdings.positions[0].asset;
        let before = (book.margin(&PARAMS).unwrap(), book.gross(), book.quantity(asset));
        if book.adjust(asset, quantity, cash).is_err() {
            prop_assert_eq!((book.margin(&PARAMS).unwrap(), book.gross(), book.quantity(asset)), before);
        }
        prop_assert_eq!(book.adjust(31, 1, 0), Err(RiskError::UnknownAsset));
    }

    /// Any account on any board: a margin or a named error, never a panic.
    #[test]
    fn no_holdings_panic(
        prices in prop::collection::vec((any_price(), any_price()), 1..6), seed: u64, quote in wide_i64(), small: bool,
        collateral in prop::collection::vec((0usize..7, wide_u64()), 0..6),
        positions in prop::collection::vec((0usize..7, wide_i64(), wide_i64(), wide_u64()), 0..6),
        adjustments in prop::collection::vec((0usize..7, wide_i64(), wide_i64()), 0..4),
        side in prop::array::uniform4(wide_u64()), asset in prop::array::uniform4(wide_u64()), requirement in prop::array::uniform5(wide_u64()), ratio: u32,
    ) {
        let mut world = World::random(seed, prices.len());
        for (risk, (spot, stable)) in world.assets.iter_mut().zip(prices) {
            (risk.spot, risk.stable, risk.sigma) = (spot, stable, RATE_ONE - 1);
            risk.long = Side { haircut: side[0], addon: side[1], shock: side[2], crowd: side[3] };
            [risk.short.addon, risk.short.shock] = [side[3], side[0]];
            [risk.floor, risk.impact.coefficient, risk.crowding, risk.favour] = asset;
        }
        let by = if small { 24 } else { 0 };
        let positions = positions.into_iter();
        let holdings = Holdings {
            quote: quote >> by,
            collateral: collateral.into_iter().map(|(asset, amount)| (asset, amount >> by)).collect(),
            positions: positions
                .map(|(asset, base, entry, profit_cap)| Position { asset, base: base >> by, entry: entry >> by, profit_cap })
                .collect(),
        };
        let [min_maintenance, gross_floor, weight, decorrelation, notice] = requirement;
        let stress = StressParams { weight, decorrelation };
        let params = MarginParams { initial_ratio_bps: ratio, min_maintenance, gross_floor, stress, notice };
        for basis in BASES {
            if let Ok(mut book) = holdings.book(&world, basis) {
                let _ = book.margin(&params);
                for &(asset, quantity, cash) in &adjustments {
                    let _ = book.adjust(asset, quantity, cash);
                    let _ = book.margin(&params).map(|m| (m.shortfall(), m.initial_excess()));
                }
            }
        }
    }
}

/// One dollar at 6 decimals: a native unit is a micro-unit.
fn dollar() -> Price {
    Price::from_decimal(1, 0, 6).unwrap()
}

/// 32 assets at the largest σ and the widest tails, at the largest gross exposure.
#[test]
fn the_largest_book_there_can_be_has_a_margin() {
    let mut world = World::random(7, 32);
    for (at, risk) in world.assets.iter_mut().enumerate() {
        world.columns[at] = column((0..256).map(|_| -Z_MAX));
        (risk.spot, risk.stable, risk.sigma) = (dollar(), dollar(), RATE_ONE - 1);
        (risk.tail, risk.netted) = (7 * Z_MAX as u32, true);
        (risk.long.addon, risk.long.crowd) = (RATE_ONE, MAX_GROSS);
    }
    let each = MAX_GROSS / 32 - 1;
    let collateral: Vec<(usize, u64)> = (0..32).map(|asset| (asset, each)).collect();
    let holdings = Holdings { collateral, ..Holdings::default() };
    let margin = holdings.margin(&world, Basis::Initial, &PARAMS).unwrap();
    let exact = u128::from(MAX_GROSS) * Z_MAX as u128 / 1_024;
    assert!(u128::from(margin.core) >= exact * 999_999 / 1_000_000);
    assert!(u128::from(margin.core) <= exact * 1_005 / 1_000);
    assert_eq!(margin.addons, MAX_GROSS);

    let mut full = holdings.book(&world, Basis::Maintenance).unwrap();
    assert_eq!((full.gross(), full.adjust(0, 1, 0)), (MAX_GROSS, Err(RiskError::BookTooLarge)));
    assert_eq!(full.adjust(0, -1, 0), Ok(()));
    let mut larger = holdings.clone();
    larger.collateral[0].1 += 1;
    assert_eq!(larger.book(&world, Basis::Maintenance).err(), Some(RiskError::BookTooLarge));
}

/// Risk is counted in 2⁻⁸ micro-units: a few legs of the largest size are more of it than 64 bits hold.
#[test]
fn the_largest_legs_together_are_refused_and_do_not_overflow() {
    let mut world = World::random(7, 32);
    for risk in &mut world.assets {
        (risk.spot, risk.stable, risk.sigma, risk.netted) = (dollar(), dollar(), RATE_ONE - 1, true);
    }
    let collateral: Vec<(usize, u64)> = (0..32).map(|asset| (asset, MAX_GROSS - 1)).collect();
    let holdings = Holdings { collateral, ..Holdings::default() };
    assert_eq!(holdings.book(&world, Basis::Maintenance).err(), Some(RiskError::BookTooLarge));
}

#[test]
fn what_lies_outside_the_domain_is_an_error() {
    let world = World::random(1, 2);
    let book = |h: &Holdings| h.book(&world, Basis::Maintenance).map(|b| b.equity());
    let one = Position { asset: 0, base: 1, entry: 0, profit_cap: 0 };
    assert_eq!(book(&long(0, u64::MAX, 0)), Err(RiskError::Overflow));
    assert_eq!(book(&long(2, 1, 0)), Err(RiskError::UnknownAsset));
    assert_eq!(book(&long(99, 1, 0)), Err(RiskError::UnknownAsset));
    let positions = vec![Position { base: i64::MIN, ..one }, Position { base: -1, ..one }];
    assert_eq!(book(&Holdings { positions, ..Holdings::default() }), Err(RiskError::Overflow));
    let positions = vec![Position { entry: i64::MIN, base: 0, ..one }];
    assert_eq!(book(&Holdings { positions, quote: -1, ..Holdings::default() }), Err(RiskError::Overflow));
}

/// Without a price a holding counts for nothing. A debt must not.
#[test]
fn what_is_owed_is_not_valued_without_a_price() {
    let mut world = World::random(3, 1);
    (world.assets[0].spot, world.assets[0].stable) = (Price::default(), Price::default());
    assert_eq!(long(0, 1_000, 5).book(&world, Basis::Maintenance).unwrap().equity(), 5);
    let positions = vec![Position { asset: 0, base: -1_000, entry: 10, profit_cap: 0 }];
    let owed = Holdings { positions, ..Holdings::default() };
    for basis in BASES {
        assert_eq!(owed.book(&world, basis).err(), Some(RiskError::BadPrice));
    }
}

/// The pump in numbers: spot crashes from 100 to 60 while the stable price stays. Ten units held,
/// eleven sold short at 100; by net exposure the book is short, and 100 is the worse price for it.
#[test]
fn one_unit_of_over_hedge_does_not_make_withdrawable_what_is_unsettled() {
    let mut world = World::random(5, 1);
    let at = |dollars: i64| Price::from_decimal(dollars, 0, 6).unwrap();
    (world.assets[0].spot, world.assets[0].stable) = (at(60), at(100));
    let mut holdings = long(0, 10, 0);
    holdings.positions.push(short(0, 11, &at(100), 0));
    assert_eq!(holdings.book(&world, Basis::Maintenance).unwrap().equity(), 600 + 440);
    assert_eq!(holdings.book(&world, Basis::Withdrawal).unwrap().equity(), 600);
    assert_eq!(rate_from_bps(10_000), RATE_ONE);
}
