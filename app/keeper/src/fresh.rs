//! The board as it will be once the posted prices are on it.
//!
//! An account falls short when a price is posted, not when somebody puts it on the board. So the keeper does on a copy of
//! the board what `refresh_price` does on the chain, with the program's own functions: the update is checked and scaled by
//! the program's oracle module, heard by the board's breaker, and moves σ, haircuts and notice. Assets with a second source
//! or a stake pool are read from accounts inside the instruction: their posted prices are put on the board as soon as they
//! move, and judged there.

use anchor_lang::prelude::{Clock, Pubkey};
use ballast::oracle::pyth;
use ballast::state::{AssetConfig, RiskBoard};

use crate::book::Book;

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
    /// Whether it is on the copy.
    pub applied: bool,
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

    /// Those of these assets whose posted price the board on the chain lacks.
    #[must_use]
    pub fn needed(&self, assets: impl Iterator<Item = u8>) -> Vec<u8> {
        let mut needed: Vec<u8> = assets.filter(|asset| self.pending(*asset).is_some()).collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }
}

/// Whether an asset's price follows from one Pyth account alone.
#[must_use]
pub fn is_simple(config: &AssetConfig, board: &RiskBoard) -> bool {
    let staked = board.assets.get(usize::from(config.index)).is_some_and(|a| a.underlying != 0);
    config.second_source == Pubkey::default() && !staked
}

/// The board of the book with every posted price on it that would be accepted at the cluster's time. None before there is
/// a board.
#[must_use]
pub fn fresh(book: &Book, clock: &Clock) -> Option<Fresh> {
    let mut board = Box::new(*book.board()?);
    let mut posted = Vec::new();
    for asset in 0..board.asset_count {
        let (Some(config), Some(account)) = (book.asset(asset), book.price_account(asset)) else { continue };
        let Some(update) = book.price(&account) else { continue };
        let before = board.assets[usize::from(asset)];
        let publish_time = update.price_message.publish_time;
        if publish_time <= before.publish_time.max(before.heard_time) {
            continue;
        }
        let Ok(mut sample) = pyth::accept(update, config, before.max_age_s, clock) else { continue };
        let simple = is_simple(config, &board);
        if let (Ok(dollars), true) = (sample.said, simple) {
            let Ok(price) = board.in_quote(&dollars) else { continue };
            sample.said = Ok(price);
        }
        let move_bps = sample.said.map_or(u64::MAX, |price| {
            let moved = price.simple_return(&before.spot()).map_or(i64::MAX, i64::abs).unsigned_abs();
            // A rate of 2⁻³² as basis points.
            ((u128::from(moved) * 10_000) >> 32) as u64
        });
        let applied = simple && {
            let mut after = board.clone();
            let heard = after.hear(usize::from(asset), &sample, clock.unix_timestamp).is_ok();
            if heard {
                board = after;
            }
            heard
        };
        posted.push(Posted { asset, account, publish_time, move_bps, applied });
    }
    Some(Fresh { board, posted })
}
