//! Deciding: from what stands in the book to what is to be done.
//!
//! Nothing here reads a clock, a node or a file: the same book, board and time give the same intents.
//!
//! | module | what it decides |
//! |---|---|
//! | [`cranks`] | prices, ticks, funding, interest, settlement, proposals |
//! | [`liquidations`] | touches and liquidations |
//! | [`losses`] | takeovers by the backstop, and bankruptcies |
//! | [`requests`] | requests to trade with a backstop |
//! | [`unwind`] | what the keeper took over, and passes on |

pub mod cranks;
pub mod liquidations;
pub mod losses;
pub mod requests;
pub mod unwind;

use std::collections::HashMap;
use std::time::Instant;

use anchor_lang::prelude::{Clock, Pubkey};
use ballast::margin::BoardView;
use ballast::state::{MarginAccount, RiskBoard};

use crate::book::Book;
use crate::config::Config;
use crate::fresh::Fresh;
use crate::watch::Watch;

/// What is decided upon.
pub struct Scene<'a> {
    /// What stands on the chain.
    pub book: &'a Book,
    /// The board with posted prices on it.
    pub fresh: &'a Fresh,
    /// How accounts stand.
    pub watch: &'a Watch,
    /// What the keeper was told.
    pub config: &'a Config,
    /// The cluster's clock.
    pub clock: &'a Clock,
    /// The cluster's time, unix seconds.
    pub now: i64,
    /// The keeper's margin account, and the key that signs for it.
    pub own: (Pubkey, Pubkey),
    /// When each price account was last heard to change.
    pub heard: &'a HashMap<Pubkey, Instant>,
    /// When something was last done about each subject, by kind and subject, unix seconds.
    pub recent: &'a HashMap<(&'static str, String), i64>,
}

impl Scene<'_> {
    /// The board that stands on the chain; the fresh one where there is none.
    #[must_use]
    pub fn board(&self) -> &RiskBoard {
        self.book.board().unwrap_or(&self.fresh.board)
    }

    /// Whether nothing of a kind was done about a subject for so many seconds.
    #[must_use]
    pub fn is_due(&self, kind: &'static str, subject: &str, every_s: i64) -> bool {
        let last = self.recent.get(&(kind, subject.to_owned()));
        last.is_none_or(|last| self.now.saturating_sub(*last) >= every_s)
    }

    /// The assets of an account whose posted prices the board lacks.
    #[must_use]
    pub fn needs(&self, account: &MarginAccount) -> Vec<u8> {
        let assets = BoardView::assets(account, &self.fresh.board);
        self.fresh.needed(assets.filter_map(Result::ok).filter_map(|a| u8::try_from(a).ok()))
    }

    /// When the youngest price of an account was heard.
    #[must_use]
    pub fn price_heard(&self, account: &MarginAccount) -> Option<Instant> {
        let assets = BoardView::assets(account, &self.fresh.board).filter_map(Result::ok);
        let accounts = assets.filter_map(|a| self.book.price_account(u8::try_from(a).ok()?));
        accounts.filter_map(|a| self.heard.get(&a)).max().copied()
    }
}
