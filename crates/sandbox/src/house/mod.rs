//! A clearinghouse that is set up, and its people: what a test or the demo tells its story with.

mod accounts;
mod backstop;
mod governing;
mod liquidation;
mod people;
mod prices;
mod solvency;
mod sources;
mod spec;
mod state;
mod trading;
mod waterfall;

pub use backstop::default_backstop;
pub use sources::{PullFeed, StakePool};
pub use spec::*;

use std::collections::HashMap;

use anchor_lang::prelude::Pubkey;
use ballast::limits::ClearinghouseParams;
use ballast_client::Deployment;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::vm::{Receipt, Refusal, Vm};

/// Result of sending an instruction.
pub type Sent = Result<Receipt, Refusal>;

/// One quote token, in micro-units.
pub const QUOTE: u64 = 1_000_000;

/// A listed asset.
#[derive(Clone, Debug)]
pub struct ListedAsset {
    /// As it was listed.
    pub spec: AssetSpec,
    /// Its token, if it is collateral.
    pub mint: Option<Pubkey>,
    /// The account its prices are posted to.
    pub price_account: Pubkey,
}

/// Somebody with keys, wallets and a margin account.
pub struct Person {
    /// Owner's key.
    pub key: Keypair,
    /// Margin account (sub-account 0).
    pub account: Pubkey,
    /// Token account by mint.
    pub wallets: HashMap<Pubkey, Pubkey>,
}

impl Person {
    /// The owner's public key.
    #[must_use]
    pub fn pubkey(&self) -> Pubkey {
        self.key.pubkey()
    }

    /// Margin account and who signs for it.
    #[must_use]
    pub fn party(&self) -> (Pubkey, Pubkey) {
        (self.account, self.key.pubkey())
    }
}

/// A clearinghouse in a VM.
pub struct House {
    /// The VM.
    pub vm: Vm,
    /// Its addresses.
    pub at: Deployment,
    /// Governance's key.
    pub governance: Keypair,
    /// Listed assets, by index.
    pub assets: Vec<ListedAsset>,
    /// Opened markets, by index.
    pub markets: Vec<MarketSpec>,
}

impl House {
    /// A clearinghouse with a complete board and nothing listed.
    ///
    /// # Panics
    /// If the program refuses to be set up.
    #[must_use]
    pub fn empty(params: ClearinghouseParams) -> Self {
        Self::with_params(HouseParams { core: params, ..HouseParams::default() })
    }

    /// The same, with parameters for every part.
    ///
    /// # Panics
    /// If the program refuses to be set up.
    #[must_use]
    pub fn with_params(params: HouseParams) -> Self {
        let mut vm = Vm::new();
        let at = Deployment::of(vm.create_mint(6));
        let governance = vm.key();
        let authority = vm.upgrade_authority.insecure_clone();
        let args = params.args(governance.pubkey());
        let initialise = at.initialize_clearinghouse(vm.payer.pubkey(), authority.pubkey(), args);
        vm.send(&[initialise], &[&authority]).expect("the upgrade authority initialises");
        let create = at.create_board(vm.payer.pubkey());
        vm.send(&[create], &[]).expect("the board's first step");
        for _ in 0..Deployment::board_steps() {
            let grow = at.grow_board(vm.payer.pubkey());
            vm.send(&[grow], &[]).expect("the board grows");
        }
        Self { vm, at, governance, assets: Vec::new(), markets: Vec::new() }
    }

    /// Another house in which the same has happened.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            vm: self.vm.copy(),
            at: self.at,
            governance: self.governance.insecure_clone(),
            assets: self.assets.clone(),
            markets: self.markets.clone(),
        }
    }

    /// Lists an asset; returns its index.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn list_asset(&mut self, spec: AssetSpec) -> Result<u8, Refusal> {
        let mint = spec.collateral.then(|| self.vm.create_mint(spec.args.decimals));
        self.list_minted(spec, mint)
    }

    /// Lists an asset with a mint that there is already, of either token program; returns its index.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn list_minted(&mut self, spec: AssetSpec, mint: Option<Pubkey>) -> Result<u8, Refusal> {
        let index = self.assets.len() as u8;
        let add = self.at.add_asset_of(
            mint.map_or(anchor_spl::token::ID, |m| self.vm.owner(&m)),
            self.vm.payer.pubkey(),
            self.governance.pubkey(),
            index,
            mint,
            spec.args.clone(),
        );
        self.send_listing(add, "add_asset", index, mint, &spec.args)?;
        self.assets.push(ListedAsset { spec, mint, price_account: Pubkey::new_unique() });
        Ok(index)
    }

    /// Opens a market; returns its index.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn open_market(&mut self, spec: MarketSpec) -> Result<u8, Refusal> {
        let index = self.markets.len() as u8;
        let add =
            self.at.add_market(self.vm.payer.pubkey(), self.governance.pubkey(), index, spec.args.clone());
        self.send_listing(add, "add_market", index, None, &spec.args)?;
        self.markets.push(spec);
        Ok(index)
    }

    /// Opens for deposits.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn open(&mut self) -> Sent {
        let open = self.at.open_clearinghouse(self.governance.pubkey());
        self.vm.send(&[open], &[&self.governance.insecure_clone()])
    }

    /// A clearinghouse with coins (nine decimals each) as collateral and a perpetual on each, opened,
    /// with a made-up but fat-tailed and correlated scenario ring, and prices posted.
    ///
    /// # Panics
    /// If the program refuses to be set up.
    #[must_use]
    pub fn with_coins(coins: &[(&str, f64)]) -> Self {
        let mut house = Self::empty(default_params());
        for (index, (name, _)) in coins.iter().enumerate() {
            house.list_asset(AssetSpec::coin(name, 9)).expect("a coin is listed");
            house.open_market(MarketSpec::perpetual(name, index as u8)).expect("a market is opened");
        }
        for index in 0..coins.len() as u8 {
            house.calibrate(made_up_history(index)).expect("a calibration is loaded");
        }
        house.open().expect("the clearinghouse opens");
        let prices: Vec<f64> = coins.iter().map(|(_, price)| *price).collect();
        house.post_all(&prices);
        house
    }

    /// Lets every asset live long enough to net: a tick an hour at unchanged prices.
    ///
    /// # Panics
    /// If a tick is refused.
    pub fn season(&mut self, prices: &[f64]) {
        for _ in 0..26 {
            self.vm.advance(3_600);
            self.post_all(prices);
            self.tick().expect("a tick is due every hour");
        }
    }
}
