//! Options: their prices, and the curves they add to a book.

use ballast_risk::black::{Contract, MAX_GROWTH_BITS, Point};
use ballast_risk::book::MAX_ASSETS;
use ballast_risk::curve::Curve;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::option::{self, Kind, OptionPosition, Settling, VolBand};
use ballast_risk::price::Price;
use ballast_risk::rows::Rows;
use ballast_risk::scenario::Vector;
use ballast_risk::table;

use super::books::quantity;
use super::{Ring, Words};
use crate::draw::Draw;
use crate::wire::Answer;

#[inline(never)]
pub fn black(draw: &mut Draw, out: &mut Answer) {
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
pub fn options(draw: &mut Draw, ring: &Ring, out: &mut Answer) {
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
