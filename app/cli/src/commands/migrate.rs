use std::path::{Path, PathBuf};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::Args;
use solana_keypair::{Keypair, read_keypair_file};
use solana_message::Message;
use solana_rpc_client::rpc_client::RpcClient;
use solana_signer::Signer as _;
use solana_transaction::Transaction;

use super::cluster::{self, Cluster};
use crate::migrate::{Chain, Config, Given, Keys, Plan, Signer, Step, plan};

/// Bring a cluster to what a config says.
#[derive(Args)]
pub struct Migrate {
    /// The config, as in migrations/localnet.toml
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Send what is left to be done; without it, it is only shown
    #[arg(long)]
    apply: bool,
    /// Keypair that pays
    #[arg(long, value_name = "FILE")]
    payer: Option<PathBuf>,
    /// Keypair of the program's upgrade authority; default: the payer
    #[arg(long, value_name = "FILE")]
    upgrade_authority: Option<PathBuf>,
    /// Keypair of governance, where it is a single key. Without it, the transactions that governance has to sign are
    /// printed, for a multisig to import
    #[arg(long, value_name = "FILE")]
    governance: Option<PathBuf>,
    /// Address of governance, where the config leaves it open
    #[arg(long, value_name = "KEY", value_parser = cluster::address)]
    governance_address: Option<Pubkey>,
    /// Mint of the quote token, where the config leaves it open
    #[arg(long, value_name = "KEY", value_parser = cluster::address)]
    quote_mint: Option<Pubkey>,
    #[command(flatten)]
    cluster: Cluster,
}

/// A cluster as a chain.
struct Remote<'a>(&'a Cluster);

impl Chain for Remote<'_> {
    fn data(&self, address: &Pubkey) -> Result<Option<Vec<u8>>> {
        Ok(self
            .0
            .account(address)?
            .filter(|account| account.owner == ballast::ID)
            .map(|account| account.data))
    }

    fn now(&self) -> Result<i64> {
        Ok(cluster::now())
    }
}

fn keypair(path: &Path) -> Result<Keypair> {
    read_keypair_file(path).map_err(|e| anyhow!("cannot read the keypair {}: {e}", path.display()))
}

/// What is left to be done, in lines.
fn show(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let who = match step.signer {
            Signer::Anybody => "anybody",
            Signer::UpgradeAuthority => "upgrade authority",
            Signer::Governance => "governance",
        };
        lines.push(format!("{:>3}. {:<60} {who}", index + 1, step.what));
    }
    if plan.steps.is_empty() {
        lines.push("Nothing is left to be done.".into());
    }
    if !plan.differences.is_empty() {
        lines.push("\nOtherwise than the config says, and only governance changes it, by a proposal:".into());
        for d in &plan.differences {
            lines.push(format!("  {:<14} {:<22} {} → {}", d.of, d.parameter, d.stands, d.wanted));
        }
    }
    lines.join("\n")
}

impl Migrate {
    pub(super) fn run(self) -> Result<()> {
        let payer = self.payer.as_deref().map(keypair).transpose()?;
        let authority = self.upgrade_authority.as_deref().map(keypair).transpose()?;
        let governance = self.governance.as_deref().map(keypair).transpose()?;
        let given = Given {
            quote_mint: self.quote_mint,
            governance: self.governance_address.or(governance.as_ref().map(Keypair::pubkey)),
        };
        let config = Config::load(&self.config, given)?;
        if let Some(given) = &governance {
            let named = config.clearinghouse.governance;
            ensure!(
                given.pubkey() == named,
                "the keypair of governance is {}, and the config names {named}",
                given.pubkey()
            );
        }
        let paying = payer.as_ref().map(Keypair::pubkey).unwrap_or_default();
        let keys =
            Keys { payer: paying, upgrade_authority: authority.as_ref().map_or(paying, Keypair::pubkey) };
        let left = plan(&Remote(&self.cluster), &config, keys)?;
        super::say(&show(&left))?;
        if !self.apply || left.steps.is_empty() {
            if !left.steps.is_empty() {
                super::say("\nNothing was sent: --apply sends it.")?;
            }
            return Ok(());
        }
        let payer = payer.context("--apply needs --payer, a keypair that pays")?;
        let client = self.cluster.client()?;
        let signers = Signers {
            payer: &payer,
            authority: authority.as_ref().unwrap_or(&payer),
            governance: governance.as_ref(),
        };
        for (index, step) in left.steps.iter().enumerate() {
            signers.send(&client, index + 1, step)?;
        }
        Ok(())
    }
}

struct Signers<'a> {
    payer: &'a Keypair,
    authority: &'a Keypair,
    governance: Option<&'a Keypair>,
}

impl Signers<'_> {
    /// Sends a step, or prints it where a multisig has to sign.
    fn send(&self, client: &RpcClient, number: usize, step: &Step) -> Result<()> {
        let mut keys = vec![self.payer];
        match (step.signer, self.governance) {
            (Signer::Anybody, _) => {}
            (Signer::UpgradeAuthority, _) => keys.push(self.authority),
            (Signer::Governance, Some(key)) => keys.push(key),
            (Signer::Governance, None) => {
                let message =
                    Message::new(std::slice::from_ref(&step.instruction), Some(&self.payer.pubkey()));
                let bytes = bincode::serialize(&Transaction::new_unsigned(message))?;
                return super::say(&format!(
                    "{number:>3}. {}: to be signed by governance and the payer\n{}",
                    step.what,
                    BASE64_STANDARD.encode(bytes)
                ));
            }
        }
        keys.dedup_by_key(|key| key.pubkey());
        let blockhash = client.get_latest_blockhash().context("cannot ask for a blockhash")?;
        let transaction = Transaction::new_signed_with_payer(
            std::slice::from_ref(&step.instruction),
            Some(&self.payer.pubkey()),
            &keys,
            blockhash,
        );
        match client.send_and_confirm_transaction(&transaction) {
            Ok(signature) => super::say(&format!("{number:>3}. {}: done, {signature}", step.what)),
            Err(e) => bail!(
                "step {number} ({}) was refused: {e}; what came before it stands, run again to go on",
                step.what
            ),
        }
    }
}
