use anchor_lang::prelude::Pubkey;
use anyhow::Result;
use ballast::state::AssetConfig;
use ballast_client::decode::dollars;
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use ballast_risk::fixed::RATE_ONE;
use clap::Args;

use super::cluster::{self, Cluster};

/// A clearinghouse's risk board.
#[derive(Args)]
pub struct Board {
    /// Mint of the clearinghouse's quote token
    #[arg(value_parser = cluster::address)]
    quote_mint: Pubkey,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cluster: Cluster,
}

fn percent(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64 * 100.0
}

impl Board {
    pub(super) fn run(self) -> Result<()> {
        let at = Deployment::of(self.quote_mint);
        let board = self.cluster.board(&at.board)?;
        let now = cluster::now();
        let mut rows = Vec::new();
        for index in 0..board.asset_count {
            let config: AssetConfig = decode::config(&self.cluster.read(&at.asset(index), "asset config")?)?;
            rows.push((symbol_text(&config.symbol), board.assets[usize::from(index)]));
        }
        if self.json {
            let json: Vec<_> = rows
                .iter()
                .map(|(name, a)| {
                    serde_json::json!({
                        "symbol": name, "price": dollars(a, a.spot()), "stable_price": dollars(a, a.stable()),
                        "publish_time": a.publish_time, "sigma_percent": percent(a.sigma),
                        "haircut_long_percent": percent(a.haircut_long),
                        "haircut_short_percent": percent(a.haircut_short),
                        "haircut_min_percent": percent(a.haircut_min),
                        "haircut_max_percent": percent(a.haircut_max),
                        "nets": a.netted != 0, "fresh": a.is_fresh(now),
                    })
                })
                .collect();
            println!("{}", serde_json::to_string_pretty(&json)?);
            return Ok(());
        }
        println!(
            "{:<8} {:>14} {:>14} {:>9} {:>14} {:>15} {:>6}  age",
            "asset", "price", "stable", "σ/horizon", "haircut l/s", "bounds", "nets"
        );
        for (name, a) in rows {
            let age =
                if a.spot_mantissa == 0 { "never".into() } else { format!("{} s", now - a.publish_time) };
            println!(
                "{name:<8} {:>14.4} {:>14.4} {:>8.2}% {:>6.2}/{:>5.2} % {:>5.1} – {:>5.1} % {:>6}  {age}{}",
                dollars(&a, a.spot()),
                dollars(&a, a.stable()),
                percent(a.sigma),
                percent(a.haircut_long),
                percent(a.haircut_short),
                percent(a.haircut_min),
                percent(a.haircut_max),
                if a.netted != 0 { "yes" } else { "no" },
                if a.is_fresh(now) { "" } else { " (stale)" },
            );
        }
        println!("\n{} ticks taken; the next row is {}.", board.tick_count, board.next_row);
        Ok(())
    }
}
