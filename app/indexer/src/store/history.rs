//! Samples: what the board, the markets and the treasury showed.
//!
//! A chart of a few hundred points cannot show a day of five-second samples, and a plain average would hide the spike
//! that somebody was liquidated in. So a range that holds more is cut into equal pieces, and of each the first, the last,
//! the lowest and the highest sample are given: the line looks the same, and no extreme is lost.

use ballast_risk::breaker::State;
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;

/// Integers as text: a browser's numbers end at 2⁵³.
fn as_text<S: serde::Serializer>(value: &i64, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

fn as_text_or_null<S: serde::Serializer>(value: &Option<i64>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

fn as_state<S: serde::Serializer>(value: &u8, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match State::of(*value) {
        State::Normal => "normal",
        State::Guarded => "guarded",
        State::Doubted => "doubted",
        State::Halted => "halted",
    })
}

/// An asset at a moment. Prices are dollars a token, none before the first; the rest are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetPoint {
    /// Unix seconds.
    pub t: i64,
    /// Spot.
    pub price: Option<f64>,
    /// Slow price.
    pub stable: Option<f64>,
    /// Volatility over the horizon.
    pub sigma: f64,
    /// Haircut of longs.
    pub haircut_long: f64,
    /// Haircut of shorts.
    pub haircut_short: f64,
    /// Governance's bounds of both.
    pub haircut_min: f64,
    /// See [`Self::haircut_min`].
    pub haircut_max: f64,
    /// State of its breaker.
    #[serde(serialize_with = "as_state")]
    pub state: u8,
}

/// A market at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MarketPoint {
    /// Unix seconds.
    pub t: i64,
    /// Open on one side, native units.
    #[serde(serialize_with = "as_text")]
    pub open_interest: i64,
    /// What longs pay to shorts in a day, a fraction.
    pub funding_per_day: f64,
    /// What its backstop holds, signed native units; none where it has none.
    #[serde(serialize_with = "as_text_or_null")]
    pub inventory: Option<i64>,
}

/// The house at a moment, quote micro-units.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HousePoint {
    /// Unix seconds.
    pub t: i64,
    /// The insurance fund.
    #[serde(serialize_with = "as_text")]
    pub insurance: i64,
    /// Tokens in the quote vault.
    #[serde(serialize_with = "as_text")]
    pub quote_vault: i64,
    /// Lent to accounts.
    #[serde(serialize_with = "as_text")]
    pub lent: i64,
    /// Margin accounts that are open.
    pub accounts: i64,
}

/// What is kept of one series.
pub trait Point: Clone + Sized {
    /// Reads a row: the time first, then the others in the table's order.
    ///
    /// # Errors
    /// As SQLite.
    fn read(row: &Row) -> rusqlite::Result<Self>;
    /// Unix seconds.
    fn time(&self) -> i64;
    /// What its extremes are looked for in.
    fn height(&self) -> f64;
}

impl Point for AssetPoint {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            t: row.get("t")?,
            price: row.get("price")?,
            stable: row.get("stable")?,
            sigma: row.get("sigma")?,
            haircut_long: row.get("haircut_long")?,
            haircut_short: row.get("haircut_short")?,
            haircut_min: row.get("haircut_min")?,
            haircut_max: row.get("haircut_max")?,
            state: row.get("state")?,
        })
    }

    fn time(&self) -> i64 {
        self.t
    }

    fn height(&self) -> f64 {
        self.price.unwrap_or(0.0)
    }
}

impl Point for MarketPoint {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            t: row.get("t")?,
            open_interest: row.get("open_interest")?,
            funding_per_day: row.get("funding_per_day")?,
            inventory: row.get("inventory")?,
        })
    }

    fn time(&self) -> i64 {
        self.t
    }

    fn height(&self) -> f64 {
        self.inventory.unwrap_or(self.open_interest) as f64
    }
}

impl Point for HousePoint {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            t: row.get("t")?,
            insurance: row.get("insurance")?,
            quote_vault: row.get("quote_vault")?,
            lent: row.get("lent")?,
            accounts: row.get("accounts")?,
        })
    }

    fn time(&self) -> i64 {
        self.t
    }

    fn height(&self) -> f64 {
        self.insurance as f64
    }
}

/// One sample of everything.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// By asset index.
    pub assets: Vec<AssetPoint>,
    /// By market index.
    pub markets: Vec<MarketPoint>,
    /// The house.
    pub house: Option<HousePoint>,
}

