//! What moves a house's risk besides prices and ticks: stress, depth, implied volatility, exposure.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{LoadCalibrationArgs, LoadStressArgs};
use ballast::limits::ClearinghouseParams;
use ballast::state::proposal::role;
use ballast_risk::stress::{SHOCK_BITS, STRESS_ROWS};
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::house::{AssetSpec, House, MarketSpec, Sent, made_up_history};
use crate::oracle::Update;

/// One asset's part in the joint stress rows, from simple returns; rows that are not given do not move it.
///
/// # Panics
/// If more returns than rows are given.
#[must_use]
pub fn stress_rows(asset: u8, returns: &[f64]) -> LoadStressArgs {
    let mut shocks = [0; STRESS_ROWS];
    for (shock, r) in shocks[..returns.len()].iter_mut().zip(returns) {
        *shock = (r * f64::from(1 << SHOCK_BITS)).round() as i16;
    }
    LoadStressArgs { asset, shocks }
}

impl House {
    /// A clearinghouse with assets as given, a perpetual on each, calibrated with a made-up history, not yet open
    /// and without prices.
    ///
    /// # Panics
    /// If the program refuses to be set up.
    #[must_use]
    pub fn listing(params: ClearinghouseParams, assets: Vec<AssetSpec>) -> Self {
        let mut house = Self::empty(params);
        for spec in assets {
            let name = spec.symbol.clone();
            let penalty_bps = spec.args.penalty_bps;
            let index = house.list_asset(spec).expect("an asset is listed");
            let mut market = MarketSpec::perpetual(&name, index);
            market.args.penalty_bps = penalty_bps;
            house.open_market(market).expect("a market is opened");
            house.calibrate(made_up_history(index)).expect("a calibration is loaded");
        }
        house
    }

    /// Loads an asset's calibration.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn calibrate(&mut self, args: LoadCalibrationArgs) -> Sent {
        let load = self.at.load_calibration(self.governance.pubkey(), args.clone());
        self.send_listing(load, "load_calibration", args.asset, None, &args)
    }

    /// Loads an asset's part in the joint stress rows.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn load_stress(&mut self, args: LoadStressArgs) -> Sent {
        let load = self.at.load_stress(self.governance.pubkey(), args.clone());
        self.send_listing(load, "load_stress", args.asset, None, &args)
    }

    /// Names the depth reporter: before the opening at once, after it as if that had been announced in time.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn set_depth_reporter(&mut self, reporter: Pubkey) -> Sent {
        if self.clearinghouse().open {
            return self.name(role::DEPTH_REPORTER, reporter);
        }
        let set = self.at.set_depth_reporter(self.governance.pubkey(), reporter);
        self.vm.send(&[set], &[&self.governance.insecure_clone()])
    }

    /// Reports an asset's depth, quote micro-units over a horizon.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn report_depth(&mut self, reporter: &Keypair, asset: u8, volume: u64) -> Sent {
        let report = self.at.report_depth(reporter.pubkey(), asset, volume);
        self.vm.send(&[report], &[reporter])
    }

    /// Copies a market's open interest and, where the asset is collateral, its vault's balance to the board.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn refresh_exposure(&mut self, market: u8) -> Sent {
        let asset = self.markets[usize::from(market)].args.asset;
        let mint = self.assets[usize::from(asset)].mint;
        let refresh = self.at.refresh_exposure(asset, Some(market), mint);
        self.vm.send(&[refresh], &[])
    }

    /// The account that an asset's implied volatility is posted to.
    #[must_use]
    pub fn implied_account(&self, asset: u8) -> Pubkey {
        Pubkey::new_from_array(self.assets[usize::from(asset)].spec.args.implied_feed_id)
    }

    /// Posts an update of an asset's implied volatility.
    pub fn post_implied_update(&mut self, asset: u8, update: &Update) {
        let address = self.implied_account(asset);
        self.vm.put(address, pyth_solana_receiver_sdk::ID, update.bytes());
    }

    /// Posts an annualised implied volatility in percent points, published now.
    pub fn post_implied(&mut self, asset: u8, percent: f64) {
        let feed_id = self.assets[usize::from(asset)].spec.args.implied_feed_id;
        self.post_implied_update(asset, &Update::dollars(feed_id, percent, 5, self.vm.now()));
    }

    /// Refreshes an asset's implied volatility from where it is posted.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn refresh_implied(&mut self, asset: u8) -> Sent {
        let refresh = self.at.refresh_implied_volatility(asset, self.implied_account(asset));
        self.vm.send(&[refresh], &[])
    }
}
