//! The board as it will be once the posted prices are on it.
//!
//! An account falls short when a price is posted, not when somebody puts it on the board. So the keeper does on a copy of
//! the board what `refresh_price` does on the chain, with the program's own functions and with all the sources that the
//! asset's config names: Pyth's update, the second source and the stake pool are checked, put together and scaled by the
//! program's oracle module, heard by the board's breaker, and move σ, haircuts and notice. What the program would refuse is
//! neither on the copy nor sent.

use anchor_lang::prelude::{AccountInfo, Clock, Pubkey, UncheckedAccount};
use ballast::oracle::sources::Sources;
use ballast::state::{AssetConfig, RiskBoard, Sample};
use pyth_solana_receiver_sdk::price_update::PriceUpdateV2;

use crate::book::Book;
use crate::chain::Raw;

/// A price that is posted, acceptable, and newer than the board's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Index of the asset.
    pub asset: u8,
    /// Where it is posted.
    pub account: Pubkey,
    /// When it was published, unix seconds.
    pub publish_time: i64,
    /// How far it is from the board's price, basis points.
    pub move_bps: u64,
}

/// The board with posted prices.
pub struct Fresh {
    /// The copy.
    pub board: Box<RiskBoard>,
    /// The prices that the board on the chain lacks.
    pub posted: Vec<Posted>,
}

impl Fresh {
    /// The posted price of an asset that the board on the chain lacks.
    #[must_use]
    pub fn pending(&self, asset: u8) -> Option<&Posted> {
        self.posted.iter().find(|p| p.asset == asset)
    }

    /// Those of these assets whose posted price the board on the chain lacks. With a staked token's comes its underlying's,
    /// which it is converted by.
    #[must_use]
    pub fn needed(&self, assets: impl Iterator<Item = u8>) -> Vec<u8> {
        let pending = assets.filter(|asset| self.pending(*asset).is_some());
        let mut needed: Vec<u8> =
            pending.flat_map(|asset| self.underlying(asset).into_iter().chain([asset])).collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    /// The asset that a staked token is redeemed for, where the board on the chain lacks its posted price.
    #[must_use]
    pub fn underlying(&self, asset: u8) -> Option<u8> {
        let staked = self.board.assets.get(usize::from(asset))?;
        staked.underlying.checked_sub(1).filter(|under| self.pending(*under).is_some())
    }
}

/// An account as the program would be passed it.
fn passed<'a>(address: &'a Pubkey, raw: &'a mut Raw) -> AccountInfo<'a> {
    AccountInfo::new(address, false, false, &mut raw.lamports, &mut raw.data, &raw.owner, false)
}

/// What all sources of an asset say, as `refresh_price` would hear it; none where it would be refused.
fn sample(
    book: &Book,
    config: &AssetConfig,
    price_update: &PriceUpdateV2,
    board: &mut RiskBoard,
    clock: &Clock,
) -> Option<Sample> {
    let mut second = book.source(&config.second_source).cloned();
    let mut pool = book.source(&config.stake_pool).cloned();
    let second = second.as_mut().map(|raw| passed(&config.second_source, raw));
    let pool = pool.as_mut().map(|raw| passed(&config.stake_pool, raw));
    let second = second.as_ref().map(UncheckedAccount::try_from);
    let pool = pool.as_ref().map(UncheckedAccount::try_from);
    let sources = Sources { price_update, second_source: second.as_ref(), stake_pool: pool.as_ref() };
    sources.sample(config, board, clock).ok()
}

/// The board of the book with every posted price on it that would be accepted at the cluster's time. None before there is
/// a board.
#[must_use]
pub fn fresh(book: &Book, clock: &Clock) -> Option<Fresh> {
    let mut board = Box::new(*book.board()?);
    let mut posted = Vec::new();
    // A staked token comes after its underlying, which was listed before it.
    for asset in 0..board.asset_count {
        let (Some(config), Some(account)) = (book.asset(asset), book.price_account(asset)) else { continue };
        let Some(update) = book.price(&account) else { continue };
        let before = board.assets[usize::from(asset)];
        let publish_time = update.price_message.publish_time;
        if publish_time <= before.publish_time.max(before.heard_time) {
            continue;
        }
        let mut after = board.clone();
        let Some(sample) = sample(book, config, update, &mut after, clock) else { continue };
        if after.hear(usize::from(asset), &sample, clock.unix_timestamp).is_err() {
            continue;
        }
        let move_bps = sample.said.map_or(u64::MAX, |price| {
            let moved = price.simple_return(&before.spot()).map_or(i64::MAX, i64::abs).unsigned_abs();
            // A rate of 2⁻³² as basis points.
            ((u128::from(moved) * 10_000) >> 32) as u64
        });
        board = after;
        posted.push(Posted { asset, account, publish_time, move_bps });
    }
    Some(Fresh { board, posted })
}
