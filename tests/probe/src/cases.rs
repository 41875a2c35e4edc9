//! One function a family of primitives: draws inputs, calls the engine, puts inputs and results.

use ballast_risk::black::{Contract, MAX_GROWTH_BITS, Point};
use ballast_risk::book::{AssetRisk, Basis, Book, MAX_ASSETS, Margin, MarginParams, Position, RiskView};
use ballast_risk::curve::Curve;
use ballast_risk::fill::{self, Change};
use ballast_risk::fixed::{self, RATE_ONE};
use ballast_risk::haircut::{HaircutBounds, haircuts};
use ballast_risk::liquidation::{self, LiquidationParams, Takeover};
use ballast_risk::option::{self, Kind, OptionPosition, Settling, VolBand};
use ballast_risk::price::Price;
use ballast_risk::rows::Rows;
use ballast_risk::scenario::{self, Column, SCENARIOS, Tails, Vector, Z_MAX};
use ballast_risk::volatility::{VolatilityParams, VolatilityState};
use ballast_risk::{Result, RiskError, settlement, table};

use crate::draw::Draw;
use crate::wire::Answer;

/// Columns for the families that need scenarios; drawn once, by the test.
pub type Ring = [Column; MAX_ASSETS];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// `mul_div_floor`, `mul_div_ceil`, `mul_div_floor_signed`.
    MulDiv,
    /// `charge`, `credit`, `rate_from_bps`.
    Rates,
    /// `sigma_from_variance`.
    Root,
    /// `exp2_neg`, `decay`.
    Decay,
    /// `ln`, `exp`.
    Logarithm,
    /// `Price::from_decimal`.
    Decimal,
    /// `Price::{value, simple_return, towards, is_below}`.
    Price,
    /// `VolatilityState::{with_prior, observe, sigma}`.
    Volatility,
    /// `standardise`.
    Standardise,
    /// `get`, `set`, `Tails`.
    Ring,
    /// `Vector`, `weight`, `shift_for`, `fits`.
    Vector,
    /// `haircuts`.
    Haircut,
    /// `terms`, `target`, `judge`.
    Liquidation,
    /// `collateral_credit`, `payable`, `unsettled`.
    Settlement,
    /// `within_band`, `no_worse_than_liquidation`, `fee`, `Change`.
    Fill,
    /// `Book` on every basis, with an adjustment and a liquidation step.
    Book,
    /// `table`, `Point`, `Contract`.
    Black,
    /// `OptionPosition`, `deviation`, `Settling`, `Curve`, `Rows`.
    Options,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::MulDiv,
        Self::Rates,
        Self::Root,
        Self::Decay,
        Self::Logarithm,
        Self::Decimal,
        Self::Price,
        Self::Volatility,
        Self::Standardise,
        Self::Ring,
        Self::Vector,
        Self::Haircut,
        Self::Liquidation,
        Self::Settlement,
        Self::Fill,
        Self::Book,
        Self::Black,
        Self::Options,
    ];

    /// The family of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// Anything that becomes words.
trait Words {
    fn put(&self, out: &mut Answer);
}

macro_rules! integers {
    ($($t:ty),*) => { $(impl Words for $t { fn put(&self, out: &mut Answer) { out.put(*self as u64) } })* };
}
integers!(u8, u32, u64, i64, bool, usize);

impl Words for i128 {
    fn put(&self, out: &mut Answer) {
        out.put(*self as u64);
        out.put((*self >> 64) as u64);
    }
}

impl Words for u128 {
    fn put(&self, out: &mut Answer) {
        (*self as i128).put(out);
    }
}

impl Words for Price {
    fn put(&self, out: &mut Answer) {
        self.mantissa.put(out);
        self.shift.put(out);
    }
}

impl Words for Margin {
    fn put(&self, out: &mut Answer) {
        self.equity.put(out);
        self.core.put(out);
        self.addons.put(out);
        self.maintenance.put(out);
        self.initial.put(out);
        self.shortfall().put(out);
        self.initial_excess().put(out);
    }
}

impl<T: Words> Words for Result<T> {
    fn put(&self, out: &mut Answer) {
        match self {
            Ok(value) => {
                0u8.put(out);
                value.put(out);
            }
            Err(e) => (1 + *e as u8).put(out),
        }
    }
}

