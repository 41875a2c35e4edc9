//! The way prices go inside a bar.

use super::Bar;

/// Four prices that visit all a bar knows, in the likelier order: open, the extreme nearer to the open, the other
/// extreme, close. On a tie the extreme away from the close comes first, which makes the path the shorter one.
pub fn intrabar(bar: &Bar) -> [f64; 4] {
    let up = bar.high - bar.open;
    let down = bar.open - bar.low;
    let high_first = up < down || (up == down && bar.close < bar.open);
    if high_first {
        [bar.open, bar.high, bar.low, bar.close]
    } else {
        [bar.open, bar.low, bar.high, bar.close]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Bar {
        Bar { ts: 0, open, high, low, close, volume: 0.0 }
    }

    #[test]
    fn the_nearer_extreme_comes_first() {
        assert_eq!(intrabar(&bar(100.0, 101.0, 90.0, 95.0)), [100.0, 101.0, 90.0, 95.0]);
        assert_eq!(intrabar(&bar(100.0, 120.0, 99.0, 110.0)), [100.0, 99.0, 120.0, 110.0]);
    }

    #[test]
    fn a_tie_takes_the_shorter_way() {
        assert_eq!(intrabar(&bar(100.0, 110.0, 90.0, 105.0)), [100.0, 90.0, 110.0, 105.0]);
        assert_eq!(intrabar(&bar(100.0, 110.0, 90.0, 95.0)), [100.0, 110.0, 90.0, 95.0]);
    }

    #[test]
    fn a_flat_bar_stays_flat() {
        assert_eq!(intrabar(&Bar::flat(0, 7.0)), [7.0; 4]);
    }
}
