//! Prices for the house, once a second, at the chain's own time; and in the place of a keeper, where none runs, the cranks
//! without which a house stands still.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anchor_lang::prelude::{AccountMeta, Pubkey};
use anchor_lang::solana_program::instruction::Instruction;
use anchor_lang::{Discriminator, InstructionData, ToAccountMetas, system_program};
use anyhow::{Context, Result};
use ballast::state::{RiskBoard, Stage, TradeRequest};
use ballast_client::decode;
use pyth_solana_receiver_sdk::price_update::PriceFeedMessage;
use serde_json::{Value, json};
use solana_signer::Signer as _;

use super::house::{House, Keys};
use super::market::Prices;
use super::node::Node;

/// Time between two prices.
const EVERY: Duration = Duration::from_secs(1);
/// As Pyth's crypto feeds.
const EXPONENT: i32 = -8;
/// Confidence interval, as a share of the price.
const CONFIDENCE: f64 = 0.000_3;

struct State {
    prices: Prices,
    /// When the last prices were published, the chain's unix seconds.
    published: i64,
    posted: u64,
    error: Option<String>,
}

/// The feed of a house.
pub struct Feed {
    /// The node.
    pub node: Arc<Node>,
    /// The house.
    pub house: Arc<House>,
    /// Who posts and pays.
    pub keys: Arc<Keys>,
    /// Whether it also refreshes, ticks and executes, because no keeper does.
    pub cranks: AtomicBool,
    state: Mutex<State>,
    stopped: AtomicBool,
}

