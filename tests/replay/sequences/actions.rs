//! What an operation comes to in the state it meets.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::instructions::{LegAmount, LiquidationLeg, MatchFillArgs};
use ballast::state::MarginAccount;
use ballast_client::{instructions as ix, plan};
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::vm::COMPUTE_LIMIT;
use ballast_sandbox::{AssetSpec, MarketSpec, Signer};
use ballast_tests::auditor::{Basis, Key};

use super::checks::{Step, Told};
use super::world::{COINS, IMPLIED_ASSET, IMPLIED_FEED, World};
use super::{Counts, Op, malformed};
use crate::common::ledger;

impl Op {
    /// The variant's name.
    fn name(&self) -> String {
        let shown = format!("{self:?}");
        shown.split([' ', '{']).next().unwrap_or_default().to_owned()
    }
}

/// Asks for all the compute that a transaction may have: accounts with options need more than the default.
pub fn whole_limit() -> Instruction {
    let program_id = "ComputeBudget111111111111111111111111111111".parse().expect("an address");
    let units = (COMPUTE_LIMIT as u32).to_le_bytes();
    Instruction { program_id, accounts: vec![], data: [&[2], &units[..]].concat() }
}

/// The last words of a refusal.
fn reason(sent: &Sent) -> String {
    match sent {
        Ok(_) => "accepted".into(),
        Err(refusal) => refusal
            .logs
            .iter()
            .find_map(|l| l.split("Error Code: ").nth(1))
            .and_then(|l| l.split('.').next())
            .map_or_else(|| refusal.error.to_string(), str::to_owned),
    }
}

impl World {
    /// Tries an operation and audits what it did.
    ///
    /// # Errors
    /// What must hold and does not.
    pub fn step(&mut self, op: &Op, counts: &mut Counts) -> Result<Option<String>, String> {
        let mut told = Told::default();
        let Some(sent) = self.attempt(op, &mut told, counts)? else { return Ok(None) };
        let count = counts.ops.entry(op.name()).or_default();
        if sent.is_ok() {
            count.0 += 1;
        } else {
            count.1 += 1;
            *counts.refusals.entry((op.name(), reason(&sent))).or_default() += 1;
        }
        let after = ledger(&self.house);
        if after.accounts.values().any(|a| a.positions.iter().any(|p| p.market == 3 || p.market == 4)) {
            counts.with_options += 1;
        }
        self.audit(
            &Step {
                op,
                told: &told,
                sent: &sent,
                before: &self.seen,
                after: &after,
                now: self.house.vm.now(),
            },
            counts,
        )?;
        self.count_dust(&sent, &after)?;
        self.attest(&after)?;
        self.seen = after;
        Ok(Some(format!("{} {}", op.name(), reason(&sent))))
    }

