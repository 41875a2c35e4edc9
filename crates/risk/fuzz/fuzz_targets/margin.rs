//! Any account on any board: a margin or a named error, and where it is a margin, what must hold of every margin.
#![no_main]

use arbitrary::{Arbitrary, Result as Drawn, Unstructured};
use ballast_risk::asset::{AssetRisk, RiskView, Side};
use ballast_risk::book::{Basis, Book, MAX_GROSS, Position};
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::haircut::{Drivers, HaircutBounds, Seasoning, haircuts};
use ballast_risk::liquidity::Impact;
use ballast_risk::margin::{Margin, MarginParams};
use ballast_risk::price::{MAX_SHIFT, Price};
use ballast_risk::scenario::{Column, SCENARIOS, Tails, WORDS, set};
use ballast_risk::stress::{self, STRESS_ROWS, Shock, StressColumn, StressParams};
use ballast_risk::{Result, RiskError};
use libfuzzer_sys::fuzz_target;

/// Most assets of a board; as many slots of either kind in an account.
const ASSETS: usize = 6;

/// A board, inside the domain that its setters guard.
struct World {
    assets: Vec<AssetRisk>,
    columns: Vec<Column>,
    stress: Vec<StressColumn>,
}

impl RiskView for World {
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        self.assets.get(index).copied().ok_or(RiskError::UnknownAsset)
    }

    fn column(&self, index: usize) -> Result<&Column> {
        self.columns.get(index).ok_or(RiskError::UnknownAsset)
    }

    fn stress(&self, index: usize) -> Result<&StressColumn> {
        self.stress.get(index).ok_or(RiskError::UnknownAsset)
    }
}

fn rate(u: &mut Unstructured) -> Drawn<u64> {
    u.int_in_range(0..=RATE_ONE)
}

fn price(u: &mut Unstructured) -> Drawn<Price> {
    Ok(Price { mantissa: u.int_in_range(1 << 47..=(1 << 48) - 1)?, shift: u.int_in_range(0..=MAX_SHIFT)? })
}

/// Of any magnitude: an arbitrary number is a large one.
fn amount(u: &mut Unstructured) -> Drawn<i64> {
    let by = u.int_in_range(0..=63)?;
    Ok(i64::arbitrary(u)? >> by)
}

impl World {
    fn draw(u: &mut Unstructured, params: &MarginParams) -> Drawn<Self> {
        let mut world = Self { assets: vec![], columns: vec![], stress: vec![] };
        for _ in 0..u.int_in_range(1..=ASSETS)? {
            let mut column = [0; WORDS];
            // A short pattern repeated: 256 rows of their own would leave the fuzzer little else to say.
            let pattern = <[i16; 8]>::arbitrary(u)?;
            for row in 0..SCENARIOS {
                set(&mut column, row, pattern[row * (1 + row / 8) % 8].into());
            }
            // A joint day takes no more than all of what is held.
            let mut shocks = [0i16; STRESS_ROWS];
            for shock in &mut shocks[..4] {
                *shock = i16::arbitrary(u)?.max(-4_096);
            }
            let stress = stress::column(&shocks);
            let shock = Shock { long: rate(u)?, short: rate(u)? }.covering(&stress);

            let (sigma, floor) = (u.int_in_range(1..=RATE_ONE - 1)?, u.int_in_range(1..=RATE_ONE)?);
            let bounds = HaircutBounds { min: floor, max: u.int_in_range(floor..=RATE_ONE)? };
            let impact = Impact::new(u.int_in_range(0..=4 * RATE_ONE)?, sigma, u64::arbitrary(u)?);
            let crowds = [amount(u)?.unsigned_abs(), amount(u)?.unsigned_abs()];
            let tails = Tails::of(&column);
            let drivers = Drivers {
                sigma,
                expected: rate(u)?,
                tails,
                shock,
                liquidity_long: impact.rate(crowds[0]),
                liquidity_short: impact.rate(crowds[1]),
                seasoning: Seasoning { lived: u.int_in_range(0..=2)?, ..Seasoning::FULL },
            };
            let h = haircuts(&drivers, &params.stress, &bounds);
            assert!(
                (bounds.min..=bounds.max).contains(&h.long) && (bounds.min..=bounds.max).contains(&h.short)
            );
            world.assets.push(AssetRisk {
                spot: price(u)?,
                stable: price(u)?,
                sigma,
                tail: tails.widest(),
                netted: h.netted,
                long: Side { haircut: h.long, addon: h.addon_long, shock: shock.long, crowd: crowds[0] },
                short: Side { haircut: h.short, addon: h.addon_short, shock: shock.short, crowd: crowds[1] },
                floor,
                impact,
                crowding: rate(u)?,
                favour: 0,
                void: false,
            });
            world.columns.push(column);
            world.stress.push(stress);
        }
        Ok(world)
    }
}

