//! Reading accounts of a cluster.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, anyhow, bail};
use ballast::state::{AssetConfig, Clearinghouse, MarginAccount, RiskBoard};
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use clap::Args;
use solana_account::Account;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::rpc_client::RpcClient;

/// Which cluster.
#[derive(Args)]
pub struct Cluster {
    /// RPC address: a URL, or localnet, devnet, mainnet
    #[arg(long, short, default_value = "localnet", env = "BALLAST_URL", value_name = "URL")]
    url: String,
}

impl Cluster {
    fn address(&self) -> &str {
        match self.url.as_str() {
            "localnet" => "http://127.0.0.1:8899",
            "devnet" => "https://api.devnet.solana.com",
            "mainnet" => "https://api.mainnet-beta.solana.com",
            url => url,
        }
    }

    /// Its URL.
    pub fn url(&self) -> Result<&str> {
        let url = self.address();
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!(
                "'{url}' is no cluster: give a URL that starts with http:// or https://, or localnet, devnet, mainnet"
            );
        }
        Ok(url)
    }

    /// A client of the node.
    pub fn client(&self) -> Result<RpcClient> {
        Ok(RpcClient::new_with_commitment(self.url()?, CommitmentConfig::confirmed()))
    }

    /// The account at an address, whoever owns it; none where there is none.
    pub fn account(&self, address: &Pubkey) -> Result<Option<Account>> {
        let (client, url) = (self.client()?, self.address());
        let found = client
            .get_account_with_commitment(address, client.commitment())
            .map_err(|e| anyhow!("cannot reach {url} ({e}): is the node running, and is --url right?"))?;
        Ok(found.value)
    }

    /// Reads an account that must be the program's.
    pub fn read(&self, address: &Pubkey, what: &str) -> Result<Vec<u8>> {
        let url = self.address();
        let Some(account) = self.account(address)? else {
            bail!(
                "there is no account {address} on {url}: check the address of the {what}, and that --url is its cluster"
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

    /// Reads a margin account, with the addresses of its clearinghouse and its board.
    pub fn margin_account(
        &self,
        address: &Pubkey,
    ) -> Result<(Box<MarginAccount>, Deployment, Box<RiskBoard>)> {
        let data = self.read(address, "margin account")?;
        let account = decode::margin_account(&data).with_context(|| format!("{address} cannot be read"))?;
        let clearinghouse: Clearinghouse =
            decode::config(&self.read(&account.clearinghouse, "clearinghouse")?)?;
        let at = Deployment::of(clearinghouse.quote_mint);
        let board = self.board(&at.board)?;
        Ok((account, at, board))
    }

    /// Reads what the assets of a clearinghouse are called, by index.
    pub fn symbols(&self, at: &Deployment, count: u8) -> Result<Vec<String>> {
        let name = |index| {
            let config: AssetConfig = decode::config(&self.read(&at.asset(index), "asset config")?)?;
            Ok(symbol_text(&config.symbol))
        };
        (0..count).map(name).collect()
    }

    /// Reads a clearinghouse's board.
    pub fn board(&self, address: &Pubkey) -> Result<Box<RiskBoard>> {
        let data = self.read(address, "risk board")?;
        decode::board(&data).with_context(|| format!("{address} cannot be read"))
    }
}

/// An address on the command line.
pub fn address(text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| {
        format!("'{text}' is no address: it takes 32 bytes in base58, 43 or 44 letters and digits")
    })
}

/// Now, unix seconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_secs() as i64)
}
