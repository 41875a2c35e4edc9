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
        ballast(&["backtest", "--prices", &prices, "--out", &out, "--plain", "--null-book", "--json"]);
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
        "/limits/all/hours",
        "/null_books/0/families/squeeze/worst/ratio",
        "/null_books/0/families/squeeze/judged/plain/hours",
        "/null_books/0/families/squeeze/judged/recommended/hours",
        "/null_books/1/judged/recommended/hours",
    ] {
        assert!(number(&json, path) > 0.0, "{path}");
    }
    assert!(json["notes"].to_string().contains("funding_BTC_8h.csv: left out"));
    let page = std::fs::read_to_string(PathBuf::from(&out).join("report.html")).expect("the page is there");
    assert!(page.len() < 2_000_000 && !page.contains("NaN") && page.contains("id=\"null\""));
    // The path is made up: none of the crashes of the record is in it.
    assert_eq!(json["procyclicality"]["events"], Value::Array(vec![]));
    assert_eq!(json["procyclicality"]["missing_events"].as_array().map(Vec::len), Some(4));
    assert_eq!(json["frontier"], Value::Array(vec![]));
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
fn one_asset_has_no_null_book_and_says_so() {
    let (prices, out) = (folder("alone"), folder("alone-out"));
    let (file, out) = (prices.join("BTC_1h.csv").display().to_string(), out.display().to_string());
    let (good, json, errors) =
        ballast(&["backtest", "--prices", &file, "--out", &out, "--null-book", "--json"]);
    assert!(good, "{errors}");
    let json: Value = serde_json::from_str(&json).expect("this is JSON");
    assert_eq!(json["null_books"], Value::Array(vec![]));
    assert!(json["notes"].to_string().contains("no null book was sought"));
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

/// Every point of the frontier carries what was chosen and what came of it; a heavier stress asks for more and
/// is beaten no more often.
#[test]
fn the_frontier_is_ordered_in_stress() {
    let (prices, out) = (folder("frontier"), folder("frontier-out"));
    let (prices, out) = (prices.display().to_string(), out.display().to_string());
    let (good, json, errors) = ballast(&[
        "backtest",
        "--prices",
        &prices,
        "--out",
        &out,
        "--frontier",
        "--portfolios",
        "24",
        "--json",
    ]);
    assert!(good, "{errors}");
    let json: Value = serde_json::from_str(&json).expect("this is JSON");
    let points = json["frontier"].as_array().expect("there is a frontier");
    for key in [
        "omega",
        "shock_scale",
        "haircut_min",
        "penalty",
        "gross_floor",
        "notice_least",
        "avg_margin",
        "exceedance",
        "worst_day",
        "max_step",
        "median_step",
        "peak_to_trough",
    ] {
        assert!(points.iter().all(|p| p[key].is_f64()), "{key}");
    }
    assert!(points.iter().all(|p| p["classes"]["pair"]["avg_margin"].is_f64()));
    assert!(points.iter().any(|p| p["notice_per_hour"].is_null()));
    assert_eq!(points.iter().filter(|p| p["name"] == "recommended").count(), 1);
    let at = |point: &Value, key: &str| point[key].as_f64().expect("a number");
    let mut compared = 0;
    for a in points {
        for b in points {
            let same = ["shock_scale", "haircut_min", "gross_floor", "notice_per_hour", "notice_least"]
                .iter()
                .all(|key| a[key] == b[key]);
            if same && at(a, "omega") < at(b, "omega") {
                assert!(at(a, "avg_margin") < at(b, "avg_margin"), "{} {}", a["name"], b["name"]);
                assert!(at(a, "exceedance") >= at(b, "exceedance"), "{} {}", a["name"], b["name"]);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 24);
    let page = std::fs::read_to_string(PathBuf::from(&out).join("report.html")).expect("the page is there");
    assert!(page.contains("id=\"frontier\"") && !page.contains("NaN"));
}

/// The folder of real prices: beside the repository, or beside the folder of its worktrees.
fn market_data() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    ["../shared/market-data", "../../shared/market-data"]
        .map(|p| root.join(p))
        .into_iter()
        .find(|p| p.is_dir())
}

fn real(test: &str, files: &[&str], arguments: &[&str]) -> Option<Value> {
    let Some(folder) = market_data() else {
        eprintln!("skipped: there is no ../shared/market-data");
        return None;
    };
    let files: Vec<String> = match files {
        [] => vec![folder.display().to_string()],
        names => names.iter().map(|n| folder.join(n).display().to_string()).collect(),
    };
    let out = std::env::temp_dir().join(format!("ballast-backtest-{test}")).display().to_string();
    let mut all = vec!["backtest", "--json", "--out", &out, "--prices"];
    all.extend(files.iter().map(String::as_str));
    all.extend(arguments);
    let (good, json, errors) = ballast(&all);
    assert!(good, "{errors}");
    Some(serde_json::from_str(&json).expect("this is JSON"))
}

/// What is promised of the core on any window: every class covered alike, no day on which many books are bare, and
/// hedged books asked for less than what fixed haircuts must.
fn keeps_the_promise_of_the_core(json: &Value, worst_day: f64) {
    for class in Class::ALL.map(Class::key) {
        let of = |key: &str| number(json, &format!("/classes/{class}/{key}"));
        assert!((0.008..0.013).contains(&of("exceedance")), "{class}: {}", of("exceedance"));
        let most = match class {
            "pair" => 0.5,
            "mixed" => 0.6,
            _ => 1.0,
        };
        let ratio = of("avg_margin") / of("avg_margin_fixed");
        assert!(ratio <= most, "{class}: {ratio} of fixed haircuts");
    }
    let [worst, fixed] =
        ["worst_day", "worst_day_fixed_even"].map(|k| number(json, &format!("/overall/{k}")));
    assert!(worst < worst_day && fixed > 1.8 * worst, "{worst} against {fixed}");
}

#[test]
fn the_core_covers_every_class_alike_on_real_prices() {
    let clock = Instant::now();
    let Some(json) = real("2021", &[], &["--from", "2021-01-01", "--plain"]) else { return };
    keeps_the_promise_of_the_core(&json, 0.08);
    assert!(number(&json, "/portfolios") >= 100.0);
    assert!(clock.elapsed().as_secs() < 100, "{:?}", clock.elapsed());
}

#[test]
fn the_core_covers_every_class_alike_in_other_years_with_other_coins_and_books() {
    let coins = ["spot_BTC_1h.csv.gz", "spot_ETH_1h.csv.gz", "spot_XRP_1h.csv.gz"];
    let window = ["--from", "2018-06-01", "--to", "2021-01-01", "--plain", "--seed", "2"];
    let Some(json) = real("2018", &coins, &window) else { return };
    // Books of three coins resemble one another more, and are beaten together more.
    keeps_the_promise_of_the_core(&json, 0.09);
    // 12 March 2020 is in this window alone: margin multiplied within an hour, and the limit took off what it may.
    let events = json["procyclicality"]["events"].as_array().expect("events");
    let long = events
        .iter()
        .find(|e| e["class"] == "long" && e["name"] == "12 March 2020")
        .expect("12 March 2020 is in the window");
    let [at_once, limited] = ["hour_rise", "hour_rise_limited"].map(|k| long[k].as_f64().expect("a rise"));
    assert!(at_once > 3.0 && limited < 0.8 * at_once, "{at_once} {limited}");
}

/// Whatever seed the books are drawn from, the core's promise holds; fewer books, so that it takes a moment.
#[test]
fn other_seeds_find_no_class_that_is_covered_differently() {
    for seed in ["11", "12"] {
        let window = ["--from", "2022-01-01", "--plain", "--portfolios", "75", "--seed", seed];
        let Some(json) = real(&format!("seed-{seed}"), &[], &window) else { return };
        for class in Class::ALL.map(Class::key) {
            let exceedance = number(&json, &format!("/classes/{class}/exceedance"));
            assert!((0.008..0.013).contains(&exceedance), "seed {seed}, {class}: {exceedance}");
        }
    }
}

/// An adversary with a board of everything on finds no book that the hours after it beat more often than the core
/// promises for any book; and the books it finds on the core alone are covered by what stands beside the core.
#[test]
fn null_books_are_covered_by_the_recommended_point_on_real_prices() {
    let window = ["--from", "2022-04-01", "--to", "2022-12-01", "--portfolios", "20", "--null-book"];
    let Some(json) = real("null", &[], &window) else { return };
    for hunt in [0, 1] {
        let judged =
            |path: &str| number(&json, &format!("/null_books/{hunt}/{path}/judged/recommended/exceedance"));
        for family in ["history", "squeeze", "depeg", "decorrelation"] {
            let exceedance = judged(&format!("families/{family}"));
            assert!(exceedance < 0.013, "{hunt} {family}: {exceedance}");
        }
        let hours = number(&json, &format!("/null_books/{hunt}/judged/recommended/hours"));
        assert!(hours > 20_000.0, "{hours}");
    }
    let worst = |hunt: usize| number(&json, &format!("/null_books/{hunt}/families/history/worst/ratio"));
    assert!(worst(1) > 2.0 * worst(0), "{} {}", worst(1), worst(0));
}

/// Everything on, loss and penalty under a stale price: an hour in a thousand at most for any class, and a crash does
/// not raise margin by as much as it raises the core's.
#[test]
fn the_recommended_point_covers_loss_and_penalty_on_real_prices() {
    let window = ["--from", "2022-04-01", "--to", "2022-12-01", "--portfolios", "75"];
    let Some(whole) = real("whole", &[], &window) else { return };
    let core = real("core", &[], &[&window[..], &["--plain"]].concat()).expect("prices are there");
    for class in Class::ALL.map(Class::key) {
        let exceedance = number(&whole, &format!("/classes/{class}/exceedance"));
        assert!(exceedance < 0.001, "{class}: {exceedance}");
    }
    let rise = |json: &Value, key: &str| {
        let events = json["procyclicality"]["events"].as_array().expect("events");
        let of = events.iter().filter(|e| e["class"] == "long").filter_map(|e| e[key].as_f64());
        of.fold(0.0, f64::max)
    };
    assert_eq!(whole["procyclicality"]["events"].as_array().map(Vec::len), Some(10));
    assert!(rise(&whole, "hour_rise") < rise(&core, "hour_rise"));
    assert!(rise(&whole, "hour_rise_limited") < rise(&whole, "hour_rise"));
    // The limit's price shows where it binds, and nowhere else.
    let of = |path: &str| number(&core, path);
    assert!(of("/limits/binding/exceedance_limited") > of("/limits/binding/exceedance_at_once"));
    assert!((0.005..0.05).contains(&of("/limits/binding_share")));
}
