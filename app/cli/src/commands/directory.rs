//! A clearinghouse as people speak of it: assets and markets by name.

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result, bail};
use ballast::state::{AssetConfig, Clearinghouse, Market, RiskBoard};
use ballast_client::deployment::symbol_text;
use ballast_client::instructions::CollateralRef;
use ballast_client::{Deployment, decode};

use crate::amount::QUOTE_DECIMALS;
use crate::node::Node;

/// What is listed.
pub struct Directory {
    /// Addresses.
    pub at: Deployment,
    /// Roles and limits.
    pub house: Clearinghouse,
    /// Prices and risk.
    pub board: Box<RiskBoard>,
    /// By index.
    pub assets: Vec<AssetConfig>,
    /// By index.
    pub markets: Vec<Market>,
}

/// The quote token, or a listed one.
#[derive(Clone, Copy)]
pub struct Token {
    /// None for quote.
    pub asset: Option<CollateralRef>,
    /// Its mint and token program.
    pub mint: Pubkey,
    /// As `mint`.
    pub program: Pubkey,
    /// Its decimals.
    pub decimals: u8,
}

impl Directory {
    /// Reads it, in two requests.
    pub fn read(node: &dyn Node, at: Deployment) -> Result<Self> {
        let [house, board, program] =
            <[_; 3]>::try_from(node.accounts(&[at.clearinghouse, at.board, ballast::ID])?)
                .ok()
                .context("the node gives an account for an address")?;
        let data = |account: Option<solana_account::Account>| {
            account.filter(|account| account.owner == ballast::ID).map(|account| account.data)
        };
        let Some(house) = data(house) else {
            if program.is_none() {
                bail!("the Ballast program is not deployed on {}: is --url the right cluster?", node.name());
            }
            bail!(
                "there is no clearinghouse with the quote mint {} on {}: check --quote-mint, and that --url is its \
                 cluster",
                at.quote_mint,
                node.name()
            );
        };
        let house: Clearinghouse = decode::config(&house)?;
        let board = decode::board(&data(board).context("the clearinghouse has no risk board yet")?)
            .context("the risk board cannot be read")?;
        let addresses: Vec<Pubkey> = (0..house.asset_count)
            .map(|index| at.asset(index))
            .chain((0..house.market_count).map(|index| at.market(index)))
            .collect();
        let mut listed =
            node.accounts(&addresses)?.into_iter().map(|one| data(one).context("what is listed is there"));
        let assets = listed.by_ref().take(house.asset_count.into()).map(|data| Ok(decode::config(&data?)?));
        let assets = assets.collect::<Result<_>>()?;
        let markets = listed.map(|data| Ok(decode::config(&data?)?)).collect::<Result<_>>()?;
        Ok(Self { at, house, board, assets, markets })
    }

    /// What an asset is called.
    pub fn asset_name(&self, index: u8) -> String {
        self.assets.get(usize::from(index)).map_or_else(|| index.to_string(), |a| symbol_text(&a.symbol))
    }

    /// What a market is called.
    pub fn market_name(&self, index: u8) -> String {
        self.markets.get(usize::from(index)).map_or_else(|| index.to_string(), |m| symbol_text(&m.symbol))
    }

    /// An asset by its name.
    pub fn asset(&self, name: &str) -> Result<&AssetConfig> {
        let found = self.assets.iter().find(|a| symbol_text(&a.symbol).eq_ignore_ascii_case(name));
        found.with_context(|| {
            let names: Vec<_> = self.assets.iter().map(|a| symbol_text(&a.symbol)).collect();
            format!("there is no asset '{name}'; there are {}", names.join(", "))
        })
    }

    /// A market by its name.
    pub fn market(&self, name: &str) -> Result<&Market> {
        let found = self.markets.iter().find(|m| symbol_text(&m.symbol).eq_ignore_ascii_case(name));
        found.with_context(|| {
            let names: Vec<_> = self.markets.iter().map(|m| symbol_text(&m.symbol)).collect();
            format!("there is no market '{name}'; there are {}", names.join(", "))
        })
    }

    /// A market that has a backstop, by its name.
    pub fn backed(&self, name: &str) -> Result<&Market> {
        let market = self.market(name)?;
        if market.backstop == Pubkey::default() {
            let names: Vec<_> = self
                .markets
                .iter()
                .filter(|m| m.backstop != Pubkey::default())
                .map(|m| symbol_text(&m.symbol))
                .collect();
            let others =
                if names.is_empty() { "none has".into() } else { format!("{} have", names.join(", ")) };
            bail!("{} has no backstop; {others}", symbol_text(&market.symbol));
        }
        Ok(market)
    }

    /// A token that can be deposited, by its name; `quote` or nothing for the quote token.
    pub fn token(&self, name: Option<&str>) -> Result<Token> {
        let Some(name) = name.filter(|name| !name.eq_ignore_ascii_case("quote")) else {
            let (mint, program) = (self.house.quote_mint, anchor_spl::token::ID);
            return Ok(Token { asset: None, mint, program, decimals: QUOTE_DECIMALS });
        };
        let asset = self.asset(name)?;
        if !asset.is_collateral() {
            bail!("{name} is a risk factor without a token: it can be traded, not deposited");
        }
        let (index, mint, token_program) = (asset.index, asset.mint, asset.token_program);
        let token_program =
            if token_program == Pubkey::default() { anchor_spl::token::ID } else { token_program };
        let asset_ref = CollateralRef { index, mint, token_program };
        Ok(Token { asset: Some(asset_ref), mint, program: token_program, decimals: asset.decimals })
    }

    /// Decimals of a market's base.
    pub fn base_decimals(&self, market: &Market) -> u8 {
        self.board.assets[usize::from(market.asset)].decimals
    }
}
