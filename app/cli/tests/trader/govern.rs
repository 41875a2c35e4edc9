//! Governance from the command line.

use std::path::PathBuf;

use ballast::governance::Parameter;
use ballast_sandbox::Signer;

use crate::chain::Sandbox;

const DAY: i64 = 86_400;

fn governed(name: &str) -> (Sandbox, PathBuf) {
    let world = Sandbox::new(name);
    let key = world.house.borrow().governance.insecure_clone();
    world.endow(&key, 0, 0);
    let file = world.key_file("governance", &key);
    (world, file)
}

#[test]
fn a_parameter_is_proposed_waited_for_and_applied_by_anybody() {
    let (world, file) = governed("propose");
    let (_, stranger) = world.somebody("stranger", 0, 0);
    let from = world.house.borrow().parameter(Parameter::MaxAge, 0);
    let to = from + from / 4;
    let made = world.json(&file, &format!("governance propose max-age {to} --on SOL"));
    assert_eq!((&made["id"], &made["from"]), (&"0".into(), &from.to_string().into()));
    let shown = world.does(&stranger, "governance show --on SOL");
    assert!(
        shown.contains(&format!("max-age of SOL from {from} to {to}")) && shown.contains("ripe in 2 d 0 h"),
        "{shown}"
    );
    world.refuses(&stranger, "governance apply 0", &["proposal 0 cannot be applied now: ripe in 2 d 0 h"]);
    assert!(world.does(&stranger, "governance apply").contains("Nothing is ripe"));
    world.house.borrow_mut().vm.advance(2 * DAY);
    assert!(world.does(&stranger, "governance show").contains("ripe, dies in 7 d 0 h"));
    let applied = world.json(&stranger, "governance apply");
    assert_eq!((&applied[0]["id"], &applied[0]["state"]), (&"0".into(), &"done".into()));
    assert_eq!(world.house.borrow().parameter(Parameter::MaxAge, 0), to);
    world.refuses(&stranger, "governance apply 0", &["carried out"]);
}

#[test]
fn whoever_is_not_governance_gets_the_transaction_to_be_signed() {
    let (world, file) = governed("multisig");
    let (_, stranger) = world.somebody("stranger", 0, 0);
    let from = world.house.borrow().parameter(Parameter::Buffer, 0);
    let made = world.json(&stranger, &format!("governance propose buffer {}", from + 10));
    let governance = world.house.borrow().governance.pubkey().to_string();
    assert_eq!(
        (&made["to_be_signed_by"]["key"], &made["signature"]),
        (&governance.into(), &serde_json::Value::Null)
    );
    use base64::Engine;
    let bytes = base64::prelude::BASE64_STANDARD
        .decode(made["unsigned_transaction"].as_str().expect("a transaction"))
        .expect("base64");
    let transaction: solana_transaction::Transaction = bincode::deserialize(&bytes).expect("a transaction");
    assert_eq!(transaction.message.header.num_required_signatures, 2);
    assert_eq!(world.house.borrow().clearinghouse().proposals, 0, "nothing was sent");
    world.does(&file, &format!("governance propose buffer {}", from + 10));
    assert_eq!(world.house.borrow().clearinghouse().proposals, 1);
}

#[test]
fn mistakes_are_named_before_they_are_sent() {
    let (world, file) = governed("mistakes");
    world.refuses(
        &file,
        "governance propose max-agee 45",
        &["there is no parameter 'max-agee'; there are initial-ratio"],
    );
    world.refuses(&file, "governance propose max-age 45", &["max-age is one of an asset", "--on SOL"]);
    world.refuses(&file, "governance propose buffer 1100 --on SOL", &["one of the whole house"]);
    world.refuses(&file, "governance propose fee 5 --on DOGE-PERP", &["there is no market 'DOGE-PERP'"]);
    let age = world.house.borrow().parameter(Parameter::MaxAge, 0);
    world.refuses(&file, &format!("governance propose MaxAge {age} --on SOL"), &["already"]);
    world.refuses(
        &file,
        "governance propose max_age 4000000000 --on SOL",
        &["stays between", "whoever signs"],
    );
    world.refuses(
        &file,
        &format!("governance propose max-age {} --on SOL", age / 3),
        &["one proposal moves it by at most", "first"],
    );
    world.refuses(
        &file,
        &format!("governance tighten max-age {} --on SOL", age - 1),
        &["governance propose"],
    );
    world.refuses(&file, "governance apply 7", &["there is no proposal 7"]);
    world.refuses(&file, "governance pause", &["--new-risk"]);
    world.refuses(
        &file,
        "governance show --on DOGE",
        &["there is no asset 'DOGE'", "there is no market 'DOGE'"],
    );
}

#[test]
fn what_binds_new_risk_is_tightened_at_once_and_a_proposal_is_ended() {
    let (world, file) = governed("tighten");
    let band = world.house.borrow().parameter(Parameter::Band, 1);
    world.does(&file, &format!("governance tighten band {} --on ETH-PERP", band - 10));
    assert_eq!(world.house.borrow().parameter(Parameter::Band, 1), band - 10);
    world.does(&file, &format!("governance propose band {band} --on ETH-PERP"));
    world.does(&file, "governance cancel 0");
    world.house.borrow_mut().vm.advance(2 * DAY);
    assert!(world.does(&file, "governance show").contains("Nothing is announced"));
}

#[test]
fn every_parameter_is_shown_with_its_bounds() {
    let (world, file) = governed("all");
    let all = world.json(&file, "governance show --all");
    let rows = all["parameters"].as_array().expect("parameters");
    for row in &ballast::governance::ROWS {
        let name = format!("{:?}", row.parameter).to_lowercase();
        let found = rows.iter().find(|r| r["parameter"].as_str().is_some_and(|p| p.replace('-', "") == name));
        let found = found.unwrap_or_else(|| panic!("{name} is not shown"));
        assert_eq!(found["most"], row.most.to_string());
    }
    assert_eq!(all["roles"]["governance"], world.house.borrow().governance.pubkey().to_string());
}

#[test]
fn the_guardian_pauses_and_lifts_and_nobody_else_does() {
    let (world, file) = governed("pause");
    world.refuses(&file, "governance pause --new-risk", &["nobody is guardian here"]);
    let (guardian, guardian_file) = world.somebody("guardian", 100, 0);
    {
        let mut house = world.house.borrow_mut();
        let id = house
            .propose_role(ballast::state::proposal::role::GUARDIAN, guardian.pubkey())
            .expect("announced");
        house.vm.advance(4 * DAY);
        house.apply(id).expect("named");
    }
    let offered = world.json(&file, "governance pause --new-risk --for 600");
    assert_eq!(offered["to_be_signed_by"]["key"], guardian.pubkey().to_string());
    assert_eq!(world.house.borrow().board().paused, 0);
    world.does(&guardian_file, "governance pause --new-risk --only ETH,SOL-PERP --for 600");
    let board = world.house.borrow().board();
    assert_eq!((board.paused, board.paused_assets, board.paused_markets), (1, 2, 1));
    assert!(world.does(&file, "governance show").contains("paused until"));
    world.does(&guardian_file, "accounts open");
    world.does(&guardian_file, "deposit 100");
    world.does(&file, "governance pause --lift");
    assert_eq!(world.house.borrow().board().paused, 0);
}
