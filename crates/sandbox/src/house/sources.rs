//! Sources beside Pyth: Switchboard feeds, stake pools, the quote token's own price.

use anchor_lang::prelude::Pubkey;
use ballast::oracle::{stake_pool, switchboard};
use ballast_client::instructions::Sources;
use solana_clock::Clock;

use super::{House, HouseParams, MarketSpec, Sent, made_up_history};
use crate::house::AssetSpec;
use crate::oracle::Update;

/// A pull feed as the Switchboard program leaves it.
#[derive(Clone, Copy, Debug)]
pub struct PullFeed {
    /// Median of the submissions, 10⁻¹⁸ dollars.
    pub value: i128,
    /// Their standard deviation, same unit.
    pub std_dev: i128,
    /// How many there are.
    pub num_samples: u8,
    /// How many the feed demands.
    pub min_responses: u32,
    /// Slot of the oldest.
    pub min_slot: u64,
    /// When the feed was last submitted to, unix seconds.
    pub last_update: i64,
}

impl PullFeed {
    /// The account's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        use switchboard::at;
        let mut data = vec![0; switchboard::SIZE];
        let mut put = |place: usize, bytes: &[u8]| data[place..place + bytes.len()].copy_from_slice(bytes);
        put(0, &switchboard::DISCRIMINATOR);
        put(at::MIN_RESPONSES, &self.min_responses.to_le_bytes());
        put(at::LAST_UPDATE, &self.last_update.to_le_bytes());
        put(at::VALUE, &self.value.to_le_bytes());
        put(at::STD_DEV, &self.std_dev.to_le_bytes());
        put(at::NUM_SAMPLES, &[self.num_samples]);
        put(at::MIN_SLOT, &self.min_slot.to_le_bytes());
        data
    }
}

/// An SPL stake pool as its program leaves it.
#[derive(Clone, Copy, Debug)]
pub struct StakePool {
    /// 1 for a pool.
    pub account_type: u8,
    /// Its token.
    pub mint: Pubkey,
    /// What all of it is redeemed for, lamports.
    pub total_lamports: u64,
    /// All of it, native units.
    pub pool_token_supply: u64,
    /// When rewards were last counted.
    pub last_update_epoch: u64,
}

impl StakePool {
    /// The account's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        use stake_pool::at;
        let mut data = vec![0; 611];
        let mut put = |place: usize, bytes: &[u8]| data[place..place + bytes.len()].copy_from_slice(bytes);
        put(0, &[self.account_type]);
        put(at::POOL_MINT, self.mint.as_ref());
        put(at::TOTAL_LAMPORTS, &self.total_lamports.to_le_bytes());
        put(at::POOL_TOKEN_SUPPLY, &self.pool_token_supply.to_le_bytes());
        put(at::LAST_UPDATE_EPOCH, &self.last_update_epoch.to_le_bytes());
        data
    }
}

impl House {
    /// A clearinghouse with parameters and assets as given, a perpetual on each, calibrated, open, and priced.
    ///
    /// # Panics
    /// If the program refuses to be set up.
    #[must_use]
    pub fn with_assets(params: HouseParams, assets: Vec<(AssetSpec, f64)>) -> Self {
        let mut house = Self::with_params(params);
        for (spec, _) in &assets {
            let index = house.list_asset(spec.clone()).expect("an asset is listed");
            house.open_market(MarketSpec::perpetual(&spec.symbol, index)).expect("a market is opened");
            house.calibrate(made_up_history(index)).expect("a calibration is loaded");
        }
        house.open().expect("the clearinghouse opens");
        for (index, (_, price)) in assets.iter().enumerate() {
            house.say(index as u8, *price).expect("a first price");
        }
        house
    }

    /// The VM's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.vm.svm.get_sysvar()
    }

    /// Where an asset's price comes from.
    #[must_use]
    pub fn sources(&self, asset: u8) -> Sources {
        let listed = &self.assets[usize::from(asset)];
        let given = |key: Pubkey| (key != Pubkey::default()).then_some(key);
        Sources {
            price_update: listed.price_account,
            second_source: given(listed.spec.args.sources.second_source),
            stake_pool: given(listed.spec.args.sources.stake_pool),
        }
    }

    /// Refreshes an asset from all of its sources.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn refresh_from_all(&mut self, asset: u8) -> Sent {
        let refresh = self.at.refresh_price_from(asset, &self.sources(asset));
        self.vm.send(&[refresh], &[])
    }

    /// All sources of an asset say a price now, and it is refreshed.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn say(&mut self, asset: u8, dollars: f64) -> Sent {
        self.post(asset, dollars);
        if self.sources(asset).second_source.is_some() {
            self.post_second(asset, &self.feed(dollars));
        }
        self.refresh_from_all(asset)
    }

    /// A pull feed with five of three submissions, made now.
    #[must_use]
    pub fn feed(&self, dollars: f64) -> PullFeed {
        let clock = self.clock();
        PullFeed {
            value: (dollars * 1e9).round() as i128 * 1_000_000_000,
            std_dev: 0,
            num_samples: 5,
            min_responses: 3,
            min_slot: clock.slot,
            last_update: clock.unix_timestamp,
        }
    }

    /// Posts to an asset's second source.
    ///
    /// # Panics
    /// If it has none.
    pub fn post_second(&mut self, asset: u8, feed: &PullFeed) {
        let address = self.sources(asset).second_source.expect("the asset has a second source");
        self.vm.put(address, switchboard::ID, feed.bytes());
    }

    /// The pool of a staked token at a rate of redemption, updated in this epoch.
    ///
    /// # Panics
    /// If the asset is no collateral.
    #[must_use]
    pub fn pool(&self, asset: u8, rate: f64) -> StakePool {
        StakePool {
            account_type: stake_pool::STAKE_POOL,
            mint: self.assets[usize::from(asset)].mint.expect("a staked token is a token"),
            total_lamports: (rate * 1e15).round() as u64,
            pool_token_supply: 1_000_000_000_000_000,
            last_update_epoch: self.clock().epoch,
        }
    }

    /// Posts an asset's stake pool.
    ///
    /// # Panics
    /// If it has none.
    pub fn post_pool(&mut self, asset: u8, pool: &StakePool) {
        let address = self.sources(asset).stake_pool.expect("the asset has a stake pool");
        self.vm.put(address, stake_pool::ID, pool.bytes());
    }

    /// Posts the quote token's price now, and refreshes it.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn say_quote(&mut self, dollars: f64) -> Sent {
        let feed = self.clearinghouse().quote_feed_id;
        self.hear_quote(&Update::dollars(feed, dollars, 1, self.vm.now()))
    }

    /// Posts an update of the quote token's price, and refreshes it.
    ///
    /// # Errors
    /// What the program refuses.
    pub fn hear_quote(&mut self, update: &Update) -> Sent {
        let address = Pubkey::new_from_array([0x51; 32]);
        self.vm.put(address, pyth_solana_receiver_sdk::ID, update.bytes());
        let refresh = self.at.refresh_quote(address);
        self.vm.send(&[refresh], &[])
    }
}
