//! The end of a house: everybody reduces, is liquidated or expires, settles, repays, withdraws, closes.
//!
//! No state may be final. Whatever a sequence left behind, somebody with deep pockets at hand and owners who are willing,
//! every position can be closed, and every account that is owed nothing by others can be emptied and closed.

use std::collections::{BTreeMap, BTreeSet};

use anchor_lang::prelude::Pubkey;
use ballast::event::TradeDeclined;
use ballast_client::events;
use ballast_client::health::health;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{Keypair, Person, Signer};
use ballast_tests::auditor::{Account, Key, Ledger};

use super::Counts;
use super::world::{COINS, World};
use crate::common::ledger;

/// Whole quote tokens of whoever takes the other side.
const DEEP: u64 = 1_000_000_000_000;
/// Rounds after which nothing is expected to change any more.
const ROUNDS: usize = 24;
/// Until options have expired and their settlement price may be fixed, seconds.
const PATIENCE_S: i64 = 3_601;
/// No guardian may keep a house shut for longer, seconds.
const LONGEST_PAUSE_S: i64 = 31 * 86_400;
/// Days in which everybody gets all of its money where outflow is limited.
const DAYS: usize = 365;
/// How long prices stand still until nobody may doubt them any more.
const CALM_STEPS: usize = 300;
const CALM_STEP_S: i64 = 50;
/// By how much a price may have been higher when dust was traded or taken over.
const DUST_ROSE: i64 = 4;
/// Of these, how many end the doubts after a silence: fewer than the hour in which a provider may leave.
const RECOVERY_STEPS: usize = 8;

impl World {
    /// Closes everything that can be closed.
    ///
    /// # Errors
    /// What stays and should not.
    pub fn wind_down(&mut self, counts: &mut Counts) -> Result<(), String> {
        // Whoever comes to help must be let in: no pause lasts.
        self.wait_for_pauses()?;
        let rich = self.house.person();
        self.house
            .fund_quote(&rich, DEEP * QUOTE)
            .map_err(|e| format!("nobody may deposit any more: {e}"))?;
        let owners = self.owners(&rich);
        self.calm(&owners)?;
        self.empty_slices(&rich)?;
        self.reduce(&rich, &owners, counts)?;
        self.expire()?;
        // Lenders leave when borrowers have repaid; who has repaid pays more of its losses, and may owe again.
        for _ in 0..ROUNDS {
            self.settle_all();
            let slices = self.slices();
            let owing: Vec<_> = ledger(&self.house)
                .accounts
                .into_iter()
                .filter(|(key, a)| a.quote < 0 && !slices.contains(key))
                .collect();
            if owing.is_empty() {
                break;
            }
            for (key, account) in owing {
                self.repay(Pubkey::from(key), &owners[&key], account.quote)?;
            }
        }
        let seen = self.attested()?;
        for (market, listed) in seen.markets.iter().enumerate() {
            // Of a side that was deleveraged truncation leaves units behind, which nobody holds.
            let perpetual = seen.board.markets[market].option.is_none();
            if listed.open_interest > if perpetual { self.dust[market] } else { 0 } {
                return Err(format!("market {market} cannot be emptied: {listed:?}"));
            }
        }
        // A profit waits while a loss is unpaid: the waterfall's part.
        let unpaid = seen.accounts.values().any(|a| a.positions.iter().any(|p| p.entry < 0));
        let slices = self.slices();
        for (key, account) in seen.accounts.iter().filter(|(key, _)| !slices.contains(*key)) {
            if !account.positions.is_empty() {
                let most = |market: usize| self.dust[market];
                let dust = account.positions.iter().any(|p| {
                    (1..=most(p.market)).contains(&p.base.unsigned_abs())
                        || (p.base == 0 && (1..=self.worth_of_dust(p.market)).contains(&p.entry))
                });
                if !unpaid && !dust {
                    let refused = account.positions.iter().filter_map(|p| {
                        let settle = self.house.at.settle(p.market as u8, Pubkey::from(*key));
                        self.house.vm.send(&[settle], &[]).err().map(|refused| refused.to_string())
                    });
                    let why: Vec<_> = refused.collect();
                    return Err(format!(
                        "an account cannot be settled, and nobody owes it: {why:?}, {account:?}"
                    ));
                }
                counts.waiting += 1;
                continue;
            }
            self.leave(Pubkey::from(*key), &owners[key], account)?;
            counts.closed += 1;
        }
        self.providers_leave()?;
        self.attested().map(|_| ())
    }

