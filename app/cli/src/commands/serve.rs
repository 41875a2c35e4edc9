use std::net::SocketAddr;
use std::path::PathBuf;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use ballast_indexer::Options;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::cluster::{self, Cluster};

/// History of a clearinghouse, its JSON API, and the dApp's files, at one address.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    cluster: Cluster,
    /// WebSocket address of the node; default: the RPC address, one port up, as validators have it
    #[arg(long, env = "BALLAST_WS", value_name = "URL")]
    ws: Option<String>,
    /// Mint of the clearinghouse's quote token
    #[arg(long, value_parser = cluster::address, value_name = "ADDRESS")]
    quote_mint: Pubkey,
    /// Where the history is kept
    #[arg(long, default_value = "history.db", value_name = "FILE")]
    db: PathBuf,
    /// The dApp's built files; without it only the API is served
    #[arg(long, value_name = "FOLDER")]
    web: Option<PathBuf>,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8788", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// What the cluster is called in the dApp; default: by the chain
    #[arg(long, value_name = "NAME")]
    cluster_name: Option<String>,
    /// RPC address as browsers reach it; default: as --url
    #[arg(long, value_name = "URL", requires = "public_ws")]
    public_url: Option<String>,
    /// WebSocket address as browsers reach it; default: as --ws
    #[arg(long, value_name = "URL", requires = "public_url")]
    public_ws: Option<String>,
    /// Where an asset's prices are posted, as in 0=ADDRESS; default: Pyth's own account of its feed
    #[arg(long, value_name = "ASSET=ADDRESS", value_parser = posted)]
    price_account: Vec<(u8, Pubkey)>,
}

fn posted(text: &str) -> Result<(u8, Pubkey), String> {
    let (asset, address) =
        text.split_once('=').ok_or_else(|| format!("'{text}' names no price account: give ASSET=ADDRESS"))?;
    let asset = asset.parse().map_err(|_| format!("'{asset}' is no index of an asset"))?;
    Ok((asset, cluster::address(address)?))
}

/// The WebSocket of a node by the convention of validators: one port above the RPC, or the same host without a port.
fn socket_of(url: &str) -> Result<String> {
    let (scheme, rest) = url.split_once("://").context("a URL has a scheme")?;
    let scheme = if scheme == "https" { "wss" } else { "ws" };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((name, port)) = host.rsplit_once(':') else { return Ok(format!("{scheme}://{rest}")) };
    match port.parse::<u16>().ok().and_then(|port| port.checked_add(1)) {
        Some(port) => Ok(format!("{scheme}://{name}:{port}{path}")),
        None => bail!("'{url}' has no port that one can be added to: give --ws"),
    }
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        let log = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
        tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).init();
        let url = self.cluster.url()?.to_owned();
        let ws = self.ws.map_or_else(|| socket_of(&url), Ok)?;
        if let Some(folder) = self.web.as_ref().filter(|folder| !folder.join("index.html").is_file()) {
            bail!("{} holds no index.html: build the dApp first, or leave --web out", folder.display());
        }
        let mut options = Options::new(&url, &ws, self.quote_mint, self.db);
        options.web = self.web;
        options.listen = self.listen;
        options.cluster = self.cluster_name;
        options.public_urls = self.public_url.zip(self.public_ws);
        options.price_accounts = self.price_account.into_iter().collect();
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let handle = ballast_indexer::serve(options).await?;
            super::say(&format!("Serving at http://{}", handle.address()))?;
            let mut terminated = signal(SignalKind::terminate())?;
            tokio::select! {
                done = tokio::signal::ctrl_c() => done?,
                _ = terminated.recv() => {}
            }
            handle.stop().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_validators_have_it() {
        for (url, socket) in [
            ("http://127.0.0.1:8899", "ws://127.0.0.1:8900"),
            ("https://api.devnet.solana.com", "wss://api.devnet.solana.com"),
            ("https://node.example:443/key", "wss://node.example:444/key"),
        ] {
            assert_eq!(socket_of(url).expect("a URL"), socket);
        }
        assert!(socket_of("http://127.0.0.1:65535").is_err());
    }
}
