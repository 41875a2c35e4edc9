//! One look: value, choose, read again, decide, send.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anchor_lang::prelude::Pubkey;

use super::Engine;
use crate::act::intent::Intent;
use crate::act::pack::{Batch, Ready, pack};
use crate::chain::sync;
use crate::decide::liquidations::Ahead;
use crate::decide::{Scene, cranks, liquidations, losses, requests, unwind};
use crate::fresh::{self, Fresh};
use crate::journal::Standing;

/// Seconds between two looks at markets, accounts and proposals.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// Time between two looks at what people are to be told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Seconds for which an account about which nothing was to be done comes after the others.
const FRUITLESS_S: i64 = 10;
/// Seconds for which what was done is remembered.
const REMEMBERED_S: i64 = 86_400;

impl Engine {
    /// One look. Nothing is done on a book whose clock nobody has seen for long.
    pub(super) async fn look(&mut self) {
        if self.time.age_s() > self.config.chain.silence_s {
            return;
        }
        let begun = Instant::now();
        let Some(fresh) = self.fresh() else { return };
        let now = self.time.now();
        // Whoever is known to be short comes before whoever may be.
        let time = Duration::from_millis(self.config.watch.pass_ms);
        self.value(&fresh, if self.watch.short().is_empty() { time } else { time / 8 });
        let subjects = self.candidates(&fresh);
        let fresh = if subjects.is_empty() {
            fresh
        } else {
            // What is to be acted on is read again: a decision is made on what stands now.
            let Ok(updates) = sync::by_name(&self.rpc, &self.with_surroundings(&subjects)).await else {
                return;
            };
            self.take_all(updates);
            let Some(fresh) = self.fresh() else { return };
            self.value(&fresh, Duration::ZERO);
            fresh
        };
        let intents = self.decide(&fresh, &subjects);
        self.remember_fruitless(&subjects, &intents, now);
        self.remember_due(&intents, now);
        let batches = self.ready(intents, &fresh);
        let found = !subjects.is_empty() || !batches.is_empty();
        self.send(batches, now).await;
        if found {
            self.metrics.look.observe(begun.elapsed().as_secs_f64());
        }
        if self.told.is_none_or(|last| last.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            self.tell(&fresh);
        }
    }

    fn fresh(&self) -> Option<Fresh> {
        fresh::fresh(&self.book, &self.time.clock())
    }

    /// Values the accounts that a new price can have pushed below MM, and those that changed; and for some time the rest.
    fn value(&mut self, fresh: &Fresh, time: Duration) {
        let rules = &self.config.watch;
        let changed = std::mem::take(&mut self.changed);
        let moved = std::mem::take(&mut self.moved);
        if moved {
            self.watch.renew();
        }
        if !moved && !self.unfinished && changed.is_empty() {
            return;
        }
        let begun = Instant::now();
        let pass = self.watch.pass(&self.book, &fresh.board, self.time.now(), &changed, rules.near_bps, time);
        self.unfinished = !pass.complete;
        self.metrics.pass.observe(begun.elapsed().as_secs_f64());
        self.metrics.valued.inc_by(pass.valued as u64);
        self.metrics.accounts.set(self.book.count() as i64);
        self.metrics.near.set(self.watch.near(rules.near_bps) as i64);
        self.metrics.short.set(self.watch.short().len() as i64);
    }

