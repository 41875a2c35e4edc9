//! Numbers in words.

/// Quote micro-units in one quote unit.
const UNIT: u64 = 1_000_000;

/// `-1,234,567.89` for quote micro-units, rounded to the cent, half away from zero.
pub fn money(micro: i64) -> String {
    let cents = (micro.unsigned_abs() + 5_000) / 10_000;
    let sign = if micro < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", count(cents / 100), cents % 100)
}

/// `-1,234,568` for quote micro-units, rounded to whole quote units.
pub fn money_whole(micro: i64) -> String {
    let whole = (micro.unsigned_abs() + UNIT / 2) / UNIT;
    let sign = if micro < 0 && whole > 0 { "-" } else { "" };
    format!("{sign}{}", count(whole))
}

/// The same with a `+` when positive.
pub fn money_change(micro: i64) -> String {
    let text = money_whole(micro);
    if micro > 0 && text != "0" { format!("+{text}") } else { text }
}

/// Quote units of micro-units, for drawing only.
pub fn quote(micro: i64) -> f64 {
    micro as f64 / UNIT as f64
}

/// `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A signed count.
pub fn signed(n: i64) -> String {
    format!("{}{}", if n < 0 { "-" } else { "" }, count(n.unsigned_abs()))
}

/// A number with separators and `decimals` places; `–` when there is none.
pub fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    // Beyond u64 separators do not help anybody.
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let sign = if value < 0.0 && !zero { "-" } else { "" };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// A price with as many places as its size deserves: five significant digits, at least two places below 1,000.
pub fn price(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        s if s >= 10_000.0 => 0,
        s if s >= 1_000.0 => 1,
        s if s >= 10.0 => 2,
        s if s >= 0.1 => 4,
        s if s > 0.0 => (4.0 - s.log10().floor()).clamp(4.0, 14.0) as usize,
        _ => 2,
    };
    decimal(value, decimals)
}

/// A quantity without trailing zeros, at most six places, at most about six significant digits.
pub fn quantity(value: f64) -> String {
    let size = value.abs();
    let places = if size >= 100_000.0 {
        0
    } else if size >= 1_000.0 {
        2
    } else if size >= 1.0 {
        4
    } else {
        6
    };
    let text = decimal(value, places);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `12.34 %` for a fraction.
pub fn percent(fraction: f64, decimals: usize) -> String {
    if fraction.is_finite() { format!("{} %", decimal(fraction * 100.0, decimals)) } else { "–".into() }
}

/// The same with a `+` when positive.
pub fn percent_change(fraction: f64, decimals: usize) -> String {
    let text = percent(fraction, decimals);
    if fraction > 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { format!("+{text}") } else { text }
}

/// `a1b2c3…x7y8z9` for what is too long to read anyway.
pub fn short(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 13 {
        return text.to_owned();
    }
    chars[..6].iter().chain(['…'].iter()).chain(&chars[chars.len() - 6..]).collect()
}

/// `text` with what HTML would take for markup written out, and control characters made visible.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_in_words() {
        assert_eq!(money(1_234_567_890_000), "1,234,567.89");
        assert_eq!((money(-5_000), money(-4_999), money(0)), ("-0.01".into(), "0.00".into(), "0.00".into()));
        assert_eq!(money(i64::MIN), "-9,223,372,036,854.78");
        assert_eq!((money_whole(999_500_000), money_whole(-400_000)), ("1,000".into(), "0".into()));
        assert_eq!(
            (money_change(2_000_000), money_change(-2_000_000), money_change(1)),
            ("+2".into(), "-2".into(), "0".into())
        );
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!((count(0), count(999), count(1_000)), ("0".into(), "999".into(), "1,000".into()));
        assert_eq!(signed(-1_234), "-1,234");
        assert_eq!((decimal(-0.001, 2), decimal(-1234.5, 1)), ("0.00".into(), "-1,234.5".into()));
        assert_eq!((decimal(f64::NAN, 2), percent(f64::INFINITY, 1)), ("–".into(), "–".into()));
        assert_eq!(
            (price(64_012.34), price(3_200.55), price(160.456)),
            ("64,012".into(), "3,200.6".into(), "160.46".into())
        );
        assert_eq!((price(0.00001234), price(0.0)), ("0.000012340".into(), "0.00".into()));
        assert_eq!(
            (quantity(1.5), quantity(-0.25), quantity(1_234_567.8)),
            ("1.5".into(), "-0.25".into(), "1,234,568".into())
        );
        assert_eq!(percent_change(0.1234, 1), "+12.3 %");
        assert_eq!(percent_change(0.0001, 1), "0.0 %");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a='\"&\u{1b}"), "&lt;b a=&#39;&quot;&amp;\u{fffd}");
        assert_eq!(short("abcdefghijklmnop"), "abcdef…klmnop");
        assert_eq!(short("abc"), "abc");
    }
}
