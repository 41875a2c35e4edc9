//! The node: one that is started here, or one that runs already.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anchor_lang::prelude::{Clock, Pubkey};
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::sysvar::SysvarId;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};
use solana_commitment_config::CommitmentConfig;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_rpc_client::api::client_error::{Error as ClientError, ErrorKind};
use solana_rpc_client::api::config::RpcSendTransactionConfig;
use solana_rpc_client::api::request::{RpcError, RpcRequest, RpcResponseErrorData};
use solana_rpc_client::rpc_client::RpcClient;
use solana_signer::Signer as _;
use solana_transaction::Transaction;

use super::folder::Folder;
use crate::migrate::Chain;

/// Time between two blocks of a node that is started here.
pub const SLOT: Duration = Duration::from_millis(400);
/// Most bytes of a transaction.
const PACKET: usize = 1_232;
/// Compute units that a transaction may use.
const COMPUTE: u32 = 1_400_000;
const CONFIRM: Duration = Duration::from_secs(20);
const START: Duration = Duration::from_secs(30);

/// A program that a node begins with.
pub struct Program {
    /// Its address.
    pub id: Pubkey,
    /// Its code.
    pub so: std::path::PathBuf,
    /// Who may replace it.
    pub authority: Option<Pubkey>,
}

/// A node that was started here. It ends with this.
pub struct Host {
    child: Child,
}

impl Host {
    /// Starts a node with these programs; returns it with its RPC and WebSocket addresses.
    ///
    /// # Errors
    /// What is missing, and how to get it.
    pub fn start(root: &Path, folder: &Folder, programs: &[Program]) -> Result<(Self, String, String)> {
        let package = "node_modules/@solana/surfpool-linux-x64-gnu";
        let script = root.join("app/localnet/host.mjs");
        let installed = script.ancestors().skip(1).any(|above| above.join(package).is_dir());
        ensure!(installed, "the node's package is not installed: run `npm ci --prefix app`");
        for program in programs {
            let so = &program.so;
            ensure!(so.is_file(), "there is no {}: run `make build`", so.display());
        }
        let programs: Vec<Value> = programs
            .iter()
            .map(|p| {
                let authority = p.authority.map(|key| key.to_string());
                json!({ "id": p.id.to_string(), "so": p.so, "authority": authority })
            })
            .collect();
        let options = json!({ "slotTimeMs": SLOT.as_millis() as u64, "programs": programs });
        let log = folder.path("logs/node.log");
        let errors =
            std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let binary = std::env::var("BALLAST_NODE").unwrap_or_else(|_| "node".into());
        // A process group of its own: Ctrl-C is for whoever started the node, who then ends it.
        let child = Command::new(&binary)
            .arg(&script)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .spawn();
        let child = child.map_err(|e| {
            anyhow!("cannot start {binary} ({e}): Node.js 20 or newer is needed; `make deps` installs it")
        })?;
        let mut host = Self { child };
        let output = host.child.stdout.take().context("the node has an output")?;
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(output);
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let _ = sender.send(first);
            // What else it says is nobody's, but a full pipe would stop it.
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        });
        let first = line.recv_timeout(START).unwrap_or_default();
        let said: Value = serde_json::from_str(&first).unwrap_or_default();
        match (said["rpcUrl"].as_str(), said["wsUrl"].as_str()) {
            (Some(rpc), Some(ws)) => Ok((host, rpc.into(), ws.into())),
            _ => bail!("the node did not start: {}", tail(&log)),
        }
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        super::process::end(&mut self.child);
    }
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(5)..].join("; ");
    if last.is_empty() { format!("it said nothing in {}", path.display()) } else { last }
}

/// A connection to a node.
pub struct Node {
    /// Its RPC address.
    pub rpc_url: String,
    /// Its WebSocket address.
    pub ws_url: String,
    /// Whether it has Surfnet's cheat codes.
    pub surfnet: bool,
    client: RpcClient,
    sent: AtomicU32,
}

