use std::io::Write;
use std::path::PathBuf;

use super::super::align;
use super::*;

const HEAD: &str = "ts,open,high,low,close,volume\n";
const T0: i64 = 1_600_002_000;

fn read(text: impl AsRef<[u8]>) -> Result<Series, PriceFileError> {
    parse("BTC", "BTC.csv", text.as_ref())
}

/// `n` hourly rows around 100.
fn rows(n: i64) -> Vec<String> {
    (0..n).map(|i| format!("{},100,102,99,{},5", T0 + i * 3_600, 100 + i % 2)).collect()
}

fn file(rows: &[String]) -> String {
    format!("{HEAD}{}\n", rows.join("\n"))
}

fn changed(n: i64, at: usize, row: impl FnOnce(i64) -> String) -> Result<Series, PriceFileError> {
    let mut all = rows(n);
    all[at] = row(T0 + at as i64 * 3_600);
    read(file(&all))
}

#[track_caller]
fn refused(result: Result<Series, PriceFileError>, line: Option<u64>, says: &str) -> PriceFileError {
    let e = result.expect_err("the file is bad");
    assert_eq!(e.line, line, "{e}");
    let text = e.to_string();
    assert!(text.contains(says), "'{text}' does not say '{says}'");
    assert!(text.starts_with("BTC.csv") && text.ends_with('.'), "{text}");
    assert!(!e.problem.remedy().is_empty());
    e
}

#[track_caller]
fn repaired(result: Result<Series, PriceFileError>, kind: RepairKind, line: Option<u64>) -> Series {
    let series = result.expect("repairable");
    assert_eq!(series.repairs.len(), 1, "{:?}", series.repairs);
    let repair = &series.repairs[0];
    assert_eq!((repair.kind, repair.line), (kind, line), "{repair:?}");
    assert!(series.bars.is_sorted_by(|a, b| a.ts < b.ts));
    series
}

fn gzip(text: &str) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(text.as_bytes()).unwrap();
    gz.finish().unwrap()
}

#[test]
fn a_clean_file_needs_no_repair() {
    let s = read(file(&rows(30))).unwrap();
    assert_eq!((s.bars.len(), s.interval_s, s.repairs.len()), (30, 3_600, 0));
    assert_eq!(
        s.bars[1],
        Bar { ts: T0 + 3_600, open: 100.0, high: 102.0, low: 99.0, close: 101.0, volume: 5.0 }
    );
}

#[test]
fn gzip_is_told_by_its_bytes() {
    assert_eq!(read(gzip(&file(&rows(30)))).unwrap().bars.len(), 30);
}

#[test]
fn damaged_gzip() {
    let gz = gzip(&file(&rows(3_000)));
    refused(read(&gz[..gz.len() / 2]), None, "gzip data ends too early");
    refused(read(&gz[..5]), None, "gzip data");
    refused(read(&gz[..2]), None, "gzip data");
    let mut flipped = gz.clone();
    let n = flipped.len();
    flipped[n - 6] ^= 0xff; // the checksum
    refused(read(&flipped), None, "damaged");
}

#[test]
fn columns_in_any_order_extra_ones_ignored() {
    let s =
        read("Close, quote ,ts,LOW,high,open\n1.5,x,1600002000,1,2,1.2\n1.6,y,1600005600,1,2,1.5\n").unwrap();
    assert_eq!(s.bars[0], Bar { ts: T0, open: 1.2, high: 2.0, low: 1.0, close: 1.5, volume: 0.0 });
    assert_eq!(s.repairs[0].kind, RepairKind::NoVolume);
    assert!(
        read("\u{feff}ts,open,high,low,close,volume\r\n1600002000,1,1,1,1,0\r\n1600005600,1,1,1,1,0\r\n")
            .is_ok()
    );
}

#[test]
fn missing_columns() {
    let e = refused(read("ts,open,high,low,volume\n1,1,1,1,1\n"), Some(1), "no column close");
    assert!(e.to_string().contains("found ts,open,high,low,volume"), "{e}");
    refused(read("ts;open;high;low;close\n1;1;1;1;1\n"), Some(1), "Separate the columns by commas");
    refused(read("1600002000,1,1,1,1,1\n1600005600,1,1,1,1,1\n"), Some(1), "the first row holds numbers");
    refused(read("ts,open,high,low,close,close\n"), Some(1), "two columns are called 'close'");
}

