//! A cluster in memory: the compiled program in a VM, with a feed that publishes while somebody waits.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast_cli::commands::Cli;
use ballast_cli::commands::session::Console;
use ballast_cli::migrate::Chain;
use ballast_cli::node::{Failure, Landed, Node, Simulated};
use ballast_client::{Deployment, decode};
use ballast_sandbox::house::{QUOTE, default_backstop};
use ballast_sandbox::{House, Keypair, Signer};
use clap::Parser;
use serde_json::Value;
use solana_account::Account;
use solana_message::Hash;
use solana_transaction::Transaction;

/// The VM, and what is published in it.
pub struct Sandbox {
    pub house: RefCell<House>,
    /// What the feed says, in dollars; none while it is silent.
    pub price: Cell<Option<f64>>,
    /// Logs of the transactions that named an address.
    history: RefCell<HashMap<Pubkey, Vec<Vec<String>>>>,
    folder: PathBuf,
}

/// What a command answered, and what it noted meanwhile.
#[derive(Default)]
pub struct Said {
    pub answer: RefCell<String>,
    pub notes: RefCell<String>,
    /// What it is told when it asks.
    pub yes: bool,
    pub asked: Cell<bool>,
}

impl Console for Said {
    fn say(&self, text: &str) -> Result<()> {
        self.answer.borrow_mut().push_str(text);
        self.answer.borrow_mut().push('\n');
        Ok(())
    }

    fn note(&self, text: &str) {
        self.notes.borrow_mut().push_str(text);
    }

    fn ask(&self, _: &str) -> Result<bool> {
        self.asked.set(true);
        Ok(self.yes)
    }

    fn looks(&self) -> (bool, usize) {
        (false, 160)
    }
}

impl Sandbox {
    /// A house with SOL at 100, a backstop of 100,000 for its perpetual, and an asset ETH at 1,000 without one.
    pub fn new(name: &str) -> Self {
        let mut house = House::with_coins(&[("SOL", 100.0), ("ETH", 1_000.0)]);
        house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
        house.provider(0, 100_000);
        let folder = std::env::temp_dir().join(format!("ballast-trader-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self {
            house: RefCell::new(house),
            price: Cell::new(Some(100.0)),
            history: RefCell::default(),
            folder,
        }
    }

    /// Somebody with SOL for fees, and with quote and coins in associated wallets; the file of the key.
    pub fn somebody(&self, name: &str, quote: u64, coins: u64) -> (Keypair, PathBuf) {
        let key = Keypair::new();
        self.endow(&key, quote, coins);
        (key.insecure_clone(), self.key_file(name, &key))
    }

    /// Gives a key what [`Self::somebody`] has.
    pub fn endow(&self, key: &Keypair, quote: u64, coins: u64) {
        let mut house = self.house.borrow_mut();
        house.vm.svm.airdrop(&key.pubkey(), 10_000_000_000).expect("lamports");
        let mints = [
            (house.at.quote_mint, quote * QUOTE),
            (house.assets[0].mint.expect("a coin"), coins * 1_000_000_000),
        ];
        for (mint, amount) in mints {
            let wallet = wallet(&key.pubkey(), &mint);
            let payer = house.vm.payer.pubkey();
            let create = anchor_spl::associated_token::spl_associated_token_account::instruction::
                create_associated_token_account(&payer, &key.pubkey(), &mint, &anchor_spl::token::ID);
            house.vm.send(&[create], &[]).expect("a wallet");
            if amount > 0 {
                house.vm.mint_to(&mint, &wallet, amount);
            }
        }
    }

    pub fn key_file(&self, name: &str, key: &Keypair) -> PathBuf {
        let path = self.folder.join(format!("{name}.json"));
        let bytes = serde_json::to_string(&key.to_bytes().to_vec()).expect("numbers");
        std::fs::write(&path, bytes).expect("a file");
        path
    }

    pub fn at(&self) -> Deployment {
        self.house.borrow().at
    }

    /// Runs a command, signed with this key, and answers `yes` to what it asks.
    pub fn run(&self, key: &Path, line: &str) -> (Result<(), String>, Said) {
        self.run_as(key, line, true)
    }

    pub fn run_as(&self, key: &Path, line: &str, yes: bool) -> (Result<(), String>, Said) {
        let (mint, key) = (self.at().quote_mint.to_string(), key.to_string_lossy().into_owned());
        let mut words = vec!["ballast"];
        words.extend(line.split_whitespace());
        words.extend(["--quote-mint", &mint, "--keypair", &key]);
        self.run_words(&words, yes)
    }

    /// Runs a command that needs neither key nor clearinghouse.
    pub fn look(&self, line: &str) -> (Result<(), String>, Said) {
        let words: Vec<&str> = ["ballast"].into_iter().chain(line.split_whitespace()).collect();
        self.run_words(&words, false)
    }

    fn run_words(&self, words: &[&str], yes: bool) -> (Result<(), String>, Said) {
        let said = Said { yes, ..Said::default() };
        let command = Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{words:?}: {e}"));
        let done = command.run_on(Some(self), &said);
        (done.map_err(|e| format!("{e:#}")), said)
    }

    /// Runs a command that succeeds; its answer.
    #[track_caller]
    pub fn does(&self, key: &Path, line: &str) -> String {
        let (done, said) = self.run(key, line);
        if let Err(e) = done {
            panic!("{line}: {e}");
        }
        said.answer.into_inner()
    }

    /// The same as JSON.
    #[track_caller]
    pub fn json(&self, key: &Path, line: &str) -> Value {
        let answer = self.does(key, &format!("{line} --json"));
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("{line}: {e}\n{answer}"))
    }

