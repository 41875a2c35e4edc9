//! What every command on a clearinghouse shares: where it is, who signs, and how it answers.

use std::cell::OnceCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anyhow::{Context, Result, anyhow, bail, ensure};
use ballast::state::{Clearinghouse, MarginAccount};
use ballast_client::{Deployment, decode};
use ballast_risk::RiskError;
use clap::Args;
use serde_json::Value;
use solana_keypair::{Keypair, read_keypair_file};
use solana_signer::Signer as _;

use super::cluster::{self, Cluster, read};
use super::directory::Directory;
use crate::node::send::Sender;
use crate::node::{Landed, Node};
use crate::report::table::{Style, Table, paint};
use crate::settings::Settings;

/// The key of a local cluster that signs where none is named.
const LOCAL_KEY: &str = "payer";

/// Which clearinghouse, and who signs.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Where")]
pub struct Where {
    #[command(flatten)]
    pub cluster: Cluster,
    /// Mint of the clearinghouse's quote token. Default: as in `ballast config`
    #[arg(long, env = "BALLAST_QUOTE_MINT", value_name = "MINT", value_parser = cluster::address)]
    pub quote_mint: Option<Pubkey>,
    /// The clearinghouse's own address, instead of its quote mint
    #[arg(long, env = "BALLAST_CLEARINGHOUSE", value_name = "ADDRESS", value_parser = cluster::address, conflicts_with = "quote_mint")]
    pub clearinghouse: Option<Pubkey>,
    /// File of the key that signs and pays; with --local also the name of one of its keys, as in governance
    #[arg(long, short, env = "BALLAST_KEYPAIR", value_name = "FILE")]
    pub keypair: Option<PathBuf>,
    /// Priority fee, millionths of a lamport for a compute unit
    #[arg(long, env = "BALLAST_PRIORITY_FEE", value_name = "MICROLAMPORTS")]
    pub priority_fee: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Where {
    /// The clearinghouse's addresses.
    pub fn deployment(&self, node: &dyn Node) -> Result<Deployment> {
        if let Some(address) = &self.clearinghouse {
            let house: Clearinghouse = decode::config(&read(node, address, "clearinghouse")?)
                .with_context(|| format!("{address} is no clearinghouse"))?;
            return Ok(Deployment::of(house.quote_mint));
        }
        let mint = self.quote_mint.map_or_else(|| quote_mint(&self.cluster), |mint| Ok(Some(mint)))?.context(
            "which clearinghouse? Give the mint of its quote token with --quote-mint, or once and for all with `ballast \
             config set quote_mint MINT`",
        )?;
        Ok(Deployment::of(mint))
    }

    /// Reads the key that signs, where one is named.
    fn keypair(&self) -> Result<Option<Keypair>> {
        let local = self.cluster.local()?;
        let path = match (&self.keypair, local) {
            (Some(path), Some(local)) if !path.exists() => local.key(&path.to_string_lossy()),
            (Some(path), _) => path.clone(),
            (None, Some(local)) => local.key(LOCAL_KEY),
            (None, None) => match settings()?.get("keypair") {
                Some(path) => path.into(),
                None => return Ok(None),
            },
        };
        keypair(&path).map(Some)
    }
}

fn settings() -> Result<Settings> {
    Settings::path().and_then(|path| Settings::load(&path))
}

/// The quote mint of a local cluster, or the one that was set.
pub fn quote_mint(cluster: &Cluster) -> Result<Option<Pubkey>> {
    let named = match cluster.local()? {
        Some(local) => local.get("quoteMint").map(str::to_owned),
        None => settings()?.get("quote_mint").map(str::to_owned),
    };
    named.map(|text| cluster::address(&text).map_err(|e| anyhow!("quote_mint: {e}"))).transpose()
}

/// Reads a file that holds a key.
pub fn keypair(path: &Path) -> Result<Keypair> {
    read_keypair_file(path).map_err(|e| {
        anyhow!(
            "cannot read the keypair {}: {e}; it is a JSON list of 64 numbers, as `solana-keygen new` writes it",
            path.display()
        )
    })
}

/// Where answers go and questions are asked.
pub trait Console {
    /// An answer.
    ///
    /// # Errors
    /// If it cannot be written.
    fn say(&self, text: &str) -> Result<()>;

    /// What happens meanwhile: not part of the answer.
    fn note(&self, text: &str);

    /// A question that is answered by yes or no.
    ///
    /// # Errors
    /// If nobody is there to answer.
    fn ask(&self, question: &str) -> Result<bool>;

    /// Whether it shows colours, and how many columns it has.
    fn looks(&self) -> (bool, usize);
}

/// Standard output, standard error and standard input.
pub struct Terminal;

impl Console for Terminal {
    fn say(&self, text: &str) -> Result<()> {
        super::say(text)
    }

    fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    fn ask(&self, question: &str) -> Result<bool> {
        ensure!(
            std::io::stdin().is_terminal(),
            "{question} Nobody is there to answer: give --yes to go on unasked"
        );
        eprint!("{question} [y/N] ");
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn looks(&self) -> (bool, usize) {
        let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(120);
        (std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(), width)
    }
}

/// One of an owner's accounts by its number, or any by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// A sub-account of whoever signs.
    Sub(u16),
    /// An address.
    At(Pubkey),
}

/// An account on the command line.
pub fn account_ref(text: &str) -> Result<AccountRef, String> {
    match text.parse() {
        Ok(number) => Ok(AccountRef::Sub(number)),
        Err(_) => text.parse().map(AccountRef::At).map_err(|_| {
            format!("'{text}' is no account: give the number of a sub-account (0 to 65535), or an address in base58")
        }),
    }
}

/// A command at work.
pub struct Session<'a> {
    /// The cluster.
    pub node: &'a dyn Node,
    /// The clearinghouse.
    pub at: Deployment,
    /// Whether answers are JSON.
    pub json: bool,
    /// Where they go.
    pub console: &'a dyn Console,
    key: Option<Keypair>,
    priority_fee: Option<u64>,
    directory: OnceCell<Directory>,
}

impl<'a> Session<'a> {
    /// Finds out where everything is.
    pub fn open(place: &Where, node: &'a dyn Node, console: &'a dyn Console) -> Result<Self> {
        Ok(Self {
            at: place.deployment(node)?,
            key: place.keypair()?,
            json: place.json,
            priority_fee: place.priority_fee,
            directory: OnceCell::new(),
            node,
            console,
        })
    }

    /// The key that signs and pays.
    pub fn key(&self) -> Result<&Keypair> {
        self.key.as_ref().context(
            "a key has to sign this: give its file with --keypair, or once and for all with `ballast config set keypair \
             FILE`",
        )
    }

    /// Its address, where there is one.
    pub fn signer(&self) -> Option<Pubkey> {
        self.key.as_ref().map(|key| key.pubkey())
    }

    /// What is listed.
    pub fn directory(&self) -> Result<&Directory> {
        if self.directory.get().is_none() {
            let _ = self.directory.set(Directory::read(self.node, self.at)?);
        }
        self.directory.get().context("it was just read")
    }

    /// What is listed, as it stands now.
    pub fn fresh(&self) -> Result<Directory> {
        Directory::read(self.node, self.at)
    }

    /// The address of an account.
    pub fn address(&self, account: AccountRef) -> Result<Pubkey> {
        match account {
            AccountRef::At(address) => Ok(address),
            AccountRef::Sub(number) => Ok(self.at.margin_account(&self.key()?.pubkey(), number)),
        }
    }

    /// Reads a margin account of this clearinghouse.
    pub fn account(&self, account: AccountRef) -> Result<(Pubkey, Box<MarginAccount>)> {
        let address = self.address(account)?;
        let found = self.node.account(&address)?.filter(|found| found.owner == ballast::ID);
        let Some(found) = found else {
            match account {
                AccountRef::Sub(number) => bail!(
                    "{} has no account {number} in this clearinghouse: open it with `ballast accounts open {number}`, or \
                     see `ballast accounts` for those that there are",
                    self.key()?.pubkey()
                ),
                AccountRef::At(_) => bail!(
                    "there is no margin account {address} on {}: check the address, and that --url is its cluster",
                    self.node.name()
                ),
            }
        };
        let read =
            decode::margin_account(&found.data).with_context(|| format!("{address} cannot be read"))?;
        ensure!(
            read.clearinghouse == self.at.clearinghouse,
            "{address} is an account of another clearinghouse ({}): give that one with --clearinghouse",
            read.clearinghouse
        );
        Ok((address, read))
    }

    /// Sends instructions, signed by the session's key.
    pub fn send(&self, instructions: &[Instruction]) -> Result<Landed> {
        let sender = Sender { node: self.node, payer: self.key()?, priority_fee: self.priority_fee };
        sender.send(instructions, &[])
    }

    /// Answers: an object for programs, or text for people.
    pub fn answer(&self, json: Value, text: impl FnOnce() -> String) -> Result<()> {
        if self.json {
            self.console.say(&serde_json::to_string_pretty(&json)?)
        } else {
            self.console.say(&text())
        }
    }

    /// Answers what was done, with the transaction that did it.
    pub fn done(&self, what: &str, mut json: Value, landed: &Landed) -> Result<()> {
        json["signature"] = landed.signature.as_str().into();
        self.answer(json, || format!("{what}\n{}", self.dim(&format!("transaction {}", landed.signature))))
    }

    /// A table in lines.
    pub fn table(&self, table: &Table) -> String {
        let (colour, width) = self.console.looks();
        let lines = table.render(width, 0, colour);
        lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
    }

    fn dim(&self, text: &str) -> String {
        paint(text, Style::Dim, self.console.looks().0)
    }
}

/// Why something cannot be valued now.
pub fn unpriced(error: RiskError) -> anyhow::Error {
    match error {
        RiskError::StalePrice => anyhow!(
            "an asset that this needs has no recent price: wait until a keeper refreshes it; `ballast board` shows the \
             ages"
        ),
        other => anyhow!("this cannot be valued: {other}"),
    }
}

/// A command on a clearinghouse.
pub trait Onchain {
    /// Which one.
    fn place(&self) -> &Where;

    /// Does it.
    fn run(&self, session: &Session) -> Result<()>;
}
