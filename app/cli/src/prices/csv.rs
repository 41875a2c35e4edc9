//! Reads one OHLCV file: bytes, columns, numbers. What the numbers must satisfy together is in `clean`.

use std::io::Read;
use std::path::Path;

use super::clean::{self, Row};
use super::error::{PriceFileError, Problem};
use super::{Bar, Repair, RepairKind, Series};

/// A 1-minute file of ten years is 400 MB of text; what is above is a mistake, or a gzip file made to fill the memory.
const MAX_TEXT_MIB: u64 = 1_024;
/// Unix seconds of 1980 and 2100. A time in milliseconds can never be taken for one in seconds, nor the reverse.
const TIME_RANGE: std::ops::Range<i64> = 315_532_800..4_102_444_800;
const PRICE_RANGE: std::ops::RangeInclusive<f64> = 1e-12..=1e12;
const COLUMNS: [&str; 6] = ["ts", "open", "high", "low", "close", "volume"];

/// Loads a price file, plain or gzip. `path` may also be written `SYMBOL=path`; without it the symbol is read from the
/// file's name.
pub fn load(path: &Path) -> Result<Series, PriceFileError> {
    if let Some((symbol, file)) = path.to_str().and_then(|text| text.split_once('='))
        && !path.exists()
    {
        let good = (2..=10).contains(&symbol.len())
            && symbol.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !good {
            return Err(PriceFileError::new(
                path.display().to_string(),
                None,
                Problem::BadSymbol(symbol.to_owned()),
            ));
        }
        return load_as(symbol, Path::new(file));
    }
    let symbol = symbol_of(path)
        .ok_or_else(|| PriceFileError::new(path.display().to_string(), None, Problem::NoSymbol));
    // A file that is not there is the more useful news than one that has no symbol.
    match symbol {
        Err(e) if path.exists() => Err(e),
        Err(_) => load_as("", path),
        Ok(symbol) => load_as(&symbol, path),
    }
}

/// Loads a price file as the prices of `symbol`, whatever its name.
pub fn load_as(symbol: &str, path: &Path) -> Result<Series, PriceFileError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| PriceFileError::new(&file, None, Problem::Unreadable(e)))?;
    parse(symbol, &file, &bytes)
}

/// Reads the content of a price file, plain or gzip; `file` is its name in errors.
pub fn parse(symbol: &str, file: &str, bytes: &[u8]) -> Result<Series, PriceFileError> {
    let fail = |line, problem| PriceFileError::new(file, line, problem);
    let unpacked = match bytes {
        [0x1f, 0x8b, ..] => Some(gunzip(bytes).map_err(|p| fail(None, p))?),
        _ => None,
    };
    let bytes = unpacked.as_deref().unwrap_or(bytes);
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).map_err(|e| {
        let line = 1 + bytes[..e.valid_up_to()].iter().filter(|&&b| b == b'\n').count() as u64;
        fail(Some(line), Problem::NotText)
    })?;
    if text.contains('\0') {
        return Err(fail(None, Problem::NotText));
    }
    if text.trim().is_empty() {
        return Err(fail(None, Problem::Empty));
    }
    let mut repairs = Vec::new();
    let rows = rows(text, &mut repairs).map_err(|(line, p)| fail(line, p))?;
    let (bars, interval_s) = clean::clean(rows, &mut repairs).map_err(|(line, p)| fail(line, p))?;
    Ok(Series { symbol: symbol.to_owned(), file: file.to_owned(), bars, interval_s, repairs })
}

/// The first part of 2 to 10 capital letters in the file's name, its extensions aside.
fn symbol_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let is_extension =
        |part: &str| ["csv", "gz", "gzip", "txt"].contains(&part.to_ascii_lowercase().as_str());
    name.split(['_', '-', '.'])
        .filter(|part| !is_extension(part))
        .find(|part| (2..=10).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase()))
        .map(str::to_owned)
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::new();
    let limit = MAX_TEXT_MIB << 20;
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit + 1)
        .read_to_end(&mut text)
        .map_err(Problem::DamagedGzip)?;
    if text.len() as u64 > limit {
        return Err(Problem::TooLarge { limit_mib: MAX_TEXT_MIB });
    }
    Ok(text)
}

type Fault = (Option<u64>, Problem);

