//! A clearinghouse with people in it, and how to copy it.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::LoadStressArgs;
use ballast::limits::ClearinghouseParams;
use ballast_client::instructions::CollateralRef;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};
use ballast_tests::auditor::{Key, Ledger};

use super::houses::Kind;
use crate::common::ledger;

/// Symbol, decimals and first price of the coins.
pub const COINS: [(&str, u8, f64); 3] = [("BTC", 8, 60_000.0), ("ETH", 9, 3_000.0), ("TOY", 2, 0.5)];
/// Two traders with books, one who borrows, and two with deep pockets.
pub const ACTORS: usize = 5;
const RICH: u64 = 5_000_000;
/// Seconds that options have to live when a sequence begins.
const OPTION_LIFE_S: i64 = 21_600;

/// The asset that an option market speaks of, and its feed.
pub const IMPLIED_ASSET: u8 = 1;
pub const IMPLIED_FEED: [u8; 32] = [0x1f; 32];

/// A model with everything in it: stress that counts, a market shallow enough for the larger books to be above their
/// crowd, notice, ticks that shorten, one asset that is in no index.
fn params() -> ClearinghouseParams {
    ClearinghouseParams {
        stress_weight_bps: 3_000,
        decorrelation_bps: 1_500,
        gross_floor_bps: 50,
        notice_doubling_s: 7_200,
        notice_least_bps: 7_000,
        forecast_short_bps: 4_000,
        ..default_params()
    }
}

fn coin(index: usize, name: &str, decimals: u8) -> AssetSpec {
    let mut spec = AssetSpec::coin(name, decimals);
    spec.args.index_weight_bps = [10_000, 5_000, 0][index];
    (spec.args.fall_bps, spec.args.rise_bps) = [(2_000, 2_500), (2_500, 3_000), (6_000, 9_000)][index];
    spec.args.depth_floor = [50_000_000, 20_000_000, 1_000_000][index] * QUOTE;
    spec.args.depth_cap = 10 * spec.args.depth_floor;
    if index == usize::from(IMPLIED_ASSET) {
        spec.args.implied_feed_id = IMPLIED_FEED;
        spec.args.deposit_cap = 400 * 10u64.pow(decimals.into());
    }
    spec
}

/// A crash, a rally, and a day on which the coins part.
fn stress_rows(index: usize) -> LoadStressArgs {
    let mut shocks = [0; 32];
    for (row, returns) in [[-0.3, -0.4, -0.8], [0.2, 0.25, 0.6], [0.1, -0.2, 0.3]].iter().enumerate() {
        shocks[7 * row + 3] = (returns[index] * 4_096.0) as i16;
    }
    LoadStressArgs { asset: index as u8, shocks }
}

pub struct World {
    pub house: House,
    pub kind: Kind,
    pub guardian: Keypair,
    /// Dollars a quote token, where it has a feed.
    pub quote_price: f64,
    pub depth_reporter: Keypair,
    /// Where updates of the implied volatility are posted.
    pub implied_account: Pubkey,
    pub actors: Vec<Person>,
    pub prices: [f64; 3],
    /// Native units that truncation may have left in each market: one a position and deleveraging of its side.
    pub dust: [u64; 16],
    /// Deleveragings in each market.
    pub deleveraged: [u64; 16],
    /// As audited after the last operation.
    pub seen: Ledger,
}

impl World {
    /// Three coins of different decimals, seasoned; everybody funded; some books near their limit.
    pub fn base(kind: Kind) -> Self {
        let mut house = House::with_params(kind.params(params()));
        house.vm.trust_signers();
        for (index, (name, decimals, _)) in COINS.iter().enumerate() {
            let mut spec = coin(index, name, *decimals);
            kind.guard(&mut spec);
            house.list_asset(spec).expect("a coin is listed");
            let mut market = MarketSpec::perpetual(name, index as u8);
            market.args.fee_bps = 5;
            if index == 0 {
                market.args.profit_cap = 2_000 * QUOTE;
                market.args.open_interest_cap = 40 * 10u64.pow((*decimals).into());
            }
            house.open_market(market).expect("a market is opened");
        }
        for index in 0..COINS.len() as u8 {
            house.calibrate(made_up_history(index)).expect("a calibration is loaded");
            let load = house.at.load_stress(house.governance.pubkey(), stress_rows(index.into()));
            let governance = house.governance.insecure_clone();
            house.vm.send(&[load], &[&governance]).expect("stress rows are loaded");
        }
        let (depth_reporter, governance) = (Keypair::new(), house.governance.insecure_clone());
        let name = house.at.set_depth_reporter(governance.pubkey(), depth_reporter.pubkey());
        house.vm.send(&[name], &[&governance]).expect("a reporter is named");
        house.open().expect("the clearinghouse opens");
        let guardian = Keypair::new();
        house.name(ballast::state::proposal::role::GUARDIAN, guardian.pubkey()).expect("a guardian is named");
        if !kind.is_judged() {
            house.say_quote(1.0).expect("the quote token has a price");
        }
        let prices = COINS.map(|c| c.2);
        house.post_all(&prices);
        house.season(&prices);
        // A call and a put on Bitcoin that expire within a long sequence.
        for is_put in [false, true] {
            let expiry = house.vm.now() + OPTION_LIFE_S;
            let mut option = MarketSpec::option(COINS[0].0, 0, is_put, COINS[0].2, expiry);
            option.args.fee_bps = 5;
            house.open_market(option).expect("an option is listed");
        }
        house.vm.advance(1);
        house.post_all(&prices);
        if !kind.is_judged() {
            house.say_quote(1.0).expect("the quote token has a price");
        }

        let actors: Vec<Person> = (0..ACTORS).map(|_| house.person()).collect();
        for (i, who) in actors.iter().enumerate() {
            let quote = if i >= 3 { RICH } else { 20_000 };
            house.fund_quote(who, quote * QUOTE).expect("quote is taken");
            let wallets: Vec<(Pubkey, Pubkey)> = who.wallets.iter().map(|(m, w)| (*m, *w)).collect();
            for (mint, wallet) in wallets {
                house.vm.mint_to(&mint, &wallet, 1_000_000_000_000_000);
            }
        }
        let implied_account = Pubkey::new_unique();
        let seen = ledger(&house);
        let mut world = Self {
            seen,
            house,
            kind,
            guardian,
            quote_price: 1.0,
            depth_reporter,
            implied_account,
            actors,
            prices,
            dust: [0; 16],
            deleveraged: [0; 16],
        };
        // Long Bitcoin, short Ether, and a loan against coins.
        world.start_book(0, 0, 100_000);
        world.start_book(1, 1, -100_000);
        let held = world.units(2, 40_000 * QUOTE);
        world.house.deposit_collateral(&world.actors[2], 2, held).expect("coins are taken");
        world.house.withdraw_quote(&world.actors[2], 36_000 * QUOTE).expect("a loan is given");
        if kind.is_backed() {
            world.start_backstops();
        }
        world.seen = ledger(&world.house);
        world
    }