    /// Margin accounts of backstops.
    fn slices(&self) -> Vec<Key> {
        (0..COINS.len() as u8).map(|market| self.house.at.slice(market).to_bytes()).collect()
    }

    /// Until nothing is paused any more: nobody may keep a house shut.
    fn wait_for_pauses(&mut self) -> Result<(), String> {
        let until = self.house.board().pause_until;
        let now = self.house.vm.now();
        must!(until - now <= LONGEST_PAUSE_S, "a pause of {} seconds", until - now);
        self.house.vm.advance((until - now).max(0) + 1);
        Ok(())
    }

    /// Prices stand still, the quote token costs a dollar, and owners hold nothing back: doubts and graces end.
    fn calm(&mut self, owners: &BTreeMap<Key, Keypair>) -> Result<(), String> {
        self.quote_price = 1.0;
        for (key, owner) in owners {
            let free =
                ballast_client::instructions::set_restriction(owner.pubkey(), Pubkey::from(*key), false);
            let _ = self.house.vm.send(&[free], &[owner]);
        }
        // What is guarded may only be reduced, and the rich one takes on: until risk is what governance allows.
        for _ in 0..CALM_STEPS {
            // Two samples on: what has just happened enters volatility with the next one.
            for _ in 0..2 {
                self.house.vm.advance(300);
                let _ = self.fresh_prices();
            }
            let listed = self.house.assets.len();
            if self.house.board().assets[..listed].iter().all(|a| a.breaker == 0) {
                break;
            }
            self.house.vm.advance(6 * 3_600);
            let _ = self.fresh_prices();
            let _ = self.house.tick();
        }
        if self.kind.is_judged() {
            return Ok(());
        }
        for _ in 0..CALM_STEPS {
            self.house.vm.advance(CALM_STEP_S);
            let _ = self.fresh_prices();
            let (board, now) = (self.house.board(), self.house.vm.now());
            let listed = &board.assets[..self.house.assets.len()];
            let doubted =
                listed.iter().any(|a| a.breaker >= 2 || now < a.grace_until || a.is_far(&board.prices));
            if !doubted && now >= board.grace_until && !board.is_off_peg(now) {
                return Ok(());
            }
        }
        let board = self.house.board();
        let states: Vec<_> = board.assets[..self.house.assets.len()].iter().map(|a| a.breaker).collect();
        Err(format!(
            "prices stand still for {} seconds and are doubted: {states:?}",
            CALM_STEPS as i64 * CALM_STEP_S
        ))
    }

    /// Open requests end, and the rich one takes what backstops hold, at their price.
    fn empty_slices(&mut self, rich: &Person) -> Result<(), String> {
        if !self.kind.is_backed() {
            return Ok(());
        }
        self.house.vm.advance(120);
        self.fresh_prices()?;
        self.house.vm.advance(60);
        for (index, id) in (0..10).flat_map(|i| (0..super::backed::REQUESTS).map(move |id| (i, id))) {
            let account = self.account(index).1;
            if let Some(request) = self.request(&account, id) {
                let close = self.house.at.close_request(rich.pubkey(), &request);
                let closed = self.house.vm.send(&[close], &[&rich.key]);
                closed.map_err(|e| format!("a request that is over stays: {e}"))?;
            }
        }
        for market in 0..COINS.len() as u8 {
            for id in 0..ROUNDS as u64 {
                let held =
                    ledger(&self.house).accounts[&self.house.at.slice(market).to_bytes()].base(market.into());
                if held == 0 {
                    break;
                }
                let most = self.vault(market).map_or(0, |v| v.params.max_trade) as i64;
                self.fresh_prices()?;
                let asked = self.house.ask_trade(market, rich, 1_000 + id, held.clamp(-most, most));
                asked.map_err(|e| format!("nobody may take over what a backstop holds: {e}"))?;
                self.house.vm.advance(7);
                self.fresh_prices()?;
                let done = self.house.execute(rich, 1_000 + id);
                let done = done.map_err(|e| format!("what a backstop holds cannot be bought: {e}"))?;
                if let Some(declined) = events::of::<TradeDeclined>(&done.logs).pop() {
                    let ended = self.end_slice(rich, market);
                    ended.map_err(|e| {
                        format!("backstop {market} declined ({:?}), and {e}", declined.reason)
                    })?;
                }
            }
            let held =
                ledger(&self.house).accounts[&self.house.at.slice(market).to_bytes()].base(market.into());
            must!(held == 0, "a backstop keeps {held} of market {market}");
        }
        Ok(())
    }

