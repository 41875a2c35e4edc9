//! The state of one moment, as raw accounts.
//!
//! ```json
//! {
//!   "format": "ballast-snapshot", "version": 1, "time": 1621296000,
//!   "accounts": [ { "address": "…", "owner": "…", "data": "base64" } ]
//! }
//! ```
//!
//! It holds every account of the program, the token accounts that they name as vaults, and the head of the loader's
//! program data, which says who may exchange the program.

use std::collections::BTreeMap;
use std::path::Path;

use anchor_lang::Discriminator;
use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail};
use ballast::state::{AssetConfig, Clearinghouse};
use ballast_client::{Deployment, decode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::rpc_client::RpcClient;

use crate::migrate::Chain;
use crate::node::Remote;

const FORMAT: &str = "ballast-snapshot";
const VERSION: u32 = 1;
/// Bytes at the head of program data: tag, slot, and the upgrade authority.
const PROGRAM_DATA_HEAD: usize = 45;
/// Vaults are read before and after everything else; this often where they moved meanwhile.
const ATTEMPTS: usize = 8;

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    time: i64,
    accounts: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    address: String,
    owner: String,
    data: String,
}

/// Owner and bytes by address.
type Accounts = BTreeMap<Pubkey, (Pubkey, Vec<u8>)>;

/// Raw accounts of one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was taken by the cluster's clock, unix seconds.
    pub time: i64,
    /// Owner and bytes by address.
    pub accounts: Accounts,
}

/// Token accounts that the program's accounts name as vaults.
#[must_use]
pub fn vaults_of<'a>(accounts: impl Iterator<Item = &'a [u8]>) -> Vec<Pubkey> {
    let mut vaults = Vec::new();
    for data in accounts {
        if data.starts_with(Clearinghouse::DISCRIMINATOR) {
            vaults.extend(decode::config::<Clearinghouse>(data).map(|house| house.quote_vault));
        } else if data.starts_with(AssetConfig::DISCRIMINATOR) {
            let config = decode::config::<AssetConfig>(data).ok().filter(AssetConfig::is_collateral);
            vaults.extend(config.map(|config| config.vault));
        }
    }
    vaults
}

impl Snapshot {
    /// Reads a cluster, and its own clock: a local one may have been sent ahead, and a machine's may be wrong.
    ///
    /// # Errors
    /// If it cannot be reached, or its vaults never stand still.
    pub fn of_cluster(url: &str) -> Result<Self> {
        let client = RpcClient::new_with_commitment(url, CommitmentConfig::confirmed());
        let unreachable = |e: &dyn core::fmt::Display| {
            anyhow!(
                "cannot reach {url} ({e}): is the node running, does it serve getProgramAccounts, and is --url right?"
            )
        };
        let read = |addresses: &[Pubkey]| -> Result<Accounts> {
            let mut found = Accounts::new();
            // At most a hundred accounts a request.
            for part in addresses.chunks(100) {
                let answer = client.get_multiple_accounts(part).map_err(|e| unreachable(&e))?;
                let known = part.iter().zip(answer).filter_map(|(k, a)| Some((*k, a?)));
                found.extend(known.map(|(k, a)| (k, (a.owner, a.data))));
            }
            Ok(found)
        };
        let mut vaults: Vec<Pubkey> = Vec::new();
        for _ in 0..ATTEMPTS {
            let before = read(&vaults)?;
            let program = client.get_program_accounts(&ballast::ID).map_err(|e| unreachable(&e))?;
            vaults = vaults_of(program.iter().map(|(_, a)| a.data.as_slice()));
            let after = read(&vaults)?;
            // Tokens that moved between the two readings would look like a difference.
            if before == after && !after.is_empty() {
                let mut accounts: BTreeMap<_, _> =
                    program.into_iter().map(|(k, a)| (k, (a.owner, a.data))).collect();
                accounts.extend(after);
                for (key, (owner, mut data)) in read(&[Deployment::program_data()])? {
                    data.truncate(PROGRAM_DATA_HEAD);
                    accounts.insert(key, (owner, data));
                }
                return Ok(Self { time: Remote::new(url).now()?, accounts });
            }
            if after.is_empty() {
                bail!("there is no clearinghouse on {url}: check that --url is the right cluster");
            }
        }
        bail!(
            "tokens moved in the vaults on {url} during each of {ATTEMPTS} readings: audit a snapshot of one slot \
             instead, with --snapshot"
        )
    }

    /// Reads a file.
    ///
    /// # Errors
    /// If it is not there, or no snapshot.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the snapshot {shown}"))?;
        let file: File = serde_json::from_str(&text)
            .map_err(|e| anyhow!("{shown} is no snapshot ({e}): write one with `ballast audit --dump`"))?;
        if file.format != FORMAT || file.version != VERSION {
            bail!(
                "{shown} is a {} of version {}; this release reads {FORMAT} {VERSION}",
                file.format,
                file.version
            );
        }
        let mut accounts = BTreeMap::new();
        for entry in file.accounts {
            let key = |text: &str| {
                text.parse::<Pubkey>().map_err(|_| anyhow!("{shown} names '{text}', which is no address"))
            };
            let data = BASE64_STANDARD
                .decode(&entry.data)
                .map_err(|e| anyhow!("the data of {} in {shown} is no base64 ({e})", entry.address))?;
            accounts.insert(key(&entry.address)?, (key(&entry.owner)?, data));
        }
        Ok(Self { time: file.time, accounts })
    }

    /// Writes a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let entry = |(address, (owner, data)): (&Pubkey, &(Pubkey, Vec<u8>))| Entry {
            address: address.to_string(),
            owner: owner.to_string(),
            data: BASE64_STANDARD.encode(data),
        };
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            time: self.time,
            accounts: self.accounts.iter().map(entry).collect(),
        };
        let text = serde_json::to_string(&file)?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Bytes of an account that must belong to `owner`.
    ///
    /// # Errors
    /// If it is missing, or another's.
    pub fn data(&self, address: &Pubkey, owner: Option<&Pubkey>, what: &str) -> Result<&[u8]> {
        let Some((belongs, data)) = self.accounts.get(address) else {
            bail!("the snapshot lacks the {what} {address}");
        };
        if owner.is_some_and(|owner| owner != belongs) {
            bail!("the {what} {address} belongs to {belongs}, not to the program that it should");
        }
        Ok(data)
    }

    /// Every account of the program of one kind.
    pub fn of_kind<'a>(&'a self, discriminator: &'a [u8]) -> impl Iterator<Item = (&'a Pubkey, &'a [u8])> {
        self.accounts
            .iter()
            .filter(move |(_, (owner, data))| *owner == ballast::ID && data.starts_with(discriminator))
            .map(|(key, (_, data))| (key, data.as_slice()))
    }

    /// Who may exchange the program: none where nobody may.
    ///
    /// # Errors
    /// If the program data is not in the snapshot.
    pub fn upgrade_authority(&self) -> Result<Option<Pubkey>> {
        let data = self.data(&Deployment::program_data(), None, "program data")?;
        // tag (4), slot (8), option tag (1), authority (32)
        match data.get(12).context("the program data is cut short")? {
            0 => Ok(None),
            _ => {
                let key: [u8; 32] = data.get(13..45).context("the program data is cut short")?.try_into()?;
                Ok(Some(Pubkey::from(key)))
            }
        }
    }
}