struct Holdings {
    quote: i64,
    collateral: Vec<(usize, u64)>,
    positions: Vec<Position>,
}

impl Holdings {
    fn draw(u: &mut Unstructured) -> Drawn<Self> {
        let slot = |u: &mut Unstructured| u.int_in_range(0..=ASSETS);
        let mut held = Self { quote: amount(u)?, collateral: vec![], positions: vec![] };
        for _ in 0..slot(u)? {
            held.collateral.push((slot(u)?, amount(u)?.unsigned_abs()));
        }
        for _ in 0..slot(u)? {
            let (asset, base, entry) = (slot(u)?, amount(u)?, amount(u)?);
            held.positions.push(Position { asset, base, entry, profit_cap: amount(u)?.unsigned_abs() });
        }
        Ok(held)
    }

    fn book<'a>(&self, world: &'a World, basis: Basis) -> Result<Book<'a>> {
        let (collateral, positions) = (self.collateral.iter().copied(), self.positions.iter().copied());
        Book::new(self.quote, collateral, positions, world, basis)
    }
}

fn params(u: &mut Unstructured) -> Drawn<MarginParams> {
    Ok(MarginParams {
        initial_ratio_bps: u.int_in_range(10_000..=100_000)?,
        min_maintenance: u.int_in_range(0..=1 << 40)?,
        gross_floor: rate(u)?,
        stress: StressParams { weight: rate(u)?, decorrelation: rate(u)? },
        notice: u.int_in_range(1..=RATE_ONE)?,
    })
}

/// What holds of every margin.
fn check(m: &Margin, gross: u64, params: &MarginParams) {
    assert!(m.core >= m.expected_shortfall && m.core <= m.expected_shortfall.max(m.stress));
    assert!(m.maintenance == 0 || m.maintenance >= m.core + m.addons);
    assert!(m.initial >= m.maintenance);
    assert!(m.maintenance == 0 || m.maintenance >= params.min_maintenance);
    let floor = (u128::from(gross) * u128::from(params.gross_floor)).div_ceil(1 << 32);
    assert!(u128::from(m.maintenance) >= floor && gross <= MAX_GROSS);
    assert_eq!(m.is_liquidatable(), i128::from(m.equity) < i128::from(m.maintenance));
}

fn run(u: &mut Unstructured) -> Drawn<()> {
    let params = params(u)?;
    let world = World::draw(u, &params)?;
    let held = Holdings::draw(u)?;

    let mut equity = i64::MAX;
    for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
        let Ok(mut book) = held.book(&world, basis) else { continue };
        // Each basis counts for no more than the one before it.
        assert!(book.equity() <= equity, "{basis:?}");
        equity = book.equity();
        let (Ok(lagging), Ok(full)) = (book.margin(&params), book.margin(&params.at_once())) else {
            continue;
        };
        check(&lagging, book.gross(), &params);
        check(&full, book.gross(), &params);
        assert!(lagging.maintenance <= full.maintenance, "notice raises MM");
        assert_eq!(lagging.equity, full.equity);
    }

    // A liquidation's outcome is priced by adjusting: nothing may panic, and what is refused changes nothing.
    if let Ok(mut book) = held.book(&world, Basis::Maintenance) {
        for _ in 0..u.int_in_range(0..=4)? {
            let before = (book.margin(&params), book.gross());
            if book.adjust(u.int_in_range(0..=ASSETS)?, amount(u)?, amount(u)?).is_err() {
                assert_eq!((book.margin(&params), book.gross()), before);
            } else if let Ok(margin) = book.margin(&params) {
                check(&margin, book.gross(), &params);
            }
        }
    }
    Ok(())
}

fuzz_target!(|data: &[u8]| {
    // Input that runs out is an account that was not said to the end.
    let _ = run(&mut Unstructured::new(data));
});