fn rows(text: &str, repairs: &mut Vec<Repair>) -> Result<Vec<Row>, Fault> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut record = ::csv::StringRecord::new();
    // In memory, as valid UTF-8 and with rows of any length, the reader has nothing left to fail on; say so if it does.
    let mut next = |record: &mut ::csv::StringRecord| {
        reader.read_record(record).map_err(|e| {
            let line = e.position().map(::csv::Position::line);
            (line, Problem::Unreadable(std::io::Error::other(e)))
        })
    };
    next(&mut record)?;
    let width = record.len();
    let columns = Columns::of(&record)?;
    if columns.0[5].is_none() {
        repairs.push(Repair {
            kind: RepairKind::NoVolume,
            line: Some(1),
            ts: None,
            count: 0,
            what: "no volume column: volume taken as zero".into(),
        });
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut unit: Option<Unit> = None;
    while next(&mut record)? {
        // The reader counts blank lines to the row after them; the row itself is what people look for.
        let line = record.position().map_or(0, |p| line_of(text, p));
        let fault = |p| (Some(line), p);
        let last = || record.position().is_some_and(|p| is_last(text, p));
        let field = |i: usize| columns.field(&record, i, width, last);
        let (ts, this) = time(field(0).map_err(fault)?).map_err(fault)?;
        match unit {
            Some(before) if before != this => {
                return Err(fault(Problem::MixedTimes { this: this.name(), before: before.name() }));
            }
            _ => unit = Some(this),
        }
        let price = |i: usize| -> Result<f64, Problem> {
            let value = number(COLUMNS[i], field(i)?)?;
            if PRICE_RANGE.contains(&value) {
                Ok(value)
            } else {
                Err(Problem::BadPrice { column: COLUMNS[i], value })
            }
        };
        let bar = Bar {
            ts,
            open: price(1).map_err(fault)?,
            high: price(2).map_err(fault)?,
            low: price(3).map_err(fault)?,
            close: price(4).map_err(fault)?,
            volume: match columns.0[5] {
                None => 0.0,
                Some(_) => {
                    let v = number("volume", field(5).map_err(fault)?).map_err(fault)?;
                    if v.is_finite() && v >= 0.0 { v } else { return Err(fault(Problem::BadVolume(v))) }
                }
            },
        };
        rows.push(Row { line, bar });
    }
    if unit == Some(Unit::Milliseconds) {
        repairs.push(Repair {
            kind: RepairKind::Milliseconds,
            line: rows.first().map(|r| r.line),
            ts: None,
            count: rows.len(),
            what: "ts is in milliseconds: divided by 1,000".into(),
        });
    }
    Ok(rows)
}

/// Line of the first byte of a record that is not part of a line break, counted from 1.
fn line_of(text: &str, position: &::csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(0);
    let blank = text.as_bytes().get(from..).unwrap_or_default();
    position.line()
        + blank.iter().take_while(|b| b.is_ascii_whitespace()).filter(|&&b| b == b'\n').count() as u64
}

fn is_last(text: &str, position: &::csv::Position) -> bool {
    let from = usize::try_from(position.byte()).unwrap_or(0);
    !text.get(from..).unwrap_or_default().trim().contains('\n')
}

/// Where each of [`COLUMNS`] stands in a row.
struct Columns([Option<usize>; 6]);

impl Columns {
    fn of(header: &::csv::StringRecord) -> Result<Self, Fault> {
        let mut at = [None; 6];
        for (i, name) in header.iter().enumerate() {
            if let Some(c) = COLUMNS.iter().position(|c| c.eq_ignore_ascii_case(name))
                && at[c].replace(i).is_some()
            {
                return Err((Some(1), Problem::AmbiguousColumn(COLUMNS[c])));
            }
        }
        let missing: Vec<_> = (0..5).filter(|&c| at[c].is_none()).map(|c| COLUMNS[c]).collect();
        if missing.is_empty() {
            return Ok(Self(at));
        }
        if missing.len() == 5 && header.len() > 1 && header.iter().all(|f| f.parse::<f64>().is_ok()) {
            return Err((Some(1), Problem::NoHeader));
        }
        let found = header.iter().take(12).map(|f| f.chars().take(80).collect()).collect();
        Err((Some(1), Problem::MissingColumns { missing, found }))
    }

    fn field<'r>(
        &self,
        record: &'r ::csv::StringRecord,
        column: usize,
        expected: usize,
        last: impl Fn() -> bool,
    ) -> Result<&'r str, Problem> {
        // Only asked for columns that are there: volume is checked before.
        let at = self.0[column].unwrap_or(usize::MAX);
        let ends_here = at.saturating_add(1) == record.len() && record.len() < expected;
        record.get(at).filter(|v| !(ends_here && v.is_empty())).ok_or_else(|| Problem::ShortRow {
            found: record.len(),
            expected,
            column: COLUMNS[column],
            last: last(),
        })
    }
}

fn number(column: &'static str, text: &str) -> Result<f64, Problem> {
    text.parse().map_err(|_| Problem::BadNumber {
        column,
        value: text.chars().take(40).collect(),
        expected: "a decimal number such as 101.25",
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
        }
    }
}

/// A bar's open time in unix seconds, and the unit it was written in.
fn time(text: &str) -> Result<(i64, Unit), Problem> {
    let bad = || Problem::BadNumber {
        column: "ts",
        value: text.chars().take(40).collect(),
        expected: "whole unix seconds such as 1621429200",
    };
    let value = match text.parse::<i64>() {
        Ok(v) => v,
        // Spreadsheets write 1621429200.0 and 1.6214292E9.
        Err(_) => match text.parse::<f64>() {
            Ok(v) if v.fract() == 0.0 && v.abs() < 9e15 => v as i64,
            _ => return Err(bad()),
        },
    };
    if TIME_RANGE.contains(&value) {
        Ok((value, Unit::Seconds))
    } else if value % 1_000 == 0 && TIME_RANGE.contains(&(value / 1_000)) {
        Ok((value / 1_000, Unit::Milliseconds))
    } else {
        Err(Problem::BadTime(value))
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
