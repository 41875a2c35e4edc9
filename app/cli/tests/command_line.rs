//! What the command says when something is wrong: one sentence, and what to do.

use std::path::PathBuf;
use std::process::{Command, Output};

fn ballast(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ballast")).args(arguments).output().expect("the command runs")
}

/// Fails, with one line on standard error that contains all of these.
fn complains(arguments: &[&str], about: &[&str]) {
    let output = ballast(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(!said.contains("panicked"), "{said}");
    for part in about {
        assert!(said.contains(part), "{arguments:?} said: {said}\nwithout: {part}");
    }
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("ballast-cli-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("a temporary file is written");
    path
}

/// Hourly bars at a constant price.
fn bars(count: i64, interval_s: i64) -> String {
    let rows =
        (0..count).map(|i| format!("{},100,101,99,100,5\n", 1_600_000_000 / 3_600 * 3_600 + i * interval_s));
    "ts,open,high,low,close,volume\n".to_owned() + &rows.collect::<String>()
}

const SOMEBODY: &str = "Bsr6dUsWpMNKqWYvNqW18eG4mvLMjjXA1Y9ehyN91W9h";

#[test]
fn an_address_that_is_none_is_named() {
    complains(&["health", "nobody"], &["'nobody' is no address", "base58"]);
    complains(&["board", "0x1234"], &["'0x1234' is no address"]);
}

#[test]
fn a_cluster_that_is_none_is_named() {
    complains(&["health", SOMEBODY, "--url", "moonnet"], &["'moonnet' is no cluster", "http://"]);
}

#[test]
fn a_cluster_that_does_not_answer_is_named() {
    complains(
        &["board", SOMEBODY, "--url", "http://127.0.0.1:1"],
        &["cannot reach http://127.0.0.1:1", "is the node running"],
    );
}

#[test]
fn a_price_file_that_is_not_there_is_named() {
    complains(&["demo", "--prices", "no_BTC_such.csv"], &["no_BTC_such.csv"]);
}

#[test]
fn a_price_file_without_a_column_is_refused() {
    let path = file("BTC.csv", "ts,open,high,low\n1600000000,1,1,1\n");
    complains(&["demo", "--prices", path.to_str().expect("plain letters")], &["close"]);
}

#[test]
fn too_few_bars_are_refused() {
    let path = file("short_ETH.csv", &bars(30, 3_600));
    complains(
        &["demo", "--prices", path.to_str().expect("plain letters")],
        &["too few", "longer price file"],
    );
}

#[test]
fn files_on_different_grids_are_refused() {
    let (a, b) = (file("a_BTC.csv", &bars(100, 3_600)), file("b_ETH.csv", &bars(100, 60)));
    complains(
        &["demo", "--prices", a.to_str().expect("plain letters"), b.to_str().expect("plain letters")],
        &["BTC", "ETH"],
    );
}

#[test]
fn a_time_that_is_none_is_named() {
    complains(&["demo", "--from", "yesterday"], &["yesterday"]);
}
