//! The VM: time, transactions, receipts and refusals.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast_client::{Deployment, events};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_instruction_error::InstructionError;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

/// Unix time at which a VM starts: 2021-05-18 00:00 UTC.
pub const START: i64 = 1_621_296_000;
/// What compute an instruction may ask for.
pub const COMPUTE_LIMIT: u64 = 1_400_000;

/// What an accepted transaction did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Compute units of the whole transaction.
    pub compute_units: u64,
    /// Its logs.
    pub logs: Vec<String>,
    /// Its signature, base58.
    pub signature: String,
}

impl Receipt {
    /// The one event of a kind that the transaction emitted.
    ///
    /// # Panics
    /// If there is none: a test or the demo relies on it.
    #[must_use]
    pub fn event<E: anchor_lang::Event + Discriminator + anchor_lang::AnchorDeserialize>(&self) -> E {
        events::of(&self.logs).into_iter().next().expect("the transaction emits this event")
    }
}

/// Why a transaction was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{error}\n{}", logs.join("\n"))]
pub struct Refusal {
    /// The runtime's word.
    pub error: TransactionError,
    /// The logs up to it.
    pub logs: Vec<String>,
}

impl Refusal {
    /// The custom error code, if an instruction gave one.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        match self.error {
            TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(code),
            _ => None,
        }
    }

    /// Whether the program refused with this error.
    #[must_use]
    pub fn is(&self, error: BallastError) -> bool {
        self.code() == Some(error.into())
    }
}

/// Names another build of the program that the VM is to run instead: how tests are tried on mutants.
pub const PROGRAM_VARIABLE: &str = "BALLAST_SO";

/// Names a file that the logs of accepted transactions are written to, a JSON list a line: what the indexer's tests
/// are fed with.
pub const RECORD_VARIABLE: &str = "BALLAST_RECORD_LOGS";

/// Appends logs to the file that [`RECORD_VARIABLE`] names, if it does. A transaction is one write, so
/// that tests which run side by side do not mix theirs.
fn record(logs: &[String]) {
    use std::io::Write;
    let Some(path) = std::env::var_os(RECORD_VARIABLE) else { return };
    let quoted: Vec<String> = logs.iter().map(|line| format!("{line:?}")).collect();
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(format!("[{}]\n", quoted.join(",")).as_bytes()));
    written.expect("the record can be written");
}

/// Where `make build` leaves the program, or what [`PROGRAM_VARIABLE`] names.
#[must_use]
pub fn program_path() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/deploy/ballast.so");
    std::env::var_os(PROGRAM_VARIABLE).map_or_else(|| built.into(), PathBuf::from)
}

/// Calls, total and largest compute by instruction name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compute {
    /// Transactions that ran it.
    pub calls: u64,
    /// Sum of their compute units.
    pub total: u64,
    /// The largest.
    pub max: u64,
}

/// The first instruction that the logs name.
fn instruction_of(logs: &[String]) -> Option<String> {
    logs.iter().find_map(|l| l.strip_prefix("Program log: Instruction: ")).map(str::to_owned)
}

/// A transaction for a VM that looks at no signatures.
///
/// # Panics
/// If a key that must sign is missing, as [`Transaction::new`].
fn unsigned(keys: &[&Keypair], message: Message) -> Transaction {
    let required = usize::from(message.header.num_required_signatures);
    let missing =
        message.account_keys[..required].iter().find(|key| keys.iter().all(|k| k.pubkey() != **key));
    assert!(missing.is_none(), "{missing:?} must sign");
    Transaction::new_unsigned(message)
}

/// A LiteSVM with the program in it.
pub struct Vm {
    /// The VM itself.
    pub svm: LiteSVM,
    /// Pays every fee.
    pub payer: Keypair,
    /// The program's upgrade authority.
    pub upgrade_authority: Keypair,
    /// Compute by the first instruction's name in the logs.
    pub compute: BTreeMap<String, Compute>,
    /// Refused transactions by the same name.
    pub refused: BTreeMap<String, u64>,
    keys: Keys,
}

/// Keys, of which no two are equal in a process, and which are the same in every run that makes its VMs in the same order:
/// what an instruction costs depends on addresses that are searched for.
#[derive(Clone, Copy)]
struct Keys {
    vm: u64,
    made: u64,
}

impl Keys {
    fn new() -> Self {
        static VMS: AtomicU64 = AtomicU64::new(0);
        Self { vm: VMS.fetch_add(1, Ordering::Relaxed), made: 0 }
    }

    fn next(&mut self) -> Keypair {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.vm.to_le_bytes());
        seed[8..16].copy_from_slice(&self.made.to_le_bytes());
        self.made += 1;
        Keypair::new_from_array(seed)
    }
}

impl Default for Vm {
    fn default() -> Self {
        Self::new()
    }
}

/// A fresh VM with this code. Translating the program to native code takes as long as a hundred transactions, so a
/// process does it once for each code, and its VMs share the translation: accounts are each VM's own.
fn compiled(code: &[u8]) -> LiteSVM {
    static COMPILED: Mutex<Vec<(Box<[u8]>, LiteSVM)>> = Mutex::new(Vec::new());
    // A test that failed while it held the lock left either no entry or a whole one.
    let mut known = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, svm)) = known.iter().find(|(of, _)| **of == *code) {
        return svm.clone();
    }
    let mut svm =
        LiteSVM::new().with_lamports(1 << 60).with_transaction_history(0).with_log_bytes_limit(Some(100_000));
    svm.add_program(ballast::ID, code).expect("the VM accepts the program");
    known.push((code.into(), svm.clone()));
    svm
}