    /// Sends it; nothing where it makes no sense in this state.
    fn attempt(&mut self, op: &Op, told: &mut Told, counts: &mut Counts) -> Result<Option<Sent>, String> {
        let at = self.house.at;
        Ok(Some(match *op {
            Op::Deposit { account, coin, size, by_delegate } => {
                let (owner, account) = self.account(account);
                let Some((asset, mint)) = self.coin(coin) else { return Ok(None) };
                let payer = by_delegate.then(|| self.delegate_of(&account)).flatten().unwrap_or(owner);
                let micro = u64::from(size) * u64::from(size) * QUOTE;
                let amount = match (size, coin) {
                    (0, _) => 1,
                    (_, 0) => micro,
                    (_, c) if usize::from(c) <= COINS.len() => self.units(usize::from(c) - 1, micro),
                    _ => u64::from(size),
                };
                let wallet =
                    self.actors.iter().find(|a| a.pubkey() == payer.pubkey()).map(|a| a.wallets.get(&mint));
                let Some(Some(source)) = wallet else { return Ok(None) };
                told.named = vec![account.to_bytes()];
                let deposit = at.deposit(account, payer.pubkey(), asset, *source, amount);
                self.house.vm.send(&[deposit], &[&payer])
            }
            Op::Withdraw { account, coin, percent } => {
                let index = account;
                let (owner, account) = self.account(account);
                let Some(held) = self.seen.accounts.get(&account.to_bytes()) else { return Ok(None) };
                // Of what is there; otherwise quote.
                let there = usize::from(coin).checked_sub(1).and_then(|i| held.collateral.get(i));
                let coin = there.map_or(0, |c| c.asset as u8 + 1);
                let Some((asset, mint)) = self.coin(coin) else { return Ok(None) };
                let base = match asset {
                    Some(asset) => held.held(asset.index.into()) as f64,
                    None => {
                        let m = self.seen.board.margin(held, Basis::Withdrawal);
                        (held.quote as f64).max(m.equity - m.initial)
                    }
                };
                let amount = (base * f64::from(percent) / 100.0).clamp(0.0, 9e18) as u64;
                let Some(destination) = self.actors[usize::from(index) % 5].wallets.get(&mint).copied()
                else {
                    return Ok(None);
                };
                told.named = vec![account.to_bytes()];
                let withdraw = at.withdraw(account, owner.pubkey(), asset, destination, amount);
                self.house.vm.send(&[withdraw], &[&owner])
            }
            Op::Fill { market, taker, maker, buy, size, off_bps } => {
                let Some(listed) = self.seen.markets.get(usize::from(market)) else { return Ok(None) };
                let asset = listed.asset;
                let micro = 2 * u64::from(size) * u64::from(size) * QUOTE;
                let base =
                    if size == 0 || asset >= COINS.len() { 1 } else { self.units(asset, micro) as i64 };
                let Some(fair) = self.fair(market, base) else { return Ok(None) };
                let quote = (fair as f64 * (1.0 + f64::from(off_bps) / 10_000.0)).ceil().max(1.0) as u64;
                let (taker_key, taker) = self.account(taker);
                let (maker_key, maker) = self.account(maker);
                // A delegate signs where there is one.
                let taker_key = self.delegate_of(&taker).unwrap_or(taker_key);
                let maker_key = self.delegate_of(&maker).unwrap_or(maker_key);
                told.named = vec![taker.to_bytes(), maker.to_bytes()];
                told.market = Some(usize::from(market));
                let args = MatchFillArgs { base: if buy { base } else { -base }, quote };
                let fill =
                    at.match_fill(market, (taker, taker_key.pubkey()), (maker, maker_key.pubkey()), args);
                let mut keys = vec![&taker_key];
                if maker_key.pubkey() != taker_key.pubkey() {
                    keys.push(&maker_key);
                }
                self.house.vm.send(&[whole_limit(), fill], &keys)
            }
            Op::Settle { market, account } => {
                if usize::from(market) >= self.seen.markets.len() {
                    return Ok(None);
                }
                let (_, account) = self.account(account);
                // One of its positions, if it has any.
                let open = self.seen.accounts.get(&account.to_bytes()).map(|a| a.positions.as_slice());
                let market = match open {
                    Some(open) if !open.is_empty() => open[usize::from(market) % open.len()].market as u8,
                    _ => market,
                };
                told.named = vec![account.to_bytes()];
                told.market = Some(usize::from(market));
                self.house.vm.send(&[at.settle(market, account)], &[])
            }
            Op::LiquidatePlanned { account, keeper } => {
                let Some((target, plan)) = self.plan(account, keeper, counts) else { return Ok(None) };
                let (keeper_key, keeper) = self.account(keeper);
                told.named = vec![target.to_bytes(), keeper.to_bytes()];
                told.planned = true;
                told.before = Some(self.house.margin_account(&target));
                let liquidate = at.liquidate(target, (keeper, keeper_key.pubkey()), &plan.legs);
                self.house.vm.send(&[whole_limit(), liquidate], &[&keeper_key])
            }
            Op::Liquidate { account, keeper, leg, percent } => {
                let (keeper_key, keeper) = self.account(keeper);
                let deepest = self.deepest(&keeper).map(Pubkey::from);
                let target = deepest.unwrap_or(self.account(account).1);
                let Some(held) = self.seen.accounts.get(&target.to_bytes()) else { return Ok(None) };
                let part = |all: u64| (u128::from(all) * u128::from(percent) / 100) as u64;
                let mut legs: Vec<LegAmount> = held
                    .positions
                    .iter()
                    .map(|p| {
                        let leg = LiquidationLeg::Position { market: p.market as u8 };
                        LegAmount { leg, amount: part(p.base.unsigned_abs()) }
                    })
                    .collect();
                legs.extend(held.collateral.iter().map(|c| {
                    let leg = LiquidationLeg::Collateral { asset: c.asset as u8 };
                    LegAmount { leg, amount: part(c.amount) }
                }));
                if legs.is_empty() {
                    return Ok(None);
                }
                // One leg, two, or more from somewhere on, in any order.
                let (from, count) = (usize::from(leg) % legs.len(), 1 + usize::from(leg / 16) % 3);
                legs.rotate_left(from);
                legs.truncate(count);
                told.named = vec![target.to_bytes(), keeper.to_bytes()];
                told.before = Some(self.house.margin_account(&target));
                let liquidate = at.liquidate(target, (keeper, keeper_key.pubkey()), &legs);
                self.house.vm.send(&[whole_limit(), liquidate], &[&keeper_key])
            }
            Op::Prices { bps, after } => {
                self.house.vm.advance(i64::from(after) + 1);
                self.move_all(bps)
            }
            Op::Hour { bps } => {
                self.house.vm.advance(3_600);
                self.move_all(bps)
            }
            Op::Price { asset, bps } => {
                if usize::from(asset) >= self.house.assets.len() {
                    return Ok(None);
                }
                self.house.vm.advance(1);
                let price = self.moved(usize::from(asset), bps);
                self.house.post(asset, price);
                told.priced = true;
                self.house.refresh(asset)
            }
            Op::Tick => {
                told.priced = true;
                self.house.tick()
            }
            Op::ReportDepth { asset, percent } => {
                let Some(listed) = self.house.assets.get(usize::from(asset)) else { return Ok(None) };
                let volume = listed.spec.args.depth_floor / 100 * u64::from(percent);
                told.priced = true;
                let report = at.report_depth(self.depth_reporter.pubkey(), asset, volume);
                self.house.vm.send(&[report], &[&self.depth_reporter.insecure_clone()])
            }
            Op::Implied { percent, late } => {
                self.house.vm.advance(1);
                let published = self.house.vm.now() - i64::from(late);
                let update = Update::dollars(IMPLIED_FEED, percent.into(), 5, published);
                self.house.vm.put(self.implied_account, pyth_solana_receiver_sdk::ID, update.bytes());
                told.priced = true;
                let refresh = at.refresh_implied_volatility(IMPLIED_ASSET, self.implied_account);
                self.house.vm.send(&[refresh], &[])
            }
            Op::Exposure { market, parts } => {
                let Some(listed) = self.seen.markets.get(usize::from(market)) else { return Ok(None) };
                let mint = self.house.assets[listed.asset].mint.filter(|_| parts & 2 != 0);
                told.priced = true;
                let named = (parts & 1 != 0).then_some(market);
                self.house.vm.send(&[at.refresh_exposure(listed.asset as u8, named, mint)], &[])
            }
            Op::Wait { seconds } => {
                self.house.vm.advance(seconds.into());
                return Ok(None);
            }
            Op::Delegate { account, to } => {
                let (owner, account) = self.account(account);
                let delegate = self.actors.get(usize::from(to)).map_or(Pubkey::default(), |a| a.pubkey());
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[ix::set_delegate(owner.pubkey(), account, delegate)], &[&owner])
            }
            Op::Open { account } => {
                let (owner, address) = self.account(account);
                let open = at.open_margin_account(
                    self.house.vm.payer.pubkey(),
                    owner.pubkey(),
                    u16::from(account) / 5,
                );
                told.named = vec![address.to_bytes()];
                self.house.vm.send(&[open], &[&owner])
            }
            Op::Close { account } => {
                let (owner, account) = self.account(account);
                told.named = vec![account.to_bytes()];
                told.closes = true;
                self.house.vm.send(&[at.close_margin_account(owner.pubkey(), account)], &[&owner])
            }
            Op::SweepFees { market } => {
                if usize::from(market) >= self.seen.markets.len() {
                    return Ok(None);
                }
                self.house.vm.send(&[at.sweep_fees(market)], &[])
            }
            Op::FixSettlementPrice { market } => {
                if usize::from(market) >= self.seen.markets.len() {
                    return Ok(None);
                }
                told.priced = true;
                self.house.fix_settlement_price(market)
            }
            Op::Migrate { account } => {
                let (_, account) = self.account(account);
                let mut data = self.house.vm.data(&account);
                if data.is_empty() {
                    return Ok(None);
                }
                // The layout before the first release: version 0, a shorter reserve.
                data[8] = 0;
                data.truncate(data.len() - 64);
                self.house.vm.put(account, ballast::ID, data);
                let payer = self.house.vm.payer.pubkey();
                self.house.vm.send(&[ix::migrate(payer, account)], &[])
            }
            Op::Health { account } => {
                let (_, account) = self.account(account);
                told.health_of = Some(account.to_bytes());
                self.house.vm.send(&[whole_limit(), at.health(account)], &[])
            }
            Op::ListAsset { collateral } => {
                if self.house.assets.len() >= 5 {
                    return Ok(None);
                }
                let mut spec = AssetSpec::coin("NEW", 6);
                spec.collateral = collateral;
                match self.house.list_asset(spec) {
                    Err(refused) => Err(refused),
                    Ok(index) => {
                        self.house.post(index, 1.0);
                        self.house.refresh(index)
                    }
                }
            }
            Op::ListMarket { asset } => {
                if self.house.markets.len() >= 7 {
                    return Ok(None);
                }
                let (payer, governance) = (self.house.vm.payer.pubkey(), self.house.governance.pubkey());
                let spec = MarketSpec::perpetual("NEW", asset);
                let index = self.house.markets.len() as u8;
                let open = at.add_market(payer, governance, index, spec.args.clone());
                let sent = self.house.send_listing(open, "add_market", index, None, &spec.args);
                if sent.is_ok() {
                    self.house.markets.push(spec);
                }
                sent
            }
            Op::Malformed { kind, account, other } => {
                let Some(sent) = malformed::attempt(self, kind, account, other) else { return Ok(None) };
                if sent.is_ok() {
                    return Err(format!("accepted: {}", malformed::what(kind)));
                }
                sent
            }
            Op::House { .. } => return Ok(None),
            Op::Crash { .. }
            | Op::ResolveBankruptcy { .. }
            | Op::TouchPosition { .. }
            | Op::CountLoan { .. }
            | Op::Accrue
            | Op::Cover { .. } => {
                return Ok(self.attempt_waterfall(op, told));
            }
            Op::TouchAccount { .. }
            | Op::SetAlerts { .. }
            | Op::Transfer { .. }
            | Op::SetMode { .. }
            | Op::Restrict { .. }
            | Op::Empower { .. }
            | Op::TopUp { .. } => return Ok(self.attempt_owned(op, told)),
            Op::OpenShare { .. }
            | Op::Back { .. }
            | Op::AskOut { .. }
            | Op::StayIn { .. }
            | Op::WalkOut { .. }
            | Op::AskTrade { .. }
            | Op::Execute { .. }
            | Op::CloseTrade { .. }
            | Op::TakeOver { .. }
            | Op::Funding { .. } => return Ok(self.attempt_backed(op, told)),
            Op::Quote { .. }
            | Op::Propose { .. }
            | Op::Tighten { .. }
            | Op::ApplyProposal { .. }
            | Op::CancelProposal { .. }
            | Op::Pause { .. }
            | Op::LiftPause
            | Op::Hand { .. } => return Ok(self.attempt_governed(op, told)),
        }))
    }

    /// A coin's price after a move, inside three powers of ten around its first.
    pub fn moved(&mut self, asset: usize, bps: i16) -> f64 {
        let Some((_, _, first)) = COINS.get(asset) else { return 1.0 };
        let price = self.prices[asset] * (1.0 + f64::from(bps) / 10_000.0);
        self.prices[asset] = price.clamp(first / 1_000.0, first * 1_000.0);
        self.prices[asset]
    }

    pub fn move_all(&mut self, bps: [i16; 3]) -> Sent {
        let _ = self.say_quote();
        let mut last = None;
        for asset in 0..self.house.assets.len() {
            let price = self.moved(asset, bps.get(asset).copied().unwrap_or(0));
            self.house.post(asset as u8, price);
            last = Some(self.house.refresh(asset as u8)?);
        }
        Ok(last.expect("assets are listed"))
    }

    /// The account deepest under its MM, if one is clearly under.
    pub fn deepest(&self, keeper: &Pubkey) -> Option<Key> {
        let now = self.house.vm.now();
        let short = self.seen.accounts.iter().filter(|(key, account)| {
            **key != keeper.to_bytes() && self.seen.board.is_fresh_for(account, now)
        });
        short
            .map(|(key, account)| (key, self.seen.board.margin(account, Basis::Maintenance)))
            .filter(|(_, m)| m.is_clearly_short() && m.exposed)
            .max_by(|a, b| a.1.shortfall().total_cmp(&b.1.shortfall()))
            .map(|(key, _)| *key)
    }

    /// The account deepest under, or else the one named, and the best plan against it.
    fn plan(&self, account: u8, keeper: u8, counts: &mut Counts) -> Option<(Pubkey, plan::Plan)> {
        let keeper = self.account(keeper).1;
        let deepest = self.deepest(&keeper);
        let target = deepest.map_or(self.account(account).1, Pubkey::from);
        if [keeper, target].iter().any(|k| !self.seen.accounts.contains_key(&k.to_bytes())) {
            return None;
        }
        let (own, theirs) = (self.house.margin_account(&keeper), self.house.margin_account(&target));
        let (board, now) = (self.house.board(), self.house.vm.now());
        let windows = self.house.windows(&target);
        let insurance = self.house.treasury().insurance;
        let around = plan::Surroundings { windows: &windows, insurance, now };
        let best = plan::best_in(&theirs, &own, &board, around).ok().flatten();
        if best.is_none() && deepest.is_some() && self.kind.is_judged() {
            // Was the keeper too poor, or can nobody help?
            let rich = MarginAccount { quote: 1 << 50, ..bytemuck::Zeroable::zeroed() };
            if plan::best_in(&theirs, &rich, &board, around).ok().flatten().is_some() {
                counts.poor_keepers += 1;
            } else {
                let account = &self.seen.accounts[&target.to_bytes()];
                let m = self.seen.board.margin(account, Basis::Maintenance);
                // At the least MM there is no risk left to take off it, only debt: of an option that is held, or of
                // one that was cleared and is not paid.
                if m.maintenance <= self.seen.board.params.min_maintenance {
                    return None;
                }
                counts.stuck += 1;
                counts.stuck_examples.push(format!("{account:?} {m:?}"));
            }
        }
        best.map(|plan| (target, plan))
    }
}