    /// Runs a command that is refused; says why.
    #[track_caller]
    pub fn refuses(&self, key: &Path, line: &str, about: &[&str]) {
        let (done, _) = self.run(key, line);
        let said = done.expect_err(line);
        for part in about {
            assert!(said.contains(part), "{line} said: {said}\nwithout: {part}");
        }
    }

    /// Publishes what the feed says, if it says something.
    pub fn publish(&self) {
        if let Some(price) = self.price.get() {
            let mut house = self.house.borrow_mut();
            for (asset, price) in [(0, price), (1, 1_000.0)] {
                house.post(asset, price);
                // One that is no newer than the last is refused, and nothing is lost.
                let _ = house.refresh(asset);
            }
        }
    }

    /// Lets time pass, and publishes.
    pub fn pass(&self, seconds: i64) {
        self.house.borrow_mut().vm.advance(seconds);
        self.publish();
    }

    fn remember(&self, transaction: &Transaction, logs: &[String]) {
        let mut history = self.history.borrow_mut();
        for key in &transaction.message.account_keys {
            history.entry(*key).or_default().insert(0, logs.to_vec());
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Somebody's associated token account.
pub fn wallet(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    anchor_spl::associated_token::get_associated_token_address(owner, mint)
}

impl Chain for Sandbox {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(self.account(address)?.map(|account| account.data))
    }

    fn now(&self) -> Result<i64> {
        Ok(self.house.borrow().vm.now())
    }
}

impl Node for Sandbox {
    fn name(&self) -> String {
        "the sandbox".into()
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>> {
        let house = self.house.borrow();
        let found = addresses.iter().map(|address| house.vm.svm.get_account(address));
        Ok(found.map(|account| account.filter(|account| account.lamports > 0)).collect())
    }

    fn owned(&self, filters: &[(usize, Vec<u8>)]) -> Result<Vec<(Pubkey, Vec<u8>)>> {
        let fits =
            |data: &[u8]| filters.iter().all(|(at, bytes)| data.get(*at..at + bytes.len()) == Some(bytes));
        let all = self.house.borrow().vm.svm.get_program_accounts(&ballast::ID);
        Ok(all
            .into_iter()
            .map(|(address, account)| (address, account.data))
            .filter(|(_, data)| fits(data))
            .collect())
    }

    fn blockhash(&self) -> Result<Hash> {
        let svm = &mut self.house.borrow_mut().vm.svm;
        svm.expire_blockhash();
        Ok(svm.latest_blockhash())
    }

    fn simulate(&self, transaction: &Transaction) -> Result<Result<Simulated, Failure>> {
        Ok(match self.house.borrow().vm.svm.simulate_transaction(transaction.clone()) {
            Ok(done) => Ok(Simulated { units: done.meta.compute_units_consumed, logs: done.meta.logs }),
            Err(failed) => Err(Failure::of(&failed.err, failed.meta.logs)),
        })
    }

    fn submit(&self, transaction: &Transaction) -> Result<Result<Landed, Failure>> {
        let sent = self.house.borrow_mut().vm.svm.send_transaction(transaction.clone());
        Ok(match sent {
            Ok(done) => {
                self.remember(transaction, &done.logs);
                Ok(Landed { signature: done.signature.to_string(), logs: done.logs })
            }
            Err(failed) => Err(Failure::of(&failed.err, failed.meta.logs)),
        })
    }

    fn history(&self, address: &Pubkey) -> Result<Vec<Vec<String>>> {
        Ok(self.history.borrow().get(address).cloned().unwrap_or_default())
    }

    fn wait(&self, _: Duration) {
        self.pass(3);
    }
}

/// A margin account as it stands.
pub fn account(sandbox: &Sandbox, address: &Pubkey) -> Box<ballast::state::MarginAccount> {
    decode::margin_account(&sandbox.house.borrow().vm.data(address)).expect("a margin account")
}
