//! A clearinghouse that is set up, and its people: what a test or the demo tells its story with.

use std::collections::HashMap;

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{
    AddAssetArgs, AddMarketArgs, InitializeClearinghouseArgs, LoadCalibrationArgs, MatchFillArgs,
};
use ballast::limits::ClearinghouseParams;
use ballast::state::{Clearinghouse, MarginAccount, Market, RiskBoard, Treasury};
use ballast_client::deployment::symbol;
use ballast_client::health::{Health, health};
use ballast_client::instructions::{self as ix, CollateralRef};
use ballast_client::plan::{self, Plan};
use ballast_client::{Deployment, decode};
use ballast_risk::scenario::SCENARIOS;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::oracle::Update;
use crate::vm::{Receipt, Refusal, Vm};

/// Result of sending an instruction.
pub type Sent = Result<Receipt, Refusal>;

/// One quote token, in micro-units.
pub const QUOTE: u64 = 1_000_000;

/// Feed ids of Pyth's crypto feeds against the dollar.
pub struct Feed;

impl Feed {
    /// The feed of a symbol: Pyth's for BTC, ETH and SOL, a made-up one for others.
    #[must_use]
    pub fn of(symbol: &str) -> [u8; 32] {
        let hex = match symbol {
            "BTC" => "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43",
            "ETH" => "ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace",
            "SOL" => "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d",
            other => {
                let mut id = [0xb5; 32];
                let length = other.len().min(32);
                id[..length].copy_from_slice(&other.as_bytes()[..length]);
                return id;
            }
        };
        pyth_solana_receiver_sdk::price_update::get_feed_id_from_hex(hex)
            .expect("the ids above are 32 bytes of hex")
    }
}

/// An asset to be listed.
#[derive(Clone, Debug)]
pub struct AssetSpec {
    /// Name.
    pub symbol: String,
    /// What `add_asset` is called with.
    pub args: AddAssetArgs,
    /// Whether it gets a mint and a vault.
    pub collateral: bool,
}

impl AssetSpec {
    /// A large coin: haircut between 5 and 60 %, hourly σ prior 1 %, nets after a day of ticks; stress within the
    /// least haircut, and as deep as an ocean, so that a test sees the core alone.
    #[must_use]
    pub fn coin(name: &str, decimals: u8) -> Self {
        let args = AddAssetArgs {
            symbol: symbol(name),
            decimals,
            feed_id: Feed::of(name),
            max_age_s: 60,
            max_confidence_bps: 200,
            haircut_min_bps: 500,
            haircut_max_bps: 6_000,
            sigma_prior_e8: 1_000_000,
            sigma_floor_e8: 100_000,
            stable_half_life_s: 3_600,
            fast_half_life_s: 12 * 3_600,
            slow_half_life_s: 120 * 3_600,
            grid_s: 300,
            net_after_ticks: 24,
            penalty_bps: 100,
            deposit_cap: 1 << 62,
            fall_bps: 500,
            rise_bps: 500,
            max_move_bps: 120,
            carry_bps: 0,
            index_weight_bps: 10_000,
            implied_feed_id: [0; 32],
            impact_bps: 10_000,
            crowd_share_bps: 1_000,
            depth_floor: 1 << 50,
            depth_cap: 1 << 50,
            depth_half_life_s: 3_600,
        };
        Self { symbol: name.to_owned(), args, collateral: true }
    }
}

/// A market to be opened.
#[derive(Clone, Debug)]
pub struct MarketSpec {
    /// Name.
    pub symbol: String,
    /// What `add_market` is called with.
    pub args: AddMarketArgs,
}

impl MarketSpec {
    /// A perpetual on an asset: 1 % band, no fee, 1 % penalty, no caps.
    #[must_use]
    pub fn perpetual(name: &str, asset: u8) -> Self {
        let full = format!("{name}-PERP");
        let args = AddMarketArgs {
            symbol: symbol(&full),
            asset,
            band_bps: 100,
            fee_bps: 0,
            penalty_bps: 100,
            profit_cap: i64::MAX as u64,
            open_interest_cap: 1 << 58,
            option: None,
        };
        Self { symbol: full, args }
    }
}

