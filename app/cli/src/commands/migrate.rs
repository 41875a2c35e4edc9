use std::path::{Path, PathBuf};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail, ensure};
use ballast_client::Deployment;
use ballast_client::authority::{self, UpgradeAuthority};
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
    upgrade_keypair: Option<PathBuf>,
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
    /// The Squads multisig behind the program's upgrade authority
    #[arg(long, value_name = "KEY", value_parser = cluster::address)]
    upgrade_multisig: Option<Pubkey>,
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

fn who(signer: Signer) -> &'static str {
    match signer {
        Signer::Anybody => "anybody",
        Signer::UpgradeAuthority => "the upgrade authority",
        Signer::Governance => "governance",
    }
}

fn words(upgrade: &UpgradeAuthority) -> String {
    match upgrade {
        UpgradeAuthority::Nobody => "nobody, the program is final".into(),
        UpgradeAuthority::Key(key) => format!("{key}, of which no delay is known"),
        UpgradeAuthority::Squads { multisig, threshold, time_lock_s, controlled, .. } => format!(
            "multisig {multisig}, {threshold} signatures, {time_lock_s} s of delay{}",
            if *controlled { ", which one key may change" } else { "" }
        ),
    }
}

/// What is left to be done, in lines.
fn show(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for (index, step) in plan.steps.iter().enumerate() {
        lines.push(format!("{:>3}. {:<72} {}", index + 1, step.what, who(step.signer)));
    }
    if plan.steps.is_empty() {
        lines.push("Nothing is left to be done.".into());
    }
    lines.extend(plan.waiting.iter().map(|what| format!("Waiting {what}")));
    if !plan.differences.is_empty() {
        lines.push("\nOtherwise than the config says, and not for a proposal to change:".into());
        for d in &plan.differences {
            lines.push(format!("  {:<14} {:<22} {} → {}", d.of, d.parameter, d.stands, d.wanted));
        }
    }
    lines.join("\n")
}

impl Migrate {
    /// Who may replace the program, as far as the chain tells.
    fn upgrade_authority(&self) -> Result<UpgradeAuthority> {
        let data = self.cluster.account(&Deployment::program_data())?;
        let data = data.context("the program is not deployed on this cluster: deploy it first")?.data;
        let multisig = match self.upgrade_multisig {
            Some(key) => Some((key, self.cluster.account(&key)?.context("there is no such multisig")?)),
            None => None,
        };
        let shown = multisig.as_ref().map(|(key, account)| (*key, account.owner, &account.data[..]));
        Ok(authority::classify(authority::upgrade_authority(&data)?, shown)?)
    }

    pub(super) fn run(self) -> Result<()> {
        let payer = self.payer.as_deref().map(keypair).transpose()?;
        let signs = self.upgrade_keypair.as_deref().map(keypair).transpose()?;
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
        let upgrade = self.upgrade_authority()?;
        let sound = upgrade.is_delayed(i64::try_from(config.upgrade_delay_s)?) || config.upgrade_delay_s == 0;
        super::say(&format!("upgrade authority: {}", words(&upgrade)))?;
        if !sound {
            super::say(&format!(
                "This is not what the config asks for: nobody replaces the program sooner than {} s after announcing it. \
                 Give the authority to a multisig with a time lock, and name it with --upgrade-multisig.",
                config.upgrade_delay_s
            ))?;
        }
        let held = match upgrade {
            UpgradeAuthority::Key(key) => Some(key),
            UpgradeAuthority::Squads { multisig, vault, .. } => {
                Some(authority::squads_vault(&multisig, vault))
            }
            UpgradeAuthority::Nobody => None,
        };
        let keys = Keys { payer: paying, upgrade_authority: held.unwrap_or(paying) };
        let left = plan(&Remote(&self.cluster), &config, keys)?;
        super::say(&show(&left))?;
        if !self.apply || left.steps.is_empty() {
            if !left.steps.is_empty() {
                super::say("\nNothing was sent: --apply sends it.")?;
            }
            return Ok(());
        }
        ensure!(sound, "nothing is sent while the upgrade authority is not delayed as the config asks");
        let payer = payer.context("--apply needs --payer, a keypair that pays")?;
        let client = self.cluster.client()?;
        let signers = Signers {
            payer: &payer,
            authority: signs.as_ref().unwrap_or(&payer),
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
            (Signer::UpgradeAuthority, _) if step.is_signed_by(&self.authority.pubkey()) => {
                keys.push(self.authority)
            }
            (Signer::Governance, Some(key)) => keys.push(key),
            (Signer::Governance, None) | (Signer::UpgradeAuthority, _) => {
                let message =
                    Message::new(std::slice::from_ref(&step.instruction), Some(&self.payer.pubkey()));
                let bytes = bincode::serialize(&Transaction::new_unsigned(message))?;
                return super::say(&format!(
                    "{number:>3}. {}: to be signed by {} and the payer\n{}",
                    step.what,
                    who(step.signer),
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