impl Vm {
    /// A VM with the compiled program, at [`START`].
    ///
    /// # Panics
    /// If the program has not been built, saying so.
    #[must_use]
    pub fn new() -> Self {
        let path = program_path();
        let code = std::fs::read(&path).unwrap_or_else(|e| {
            panic!("cannot read the compiled program {}: {e}; run `make build`", path.display())
        });
        Self::with_program(&code)
    }

    /// A VM with the given program code, at [`START`].
    ///
    /// # Panics
    /// If the code is not a program that the VM accepts.
    #[must_use]
    pub fn with_program(code: &[u8]) -> Self {
        let mut svm = compiled(code);
        let mut keys = Keys::new();
        let (payer, upgrade_authority) = (keys.next(), keys.next());
        svm.airdrop(&payer.pubkey(), 1_000_000_000_000_000).expect("the VM mints its own lamports");
        let mut vm =
            Self { svm, payer, upgrade_authority, compute: BTreeMap::new(), refused: BTreeMap::new(), keys };
        let authority = vm.upgrade_authority.pubkey();
        vm.set_upgrade_authority(Some(authority));
        vm.set_time(START);
        vm
    }

    /// Another VM in which the same has happened, with counts of its own.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            svm: self.svm.clone(),
            payer: self.payer.insecure_clone(),
            upgrade_authority: self.upgrade_authority.insecure_clone(),
            compute: BTreeMap::new(),
            refused: BTreeMap::new(),
            keys: self.keys,
        }
    }

    /// A key that nobody has yet.
    pub fn key(&mut self) -> Keypair {
        self.keys.next()
    }

    /// Writes the upgrade authority into the loader's program data, as a deployment by it would have.
    ///
    /// # Panics
    /// If the program was not loaded under the upgradeable loader.
    pub fn set_upgrade_authority(&mut self, authority: Option<Pubkey>) {
        let address = Deployment::program_data();
        let mut data = self.svm.get_account(&address).expect("the program is deployed");
        // tag (4), slot (8), option tag (1), authority (32)
        data.data[12] = authority.is_some().into();
        data.data[13..45].copy_from_slice(authority.unwrap_or_default().as_ref());
        self.svm.set_account(address, data).expect("program data stays loadable");
    }

    /// The cluster's unix time.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// No longer computes and verifies signatures: the runtime's own work, and half of a transaction's time. A signer
    /// whose key is not at hand is noticed all the same.
    pub fn trust_signers(&mut self) {
        self.svm = core::mem::take(&mut self.svm).with_sigverify(false);
    }

    /// Moves the cluster's clock; slots follow at 400 ms.
    pub fn set_time(&mut self, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        let elapsed = unix_timestamp.saturating_sub(clock.unix_timestamp).max(0) as u64;
        clock.slot = clock.slot.saturating_add(elapsed.min(1 << 32) * 5 / 2).max(1);
        clock.unix_timestamp = unix_timestamp;
        self.svm.set_sysvar(&clock);
        self.svm.expire_blockhash();
    }

    /// The cluster's epoch.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.svm.get_sysvar::<Clock>().epoch
    }

    /// Begins another epoch: fees on transfers change with it.
    pub fn set_epoch(&mut self, epoch: u64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.epoch = epoch;
        self.svm.set_sysvar(&clock);
        self.svm.expire_blockhash();
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: i64) {
        self.set_time(self.now() + seconds);
    }

    /// Sends one transaction, signed by the payer and the given keys.
    ///
    /// # Errors
    /// [`Refusal`], with the logs.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Receipt, Refusal> {
        // Two equal transactions in a row are two, not a replay.
        self.svm.expire_blockhash();
        let mut keys = vec![&self.payer];
        keys.extend(signers.iter().filter(|k| k.pubkey() != self.payer.pubkey()));
        let blockhash = self.svm.latest_blockhash();
        let message = Message::new_with_blockhash(instructions, Some(&self.payer.pubkey()), &blockhash);
        let transaction = if self.svm.get_sigverify() {
            Transaction::new(&keys, message, blockhash)
        } else {
            unsigned(&keys, message)
        };
        match self.svm.send_transaction(transaction) {
            Ok(done) => {
                let receipt = Receipt {
                    compute_units: done.compute_units_consumed,
                    signature: done.signature.to_string(),
                    logs: done.logs,
                };
                self.account_compute(&receipt);
                record(&receipt.logs);
                Ok(receipt)
            }
            Err(failed) => {
                if let Some(name) = instruction_of(&failed.meta.logs) {
                    *self.refused.entry(name).or_default() += 1;
                }
                Err(Refusal { error: failed.err, logs: failed.meta.logs })
            }
        }
    }

    fn account_compute(&mut self, receipt: &Receipt) {
        if let Some(name) = instruction_of(&receipt.logs) {
            let entry = self.compute.entry(name).or_default();
            entry.calls += 1;
            entry.total += receipt.compute_units;
            entry.max = entry.max.max(receipt.compute_units);
        }
    }

    /// Raw bytes of an account; empty where there is none.
    #[must_use]
    pub fn data(&self, address: &Pubkey) -> Vec<u8> {
        self.svm.get_account(address).map(|a| a.data).unwrap_or_default()
    }

    /// Puts an account into the VM as some other program would have left it.
    ///
    /// # Panics
    /// If the VM refuses it (only programs can be refused).
    pub fn put(&mut self, address: Pubkey, owner: Pubkey, data: Vec<u8>) {
        let lamports = self.svm.minimum_balance_for_rent_exemption(data.len());
        let account = Account { lamports, data, owner, executable: false, rent_epoch: 0 };
        self.svm.set_account(address, account).expect("plain accounts are accepted");
    }
}
