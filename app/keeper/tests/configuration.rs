//! The configuration: the example is complete and valid, and what is wrong is said with what to write instead.

use ballast_keeper::config::Config;

const EXAMPLE: &str = include_str!("../keeper.example.toml");

fn parse(text: &str) -> anyhow::Result<Config> {
    Config::parse(text, std::iter::empty(), &[])
}

/// The example with a line replaced.
fn with(line: &str, replacement: &str) -> String {
    assert!(EXAMPLE.contains(line), "the example has the line `{line}`");
    EXAMPLE.replacen(line, replacement, 1)
}

#[test]
fn the_example_is_valid_and_names_every_key_once() {
    parse(EXAMPLE).unwrap();
    let table: toml::Table = toml::from_str(EXAMPLE).unwrap();
    let mut named: Vec<String> = table
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    let mut all = Config::every_key();
    named.sort_unstable();
    all.sort_unstable();
    assert_eq!(named, all);
}

#[test]
fn the_example_shows_the_defaults() {
    let required = format!(
        "[chain]\nrpc = \"http://127.0.0.1:8899\"\nws = \"ws://127.0.0.1:8900\"\nquote_mint = \"{}\"\n[keeper]\nkeypair = \"keeper.json\"\n",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
    );
    assert_eq!(parse(&required).unwrap(), parse(EXAMPLE).unwrap());
}

#[test]
fn a_wrong_value_is_refused_with_what_to_write() {
    for (line, replacement, said) in [
        ("rpc = \"http://127.0.0.1:8899\"", "rpc = \"127.0.0.1\"", "http://… or https://…"),
        ("ws = \"ws://127.0.0.1:8900\"", "ws = \"http://x\"", "ws://… or wss://…"),
        ("commitment = \"processed\"", "commitment = \"soon\"", "processed, confirmed or finalized"),
        ("index = 0", "index = 1", "from 0 to count − 1"),
        ("keypair = \"keeper.json\"", "", "keeper.keypair is missing"),
        ("format = \"text\"", "format = \"xml\"", "text or json"),
        ("touches_together = 6", "touches_together = 9", "do not fit"),
        ("accounts = []", "accounts = [\"abc\"]", "32 bytes in base58"),
        ("attempts = 5", "attempts = 0", "given up at once"),
        ("poll_ms = 400", "poll_ms = 0", "1 or more"),
    ] {
        let refused = format!("{:#}", parse(&with(line, replacement)).unwrap_err());
        assert!(refused.contains(said), "{replacement}: {refused}");
    }
}

#[test]
fn a_key_that_does_not_exist_is_named() {
    let refused = format!("{:#}", parse(&with("min_profit = 0", "min_proft = 0")).unwrap_err());
    assert!(refused.contains("min_proft"), "{refused}");
}

#[test]
fn the_environment_stands_over_the_file_and_flags_over_both() {
    let environment = [
        ("BALLAST_KEEPER__LIQUIDATION__MIN_PROFIT", "-5"),
        ("BALLAST_KEEPER__CHAIN__RPC", "https://environment"),
        ("BALLAST_KEEPER__CHAIN__WS", "wss://environment"),
        ("HOME", "/somewhere"),
    ];
    let environment = environment.map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter();
    let flags = [("chain.ws".to_owned(), "wss://flag".to_owned())];
    let config = Config::parse(EXAMPLE, environment, &flags).unwrap();
    assert_eq!(config.liquidation.min_profit, -5);
    assert_eq!((config.chain.rpc.as_str(), config.chain.ws.as_str()), ("https://environment", "wss://flag"));
}
