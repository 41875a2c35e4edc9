//! Which cluster, and reading accounts of it.

use std::path::PathBuf;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use ballast::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard};
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use clap::Args;
use solana_account::Account;

use crate::node::{Node, Remote};
use crate::settings::{LOCALNET, Local, Settings};

/// Which cluster.
#[derive(Args, Clone, Debug, Default)]
pub struct Cluster {
    /// RPC address: a URL, or localnet, devnet, mainnet. Default: as in `ballast config`, else localnet
    #[arg(long, short, env = "BALLAST_URL", value_name = "URL")]
    url: Option<String>,
    /// The cluster that `ballast localnet` has started: its address, its clearinghouse, its keys
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true, default_missing_value = LOCALNET)]
    local: Option<PathBuf>,
}

impl Cluster {
    /// The local cluster that was asked for.
    pub fn local(&self) -> Result<Option<Local>> {
        self.local.as_deref().map(Local::load).transpose()
    }

    /// Its URL.
    pub fn url(&self) -> Result<String> {
        let url = match (&self.url, self.local()?) {
            (Some(url), _) => url.clone(),
            (None, Some(local)) => local.get("rpcUrl").context("deployment.json has no rpcUrl")?.to_owned(),
            (None, None) => {
                let settings = Settings::path().and_then(|path| Settings::load(&path))?;
                settings.get("url").unwrap_or("localnet").to_owned()
            }
        };
        let url = match url.as_str() {
            "localnet" => "http://127.0.0.1:8899".to_owned(),
            "devnet" => "https://api.devnet.solana.com".to_owned(),
            "mainnet" => "https://api.mainnet-beta.solana.com".to_owned(),
            _ => url,
        };
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!(
                "'{url}' is no cluster: give a URL that starts with http:// or https://, or localnet, devnet, mainnet"
            );
        }
        Ok(url)
    }

    /// Its node.
    pub fn node(&self) -> Result<Remote> {
        Ok(Remote::new(&self.url()?))
    }

    /// The account at an address, whoever owns it; none where there is none.
    pub fn account(&self, address: &Pubkey) -> Result<Option<Account>> {
        self.node()?.account(address)
    }
}

/// Reads a margin account, with the addresses of its clearinghouse and its board.
pub fn margin_account(
    node: &dyn Node,
    address: &Pubkey,
) -> Result<(Box<MarginAccount>, Deployment, Box<RiskBoard>)> {
    let data = read(node, address, "margin account")?;
    let account = decode::margin_account(&data).with_context(|| format!("{address} cannot be read"))?;
    let clearinghouse: Clearinghouse = decode::config(&read(node, &account.clearinghouse, "clearinghouse")?)?;
    let at = Deployment::of(clearinghouse.quote_mint);
    let board = board(node, &at.board)?;
    Ok((account, at, board))
}

/// Reads what the assets of a clearinghouse are called, by index.
pub fn symbols(node: &dyn Node, at: &Deployment, count: u8) -> Result<Vec<String>> {
    let name = |index| {
        let config: AssetConfig = decode::config(&read(node, &at.asset(index), "asset config")?)?;
        Ok(symbol_text(&config.symbol))
    };
    (0..count).map(name).collect()
}

/// Reads a clearinghouse's board.
pub fn board(node: &dyn Node, address: &Pubkey) -> Result<Box<RiskBoard>> {
    let data = read(node, address, "risk board")?;
    decode::board(&data).with_context(|| format!("{address} cannot be read"))
}

/// Reads an account that must be the program's.
pub fn read(node: &dyn Node, address: &Pubkey, what: &str) -> Result<Vec<u8>> {
    let Some(account) = node.account(address)? else {
        bail!(
            "there is no account {address} on {}: check the address of the {what}, and that --url is its cluster",
            node.name()
        );
    };
    if account.owner != ballast::ID {
        bail!(
            "{address} belongs to {}, not to the Ballast program ({}): it is no {what}",
            account.owner,
            ballast::ID
        );
    }
    Ok(account.data)
}

/// An address on the command line.
pub fn address(text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| {
        format!("'{text}' is no address: it takes 32 bytes in base58, 43 or 44 letters and digits")
    })
}
