use std::path::PathBuf;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use clap::Args;

use super::cluster::{self, Cluster};
use super::{say, session};
use crate::audit::books::Books;
use crate::audit::merkle::Proof;
use crate::audit::report::Report;
use crate::audit::risk::Risk;
use crate::audit::snapshot::Snapshot;

/// An audit of a clearinghouse, or the check of one account in a proof that an audit wrote.
#[derive(Args)]
pub struct Audit {
    /// Mint of the clearinghouse's quote token; default: as in `ballast config`
    #[arg(value_parser = cluster::address)]
    quote_mint: Option<Pubkey>,
    /// Audit this file instead of a cluster
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Write the state that was audited, to be audited again
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
    /// Write the Merkle-sum tree over all accounts
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Check an account in a tree that was written
    #[arg(long, value_name = "FILE", requires = "account", conflicts_with_all = ["quote_mint", "snapshot", "dump", "proof"])]
    verify: Option<PathBuf>,
    /// The margin account to check
    #[arg(long, value_parser = cluster::address, requires = "verify")]
    account: Option<Pubkey>,
    /// The root that you know from elsewhere; without it a proof only agrees with itself
    #[arg(long, value_name = "HASH", requires = "verify")]
    root: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
}

impl Audit {
    pub(super) fn run(self) -> Result<()> {
        if let (Some(file), Some(account)) = (&self.verify, &self.account) {
            return self.verify(file, account);
        }
        let named = match self.quote_mint {
            Some(mint) => Some(mint),
            None => session::quote_mint(&self.cluster)?,
        };
        let quote_mint = named.context("which clearinghouse? Give the mint of its quote token")?;
        let snapshot = match &self.snapshot {
            Some(file) => Snapshot::read(file)?,
            None => Snapshot::of_cluster(&self.cluster.url()?)?,
        };
        if let Some(file) = &self.dump {
            snapshot.write(file)?;
        }
        let books = Books::read(&snapshot, quote_mint, snapshot.time)?;
        let (risk, proof) = (Risk::of(&books), Proof::of(&books)?);
        if let Some(file) = &self.proof {
            std::fs::write(file, serde_json::to_string(&proof)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        let upgrade_authority = snapshot.upgrade_authority().map_err(|e| e.to_string());
        let report = Report { books: &books, risk: &risk, proof: &proof, upgrade_authority };
        say(&if self.json { serde_json::to_string_pretty(&report.json())? } else { report.table() })?;
        match books.problems.len() {
            0 => Ok(()),
            count => bail!("{count} identities do not hold: the first is that {}", books.problems[0]),
        }
    }

    fn verify(&self, file: &PathBuf, account: &Pubkey) -> Result<()> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the proof {shown}"))?;
        let proof = Proof::parse(&text).with_context(|| format!("cannot use {shown}"))?;
        let included =
            proof.verify(account).with_context(|| format!("{shown} proves nothing of {account}"))?;
        if let Some(known) = &self.root
            && !known.eq_ignore_ascii_case(&proof.root)
        {
            bail!("{shown} has the root {}, not {known}: it is the proof of other books", proof.root);
        }
        let figures = || proof.figures.iter().zip(&included.leaf.sums).zip(&proof.totals);
        if self.json {
            let figure = |((name, own), total): ((&String, &u128), &u128)| serde_json::json!({ "figure": name, "account": own.to_string(), "everybody": total.to_string() });
            let object = serde_json::json!({
                "account": account.to_string(), "owner": included.leaf.owner, "time": proof.time, "root": proof.root,
                "accounts": proof.leaves.len(), "figures": figures().map(figure).collect::<Vec<_>>(),
            });
            return say(&serde_json::to_string_pretty(&object)?);
        }
        say(&format!(
            "{account} of {} is counted, {} steps below the root\n{}\n\n{:<16} {:>24} {:>26}",
            included.leaf.owner, included.steps, proof.root, "native units", "this account", "all accounts"
        ))?;
        for ((name, own), total) in figures() {
            say(&format!("{name:<16} {own:>24} {total:>26}"))?;
        }
        if self.root.is_none() {
            say("\nCompare the root with one that you have from elsewhere: --root.")?;
        }
        Ok(())
    }
}
