//! The same commands against a real node, over RPC: a clearinghouse is migrated, an account opened and paid into, a
//! withdrawal refused, a parameter proposed.
//!
//! The node is the solana-test-validator that `BALLAST_VALIDATOR` names; without it the story is skipped, and says so.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anchor_lang::solana_program::system_instruction;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::associated_token::spl_associated_token_account::instruction::create_associated_token_account;
use anchor_spl::token::{self, spl_token};
use ballast_cli::node::Remote;
use ballast_cli::node::send::Sender;
use ballast_sandbox::vm::program_path;
use ballast_sandbox::{Keypair, Signer};
use serde_json::Value;
use solana_rpc_client::rpc_client::RpcClient;

const LAMPORTS: u64 = 500_000_000_000;

struct Node {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

fn key_file(folder: &Path, name: &str, key: &Keypair) -> String {
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, serde_json::to_string(&key.to_bytes().to_vec()).expect("numbers")).expect("a file");
    path.to_str().expect("plain letters").to_owned()
}

impl Node {
    fn start(validator: &str, authority: &Keypair) -> Self {
        let folder = std::env::temp_dir().join(format!("ballast-node-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (rpc, gossip) = (free_port(), free_port());
        let first = 20_000 + (std::process::id() % 20_000) as u16;
        let child = Command::new(validator)
            .args(["--reset", "--quiet", "--bind-address", "127.0.0.1", "--limit-ledger-size", "10000"])
            .args(["--ledger", folder.join("ledger").to_str().expect("plain letters")])
            .args(["--rpc-port", &rpc.to_string(), "--gossip-port", &gossip.to_string()])
            .args(["--faucet-port", &free_port().to_string()])
            .args(["--dynamic-port-range", &format!("{first}-{}", first + 40)])
            .args([
                "--upgradeable-program",
                &ballast::ID.to_string(),
                program_path().to_str().expect("plain letters"),
            ])
            .arg(key_file(&folder, "authority", authority))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the validator starts");
        let node = Self { child, folder, url: format!("http://127.0.0.1:{rpc}") };
        let (client, patience) = (RpcClient::new(node.url.clone()), Instant::now());
        while client.get_health().is_err() {
            assert!(patience.elapsed() < Duration::from_secs(90), "the validator does not get healthy");
            std::thread::sleep(Duration::from_millis(300));
        }
        node
    }

    fn ballast(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_ballast"))
            .env("BALLAST_CONFIG", self.folder.join("config.toml"))
            .args(arguments)
            .args(["--url", &self.url, "--json"])
            .output()
            .expect("the command runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
    }
}

#[test]
fn a_clearinghouse_is_founded_used_and_governed_over_rpc() {
    let Some(validator) = std::env::var("BALLAST_VALIDATOR").ok().filter(|path| !path.is_empty()) else {
        eprintln!("skipped: BALLAST_VALIDATOR names no solana-test-validator");
        return;
    };
    let (key, mint) = (Keypair::new(), Keypair::new());
    let node = Node::start(&validator, &key);
    let file = key_file(&node.folder, "key", &key);
    let client = RpcClient::new(node.url.clone());
    client.request_airdrop(&key.pubkey(), LAMPORTS).expect("an airdrop");
    let remote = Remote::new(&node.url);
    let patience = Instant::now();
    while client.get_balance(&key.pubkey()).unwrap_or(0) < LAMPORTS {
        assert!(patience.elapsed() < Duration::from_secs(60), "the airdrop does not arrive");
        std::thread::sleep(Duration::from_millis(300));
    }
    let sender = Sender { node: &remote, payer: &key, priority_fee: Some(1) };
    let (owner, quote) = (key.pubkey(), mint.pubkey());
    let wallet = get_associated_token_address(&owner, &quote);
    let found = [
        system_instruction::create_account(&owner, &quote, 10_000_000, 82, &token::ID),
        spl_token::instruction::initialize_mint2(&token::ID, &quote, &owner, None, 6).expect("valid"),
        create_associated_token_account(&owner, &owner, &quote, &token::ID),
        spl_token::instruction::mint_to(&token::ID, &quote, &wallet, &owner, &[], 1_000_000_000)
            .expect("valid"),
    ];
    sender.send(&found, &[&mint]).expect("a mint and a wallet");

    let mint = quote.to_string();
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/localnet.toml");
    let migrate =
        ["migrate", "--config", config, "--quote-mint", &mint, "--payer", &file, "--governance", &file];
    let done = node.ballast(&[&migrate[..], &["--apply"]].concat()).expect("it is migrated");
    let steps = done["steps"].as_array().expect("steps");
    assert!(steps.len() > 10 && steps.iter().all(|step| step["became"]["signature"].is_string()));
    let again = node.ballast(&migrate).expect("it is held against the chain");
    assert_eq!(again["steps"], serde_json::json!([]));

    let ballast = |line: &str| {
        let words: Vec<&str> = line.split(' ').chain(["--quote-mint", &mint, "--keypair", &file]).collect();
        node.ballast(&words)
    };
    ballast("accounts open").expect("an account");
    ballast("deposit 600.5").expect("a deposit");
    let all = ballast("accounts").expect("a list");
    assert_eq!((&all[0]["quote"], &all[0]["health"]["equity"]), (&"600500000".into(), &"600500000".into()));
    let why = ballast("withdraw 700").expect_err("more than there is");
    assert!(why.contains("`withdraw` was refused: ") && why.contains("(InsufficientBalance)"), "{why}");
    let out = ballast("withdraw 100.5").expect("a withdrawal");
    assert_eq!((&out["amount"], &out["health"]["equity"]), (&"100500000".into(), &"500000000".into()));
    let why = ballast("backstop deposit SOL-PERP 250").expect_err("nothing was priced yet");
    assert!(why.contains("`backstop_deposit` was refused: The asset is halted"), "{why}");
    let why = ballast("trade --market SOL-PERP --buy 1 --yes").expect_err("nor is there a price to trade at");
    assert!(why.contains("ballast: ") && !why.contains("panicked"), "{why}");

    let audited = node.ballast(&["audit", &mint]).expect("the books balance");
    assert!(audited.is_object());
    let board = ballast("board").expect("a board");
    assert_eq!(board.as_array().map(Vec::len), Some(3));

    ballast("governance propose max-age 45 --on SOL").expect("a proposal");
    let shown = ballast("governance show").expect("a list");
    assert_eq!(
        (&shown["proposals"][0]["state"], &shown["proposals"][0]["to"]),
        (&"waiting".into(), &"45".into())
    );
    let why = ballast("governance apply 0").expect_err("it waits");
    assert!(why.contains("proposal 0 cannot be applied now: ripe in"), "{why}");
}
