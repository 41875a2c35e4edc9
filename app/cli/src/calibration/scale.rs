//! Dollars as the engine writes them.

use ballast_risk::price::{MAX_DECIMALS, MIN_EXPO, Price};
use ballast_risk::{Result, RiskError};

/// How an asset's prices become [`Price`]s: the decimals of its native unit, and the exponent at which
/// an oracle would publish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceScale {
    /// Decimals of a native unit.
    pub decimals: u8,
    /// Prices are rounded to `10^expo` dollars.
    pub expo: i32,
}

/// A price may rise this many times over the one that its scale was chosen for.
const HEADROOM: f64 = 1e4;

impl PriceScale {
    /// For an asset whose native unit is known, at eight places as oracles publish.
    #[must_use]
    pub const fn with_decimals(decimals: u8) -> Self {
        Self { decimals, expo: -8 }
    }

    /// For an asset that costs about `dollars`: native units of about ten micro-units, whatever a whole
    /// token costs, and as many places as leave room for a price ten thousand times higher.
    #[must_use]
    pub fn around(dollars: f64) -> Self {
        let size = dollars.max(1e-12);
        let places = (i64::MAX as f64 / (size * HEADROOM)).log10().floor().clamp(0.0, f64::from(-MIN_EXPO));
        let decimals = (size.log10().round() + 5.0).clamp(0.0, f64::from(MAX_DECIMALS));
        Self { decimals: decimals as u8, expo: -(places as i32) }
    }

    /// A price in dollars.
    ///
    /// # Errors
    /// [`RiskError::BadPrice`] outside the scale.
    pub fn price(&self, dollars: f64) -> Result<Price> {
        let scaled = (dollars * 10_f64.powi(-self.expo)).round();
        if !(1.0..i64::MAX as f64).contains(&scaled) {
            return Err(RiskError::BadPrice);
        }
        Price::from_decimal(scaled as i64, self.expo, self.decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_of_every_size_keep_their_returns() {
        for dollars in [0.000_001_2, 0.000_034, 0.51, 1.0, 3_200.0, 64_012.34, 900_000.0] {
            let scale = PriceScale::around(dollars);
            let (a, b) = (scale.price(dollars).unwrap(), scale.price(dollars * 1.01).unwrap());
            let r = b.simple_return(&a).unwrap() as f64 / (1_u64 << 32) as f64;
            assert!((r - 0.01).abs() < 2e-6, "{dollars}: {r}");
            // A million quote is a number of units that is neither coarse nor large.
            let units = 1e12 / (a.mantissa as f64 * (-f64::from(a.shift)).exp2());
            assert!((1e10..1e12).contains(&units), "{dollars}: {units} units, {scale:?}");
            assert!(scale.price(dollars * 9_000.0).is_ok() && scale.price(dollars / 900_000.0).is_ok());
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        let scale = PriceScale::around(1.0);
        for dollars in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e30] {
            assert_eq!(scale.price(dollars), Err(RiskError::BadPrice), "{dollars}");
        }
    }
}
