//! Fixed point and prices.

use ballast_risk::fixed::{self, RATE_ONE};
use ballast_risk::price::Price;

use super::Words;
use crate::draw::Draw;
use crate::wire::Answer;

#[inline(never)]
pub(super) fn mul_div(draw: &mut Draw, out: &mut Answer) {
    let (a, b, c) = (draw.word(), draw.word(), draw.word());
    a.put(out);
    fixed::mul_div_floor(a, b, c).put(out);
    fixed::mul_div_ceil(a, b, c).put(out);
    let (a, b, c) = (draw.signed(), draw.signed(), draw.signed());
    c.put(out);
    fixed::mul_div_floor_signed(a, b, c).put(out);
    fixed::wide(draw.word(), draw.word()).put(out);
}

#[inline(never)]
pub(super) fn rates(draw: &mut Draw, out: &mut Answer) {
    let (value, rate) = (draw.word(), draw.word());
    value.put(out);
    fixed::charge(value, rate).put(out);
    fixed::credit(value, rate).put(out);
    fixed::charge(value, rate % (2 * RATE_ONE)).put(out);
    // Below the bounds of the way by halves.
    fixed::charge(value >> 10, rate >> 24).put(out);
    fixed::rate_from_bps(draw.half()).put(out);
}

#[inline(never)]
pub(super) fn root(draw: &mut Draw, out: &mut Answer) {
    let variance = draw.word();
    variance.put(out);
    fixed::sigma_from_variance(variance).put(out);
}

#[inline(never)]
pub(super) fn decay(draw: &mut Draw, out: &mut Answer) {
    let (elapsed, half_life) = (draw.word(), draw.word());
    elapsed.put(out);
    fixed::exp2_neg(elapsed).put(out);
    fixed::decay(elapsed, half_life).put(out);
    fixed::decay(elapsed % 10_000_000, half_life % 1_000_000).put(out);
    let value = draw.word();
    fixed::grown(value, elapsed, half_life).put(out);
    fixed::grown(value >> 16, elapsed % 100_000, half_life % 100_000).put(out);
}

#[inline(never)]
pub(super) fn logarithm(draw: &mut Draw, out: &mut Answer) {
    let (x, y) = (draw.word(), draw.signed());
    x.put(out);
    fixed::ln(x).put(out);
    fixed::exp(y).put(out);
    fixed::exp(y % (22 << 32)).put(out);
}

#[inline(never)]
pub(super) fn decimal(draw: &mut Draw, out: &mut Answer) {
    let (raw, expo, decimals) = (draw.signed(), draw.below(16) as i32 - 14, draw.below(15) as u8);
    raw.put(out);
    Price::from_decimal(raw, expo, decimals).put(out);
}

#[inline(never)]
pub(super) fn price(draw: &mut Draw, out: &mut Answer) {
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
