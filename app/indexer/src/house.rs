//! What the assets and markets of a clearinghouse are called, and where they are.

use std::collections::BTreeMap;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use ballast::state::{AssetConfig, Clearinghouse, Market};
use ballast_client::deployment::symbol_text;
use ballast_client::{Deployment, decode};
use serde_json::{Value, json};
use solana_account::Account;

use crate::node::Node;

/// Pyth's program that keeps a price account a feed and shard on every public cluster.
const PUSH_ORACLE: Pubkey = anchor_lang::pubkey!("pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT");

/// A listed asset.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its name.
    pub symbol: String,
    /// Its config's address.
    pub address: Pubkey,
    /// Its token, where it is collateral.
    pub mint: Option<Pubkey>,
    /// Decimals of a native unit.
    pub decimals: u8,
    /// Where its prices are posted.
    pub price_account: Pubkey,
}

/// A listed market.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub symbol: String,
    /// Its address.
    pub address: Pubkey,
    /// Index of its asset.
    pub asset: u8,
    /// Its backstop vault.
    pub backstop: Option<Pubkey>,
    /// That vault's margin account.
    pub slice: Option<Pubkey>,
}

/// A clearinghouse, as far as it changes seldom.
#[derive(Clone, Debug)]
pub struct House {
    /// Its addresses.
    pub at: Deployment,
    /// By index.
    pub assets: Vec<Asset>,
    /// By index.
    pub markets: Vec<Listed>,
}

fn read<T: anchor_lang::AccountDeserialize>(
    account: Option<Account>,
    what: &str,
    address: &Pubkey,
) -> Result<T> {
    let Some(account) = account else { bail!("there is no {what} at {address}") };
    if account.owner != ballast::ID {
        bail!(
            "{address} belongs to {}, not to the Ballast program ({}): it is no {what}",
            account.owner,
            ballast::ID
        );
    }
    decode::config(&account.data).with_context(|| format!("the {what} {address} cannot be read"))
}

impl House {
    /// Reads it from the chain; `posted` names where prices are posted of assets whose feed is not Pyth's own.
    ///
    /// # Errors
    /// If the node cannot be reached, or there is no such clearinghouse.
    pub async fn load(node: &Node, at: Deployment, posted: &BTreeMap<u8, Pubkey>) -> Result<Self> {
        let house = node.accounts(&[at.clearinghouse]).await?.1.pop().flatten();
        let house: Clearinghouse = read(house, "clearinghouse", &at.clearinghouse)
            .with_context(|| format!("no clearinghouse settles in {}: check --quote-mint", at.quote_mint))?;
        let configs: Vec<Pubkey> = (0..house.asset_count).map(|index| at.asset(index)).collect();
        let listed: Vec<Pubkey> = (0..house.market_count).map(|index| at.market(index)).collect();
        let mut found = node.accounts(&[&configs[..], &listed[..]].concat()).await?.1.into_iter();
        let mut assets = Vec::new();
        for (index, address) in configs.into_iter().enumerate() {
            let config: AssetConfig = read(found.next().flatten(), "asset config", &address)?;
            let feed = Pubkey::find_program_address(&[&0u16.to_le_bytes(), &config.feed_id], &PUSH_ORACLE).0;
            assets.push(Asset {
                symbol: symbol_text(&config.symbol),
                address,
                mint: config.is_collateral().then_some(config.mint),
                decimals: config.decimals,
                price_account: posted.get(&(index as u8)).copied().unwrap_or(feed),
            });
        }
        let mut markets = Vec::new();
        for (index, address) in listed.into_iter().enumerate() {
            let market: Market = read(found.next().flatten(), "market", &address)?;
            let backstop = Some(market.backstop).filter(|key| *key != Pubkey::default());
            markets.push(Listed {
                symbol: symbol_text(&market.symbol),
                address,
                asset: market.asset,
                backstop,
                slice: backstop.map(|_| at.slice(index as u8)),
            });
        }
        Ok(Self { at, assets, markets })
    }

    /// What the assets are called, by index.
    #[must_use]
    pub fn symbols(&self) -> Vec<String> {
        self.assets.iter().map(|asset| asset.symbol.clone()).collect()
    }

    /// The market whose backstop an account is the margin account of.
    #[must_use]
    pub fn backed_by(&self, account: &Pubkey) -> Option<usize> {
        self.markets.iter().position(|market| market.slice.as_ref() == Some(account))
    }

    /// Assets and markets as the dApp's configuration has them. An option is told from a perpetual by the board.
    #[must_use]
    pub fn listing(&self, is_option: impl Fn(usize) -> bool) -> (Value, Value) {
        let key = |key: &Pubkey| key.to_string();
        let assets = self.assets.iter().enumerate().map(|(index, asset)| {
            json!({
                "index": index, "symbol": asset.symbol, "mint": asset.mint.as_ref().map(key),
                "decimals": asset.decimals, "config": key(&asset.address),
                "priceAccount": key(&asset.price_account),
            })
        });
        let markets = self.markets.iter().enumerate().map(|(index, market)| {
            json!({
                "index": index, "symbol": market.symbol, "asset": market.asset, "market": key(&market.address),
                "kind": if is_option(index) { "option" } else { "perpetual" },
                "backstop": market.backstop.as_ref().map(key),
            })
        });
        (assets.collect(), markets.collect())
    }
}