/// Draws, computes, puts: one case.
pub fn run(family: Family, draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    match family {
        Family::MulDiv => mul_div(draw, out),
        Family::Rates => rates(draw, out),
        Family::Root => root(draw, out),
        Family::Decay => decay(draw, out),
        Family::Logarithm => logarithm(draw, out),
        Family::Decimal => decimal(draw, out),
        Family::Price => price(draw, out),
        Family::Volatility => volatility(draw, out),
        Family::Standardise => standardise(draw, out),
        Family::Ring => rows(draw, ring, out),
        Family::Vector => vector(draw, ring, out),
        Family::Haircut => haircut(draw, out),
        Family::Liquidation => liquidate(draw, out),
        Family::Settlement => settle(draw, out),
        Family::Fill => filled(draw, out),
        Family::Book => book(draw, ring, out),
        Family::Black => black(draw, out),
        Family::Options => options(draw, ring, out),
    }
}

#[inline(never)]
fn mul_div(draw: &mut Draw, out: &mut Answer) {
    let (a, b, c) = (draw.word(), draw.word(), draw.word());
    a.put(out);
    fixed::mul_div_floor(a, b, c).put(out);
    fixed::mul_div_ceil(a, b, c).put(out);
    let (a, b, c) = (draw.signed(), draw.signed(), draw.signed());
    c.put(out);
    fixed::mul_div_floor_signed(a, b, c).put(out);
}

#[inline(never)]
fn rates(draw: &mut Draw, out: &mut Answer) {
    let (value, rate) = (draw.word(), draw.word());
    value.put(out);
    fixed::charge(value, rate).put(out);
    fixed::credit(value, rate).put(out);
    fixed::charge(value, rate % (2 * RATE_ONE)).put(out);
    fixed::rate_from_bps(draw.half()).put(out);
}

#[inline(never)]
fn root(draw: &mut Draw, out: &mut Answer) {
    let variance = draw.word();
    variance.put(out);
    fixed::sigma_from_variance(variance).put(out);
}

#[inline(never)]
fn decay(draw: &mut Draw, out: &mut Answer) {
    let (elapsed, half_life) = (draw.word(), draw.word());
    elapsed.put(out);
    fixed::exp2_neg(elapsed).put(out);
    fixed::decay(elapsed, half_life).put(out);
    fixed::decay(elapsed % 10_000_000, half_life % 1_000_000).put(out);
}

#[inline(never)]
fn logarithm(draw: &mut Draw, out: &mut Answer) {
    let (x, y) = (draw.word(), draw.signed());
    x.put(out);
    fixed::ln(x).put(out);
    fixed::exp(y).put(out);
    fixed::exp(y % (22 << 32)).put(out);
}

#[inline(never)]
fn decimal(draw: &mut Draw, out: &mut Answer) {
    let (raw, expo, decimals) = (draw.signed(), draw.below(16) as i32 - 14, draw.below(15) as u8);
    raw.put(out);
    Price::from_decimal(raw, expo, decimals).put(out);
}

#[inline(never)]
fn price(draw: &mut Draw, out: &mut Answer) {
    let (a, mut b) = (draw.price(), draw.price());
    if draw.one_in(2) {
        // As prices of one asset are: near each other.
        b.shift = (a.shift + draw.below(3) as u32).min(100);
    }
    a.put(out);
    a.value(draw.signed()).put(out);
    a.simple_return(&b).put(out);
    b.simple_return(&a).put(out);
    a.towards(&b, draw.up_to(RATE_ONE + 1)).put(out);
    a.is_below(&b).put(out);
    a.is_set().put(out);
}

#[inline(never)]
fn volatility(draw: &mut Draw, out: &mut Answer) {
    let params = VolatilityParams {
        grid_s: draw.half(),
        fast_half_life_s: draw.half(),
        slow_half_life_s: draw.half(),
        horizon_s: draw.half(),
        floor: draw.up_to(RATE_ONE - 1),
    };
    params.validate().is_ok().put(out);
    let mut state = VolatilityState::with_prior(draw.word());
    let mut time = draw.signed() / 2;
    for _ in 0..4 {
        let price = if draw.one_in(3) { draw.price() } else { draw.coin() };
        state.observe(&params, &price, time).put(out);
        state.fast.put(out);
        state.slow.put(out);
        state.sample.put(out);
        state.sample_time.put(out);
        state.sigma(&params).put(out);
        time = time.saturating_add(draw.up_to(u32::MAX.into()) as i64);
    }
}

