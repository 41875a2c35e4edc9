//! The back-test from prices to JSON, on made-up prices and on real ones.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use ballast_cli::backtest::{Class, Market, Setting, measure, portfolios, run};
use ballast_cli::prices::synthetic;
use serde_json::Value;

fn market() -> Market {
    Market::from_paths(synthetic::crash(7)).expect("the synthetic path is long enough")
}

/// A folder of CSV files with the synthetic path, and a file that is no price file.
fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ballast-backtest-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder is made");
    for series in synthetic::crash(7).series {
        let rows: String = series
            .bars
            .iter()
            .map(|b| format!("{},{},{},{},{},0\n", b.ts, b.open, b.high, b.low, b.close))
            .collect();
        let text = format!("ts,open,high,low,close,volume\n{rows}");
        std::fs::write(folder.join(format!("{}_1h.csv", series.symbol)), text).expect("a file is written");
    }
    std::fs::write(folder.join("funding_BTC_8h.csv"), "ts,funding\n1568102400,0.0001\n")
        .expect("a file is written");
    folder
}

fn ballast(arguments: &[&str]) -> (bool, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_ballast")).args(arguments).output().expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command writes text");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn number(json: &Value, path: &str) -> f64 {
    json.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no number at {path}"))
}

#[test]
fn the_json_has_its_keys_and_the_page_is_written() {
    let (prices, out) = (folder("keys"), folder("keys-out"));
    let (prices, out) = (prices.display().to_string(), out.display().to_string());
    let (good, json, errors) =
        ballast(&["backtest", "--prices", &prices, "--out", &out, "--plain", "--frontier", "--json"]);
    assert!(good, "{errors}");
    let json: Value = serde_json::from_str(&json).expect("this is JSON");
    for class in ["long", "short", "diversified", "mixed", "pair"] {
        for key in [
            "exceedance",
            "avg_margin",
            "avg_margin_fixed",
            "worst_day",
            "worst_day_fixed",
            "kupiec_p",
            "christoffersen_p",
        ] {
            let value = number(&json, &format!("/classes/{class}/{key}"));
            assert!((0.0..=1.0).contains(&value), "{class} {key} {value}");
        }
        for key in ["breach_mean", "breach_max"] {
            assert!(number(&json, &format!("/classes/{class}/{key}")) > 1.0);
        }
    }
    for path in [
        "/overall/exceedance",
        "/procyclicality/max_step",
        "/procyclicality/peak_to_trough",
        "/frontier/0/avg_margin",
    ] {
        assert!(number(&json, path) > 0.0, "{path}");
    }
    assert!(json["notes"].to_string().contains("funding_BTC_8h.csv: left out"));
    let page = std::fs::read_to_string(PathBuf::from(&out).join("report.html")).expect("the page is there");
    assert!(page.len() < 2_000_000 && !page.contains("NaN") && page.contains("id=\"frontier\""));
    assert!(PathBuf::from(&out).join("backtest.json").exists());
}

/// Margins and losses up to an hour are the same, whatever comes after it.
#[test]
fn the_future_never_changes_what_was_asked() {
    let before = market();
    let mut after = before.clone();
    let cut = 450;
    for (asset, closes) in after.closes.iter_mut().enumerate() {
        for (i, close) in closes.iter_mut().enumerate().skip(cut) {
            *close *= 1.0 + (asset as f64 + 1.0) * (i - cut + 1) as f64;
        }
    }
    let books = portfolios::draw(&before.symbols, 40, 3);
    let setting = Setting::plain(3_600);
    let [a, b] = [&before, &after].map(|m| run(m, &books, &setting, &|_| {}).expect("it runs"));
    let mut compared = 0;
    for (a, b) in a.tracks.iter().zip(&b.tracks) {
        for (x, y) in a.iter().zip(b).filter(|(x, _)| (x.tick as usize) < cut) {
            assert_eq!((x.tick, x.margin), (y.tick, y.margin));
            // The loss of the last of them is made at the first changed close.
            if (x.tick as usize) + 1 < cut {
                assert_eq!(x.loss, y.loss);
                compared += 1;
            }
        }
        assert_ne!(a.last().map(|h| h.margin), b.last().map(|h| h.margin));
    }
    assert!(compared > 5_000, "{compared}");
}

/// What a book lost is what its weights and the closes say, from the close after the margin to the next.
#[test]
fn losses_are_those_of_the_hour_after_the_margin() {
    let market = market();
    let books = portfolios::draw(&market.symbols, 40, 3);
    let history = run(&market, &books, &Setting::plain(3_600), &|_| {}).expect("it runs");
    for (book, track) in books.iter().zip(&history.tracks) {
        assert_eq!(track.first().map(|h| h.tick), Some(256), "the ring is full after 256 returns");
        for hour in track {
            let t = hour.tick as usize;
            let profit: f64 = book
                .weights
                .iter()
                .map(|(a, w)| w * (market.closes[*a][t + 1] / market.closes[*a][t] - 1.0))
                .sum();
            assert!((f64::from(hour.loss) + profit).abs() < 1e-6, "{} {profit}", book.name);
        }
    }
}

