//! Scales and samples: which values an axis names, and which points of a long series are drawn.

use time::{Date, Month, OffsetDateTime};

/// Unix seconds and a value.
type Point = (i64, f64);

/// Thins a series to at most about `2 × buckets` points: of each bucket of time the lowest and the highest, in their order,
/// so that no spike is lost; and the first and last of all. Points that are not finite are left out.
pub fn decimate(points: &[Point], from: i64, to: i64, buckets: usize) -> Vec<Point> {
    let finite = points.iter().copied().filter(|p| p.1.is_finite());
    if points.len() <= 2 * buckets || to <= from {
        return finite.collect();
    }
    let (begin, length) = (i128::from(from), i128::from(to) - i128::from(from));
    let bucket_of = |ts: i64| (i128::from(ts) - begin) * buckets as i128 / length;
    let mut out: Vec<Point> = Vec::with_capacity(2 * buckets + 2);
    // The bucket being filled, its lowest and its highest point.
    let mut current: Option<(i128, Point, Point)> = None;
    let mut push = |p: Point| {
        if out.last() != Some(&p) {
            out.push(p);
        }
    };
    let mut last = None;
    for p in finite {
        if last.is_none() {
            push(p);
        }
        last = Some(p);
        let bucket = bucket_of(p.0);
        match &mut current {
            Some((b, low, high)) if *b == bucket => {
                if p.1 < low.1 {
                    *low = p;
                }
                if p.1 > high.1 {
                    *high = p;
                }
            }
            _ => {
                if let Some((_, low, high)) = current.replace((bucket, p, p)) {
                    push(if low.0 <= high.0 { low } else { high });
                    push(if low.0 <= high.0 { high } else { low });
                }
            }
        }
    }
    if let Some((_, low, high)) = current {
        push(if low.0 <= high.0 { low } else { high });
        push(if low.0 <= high.0 { high } else { low });
    }
    if let Some(p) = last {
        push(p);
    }
    out
}

/// Round values that divide `lo..hi` into about `n` parts, and the step between them.
pub fn ticks(lo: f64, hi: f64, n: usize) -> (Vec<f64>, f64) {
    let span = hi - lo;
    if !span.is_finite() || span <= 0.0 {
        return (vec![lo], 1.0);
    }
    let rough = span / n.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
    let (first, last) = ((lo / step - 1e-9).ceil() as i64, (hi / step + 1e-9).floor() as i64);
    ((first..=last).map(|i| i as f64 * step).collect(), step)
}

/// A value on an axis: short, and with as many places as the step needs.
pub fn label(value: f64, step: f64, largest: f64) -> String {
    let (scale, suffix) = match largest.abs() {
        v if v >= 1e9 => (1e9, "B"),
        v if v >= 1e6 => (1e6, "M"),
        v if v >= 1e4 => (1e3, "k"),
        _ => (1.0, ""),
    };
    let step = step / scale;
    // The least number of places at which the step is written exactly, 2.5 being the step that needs one more.
    let places = (0..12).find(|&p| {
        let scaled = step * 10_f64.powi(p);
        (scaled - scaled.round()).abs() < 1e-6 * scaled.max(1e-3) && scaled.round() > 0.0
    });
    let text = super::format::decimal(value / scale, places.unwrap_or(2) as usize);
    if value == 0.0 { "0".into() } else { format!("{text}{suffix}") }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const STEPS: [i64; 16] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
];
const MONTHS: [i32; 7] = [1, 2, 3, 6, 12, 24, 60];
/// Monday, 5 January 1970: weeks on an axis begin on Mondays.
const MONDAY: i64 = 4 * DAY;

