//! What the property tests share: numbers that look for trouble, a board in memory, and the plain
//! arithmetic that the engine's packed arithmetic is compared with.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod normal;

use ballast_risk::Result;
use ballast_risk::RiskError;
use ballast_risk::asset::{AssetRisk, RiskView, Side};
use ballast_risk::book::{Basis, Book, Position};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::forecast::{ForecastWeights, MAX_SHORT_WEIGHT_BPS, MIN_WEIGHT_BPS};
use ballast_risk::haircut::{Drivers, HaircutBounds, Seasoning, haircuts};
use ballast_risk::liquidity::Impact;
use ballast_risk::margin::{Margin, MarginParams};
use ballast_risk::price::{MAX_SHIFT, Price};
use ballast_risk::scenario::{self, Column, RISK_BITS, SCENARIOS, Tails, WORDS, WORST, Z_BITS};
use ballast_risk::stress::{self, STRESS_ROWS, Shock, StressColumn, StressParams};
use proptest::prelude::*;

/// One, as `f64`, in units of 2⁻³².
pub const UNIT: f64 = RATE_ONE as f64;

/// So many inputs a property, or more where `PROPTEST_CASES` asks for more.
pub fn cases(least: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let cases = least.max(asked);
    ProptestConfig {
        cases,
        max_global_rejects: cases.saturating_mul(16).max(1_024),
        ..ProptestConfig::default()
    }
}

/// All of `u64`, with its edges and the edges of its bits as likely as its middle.
pub fn wide_u64() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        (any::<u64>(), 0u32..64).prop_map(|(x, by)| x >> by),
        (0u32..64).prop_map(|bit| 1 << bit),
        (0u32..64).prop_map(|bit| (1 << bit) - 1),
        Just(u64::MAX),
        0u64..4,
    ]
}

/// All of `u32`, as [`wide_u64`].
pub fn wide_u32() -> impl Strategy<Value = u32> {
    wide_u64().prop_map(|x| x as u32)
}

/// Weights of any kind: wild, summing to the whole, accepted.
pub fn any_weights() -> impl Strategy<Value = ForecastWeights> {
    let any = (any::<u16>(), any::<u16>(), any::<u16>());
    let any = any.prop_map(|(short, fast, slow)| ForecastWeights { short, fast, slow });
    let whole = (0u16..=10_000, 0u16..=10_000).prop_map(|(a, b)| {
        let (low, high) = (a.min(b), a.max(b));
        ForecastWeights { short: low, fast: high - low, slow: 10_000 - high }
    });
    prop_oneof![any, whole, good_weights()]
}

/// Weights that are accepted, the bounds among them.
pub fn good_weights() -> impl Strategy<Value = ForecastWeights> {
    let low = MIN_WEIGHT_BPS;
    let short = prop_oneof![low..=MAX_SHORT_WEIGHT_BPS, Just(low), Just(MAX_SHORT_WEIGHT_BPS)];
    short.prop_flat_map(move |short| {
        let most = 10_000 - short - low;
        let fast = prop_oneof![low..=most, Just(low), Just(most)];
        fast.prop_map(move |fast| ForecastWeights { short, fast, slow: 10_000 - short - fast })
    })
}

/// All of `i64`, as [`wide_u64`], on both sides of zero.
pub fn wide_i64() -> impl Strategy<Value = i64> {
    prop_oneof![
        (wide_u64(), any::<bool>()).prop_map(|(x, negative)| {
            let x = x as i64;
            if negative { x.wrapping_neg() } else { x }
        }),
        Just(i64::MIN),
        Just(i64::MAX),
    ]
}

/// Every price that can be.
pub fn any_price() -> impl Strategy<Value = Price> {
    let mantissa = prop_oneof![(1u64 << 47)..(1 << 48), Just(1u64 << 47), Just((1u64 << 48) - 1)];
    (mantissa, 0..=MAX_SHIFT).prop_map(|(mantissa, shift)| Price { mantissa, shift })
}

/// A price as `f64`; exact, since a mantissa has 48 bits.
pub fn to_f64(price: &Price) -> f64 {
    price.mantissa as f64 * 2f64.powi(-(price.shift as i32))
}

/// The normalised price nearest below a positive `f64` in `[2⁻⁵², 2⁴⁷)`.
pub fn from_f64(x: f64) -> Price {
    let shift = 47 - x.log2().floor() as i32;
    let mantissa = (x * 2f64.powi(shift)) as u64;
    Price { mantissa: mantissa.clamp(1 << 47, (1 << 48) - 1), shift: shift as u32 }
}

