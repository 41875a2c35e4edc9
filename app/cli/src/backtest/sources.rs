//! Which files of a folder make a back-test, and why not the others.
//!
//! A folder of market data holds more than one set: hourly bars of years beside minutes of a crash, spot
//! beside perpetuals, funding rates. One set is run: of the bars of one length and one grid, those that
//! cover the most assets. What is left out is said, and files that are named one by one are never left
//! out: there a misfit is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ballast::limits::MAX_ASSETS;

use crate::prices::error::PriceFileError;
use crate::prices::{self, Problem, Series, when};

const HOUR_S: i64 = 3_600;

/// Price series that go together, and what there is to say about the choice.
#[derive(Debug)]
pub struct Sources {
    /// One an asset, of one interval and one grid, by symbol where they come from a folder.
    pub series: Vec<Series>,
    /// What was left out and repaired, in sentences.
    pub notes: Vec<String>,
}

/// Loads price files: each a folder, a path or `SYMBOL=path`.
///
/// # Errors
/// One sentence that names the file and what to do.
pub fn load(given: &[String]) -> Result<Sources> {
    let mut notes = Vec::new();
    let mut series = Vec::new();
    for name in given {
        let path = Path::new(name);
        if path.is_dir() {
            let found = folder(path, &mut notes)?;
            series.extend(choose(found, &mut notes));
        } else {
            series.push(prices::load(path)?);
        }
    }
    if series.is_empty() {
        bail!(
            "no price file in {} could be used: expected CSV files (gzip too) with the columns \
             ts,open,high,low,close[,volume]{}",
            given.join(", "),
            notes.first().map(|n| format!(" ({n})")).unwrap_or_default()
        );
    }
    agree(&series)?;
    if series.len() > MAX_ASSETS {
        series.sort_by_key(|s| std::cmp::Reverse(s.bars.len()));
        let dropped: Vec<String> = series.drain(MAX_ASSETS..).map(|s| s.symbol).collect();
        notes.push(format!(
            "a board has {MAX_ASSETS} assets: those with the shortest history are left out ({})",
            dropped.join(", ")
        ));
        series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    }
    for s in &series {
        notes.extend(s.repairs.iter().map(|r| format!("{}: {}", s.symbol, r.what)));
    }
    Ok(Sources { series, notes })
}

/// Everything in a folder that reads as bars.
fn folder(path: &Path, notes: &mut Vec<String>) -> Result<Vec<Series>> {
    let cannot = || format!("cannot read the folder {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cannot)? {
        let file = entry.with_context(cannot)?.path();
        let name = base_name(&file).to_ascii_lowercase();
        if file.is_file() && (name.ends_with(".csv") || name.ends_with(".csv.gz")) {
            files.push(file);
        }
    }
    files.sort();
    let mut found = Vec::new();
    for file in files {
        match read(&file) {
            Ok(series) => found.push(series),
            Err(e) => notes.push(match e.problem {
                Problem::MissingColumns { .. } => format!("{}: left out, no bars", base_name(&file)),
                problem => format!("{}: left out, {problem}", base_name(&file)),
            }),
        }
    }
    Ok(found)
}

/// As [`prices::load`]; a name without a symbol in capitals stands for itself.
fn read(file: &Path) -> Result<Series, PriceFileError> {
    match prices::load(file) {
        Err(PriceFileError { problem: Problem::NoSymbol, .. }) => {
            let stem = base_name(file);
            let stem = stem.split(['_', '-', '.']).next().unwrap_or_default().to_ascii_uppercase();
            let symbol: String = stem.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
            prices::csv::load_as(if symbol.is_empty() { "X" } else { &symbol }, file)
        }
        other => other,
    }
}

