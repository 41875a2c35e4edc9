//! What `check` shows: the house, the keeper's own account, and what would be done now.

use std::fmt::Write as _;

use super::Engine;
use crate::watch::Watch;
use ballast_client::deployment::symbol_text;
use std::collections::HashSet;
use std::time::Duration;

impl Engine {
    /// A text for people.
    #[must_use]
    pub fn account(&mut self) -> String {
        let mut text = String::new();
        let c = &self.config;
        let _ = writeln!(text, "node            {} and {}", c.chain.rpc, c.chain.ws);
        let _ = writeln!(text, "clearinghouse   {}", self.book.at.clearinghouse);
        let _ = writeln!(text, "key             {}", self.own.1);
        match self.book.margin(&self.own.0) {
            Some(own) => {
                let _ = writeln!(text, "margin account  {}, {} micro-units of quote", self.own.0, own.quote);
            }
            None => {
                let _ = writeln!(
                    text,
                    "margin account  {} is not open: nothing can be liquidated, everything else is done",
                    self.own.0
                );
            }
        }
        let _ = writeln!(text, "shard           {} of {}", c.shards.index, c.shards.count);
        let count = self.book.board().map_or(0, |b| b.asset_count);
        for asset in 0..count {
            let name = self.book.asset(asset).map_or(String::new(), |a| symbol_text(&a.symbol));
            let Some(address) = self.book.price_account(asset) else { continue };
            let said = match self.book.price(&address) {
                Some(p) => format!("published at {}", p.price_message.publish_time),
                None => "MISSING: name it in prices.accounts, or have it posted".into(),
            };
            let _ = writeln!(text, "price {asset:<2} {name:<7}{address}, {said}");
            for beside in self.book.asset(asset).into_iter().flat_map(crate::book::beside) {
                let said = if self.book.source(&beside).is_some() { "there" } else { "MISSING" };
                let _ = writeln!(text, "  beside {name:<9}{beside}, {said}");
            }
            if let Some(implied) = self.book.posts().implied.get(&asset) {
                let said = match self.book.price(implied) {
                    Some(p) => format!("published at {}", p.price_message.publish_time),
                    None => "MISSING: name it in prices.implied, or have it posted".into(),
                };
                let _ = writeln!(text, "  implied {name:<8}{implied}, {said}");
            }
        }
        let _ = writeln!(text, "margin accounts {}", self.book.count());
        let Some(fresh) = crate::fresh::fresh(&self.book, &self.time.clock()) else { return text };
        self.watch = Watch::default();
        let all: HashSet<_> = self.book.margins().copied().collect();
        let near = self.config.watch.near_bps;
        self.watch.pass(&self.book, &fresh.board, self.time.now(), &all, near, Duration::MAX);
        let short: Vec<_> = self.watch.short().into_iter().map(|(address, _)| address).collect();
        let _ = writeln!(text, "near their MM   {}, below it {}", self.watch.near(near), short.len());
        for intent in self.decide(&fresh, &short) {
            let _ = writeln!(text, "would           {} {} {}", intent.kind, intent.subject, intent.detail);
        }
        text
    }
}
