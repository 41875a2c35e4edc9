//! What a pool asks for a trade: the oracle's price, a fee, and a skew that grows with what it holds.
//!
//! With an inventory of `q` native units, at most `M`, the pool's price for the next unit is
//!
//! ```text
//! p(q) = P·(1 − k·q/M)
//! ```
//!
//! so a pool that is long sells cheap and buys cheap. A trader who buys `b` units (negative: sells) takes it from `q` to
//! `q − b` and pays the average on the way, because then the cost of a path depends on its ends alone: splitting a
//! trade, or going to and fro, gains nothing.
//!
//! ```text
//! paid = P·|b|·(1 + fee + k·s/2M),   s =  b − 2q   where it buys
//! got  = P·|b|·(1 − fee − k·s/2M),   s = |b| + 2q  where it sells
//! ```
//!
//! Where `M` was lowered below what the pool holds, `|q|` takes its place here: the skew never exceeds `k`, or a pool
//! that is to hold less would give its inventory away.
//!
//! Every term is rounded against the trader.

use crate::error::{Result, RiskError};
use crate::fill::reduces;
use crate::fixed::{BPS_ONE, RATE_BITS, mul_div_ceil, mul_div_floor, wide};
use crate::price::Price;

/// Fractional bits of `s/2M`.
const SKEW_BITS: u32 = 60;

/// What a pool charges, and how much it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteParams {
    /// Charged on every trade, basis points.
    pub fee_bps: u32,
    /// `k`: how far the price is moved at full inventory, a rate.
    pub skew: u64,
    /// `M`: most that it holds on either side, native units.
    pub max_position: u64,
    /// Most that it trades at once, native units.
    pub max_trade: u64,
}

/// A price for a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// What changes hands in all, quote micro-units.
    pub quote: u64,
    /// What the pool holds then, signed native units.
    pub inventory: i64,
    /// Whether it holds more then.
    pub increases: bool,
}

/// The price for a trader who buys `base` native units (negative: sells); none where the trade, or what the pool would
/// hold after it, is too large. A trade that only brings the inventory down is never too much to hold.
///
/// # Errors
/// [`RiskError::BadParameter`] for a trade of nothing or one that yields nothing, [`RiskError::Overflow`].
pub fn quote(base: i64, inventory: i64, spot: &Price, params: &QuoteParams) -> Result<Option<Quoted>> {
    if base == 0 || params.max_position == 0 {
        return Err(RiskError::BadParameter);
    }
    let after = inventory.checked_sub(base).ok_or(RiskError::Overflow)?;
    let increases = !reduces(inventory, after);
    if base.unsigned_abs() > params.max_trade || (increases && after.unsigned_abs() > params.max_position) {
        return Ok(None);
    }
    let buys = base > 0;
    // s: how far the path lies on the side that the trader pays for.
    let (b, q) = (i128::from(base.unsigned_abs()), i128::from(inventory));
    let against = if buys { b - 2 * q } else { b + 2 * q };
    // A buyer pays the value rounded up, a seller gets it rounded down.
    // ⌊−b·P⌋ is minus the first where b > 0, and the second where b < 0.
    let value = spot.value(base.checked_neg().ok_or(RiskError::Overflow)?)?.unsigned_abs();
    let charged = against > 0;
    let distance = u64::try_from(against.unsigned_abs()).map_err(|_| RiskError::Overflow)?;
    let full = params.max_position.max(inventory.unsigned_abs());
    let skew = skew_of(value, distance, full, params.skew, charged)?;
    let fee = mul_div_ceil(value, params.fee_bps.into(), BPS_ONE)?;
    let worse = i128::from(fee) + if charged { i128::from(skew) } else { -i128::from(skew) };
    let total = i128::from(value) + if buys { worse } else { -worse };
    match u64::try_from(total) {
        Ok(quote) if quote > 0 => Ok(Some(Quoted { quote, inventory: after, increases })),
        _ => Err(RiskError::BadParameter),
    }
}

/// `value·k·distance/2M`, rounded up where it is charged and down where it is given.
fn skew_of(value: u64, distance: u64, full: u64, skew: u64, up: bool) -> Result<u64> {
    let divide = if up { mul_div_ceil } else { mul_div_floor };
    let scaled = |a: u64, b: u64, bits: u32| {
        let lift = if up { (1u128 << bits) - 1 } else { 0 };
        u64::try_from(wide(a, b).checked_add(lift).ok_or(RiskError::Overflow)? >> bits)
            .map_err(|_| RiskError::Overflow)
    };
    let whole = full.checked_mul(2).ok_or(RiskError::Overflow)?;
    let share = divide(distance, 1 << SKEW_BITS, whole)?;
    scaled(value, scaled(share, skew, RATE_BITS)?, SKEW_BITS)
}