    /// A backstop that cannot trade any more is short or bankrupt: it is liquidated like anybody, or resolved once keepers
    /// have had their time.
    fn end_slice(&mut self, rich: &Person, market: u8) -> Result<(), String> {
        let slice = self.house.at.slice(market);
        if self.take_over(rich, &slice) {
            return Ok(());
        }
        let touch = self.house.at.touch_account(slice);
        let _ = self.house.vm.send(&[super::actions::whole_limit(), touch], &[]);
        let board = self.house.board();
        self.house.vm.advance(board.phases.resolve_s.max(board.phases.takeover_s).into());
        self.fresh_prices()?;
        self.seen = ledger(&self.house);
        let resolve = self.house.at.resolve_with_backstop(slice, market);
        let sent = self.house.vm.send(&[super::actions::whole_limit(), resolve], &[]);
        let after = ledger(&self.house);
        self.count_dust(&sent, &after)?;
        self.seen = after;
        sent.map(drop).map_err(|e| format!("can neither be liquidated nor resolved: {e}"))
    }

    /// Providers ask for all their shares, wait, and leave with what there is.
    fn providers_leave(&mut self) -> Result<(), String> {
        let shares: Vec<_> = (0..COINS.len() as u8)
            .flat_map(|market| (0..self.actors.len()).map(move |who| (market, who)))
            .filter_map(|(market, who)| {
                let held = self.shares(market, &self.actors[who].pubkey())?;
                let current = held.epoch == self.vault(market)?.epoch;
                (current && held.shares > 0).then_some((market, who, held.shares))
            })
            .collect();
        let person = |world: &Self, who: usize| {
            let a = &world.actors[who];
            Person { key: a.key.insecure_clone(), account: a.account, wallets: a.wallets.clone() }
        };
        for (market, who, held) in &shares {
            let who = person(self, *who);
            self.house.ask_out(*market, &who, *held).map_err(|e| format!("a provider may not ask: {e}"))?;
        }
        // Governance may have made some wait longer than others.
        let asked = self.house.vm.now();
        let delay = |world: &Self, market: u8| {
            world.vault(market).map_or(0, |v| i64::from(v.params.withdrawal_delay_s))
        };
        let mut leaving = shares;
        leaving.sort_by_key(|(market, ..)| delay(self, *market));
        for (market, who, _) in &leaving {
            let left = asked + delay(self, *market) - self.house.vm.now();
            if left > 0 {
                self.house.vm.advance(left);
                for _ in 0..RECOVERY_STEPS {
                    self.house.vm.advance(CALM_STEP_S);
                    self.fresh_prices()?;
                }
            }
            let who = person(self, *who);
            let slice = &ledger(&self.house).accounts[&self.house.at.slice(*market).to_bytes()];
            // What others still owe it, it cannot pay out; and there may be nothing left.
            if slice.positions.is_empty() && slice.quote > 0 {
                self.house
                    .walk_out(*market, &who)
                    .map_err(|e| format!("a provider cannot leave: {e}, {slice:?}"))?;
            }
        }
        Ok(())
    }

