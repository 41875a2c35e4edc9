//! Every event of the program, from logs that the compiled program wrote.
//!
//! `recorded.json` holds for each event the logs of one transaction of the feature tests. A program that gains an event
//! needs it recorded:
//!
//! ```sh
//! BALLAST_RECORD_LOGS=$PWD/target/logs cargo test --workspace --test features
//! BALLAST_RECORD_LOGS=$PWD/target/logs cargo test --workspace --test history -- --ignored record
//! ```

use std::collections::{BTreeMap, BTreeSet};

use anchor_lang::Event as _;
use ballast_indexer::{idl, logs};
use ballast_sandbox::vm::RECORD_VARIABLE;
use serde_json::Value;

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/history/recorded.json");

fn program() -> String {
    ballast::ID.to_string()
}

fn recorded() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(RECORDED).expect("the recorded logs are there");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn every_event_that_the_program_logs_is_decoded() {
    let recorded = recorded();
    let wanted: BTreeSet<&str> = idl::events().collect();
    let there: BTreeSet<&str> = recorded.keys().map(String::as_str).collect();
    assert_eq!(there, wanted, "record the logs anew: see above");
    for (kind, lines) in &recorded {
        let found = logs::of_program(lines, &program());
        assert!(!found.cut && !found.events.is_empty(), "{kind}");
        let decoded: Vec<_> = found.events.iter().map(|bytes| idl::event(bytes)).collect();
        for event in &decoded {
            assert_ne!(event.kind, idl::UNKNOWN, "{kind}: {}", event.data);
            assert!(event.data.get("raw").is_none(), "{kind} was not read to its end");
            let fields = idl::fields(event.kind).expect("a struct");
            for field in fields {
                let name = idl::camel(field["name"].as_str().expect("a name"));
                assert!(event.data.get(&name).is_some(), "{kind} lacks {name}");
            }
        }
        assert!(decoded.iter().any(|event| event.kind == kind), "{kind}");
    }
}

/// What the generic reader says is what the program's own types say.
#[test]
fn numbers_and_addresses_are_the_programs() {
    use anchor_lang::{AnchorDeserialize, Discriminator};
    use ballast::event::{Filled, FundingUpdated, Liquidated, PriceRefreshed, SolvencyAttested};

    let recorded = recorded();
    let both = |kind: &str| {
        let found = logs::of_program(&recorded[kind], &program());
        let bytes = found.events.into_iter().find(|bytes| idl::event(bytes).kind == kind);
        let bytes = bytes.expect("it was recorded");
        let data = idl::event(&bytes).data;
        (bytes, data)
    };
    fn typed<E: AnchorDeserialize + Discriminator>(bytes: &[u8]) -> E {
        E::try_from_slice(&bytes[8..]).expect("the program's own type")
    }
    let text = |value: &dyn std::fmt::Display| Value::String(value.to_string());

    let (bytes, data) = both("Filled");
    let event: Filled = typed(&bytes);
    assert_eq!(event.data(), bytes);
    assert_eq!((&data["taker"], &data["base"]), (&text(&event.taker), &text(&event.base)));
    assert_eq!((&data["quote"], data["market"].as_u64()), (&text(&event.quote), Some(event.market.into())));

    let (bytes, data) = both("Liquidated");
    let event: Liquidated = typed(&bytes);
    assert_eq!(data["legs"].as_array().map(Vec::len), Some(event.legs.len()));
    assert_eq!(data["legs"][0]["proceeds"], text(&event.legs[0].proceeds));
    assert_eq!((&data["equityBefore"], &data["bounty"]), (&text(&event.equity_before), &text(&event.bounty)));

    let (bytes, data) = both("FundingUpdated");
    let event: FundingUpdated = typed(&bytes);
    assert_eq!((&data["inventory"], &data["rate"]), (&text(&event.inventory), &text(&event.rate)));

    let (bytes, data) = both("PriceRefreshed");
    let event: PriceRefreshed = typed(&bytes);
    assert_eq!((&data["publishTime"], &data["notice"]), (&text(&event.publish_time), &text(&event.notice)));
    assert_eq!(data["priceShift"].as_u64(), Some(event.price_shift.into()));

    let (bytes, data) = both("SolvencyAttested");
    let event: SolvencyAttested = typed(&bytes);
    assert_eq!(data["report"]["quoteVault"], text(&event.report.quote_vault));
}

#[test]
#[ignore = "writes the recorded logs anew"]
fn record() {
    let path = std::env::var_os(RECORD_VARIABLE).expect("the variable names what the feature tests recorded");
    let text = std::fs::read_to_string(path).expect("it was recorded");
    let mut shortest: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for lines in text.lines().filter_map(|line| serde_json::from_str::<Vec<String>>(line).ok()) {
        let length = lines.iter().map(String::len).sum::<usize>();
        for bytes in logs::of_program(&lines, &program()).events {
            let known = shortest.entry(idl::event(&bytes).kind).or_insert_with(|| lines.clone());
            if length < known.iter().map(String::len).sum() {
                known.clone_from(&lines);
            }
        }
    }
    shortest.remove(idl::UNKNOWN);
    let written = serde_json::to_string_pretty(&shortest).expect("JSON");
    std::fs::write(RECORDED, written + "\n").expect("it is written");
}
