use std::path::PathBuf;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, ensure};
use ballast_client::Deployment;
use ballast_client::authority::{self, UpgradeAuthority};
use clap::Args;
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use super::cluster::{self, Cluster};
use super::session::keypair;
use crate::migrate::{Config, Given, Keys, Plan, Signer, Step, plan};
use crate::node::send::{Sender, unsigned};

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
    /// Priority fee, millionths of a lamport for a compute unit
    #[arg(long, env = "BALLAST_PRIORITY_FEE", value_name = "MICROLAMPORTS")]
    priority_fee: Option<u64>,
    /// Print JSON: the plan, and with --apply what became of each step
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
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

fn plan_json(plan: &Plan) -> Value {
    let step = |step: &Step| json!({ "what": step.what, "signed_by": who(step.signer) });
    let difference = |d: &crate::migrate::Difference| json!({ "of": d.of, "parameter": d.parameter, "stands": d.stands.to_string(), "wanted": d.wanted.to_string() });
    json!({
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "waiting": plan.waiting,
        "differences": plan.differences.iter().map(difference).collect::<Vec<_>>(),
    })
}

impl Migrate {
    /// Says something to people; programs read the answer alone.
    fn say(&self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { super::say(text) }
    }

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
        self.say(&format!("upgrade authority: {}", words(&upgrade)))?;
        if !sound {
            self.say(&format!(
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
        let node = self.cluster.node()?;
        let left = plan(&node, &config, keys)?;
        let mut answer = plan_json(&left);
        answer["upgrade_authority"] = words(&upgrade).into();
        answer["sound"] = sound.into();
        self.say(&show(&left))?;
        if self.apply && !left.steps.is_empty() {
            ensure!(sound, "nothing is sent while the upgrade authority is not delayed as the config asks");
            let payer = payer.as_ref().context("--apply needs --payer, a keypair that pays")?;
            let sender = Sender { node: &node, payer, priority_fee: self.priority_fee };
            let signers =
                Signers { authority: signs.as_ref().unwrap_or(payer), governance: governance.as_ref() };
            for (index, step) in left.steps.iter().enumerate() {
                let (said, became) = signers.send(&sender, index + 1, step)?;
                self.say(&said)?;
                answer["steps"][index]["became"] = became;
            }
        } else if !left.steps.is_empty() {
            self.say("\nNothing was sent: --apply sends it.")?;
        }
        if self.json { super::say(&serde_json::to_string_pretty(&answer)?) } else { Ok(()) }
    }
}

struct Signers<'a> {
    authority: &'a Keypair,
    governance: Option<&'a Keypair>,
}

impl Signers<'_> {
    /// Sends a step, or gives it out where a multisig has to sign; says which, for people and for programs.
    fn send(&self, sender: &Sender, number: usize, step: &Step) -> Result<(String, Value)> {
        let mut keys = Vec::new();
        match (step.signer, self.governance) {
            (Signer::Anybody, _) => {}
            (Signer::UpgradeAuthority, _) if step.is_signed_by(&self.authority.pubkey()) => {
                keys.push(self.authority)
            }
            (Signer::Governance, Some(key)) => keys.push(key),
            (Signer::Governance, None) | (Signer::UpgradeAuthority, _) => {
                let bytes = unsigned(&step.instruction, &sender.payer.pubkey())?;
                let said = format!(
                    "{number:>3}. {}: to be signed by {} and the payer\n{bytes}",
                    step.what,
                    who(step.signer)
                );
                return Ok((said, json!({ "unsigned_transaction": bytes })));
            }
        }
        let landed = sender.send(core::slice::from_ref(&step.instruction), &keys).with_context(|| {
            format!(
                "step {number} ({}) did not go through; what came before it stands, run again to go on",
                step.what
            )
        })?;
        let said = format!("{number:>3}. {}: done, {}", step.what, landed.signature);
        Ok((said, json!({ "signature": landed.signature })))
    }
}