#[inline(never)]
fn standardise(draw: &mut Draw, out: &mut Answer) {
    let (r, sigma, elapsed, horizon) = (draw.signed(), draw.word(), draw.word(), draw.word());
    r.put(out);
    scenario::standardise(r, sigma, elapsed, horizon).put(out);
    let (r, sigma) = (r % (4 << 32), sigma % RATE_ONE);
    scenario::standardise(r, sigma, elapsed % 100_000, horizon % 100_000).put(out);
}

#[inline(never)]
fn rows(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
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
fn vector(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
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

#[inline(never)]
fn haircut(draw: &mut Draw, out: &mut Answer) {
    let tails = Tails { long: draw.half() >> 8, short: draw.half() >> 8 };
    let bounds = HaircutBounds { min: draw.up_to(RATE_ONE), max: draw.up_to(RATE_ONE + 1) };
    bounds.validate().is_ok().put(out);
    for seasoned in [false, true] {
        let h = haircuts(draw.up_to(2 * RATE_ONE), tails, seasoned, &bounds);
        h.long.put(out);
        h.short.put(out);
        h.addon_long.put(out);
        h.addon_short.put(out);
        h.netted.put(out);
    }
}

fn some_margin(draw: &mut Draw) -> Margin {
    let maintenance = draw.word();
    Margin { equity: draw.signed(), core: 0, addons: 0, maintenance, initial: draw.word() }
}

#[inline(never)]
fn liquidate(draw: &mut Draw, out: &mut Answer) {
    let params = LiquidationParams {
        penalty_bps: draw.half() % 20_001,
        insurance_share_bps: draw.half() % 20_001,
        buffer_bps: draw.half(),
        dust: draw.word(),
    };
    let spot = if draw.one_in(2) { draw.price() } else { draw.coin() };
    match liquidation::terms(draw.signed(), &spot, draw.signed(), &params) {
        Ok(t) => {
            t.quantity.put(out);
            t.proceeds.put(out);
            t.penalty.put(out);
            t.to_insurance.put(out);
            t.to_keeper().put(out);
        }
        Err(e) => (1 + e as u8).put(out),
    }
    liquidation::target(draw.word(), &params).put(out);
    let (before, after) = (some_margin(draw), some_margin(draw));
    before.put(out);
    let verdict = liquidation::judge(&before, &after, draw.word(), &params);
    verdict.map(|refusal| refusal.map_or(0, |r| 1 + r as u8)).put(out);
}

#[inline(never)]
fn settle(draw: &mut Draw, out: &mut Answer) {
    let (spot, stable) = (draw.price(), draw.price());
    settlement::collateral_credit(draw.word(), &spot, &stable, draw.up_to(2 * RATE_ONE)).put(out);
    settlement::payable(draw.word(), draw.signed(), draw.word()).put(out);
    settlement::unsettled(draw.signed(), draw.signed(), &spot).put(out);
    settlement::unsettled(draw.signed() >> 20, draw.signed() >> 10, &stable).put(out);
}

#[inline(never)]
fn filled(draw: &mut Draw, out: &mut Answer) {
    let (base, quote) = (draw.signed(), draw.word());
    let (spot, bps) = (if draw.one_in(2) { draw.price() } else { draw.coin() }, draw.half());
    fill::within_band(base, quote, &spot, bps).put(out);
    fill::no_worse_than_liquidation(base, quote, &spot, bps % 20_000).put(out);
    fill::fee(quote, bps).put(out);
    // A quote near the oracle's value, where the band decides.
    if let Ok(value) = spot.value(-base.saturating_abs()) {
        let near = value.unsigned_abs().saturating_add(draw.below(3)).saturating_sub(1);
        fill::within_band(base, near, &spot, bps % 100).put(out);
        fill::no_worse_than_liquidation(base, near, &spot, bps % 100).put(out);
    }
    let change = Change {
        position_before: draw.signed(),
        position_after: draw.signed(),
        excess_before: i128::from(draw.signed()) << draw.below(64),
        excess_after: i128::from(draw.signed()) << draw.below(64),
        equity_after: draw.signed(),
    };
    change.strictly_reduces().put(out);
}

/// Thirty-two assets on a ring.
struct View<'a> {
    assets: [AssetRisk; 8],
    ring: &'a Ring,
}

impl RiskView for View<'_> {
    fn asset(&self, index: usize) -> Result<AssetRisk> {
        // Eight kinds serve all columns: what differs in a book is its quantities.
        if index < MAX_ASSETS { Ok(self.assets[index % 8]) } else { Err(RiskError::UnknownAsset) }
    }

    fn column(&self, index: usize) -> Result<&Column> {
        self.ring.get(index).ok_or(RiskError::UnknownAsset)
    }
}