/// A deterministic stream of numbers: a world of 256 rows a column from one shrinkable seed.
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// In `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// In `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Fat-tailed around zero with unit scale: a bell, now and then stretched.
    pub fn shock(&mut self) -> f64 {
        let bell = (0..6).map(|_| self.unit()).sum::<f64>() - 3.0;
        let stretch = if self.unit() < 0.04 { self.between(2.0, 12.0) } else { 1.0 };
        bell * 1.4 * stretch
    }
}

/// A column from its rows.
pub fn column(rows: impl Iterator<Item = i64>) -> Column {
    let mut column = [0; WORDS];
    rows.take(SCENARIOS).enumerate().for_each(|(row, z)| scenario::set(&mut column, row, z));
    column
}

/// Rows of a column.
pub fn rows(column: &Column) -> impl Iterator<Item = i64> {
    (0..SCENARIOS).map(|row| scenario::get(column, row))
}

/// Minus the sum of the [`WORST`] smallest, by sorting; not below zero.
pub fn sorted_worst(mut profits: Vec<i128>) -> i128 {
    profits.sort_unstable();
    -profits[..WORST].iter().sum::<i128>().min(0)
}

/// Units of 2⁻⁴²·7⁻¹ micro-unit in which [`exact_shortfall`] counts: σ has 32 bits, z has 10.
pub const EXACT_UNIT: i128 = (WORST as i128) << (32 + Z_BITS);

/// The Expected Shortfall of exposures `(signed micro-units, σ, column)`, by sorting, without any
/// rounding, in units of `1/EXACT_UNIT` micro-unit.
pub fn exact_shortfall(exposures: &[(i64, u64, &Column)]) -> i128 {
    let profit = |row| {
        let of = |&(w, sigma, z): &(i64, u64, &Column)| {
            i128::from(w) * i128::from(sigma) * i128::from(scenario::get(z, row))
        };
        exposures.iter().map(of).sum()
    };
    sorted_worst((0..SCENARIOS).map(profit).collect())
}

/// A board in memory.
#[derive(Clone)]
pub struct World {
    pub assets: Vec<AssetRisk>,
    pub columns: Vec<Column>,
    pub stress: Vec<StressColumn>,
    pub drivers: Vec<Drivers>,
}

impl core::fmt::Debug for World {
    /// Without the columns: a failure is to be read.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(&self.assets).finish()
    }
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

/// Bounds in which most assets of [`World::random`] net and some do not.
pub const BOUNDS: HaircutBounds = HaircutBounds { min: rate_from_bps(300), max: rate_from_bps(6_000) };

/// A quarter of stress, as EMIR has it, and a fifth of every hedge lost.
pub const STRESS: StressParams =
    StressParams { weight: rate_from_bps(2_500), decorrelation: rate_from_bps(2_000) };

impl World {
    /// Assets with a common factor, fat tails, σ from 0.1 % to 13 %, prices over nine decades, a stable price that
    /// lags, days of joint stress, and depth that some accounts are too large for.
    pub fn random(seed: u64, assets: usize) -> Self {
        let mut s = Stream::new(seed);
        let factor: Vec<f64> = (0..SCENARIOS).map(|_| s.shock()).collect();
        let days: Vec<f64> = (0..STRESS_ROWS / 2).map(|_| s.between(-0.5, 0.4)).collect();
        let mut world = Self { assets: vec![], columns: vec![], stress: vec![], drivers: vec![] };
        for _ in 0..assets {
            let beta = s.between(-0.3, 1.0);
            let column =
                column(factor.iter().map(|f| ((f * beta + s.shock() * (1.0 - beta)) * 1024.0) as i64));
            let sigma = (UNIT * 0.13 * s.unit().powi(3).max(0.008)) as u64;
            let spot = from_f64(10f64.powf(s.between(-4.0, 5.0)));
            let stable = from_f64(to_f64(&spot) * s.between(0.7, 1.4));

            let mut shocks = [0; STRESS_ROWS];
            for (shock, day) in shocks.iter_mut().zip(&days) {
                *shock = ((day * beta + s.between(-0.1, 0.1)) * 4_096.0) as i16;
            }
            let stress = stress::column(&shocks);
            let own = Shock { long: s.between(0.05 * UNIT, 0.5 * UNIT) as u64, short: (0.4 * UNIT) as u64 };
            let impact = Impact::new(RATE_ONE, sigma, 10f64.powf(s.between(9.0, 15.0)) as u64);
            let crowds = [0, 0].map(|_| 10f64.powf(s.between(6.0, 14.0)) as u64);
            let lived = if s.unit() > 0.05 { 1_000 } else { s.bits() as u32 % 1_000 };

            let risk = AssetRisk {
                spot,
                stable,
                sigma,
                tail: 0,
                netted: true,
                long: Side { crowd: crowds[0], ..Side::default() },
                short: Side { crowd: crowds[1], ..Side::default() },
                floor: 0,
                impact,
                crowding: if s.unit() < 0.3 { s.between(0.0, 0.2 * UNIT) as u64 } else { 0 },
                favour: 0,
                void: false,
            };
            let half_spread = s.between(0.0, 0.002 * UNIT) as u64;
            let drivers = Drivers {
                sigma,
                expected: (sigma as f64 * s.between(0.5, 1.2)) as u64,
                tails: Tails::of(&column),
                shock: own.covering(&stress),
                liquidity_long: half_spread + impact.rate(crowds[0]),
                liquidity_short: half_spread + impact.rate(crowds[1]),
                seasoning: Seasoning { lived, needed: 1_000, ..Seasoning::FULL },
            };
            world.assets.push(risk);
            world.columns.push(column);
            world.stress.push(stress);
            world.drivers.push(drivers);
        }
        world.publish(&BOUNDS);
        world
    }