impl Node {
    /// Connects, and asks what kind of node it is.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn connect(rpc_url: &str, ws_url: &str) -> Result<Self> {
        let client = RpcClient::new_with_commitment(rpc_url.to_owned(), CommitmentConfig::processed());
        let version: Value = client
            .send(RpcRequest::GetVersion, json!([]))
            .map_err(|e| anyhow!("cannot reach {rpc_url} ({e}): is the node running?"))?;
        Ok(Self {
            rpc_url: rpc_url.into(),
            ws_url: ws_url.into(),
            surfnet: version["surfnet-version"].is_string(),
            client,
            sent: AtomicU32::new(0),
        })
    }

    /// The chain's clock, unix seconds.
    ///
    /// # Errors
    /// If the node does not answer.
    pub fn now(&self) -> Result<i64> {
        let clock = self.account(&Clock::id())?.context("a cluster has a clock")?;
        // Slot, begin of the epoch, epoch, epoch of the schedule, then the time: eight bytes each.
        let time = clock.1.get(32..40).and_then(|b| b.try_into().ok()).context("the clock is too short")?;
        Ok(i64::from_le_bytes(time))
    }

    /// An account's owner and data.
    ///
    /// # Errors
    /// If the node does not answer.
    pub fn account(&self, address: &Pubkey) -> Result<Option<(Pubkey, Vec<u8>)>> {
        let found = self
            .client
            .get_account_with_commitment(address, self.client.commitment())
            .map_err(|e| anyhow!("{} does not answer: {e}", self.rpc_url))?;
        Ok(found.value.map(|account| (account.owner, account.data)))
    }

    /// Every account of the program that begins with these bytes.
    ///
    /// # Errors
    /// If the node does not answer.
    pub fn accounts_of(&self, discriminator: &[u8]) -> Result<Vec<Vec<u8>>> {
        let filter =
            json!({ "memcmp": { "offset": 0, "bytes": base64(discriminator), "encoding": "base64" } });
        let params = json!([
            ballast::ID.to_string(),
            { "commitment": "processed", "encoding": "base64", "filters": [filter] },
        ]);
        let found: Vec<Value> = self.client.send(RpcRequest::GetProgramAccounts, params)?;
        found
            .iter()
            .map(|one| {
                let data = one["account"]["data"][0].as_str().context("an account has data")?;
                Ok(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, data)?)
            })
            .collect()
    }

    /// Lamports that an account of this size must hold.
    ///
    /// # Errors
    /// If the node does not answer.
    pub fn rent(&self, bytes: usize) -> Result<u64> {
        Ok(self.client.get_minimum_balance_for_rent_exemption(bytes)?)
    }

    /// Lamports of an address.
    ///
    /// # Errors
    /// If the node does not answer.
    pub fn balance(&self, address: &Pubkey) -> Result<u64> {
        let commitment = self.client.commitment();
        Ok(self.client.get_balance_with_commitment(address, commitment)?.value)
    }

    /// Makes an address hold at least so many lamports, out of the node's faucet.
    ///
    /// # Errors
    /// If the node has none, or is slow to give.
    pub fn airdrop(&self, address: &Pubkey, lamports: u64) -> Result<()> {
        if self.balance(address)? >= lamports {
            return Ok(());
        }
        self.client.request_airdrop(address, lamports).map_err(|e| {
            anyhow!("{} gives no SOL ({e}): a local cluster's node needs a faucet", self.rpc_url)
        })?;
        let begin = Instant::now();
        while self.balance(address)? < lamports {
            ensure!(begin.elapsed() < CONFIRM, "the airdrop to {address} did not arrive");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Sends instructions in one transaction and waits until it is processed.
    ///
    /// # Errors
    /// What the program said.
    pub fn send(&self, instructions: &[Instruction], payer: &Keypair, signers: &[&Keypair]) -> Result<()> {
        let keys = signers_of(payer, signers);
        let transaction = self.signed(instructions, payer, &keys)?;
        let config = RpcSendTransactionConfig {
            preflight_commitment: Some(self.client.commitment().commitment),
            ..RpcSendTransactionConfig::default()
        };
        let signature =
            self.client.send_transaction_with_config(&transaction, config).map_err(|e| refusal(&e))?;
        let begin = Instant::now();
        while begin.elapsed() < CONFIRM {
            if let Some(Some(status)) = self.client.get_signature_statuses(&[signature])?.value.first() {
                return match &status.err {
                    None => Ok(()),
                    Some(error) => bail!("transaction {signature} failed: {error}"),
                };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("transaction {signature} was not confirmed within {} s", CONFIRM.as_secs())
    }

    /// Sends many instructions in order, as few transactions as hold them.
    ///
    /// # Errors
    /// What the program said, and to which of them.
    pub fn send_all(
        &self,
        all: &[(String, Instruction)],
        payer: &Keypair,
        signers: &[&Keypair],
    ) -> Result<()> {
        let mut rest = all;
        while !rest.is_empty() {
            let fitting = (1..=rest.len()).take_while(|n| self.size(&rest[..*n], payer, signers) <= PACKET);
            let count = fitting.last().unwrap_or(1);
            let (now, later) = rest.split_at(count);
            let instructions: Vec<Instruction> = now.iter().map(|(_, i)| i.clone()).collect();
            let needed = needed(&instructions, signers);
            self.send(&instructions, payer, &needed).with_context(|| {
                let names: Vec<&str> = now.iter().map(|(what, _)| what.as_str()).collect();
                format!("refused: {}", names.join(", "))
            })?;
            rest = later;
        }
        Ok(())
    }

    fn size(&self, some: &[(String, Instruction)], payer: &Keypair, signers: &[&Keypair]) -> usize {
        let instructions: Vec<Instruction> = some.iter().map(|(_, i)| i.clone()).collect();
        let keys = signers_of(payer, &needed(&instructions, signers)).len();
        let message = Message::new(&self.budgeted(&instructions), Some(&payer.pubkey()));
        1 + 64 * keys + bincode::serialize(&message).map_or(usize::MAX, |bytes| bytes.len())
    }

    /// With the compute limit in front; which is a little different each time, because a node refuses the same
    /// transaction twice, and the same thing may well be done twice within the life of a blockhash.
    fn budgeted(&self, instructions: &[Instruction]) -> Vec<Instruction> {
        let turn = self.sent.fetch_add(1, Ordering::Relaxed) % 10_000;
        let limit = ComputeBudgetInstruction::set_compute_unit_limit(COMPUTE - turn);
        core::iter::once(limit).chain(instructions.iter().cloned()).collect()
    }

    fn signed(
        &self,
        instructions: &[Instruction],
        payer: &Keypair,
        keys: &[&Keypair],
    ) -> Result<Transaction> {
        let blockhash = self.client.get_latest_blockhash()?;
        let all = self.budgeted(instructions);
        Ok(Transaction::new_signed_with_payer(&all, Some(&payer.pubkey()), keys, blockhash))
    }

    /// Moves the chain's clock forward, and waits until all of it is of the new time.
    ///
    /// # Errors
    /// If the node has no such thing.
    pub fn travel(&self, seconds: i64) -> Result<()> {
        self.leap(seconds)?;
        // Until the next block the clock's slot and epoch are not those of this time.
        std::thread::sleep(SLOT + SLOT / 2);
        Ok(())
    }

    /// The same without waiting, for whoever only asks for the time.
    ///
    /// # Errors
    /// As [`Self::travel`].
    pub fn leap(&self, seconds: i64) -> Result<()> {
        ensure!(
            self.surfnet,
            "this node cannot travel in time: only the one that `ballast localnet` starts can"
        );
        ensure!(seconds > 0, "time travel only goes forward: give a number of seconds above zero");
        let to = self.now()? + seconds;
        let method = RpcRequest::Custom { method: "surfnet_timeTravel" };
        let _: Value = self.client.send(method, json!([{ "absoluteTimestamp": to * 1_000 }]))?;
        Ok(())
    }
}

impl Chain for Node {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(self.account(address)?.filter(|(owner, _)| *owner == ballast::ID).map(|(_, data)| data))
    }

    fn now(&self) -> Result<i64> {
        Self::now(self)
    }
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes)
}

/// Those of the keys that one of the instructions asks for.
fn needed<'a>(instructions: &[Instruction], keys: &[&'a Keypair]) -> Vec<&'a Keypair> {
    let asked = |key: &Keypair| {
        let metas = instructions.iter().flat_map(|i| &i.accounts);
        metas.into_iter().any(|meta| meta.is_signer && meta.pubkey == key.pubkey())
    };
    keys.iter().copied().filter(|key| asked(key)).collect()
}

fn signers_of<'a>(payer: &'a Keypair, others: &[&'a Keypair]) -> Vec<&'a Keypair> {
    let mut keys = vec![payer];
    for key in others {
        if keys.iter().all(|known| known.pubkey() != key.pubkey()) {
            keys.push(key);
        }
    }
    keys
}

/// The program's own words, where it said any.
fn refusal(error: &ClientError) -> anyhow::Error {
    if let ErrorKind::RpcError(RpcError::RpcResponseError { data, message, .. }) = error.kind() {
        if let RpcResponseErrorData::SendTransactionPreflightFailure(result) = data {
            let logs = result.logs.clone().unwrap_or_default();
            let said = logs.iter().find_map(|l| l.split_once("Error Message: ").map(|(_, m)| m.to_owned()));
            let said = said.or_else(|| logs.iter().rev().find(|l| l.contains("failed")).cloned());
            return anyhow!("{}", said.unwrap_or_else(|| message.clone()));
        }
        return anyhow!("{message}");
    }
    anyhow!("{error}")
}
