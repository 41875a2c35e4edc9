use anchor_lang::prelude::Pubkey;
use anyhow::{Result, anyhow};
use ballast::state::RiskBoard;
use ballast_client::decode::dollars;
use ballast_client::explain::{Account, explain, what_if};
use ballast_client::health::Health;
use ballast_risk::explain::StressSource;
use ballast_risk::fixed::RATE_ONE;
use clap::Args;
use serde_json::json;

use super::cluster::{self, Cluster};
use super::health::{quote, unvalued};
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

fn trade(text: &str) -> Result<(u8, i64), String> {
    let parts =
        text.split_once(':').and_then(|(market, base)| Some((market.parse().ok()?, base.parse().ok()?)));
    parts.ok_or_else(|| format!("'{text}' is no trade: give MARKET:BASE, as in 0:-1500000000"))
}

fn factor(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64
}

/// What the numbers are called.
struct Names<'a> {
    board: &'a RiskBoard,
    symbols: Vec<String>,
}

impl Names<'_> {
    fn asset(&self, index: usize) -> &str {
        self.symbols.get(index).map_or("?", String::as_str)
    }

    fn row(&self, row: usize) -> String {
        match self.board.row_times[row] {
            0 => "before opening".into(),
            time => when::minute(time.into()),
        }
    }

    fn price(&self, asset: usize, by: Option<u64>) -> Option<f64> {
        let state = &self.board.assets[asset];
        Some(dollars(state, state.spot()) * factor(by?))
    }

    fn source(&self, source: StressSource) -> String {
        match source {
            StressSource::Row(row) => format!("joint row {row}"),
            StressSource::Asset(asset) => format!("{} alone", self.asset(asset)),
            StressSource::Decorrelation => "every hedge fails in part".into(),
        }
    }
}

impl Explain {
    pub(super) fn run(self, node: &dyn Node) -> Result<()> {
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
        if self.json {
            println!("{}", serde_json::to_string_pretty(&as_json(&explained, &names, tried.as_ref()))?);
        } else {
            print(&explained, &names, tried.as_ref());
        }
        Ok(())
    }
}

fn print(account: &Account, names: &Names, tried: Option<&(Health, Health)>) {
    let (e, m) = (&account.explanation, &account.explanation.margin);
    println!(
        "equity {}, maintenance margin {} (shortfall of the book {}, worst stress {}: {}; un-netted {})\n",
        quote(m.equity.into()),
        quote(m.maintenance.into()),
        quote(m.expected_shortfall.into()),
        quote(m.stress.into()),
        names.source(e.source),
        quote(m.addons.into()),
    );
    println!(
        "{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}  liquidated at",
        "asset", "exposure", "in worst rows", "in stress", "un-netted", "part of MM"
    );
    for (leg, distance) in e.legs.iter().zip(&account.distances) {
        let limits: Vec<String> = [("below", distance.down), ("above", distance.up)]
            .into_iter()
            .filter_map(|(side, by)| Some(format!("{side} {:.4}", names.price(leg.asset, by)?)))
            .collect();
        println!(
            "{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}  {}",
            names.asset(leg.asset),
            quote(leg.exposure.into()),
            quote(leg.expected_shortfall.into()),
            quote(leg.stress.into()),
            quote(leg.addon.into()),
            quote(leg.maintenance.into()),
            if limits.is_empty() { "no price of its own".into() } else { limits.join(" or ") },
        );
    }
    println!("{:<8} {:>18} {:>16} {:>16} {:>16} {:>16}", "rest", "", "", "", "", quote(e.rest.into()));
    println!("\nIt loses most in these hours of the ring:");
    for worst in &e.worst {
        println!("  row {:>3}  {:<18} {:>16}", worst.row, names.row(worst.row), quote(worst.loss.into()));
    }
    match account.volatility {
        Some(by) => println!("\nIt would be liquidated at {:.2} times today's volatility.", factor(by)),
        None => println!("\nNo rise of volatility up to sixteenfold would liquidate it."),
    }
    if let Some((before, after)) = tried {
        println!("\n{:<10} {:>18} {:>18} {:>18}", "", "equity", "MM", "IM");
        for (when, health) in [("now", before), ("after", after)] {
            println!(
                "{when:<10} {:>18} {:>18} {:>18}",
                quote(health.initial.equity.into()),
                quote(health.maintenance.maintenance.into()),
                quote(health.initial.initial.into()),
            );
        }
        println!(
            "The trade {}.",
            if after.initial.meets_initial() {
                "would be accepted"
            } else {
                "would leave the account below its initial margin"
            }
        );
    }
}

fn as_json(account: &Account, names: &Names, tried: Option<&(Health, Health)>) -> serde_json::Value {
    let (e, m) = (&account.explanation, &account.explanation.margin);
    let legs = e.legs.iter().zip(&account.distances).map(|(leg, distance)| {
        json!({
            "asset": names.asset(leg.asset), "exposure": leg.exposure,
            "expected_shortfall": leg.expected_shortfall, "stress": leg.stress, "addon": leg.addon,
            "maintenance": leg.maintenance,
            "liquidation_price_below": names.price(leg.asset, distance.down),
            "liquidation_price_above": names.price(leg.asset, distance.up),
        })
    });
    let worst =
        e.worst.iter().map(|w| json!({ "row": w.row, "time": names.board.row_times[w.row], "loss": w.loss }));
    let margins = |h: &Health| {
        json!({
            "equity": h.initial.equity, "mm": h.maintenance.maintenance, "im": h.initial.initial,
            "accepted": h.initial.meets_initial(),
        })
    };
    json!({
        "equity": m.equity, "mm": m.maintenance, "im": m.initial, "expected_shortfall": m.expected_shortfall,
        "stress": m.stress, "stress_source": names.source(e.source), "addons": m.addons, "rest": e.rest,
        "legs": legs.collect::<Vec<_>>(), "worst": worst.collect::<Vec<_>>(),
        "liquidation_volatility_factor": account.volatility.map(factor),
        "what_if": tried.map(|(before, after)| json!({ "before": margins(before), "after": margins(after) })),
    })
}