    /// Publishes the risk of every asset, from its σ, its columns and its drivers.
    pub fn publish(&mut self, bounds: &HaircutBounds) {
        for (asset, risk) in self.assets.iter_mut().enumerate() {
            let drivers = &mut self.drivers[asset];
            (drivers.sigma, drivers.tails) = (risk.sigma, Tails::of(&self.columns[asset]));
            drivers.shock = drivers.shock.covering(&self.stress[asset]);
            let h = haircuts(drivers, &STRESS, bounds);
            let side = |old: Side, haircut, addon, shock| Side { haircut, addon, shock, ..old };
            risk.long = side(risk.long, h.long, h.addon_long, drivers.shock.long);
            risk.short = side(risk.short, h.short, h.addon_short, drivers.shock.short);
            (risk.tail, risk.netted, risk.floor) = (drivers.tails.widest(), h.netted, bounds.min);
        }
    }

    /// Publishes again, all assets seasoned, under other bounds.
    pub fn with_bounds(mut self, bounds: &HaircutBounds) -> Self {
        self.drivers.iter_mut().for_each(|d| d.seasoning = Seasoning::FULL);
        self.publish(bounds);
        self
    }

    /// Without what depends on liquidity: no spread, no impact, no crowding.
    pub fn liquid(mut self) -> Self {
        for (risk, drivers) in self.assets.iter_mut().zip(&mut self.drivers) {
            (risk.impact, risk.crowding) = (Impact::default(), 0);
            (drivers.liquidity_long, drivers.liquidity_short) = (0, 0);
        }
        self.publish(&BOUNDS);
        self
    }

    /// Native units of an asset that are worth about `value` micro-units at spot.
    pub fn units(&self, asset: usize, value: f64) -> i64 {
        (value / to_f64(&self.assets[asset].spot)) as i64
    }
}

/// What an account holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub quote: i64,
    pub collateral: Vec<(usize, u64)>,
    pub positions: Vec<Position>,
}

/// Parameters of a clearinghouse in most tests: IM = 1.2·MM, at least one quote and 1 % of gross.
pub const PARAMS: MarginParams = MarginParams {
    initial_ratio_bps: 12_000,
    min_maintenance: 1_000_000,
    gross_floor: rate_from_bps(100),
    stress: STRESS,
    notice: RATE_ONE,
};

/// No minima, no ratio and no stress: the plain core and the add-ons.
pub const BARE: MarginParams =
    MarginParams { stress: StressParams { weight: 0, decorrelation: 0 }, ..BLENDED };

/// What haircuts are made for: the blended core and the add-ons, without minima and ratio.
pub const BLENDED: MarginParams =
    MarginParams { initial_ratio_bps: 10_000, min_maintenance: 0, gross_floor: 0, ..PARAMS };