/// Times that divide `from..to` into at most `n` parts at hours, days, weeks, months or years, with a label in UTC.
pub fn time_ticks(from: i64, to: i64, n: usize) -> Vec<(i64, String)> {
    let Some(span) = to.checked_sub(from).filter(|s| *s > 0) else { return Vec::new() };
    let fits = |step: i64| span / step < n as i64;
    if let Some(step) = STEPS.into_iter().find(|s| fits(*s)) {
        let offset = if step >= 7 * DAY { MONDAY } else { 0 };
        let first = (from - offset).div_euclid(step) * step + offset;
        let times = (0..).map(|i| first + i * step).skip_while(|t| *t < from).take_while(|t| *t <= to);
        return times.map(|t| (t, short_time(t))).collect();
    }
    let months = MONTHS.into_iter().find(|m| fits(i64::from(*m) * 30 * DAY)).unwrap_or(120);
    let Ok(begin) = OffsetDateTime::from_unix_timestamp(from) else { return Vec::new() };
    let first = (begin.year() * 12 + i32::from(u8::from(begin.month())) - 1).div_euclid(months) * months;
    (0..)
        .map_while(|i| month_start(first + i * months))
        .skip_while(|(t, _)| *t < from)
        .take_while(|(t, _)| *t <= to)
        .map(|(t, date)| {
            let name = &date.month().to_string()[..3];
            (t, if months >= 12 { date.year().to_string() } else { format!("{name} {}", date.year()) })
        })
        .collect()
}

/// Midnight on the first of a month counted from year 0.
fn month_start(month: i32) -> Option<(i64, Date)> {
    let name = Month::try_from(u8::try_from(month.rem_euclid(12) + 1).ok()?).ok()?;
    let date = Date::from_calendar_date(month.div_euclid(12), name, 1).ok()?;
    Some((date.midnight().assume_utc().unix_timestamp(), date))
}

/// `19 May` at midnight, `13:00` else.
fn short_time(ts: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(ts) {
        Ok(t) if ts.rem_euclid(DAY) == 0 => format!("{} {}", t.day(), &t.month().to_string()[..3]),
        Ok(t) => format!("{:02}:{:02}", t.hour(), t.minute()),
        Err(_) => ts.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_every_spike_and_both_ends() {
        let mut points: Vec<_> = (0..10_000).map(|i| (i, 1.0)).collect();
        points[5_003].1 = 99.0;
        points[7_001].1 = -99.0;
        points[8_000].1 = f64::NAN;
        let thin = decimate(&points, 0, 9_999, 100);
        assert!(thin.len() <= 202, "{}", thin.len());
        assert!(thin.contains(&(5_003, 99.0)) && thin.contains(&(7_001, -99.0)));
        assert_eq!((thin[0].0, thin[thin.len() - 1].0), (0, 9_999));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(decimate(&points[..150], 0, 150, 100).len(), 150);
    }

    #[test]
    fn round_values() {
        assert_eq!(ticks(0.0, 10.0, 4), (vec![0.0, 2.5, 5.0, 7.5, 10.0], 2.5));
        assert_eq!(ticks(38_000.0, 64_000.0, 4).0, [40_000.0, 50_000.0, 60_000.0]);
        assert_eq!(ticks(5.0, 5.0, 4).0, [5.0]);
        assert!(ticks(f64::NAN, 1.0, 4).0.len() == 1);
        assert_eq!(label(12_500.0, 2_500.0, 20_000.0), "12.5k");
        assert_eq!(label(0.25, 0.25, 1.0), "0.25");
        assert_eq!(label(2_000_000.0, 1e6, 3e6), "2M");
        assert_eq!(label(-5_000.0, 5_000.0, 5_000.0), "-5,000");
    }

    #[test]
    fn times_on_the_calendar() {
        let t0 = 1_621_382_400; // 2021-05-19 00:00
        let labels = |to: i64| time_ticks(t0, t0 + to, 5).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels(DAY), ["19 May", "06:00", "12:00", "18:00", "20 May"]);
        assert_eq!(labels(25 * DAY), ["24 May", "31 May", "7 Jun"]);
        assert_eq!(labels(100 * DAY), ["Jun 2021", "Jul 2021", "Aug 2021"]);
        assert_eq!(labels(1_400 * DAY), ["2022", "2023", "2024", "2025"]);
        assert!(time_ticks(5, 5, 5).is_empty() && time_ticks(i64::MIN, i64::MAX, 5).is_empty());
        for days in 1..4_000 {
            assert!(labels(days * DAY).len() <= 6, "{days}");
        }
    }
}
