//! The board, the markets and the treasury, every few seconds.
//!
//! Sampling is what keeps the history of things that no event tells: haircuts between two refreshes, the vault, what a
//! backstop holds. Times are the chain's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use ballast::state::{Market, MarketState, RiskBoard, Treasury};
use ballast_client::decode;
use ballast_client::decode::dollars;
use ballast_risk::fixed::RATE_ONE;
use solana_account::Account;

use crate::house::House;
use crate::state::{State, View};
use crate::store::history::{self, AssetPoint, HousePoint, MarketPoint, Sample};
use crate::store::thin::thin;

/// Where a node keeps the chain's time.
const CLOCK: Pubkey = anchor_lang::pubkey!("SysvarC1ock11111111111111111111111111111111");
/// Samples are at least this far apart, however often the board changes.
const LEAST: Duration = Duration::from_secs(1);
/// How much of the chain's time passes between two thinnings, seconds.
const THIN_EVERY_S: i64 = 600;

/// Integers of 64 bits as SQLite has them; none that is real is cut.
fn kept(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn share(rate: u64) -> f64 {
    rate as f64 / RATE_ONE as f64
}

/// Samples for as long as it runs.
pub async fn run(state: Arc<State>, every: Duration) {
    let mut thinned = i64::MIN;
    loop {
        let begun = Instant::now();
        if let Err(error) = take(&state).await {
            tracing::warn!("no sample: {error:#}");
        } else if state.now().saturating_sub(thinned) >= THIN_EVERY_S {
            thinned = state.now();
            match state.store.write(move |of| thin(of, thinned)).await {
                Ok(0) => {}
                Ok(gone) => tracing::info!(gone, "thinned old samples"),
                Err(error) => tracing::warn!("old samples could not be thinned: {error:#}"),
            }
        }
        tokio::time::sleep(LEAST.min(every).saturating_sub(begun.elapsed())).await;
        let rest = every.saturating_sub(begun.elapsed());
        let _ = tokio::time::timeout(rest, state.changed.notified()).await;
    }
}

/// Takes one sample of everything, and brings what is known of the house up to date.
///
/// # Errors
/// If the node cannot be reached, or the clearinghouse is not there.
pub async fn take(state: &State) -> Result<()> {
    let house = state.house();
    let mut wanted = vec![state.at.board, state.at.treasury, state.at.quote_vault, CLOCK];
    wanted.extend(house.markets.iter().map(|market| market.address));
    wanted.extend(house.markets.iter().filter_map(|market| market.slice));
    let (slot, accounts) = state.node.accounts(&wanted).await?;
    let read = Instant::now();
    let mut accounts = accounts.into_iter();
    let mut next = |what: &str| accounts.next().flatten().with_context(|| format!("there is no {what}"));
    let board = decode::board(&next("risk board")?.data)?;
    let treasury: Treasury = decode::config(&next("treasury")?.data)?;
    let vault = next("quote vault")?;
    let time = time_of(&next("clock")?).context("the clock cannot be read")?;
    let markets: Vec<Market> = house
        .markets
        .iter()
        .map(|market| Ok(decode::config(&next(&market.symbol)?.data)?))
        .collect::<Result<_>>()?;
    let slices = house.markets.iter().map(|market| market.slice.and_then(|_| accounts.next().flatten()));
    let inventories: Vec<Option<i64>> =
        slices.enumerate().map(|(index, slice)| inventory(&board, index, &slice?)).collect();

    let sample = Sample {
        assets: board
            .assets
            .iter()
            .take(board.asset_count.into())
            .map(|asset| asset_point(asset, time))
            .collect(),
        markets: markets
            .iter()
            .zip(&board.markets)
            .zip(inventories)
            .map(|((market, listed), inventory)| market_point(market, listed, inventory, time))
            .collect(),
        house: Some(HousePoint {
            t: time,
            insurance: kept(treasury.insurance),
            quote_vault: kept(tokens(&vault)),
            lent: kept(treasury.loans),
            accounts: kept(treasury.accounts),
        }),
    };
    let has_grown = is_other(&house, &board, &markets);
    state.store.write(move |to| history::keep(to, &sample)).await?;
    state.set_view(View { board, slot, time, read });
    if has_grown {
        state.set_house(House::load(&state.node, state.at, &state.public.price_accounts).await?);
    }
    Ok(())
}

/// Whether something was listed, or backed, since the house was read.
fn is_other(house: &House, board: &RiskBoard, markets: &[Market]) -> bool {
    let listed = (usize::from(board.asset_count), usize::from(board.market_count));
    let backed = |(known, market): (&crate::house::Listed, &Market)| {
        known.backstop.unwrap_or_default() == market.backstop
    };
    listed != (house.assets.len(), house.markets.len()) || !house.markets.iter().zip(markets).all(backed)
}

fn asset_point(asset: &ballast::state::AssetState, time: i64) -> AssetPoint {
    let price = |price: ballast_risk::price::Price| {
        (price.mantissa != 0).then(|| dollars(asset, price)).filter(|dollars| dollars.is_finite())
    };
    AssetPoint {
        t: time,
        price: price(asset.spot()),
        stable: price(asset.stable()),
        sigma: share(asset.sigma),
        haircut_long: share(asset.haircut_long),
        haircut_short: share(asset.haircut_short),
        haircut_min: share(asset.haircut_min),
        haircut_max: share(asset.haircut_max),
        state: asset.state(time) as u8,
    }
}

fn market_point(market: &Market, listed: &MarketState, inventory: Option<i64>, time: i64) -> MarketPoint {
    MarketPoint {
        t: time,
        open_interest: kept(market.open_interest),
        funding_per_day: listed.funding_rate as f64 / RATE_ONE as f64,
        inventory,
    }
}

/// What a backstop's margin account holds in its market, native units.
fn inventory(board: &RiskBoard, market: usize, slice: &Account) -> Option<i64> {
    let account = decode::margin_account(&slice.data).ok()?;
    let listed = board.market(market).ok()?;
    Some(account.position_now(u8::try_from(market).ok()?, listed).ok()?.base)
}

/// Tokens in a token account: the amount stands behind mint and owner.
fn tokens(account: &Account) -> u64 {
    account.data.get(64..72).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// The time in the clock: the last of its five fields.
fn time_of(clock: &Account) -> Option<i64> {
    clock.data.get(32..40).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes)
}