impl Holdings {
    pub fn book<'a>(&self, world: &'a World, basis: Basis) -> Result<Book<'a>> {
        let (collateral, positions) = (self.collateral.iter().copied(), self.positions.iter().copied());
        Book::new(self.quote, collateral, positions, world, basis)
    }

    pub fn margin(&self, world: &World, basis: Basis, params: &MarginParams) -> Result<Margin> {
        self.book(world, basis)?.margin(params)
    }

    /// Collateral and positions worth up to `scale` micro-units each, in random assets and sides.
    pub fn random(seed: u64, world: &World, scale: f64) -> Self {
        let mut s = Stream::new(seed);
        let assets = world.assets.len();
        let pick = |s: &mut Stream| (s.bits() as usize) % assets;
        let collateral = (0..assets).map(|_| {
            let asset = pick(&mut s);
            (asset, world.units(asset, s.between(0.0, scale)).unsigned_abs())
        });
        let collateral = collateral.collect();
        let positions = (0..assets).map(|_| {
            let asset = pick(&mut s);
            let value = s.between(-scale, scale);
            Position {
                asset,
                base: world.units(asset, value),
                entry: (-value * s.between(0.6, 1.5)) as i64,
                profit_cap: s.between(0.0, scale / 4.0) as u64,
            }
        });
        Self { positions: positions.collect(), collateral, quote: s.between(-scale, scale) as i64 }
    }
}

impl Holdings {
    /// A position in one asset.
    pub fn position(asset: usize, base: i64) -> Self {
        let positions = vec![Position { asset, base, entry: 0, profit_cap: 0 }];
        Self { positions, ..Self::default() }
    }

    /// Two accounts in one.
    pub fn with(mut self, other: &Self) -> Self {
        self.collateral.extend(&other.collateral);
        self.positions.extend(&other.positions);
        self.quote += other.quote;
        self
    }
}

/// A world of 1 to `most` assets and an account in it worth anything from dust to a hundred million quote.
pub fn account(most: usize) -> impl Strategy<Value = (World, Holdings)> {
    (any::<u64>(), any::<u64>(), 1..=most, 0f64..13.0).prop_map(|(world, holdings, assets, decades)| {
        let world = World::random(world, assets);
        let holdings = Holdings::random(holdings, &world, 10f64.powf(decades));
        (world, holdings)
    })
}

/// One long collateral, paid for with borrowed quote.
pub fn long(asset: usize, units: u64, quote: i64) -> Holdings {
    Holdings { quote, collateral: vec![(asset, units)], positions: vec![] }
}

/// What rounding may add to a core of these legs' tails at the scale of `total_risk` (2⁻⁸
/// micro-units): twice the charge, and one unit. As documented on `Vector::expected_shortfall`.
pub fn rounding(total_risk: u64, tails: u64) -> u64 {
    let unit = (1u128 << scenario::shift_for(total_risk)) + 2;
    (u128::from(tails) * unit).div_ceil((WORST as u128) << (Z_BITS + RISK_BITS)) as u64 + 1
}

/// What rounding may add to a joint stress of legs of `total` micro-units, the wider of whose shocks sum to `widest`:
/// twice the charge, and one unit. As documented on `StressVector::worst`.
pub fn stress_rounding(total: u64, widest: u64) -> u64 {
    let unit = (1u128 << scenario::shift_for(total)) + 2;
    (u128::from(widest) * unit).div_ceil(u128::from(RATE_ONE)) as u64 + 2
}

/// The exposures of a book as (asset, signed micro-units), as the engine sees them: rounded away from zero.
pub fn legs(book: &Book, world: &World, basis: Basis) -> Vec<(usize, i64)> {
    let leg = |asset: usize| {
        let risk = &world.assets[asset];
        let quantity = book.quantity(asset);
        let lower = if risk.stable.is_below(&risk.spot) { risk.stable } else { risk.spot };
        let higher = if risk.stable.is_below(&risk.spot) { risk.spot } else { risk.stable };
        let price = match basis {
            Basis::Maintenance => risk.spot,
            _ if quantity >= 0 => lower,
            _ => higher,
        };
        (asset, price.value(quantity).unwrap() + i64::from(quantity > 0))
    };
    (0..world.assets.len()).map(leg).collect()
}

/// The netted ones of them, with what the core knows of them.
pub fn exposures<'a>(book: &Book, world: &'a World, basis: Basis) -> Vec<(i64, u64, &'a Column)> {
    let netted = legs(book, world, basis).into_iter().filter(|leg| world.assets[leg.0].netted);
    netted.map(|(asset, w)| (w, world.assets[asset].sigma, &world.columns[asset])).collect()
}

/// [`rounding`] of a book's exposures.
pub fn rounding_of(exposures: &[(i64, u64, &Column)]) -> u64 {
    let risk = |&(w, sigma, _): &(i64, u64, &Column)| {
        (u128::from(w.unsigned_abs()) * u128::from(sigma)).div_ceil(1 << (32 - RISK_BITS)) as u64
    };
    let held = exposures.iter().filter(|leg| leg.0 != 0);
    let tails = held.map(|leg| u64::from(Tails::of(leg.2).widest())).sum();
    rounding(exposures.iter().map(risk).sum(), tails)
}