#[test]
fn an_outage_is_not_judged_and_a_late_asset_joins() {
    let mut market = market();
    for closes in &mut market.closes {
        closes[400..405].fill(f64::NAN);
    }
    market.closes[2][..100].fill(f64::NAN);
    let books = portfolios::draw(&market.symbols, 40, 3);
    let history = run(&market, &books, &Setting::plain(3_600), &|_| {}).expect("it runs");
    for (book, track) in books.iter().zip(&history.tracks) {
        assert!(track.iter().all(|h| !(399..405).contains(&h.tick)), "{}", book.name);
        let late = book.weights.iter().any(|w| w.0 == 2);
        assert_eq!(track.first().map(|h| h.tick), Some(if late { 100 + 256 } else { 256 }), "{}", book.name);
    }
    assert_eq!(history.unjudged, books.len() as u64);
}

#[test]
fn one_asset_is_enough() {
    let mut market = market();
    market.symbols.truncate(1);
    market.closes.truncate(1);
    let books = portfolios::draw(&market.symbols, 150, 3);
    let history = run(&market, &books, &Setting::recommended(3_600), &|_| {}).expect("it runs");
    let found = measure(&market, &books, &history, 1);
    assert!(found.class(Class::Long).is_some() && found.class(Class::Mixed).is_none());
}

#[test]
fn a_calibration_is_written_and_too_little_history_is_refused() {
    let prices = folder("calibrate").display().to_string();
    let out = std::env::temp_dir().join(format!("ballast-calibration-{}.json", std::process::id()));
    let out = out.display().to_string();
    let (good, said, errors) = ballast(&["calibrate", "--prices", &prices, "--out", &out]);
    assert!(good && said.contains("256 returns over 1 hour each for BTC, ETH, SOL"), "{said}{errors}");
    let file: Value =
        serde_json::from_str(&std::fs::read_to_string(&out).expect("it is there")).expect("JSON");
    assert_eq!(file["assets"][1]["returns"].as_array().map(Vec::len), Some(256));
    let (good, _, errors) =
        ballast(&["calibrate", "--prices", &prices, "--out", &out, "--from", "2025-01-25"]);
    assert!(!good && errors.contains("a calibration takes 256"), "{errors}");
}

/// The folder of real prices: beside the repository, or beside the folder of its worktrees.
fn market_data() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    ["../shared/market-data", "../../shared/market-data"]
        .map(|p| root.join(p))
        .into_iter()
        .find(|p| p.is_dir())
}

/// Hourly closes of five coins, 2021 to 2023: the bare core covers every class alike, hardly clusters,
/// and asks hedged books for less than half of what fixed haircuts must.
#[test]
fn the_core_covers_every_class_alike_on_real_prices() {
    let Some(folder) = market_data() else {
        eprintln!("skipped: there is no ../shared/market-data");
        return;
    };
    let clock = Instant::now();
    let (prices, out) = (folder.display().to_string(), std::env::temp_dir().join("ballast-backtest-real"));
    let (good, json, errors) = ballast(&[
        "backtest",
        "--prices",
        &prices,
        "--from",
        "2021-01-01",
        "--plain",
        "--json",
        "--out",
        &out.display().to_string(),
    ]);
    assert!(good, "{errors}");
    let json: Value = serde_json::from_str(&json).expect("this is JSON");
    for class in Class::ALL.map(Class::key) {
        let exceedance = number(&json, &format!("/classes/{class}/exceedance"));
        assert!((0.008..0.013).contains(&exceedance), "{class}: {exceedance}");
        let [margin, fixed] =
            ["avg_margin", "avg_margin_fixed"].map(|k| number(&json, &format!("/classes/{class}/{k}")));
        let most = match class {
            "pair" => 0.5,
            "mixed" => 0.6,
            _ => 1.0,
        };
        assert!(margin <= most * fixed, "{class}: {margin} against {fixed}");
    }
    assert!(number(&json, "/portfolios") >= 100.0);
    let [worst, fixed] =
        ["worst_day", "worst_day_fixed_even"].map(|k| number(&json, &format!("/overall/{k}")));
    assert!(worst < 0.08 && fixed > 2.0 * worst, "{worst} against {fixed}");
    assert!(clock.elapsed().as_secs() < 100, "{:?}", clock.elapsed());
}
