use std::fmt::Write as _;

use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast::state::AssetState;
use ballast_client::Deployment;
use ballast_client::decode::dollars;
use ballast_client::haircut::parts;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::stress::StressParams;
use clap::Args;

use super::cluster;
use super::session::{Console, Where};
use crate::node::Node;

/// A clearinghouse's risk board.
#[derive(Args)]
pub struct Board {
    /// Mint of the clearinghouse's quote token; default: as in `ballast config`
    #[arg(value_parser = cluster::address, value_name = "QUOTE_MINT")]
    mint: Option<Pubkey>,
    #[command(flatten)]
    pub(super) place: Where,
}

fn percent(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64 * 100.0
}

fn parts_json(asset: &AssetState, short: bool, stress: &StressParams) -> serde_json::Value {
    let p = parts(asset, short, stress);
    serde_json::json!({
        "volatility": 100.0 * p.volatility, "tail": 100.0 * p.tail, "stress": 100.0 * p.stress,
        "forecast": 100.0 * p.forecast, "liquidity": 100.0 * p.liquidity, "bounds": 100.0 * p.bounds,
    })
}

impl Board {
    pub(super) fn run(&self, node: &dyn Node, console: &dyn Console) -> Result<()> {
        let json = self.place.json;
        let at = match self.mint {
            Some(mint) => Deployment::of(mint),
            None => self.place.deployment(node)?,
        };
        let board = cluster::board(node, &at.board)?;
        let now = node.now()?;
        let stress = board.margin_params().stress;
        let symbols = cluster::symbols(node, &at, board.asset_count)?;
        let rows: Vec<_> = symbols.into_iter().zip(&board.assets).collect();
        if json {
            let json: Vec<_> = rows
                .iter()
                .map(|(name, a)| {
                    serde_json::json!({
                        "symbol": name, "price": dollars(a, a.spot()), "stable_price": dollars(a, a.stable()),
                        "publish_time": a.publish_time.to_string(), "sigma_percent": percent(a.sigma),
                        "haircut_long_percent": percent(a.haircut_long),
                        "haircut_short_percent": percent(a.haircut_short),
                        "haircut_min_percent": percent(a.haircut_min),
                        "haircut_max_percent": percent(a.haircut_max),
                        "haircut_parts_percent": { "long": parts_json(a, false, &stress), "short": parts_json(a, true, &stress) },
                        "nets": a.netted != 0, "fresh": a.is_fresh(now),
                    })
                })
                .collect();
            return console.say(&serde_json::to_string_pretty(&json)?);
        }
        let mut text = String::new();
        writeln!(
            text,
            "{:<8} {:>14} {:>14} {:>9} {:>14} {:>15} {:>6}  age",
            "asset", "price", "stable", "σ/horizon", "haircut l/s", "bounds", "nets"
        )?;
        for (name, a) in &rows {
            let age =
                if a.spot_mantissa == 0 { "never".into() } else { format!("{} s", now - a.publish_time) };
            writeln!(
                text,
                "{name:<8} {:>14.4} {:>14.4} {:>8.2}% {:>6.2}/{:>5.2} % {:>5.1} – {:>5.1} % {:>6}  {age}{}",
                dollars(a, a.spot()),
                dollars(a, a.stable()),
                percent(a.sigma),
                percent(a.haircut_long),
                percent(a.haircut_short),
                percent(a.haircut_min),
                percent(a.haircut_max),
                if a.netted != 0 { "yes" } else { "no" },
                if a.is_fresh(now) { "" } else { " (stale)" },
            )?;
        }
        writeln!(
            text,
            "\n{:<8} {:>6} {:>11} {:>8} {:>8} {:>9} {:>10} {:>8}  (percent of value)",
            "haircut", "side", "volatility", "tail", "stress", "forecast", "liquidity", "bounds"
        )?;
        for (name, a) in &rows {
            for (side, short) in [("long", false), ("short", true)] {
                let p = parts(a, short, &stress);
                let [volatility, tail, stress, forecast, liquidity, bounds] =
                    [p.volatility, p.tail, p.stress, p.forecast, p.liquidity, p.bounds].map(|x| 100.0 * x);
                writeln!(
                    text,
                    "{name:<8} {side:>6} {volatility:>11.2} {tail:>8.2} {stress:>8.2} {forecast:>9.2} {liquidity:>10.2} \
                     {bounds:>8.2}"
                )?;
            }
        }
        writeln!(
            text,
            "\nMarket-wide volatility {:.2} % an horizon; maintenance margin uses {:.0} % of current volatility. {} ticks \
             taken; the next row is {}.",
            percent(board.index().value()),
            percent(board.notice),
            board.tick_count,
            board.next_row
        )?;
        console.say(text.trim_end())
    }
}