    /// A backstop for every perpetual, with capital of the two with deep pockets.
    fn start_backstops(&mut self) {
        for index in ACTORS as u8..2 * ACTORS as u8 {
            let (owner, _) = self.account(index);
            let payer = self.house.vm.payer.pubkey();
            let open = self.house.at.open_margin_account(payer, owner.pubkey(), 1);
            self.house.vm.send(&[open], &[&owner]).expect("a second account is opened");
        }
        for (market, (_, decimals, price)) in COINS.iter().enumerate() {
            let units = 10f64.powi((*decimals).into()) / price;
            let market = market as u8;
            self.house.create_backstop(market, self.kind.backstop(units)).expect("a backstop is created");
            for who in 3..ACTORS {
                self.house.open_share(market, &self.actors[who]).expect("a share is opened");
                self.house.back(market, &self.actors[who], 100_000 * QUOTE).expect("capital is taken");
            }
        }
    }

    fn start_book(&mut self, who: usize, market: u8, dollars: i64) {
        let base = self.units(usize::from(market), dollars.unsigned_abs() * QUOTE) as i64 * dollars.signum();
        self.house
            .fill_at_oracle(market, &self.actors[who], &self.actors[3], base)
            .expect("a book within its margin");
    }

    /// A copy that shares nothing.
    pub fn copy(&self) -> Self {
        let actors = self
            .actors
            .iter()
            .map(|a| Person { key: a.key.insecure_clone(), account: a.account, wallets: a.wallets.clone() })
            .collect();
        Self {
            house: self.house.copy(),
            kind: self.kind,
            guardian: self.guardian.insecure_clone(),
            quote_price: self.quote_price,
            depth_reporter: self.depth_reporter.insecure_clone(),
            implied_account: self.implied_account,
            actors,
            prices: self.prices,
            dust: self.dust,
            deleveraged: self.deleveraged,
            seen: self.seen.clone(),
        }
    }

    /// Owner and margin account of one of ten.
    pub fn account(&self, index: u8) -> (Keypair, Pubkey) {
        let owner = &self.actors[usize::from(index) % ACTORS];
        let sub = u16::from(index) / ACTORS as u16;
        (owner.key.insecure_clone(), self.house.at.margin_account(&owner.pubkey(), sub))
    }

    /// Native units of a coin worth so many micro-units at its first price, at least one.
    pub fn units(&self, coin: usize, micro: u64) -> u64 {
        let (_, decimals, _) = COINS[coin];
        let units = micro as f64 / 1e6 / self.prices[coin] * 10f64.powi(decimals.into());
        (units as u64).max(1)
    }

    /// Mint of a coin: quote for 0, then the assets; nothing where there is no such token.
    pub fn coin(&self, coin: u8) -> Option<(Option<CollateralRef>, Pubkey)> {
        if coin == 0 {
            return Some((None, self.house.at.quote_mint));
        }
        let mint = self.house.assets.get(usize::from(coin) - 1)?.mint?;
        Some((Some(CollateralRef::spl(coin - 1, mint)), mint))
    }

    /// Somebody's key, by margin account: its delegate's if that is one of the actors.
    pub fn delegate_of(&self, account: &Pubkey) -> Option<Keypair> {
        let delegate: Key = self.seen.accounts.get(&account.to_bytes())?.delegate;
        self.actors.iter().find(|a| a.pubkey().to_bytes() == delegate).map(|a| a.key.insecure_clone())
    }
}
