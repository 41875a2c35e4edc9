//! What is tried with backstops, and with those who cannot pay.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::RequestTradeArgs;
use ballast::state::{BackstopShare, BackstopVault, TradeRequest};
use ballast_client::decode;
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::{Person, Signer};

use super::Op;
use super::checks::Told;
use super::world::{ACTORS, COINS, World};

/// Requests that an account numbers.
pub const REQUESTS: u64 = 3;

impl World {
    fn actor(&self, who: u8) -> Person {
        let a = &self.actors[usize::from(who) % ACTORS];
        Person { key: a.key.insecure_clone(), account: a.account, wallets: a.wallets.clone() }
    }

    fn slice_of(&self, market: u8) -> [u8; 32] {
        self.house.at.slice(market).to_bytes()
    }

    /// An open request of an account.
    pub fn request(&self, account: &Pubkey, id: u64) -> Option<TradeRequest> {
        decode::config(&self.house.vm.data(&self.house.at.trade_request(account, id))).ok()
    }

    /// A market's vault, where it has one.
    pub fn vault(&self, market: u8) -> Option<BackstopVault> {
        decode::config(&self.house.vm.data(&self.house.at.backstop(market))).ok()
    }

    /// An actor's shares of a market's vault, where it has any.
    pub fn shares(&self, market: u8, owner: &Pubkey) -> Option<BackstopShare> {
        decode::config(&self.house.vm.data(&self.house.at.backstop_share(market, owner))).ok()
    }

    /// Somebody with shares of a market's vault: this one, or one of those who founded it.
    fn provider(&self, market: u8, who: u8) -> Person {
        let named = self.actor(who);
        if self.shares(market, &named.pubkey()).is_some() { named } else { self.actor(3 + who % 2) }
    }

    /// An open request, from this one on.
    fn some_request(&self, account: u8, id: u8) -> Option<(Pubkey, TradeRequest)> {
        let from = u64::from(account) * REQUESTS + u64::from(id);
        (0..10 * REQUESTS).map(|i| (from + i) % (10 * REQUESTS)).find_map(|i| {
            let account = self.account((i / REQUESTS) as u8).1;
            Some((account, self.request(&account, i % REQUESTS)?))
        })
    }

    /// Time passes, and all prices are published again.
    fn pass(&mut self, seconds: i64, told: &mut Told) {
        self.house.vm.advance(seconds);
        told.priced = true;
        told.several = true;
        let _ = self.move_all([0; 3]);
    }

    /// Sends an operation of a backstop's; nothing where it makes no sense in this state.
    pub fn attempt_backed(&mut self, op: &Op, told: &mut Told) -> Option<Sent> {
        if !self.kind.is_backed() {
            return None;
        }
        let at = self.house.at;
        Some(match *op {
            Op::OpenShare { market, who } => self.house.open_share(market % 3, &self.actor(who)),
            Op::Back { market, who, size } => {
                let (market, who) = (market % 3, self.provider(market % 3, who));
                told.named = vec![self.slice_of(market)];
                told.market = Some(market.into());
                let amount = u64::from(size) * u64::from(size) * QUOTE;
                self.house.back(market, &who, amount.max(1))
            }
            Op::AskOut { market, who, percent } => {
                let (market, who) = (market % 3, self.provider(market % 3, who));
                let shares = self.shares(market, &who.pubkey())?;
                let part = u128::from(shares.shares) * u128::from(percent) / 100;
                self.house.ask_out(market, &who, part as u64)
            }
            Op::StayIn { market, who } => {
                let (market, who) = (market % 3, self.provider(market % 3, who));
                let cancel = at.backstop_cancel_withdraw(market, who.pubkey());
                self.house.vm.send(&[cancel], &[&who.key])
            }
            Op::WalkOut { market, who, patient } => {
                let (market, who) = (market % 3, self.provider(market % 3, who));
                if patient {
                    let share = self.shares(market, &who.pubkey())?;
                    if share.pending == 0 {
                        let _ = self.house.ask_out(market, &who, share.shares.div_ceil(3));
                    }
                    let asked = self.shares(market, &who.pubkey())?.requested_at;
                    self.pass((asked + 3_600 - self.house.vm.now()).max(1), told);
                }
                told.named = vec![self.slice_of(market)];
                told.market = Some(market.into());
                self.house.walk_out(market, &who)
            }
            Op::AskTrade { market, account, id, buy, size, slack_bps } => {
                let market = market % 3;
                let (owner, account) = self.account(account);
                if size % 4 != 0 {
                    self.pass(1, told);
                }
                let units =
                    self.units(market.into(), 2 * u64::from(size) * u64::from(size) * QUOTE).min(1 << 56);
                let fair = self.fair(market, units as i64)? as f64;
                let slack = f64::from(slack_bps) / 10_000.0;
                let limit = if buy { fair * (1.0 + slack) } else { fair * (1.0 - slack) };
                let base = if buy { units as i64 } else { -(units as i64) };
                let args = RequestTradeArgs {
                    id: u64::from(id) % REQUESTS,
                    base,
                    limit_quote: (limit as u64).max(1),
                    expires_in_s: 60,
                };
                told.named = vec![account.to_bytes(), self.slice_of(market)];
                let payer = self.house.vm.payer.pubkey();
                let ask = at.request_trade(payer, market, (account, owner.pubkey()), args);
                self.house.vm.send(&[ask], &[&owner])
            }
            Op::Execute { account, id, bps, late } => {
                let (account, request) = self.some_request(account, id)?;
                told.named = vec![account.to_bytes(), self.slice_of(request.market)];
                if let Some(bps) = bps {
                    self.house.vm.advance(7);
                    told.priced = true;
                    told.several = true;
                    let _ = self.move_all([bps; 3]);
                    told.priced_at = Some(self.house.vm.now());
                }
                self.house.vm.advance(late.into());
                self.house.vm.send(&[super::actions::whole_limit(), at.execute_trade(&request)], &[])
            }
            Op::CloseTrade { account, id, by } => {
                let (account, request) = self.some_request(account, id)?;
                let by = self.actor(by);
                told.named = vec![account.to_bytes(), self.slice_of(request.market)];
                let close = at.close_request(by.pubkey(), &request);
                self.house.vm.send(&[close], &[&by.key])
            }
            Op::TakeOver { market, account, percent, patient } => {
                let (_, named) = self.account(account);
                let target = self.deepest(&Pubkey::default()).map_or(named, Pubkey::from);
                let held = self.seen.accounts.get(&target.to_bytes())?;
                // One of its perpetuals, if it has any.
                let open: Vec<_> = held.positions.iter().filter(|p| p.market < COINS.len()).collect();
                let position = open.get(usize::from(market) % open.len().max(1))?;
                let (market, base) = (position.market as u8, position.base.unsigned_abs());
                if patient {
                    let touch = at.touch_account(target);
                    let _ = self.house.vm.send(&[touch], &[]);
                    self.pass(61, told);
                }
                told.named = vec![target.to_bytes(), self.slice_of(market)];
                told.before = Some(self.house.margin_account(&target));
                let amount = (u128::from(base) * u128::from(percent) / 100) as u64;
                let take = at.take_over(market, target, amount);
                self.house.vm.send(&[super::actions::whole_limit(), take], &[])
            }
            Op::Funding { market } => {
                told.indexed = true;
                if self.seen.board.moment.0 + 60 < self.house.vm.now() {
                    self.pass(1, told);
                }
                self.house.update_funding(market % 3)
            }
            _ => return None,
        })
    }

