//! One function a family of primitives: draws inputs, calls the engine, puts inputs and results.

mod arithmetic;
mod books;
mod charges;
mod market;
mod options;

use ballast_risk::Result;
use ballast_risk::book::MAX_ASSETS;
use ballast_risk::margin::Margin;
use ballast_risk::price::Price;
use ballast_risk::scenario::Column;

use crate::draw::Draw;
use crate::wire::Answer;

/// Columns for the families that need scenarios; drawn once, by the test.
pub type Ring = [Column; MAX_ASSETS];

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Family {
    /// `mul_div_floor`, `mul_div_ceil`, `mul_div_floor_signed`, `wide`.
    MulDiv,
    /// `charge`, `credit`, `rate_from_bps`.
    Rates,
    /// `sigma_from_variance`.
    Root,
    /// `exp2_neg`, `decay`, `grown`.
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
    /// `ForecastWeights::variance`.
    Forecast,
    /// `over_horizon`, `Implied`.
    Implied,
    /// `Index`, `tick_interval`, `Notice`.
    Index,
    /// `get`, `set`, `Tails`.
    Ring,
    /// `Vector`, `weight`, `shift_for`, `fits`.
    Vector,
    /// `fade`, `score`, `retire`.
    Memory,
    /// `stress::column`, `Shock`, `StressVector`, `blend`.
    Stress,
    /// `Impact`, `Depth`, `crowding`.
    Liquidity,
    /// `Envelope`.
    Envelope,
    /// `haircuts`, `Seasoning`.
    Haircut,
    /// `terms`, `target`, `judge`.
    Liquidation,
    /// `collateral_credit`, `payable`, `unsettled`.
    Settlement,
    /// `within_band`, `no_worse_than_liquidation`, `fee`, `Change`.
    Fill,
    /// `Book` on every basis, with an adjustment and a liquidation step.
    Book,
    /// Tables, `Contract`: Black-76.
    Black,
    /// `OptionPosition`, `Curve`, `Rows`.
    Options,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::MulDiv,
        Self::Rates,
        Self::Root,
        Self::Decay,
        Self::Logarithm,
        Self::Decimal,
        Self::Price,
        Self::Volatility,
        Self::Standardise,
        Self::Forecast,
        Self::Implied,
        Self::Index,
        Self::Ring,
        Self::Vector,
        Self::Memory,
        Self::Stress,
        Self::Liquidity,
        Self::Envelope,
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
        self.expected_shortfall.put(out);
        self.stress.put(out);
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
        Family::MulDiv => arithmetic::mul_div(draw, out),
        Family::Rates => arithmetic::rates(draw, out),
        Family::Root => arithmetic::root(draw, out),
        Family::Decay => arithmetic::decay(draw, out),
        Family::Logarithm => arithmetic::logarithm(draw, out),
        Family::Decimal => arithmetic::decimal(draw, out),
        Family::Price => arithmetic::price(draw, out),
        Family::Volatility => market::volatility(draw, out),
        Family::Standardise => market::standardise(draw, out),
        Family::Forecast => market::forecast(draw, out),
        Family::Implied => market::implied(draw, out),
        Family::Index => market::index(draw, out),
        Family::Ring => market::rows(draw, ring, out),
        Family::Vector => market::vector(draw, ring, out),
        Family::Memory => market::memory(draw, ring, out),
        Family::Stress => charges::stress_rows(draw, out),
        Family::Liquidity => charges::liquidity(draw, out),
        Family::Envelope => charges::envelope(draw, out),
        Family::Haircut => charges::haircut(draw, out),
        Family::Liquidation => charges::liquidate(draw, out),
        Family::Settlement => charges::settle(draw, out),
        Family::Fill => charges::filled(draw, out),
        Family::Book => books::book(draw, ring, out),
        Family::Black => options::black(draw, out),
        Family::Options => options::options(draw, ring, out),
    }
}
