//! Times in words, always UTC.

use time::{Date, Month, OffsetDateTime, Time};

/// `2021-05-19 13:00` for a unix time in seconds; the bare number when no calendar holds it.
pub fn minute(ts: i64) -> String {
    match OffsetDateTime::from_unix_timestamp(ts) {
        Ok(t) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute()
        ),
        Err(_) => ts.to_string(),
    }
}

/// A length of time in words: `1 hour`, `5 minutes`, `90 seconds`.
pub fn span(seconds: i64) -> String {
    let (n, unit) = match seconds {
        s if s != 0 && s % 86_400 == 0 => (s / 86_400, "day"),
        s if s != 0 && s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s != 0 && s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") }
}

/// Reads a time given by a person: unix seconds, `2021-05-19`, or `2021-05-19 13:00` (also with `T`, also with a `Z`).
pub fn parse(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let wrong =
        || format!("'{text}' is no time; give it as 2021-05-19, 2021-05-19T13:00 (UTC) or unix seconds");
    if text.len() >= 9
        && let Ok(seconds) = text.parse::<i64>()
    {
        return OffsetDateTime::from_unix_timestamp(seconds).map(|_| seconds).map_err(|_| wrong());
    }
    let body = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let (day, clock) = body.split_once(['T', ' ']).unwrap_or((body, "00:00"));
    let numbers = |s: &str, sep: char| -> Option<Vec<u16>> { s.split(sep).map(|n| n.parse().ok()).collect() };
    let (Some(day), Some(clock)) = (numbers(day, '-'), numbers(clock, ':')) else { return Err(wrong()) };
    let (&[year, month, dom], &[hour, minute, ref second @ ..]) = (&day[..], &clock[..]) else {
        return Err(wrong());
    };
    let second = match second {
        [] => 0,
        &[s] => s,
        _ => return Err(wrong()),
    };
    let small = |n: u16| u8::try_from(n).map_err(|_| wrong());
    let month = Month::try_from(small(month)?).map_err(|_| wrong())?;
    let date = Date::from_calendar_date(i32::from(year), month, small(dom)?).map_err(|_| wrong())?;
    let time = Time::from_hms(small(hour)?, small(minute)?, small(second)?).map_err(|_| wrong())?;
    Ok(date.with_time(time).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for text in ["1621429200", "2021-05-19 13:00", "2021-05-19T13:00:00Z", " 2021-05-19T13:00 "] {
            assert_eq!(parse(text), Ok(1_621_429_200), "{text}");
        }
        assert_eq!(parse("2021-05-19"), Ok(1_621_382_400));
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "yesterday",
            "2021-13-01",
            "2021-02-30",
            "2021-05-19T25:00",
            "19.05.2021",
            "99999999999999999",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn words() {
        assert_eq!(minute(1_621_429_200), "2021-05-19 13:00");
        assert_eq!(minute(i64::MAX), i64::MAX.to_string());
        assert_eq!(
            (span(3_600), span(300), span(90)),
            ("1 hour".into(), "5 minutes".into(), "90 seconds".into())
        );
    }
}