    /// Withdraws, in as many days as the limits on outflow ask for.
    fn withdraw_all(
        &mut self,
        address: Pubkey,
        owner: &Keypair,
        wallet: Pubkey,
        amount: u64,
    ) -> Result<(), String> {
        let mut left = amount;
        for _ in 0..DAYS {
            let mut part = left;
            let mut last = None;
            while part > 0 {
                let withdraw = self.house.at.withdraw(address, owner.pubkey(), None, wallet, part);
                match self.house.vm.send(&[withdraw], &[owner]) {
                    Ok(_) => break,
                    Err(e) => last = Some(e),
                }
                part = if self.kind.is_judged() { 0 } else { part / 2 };
            }
            left -= part;
            match last {
                _ if left == 0 => return Ok(()),
                Some(e) if self.kind.is_judged() => return Err(format!("{left} cannot leave: {e}")),
                _ => {}
            }
            self.house.vm.advance(86_400);
            self.fresh_prices()?;
        }
        Err(format!("{left} of {amount} cannot leave in {DAYS} days"))
    }

    /// Keys by margin account.
    fn owners(&self, rich: &Person) -> BTreeMap<Key, Keypair> {
        let mut owners: BTreeMap<Key, Keypair> = (0..10)
            .map(|index| self.account(index))
            .map(|(owner, account)| (account.to_bytes(), owner))
            .collect();
        owners.insert(rich.account.to_bytes(), rich.key.insecure_clone());
        owners
    }

    fn fresh_prices(&mut self) -> Result<(), String> {
        self.house.vm.advance(1);
        let _ = self.say_quote();
        for asset in 0..self.house.assets.len() as u8 {
            let price = self.moved(asset.into(), 0);
            self.house.post(asset, price);
            self.house
                .refresh(asset)
                .map_err(|e| format!("a good price of asset {asset} is refused: {e}"))?;
        }
        Ok(())
    }

    /// What stands, attested by the program and without a problem by the auditor.
    fn attested(&mut self) -> Result<Ledger, String> {
        let seen = ledger(&self.house);
        let found = if self.kind.is_judged() { seen.problems() } else { seen.book_problems() };
        if let Some(problem) = found.into_iter().next() {
            return Err(problem);
        }
        self.attest(&seen)?;
        Ok(seen)
    }