#[test]
fn nothing_in_it() {
    refused(read(""), None, "empty");
    refused(read("\n \n"), None, "empty");
    refused(read(gzip("")), None, "empty");
    refused(read(HEAD), None, "0 data rows");
    refused(read(file(&rows(1))), None, "1 data rows");
}

#[test]
fn not_text() {
    refused(read(b"PK\x03\x04\x00\x00"), None, "not text");
    refused(read([HEAD.as_bytes(), b"\xff\xfe\n"].concat()), Some(2), "not text");
}

#[test]
fn unparsable_numbers() {
    let e = refused(changed(30, 7, |t| format!("{t},100,1O2,99,100,5")), Some(9), "'1O2' in column 'high'");
    assert!(matches!(e.problem, Problem::BadNumber { column: "high", .. }));
    refused(changed(30, 7, |t| format!("{t},100,,99,100,5")), Some(9), "'' in column 'high'");
    refused(changed(30, 7, |t| format!("{t},100,102,99,100,many")), Some(9), "'many' in column 'volume'");
    refused(changed(30, 7, |_| "2020-09-13 19:00,100,102,99,100,5".into()), Some(9), "whole unix seconds");
    refused(changed(30, 7, |t| format!("{t}.5,100,102,99,100,5")), Some(9), "column 'ts'");
}

#[test]
fn the_line_is_right_with_blank_lines_too() {
    let text = format!("{HEAD}\n\n{}\n\n{},bad,1,1,1,1\n", rows(1)[0], T0 + 3_600);
    refused(read(text), Some(6), "'bad'");
}

#[test]
fn short_rows() {
    refused(
        changed(30, 7, |t| format!("{t},100,102")),
        Some(9),
        "the row has 3 fields and ends before column 'low'",
    );
    let text = file(&rows(30));
    for cut in [9, 10] {
        refused(read(&text[..text.len() - cut]), Some(31), "the file may be cut short");
    }
}

#[test]
fn impossible_prices() {
    for bad in ["0", "-5", "NaN", "inf", "-inf", "1e300", "-0.0"] {
        let e = refused(changed(30, 7, |t| format!("{t},100,102,99,{bad},5")), Some(9), "close is");
        assert!(e.to_string().contains("remove it"), "{e}");
    }
    refused(changed(30, 7, |t| format!("{t},100,102,99,100,-1")), Some(9), "volume is -1");
    refused(changed(30, 7, |t| format!("{t},100,102,99,100,NaN")), Some(9), "volume is NaN");
}

#[test]
fn impossible_times() {
    refused(changed(30, 7, |_| "12,100,102,99,100,5".into()), Some(9), "ts is 12");
    refused(changed(30, 7, |_| "-1600002000,100,102,99,100,5".into()), Some(9), "between 1980 and 2100");
    refused(changed(30, 7, |t| format!("{t}000000,100,102,99,100,5")), Some(9), "between 1980 and 2100");
    refused(changed(30, 7, |t| format!("{t}000,100,102,99,100,5")), Some(9), "ts is in milliseconds");
}

#[test]
fn milliseconds_are_converted() {
    let rows: Vec<_> = (0..5).map(|i| format!("{}000,1,1,1,1,0", T0 + i * 60)).collect();
    let s = repaired(read(file(&rows)), RepairKind::Milliseconds, Some(2));
    assert_eq!((s.bars[0].ts, s.interval_s), (T0, 60));
}

#[test]
fn unsorted_rows_are_sorted() {
    let mut all = rows(30);
    all.swap(10, 20);
    let s = repaired(read(file(&all)), RepairKind::Sorted, Some(13));
    assert_eq!(s.repairs[0].count, 10);
    all.sort();
    all.reverse();
    repaired(read(file(&all)), RepairKind::Sorted, Some(3));
}