/// Parameters that suit a test: IM 1.5 × MM, buffer 10 %, half of penalties to insurance, the least stress that the
/// code allows, and no notice.
#[must_use]
pub fn default_params() -> ClearinghouseParams {
    ClearinghouseParams {
        initial_ratio_bps: 15_000,
        buffer_bps: 1_000,
        insurance_share_bps: 5_000,
        tick_interval_s: 3_600,
        horizon_s: 3_600,
        min_maintenance: QUOTE,
        dust: 10 * QUOTE,
        calm_sigma_e8: 1_000_000,
        stress_weight_bps: 2_500,
        decorrelation_bps: 500,
        gross_floor_bps: 10,
        notice_doubling_s: 0,
        notice_least_bps: 10_000,
        forecast_short_bps: 3_500,
        forecast_fast_bps: 1_000,
    }
}

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
        let mut vm = Vm::new();
        let at = Deployment::of(vm.create_mint(6));
        let governance = Keypair::new();
        let authority = vm.upgrade_authority.insecure_clone();
        let args = InitializeClearinghouseArgs { governance: governance.pubkey(), params };
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

    /// Lists an asset; returns its index.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn list_asset(&mut self, spec: AssetSpec) -> Result<u8, Refusal> {
        let index = self.assets.len() as u8;
        let mint = spec.collateral.then(|| self.vm.create_mint(spec.args.decimals));
        let add = self.at.add_asset(
            self.vm.payer.pubkey(),
            self.governance.pubkey(),
            index,
            mint,
            spec.args.clone(),
        );
        self.vm.send(&[add], &[&self.governance.insecure_clone()])?;
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
        self.vm.send(&[add], &[&self.governance.insecure_clone()])?;
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

    // ---- people -----------------------------------------------------------------------------

    /// A new owner with an open margin account and an empty wallet of every token.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn person(&mut self) -> Person {
        let key = Keypair::new();
        let account = self.at.margin_account(&key.pubkey(), 0);
        let open = self.at.open_margin_account(self.vm.payer.pubkey(), key.pubkey(), 0);
        self.vm.send(&[open], &[&key]).expect("an owner opens a margin account");
        let mints: Vec<Pubkey> =
            core::iter::once(self.at.quote_mint).chain(self.assets.iter().filter_map(|a| a.mint)).collect();
        let wallets =
            mints.iter().map(|mint| (*mint, self.vm.create_wallet(mint, &key.pubkey(), 0))).collect();
        Person { key, account, wallets }
    }

    /// A new owner who deposited whole quote tokens.
    ///
    /// # Panics
    /// If the program refuses.
    pub fn person_with_quote(&mut self, quote: u64) -> Person {
        let person = self.person();
        self.fund_quote(&person, quote * QUOTE).expect("a deposit of quote is accepted");
        person
    }

    /// Mints quote micro-units into the wallet and deposits them.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fund_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let mint = self.at.quote_mint;
        self.vm.mint_to(&mint, &person.wallets[&mint], amount);
        self.deposit_quote(person, amount)
    }

    /// Mints native units of an asset into the wallet and deposits them.
    ///
    /// # Errors
    /// What the program refuses.
    ///
    /// # Panics
    /// If the asset is no collateral.
    pub fn fund_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let mint = self.assets[usize::from(asset)].mint.expect("the asset is collateral");
        self.vm.mint_to(&mint, &person.wallets[&mint], amount);
        self.deposit_collateral(person, asset, amount)
    }

    /// An asset's reference for deposits and withdrawals.
    ///
    /// # Panics
    /// If the asset is no collateral.
    #[must_use]
    pub fn collateral(&self, asset: u8) -> CollateralRef {
        let mint = self.assets[usize::from(asset)].mint.expect("the asset is collateral");
        CollateralRef { index: asset, mint }
    }

    /// Deposits quote micro-units from the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn deposit_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let wallet = person.wallets[&self.at.quote_mint];
        let deposit = self.at.deposit(person.account, person.pubkey(), None, wallet, amount);
        self.vm.send(&[deposit], &[&person.key])
    }

    /// Deposits native units of an asset from the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn deposit_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let collateral = self.collateral(asset);
        let wallet = person.wallets[&collateral.mint];
        let deposit = self.at.deposit(person.account, person.pubkey(), Some(collateral), wallet, amount);
        self.vm.send(&[deposit], &[&person.key])
    }

    /// Withdraws quote micro-units into the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn withdraw_quote(&mut self, person: &Person, amount: u64) -> Sent {
        let wallet = person.wallets[&self.at.quote_mint];
        let withdraw = self.at.withdraw(person.account, person.pubkey(), None, wallet, amount);
        self.vm.send(&[withdraw], &[&person.key])
    }

    /// Withdraws native units of an asset into the wallet.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn withdraw_collateral(&mut self, person: &Person, asset: u8, amount: u64) -> Sent {
        let collateral = self.collateral(asset);
        let wallet = person.wallets[&collateral.mint];
        let withdraw = self.at.withdraw(person.account, person.pubkey(), Some(collateral), wallet, amount);
        self.vm.send(&[withdraw], &[&person.key])
    }

    // ---- trading ----------------------------------------------------------------------------

    /// The taker buys `base` native units (negative: sells) from the maker for `quote` micro-units.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fill(&mut self, market: u8, taker: &Person, maker: &Person, base: i64, quote: u64) -> Sent {
        let fill = self.at.match_fill(market, taker.party(), maker.party(), MatchFillArgs { base, quote });
        self.vm.send(&[fill], &[&taker.key, &maker.key])
    }

    /// A fill at the oracle price.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn fill_at_oracle(&mut self, market: u8, taker: &Person, maker: &Person, base: i64) -> Sent {
        let quote = self.value(self.markets[usize::from(market)].args.asset, base.unsigned_abs());
        self.fill(market, taker, maker, base, quote)
    }

    /// Settles a position.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn settle(&mut self, market: u8, person: &Person) -> Sent {
        let settle = self.at.settle(market, person.account);
        self.vm.send(&[settle], &[])
    }

    /// What the best liquidation of an account would be for a keeper, by the board as it stands.
    #[must_use]
    pub fn plan(&self, account: &Pubkey, keeper: &Person) -> Option<Plan> {
        let (target, own) = (self.margin_account(account), self.margin_account(&keeper.account));
        plan::best(&target, &own, &self.board(), self.vm.now()).ok().flatten()
    }

    /// Carries out a plan.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn liquidate(&mut self, account: &Pubkey, keeper: &Person, plan: &Plan) -> Sent {
        let liquidate = self.at.liquidate(*account, keeper.party(), &plan.legs);
        self.vm.send(&[liquidate], &[&keeper.key])
    }

    /// Closes an empty margin account.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn close(&mut self, person: &Person) -> Sent {
        let close = ix::close_margin_account(person.pubkey(), person.account);
        self.vm.send(&[close], &[&person.key])
    }

    // ---- prices -----------------------------------------------------------------------------

    /// Posts a price update to an asset's price account.
    pub fn post_update(&mut self, asset: u8, update: &Update) {
        let address = self.assets[usize::from(asset)].price_account;
        self.vm.put(address, pyth_solana_receiver_sdk::ID, update.bytes());
    }

    /// Posts a dollar price, published now with a confidence of 5 basis points.
    pub fn post(&mut self, asset: u8, dollars: f64) {
        let feed_id = self.assets[usize::from(asset)].spec.args.feed_id;
        self.post_update(asset, &Update::dollars(feed_id, dollars, 5, self.vm.now()));
    }

    /// Refreshes an asset from its price account.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn refresh(&mut self, asset: u8) -> Sent {
        let refresh = self.at.refresh_price(asset, self.assets[usize::from(asset)].price_account);
        self.vm.send(&[refresh], &[])
    }

    /// Posts and refreshes a price for every asset.
    ///
    /// # Panics
    /// If a refresh is refused.
    pub fn post_all(&mut self, dollars: &[f64]) {
        for (asset, price) in dollars.iter().enumerate() {
            self.post(asset as u8, *price);
            self.refresh(asset as u8).expect("a new price is accepted");
        }
    }

    /// Takes a tick.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn tick(&mut self) -> Sent {
        let tick = self.at.tick();
        self.vm.send(&[tick], &[])
    }

    // ---- state ------------------------------------------------------------------------------

    /// The board.
    ///
    /// # Panics
    /// If it is not complete.
    #[must_use]
    pub fn board(&self) -> Box<RiskBoard> {
        decode::board(&self.vm.data(&self.at.board)).expect("the board is complete")
    }

    /// A margin account.
    ///
    /// # Panics
    /// If there is none at the address.
    #[must_use]
    pub fn margin_account(&self, address: &Pubkey) -> Box<MarginAccount> {
        decode::margin_account(&self.vm.data(address)).expect("a margin account is there")
    }

    /// The clearinghouse.
    ///
    /// # Panics
    /// If it is not initialised.
    #[must_use]
    pub fn clearinghouse(&self) -> Clearinghouse {
        decode::config(&self.vm.data(&self.at.clearinghouse)).expect("the clearinghouse is initialised")
    }

    /// A market.
    ///
    /// # Panics
    /// If it is not open.
    #[must_use]
    pub fn market(&self, index: u8) -> Market {
        decode::config(&self.vm.data(&self.at.market(index))).expect("the market is open")
    }

    /// The treasury.
    ///
    /// # Panics
    /// If the clearinghouse is not initialised.
    #[must_use]
    pub fn treasury(&self) -> Treasury {
        decode::config(&self.vm.data(&self.at.treasury)).expect("the treasury is there")
    }

    /// Health of a person's account now.
    ///
    /// # Panics
    /// If a price is stale.
    #[must_use]
    pub fn health(&self, person: &Person) -> Health {
        health(&self.margin_account(&person.account), &self.board(), self.vm.now()).expect("prices are fresh")
    }

    /// Quote micro-units that native units of an asset are worth at its spot price, rounded down.
    ///
    /// # Panics
    /// If the value does not fit.
    #[must_use]
    pub fn value(&self, asset: u8, amount: u64) -> u64 {
        let spot = self.board().assets[usize::from(asset)].spot();
        spot.value(i64::try_from(amount).expect("amounts fit")).expect("values fit").unsigned_abs()
    }
}

/// A made-up history for tests: 256 hours of a common factor and an own one, with fat tails, the same
/// for a given index.
#[must_use]
pub fn made_up_history(asset: u8) -> LoadCalibrationArgs {
    let mut common = 0x9e37_79b9_7f4a_7c15u64;
    let mut own = common.wrapping_mul(2 * u64::from(asset) + 3);
    let draw = |state: &mut u64| {
        // Twelve uniforms make a normal; every thirty-second draw is three times as large.
        let mut sum = 0i64;
        for _ in 0..12 {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            sum += (*state >> 54) as i64;
        }
        let normal = sum - 6 * 1_024 + 6;
        if state.is_multiple_of(32) { 3 * normal } else { normal }
    };
    let returns = (0..SCENARIOS)
        .map(|_| ((4 * draw(&mut common) + 3 * draw(&mut own)) / 5).clamp(-32_767, 32_767) as i16)
        .collect();
    // σ = 1 % an hour: variance 1e-4 in 2⁻⁴⁸.
    let variance = (1u64 << 48) / 10_000;
    LoadCalibrationArgs {
        asset,
        variance_short: variance,
        variance_fast: variance,
        variance_slow: variance,
        returns,
    }
}