fn some_asset(draw: &mut Draw, ring: &Ring) -> AssetRisk {
    let spot = draw.coin();
    let stable = if draw.one_in(2) { spot } else { draw.coin() };
    let tails = Tails::of(&ring[0]);
    AssetRisk {
        spot,
        stable,
        sigma: draw.up_to(RATE_ONE - 1),
        addon_long: draw.up_to(RATE_ONE),
        addon_short: draw.up_to(RATE_ONE),
        favour: draw.up_to(RATE_ONE),
        tail: tails.widest(),
        netted: !draw.one_in(8),
    }
}

/// Native units worth up to the largest book, sometimes beyond.
fn quantity(draw: &mut Draw) -> i64 {
    let length = 10 + draw.below(40);
    let units = (draw.uniform() >> (63 - length)) as i64;
    if draw.one_in(2) { -units } else { units }
}

/// A liquidation step of up to three legs.
#[inline(never)]
fn step(draw: &mut Draw, book: &mut Book, view: &View, params: &MarginParams, out: &mut Answer) {
    let limits = LiquidationParams {
        penalty_bps: 0,
        insurance_share_bps: draw.half() % 8_001,
        buffer_bps: draw.half() % 5_001,
        dust: draw.up_to(1 << 50),
    };
    let takeovers: [Takeover; 3] = core::array::from_fn(|_| {
        let asset = draw.below(MAX_ASSETS as u64) as usize;
        let spot = view.assets[asset % 8].spot;
        let held = book.quantity(asset);
        let quantity = if held == 0 { quantity(draw) } else { held >> draw.below(3) };
        Takeover { asset, quantity, spot, penalty_bps: draw.half() % 2_001 }
    });
    match liquidation::step(book, &takeovers[..draw.below(4) as usize], params, &limits) {
        Ok(Ok(step)) => {
            step.before.put(out);
            step.after.put(out);
            step.penalty().put(out);
            step.to_insurance().put(out);
            step.terms.iter().for_each(|t| t.proceeds.put(out));
        }
        Ok(Err(refusal)) => (100 + refusal as u8).put(out),
        Err(e) => (1 + e as u8).put(out),
    }
}

#[inline(never)]
fn book(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    let view = View { assets: core::array::from_fn(|_| some_asset(draw, ring)), ring };
    let (held, traded) = (draw.below(17) as usize, draw.below(17) as usize);
    let mut collateral = [(0usize, 0u64); 16];
    for slot in &mut collateral[..held] {
        *slot = (draw.below(MAX_ASSETS as u64) as usize, quantity(draw).unsigned_abs());
    }
    let flat = Position { asset: 0, base: 0, entry: 0, profit_cap: 0 };
    let mut positions = [flat; 16];
    for slot in &mut positions[..traded] {
        let assets = if draw.one_in(64) { 33 } else { 32 };
        let asset = draw.below(assets) as usize;
        *slot = Position {
            asset,
            base: quantity(draw),
            entry: draw.signed() >> 12,
            profit_cap: draw.word() >> 12,
        };
    }
    let params =
        MarginParams { initial_ratio_bps: 10_000 + draw.half() % 20_001, min_maintenance: draw.word() >> 20 };
    let quote = draw.signed() >> 8;
    for basis in [Basis::Maintenance, Basis::Initial, Basis::Withdrawal] {
        let valued = Book::new(
            quote,
            collateral[..held].iter().copied(),
            positions[..traded].iter().copied(),
            &view,
            basis,
        );
        let mut book = match valued {
            Ok(book) => book,
            Err(e) => {
                (1 + e as u8).put(out);
                continue;
            }
        };
        book.gross().put(out);
        book.margin(&params).put(out);
        if basis == Basis::Maintenance {
            // Twice: a step that the scale of the scenarios still fits, then any.
            let asset = positions.first().map_or(0, |p| p.asset);
            book.adjust(asset, -book.quantity(asset) / 2, draw.signed() >> 16).is_ok().put(out);
            book.margin(&params).put(out);
            book.adjust(draw.below(33) as usize, quantity(draw), draw.signed() >> 16).is_ok().put(out);
            book.margin(&params).put(out);
            step(draw, &mut book, &view, &params, out);
        }
    }
    Z_MAX.put(out);
}

