//! What is asked for, read by hand: so that whatever is wrong is said in a sentence, with the name of what is wrong.

use std::collections::HashMap;
use std::str::FromStr;

use super::Refused;
use crate::store::history::Range;

/// Points of a history.
pub const MOST_POINTS: usize = 2_000;
const USUAL_POINTS: usize = 300;
/// Items of a list.
pub const MOST_ITEMS: usize = 500;
const USUAL_ITEMS: usize = 100;
/// Kinds of events at once.
const MOST_KINDS: usize = 20;
const DAY_S: i64 = 86_400;

/// The query of a URL.
pub type Query = axum::extract::Query<HashMap<String, String>>;

/// A parameter; none where it is left out or empty.
pub fn maybe<T: FromStr>(query: &Query, name: &str, what: &str) -> Result<Option<T>, Refused> {
    let Some(text) = query.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Refused::bad(format!("'{text}' is no {name}: give {what}")))
}

/// An index in a path.
pub fn index(text: &str, what: &str, count: usize) -> Result<u8, Refused> {
    let index: Option<u8> = text.parse().ok().filter(|index| usize::from(*index) < count);
    index.ok_or_else(|| {
        Refused::missing(match count {
            0 => format!("there is no {what} {text}: none is listed"),
            _ => format!("there is no {what} {text}: there are 0 to {}", count - 1),
        })
    })
}

fn bounded(query: &Query, name: &str, least: usize, usual: usize, most: usize) -> Result<usize, Refused> {
    let what = format!("a whole number from {least} to {most}");
    match maybe::<usize>(query, name, &what)? {
        None => Ok(usual),
        Some(given) if (least..=most).contains(&given) => Ok(given),
        Some(given) => Err(Refused::bad(format!("{given} is no {name}: give {what}"))),
    }
}

/// How many items of a list.
pub fn limit(query: &Query) -> Result<usize, Refused> {
    bounded(query, "limit", 1, USUAL_ITEMS, MOST_ITEMS)
}

/// From when to when, by default the last day.
pub fn range(query: &Query, now: i64) -> Result<Range, Refused> {
    let to: i64 = maybe(query, "to", "a time in unix seconds")?.unwrap_or(now);
    let from = maybe(query, "from", "a time in unix seconds")?.unwrap_or(to.saturating_sub(DAY_S));
    if from > to {
        return Err(Refused::bad(format!("the range ends ({to}) before it begins ({from})")));
    }
    Ok(Range { from, to, points: bounded(query, "points", 2, USUAL_POINTS, MOST_POINTS)? })
}

/// Kinds of events, with commas between them.
pub fn kinds(query: &Query) -> Result<Vec<String>, Refused> {
    let text = query.get("kind").map_or("", String::as_str);
    let kinds: Vec<String> =
        text.split(',').map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned).collect();
    if kinds.len() > MOST_KINDS {
        return Err(Refused::bad(format!("at most {MOST_KINDS} kinds can be asked for at once")));
    }
    match kinds
        .iter()
        .find(|kind| *kind != crate::idl::UNKNOWN && !crate::idl::events().any(|name| name == **kind))
    {
        Some(stray) => Err(Refused::bad(format!(
            "'{stray}' is no event of the program: names are as in its IDL, as Liquidated"
        ))),
        None => Ok(kinds),
    }
}