#[test]
fn duplicates() {
    let mut all = rows(30);
    all.insert(8, all[7].clone());
    let s = repaired(read(file(&all)), RepairKind::Duplicates, Some(10));
    assert_eq!(s.bars.len(), 30);
    all[8] = format!("{},100,102,99,99.5,5", T0 + 7 * 3_600);
    refused(read(file(&all)), Some(10), "the first is in line 9");
}

#[test]
fn isolated_bad_ticks_are_replaced() {
    for bad in ["100000000", "0.0001", "501"] {
        let s = changed(30, 7, |t| format!("{t},100,102,99,{bad},5"));
        let s = repaired(s, RepairKind::BadTick, Some(9));
        assert_eq!(s.bars[7], Bar::flat(T0 + 7 * 3_600, 100.0));
    }
    let s = repaired(changed(30, 7, |t| format!("{t},1e8,1e8,99,100,5")), RepairKind::BadTick, Some(9));
    assert_eq!(
        s.bars[7],
        Bar { ts: T0 + 7 * 3_600, open: 100.0, high: 100.0, low: 99.0, close: 100.0, volume: 5.0 }
    );
    let s = repaired(changed(30, 7, |t| format!("{t},100,1e8,1e-8,101,5")), RepairKind::BadTick, Some(9));
    assert_eq!((s.bars[7].high, s.bars[7].low), (101.0, 100.0));
    // First and last bar.
    let s = repaired(changed(30, 0, |t| format!("{t},1e8,1e8,1e8,1e8,5")), RepairKind::BadTick, Some(2));
    assert_eq!(s.bars[0].close, 101.0);
    let s = repaired(changed(30, 29, |t| format!("{t},1e8,1e8,1e8,1e8,5")), RepairKind::BadTick, Some(31));
    assert_eq!(s.bars[29].close, 100.0);
}

#[test]
fn a_crash_is_no_bad_tick() {
    // Down to a sixth and staying there; and a fall by two thirds with a full recovery.
    for price in [|i: i64| if i < 15 { 100 } else { 16 }, |i: i64| if i == 15 { 33 } else { 100 }] {
        let rows: Vec<_> =
            (0..30).map(|i| format!("{},{p},{p},{p},{p},1", T0 + i * 60, p = price(i))).collect();
        assert!(read(file(&rows)).unwrap().repairs.is_empty());
    }
}

#[test]
fn too_many_bad_ticks() {
    let mut all = rows(100);
    for i in [10, 30, 50, 70] {
        all[i] = format!("{},100,1e8,99,1e8,5", T0 + i as i64 * 3_600);
    }
    let e = refused(read(file(&all)), Some(12), "4 of 100 bars");
    assert!(matches!(e.problem, Problem::TooManyBadTicks { count: 4, .. }));
    all[10] = rows(100)[10].clone();
    assert_eq!(read(file(&all)).unwrap().repairs.len(), 3);
}

#[test]
fn jumps_that_stay() {
    let rows: Vec<_> = (0..30)
        .map(|i| format!("{},{p},{p},{p},{p},1", T0 + i * 60, p = if i < 15 { 100 } else { 100_000_000 }))
        .collect();
    refused(read(file(&rows)), Some(17), "from 100 to 100000000 in one bar");
    // Two bad ticks side by side vouch for each other, but not for the jump.
    let rows: Vec<_> = (0..30)
        .map(|i| {
            format!(
                "{},{p},{p},{p},{p},1",
                T0 + i * 60,
                p = if (15..17).contains(&i) { 100_000_000 } else { 100 }
            )
        })
        .collect();
    refused(read(file(&rows)), Some(17), "cut the file at this line");
}

#[test]
fn high_and_low_are_widened() {
    let s = repaired(changed(30, 7, |t| format!("{t},100,99,101,100.5,5")), RepairKind::HighLow, Some(9));
    assert_eq!((s.bars[7].high, s.bars[7].low), (101.0, 99.0));
    let s = repaired(changed(30, 7, |t| format!("{t},100,102,99,103,5")), RepairKind::HighLow, Some(9));
    assert_eq!((s.bars[7].high, s.bars[7].low), (103.0, 99.0));
    let swapped: Vec<_> = (0..30).map(|i| format!("{},100,99,102,100,5", T0 + i * 3_600)).collect();
    refused(read(file(&swapped)), Some(2), "30 of 30 rows");
}