#[inline(never)]
fn black(draw: &mut Draw, out: &mut Answer) {
    table::ln(draw.word()).put(out);
    table::density(draw.below(table::DENSITY_END)).put(out);
    table::mills(draw.below(table::MILLS_END)).put(out);
    let bits = draw.below(u64::from(MAX_GROWTH_BITS) + 1) as u32;
    let point = Point::new(draw.up_to(((2 * RATE_ONE) << bits) - 1));
    // A strike anywhere, or near spot.
    let strike = if draw.one_in(4) { draw.signed() } else { (draw.up_to(4 * RATE_ONE) as i64).max(1) };
    let contract = Contract::new(strike, draw.up_to(8 * RATE_ONE));
    let quote = contract.quote(&point, bits);
    quote.time_value.put(out);
    quote.delta.put(out);
    contract.call(&point, bits).put(out);
    contract.put(&point, bits).put(out);
}

fn some_option(draw: &mut Draw, spot: &Price) -> OptionPosition {
    let near = Price { mantissa: spot.mantissa ^ draw.up_to((1 << 46) - 1), ..*spot };
    let share = if draw.one_in(3) { draw.up_to(RATE_ONE) } else { RATE_ONE };
    OptionPosition {
        kind: if draw.one_in(2) { Kind::Call } else { Kind::Put },
        strike: if draw.one_in(8) { draw.price() } else { near },
        contracts: quantity(draw) >> 3,
        deviation: draw.up_to(4 * RATE_ONE),
        settling: Settling { share, fixed: if draw.one_in(8) { draw.price() } else { near } },
    }
}

#[inline(never)]
fn options(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
    option::deviation(draw.word() >> 20, draw.half(), draw.half()).put(out);
    Settling::share(draw.half(), draw.half().max(1)).put(out);
    let (spot, other) = (draw.coin(), draw.price());
    spot.ratio(&other).put(out);
    let band = VolBand { down: draw.up_to(RATE_ONE), up: RATE_ONE + draw.up_to(RATE_ONE) };
    let positions: [OptionPosition; 3] = core::array::from_fn(|_| some_option(draw, &spot));
    let positions = &positions[..draw.below(4) as usize];
    for p in positions {
        p.value(&spot, &VolBand::NONE).put(out);
        p.withdrawal_value(&spot, &band).put(out);
        p.delta(&spot).put(out);
        p.short_minimum(&spot, draw.up_to(RATE_ONE)).put(out);
    }
    let sigma = draw.up_to(RATE_ONE) >> draw.below(8);
    let (weight, shift) = (draw.signed() >> 48, draw.below(47) as u32);
    let column = &ring[draw.below(MAX_ASSETS as u64) as usize];
    match Curve::new(&spot, sigma, positions.iter(), &band) {
        Ok(curve) => {
            let mut vector = Vector::new();
            vector.add(column, weight);
            let mut rows = Rows::of(&vector, shift);
            rows.add(&curve, column);
            rows.as_array().iter().for_each(|row| row.put(out));
            rows.expected_shortfall(draw.up_to(1 << 30), shift).put(out);
        }
        Err(e) => (1 + e as u8).put(out),
    }
}
