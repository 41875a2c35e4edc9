//! The end of a house: everybody reduces, is liquidated or expires, settles, repays, withdraws, closes.
//!
//! No state may be final. Whatever a sequence left behind, somebody with deep pockets at hand and owners who are willing,
//! every position can be closed, and every account that is owed nothing by others can be emptied and closed.

use std::collections::BTreeMap;

use anchor_lang::prelude::Pubkey;
use ballast_client::health::health;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{Keypair, Person, Signer};
use ballast_tests::auditor::{Key, Ledger};

use super::Counts;
use super::world::World;
use crate::common::ledger;

/// Whole quote tokens of whoever takes the other side.
const DEEP: u64 = 1_000_000_000_000;
/// Rounds after which nothing is expected to change any more.
const ROUNDS: usize = 24;
/// Until options have expired and their settlement price may be fixed, seconds.
const PATIENCE_S: i64 = 3_601;

impl World {
    /// Closes everything that can be closed.
    ///
    /// # Errors
    /// What stays and should not.
    pub fn wind_down(&mut self, counts: &mut Counts) -> Result<(), String> {
        let rich = self.house.person();
        self.house
            .fund_quote(&rich, DEEP * QUOTE)
            .map_err(|e| format!("nobody may deposit any more: {e}"))?;
        let owners = self.owners(&rich);
        self.reduce(&rich, &owners, counts)?;
        self.expire()?;
        // Lenders leave when borrowers have repaid; who has repaid pays more of its losses, and may owe again.
        for _ in 0..ROUNDS {
            self.settle_all();
            let owing: Vec<_> =
                ledger(&self.house).accounts.into_iter().filter(|(_, a)| a.quote < 0).collect();
            if owing.is_empty() {
                break;
            }
            for (key, account) in owing {
                self.repay(Pubkey::from(key), &owners[&key], account.quote)?;
            }
        }
        let seen = self.attested()?;
        for (market, listed) in seen.markets.iter().enumerate() {
            if listed.open_interest != 0 {
                return Err(format!("market {market} cannot be emptied: {listed:?}"));
            }
        }
        // A profit waits while a loss is unpaid: the waterfall's part.
        let unpaid = seen.accounts.values().any(|a| a.positions.iter().any(|p| p.entry < 0));
        for (key, account) in &seen.accounts {
            if !account.positions.is_empty() {
                if !unpaid {
                    return Err(format!("an account cannot be settled, and nobody owes it: {account:?}"));
                }
                counts.waiting += 1;
                continue;
            }
            self.leave(Pubkey::from(*key), &owners[key], account)?;
            counts.closed += 1;
        }
        self.attested().map(|_| ())
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
        if let Some(problem) = seen.problems().into_iter().next() {
            return Err(problem);
        }
        self.house.attest_solvency().map_err(|e| format!("solvency cannot be attested: {e}"))?;
        Ok(seen)
    }

    /// Everybody hands its positions to the rich one, by agreement or by liquidation.
    fn reduce(
        &mut self,
        rich: &Person,
        owners: &BTreeMap<Key, Keypair>,
        counts: &mut Counts,
    ) -> Result<(), String> {
        for _ in 0..ROUNDS {
            self.fresh_prices()?;
            let seen = ledger(&self.house);
            let mut open = 0;
            for (key, account) in seen.accounts.iter().filter(|(key, _)| **key != rich.account.to_bytes()) {
                let address = Pubkey::from(*key);
                let mut reduced = false;
                for position in account.positions.iter().filter(|p| p.base != 0) {
                    open += 1;
                    reduced |=
                        self.hand_over(rich, (address, &owners[key]), position.market as u8, position.base);
                }
                let open_here = account.positions.iter().any(|p| p.base != 0);
                if open_here && !reduced && !self.take_over(rich, &address) {
                    // Above MM, so nobody may take anything; below IM, so giving up one leg of a hedge is refused: a
                    // bilateral fill cannot give up both. The owner pays in and is free.
                    self.pay_in(address, &owners[key])?;
                    counts.paid_in += 1;
                }
            }
            if open == 0 {
                return Ok(());
            }
        }
        let seen = ledger(&self.house);
        let left = seen.accounts.iter().filter(|(key, _)| **key != rich.account.to_bytes());
        // Who bought an option that is worth nothing, or is in its window, waits for it to expire.
        let perpetual = |market: usize| seen.board.markets[market].option.is_none();
        let left: Vec<_> = left
            .filter(|(_, a)| a.positions.iter().any(|p| p.base != 0 && perpetual(p.market)))
            .map(|(_, a)| a)
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("positions can neither be closed nor liquidated: {left:?}"))
        }
    }

    /// The account's whole position to the rich one at the oracle's price, or an option's mark.
    fn hand_over(
        &mut self,
        rich: &Person,
        (address, owner): (Pubkey, &Keypair),
        market: u8,
        base: i64,
    ) -> bool {
        let Some(quote) = self.fair(market, base.abs()) else { return false };
        let args = ballast::instructions::MatchFillArgs { base, quote };
        let fill = self.house.at.match_fill(market, rich.party(), (address, owner.pubkey()), args);
        self.house.vm.send(&[super::actions::whole_limit(), fill], &[&rich.key, owner]).is_ok()
    }

    fn take_over(&mut self, rich: &Person, target: &Pubkey) -> bool {
        let Some(plan) = self.house.plan(target, rich) else { return false };
        let liquidate = self.house.at.liquidate(*target, rich.party(), &plan.legs);
        self.house.vm.send(&[super::actions::whole_limit(), liquidate], &[&rich.key]).is_ok()
    }

    /// The owner deposits as much as the account is short of IM, and something more for the next price.
    fn pay_in(&mut self, address: Pubkey, owner: &Keypair) -> Result<(), String> {
        let account = self.house.margin_account(&address);
        let health = health(&account, &self.house.board(), self.house.vm.now());
        let Ok(health) = health else { return Err(format!("{account:?} cannot be valued at fresh prices")) };
        let missing =
            i64::try_from(health.initial.initial).unwrap_or(i64::MAX).saturating_sub(health.initial.equity);
        let amount = missing.max(0).unsigned_abs() + health.initial.initial / 4 + QUOTE;
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

    /// Everybody settles, losers too, until nothing moves.
    fn settle_all(&mut self) {
        for _ in 0..ROUNDS {
            let mut moved = false;
            for (key, account) in &ledger(&self.house).accounts {
                for position in &account.positions {
                    let settle = self.house.at.settle(position.market as u8, Pubkey::from(*key));
                    moved |= self.house.vm.send(&[settle], &[]).is_ok();
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
    fn leave(
        &mut self,
        address: Pubkey,
        owner: &Keypair,
        account: &ballast_tests::auditor::Account,
    ) -> Result<(), String> {
        let at = self.house.at;
        let quote_mint = at.quote_mint;
        let wallet = self.house.vm.create_wallet(&quote_mint, &owner.pubkey(), 0);
        let mut leaves = Vec::new();
        if account.quote > 0 {
            leaves.push(at.withdraw(address, owner.pubkey(), None, wallet, account.quote.unsigned_abs()));
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
