use std::fmt::Write as _;

use anchor_lang::prelude::Pubkey;
use anyhow::{Result, anyhow};
use ballast::state::RiskBoard;
use ballast_client::explain::{Account, explain, what_if};
use ballast_client::health::Health;
use ballast_indexer::explain::{Names, as_json, factor, trade};
use clap::Args;

use super::cluster::{self, Cluster};
use super::health::{quote, unvalued};
use super::session::Console;
use crate::node::Node;
use crate::prices::when;

/// Why a margin account must hold what it must hold.
#[derive(Args)]
pub struct Explain {
    /// Address of the margin account
    #[arg(value_parser = cluster::address)]
    account: Pubkey,
    /// What if it traded: MARKET:BASE in native units at the oracle's price (negative: sells), as in 0:-1500000000
    #[arg(long, value_name = "MARKET:BASE", value_parser = trade, allow_hyphen_values = true)]
    what_if: Option<(u8, i64)>,
    /// As if it were this time (unix seconds); default: now
    #[arg(long)]
    at: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) cluster: Cluster,
}

fn row(board: &RiskBoard, row: usize) -> String {
    match board.row_times[row] {
        0 => "before opening".into(),
        time => when::minute(time.into()),
    }
}

impl Explain {
    pub(super) fn run(&self, node: &dyn Node, console: &dyn Console) -> Result<()> {
        let (account, at, board) = cluster::margin_account(node, &self.account)?;
        let now = self.at.map_or_else(|| node.now(), Ok)?;
        let explained = explain(&account, &board, now).map_err(unvalued)?;
        let names = Names { board: &board, symbols: cluster::symbols(node, &at, board.asset_count)? };
        let tried = self
            .what_if
            .map(|(market, base)| {
                what_if(&account, &board, now, market, base, None)
                    .map_err(|e| anyhow!("the trade {market}:{base} cannot be tried: {e}"))
            })
            .transpose()?;
        console.say(&if self.json {
            serde_json::to_string_pretty(&as_json(&explained, &names, tried.as_ref()))?
        } else {
            told(&explained, &names, tried.as_ref())?
        })
    }
}

fn told(account: &Account, names: &Names, tried: Option<&(Health, Health)>) -> Result<String> {
    let mut text = String::new();
    let (e, m) = (&account.explanation, &account.explanation.margin);
    writeln!(
        text,
        "equity {}, maintenance margin {} (shortfall of the book {}, worst stress {}: {}; un-netted {})\n",
        quote(m.equity.into()),
        quote(m.maintenance.into()),
        quote(m.expected_shortfall.into()),
        quote(m.stress.into()),
        names.source(e.source),
        quote(m.addons.into()),
    )?;
    writeln!(
        text,
        "{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}  liquidated at",
        "asset", "exposure", "in worst rows", "in stress", "un-netted", "part of MM"
    )?;
    for (leg, distance) in e.legs.iter().zip(&account.distances) {
        let limits: Vec<String> = [("below", distance.down), ("above", distance.up)]
            .into_iter()
            .filter_map(|(side, by)| Some(format!("{side} {:.4}", names.price(leg.asset, by)?)))
            .collect();
        writeln!(
            text,
            "{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}  {}",
            names.asset(leg.asset),
            quote(leg.exposure.into()),
            quote(leg.expected_shortfall.into()),
            quote(leg.stress.into()),
            quote(leg.addon.into()),
            quote(leg.maintenance.into()),
            if limits.is_empty() { "no price of its own".into() } else { limits.join(" or ") },
        )?;
    }
    writeln!(text, "{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}", "rest", "", "", "", "", quote(e.rest.into()))?;
    writeln!(text, "\nIt loses most in these hours of the ring:")?;
    for worst in &e.worst {
        writeln!(
            text,
            "  row {:>3}  {:<18} {:>16}",
            worst.row,
            row(names.board, worst.row),
            quote(worst.loss.into())
        )?;
    }
    match account.volatility {
        Some(by) => {
            writeln!(text, "\nIt would be liquidated at {:.2} times today's volatility.", factor(by))?
        }
        None => writeln!(text, "\nNo rise of volatility up to sixteenfold would liquidate it.")?,
    }
    if let Some((before, after)) = tried {
        writeln!(text, "\n{:<10} {:>18} {:>18} {:>18}", "", "equity", "MM", "IM")?;
        for (when, health) in [("now", before), ("after", after)] {
            writeln!(
                text,
                "{when:<10} {:>18} {:>18} {:>18}",
                quote(health.initial.equity.into()),
                quote(health.maintenance.maintenance.into()),
                quote(health.initial.initial.into()),
            )?;
        }
        writeln!(
            text,
            "The trade {}.",
            if after.initial.meets_initial() {
                "would be accepted"
            } else {
                "would leave the account below its initial margin"
            }
        )?;
    }
    text.truncate(text.trim_end().len());
    Ok(text)
}