/// Keeps a sample. Two of one second are one, the later.
///
/// # Errors
/// As SQLite.
pub fn keep(to: &Transaction, sample: &Sample) -> rusqlite::Result<()> {
    for (asset, p) in sample.assets.iter().enumerate() {
        to.prepare_cached("INSERT OR REPLACE INTO asset_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                asset as i64,
                p.t,
                p.price,
                p.stable,
                p.sigma,
                p.haircut_long,
                p.haircut_short,
                p.haircut_min,
                p.haircut_max,
                p.state
            ])?;
    }
    for (market, p) in sample.markets.iter().enumerate() {
        to.prepare_cached("INSERT OR REPLACE INTO market_history VALUES (?, ?, ?, ?, ?)")?
            .execute(params![market as i64, p.t, p.open_interest, p.funding_per_day, p.inventory])?;
    }
    if let Some(p) = &sample.house {
        to.prepare_cached("INSERT OR REPLACE INTO house_history VALUES (?, ?, ?, ?, ?)")?
            .execute(params![p.t, p.insurance, p.quote_vault, p.lent, p.accounts])?;
    }
    Ok(())
}

/// From when to when, and how many points at most.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Unix seconds.
    pub from: i64,
    /// Unix seconds, not before `from`.
    pub to: i64,
    /// At least two.
    pub points: usize,
}

/// The history of an asset.
///
/// # Errors
/// As SQLite.
pub fn asset(from: &Connection, index: u8, range: Range) -> rusqlite::Result<Vec<AssetPoint>> {
    read(from, &format!("asset_history WHERE asset = {index} AND"), range)
}

/// The history of a market.
///
/// # Errors
/// As SQLite.
pub fn market(from: &Connection, index: u8, range: Range) -> rusqlite::Result<Vec<MarketPoint>> {
    read(from, &format!("market_history WHERE market = {index} AND"), range)
}

/// The history of the house.
///
/// # Errors
/// As SQLite.
pub fn house(from: &Connection, range: Range) -> rusqlite::Result<Vec<HousePoint>> {
    read(from, "house_history WHERE", range)
}

fn read<P: Point>(from: &Connection, rows: &str, range: Range) -> rusqlite::Result<Vec<P>> {
    let span = [range.from, range.to];
    let count: u64 = from
        .prepare_cached(&format!("SELECT COUNT(*) FROM {rows} t BETWEEN ? AND ?"))?
        .query_row(span, |row| row.get(0))?;
    let mut statement = from.prepare_cached(&format!("SELECT * FROM {rows} t BETWEEN ? AND ? ORDER BY t"))?;
    let mut found = statement.query_map(span, P::read)?;
    if count <= range.points as u64 {
        return found.collect();
    }
    let mut pieces = Pieces::new(range);
    found.try_for_each(|point| point.map(|point| pieces.take(point)))?;
    Ok(pieces.done())
}

/// First, lowest, highest and last of each piece of a range.
struct Pieces<P> {
    range: Range,
    count: i64,
    at: i64,
    first: Option<P>,
    low: Option<P>,
    high: Option<P>,
    last: Option<P>,
    out: Vec<P>,
}

impl<P: Point> Pieces<P> {
    fn new(range: Range) -> Self {
        let count = (range.points / 4).max(1) as i64;
        Self { range, count, at: -1, first: None, low: None, high: None, last: None, out: Vec::new() }
    }

    fn take(&mut self, point: P) {
        let span = i128::from(self.range.to) - i128::from(self.range.from) + 1;
        let passed = i128::from(point.time()) - i128::from(self.range.from);
        let at = (passed * i128::from(self.count) / span) as i64;
        if at != self.at {
            self.flush();
            self.at = at;
        }
        if self.first.is_none() {
            self.first = Some(point.clone());
        }
        if self.low.as_ref().is_none_or(|low| point.height() < low.height()) {
            self.low = Some(point.clone());
        }
        if self.high.as_ref().is_none_or(|high| point.height() > high.height()) {
            self.high = Some(point.clone());
        }
        self.last = Some(point);
    }

    fn flush(&mut self) {
        let mut of = [self.first.take(), self.low.take(), self.high.take(), self.last.take()];
        of.sort_by_key(|point| point.as_ref().map(Point::time));
        let start = self.out.len();
        for point in of.into_iter().flatten() {
            if self.out[start..].last().is_none_or(|before| before.time() < point.time()) {
                self.out.push(point);
            }
        }
    }

    fn done(mut self) -> Vec<P> {
        self.flush();
        // Fewer than four points leave no room for extremes: the ends are what remains.
        if self.out.len() > self.range.points {
            let last = self.out.pop();
            self.out.truncate(self.range.points.saturating_sub(1));
            self.out.extend(last);
        }
        self.out
    }
}
