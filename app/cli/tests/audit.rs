//! `ballast audit`, run: a house in the VM is dumped, audited, tampered with, and proved to one of its people.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anchor_lang::prelude::Pubkey;
use ballast_cli::audit::snapshot::{Snapshot, vaults_of};
use ballast_client::Deployment;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, MarketSpec, Person};

const COIN: u64 = 1_000_000_000;

fn ballast(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ballast")).args(arguments).output().expect("the command runs")
}

#[track_caller]
fn succeeds(arguments: &[&str]) -> String {
    let output = ballast(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {said}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// Fails and says all of this.
#[track_caller]
fn complains(arguments: &[&str], about: &[&str]) {
    let output = ballast(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(!said.contains("panicked"), "{said}");
    for part in about {
        assert!(said.contains(part), "{arguments:?} said: {said}\nwithout: {part}");
    }
}

fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ballast-audit-{}-{name}", std::process::id()))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("plain letters")
}

/// What a node would answer.
fn snapshot(house: &House) -> Snapshot {
    let program = house.vm.svm.get_program_accounts(&ballast::ID);
    let vaults = vaults_of(program.iter().map(|(_, a)| a.data.as_slice()));
    let mut snapshot = Snapshot { time: house.vm.now(), ..Snapshot::default() };
    snapshot.accounts.extend(program.into_iter().map(|(key, a)| (key, (a.owner, a.data))));
    for key in vaults.into_iter().chain([Deployment::program_data()]) {
        let account = house.vm.svm.get_account(&key).expect("it is there");
        snapshot.accounts.insert(key, (account.owner, account.data));
    }
    snapshot.accounts.get_mut(&Deployment::program_data()).expect("deployed").1.truncate(45);
    snapshot
}

/// A lender, a borrower, a pair of perpetuals and a pair of options.
fn house() -> (House, Vec<Person>) {
    let mut house = House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    house.season(&[100.0, 1_000.0]);
    let expiry = house.vm.now() + 86_400;
    house.open_market(MarketSpec::option("SOL", 0, false, 105.0, expiry)).expect("governance lists");
    house.vm.advance(1);
    house.post_all(&[100.0, 1_000.0]);
    let people: Vec<Person> = [50_000, 1, 4_000, 5_000].map(|quote| house.person_with_quote(quote)).into();
    house.fund_collateral(&people[1], 0, 400 * COIN).expect("coins are taken");
    house.withdraw_quote(&people[1], 10_001 * QUOTE).expect("a loan is given");
    house.fill_at_oracle(0, &people[2], &people[3], 40 * COIN as i64).expect("a fill");
    house.fill_at_mark(2, &people[3], &people[2], 10 * COIN as i64).expect("an option");
    (house, people)
}

#[test]
fn a_house_is_dumped_audited_and_proved_to_its_people() {
    let (house, people) = house();
    let (dump, again, proof) = (file("house.json"), file("again.json"), file("proof.json"));
    let taken = snapshot(&house);
    taken.write(&dump).expect("it is written");
    assert_eq!(Snapshot::read(&dump).expect("and read"), taken);
    let mint = house.at.quote_mint.to_string();

    let told = succeeds(&[
        "audit",
        &mint,
        "--snapshot",
        text(&dump),
        "--dump",
        text(&again),
        "--proof",
        text(&proof),
    ]);
    println!("{told}");
    for part in
        ["Everything adds up.", "100.0000 %", "upgrade authority", "Cover-2", "as one book", "root of all"]
    {
        assert!(told.contains(part), "without {part}: {told}");
    }
    assert_eq!(std::fs::read(&dump).expect("there"), std::fs::read(&again).expect("there"));

    let json = succeeds(&["audit", &mint, "--snapshot", text(&dump), "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["sound"], &json["accounts"]), (&true.into(), &4.into()));
    assert_eq!(json["loans"], (10_000 * QUOTE).to_string());
    assert_eq!(json["upgrade_authority"], {
        use ballast_sandbox::Signer;
        house.vm.upgrade_authority.pubkey().to_string()
    });
    let root = json["root"].as_str().expect("a hash");

    for person in &people {
        let account = person.account.to_string();
        let told = succeeds(&["audit", "--verify", text(&proof), "--account", &account, "--root", root]);
        assert!(told.contains("is counted") && told.contains(root), "{told}");
    }
    let stranger = Pubkey::new_unique().to_string();
    complains(&["audit", "--verify", text(&proof), "--account", &stranger], &["does not count", &stranger]);
    let (account, other) = (people[0].account.to_string(), "ab".repeat(32));
    complains(
        &["audit", "--verify", text(&proof), "--account", &account, "--root", &other],
        &["the proof of other books"],
    );

    // A figure that is changed in the file.
    let written = std::fs::read_to_string(&proof).expect("there");
    let balance = format!("{}", 50_000 * QUOTE);
    assert!(written.contains(&balance));
    let forged = file("forged.json");
    std::fs::write(&forged, written.replace(&balance, "49999000000")).expect("written");
    complains(
        &["audit", "--verify", text(&forged), "--account", &account],
        &["the path of", "breaks at level 0"],
    );
}

#[test]
fn a_unit_that_is_missing_is_reported_and_fails_the_command() {
    let (house, people) = house();
    let mint = house.at.quote_mint.to_string();
    let honest = snapshot(&house);
    let dump = file("stolen.json");
    let vault = house.at.quote_vault;
    let mut stolen = honest.clone();
    stolen.accounts.get_mut(&vault).expect("a vault").1[64] ^= 1;
    let missing = i64::from(honest.accounts[&vault].1[64] & 1 == 1);
    if missing == 0 {
        // One unit more than claimed is a gift, not a theft.
        stolen.accounts.get_mut(&vault).expect("a vault").1[66] -= 1;
    }
    stolen.write(&dump).expect("written");
    complains(
        &["audit", &mint, "--snapshot", text(&dump)],
        &["do not hold", "units of quote are missing from its vault"],
    );

    let mut gone = honest.clone();
    gone.accounts.remove(&people[0].account);
    gone.write(&dump).expect("written");
    complains(
        &["audit", &mint, "--snapshot", text(&dump)],
        &["4 margin accounts are counted as open, 3 are there"],
    );

    let mut unlisted = honest;
    unlisted.accounts.remove(&house.at.market(1));
    unlisted.write(&dump).expect("written");
    complains(
        &["audit", &mint, "--snapshot", text(&dump)],
        &["the board lists 3 markets, the snapshot has 2"],
    );
}

#[test]
fn what_cannot_be_audited_is_said() {
    let nobody = Pubkey::new_unique().to_string();
    complains(&["audit"], &["which clearinghouse?", "quote token"]);
    complains(&["audit", "nobody"], &["'nobody' is no address"]);
    complains(&["audit", &nobody, "--snapshot", "no-such.json"], &["cannot read the snapshot no-such.json"]);
    complains(&["audit", &nobody, "--url", "http://127.0.0.1:1"], &["cannot reach http://127.0.0.1:1"]);
    let odd = file("odd.json");
    std::fs::write(&odd, "{}").expect("written");
    complains(&["audit", &nobody, "--snapshot", text(&odd)], &["is no snapshot", "--dump"]);
    complains(&["audit", "--verify", text(&odd), "--account", &nobody], &["no proof", "--proof"]);
    complains(&["audit", "--verify", text(&odd)], &["--account"]);
    std::fs::write(&odd, r#"{"format":"ballast-snapshot","version":1,"time":0,"accounts":[]}"#)
        .expect("written");
    complains(&["audit", &nobody, "--snapshot", text(&odd)], &["no clearinghouse of the quote token"]);
}