    /// Prices run against an account: by so many percent of what would leave it nothing.
    pub fn crash(&mut self, account: u8, percent: u8, told: &mut Told) -> Option<Sent> {
        let (_, key) = self.account(account);
        let held = self.seen.accounts.get(&key.to_bytes())?;
        let board = &self.seen.board;
        let worth = |p: &ballast_tests::auditor::ledger::Position| {
            p.base as f64 * board.assets[board.markets[p.market].asset].spot
        };
        let perpetuals = held.positions.iter().filter(|p| p.market < COINS.len());
        let largest = perpetuals.max_by(|a, b| worth(a).abs().total_cmp(&worth(b).abs()))?;
        let (exposure, asset) = (worth(largest), board.markets[largest.market].asset);
        let equity = board.equity(held).max(1.0);
        let bps = (equity * f64::from(percent) * 100.0 / exposure.abs().max(1.0)).min(7_000.0) as i16;
        let mut moves = [0; 3];
        moves[asset] = if exposure > 0.0 { -bps } else { bps };
        told.priced = true;
        told.several = true;
        self.house.vm.advance(5);
        let mut sent = self.move_all(moves);
        // What is doubted at first is believed when it is said again.
        for _ in 0..if self.kind.is_judged() { 0 } else { 8 } {
            self.house.vm.advance(20);
            sent = self.move_all([0; 3]);
        }
        Some(sent)
    }

    /// Sends what concerns debts and positions that are left behind.
    pub fn attempt_waterfall(&mut self, op: &Op, told: &mut Told) -> Option<Sent> {
        let at = self.house.at;
        Some(match *op {
            Op::Crash { account, percent } => self.crash(account, percent, told)?,
            Op::ResolveBankruptcy { account } => {
                let board = &self.seen.board;
                let below = self.seen.accounts.iter().map(|(key, a)| (key, board.equity(a)));
                let bankrupt = below.filter(|(_, equity)| *equity < 0.0).min_by(|a, b| a.1.total_cmp(&b.1));
                let target = bankrupt.map_or(self.account(account).1, |(key, _)| Pubkey::from(*key));
                let held = self.seen.accounts.get(&target.to_bytes())?;
                let lost = |p: &ballast_tests::auditor::ledger::Position| {
                    let listed = &board.markets[p.market];
                    let open = listed.option.is_none() && p.base != 0;
                    open.then(|| p.entry as f64 + p.base as f64 * board.assets[listed.asset].spot)
                };
                let worst = held.positions.iter().filter_map(|p| Some((p.market as u8, lost(p)?)));
                let worst = worst.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(market, _)| market);
                told.named = vec![target.to_bytes()];
                told.indexed = true;
                told.before = Some(self.house.margin_account(&target));
                let resolve = at.resolve_bankruptcy(target, worst);
                self.house.vm.send(&[super::actions::whole_limit(), resolve], &[])
            }
            Op::TouchPosition { market, account } => {
                let board = self.house.board();
                let lags = |key: &[u8; 32]| {
                    let held = self.house.margin_account(&Pubkey::from(*key));
                    held.held_positions()
                        .find(|p| board.market(p.market.into()).is_ok_and(|m| !m.is_in_step(p)))
                        .map(|p| usize::from(p.market))
                };
                let mut behind = self.seen.accounts.keys().filter_map(|k| Some((*k, lags(k)?)));
                let named = (self.account(account).1.to_bytes(), usize::from(market % 3));
                let (key, market) = behind.next().unwrap_or(named);
                let (account, market) = (Pubkey::from(key), market as u8);
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[at.touch_position(market, account)], &[])
            }
            Op::CountLoan { account } => {
                let (_, account) = self.account(account);
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[at.count_loan(account)], &[])
            }
            Op::Accrue => self.house.accrue_interest(),
            Op::Cover { market, account } => {
                let (_, account) = self.account(account);
                self.house.report_cover(market % 3, &account)
            }
            _ => return None,
        })
    }
}
