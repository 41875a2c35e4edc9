use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::localnet::{self, Options};
use crate::prices::when;

/// Start a local cluster.
#[derive(Args)]
pub struct Localnet {
    /// Port of the gateway: dApp, API and control endpoints; 0 for any
    #[arg(long, default_value_t = 8788)]
    port: u16,
    /// RPC address of a node that runs already, in the place of one that is started
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// WebSocket address of that node; default: its port and one, as solana-test-validator has it
    #[arg(long, value_name = "URL", requires = "rpc")]
    ws: Option<String>,
    /// Config of the house; default: migrations/localnet.toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keys, databases and logs
    #[arg(long, default_value = "target/localnet", value_name = "DIR")]
    folder: PathBuf,
    /// Make new keys, and with them another house
    #[arg(long)]
    reset: bool,
    /// Price files to be replayed, SYMBOL=path; what has none walks by the seed
    #[arg(long, num_args = 1.., value_name = "SYMBOL=FILE")]
    prices: Vec<String>,
    /// Replay them from this time on (2022-05-01, 2022-05-01T12:00 or unix seconds); the hours before it calibrate the
    /// board. Default: as soon as 300 hours have
    #[arg(long, value_parser = when::parse, requires = "prices")]
    from: Option<i64>,
    /// Seed of the prices that are generated
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How much faster than real time prices go
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Let assets live through their first day by time travel, so that they net; the chain's clock is then a day ahead
    #[arg(long)]
    season: bool,
    /// Start no keeper; prices are then refreshed by the feed
    #[arg(long)]
    no_keeper: bool,
    /// Serve no dApp
    #[arg(long)]
    no_web: bool,
    /// Print one line of JSON when everything runs
    #[arg(long)]
    json: bool,
}

/// Where a validator's WebSocket is: one port above its RPC.
fn beside(rpc: &str) -> Result<String> {
    let port = rpc.trim_end_matches('/').rsplit_once(':').and_then(|(host, port)| {
        let port: u16 = port.parse().ok()?;
        Some(format!("{}:{}", host.replacen("http", "ws", 1), port.checked_add(1)?))
    });
    match port {
        Some(ws) if ws.starts_with("ws") => Ok(ws),
        _ => bail!("'{rpc}' has no port from which to guess the WebSocket's: give --ws"),
    }
}

impl Localnet {
    pub(super) fn run(self) -> Result<()> {
        let node = match (self.rpc, self.ws) {
            (None, _) => None,
            (Some(rpc), Some(ws)) => Some((rpc, ws)),
            (Some(rpc), None) => Some((rpc.clone(), beside(&rpc)?)),
        };
        localnet::run(Options {
            port: self.port,
            node,
            config: self.config,
            folder: self.folder,
            reset: self.reset,
            prices: self.prices,
            from: self.from,
            seed: self.seed,
            speed: self.speed,
            season: self.season,
            keeper: !self.no_keeper,
            web: !self.no_web,
            json: self.json,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validators_websocket_is_one_port_above_its_rpc() {
        assert_eq!(beside("http://127.0.0.1:8899").expect("a port"), "ws://127.0.0.1:8900");
        assert_eq!(beside("https://node.example:1/").expect("a port"), "wss://node.example:2");
        assert!(beside("https://node.example").is_err());
    }
}
