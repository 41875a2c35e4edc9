use std::fmt::Write as _;

use anchor_lang::prelude::Pubkey;
use anyhow::{Result, anyhow};
use ballast_client::health;
use ballast_risk::RiskError;
use ballast_risk::margin::Margin;
use clap::Args;

use super::cluster::{self, Cluster};
use super::session::Console;
use crate::node::Node;

/// Health of a margin account.
#[derive(Args)]
pub struct Health {
    /// Address of the margin account
    #[arg(value_parser = cluster::address)]
    account: Pubkey,
    /// As if it were this time (unix seconds); default: now
    #[arg(long)]
    at: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) cluster: Cluster,
}

impl Health {
    pub(super) fn run(&self, node: &dyn Node, console: &dyn Console) -> Result<()> {
        let (account, _, board) = cluster::margin_account(node, &self.account)?;
        let now = self.at.map_or_else(|| node.now(), Ok)?;
        let health = health::health(&account, &board, now).map_err(unvalued)?;
        let rows = [
            ("maintenance", "may it be liquidated", health.maintenance),
            ("initial", "may it take on risk", health.initial),
            ("withdrawal", "may money leave it", health.withdrawal),
        ];
        if self.json {
            let object: serde_json::Map<_, _> =
                rows.iter().map(|(name, _, m)| ((*name).to_owned(), json(m))).collect();
            return console.say(&serde_json::to_string_pretty(&object)?);
        }
        let mut table = String::new();
        writeln!(
            table,
            "{:<12} {:>18} {:>18} {:>18} {:>18}  question",
            "basis", "equity", "core ES", "MM", "IM"
        )?;
        for (name, question, m) in rows {
            writeln!(
                table,
                "{name:<12} {:>18} {:>18} {:>18} {:>18}  {question}",
                quote(m.equity.into()),
                quote(m.core.into()),
                quote(m.maintenance.into()),
                quote(m.initial.into()),
            )?;
        }
        let verdict = if health.maintenance.is_liquidatable() {
            "below maintenance margin: it can be liquidated"
        } else if !health.initial.meets_initial() {
            "below initial margin: it can only reduce"
        } else {
            "healthy"
        };
        console.say(&format!("{table}\n{} is {verdict}.", self.account))
    }
}

fn json(m: &Margin) -> serde_json::Value {
    serde_json::json!({
        "equity": m.equity.to_string(), "expected_shortfall": m.expected_shortfall.to_string(),
        "stress": m.stress.to_string(), "core": m.core.to_string(), "addons": m.addons.to_string(),
        "mm": m.maintenance.to_string(), "im": m.initial.to_string(),
    })
}

/// Why an account has no margin.
pub(super) fn unvalued(error: RiskError) -> anyhow::Error {
    match error {
        RiskError::StalePrice => anyhow!(
            "an asset in the account has no recent price on the board that is believed, so it cannot be valued: \
             refresh the board, wait while a breaker doubts the price, or give --at a time at which prices were fresh"
        ),
        other => anyhow!("the account cannot be valued: {other}"),
    }
}

/// Quote micro-units as a decimal.
pub(super) fn quote(micro: i128) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", micro.unsigned_abs() / 1_000_000, micro.unsigned_abs() % 1_000_000)
}
