//! Prices and ticks.

use super::{House, Sent};
use crate::oracle::Update;

impl House {
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
}
