//! Amounts as people write them, exact to the native unit: never through a binary fraction.

use anyhow::{Result, bail, ensure};

use crate::report::format;

/// Decimals of the quote token.
pub const QUOTE_DECIMALS: u8 = 6;
/// Decimals that a price may have on the command line.
const PRICE_DECIMALS: u8 = 12;

/// Native units of a decimal number such as `1.5` or `12_000`.
///
/// # Errors
/// What is no number, is negative, has more places than the token, or does not fit.
pub fn parse(text: &str, decimals: u8) -> Result<u64> {
    let plain = text.replace('_', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    ensure!(
        !(whole.is_empty() && fraction.is_empty()) && digits(whole) && digits(fraction),
        "'{text}' is no amount: give digits with a point, as in 1.5"
    );
    let fraction = fraction.trim_end_matches('0');
    ensure!(
        fraction.len() <= usize::from(decimals),
        "'{text}' is finer than the token, which has {decimals} decimals"
    );
    let native: String = format!("{whole}{fraction:0<width$}", width = usize::from(decimals));
    let native = native.trim_start_matches('0');
    match native {
        "" => Ok(0),
        digits => digits.parse().or_else(|_| bail!("'{text}' is more than the chain can count")),
    }
}

/// A decimal number of native units: exact, without trailing zeros, with separators.
#[must_use]
pub fn show(native: u64, decimals: u8) -> String {
    let unit = 10u128.pow(decimals.into());
    let (whole, rest) = (u128::from(native) / unit, u128::from(native) % unit);
    let whole = u64::try_from(whole).map_or_else(|_| whole.to_string(), format::count);
    if rest == 0 {
        return whole;
    }
    let places = format!("{rest:0>width$}", width = usize::from(decimals));
    format!("{whole}.{}", places.trim_end_matches('0'))
}

/// The same of a signed number.
#[must_use]
pub fn show_signed(native: i64, decimals: u8) -> String {
    let sign = if native < 0 { "-" } else { "" };
    format!("{sign}{}", show(native.unsigned_abs(), decimals))
}

/// Quote micro-units of `base` native units (of a token with these decimals) at a price in dollars a whole token; rounded
/// down for who pays, up for who gets.
///
/// # Errors
/// A price that is none, and a product that does not fit.
pub fn value_at(price: &str, base: u64, decimals: u8, pays: bool) -> Result<u64> {
    let price = u128::from(parse(price, PRICE_DECIMALS)?);
    ensure!(price > 0, "a price is above zero");
    let product = price * u128::from(base);
    // Dollars have twelve places here and six in micro-units.
    let unit = 10u128.pow(u32::from(decimals) + u32::from(PRICE_DECIMALS - QUOTE_DECIMALS));
    let value = if pays { product / unit } else { product.div_ceil(unit) };
    match u64::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        Ok(_) => bail!("at this price the trade is worth less than a millionth of quote"),
        Err(_) => bail!("at this price the trade is worth more than the chain can count"),
    }
}

/// Dollars a whole token that `quote` micro-units for `base` native units come to, for people to read.
#[must_use]
pub fn price_of(quote: u64, base: u64, decimals: u8) -> f64 {
    quote as f64 / base as f64 * 10f64.powi(i32::from(decimals) - i32::from(QUOTE_DECIMALS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        for (text, decimals, native) in [
            ("1.5", 9, 1_500_000_000),
            ("0.1", 6, 100_000),
            ("12_000", 6, 12_000_000_000),
            (".000001", 6, 1),
            ("1.", 6, 1_000_000),
            ("0", 6, 0),
            ("1.50000000000", 6, 1_500_000),
            ("18446744073709.551615", 6, u64::MAX),
        ] {
            assert_eq!(parse(text, decimals).expect(text), native, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (text, about) in [
            ("", "is no amount"),
            (".", "is no amount"),
            ("-1", "is no amount"),
            ("1e3", "is no amount"),
            ("1,5", "is no amount"),
            ("0.0000001", "finer than the token"),
            ("18446744073709.551616", "more than the chain can count"),
        ] {
            let said = parse(text, 6).expect_err(text).to_string();
            assert!(said.contains(about), "{text}: {said}");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for native in [0, 1, 999_999, 1_000_000, 1_234_567_890_123, u64::MAX] {
            assert_eq!(parse(&show(native, 6).replace(',', ""), 6).expect("an amount"), native);
        }
        assert_eq!(show(1_234_500_000, 6), "1,234.5");
        assert_eq!(show_signed(-1_500_000_000, 9), "-1.5");
    }

    #[test]
    fn a_limit_is_rounded_for_the_trader() {
        assert_eq!(value_at("100.5", 1_500_000_000, 9, true).expect("fits"), 150_750_000);
        assert_eq!(value_at("0.000001", 1_500_000_000, 9, true).expect("fits"), 1);
        assert_eq!(value_at("0.000001", 1_500_000_000, 9, false).expect("fits"), 2);
        assert!(value_at("0", 1, 9, true).is_err() && value_at("0.000001", 1, 9, true).is_err());
    }
}