fn base_name(file: &Path) -> String {
    file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn grid(s: &Series) -> (i64, i64) {
    (s.interval_s, s.bars.first().map_or(0, |b| b.ts.rem_euclid(s.interval_s)))
}

/// The grid with the most symbols; of equals the hourly one, else the one with the most bars.
fn choose(found: Vec<Series>, notes: &mut Vec<String>) -> Vec<Series> {
    let mut groups: BTreeMap<(i64, i64), Vec<Series>> = BTreeMap::new();
    for s in found {
        groups.entry(grid(&s)).or_default().push(s);
    }
    let rank = |(key, group): (&(i64, i64), &Vec<Series>)| {
        let mut symbols: Vec<&str> = group.iter().map(|s| s.symbol.as_str()).collect();
        symbols.sort_unstable();
        symbols.dedup();
        let bars: i64 = group.iter().map(|s| s.bars.len() as i64 * key.0).sum();
        (symbols.len(), key.0 == HOUR_S, bars)
    };
    let Some(best) = groups.iter().max_by_key(|g| rank(*g)).map(|g| *g.0) else { return Vec::new() };
    let chosen = groups.remove(&best).unwrap_or_default();
    let bars = |key: &(i64, i64)| format!("bars of {}", when::span(key.0));
    if !groups.is_empty() {
        let others: Vec<String> = groups
            .iter()
            .map(|(key, group)| {
                let names: Vec<String> = group.iter().map(|s| base_name(&PathBuf::from(&s.file))).collect();
                let shifted = if key.0 == best.0 { " opening at other times" } else { "" };
                format!("{}{shifted} ({})", bars(key), names.join(", "))
            })
            .collect();
        notes.push(format!(
            "ran the {} of {} assets, which is the largest set; left out: {}",
            bars(&best),
            rank((&best, &chosen)).0,
            others.join("; ")
        ));
    }
    one_a_symbol(chosen, notes)
}

/// Of several files for a symbol the one that is no perpetual, then the longest.
fn one_a_symbol(mut series: Vec<Series>, notes: &mut Vec<String>) -> Vec<Series> {
    let perpetual = |s: &Series| base_name(Path::new(&s.file)).to_ascii_lowercase().contains("perp");
    series.sort_by_key(|s| (s.symbol.clone(), perpetual(s), std::cmp::Reverse(s.bars.len())));
    let mut kept: Vec<Series> = Vec::with_capacity(series.len());
    for s in series {
        match kept.last() {
            Some(k) if k.symbol == s.symbol => notes.push(format!(
                "{}: left out, {} stands for {}",
                base_name(Path::new(&s.file)),
                base_name(Path::new(&k.file)),
                s.symbol
            )),
            _ => kept.push(s),
        }
    }
    kept
}

/// Refuses series that do not go together.
fn agree(series: &[Series]) -> Result<(), PriceFileError> {
    let Some(a) = series.first() else { return Ok(()) };
    for (i, b) in series.iter().enumerate() {
        let fail = |problem| Err(PriceFileError { file: b.file.clone(), line: None, problem });
        if series[..i].iter().any(|s| s.symbol == b.symbol) {
            return fail(Problem::SameSymbol(b.symbol.clone()));
        }
        if b.interval_s != a.interval_s {
            return fail(Problem::DifferentGrids {
                a: a.symbol.clone(),
                a_s: a.interval_s,
                b: b.symbol.clone(),
                b_s: b.interval_s,
            });
        }
        let shift_s = (grid(b).1 - grid(a).1).rem_euclid(a.interval_s);
        if shift_s != 0 {
            return fail(Problem::ShiftedGrids { a: a.symbol.clone(), b: b.symbol.clone(), shift_s });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for a test.
    fn folder_of(test: &str, files: &[(&str, i64, i64)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ballast-sources-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, interval, bars) in files {
            let rows: String = (0..*bars)
                .map(|i| format!("{},1,1,1,1,0\n", 1_600_000_000 / 86_400 * 86_400 + i * interval))
                .collect();
            std::fs::write(folder.join(name), format!("ts,open,high,low,close,volume\n{rows}")).unwrap();
        }
        folder
    }

    fn load_folder(folder: &Path) -> Result<Sources> {
        load(&[folder.display().to_string()])
    }

    #[test]
    fn the_largest_set_of_a_folder_is_run_and_the_rest_is_named() {
        let files = [
            ("spot_BTC_1h.csv", 3_600, 50),
            ("spot_ETH_1h.csv", 3_600, 40),
            ("spot_BTC_1m_may21.csv", 60, 900),
            ("perp_BTC_1h.csv", 3_600, 80),
        ];
        let folder = folder_of("largest", &files);
        std::fs::write(folder.join("funding_BTC_8h.csv"), "ts,funding\n1568102400,0.0001\n").unwrap();
        let sources = load_folder(&folder).unwrap();
        let files: Vec<String> = sources.series.iter().map(|s| base_name(Path::new(&s.file))).collect();
        assert_eq!(files, ["spot_BTC_1h.csv", "spot_ETH_1h.csv"]);
        let notes = sources.notes.join("\n");
        for part in [
            "funding_BTC_8h.csv: left out",
            "spot_BTC_1m_may21.csv",
            "perp_BTC_1h.csv: left out",
            "1 hour of 2",
        ] {
            assert!(notes.contains(part), "{part} is missing in {notes}");
        }
    }

    #[test]
    fn lower_case_names_stand_for_themselves() {
        let folder = folder_of("lower", &[("doge.csv", 3_600, 30), ("1inch-1h.csv", 3_600, 30)]);
        let sources = load_folder(&folder).unwrap();
        let symbols: Vec<&str> = sources.series.iter().map(|s| s.symbol.as_str()).collect();
        assert_eq!(symbols, ["1INCH", "DOGE"]);
    }

    #[test]
    fn a_folder_without_bars_says_what_was_expected() {
        let folder = folder_of("none", &[]);
        std::fs::write(folder.join("funding_BTC_8h.csv"), "ts,funding\n1568102400,0.0001\n").unwrap();
        let said = load_folder(&folder).unwrap_err().to_string();
        assert!(said.contains("ts,open,high,low,close") && said.contains("funding_BTC_8h.csv"), "{said}");
    }

    #[test]
    fn files_that_are_named_are_never_left_out() {
        let folder = folder_of("named", &[("BTC.csv", 3_600, 30), ("ETH.csv", 60, 30)]);
        let files: Vec<String> =
            ["BTC.csv", "ETH.csv"].map(|f| folder.join(f).display().to_string()).to_vec();
        assert!(load(&files).unwrap_err().to_string().contains("the same interval"));
    }

    #[test]
    fn a_board_takes_32_assets() {
        let names: Vec<String> = (0..34)
            .map(|i| {
                format!("C{}_1h.csv", char::from(b'A' + i % 26).to_string().repeat(1 + usize::from(i / 26)))
            })
            .collect();
        let files: Vec<(&str, i64, i64)> =
            names.iter().enumerate().map(|(i, n)| (n.as_str(), 3_600, 30 + i as i64)).collect();
        let sources = load_folder(&folder_of("many", &files)).unwrap();
        assert_eq!(sources.series.len(), 32);
        assert!(sources.notes.iter().any(|n| n.contains("(CB, CA)")), "{:?}", sources.notes);
    }
}
