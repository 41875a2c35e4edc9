//! What owners do besides trading, what roles do, and what the quote token costs.

use ballast::governance::{Pace, ROWS, Target};
use ballast::instructions::PauseArgs;
use ballast::state::proposal::role;
use ballast_client::instructions::{self as ix, Which};
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{Keypair, Signer};

use super::Op;
use super::checks::Told;
use super::world::World;

impl World {
    /// Sends an owner's operation; nothing where it makes no sense in this state.
    pub fn attempt_owned(&mut self, op: &Op, told: &mut Told) -> Option<Sent> {
        let at = self.house.at;
        Some(match *op {
            Op::TouchAccount { account } => {
                let (_, account) = self.account(account);
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[super::actions::whole_limit(), at.touch_account(account)], &[])
            }
            Op::SetAlerts { account, first, step } => {
                let (owner, account) = self.account(account);
                told.named = vec![account.to_bytes()];
                let levels = [0u16, 1, 2, 3].map(|i| first.saturating_sub(i * step));
                self.house.vm.send(&[ix::set_alerts(owner.pubkey(), account, levels)], &[&owner])
            }
            Op::Transfer { account, coin, percent } => {
                // Between the two accounts of an owner, in either direction.
                let (owner, from) = self.account(account);
                let (_, to) = self.account((account + 5) % 10);
                let held = self.seen.accounts.get(&from.to_bytes())?;
                let slot = usize::from(coin).checked_sub(1).and_then(|i| held.collateral.get(i));
                let (asset, base) = match slot {
                    Some(slot) => (Some(slot.asset as u8), slot.amount),
                    None => (None, held.quote.max(0).unsigned_abs()),
                };
                let amount = (u128::from(base) * u128::from(percent) / 100) as u64;
                told.named = vec![from.to_bytes(), to.to_bytes()];
                self.house.vm.send(&[at.transfer(owner.pubkey(), from, to, asset, amount)], &[&owner])
            }
            Op::SetMode { account, market } => {
                let (owner, account) = self.account(account);
                let market = Some(market).filter(|m| usize::from(*m) < self.seen.markets.len());
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[at.set_mode(owner.pubkey(), account, market)], &[&owner])
            }
            Op::Restrict { account, on } => {
                let (owner, account) = self.account(account);
                told.named = vec![account.to_bytes()];
                self.house.vm.send(&[ix::set_restriction(owner.pubkey(), account, on)], &[&owner])
            }
            Op::Empower { account, to, powers, seconds } => {
                let (owner, account) = self.account(account);
                let delegate = self.actors.get(usize::from(to))?.pubkey();
                let until = self.house.vm.now() + i64::from(seconds);
                told.named = vec![account.to_bytes()];
                let set = ix::set_delegate_with(owner.pubkey(), account, delegate, powers, until);
                self.house.vm.send(&[set], &[&owner])
            }
            Op::TopUp { who, size } => {
                let owner = &self.actors[usize::from(who) % self.actors.len()];
                let source = owner.wallets[&at.quote_mint];
                let top_up = at.top_up_insurance(owner.pubkey(), source, u64::from(size) * QUOTE);
                let key = owner.key.insecure_clone();
                self.house.vm.send(&[top_up], &[&key])
            }
            _ => return None,
        })
    }

    /// Publishes what the quote token costs, where it has a feed.
    pub fn say_quote(&mut self) -> Option<Sent> {
        if self.kind.is_judged() {
            return None;
        }
        let feed = self.house.clearinghouse().quote_feed_id;
        let update = Update::dollars(feed, self.quote_price, 1, self.house.vm.now());
        Some(self.house.hear_quote(&update))
    }

    /// Sends what a role may; nothing in houses that the auditor judges by figures: their parameters stand.
    pub fn attempt_governed(&mut self, op: &Op, told: &mut Told) -> Option<Sent> {
        if self.kind.is_judged() {
            return None;
        }
        told.priced = true;
        let governance = self.house.governance.insecure_clone();
        let row = |parameter: u8, target: u8| {
            let row = &ROWS[usize::from(parameter) % ROWS.len()];
            (row.parameter, if row.target == Target::House { 0 } else { target % 3 })
        };
        let moved = |from: u64, percent: u16| (u128::from(from) * u128::from(percent) / 100) as u64;
        Some(match *op {
            Op::Quote { bps } => {
                self.house.vm.advance(1);
                self.quote_price = 1.0 + f64::from(bps) / 10_000.0;
                self.say_quote()?
            }
            Op::Propose { parameter, target, percent } => {
                let (parameter, target) = row(parameter, target);
                let to = moved(self.house.parameter(parameter, target), percent);
                let logs = self.house.propose(&governance, parameter, target, to);
                logs.map(|_| self.nothing())
            }
            Op::Tighten { parameter, target, percent } => {
                let now: Vec<usize> = (0..ROWS.len()).filter(|i| ROWS[*i].tightens == Pace::AtOnce).collect();
                let (parameter, target) = row(now[usize::from(parameter) % now.len()] as u8, target);
                let to = moved(self.house.parameter(parameter, target), percent);
                self.house.tighten(&governance, parameter, target, to)
            }
            Op::ApplyProposal { back, patient } => {
                let id = self.open_proposal(back)?;
                if patient {
                    told.several = true;
                    let ready = self.house.proposal(id).ready_at - self.house.vm.now();
                    self.house.vm.advance(ready.max(1));
                    let _ = self.move_all([0; 3]);
                }
                self.house.apply(id)
            }
            Op::CancelProposal { back } => {
                let id = self.open_proposal(back)?;
                self.house.cancel(&governance, id)
            }
            Op::Pause { bits, assets, markets, seconds } => {
                let args = PauseArgs {
                    bits: bits.into(),
                    assets: assets.into(),
                    markets: markets.into(),
                    seconds: seconds.into(),
                };
                let guardian: Keypair = self.guardian.insecure_clone();
                self.house.pause(&guardian, args)
            }
            Op::LiftPause => {
                let lift = self.house.at.lift_pause(governance.pubkey());
                self.house.vm.send(&[lift], &[&governance])
            }
            Op::Hand { act, which, to, patient } => return self.hand(act, which, to, patient, told),
            _ => return None,
        })
    }

    /// What governance gives away: mandates, roles, listings, itself.
    fn hand(&mut self, act: u8, which: u8, to: u8, patient: bool, told: &mut Told) -> Option<Sent> {
        let at = self.house.at;
        let (governance, payer) = (self.house.governance.insecure_clone(), self.house.vm.payer.pubkey());
        let key = self.actors[usize::from(to) % self.actors.len()].key.insecure_clone();
        Some(match act {
            0 => {
                let row = &ROWS[usize::from(which) % ROWS.len()];
                let target = if row.target == Target::House { 0 } else { to % 3 };
                let now = self.house.parameter(row.parameter, target);
                self.house.grant(row.parameter, target, [now, now])
            }
            1 => {
                let all = ROWS.iter().flat_map(|row| {
                    let targets = if row.target == Target::House { 1 } else { 3 };
                    (0..targets).map(|target| Which { parameter: row.parameter, target })
                });
                let stands = |w: &Which| !self.house.vm.data(&at.mandate(*w)).is_empty();
                let given = all.into_iter().find(stands)?;
                self.house.vm.send(&[at.revoke_mandate(governance.pubkey(), given, payer)], &[&governance])
            }
            2 => {
                // Guardian and reporter stay whoever they are: a house without them would do less.
                let (key, named) = match which % 3 {
                    role::STEWARD => (key.pubkey(), role::STEWARD),
                    role::GUARDIAN => (self.guardian.pubkey(), role::GUARDIAN),
                    _ => (self.depth_reporter.pubkey(), role::DEPTH_REPORTER),
                };
                self.house.propose_role(named, key).map(|_| self.nothing())
            }
            3 => {
                let remove = at.remove_role(governance.pubkey(), role::STEWARD);
                self.house.vm.send(&[remove], &[&governance])
            }
            4 => {
                let id = self.house.clearinghouse().proposals;
                let list = at.propose_listing(payer, governance.pubkey(), id, [which; 32]);
                self.house.vm.send(&[list], &[&governance])
            }
            5 => {
                let name = at.propose_governance(governance.pubkey(), key.pubkey());
                self.house.vm.send(&[name], &[&governance])
            }
            _ => {
                let house = self.house.clearinghouse();
                let next = self.actors.iter().find(|a| a.pubkey() == house.next_governance);
                let next = next.map_or(key, |a| a.key.insecure_clone());
                if patient {
                    told.several = true;
                    self.house.vm.advance((house.next_governance_from - self.house.vm.now()).max(1));
                    let _ = self.move_all([0; 3]);
                }
                let accepted = self.house.vm.send(&[at.accept_governance(next.pubkey())], &[&next]);
                if accepted.is_ok() {
                    self.house.governance = next;
                }
                accepted
            }
        })
    }

    /// A proposal that still stands: the last but so many.
    fn open_proposal(&self, back: u8) -> Option<u64> {
        let made = 0..self.house.clearinghouse().proposals;
        let stands = |id: &u64| !self.house.vm.data(&self.house.at.proposal(*id)).is_empty();
        let open: Vec<u64> = made.rev().filter(stands).collect();
        open.get(usize::from(back) % open.len().max(1)).copied()
    }

    /// A receipt of something that was accepted and whose own is not at hand.
    fn nothing(&self) -> ballast_sandbox::Receipt {
        ballast_sandbox::Receipt { compute_units: 0, logs: Vec::new(), signature: String::new() }
    }
}