    fn scene<'a>(&'a self, fresh: &'a Fresh, clock: &'a anchor_lang::prelude::Clock) -> Scene<'a> {
        Scene {
            book: &self.book,
            fresh,
            watch: &self.watch,
            config: &self.config,
            clock,
            now: self.time.now(),
            own: self.own,
            heard: &self.heard,
            recent: &self.recent,
        }
    }

    /// Accounts that something may have to be done about: short ones whose turn it is, the deepest first.
    fn candidates(&self, fresh: &Fresh) -> Vec<Pubkey> {
        let (busy, shard, now) = (self.sender.busy(), self.config.shard(), self.time.now());
        let clock = self.time.clock();
        let scene = self.scene(fresh, &clock);
        let turn = |address: &Pubkey, since: i64| {
            let subject = format!("account:{address}");
            shard.is_my_turn(&subject, since, now) && !busy.contains(&subject)
        };
        let short = self.watch.short().into_iter().filter(|(a, since)| turn(a, *since)).map(|(a, _)| a);
        let marked = self.watch.marked().into_iter().filter(|a| {
            let since = self.due_since.get(&format!("account:{a}")).copied().unwrap_or(now);
            turn(a, since) && liquidations::touch(&scene, a).is_some()
        });
        let mut all: Vec<Pubkey> = short.chain(marked).collect();
        // Accounts about which nothing can be done must not keep the keeper from the others.
        all.sort_by_key(|a| self.fruitless.get(a).is_some_and(|at| now - at < FRUITLESS_S));
        all.truncate(2 * self.config.liquidation.most_at_once);
        all
    }

    fn remember_fruitless(&mut self, subjects: &[Pubkey], intents: &[Intent], now: i64) {
        let decided: HashSet<&str> =
            intents.iter().filter_map(|i| i.subject.strip_prefix("account:")).collect();
        for address in subjects {
            if decided.contains(address.to_string().as_str()) {
                self.fruitless.remove(address);
            } else {
                self.fruitless.insert(*address, now);
            }
        }
    }

    /// Accounts, with everything that a decision about them reads.
    fn with_surroundings(&self, subjects: &[Pubkey]) -> Vec<Pubkey> {
        let at = &self.book.at;
        let mut all = vec![at.board, at.treasury, self.own.0];
        let mut markets: HashSet<u8> = HashSet::new();
        for account in subjects.iter().filter_map(|a| self.book.margin(a)) {
            markets.extend(account.held_positions().map(|slot| slot.market));
        }
        all.extend(markets.into_iter().map(|market| at.market(market)));
        all.extend(self.book.posts().all());
        all.push(crate::chain::time::ADDRESS);
        all.extend(subjects.iter().filter(|a| **a != self.own.0));
        all
    }

    /// What is to be done.
    pub(super) fn decide(&self, fresh: &Fresh, subjects: &[Pubkey]) -> Vec<Intent> {
        let clock = self.time.clock();
        let scene = self.scene(fresh, &clock);
        let mut intents: Vec<Intent> = cranks::prices(&scene).collect();
        intents.extend(requests::decide(&scene));
        let mut ahead = Ahead::of(&scene);
        let short: HashMap<Pubkey, i64> = self.watch.short().into_iter().collect();
        let mut decided = 0;
        for address in subjects {
            if decided >= self.config.liquidation.most_at_once {
                break;
            }
            let mut intent = None;
            if short.contains_key(address) {
                intent = match ahead.as_mut() {
                    Some(ahead) => liquidations::decide(&scene, address, ahead),
                    // Without a margin account of its own the keeper still cranks.
                    None => liquidations::touch(&scene, address),
                };
                // Of a bankrupt account the loss is shared while its position still has another side.
                intent = intent.or_else(|| losses::resolve(&scene, address));
                intent = intent.or_else(|| losses::take_over(&scene, address));
            } else {
                intent = intent.or_else(|| liquidations::touch(&scene, address));
            }
            decided += usize::from(intent.is_some());
            intents.extend(intent);
        }
        intents.extend(cranks::board(&scene));
        if self.housekept.elapsed() >= HOUSEKEEPING {
            intents.extend(cranks::housekeeping(&scene));
            intents.extend(unwind::decide(&scene));
        }
        intents
    }

    /// Notes since when each subject has been due, and forgets what is due no more.
    fn remember_due(&mut self, intents: &[Intent], now: i64) {
        let due: HashSet<&String> = intents.iter().map(|i| &i.subject).collect();
        if self.housekept.elapsed() >= HOUSEKEEPING {
            self.housekept = Instant::now();
            self.due_since.retain(|subject, since| due.contains(subject) || now - *since < 60);
            self.recent.retain(|_, last| now - *last < REMEMBERED_S);
            self.pauses.retain(|_, (_, until)| now - *until < REMEMBERED_S);
            self.fruitless.retain(|_, at| now - *at < FRUITLESS_S);
        }
        for intent in intents {
            self.due_since.entry(intent.subject.clone()).or_insert(now);
        }
    }

    /// Packs those whose turn it is, which are not under way, and which the journal does not know as done.
    fn ready(&self, intents: Vec<Intent>, fresh: &Fresh) -> Vec<Batch> {
        let (busy, shard, now) = (self.sender.busy(), self.config.shard(), self.time.now());
        let mut taken: HashSet<String> = HashSet::new();
        let mut ready: Vec<Ready> = Vec::new();
        let mut admit = |intent: Intent| {
            let since = self.due_since.get(&intent.subject).copied().unwrap_or(now);
            let paused = self.pauses.get(&(intent.kind.to_owned(), intent.subject.clone()));
            if busy.contains(&intent.subject)
                || paused.is_some_and(|(_, until)| now < *until)
                || !(shard.is_my_turn(&intent.subject, since, now) || intent.subject.starts_with("own:"))
                || !taken.insert(intent.subject.clone())
            {
                return;
            }
            let attempts = match self.journal.standing(&intent.key) {
                Ok(Standing::New) => 0,
                Ok(Standing::Failed { attempts, .. }) if attempts < self.config.sending.attempts => attempts,
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, "nothing is sent without the journal");
                    return;
                }
            };
            ready.push(Ready { intent, attempts });
        };
        let clock = self.time.clock();
        let scene = self.scene(fresh, &clock);
        // Whoever waits for a posted price has it put on the board.
        let mut needed: Vec<u8> = intents.iter().flat_map(|i| i.needs.iter().copied()).collect();
        needed.sort_unstable();
        needed.dedup();
        intents.into_iter().for_each(&mut admit);
        needed.into_iter().filter_map(|asset| cranks::refresh(&scene, asset)).for_each(&mut admit);
        let together = self.config.liquidation.touches_together;
        pack(ready, &|batch| self.sender.fits(batch), together)
    }

    async fn send(&mut self, mut batches: Vec<Batch>, now: i64) {
        batches.truncate(self.sender.room());
        if batches.is_empty() {
            return;
        }
        for intent in batches.iter().flat_map(|(batch, _)| batch) {
            let key = if intent.kind == "report_cover" || intent.kind == "settle" {
                (intent.kind, intent.subject.clone())
            } else {
                continue;
            };
            self.recent.insert(key, now);
        }
        if self.config.keeper.dry_run {
            for intent in batches.into_iter().flat_map(|(batch, _)| batch) {
                let seen = self.recent.insert(("dry run", intent.key.clone()), now).is_some();
                if !seen {
                    tracing::info!(
                        kind = intent.kind,
                        subject = intent.subject,
                        expected = intent.expected,
                        detail = intent.detail,
                        "would send"
                    );
                }
            }
            return;
        }
        self.sender.launch(batches.into_iter().map(|(batch, _)| batch).collect()).await;
    }
}
