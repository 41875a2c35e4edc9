//! What the command says when something is wrong: one sentence, and what to do.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs the command as somebody who has set nothing.
fn ballast(arguments: &[&str]) -> Output {
    ballast_with(std::path::Path::new("/nonexistent/ballast.toml"), arguments)
}

/// The same with a config file.
fn ballast_with(config: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ballast"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BALLAST_")) {
        command.env_remove(name);
    }
    command.env("BALLAST_CONFIG", config).args(arguments).output().expect("the command runs")
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

fn key_file(name: &str) -> String {
    let key = ballast_sandbox::Keypair::new();
    let bytes = serde_json::to_string(&key.to_bytes().to_vec()).expect("numbers");
    file(name, &bytes).to_str().expect("plain letters").to_owned()
}

#[test]
fn a_clearinghouse_that_is_not_named_is_asked_for() {
    complains(&["deposit", "1"], &["which clearinghouse?", "--quote-mint", "ballast config set quote_mint"]);
    complains(&["board"], &["which clearinghouse?"]);
    complains(&["audit"], &["which clearinghouse?"]);
}

#[test]
fn a_key_that_is_missing_is_asked_for() {
    let nowhere = ["--quote-mint", SOMEBODY, "--url", "http://127.0.0.1:1"];
    complains(
        &[&["accounts", "open"][..], &nowhere].concat(),
        &["a key has to sign this", "--keypair", "ballast config set keypair"],
    );
    complains(
        &[&["accounts", "open", "--keypair", "no_such.json"][..], &nowhere].concat(),
        &["cannot read the keypair no_such.json", "solana-keygen new"],
    );
}

#[test]
fn a_node_that_does_not_answer_is_named_by_every_command_on_a_clearinghouse() {
    let key = key_file("key.json");
    let nowhere = ["--quote-mint", SOMEBODY, "--url", "http://127.0.0.1:1", "--keypair", &key];
    for line in [
        "accounts --all",
        "accounts open",
        "deposit 1",
        "withdraw all SOL",
        "trade --market SOL-PERP --buy 1 --yes",
        "backstop show",
        "governance show",
        "governance apply 1",
    ] {
        let words: Vec<&str> = line.split(' ').chain(nowhere).collect();
        complains(&words, &["cannot reach http://127.0.0.1:1", "is the node running"]);
    }
}

#[test]
fn a_local_cluster_that_was_not_started_is_named() {
    complains(
        &["board", "--local=/no/such/folder"],
        &["there is no local cluster in /no/such/folder", "ballast localnet"],
    );
}

#[test]
fn a_local_cluster_names_itself_and_its_keys() {
    let folder = std::env::temp_dir().join(format!("ballast-cli-{}-localnet", std::process::id()));
    std::fs::create_dir_all(folder.join("keys")).expect("a folder");
    let deployment = format!("{{\"rpcUrl\": \"http://127.0.0.1:1\", \"quoteMint\": \"{SOMEBODY}\"}}");
    std::fs::write(folder.join("deployment.json"), deployment).expect("a file");
    std::fs::copy(key_file("local.json"), folder.join("keys/trader.json")).expect("a file");
    let local = format!("--local={}", folder.display());
    complains(&["deposit", "1", &local, "--keypair", "trader"], &["cannot reach http://127.0.0.1:1"]);
    complains(
        &["deposit", "1", &local, "--keypair", "nobody"],
        &["cannot read the keypair", "keys/nobody.json"],
    );
}

#[test]
fn what_was_set_need_not_be_typed() {
    let config = std::env::temp_dir().join(format!("ballast-cli-{}-set.toml", std::process::id()));
    let _ = std::fs::remove_file(&config);
    let key = key_file("set.json");
    for (name, value) in [("url", "http://127.0.0.1:1"), ("quote_mint", SOMEBODY), ("keypair", &key)] {
        assert!(ballast_with(&config, &["config", "set", name, value]).status.success(), "{name}");
    }
    let said = String::from_utf8(ballast_with(&config, &["config", "get", "url"]).stdout).expect("text");
    assert_eq!(said.trim(), "http://127.0.0.1:1");
    let all: serde_json::Value =
        serde_json::from_slice(&ballast_with(&config, &["config", "get", "--json"]).stdout).expect("JSON");
    assert_eq!(all["quote_mint"], SOMEBODY);
    let said = String::from_utf8(ballast_with(&config, &["deposit", "1"]).stderr).expect("text");
    assert!(said.contains("cannot reach http://127.0.0.1:1"), "{said}");
    let said = String::from_utf8(ballast_with(&config, &["config", "set", "quote_mint", "me"]).stderr)
        .expect("text");
    assert!(said.contains("'me' is no address"), "{said}");
    let said =
        String::from_utf8(ballast_with(&config, &["config", "set", "colour", "red"]).stderr).expect("text");
    assert!(said.contains("'colour' is no setting; there are url"), "{said}");
    assert!(ballast_with(&config, &["config", "unset", "keypair"]).status.success());
    let said = String::from_utf8(ballast_with(&config, &["accounts", "open"]).stderr).expect("text");
    assert!(said.contains("a key has to sign this"), "{said}");
}

#[test]
fn shells_are_given_what_completes_commands() {
    for (shell, part) in
        [("bash", "complete -F"), ("zsh", "#compdef ballast"), ("fish", "complete -c ballast")]
    {
        let output = ballast(&["completions", shell]);
        let script = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success() && script.contains(part) && script.contains("quote-mint"), "{shell}");
    }
    complains(&["completions", "tcsh"], &["bash", "zsh", "fish"]);
}

#[test]
fn a_trade_says_what_it_wants_once() {
    complains(&["trade", "--market", "SOL-PERP"], &["--buy", "--sell"]);
    complains(&["trade", "--market", "SOL-PERP", "--buy", "1", "--sell", "1"], &["cannot be used with"]);
    complains(&["trade", "--market", "SOL-PERP", "--buy", "1", "--expires", "5"], &["10..=600"]);
}
