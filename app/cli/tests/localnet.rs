//! A local cluster, as somebody who starts it sees it: the command, its addresses, its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anchor_lang::prelude::Pubkey;
use ballast::state::{Clearinghouse, RiskBoard};
use ballast_client::decode;
use serde_json::{Value, json};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::rpc_client::RpcClient;

const SOL: usize = 2;
const START: Duration = Duration::from_secs(90);
const SOON: Duration = Duration::from_secs(20);

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ballast-localnet-{}-{name}", std::process::id()))
}

/// Looks until something is so.
fn until<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begin.elapsed() < within, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Processes that somebody started, and those that these started.
fn descendants(of: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").expect("there is /proc").filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((id, parent))
    });
    let all: Vec<(u32, u32)> = all.collect();
    let mut found = vec![of];
    let mut at = 0;
    while at < found.len() {
        let above = found[at];
        found.extend(all.iter().filter(|(_, parent)| *parent == above).map(|(id, _)| *id));
        at += 1;
    }
    found.split_off(1)
}

/// Whether a process runs, and is no zombie.
fn runs(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([name, &id.to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// `ballast localnet` that ends with the test, however that ends.
struct Cluster {
    child: Child,
    folder: PathBuf,
    said: Value,
}

impl Cluster {
    fn spawn(folder: &Path, more: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_ballast"))
            .args(["localnet", "--port", "0", "--json", "--no-keeper", "--folder"])
            .arg(folder)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command runs")
    }

    fn start(name: &str, more: &[&str]) -> Self {
        let folder = folder(name);
        let mut child = Self::spawn(&folder, more);
        let output = child.stdout.take().expect("it has an output");
        let (sender, line) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut first = String::new();
            let _ = BufReader::new(output).read_line(&mut first);
            let _ = sender.send(first);
        });
        let first = line.recv_timeout(START);
        let mut cluster = Self { child, folder, said: Value::Null };
        let first = first.expect("it says where it is");
        cluster.said = serde_json::from_str(&first).expect("one line of JSON");
        cluster
    }

    fn text(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.said))
    }

    fn key(&self, name: &str) -> Pubkey {
        self.text(name).parse().expect("an address")
    }

    fn client(&self) -> RpcClient {
        RpcClient::new_with_commitment(self.text("rpcUrl").to_owned(), CommitmentConfig::processed())
    }

    fn board(&self) -> Box<RiskBoard> {
        decode::board(&self.client().get_account_data(&self.key("board")).expect("a board")).expect("a board")
    }

    /// What a command that looks at the cluster answers.
    fn looks(&self, words: &[&str]) -> Result<Value, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_ballast"))
            .args(words)
            .arg(format!("--local={}", self.folder.display()))
            .arg("--json")
            .output()
            .expect("the command runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    /// What a path of the gateway answers: status and JSON.
    fn http(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let host = self.text("gatewayUrl").trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("the gateway listens");
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).expect("the gateway reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the gateway answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).unwrap_or_else(|_| panic!("{path}: {answer}")))
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let (status, said) = self.http("POST", path, body);
        assert_eq!(status, 200, "{path}: {said}");
        said
    }

    fn refused(&self, path: &str, body: &Value, about: &str) {
        let (status, said) = self.http("POST", path, body);
        assert!((400..500).contains(&status), "{path}: {status} {said}");
        assert!(said["error"].as_str().is_some_and(|e| e.contains(about)), "{path}: {said}");
    }

    /// Asks it to end, and returns who was left behind.
    fn end(&mut self) -> Vec<u32> {
        let children = descendants(self.child.id());
        signal("-TERM", self.child.id());
        let status = until("its end", SOON, || self.child.try_wait().expect("a child"));
        assert!(status.success(), "{status}");
        children.into_iter().filter(|id| runs(*id)).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Everything that a local cluster promises, but time travel.
fn keeps_its_promises(cluster: &Cluster) {
    let house: Clearinghouse =
        decode::config(&cluster.client().get_account_data(&cluster.key("clearinghouse")).expect("a house"))
            .expect("a clearinghouse");
    assert!(house.open, "it is open");
    assert_eq!((house.asset_count, house.market_count), (3, 3));
    let (status, config) = cluster.http("GET", "/config.json", &Value::Null);
    assert_eq!(status, 200);
    for name in ["cluster", "rpcUrl", "wsUrl", "programId", "clearinghouse", "quoteMint", "board", "faucet"] {
        assert_eq!(config[name], cluster.said[name], "{name}");
    }
    assert_eq!(config["assets"], cluster.said["assets"]);
    assert_eq!(config["markets"], cluster.said["markets"]);

    // Traders are in, and lean on the backstops.
    let (_, accounts) = cluster.http("GET", "/api/accounts?sort=health", &Value::Null);
    let healths = accounts.as_array().expect("accounts").iter().filter_map(|a| a["health"].as_f64());
    let least = healths.fold(f64::MAX, f64::min);
    assert!((1.4..1.8).contains(&least), "somebody stands near the edge, and nobody beyond it: {least}");

    let first = cluster.board();
    until("a newer price on the board", SOON, || {
        let now = cluster.board();
        let moved = (0..3).all(|i| {
            now.assets[i].publish_time > first.assets[i].publish_time
                && now.assets[i].spot_mantissa != first.assets[i].spot_mantissa
        });
        moved.then_some(())
    });

    let somebody = Pubkey::new_unique();
    let given = cluster.post("/control/faucet", &json!({ "address": somebody.to_string() }));
    assert_eq!(cluster.client().get_balance(&somebody).expect("a balance"), 10_000_000_000);
    assert_eq!(given["tokens"].as_array().map(Vec::len), Some(4));
    for token in given["tokens"].as_array().expect("tokens") {
        let mint: Pubkey = token["mint"].as_str().and_then(|m| m.parse().ok()).expect("a mint");
        let wallet = anchor_spl::associated_token::get_associated_token_address(&somebody, &mint);
        let held = cluster.client().get_token_account_balance(&wallet).expect("a wallet");
        assert_eq!(Some(held.amount.as_str()), token["amount"].as_str(), "{}", token["symbol"]);
    }
    cluster.refused("/control/faucet", &json!({ "address": "nobody" }), "'nobody' is no address");

    let before = cluster.board();
    cluster.post("/control/shock", &json!({ "asset": "SOL", "bps": -600, "seconds": 5 }));
    let price = |board: &RiskBoard| decode::dollars(&board.assets[SOL], board.assets[SOL].spot());
    let after = until("the fall on the board", SOON, || {
        let now = cluster.board();
        (price(&now) < price(&before) * 0.95).then_some(now)
    });
    assert!(after.assets[SOL].haircut_long > before.assets[SOL].haircut_long, "the haircut rises");
    cluster.refused("/control/shock", &json!({ "asset": "DOGE", "bps": 1 }), "give one of BTC, ETH, SOL");
    cluster.refused("/control/shock", &json!({ "asset": "SOL", "bps": -10_000 }), "a shock moves by");
}

/// What looks at a cluster from outside judges by its clock: a day of the machine's would be an age that no price has.
fn follows_the_chain_s_clock(cluster: &Cluster) {
    let machine = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let (_, status) = cluster.http("GET", "/api/accounts?sort=health", &Value::Null);
    let account = status[0]["address"].as_str().expect("somebody").to_owned();
    until("every price of the new time", SOON, || {
        let board = cluster.looks(&["board"]).expect("a board");
        board.as_array().expect("assets").iter().all(|a| a["fresh"] == true).then_some(())
    });
    for look in ["health", "explain"] {
        cluster.looks(&[look, &account]).unwrap_or_else(|e| panic!("{look}: {e}"));
    }
    let audit = cluster.looks(&["audit"]).expect("it adds up");
    let time = audit["time"].as_str().and_then(|time| time.parse::<i64>().ok());
    assert!(time.is_some_and(|time| time > machine + 80_000), "{}", audit["time"]);
    assert_eq!(audit["stale"], json!([]), "prices of the chain's time are not late");
}

#[test]
fn one_command_gives_an_open_house_with_moving_prices_and_ends_without_a_trace() {
    let mut cluster = Cluster::start("whole", &[]);
    keeps_its_promises(&cluster);

    let before = cluster.board().assets[0].publish_time;
    let said = cluster.post("/control/time", &json!({ "seconds": 86_400 }));
    assert!(said["now"].as_i64().is_some_and(|now| now >= before + 86_400), "{said} after {before}");
    until("a price of the new time", SOON, || {
        (cluster.board().assets[0].publish_time >= before + 86_400).then_some(())
    });
    follows_the_chain_s_clock(&cluster);
    cluster.refused("/control/time", &json!({ "seconds": 0 }), "only goes forward");
    let (_, status) = cluster.http("GET", "/control/status", &Value::Null);
    assert_eq!(status["error"], Value::Null, "{status}");

    let written = std::fs::read_to_string(cluster.folder.join("deployment.json")).expect("it is written");
    assert_eq!(serde_json::from_str::<Value>(&written).expect("JSON"), cluster.said);
    let node = cluster.text("rpcUrl").trim_start_matches("http://").to_owned();
    assert!(TcpStream::connect(&node).is_ok());
    let left = cluster.end();
    assert!(left.is_empty(), "{left:?} still run");
    assert!(TcpStream::connect(&node).is_err(), "the node still listens");
}

/// Nobody can clean up after a SIGKILL but who hangs on the pipe.
#[test]
fn the_node_ends_with_whoever_was_killed() {
    let folder = folder("killed");
    let mut child = Cluster::spawn(&folder, &[]);
    let node = until("the node", SOON, || descendants(child.id()).first().copied());
    // Early or late, it must not matter.
    std::thread::sleep(Duration::from_millis(1_500));
    child.kill().expect("killed");
    child.wait().expect("it ended");
    until("the node's end", SOON, || (!runs(node)).then_some(()));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let folder = folder("missing");
    let says = |arguments: &[&str], variable: (&str, &str)| {
        let output = Command::new(env!("CARGO_BIN_EXE_ballast"))
            .args(["localnet", "--folder"])
            .arg(&folder)
            .args(arguments)
            .env(variable.0, variable.1)
            .output()
            .expect("the command runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let none = ("BALLAST_UNUSED", "");
    let said = says(&["--port", &port], none);
    assert!(said.contains("cannot listen on port") && said.contains("--port"), "{said}");
    let said = says(&["--port", "0"], ("BALLAST_NODE", "no-such-node"));
    assert!(said.contains("cannot start no-such-node") && said.contains("make deps"), "{said}");
    let said = says(&["--port", "0", "--rpc", "http://127.0.0.1:1"], none);
    assert!(said.contains("cannot reach http://127.0.0.1:1"), "{said}");
    assert!(said.contains("solana-test-validator --reset --upgradeable-program"), "{said}");
    std::fs::remove_dir_all(folder).expect("removed");
}

/// A validator that ends with the test.
struct Validator(Child, PathBuf);

impl Drop for Validator {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

#[test]
fn the_same_house_stands_on_a_real_validator() {
    let given = std::env::var_os("BALLAST_VALIDATOR").filter(|v| !v.is_empty()).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|p| p.join("solana-test-validator")).find(|p| p.is_file());
    let Some(binary) = given.or(found) else {
        eprintln!("skipped: no solana-test-validator on PATH, and BALLAST_VALIDATOR names none");
        return;
    };
    // The command makes its keys before it misses the node; the validator has to know one of them.
    let folder = folder("validator");
    let missing = Cluster::spawn(&folder, &["--rpc", "http://127.0.0.1:1"]).wait().expect("it ends");
    assert!(!missing.success());
    let free = || TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a port").port();
    let (rpc, faucet, gossip) = (free(), free(), free());
    let ledger = std::env::temp_dir().join(format!("ballast-ledger-{}", std::process::id()));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy");
    let child = Command::new(binary)
        .args([
            "--reset",
            "--quiet",
            "--bind-address",
            "127.0.0.1",
            "--limit-ledger-size",
            "10000",
            "--ledger",
        ])
        .arg(&ledger)
        .args(["--rpc-port", &rpc.to_string(), "--faucet-port", &faucet.to_string()])
        .args(["--gossip-port", &gossip.to_string(), "--dynamic-port-range", "18100-18140"])
        .args(["--upgradeable-program", &ballast::ID.to_string()])
        .args([built.join("ballast.so"), folder.join("keys/upgrade.json")])
        .args(["--bpf-program", "rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ"])
        .arg(built.join("ballast_poster.so"))
        .stdout(Stdio::null())
        .spawn()
        .expect("the validator starts");
    let _validator = Validator(child, ledger);
    let url = format!("http://127.0.0.1:{rpc}");
    let client = RpcClient::new(url.clone());
    until("the validator", START, || client.get_health().ok());

    let mut cluster = Cluster::start("validator", &["--rpc", &url]);
    keeps_its_promises(&cluster);
    cluster.refused("/control/time", &json!({ "seconds": 60 }), "cannot travel in time");
    let house = cluster.text("clearinghouse").to_owned();
    cluster.end();
    let kept = cluster.folder.with_extension("kept");
    std::fs::rename(&cluster.folder, &kept).expect("kept");
    drop(cluster);
    std::fs::rename(&kept, &folder).expect("as before");
    let mut again = Cluster::start("validator", &["--rpc", &url]);
    assert_eq!(again.text("clearinghouse"), house, "what stands is found again");
    again.end();
}
