//! The house on a local cluster: its tokens, what `ballast migrate` does for it, and what others read to find it.

use std::path::Path;

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::solana_program::system_instruction;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::associated_token::spl_associated_token_account::instruction::create_associated_token_account_idempotent;
use anchor_spl::token::{self, spl_token};
use anyhow::{Context, Result, ensure};
use ballast_client::Deployment;
use ballast_client::deployment::symbol_text;
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_signer::Signer as _;

use super::folder::Folder;
use super::node::Node;
use crate::calibration::file::CalibrationFile;
use crate::migrate::{Config, Given, Keys as Payers, plan};

const MINT_BYTES: usize = 82;
const QUOTE_DECIMALS: u8 = 6;

/// Who founds and runs a local cluster.
pub struct Keys {
    /// Pays for everything, and mints every token.
    pub payer: Keypair,
    /// May replace the program.
    pub upgrade: Keypair,
    /// Governs the house; the steward, the guardian and the depth reporter are keys of their own.
    pub governance: Keypair,
    /// Moves parameters inside of governance's bounds.
    pub steward: Keypair,
    /// Stops new risk.
    pub guardian: Keypair,
    /// Posts prices.
    pub feeder: Keypair,
}

impl Keys {
    /// Those of a folder.
    ///
    /// # Errors
    /// If they can neither be read nor written.
    pub fn of(folder: &Folder) -> Result<Self> {
        Ok(Self {
            payer: folder.key("payer")?,
            upgrade: folder.key("upgrade")?,
            governance: folder.key("governance")?,
            steward: folder.key("steward")?,
            guardian: folder.key("guardian")?,
            feeder: folder.key("feeder")?,
        })
    }
}

/// A clearinghouse that stands.
pub struct House {
    /// Its addresses.
    pub at: Deployment,
    /// What it was set up with.
    pub config: Config,
}

impl House {
    /// Creates the tokens and brings the cluster to what the config says. What is there already stays.
    ///
    /// # Errors
    /// What the config lacks, or the program refused.
    pub fn found(
        node: &Node,
        folder: &Folder,
        keys: &Keys,
        config: &Path,
        calibration: impl FnOnce(&[String]) -> Result<CalibrationFile>,
    ) -> Result<Self> {
        let quote = folder.key("mint-quote")?;
        let given = Given { quote_mint: Some(quote.pubkey()), governance: Some(keys.governance.pubkey()) };
        let mut config = Config::load(config, given)?;
        let mut mints = vec![(quote, QUOTE_DECIMALS)];
        for asset in &mut config.assets {
            let mint = folder.key(&format!("mint-{}", asset.name()))?;
            asset.mint = Some(mint.pubkey());
            mints.push((mint, asset.listing.decimals));
        }
        (config.steward, config.guardian) = (keys.steward.pubkey(), keys.guardian.pubkey());
        let symbols: Vec<String> = config.assets.iter().map(|asset| asset.name()).collect();
        config.calibration = Some(calibration(&symbols)?);
        create_mints(node, keys, &mints)?;

        let payers = Payers { payer: keys.payer.pubkey(), upgrade_authority: keys.upgrade.pubkey() };
        let signers = [&keys.upgrade, &keys.governance];
        let steps = plan(node, &config, payers)?.steps;
        let steps: Vec<_> = steps.into_iter().map(|step| (step.what, step.instruction)).collect();
        node.send_all(&steps, &keys.payer, &signers)?;
        let left = plan(node, &config, payers)?;
        ensure!(
            left.steps.is_empty(),
            "the house that stands on this node differs from the config ({} and {} more): begin anew with --reset",
            left.steps[0].what,
            left.steps.len() - 1
        );
        Ok(Self { at: Deployment::of(config.quote_mint), config })
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.config.assets.len()
    }

    /// Where an asset's price is posted.
    #[must_use]
    pub fn price_account(&self, asset: usize) -> Pubkey {
        ballast_poster::price_account(&self.config.assets[asset].listing.feed_id)
    }

    /// Index of an asset, by its symbol or its number.
    ///
    /// # Errors
    /// Names the assets that there are.
    pub fn asset(&self, name: &str) -> Result<usize> {
        let by_number = name.parse().ok().filter(|index| *index < self.assets());
        let names: Vec<String> = self.config.assets.iter().map(|asset| asset.name()).collect();
        by_number
            .or_else(|| names.iter().position(|known| known.eq_ignore_ascii_case(name)))
            .with_context(|| format!("there is no asset '{name}': give one of {}", names.join(", ")))
    }

    /// What `GET /config.json` answers.
    #[must_use]
    pub fn describe(&self, node: &Node) -> Value {
        let assets: Vec<Value> = (0u8..)
            .zip(&self.config.assets)
            .map(|(index, asset)| {
                json!({
                    "index": index,
                    "symbol": asset.name(),
                    "mint": asset.mint.map(|mint| mint.to_string()),
                    "decimals": asset.listing.decimals,
                    "config": self.at.asset(index).to_string(),
                    "priceAccount": self.price_account(index.into()).to_string(),
                })
            })
            .collect();
        let markets: Vec<Value> = (0u8..)
            .zip(&self.config.markets)
            .map(|(index, market)| {
                let backstop = market.backstop.map(|_| self.at.backstop(index).to_string());
                let kind = if market.listing.option.is_some() { "option" } else { "perpetual" };
                json!({
                    "index": index,
                    "symbol": symbol_text(&market.listing.symbol),
                    "asset": market.listing.asset,
                    "market": self.at.market(index).to_string(),
                    "kind": kind,
                    "backstop": backstop,
                })
            })
            .collect();
        json!({
            "cluster": "localnet",
            "rpcUrl": node.rpc_url,
            "wsUrl": node.ws_url,
            "programId": ballast::ID.to_string(),
            "clearinghouse": self.at.clearinghouse.to_string(),
            "quoteMint": self.at.quote_mint.to_string(),
            "board": self.at.board.to_string(),
            "treasury": self.at.treasury.to_string(),
            "quoteVault": self.at.quote_vault.to_string(),
            "faucet": true,
            "assets": assets,
            "markets": markets,
        })
    }
}

fn create_mints(node: &Node, keys: &Keys, mints: &[(Keypair, u8)]) -> Result<()> {
    let (payer, rent) = (keys.payer.pubkey(), node.rent(MINT_BYTES)?);
    let mut all = Vec::new();
    for (mint, decimals) in mints {
        let address = mint.pubkey();
        if node.account(&address)?.is_some() {
            continue;
        }
        let create =
            system_instruction::create_account(&payer, &address, rent, MINT_BYTES as u64, &token::ID);
        let initialise =
            spl_token::instruction::initialize_mint2(&token::ID, &address, &payer, None, *decimals)?;
        all.push((format!("create the mint {address}"), create));
        all.push((format!("initialise the mint {address}"), initialise));
    }
    let signers: Vec<&Keypair> = mints.iter().map(|(mint, _)| mint).collect();
    node.send_all(&all, &keys.payer, &signers)
}

/// Gives an owner tokens: makes the associated token account where there is none, and mints into it.
///
/// # Panics
/// Never: the arguments are valid.
#[must_use]
pub fn give(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey, amount: u64) -> [Instruction; 2] {
    let wallet = get_associated_token_address(owner, mint);
    [
        create_associated_token_account_idempotent(payer, owner, mint, &token::ID),
        spl_token::instruction::mint_to(&token::ID, mint, &wallet, payer, &[], amount)
            .expect("the arguments are valid"),
    ]
}