impl Feed {
    /// A feed of these prices that has not posted any.
    #[must_use]
    pub fn new(node: Arc<Node>, house: Arc<House>, keys: Arc<Keys>, prices: Prices) -> Self {
        let state = State { prices, published: 0, posted: 0, error: None };
        Self {
            node,
            house,
            keys,
            cranks: AtomicBool::new(true),
            state: Mutex::new(state),
            stopped: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Posts the price of every asset, and refreshes the board with them if asked to. The market stands still: it opens
    /// with [`Self::run`].
    ///
    /// # Errors
    /// What the node or the program refuses.
    pub fn post(&self, refresh: bool) -> Result<()> {
        self.post_with(&mut self.state(), refresh, true)
    }

    fn post_with(&self, state: &mut State, refresh: bool, still: bool) -> Result<()> {
        let mut now = self.node.now()?;
        while now <= state.published {
            // The chain's clock has whole seconds, and a price is newer or it is none.
            std::thread::sleep(Duration::from_millis(100));
            now = self.node.now()?;
        }
        if !still {
            state.prices.step((now - state.published) as f64);
        }
        let updates = self.updates(&state.prices.now(), now);
        self.node.send(&[self.posting(updates)], &self.keys.payer, &[&self.keys.feeder])?;
        state.published = now;
        state.posted += 1;
        if refresh {
            let refresh = |asset: usize| {
                let refresh = self.house.at.refresh_price(asset as u8, self.house.price_account(asset));
                (format!("refresh asset {asset}"), refresh)
            };
            let all: Vec<_> = (0..self.house.assets()).map(refresh).collect();
            self.node.send_all(&all, &self.keys.payer, &[])?;
        }
        Ok(())
    }

    fn updates(&self, dollars: &[f64], now: i64) -> Vec<PriceFeedMessage> {
        let assets = self.house.config.assets.iter().zip(dollars);
        assets
            .map(|(asset, dollars)| {
                let price = (dollars * 10f64.powi(-EXPONENT)).round() as i64;
                let conf = (price as f64 * CONFIDENCE) as u64;
                PriceFeedMessage {
                    feed_id: asset.listing.feed_id,
                    price,
                    conf,
                    exponent: EXPONENT,
                    publish_time: now,
                    // The market was there all along, also while the chain's clock jumped.
                    prev_publish_time: now - 1,
                    ema_price: price,
                    ema_conf: conf,
                }
            })
            .collect()
    }

    fn posting(&self, updates: Vec<PriceFeedMessage>) -> Instruction {
        let feeder = self.keys.feeder.pubkey();
        let accounts = ballast_poster::accounts::Post { feeder, system_program: system_program::ID };
        let mut accounts = accounts.to_account_metas(None);
        let prices = (0..self.house.assets()).map(|asset| self.house.price_account(asset));
        accounts.extend(prices.map(|address: Pubkey| AccountMeta::new(address, false)));
        let data = ballast_poster::instruction::Post { updates }.data();
        Instruction { program_id: ballast_poster::ID, accounts, data }
    }

    /// What a keeper would do that harms nobody: ticks, funding aside, and requests whose price has come.
    fn crank(&self) -> Result<()> {
        let (at, payer) = (&self.house.at, &self.keys.payer);
        let (_, data) = self.node.account(&at.board)?.context("the house has a board")?;
        let (board, now): (Box<RiskBoard>, i64) = (decode::board(&data)?, self.node.now()?);
        for data in self.node.accounts_of(TradeRequest::DISCRIMINATOR)? {
            let request: TradeRequest = decode::config(&data)?;
            let market = &self.house.config.markets[usize::from(request.market)];
            let asset = &board.assets[usize::from(market.listing.asset)];
            let lag = market.backstop.map_or(0, |backstop| backstop.max_lag_s);
            let instruction = match request.stage(asset, lag, now) {
                Stage::Waiting => continue,
                Stage::Due => at.execute_trade(&request),
                Stage::Missed | Stage::Unserved => at.close_request(payer.pubkey(), &request),
            };
            self.node.send(&[instruction], payer, &[])?;
        }
        if board.due(now).is_some() {
            self.node.send(&[at.tick()], payer, &[])?;
        }
        Ok(())
    }

    /// Posts a price a second until it is stopped.
    pub fn run(&self) {
        while !self.stopped.load(Ordering::Relaxed) {
            let begin = Instant::now();
            let cranks = self.cranks.load(Ordering::Relaxed);
            let mut state = self.state();
            let done = self.post_with(&mut state, cranks, false);
            let done = done.and_then(|()| if cranks { self.crank() } else { Ok(()) });
            state.error = done.err().map(|e| format!("{e:#}"));
            if let Some(error) = &state.error {
                tracing::warn!(error, "prices");
            }
            drop(state);
            std::thread::sleep(EVERY.saturating_sub(begin.elapsed()));
        }
    }

    /// Lets a day of ticks pass, an hour at a time: an asset nets with others once it has lived as long.
    ///
    /// # Errors
    /// If the node cannot travel in time, or a tick is refused.
    pub fn season(&self) -> Result<()> {
        let assets = &self.house.config.assets;
        let ticks = assets.iter().map(|asset| asset.listing.net_after_ticks).max().unwrap_or_default();
        let interval = i64::from(self.house.config.clearinghouse.params.tick_interval_s);
        for _ in 0..=ticks {
            self.node.leap(interval)?;
            self.post(true)?;
            self.node.send(&[self.house.at.tick()], &self.keys.payer, &[])?;
        }
        Ok(())
    }

    /// Ends [`Self::run`] after its next price.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Begins a shock; see [`Prices::shock`].
    ///
    /// # Errors
    /// If there is no such asset, or the shock is none.
    pub fn shock(&self, asset: &str, bps: f64, seconds: f64) -> Result<()> {
        let asset = self.house.asset(asset)?;
        self.state().prices.shock(asset, bps, seconds)
    }

    /// Moves the chain's clock forward, and posts prices of that time; returns it.
    ///
    /// # Errors
    /// If the node cannot.
    pub fn travel(&self, seconds: i64) -> Result<i64> {
        // No price of the old time may come in between.
        let mut state = self.state();
        self.node.travel(seconds)?;
        self.post_with(&mut state, self.cranks.load(Ordering::Relaxed), false)?;
        Ok(state.published)
    }

    /// Dollars a token, by asset.
    #[must_use]
    pub fn prices(&self) -> Vec<f64> {
        self.state().prices.now()
    }

    /// Where it stands, for `/control/status`.
    #[must_use]
    pub fn status(&self) -> Value {
        let state = self.state();
        let prices: Vec<Value> = state
            .prices
            .symbols()
            .zip(state.prices.now())
            .map(|(symbol, price)| json!({ "symbol": symbol, "price": price }))
            .collect();
        json!({
            "now": state.published,
            "prices": prices,
            "shocks": state.prices.shocks(),
            "posted": state.posted,
            "error": state.error,
        })
    }
}