#[test]
fn grids() {
    let e = refused(
        changed(30, 7, |t| format!("{},100,102,99,100,5", t + 90)),
        Some(9),
        "off the file's grid of 1 hour",
    );
    assert!(matches!(e.problem, Problem::OffGrid { interval_s: 3_600, .. }));
    let trades: Vec<_> = (0..30).map(|i| format!("{},1,1,1,1,0", T0 + i * i * 7)).collect();
    refused(read(file(&trades)), None, "no regular interval");
    // Gaps are not the grid's business.
    let mut holed = rows(30);
    holed.drain(5..9);
    assert_eq!(read(file(&holed)).unwrap().bars.len(), 26);
}

#[test]
fn symbols() {
    let symbol = |name: &str| symbol_of(Path::new(name));
    assert_eq!(symbol("x/spot_BTC_1h.csv.gz").as_deref(), Some("BTC"));
    assert_eq!(symbol("perp-SOL-5m.CSV").as_deref(), Some("SOL"));
    assert_eq!(symbol("ETH.csv").as_deref(), Some("ETH"));
    assert_eq!(symbol("prices.CSV"), None);
    assert_eq!(symbol("BTC/prices_1H.csv"), None);
}

#[test]
fn files_on_disk() {
    let dir = std::env::temp_dir().join(format!("ballast-prices-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("prices.csv");
    std::fs::write(&path, file(&rows(5))).unwrap();
    let e = load(&path).unwrap_err();
    assert!(matches!(e.problem, Problem::NoSymbol) && e.to_string().contains("SYMBOL=path"), "{e}");
    let named = |symbol: &str| load(Path::new(&format!("{symbol}={}", path.display())));
    assert_eq!(named("W2").unwrap().symbol, "W2");
    assert!(matches!(named("btc").unwrap_err().problem, Problem::BadSymbol(_)));
    assert!(matches!(named("").unwrap_err().problem, Problem::BadSymbol(_)));
    for missing in [dir.join("none.csv"), dir.join("spot_BTC_1h.csv")] {
        let e = load(&missing).unwrap_err();
        assert!(e.to_string().contains("Check the path"), "{e}");
    }
    assert!(matches!(load(&dir).unwrap_err().problem, Problem::NoSymbol | Problem::Unreadable(_)));
    assert!(matches!(load_as("BTC", &dir).unwrap_err().problem, Problem::Unreadable(_)));
    std::fs::remove_dir_all(&dir).unwrap();
}

fn market_data() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/market-data");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: no market data at {}", dir.display());
    None
}

#[test]
fn real_files_load_without_bad_ticks() {
    let Some(dir) = market_data() else { return };
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("spot_") || name.starts_with("perp_") {
            let series = load(&path).unwrap_or_else(|e| panic!("{e}"));
            assert!(series.repairs.is_empty(), "{name}: {:?}", series.repairs);
        } else if name.ends_with(".csv.gz") {
            let e = load(&path).unwrap_err();
            assert!(matches!(e.problem, Problem::MissingColumns { .. }), "{e}");
        }
    }
}

#[test]
fn real_files_align() {
    let Some(dir) = market_data() else { return };
    let series = ["BTC", "ETH", "SOL"].map(|s| load(&dir.join(format!("spot_{s}_1h.csv.gz"))).unwrap());
    let may21 = Some((1_620_000_000, 1_622_000_000));
    let paths = align(series.to_vec(), may21).unwrap();
    assert_eq!(paths.ts.len(), 556);
    let all = align(series.to_vec(), None).unwrap();
    assert_eq!(all.ts.len(), 1 + (1_704_063_600 - 1_597_125_600) / 3_600);
    assert!(all.notes.iter().any(|n| n.starts_with("SOL: 10 gaps")), "{:?}", all.notes);
    let minute = load(&dir.join("spot_BTC_1m_may21.csv.gz")).unwrap();
    let e = align(vec![minute, series[1].clone()], None).unwrap_err();
    assert!(matches!(e.problem, Problem::DifferentGrids { .. }), "{e}");
}