    /// Everybody hands its positions to the rich one, by agreement or by liquidation.
    fn reduce(
        &mut self,
        rich: &Person,
        owners: &BTreeMap<Key, Keypair>,
        counts: &mut Counts,
    ) -> Result<(), String> {
        let mut why = String::new();
        let mut paid = BTreeSet::new();
        for _ in 0..ROUNDS {
            self.fresh_prices()?;
            let seen = ledger(&self.house);
            let mut open = 0;
            let slices = self.slices();
            let others = seen
                .accounts
                .iter()
                .filter(|(key, _)| **key != rich.account.to_bytes() && !slices.contains(*key));
            for (key, account) in others {
                let address = Pubkey::from(*key);
                let mut reduced = false;
                for position in account.positions.iter().filter(|p| p.base != 0) {
                    open += 1;
                    let market = position.market as u8;
                    match self.hand_over(rich, (address, &owners[key]), market, position.base) {
                        Ok(()) => reduced = true,
                        Err(refused) => why = refused,
                    }
                }
                let open_here = account.positions.iter().any(|p| p.base != 0);
                if open_here && !reduced && !self.take_over(rich, &address) {
                    // Above MM, so nobody may take anything; below IM, so giving up one leg of a hedge is refused: a
                    // bilateral fill cannot give up both. The owner pays in and is free; where that is not enough, what
                    // every leg needs to stand alone, and what would be owed without them.
                    let more = if paid.insert(*key) { 0 } else { self.to_stand_alone(account) };
                    self.pay_in(address, &owners[key], more)?;
                    counts.paid_in += 1;
                }
            }
            if open == 0 {
                return Ok(());
            }
        }
        let seen = ledger(&self.house);
        let left = seen.accounts.iter().filter(|(key, _)| **key != rich.account.to_bytes());
        let slices = self.slices();
        let left = left.filter(|(key, _)| !slices.contains(*key));
        // Who bought an option that is worth nothing, or is in its window, waits for it to expire.
        let perpetual = |market: usize| seen.board.markets[market].option.is_none();
        let left: Vec<_> = left
            .filter(|(_, a)| a.positions.iter().any(|p| p.base != 0 && perpetual(p.market)))
            .map(|(_, a)| a)
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("positions can neither be closed nor liquidated ({why}): {left:?}"))
        }
    }

    /// The account's whole position to the rich one at the oracle's price, or an option's mark. A few native units have
    /// no price in whole micro-units inside the band: they are made more first.
    fn hand_over(
        &mut self,
        rich: &Person,
        whose: (Pubkey, &Keypair),
        market: u8,
        base: i64,
    ) -> Result<(), String> {
        const ENOUGH: u64 = 1_000;
        let value = self.fair(market, base.abs()).ok_or("it has no price")?;
        let Some(times) = (value < ENOUGH).then(|| i64::try_from(ENOUGH.div_ceil(value)).unwrap_or(1)) else {
            return self.fill(rich, whose, market, base);
        };
        // The value of a unit is rounded up to one here, so more than it seems is needed.
        let more = base.saturating_mul(times * ENOUGH as i64);
        match self.fill(rich, whose, market, -more) {
            Ok(()) => self.fill(rich, whose, market, base.saturating_add(more)),
            Err(_) => self.fill(rich, whose, market, base),
        }
    }

    fn fill(
        &mut self,
        rich: &Person,
        (address, owner): (Pubkey, &Keypair),
        market: u8,
        base: i64,
    ) -> Result<(), String> {
        let quote = self.fair(market, base.abs()).ok_or("it has no price")?;
        let args = ballast::instructions::MatchFillArgs { base, quote };
        let fill = self.house.at.match_fill(market, rich.party(), (address, owner.pubkey()), args);
        let sent = self.house.vm.send(&[super::actions::whole_limit(), fill], &[&rich.key, owner]);
        sent.map(drop).map_err(|refused| refused.to_string())
    }

    fn take_over(&mut self, rich: &Person, target: &Pubkey) -> bool {
        let Some(plan) = self.house.plan(target, rich) else { return false };
        let liquidate = self.house.at.liquidate(*target, rich.party(), &plan.legs);
        self.house.vm.send(&[super::actions::whole_limit(), liquidate], &[&rich.key]).is_ok()
    }

    /// All that truncation can have taken from a market's sides, a unit of each account a deleveraging, is worth at most so
    /// much, whenever it was traded or taken over: nobody was on its other side, so nobody owes it.
    fn worth_of_dust(&self, market: usize) -> i64 {
        let units = (self.deleveraged[market] * (self.seen.accounts.len() as u64 + 1)).cast_signed();
        let now = if units == 0 { None } else { self.fair(market as u8, units) };
        now.map_or(0, |value| i64::try_from(value).unwrap_or(i64::MAX).saturating_mul(DUST_ROSE))
    }

    /// What the account's positions are worth without regard to their signs, and what it would owe in quote if all of them
    /// were closed at fair prices: who has as much needs no hedge for any leg, nor a loan for what a leg hedges.
    fn to_stand_alone(&self, account: &Account) -> u64 {
        let (mut gross, mut left) = (0, i128::from(account.quote));
        for p in &account.positions {
            let value = i128::from(self.fair(p.market as u8, p.base.abs()).unwrap_or(0));
            gross += value;
            left += i128::from(p.entry) + i128::from(p.base.signum()) * value;
        }
        u64::try_from(gross - left.min(0)).unwrap_or(u64::MAX)
    }

    /// The owner deposits as much as the account is short of IM, something for the next price, and more if asked.
    fn pay_in(&mut self, address: Pubkey, owner: &Keypair, more: u64) -> Result<(), String> {
        let account = self.house.margin_account(&address);
        let health = health(&account, &self.house.board(), self.house.vm.now());
        let Ok(health) = health else { return Err(format!("{account:?} cannot be valued at fresh prices")) };
        let missing =
            i64::try_from(health.initial.initial).unwrap_or(i64::MAX).saturating_sub(health.initial.equity);
        let amount = missing.max(0).unsigned_abs() + health.initial.initial / 4 + QUOTE + more;
        let mint = self.house.at.quote_mint;
        let wallet = self.house.vm.create_wallet(&mint, &owner.pubkey(), amount);
        let deposit = self.house.at.deposit(address, owner.pubkey(), None, wallet, amount);
        self.house.vm.send(&[deposit], &[owner]).map(drop).map_err(|e| format!("nobody may pay in: {e}"))
    }

    /// Time goes on until every option has expired, and its settlement price is final.
    fn expire(&mut self) -> Result<(), String> {
        let board = ledger(&self.house).board;
        let last = board.markets.iter().filter_map(|m| m.option).map(|o| o.expiry).max().unwrap_or(0);
        let now = self.house.vm.now();
        if last + PATIENCE_S > now {
            self.house.vm.advance(last + PATIENCE_S - now);
        }
        for (market, option) in board.markets.iter().enumerate().filter_map(|(i, m)| Some((i, m.option?))) {
            if !option.is_final() {
                self.house
                    .fix_settlement_price(market as u8)
                    .map_err(|e| format!("option {market} never settles: {e}"))?;
            }
        }
        self.fresh_prices()
    }

    /// Everybody settles, losers too, and what is left of positions is cleared, until nothing moves.
    fn settle_all(&mut self) {
        for _ in 0..ROUNDS {
            let mut moved = false;
            for (key, account) in &ledger(&self.house).accounts {
                for position in &account.positions {
                    let (at, market, address) = (self.house.at, position.market as u8, Pubkey::from(*key));
                    moved |= self.house.vm.send(&[at.settle(market, address)], &[]).is_ok();
                    // Who was deleveraged as a whole and is owed nothing keeps its place until it is touched.
                    if (position.base, position.entry) == (0, 0) {
                        moved |= self.house.vm.send(&[at.touch_position(market, address)], &[]).is_ok();
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The owner repays a loan.
    fn repay(&mut self, address: Pubkey, owner: &Keypair, quote: i64) -> Result<(), String> {
        let (mint, owed) = (self.house.at.quote_mint, quote.unsigned_abs());
        let wallet = self.house.vm.create_wallet(&mint, &owner.pubkey(), owed);
        let repay = self.house.at.deposit(address, owner.pubkey(), None, wallet, owed);
        self.house.vm.send(&[repay], &[owner]).map(drop).map_err(|e| format!("a loan cannot be repaid: {e}"))
    }

    /// The owner withdraws all there is, and closes.
    fn leave(&mut self, address: Pubkey, owner: &Keypair, account: &Account) -> Result<(), String> {
        let at = self.house.at;
        let quote_mint = at.quote_mint;
        let wallet = self.house.vm.create_wallet(&quote_mint, &owner.pubkey(), 0);
        let mut leaves = Vec::new();
        if account.quote > 0 {
            self.withdraw_all(address, owner, wallet, account.quote.unsigned_abs())?;
        }
        for held in &account.collateral {
            let collateral = self.house.collateral(held.asset as u8);
            let wallet = self.house.vm.create_wallet(&collateral.mint, &owner.pubkey(), 0);
            leaves.push(at.withdraw(address, owner.pubkey(), Some(collateral), wallet, held.amount));
        }
        leaves.push(at.close_margin_account(owner.pubkey(), address));
        for step in leaves {
            self.house.vm.send(&[step], &[owner]).map_err(|e| format!("{account:?} cannot leave: {e}"))?;
        }
        Ok(())
    }

    /// What so many native units cost: at the oracle's price, or an option's mark; none without a price.
    pub fn fair(&self, market: u8, base: i64) -> Option<u64> {
        let board = self.house.board();
        let listed = board.market(market.into()).ok()?;
        let spot = board.asset(listed.asset.into()).ok()?.spot();
        let value = if listed.is_option() {
            let asset = board.asset(listed.asset.into()).ok()?;
            let option = listed.option(asset, base, board.params.horizon_s, self.house.vm.now()).ok()?;
            option.value(&spot, &ballast_risk::option::VolBand::NONE).ok()?
        } else {
            spot.value(base).ok()?
        };
        Some(value.unsigned_abs().max(1))
    }
}
