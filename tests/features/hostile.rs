//! A search over what governance, steward and guardian can do when all of them are hostile, sign whatever they like
//! and trade as ordinary users besides. It is a function over a house, so that the same search runs against a mutant
//! of the program (`BALLAST_SO`).

use anchor_lang::prelude::Pubkey;
use ballast::governance::{DELAY_S, LIFE_S, LONG_DELAY_S, Pace, Parameter, ROWS, Row};
use ballast::instructions::{LegAmount, LiquidationLeg, PauseArgs, listing_hash};
use ballast::limits::BackstopParams;
use ballast::policy::pause::{DEPOSITS, NEW_RISK};
use ballast::state::proposal::role;
use ballast_client::instructions::with_proposal;
use ballast_sandbox::house::{QUOTE, Sent, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};

use crate::common::{BASE, all_accounts, wallet_of};
use crate::proposals::{roomy, step};

const PRICE: f64 = 100.0;

/// What is checked, and what was found.
pub type Found = Result<(), String>;

/// A house whose governance is hostile, and the people in it.
pub struct Hostile {
    pub house: House,
    steward: Keypair,
    guardian: Keypair,
    heir: Keypair,
    reporter: Pubkey,
    /// Honest, at IM when it opened, and its counterparty.
    bystander: Person,
    /// Two accounts of the thief's, one of them with a loan's worth of collateral in it.
    thieves: [Person; 2],
    /// What stood at the beginning.
    values: Vec<u64>,
    wealth: i128,
    equity: i64,
    insurance: u64,
    began: i64,
    paused: [i64; 2],
    made: Vec<u64>,
    announced: Option<(u64, Pubkey)>,
    /// A backstop that was announced.
    second: Option<u64>,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter()
}

impl Hostile {
    /// An open house with everything that the search needs.
    pub fn new() -> Self {
        let mut house = roomy();
        house.vm.trust_signers();
        house.post_all(&[PRICE]);
        house.season(&[PRICE]);
        let [steward, guardian, heir] = [0; 3].map(|_| Keypair::new());
        house.name(role::STEWARD, steward.pubkey()).expect("named");
        house.name(role::GUARDIAN, guardian.pubkey()).expect("named");
        let reporter = Pubkey::new_unique();
        house.name(role::DEPTH_REPORTER, reporter).expect("named");
        for row in rows().filter(|row| row.steward_bps != 0) {
            house.grant(row.parameter, 0, [0, u64::MAX]).expect("granted");
        }
        let bystander = house.person_with_quote(100_000);
        let desk = house.person_with_quote(10_000_000);
        // As large as IM allows.
        let (mut low, mut high) = (1, 1_000_000);
        let before = house.vm.svm.clone();
        while high - low > 1 {
            let middle = (low + high) / 2;
            house.vm.svm = before.clone();
            if house.fill_at_oracle(0, &bystander, &desk, middle * BASE).is_ok() {
                low = middle;
            } else {
                high = middle;
            }
        }
        house.vm.svm = before;
        house.fill_at_oracle(0, &bystander, &desk, low * BASE).expect("at its IM");
        let thieves = [house.person_with_quote(50_000), house.person_with_quote(50_000)];
        let (giver, source) = crate::common::stranger(&mut house, 1_000_000 * QUOTE);
        let give = house.at.top_up_insurance(giver.pubkey(), source, 1_000_000 * QUOTE);
        house.vm.send(&[give], &[&giver]).expect("there is something to steal");
        let mut world = Self {
            steward,
            guardian,
            heir,
            reporter,
            bystander,
            thieves,
            values: Vec::new(),
            wealth: 0,
            equity: 0,
            insurance: 0,
            began: house.vm.now(),
            paused: [0; 2],
            made: Vec::new(),
            announced: None,
            second: None,
            house,
        };
        world.values = rows().map(|row| world.house.parameter(row.parameter, 0)).collect();
        world.wealth = world.wealth_of_thieves();
        world.equity = world.house.health(&world.bystander).maintenance.equity;
        world.insurance = world.house.treasury().insurance;
        world
    }

    /// Runs a sequence from the beginning, and leaves the house as it was.
    fn trial(&mut self, sequence: impl FnOnce(&mut Self) -> Found) -> Found {
        let svm = self.house.vm.svm.clone();
        (self.paused, self.announced, self.second) = ([0; 2], None, None);
        self.made.clear();
        let found = sequence(self);
        self.house.vm.svm = svm;
        found
    }

    fn wealth_of_thieves(&self) -> i128 {
        let quote = self.house.at.quote_mint;
        let of = |who: &Person| {
            i128::from(wallet_of(&self.house, who, &quote))
                + i128::from(self.house.health(who).maintenance.equity)
        };
        self.thieves.iter().map(of).sum()
    }

    fn margins(&self) -> (u64, u64) {
        let health = self.house.health(&self.bystander);
        (health.maintenance.maintenance, health.initial.initial)
    }

    /// Something hostile is tried, accepted or not. Nobody's margin may fall by it, and the bystander's MM not move.
    fn tries(&mut self, what: &str, attempt: impl FnOnce(&mut Self)) -> Found {
        let before = self.margins();
        attempt(self);
        let after = self.margins();
        if after.0 != before.0 || after.1 < before.1 {
            return Err(format!("{what}: margins {before:?} became {after:?}"));
        }
        Ok(())
    }

    /// Time passes at a constant price.
    fn waits(&mut self, seconds: i64) {
        let (board, now) = (self.house.board(), self.house.vm.now());
        let left = (board.pause_until - now).clamp(0, seconds);
        for (at, bit) in [NEW_RISK, DEPOSITS].into_iter().enumerate() {
            self.paused[at] += if board.paused & bit != 0 { left } else { 0 };
        }
        self.house.vm.advance(seconds);
        self.house.post(0, PRICE);
        self.house.refresh(0).expect("a constant price is accepted");
    }

    /// The bystander cannot be liquidated, by anybody.
    fn safe(&mut self) -> Found {
        let legs = [LegAmount { leg: LiquidationLeg::Position { market: 0 }, amount: BASE as u64 }];
        let keeper = &self.thieves[0];
        let take = self.house.at.liquidate(self.bystander.account, keeper.party(), &legs);
        let key = keeper.key.insecure_clone();
        match self.house.vm.send(&[take], &[&key]) {
            Ok(_) => Err("the bystander was liquidated at a constant price".into()),
            Err(_) => Ok(()),
        }
    }

    /// What must be true inside the delay, whatever was signed.
    fn holds(&mut self) -> Found {
        self.safe()?;
        for (row, was) in rows().zip(&self.values) {
            let is = self.house.parameter(row.parameter, 0);
            let allowed = is == *was || row.pace(*was, is) == Pace::AtOnce;
            if !allowed {
                return Err(format!("{:?} went from {was} to {is} inside the delay", row.parameter));
            }
        }
        let house = self.house.clearinghouse();
        let kept = |key: Pubkey, was: Pubkey| key == was || key == Pubkey::default();
        if house.governance != self.house.governance.pubkey() {
            return Err("governance changed hands inside the delay".into());
        }
        if !kept(house.steward, self.steward.pubkey()) || !kept(house.guardian, self.guardian.pubkey()) {
            return Err("a role was given inside the delay".into());
        }
        if house.depth_reporter != self.reporter {
            return Err("the depth reporter changed inside the delay".into());
        }
        if (house.asset_count, house.market_count) != (1, 2) {
            return Err("something was listed inside the delay".into());
        }
        if self.house.market(1).backstop != Pubkey::default() {
            return Err("a backstop was created inside the delay".into());
        }
        let (market, charged) = (self.house.market(0), self.house.vault(0).params);
        if charged.validate(market.band_bps).is_err() || market.quoted_bps != charged.quoted_bps() {
            return Err(format!("a backstop charges {charged:?} in a band of {}", market.band_bps));
        }
        let elapsed = self.house.vm.now() - self.began;
        for (at, (longest, share)) in [(86_400, 4), (3_600, 25)].into_iter().enumerate() {
            if self.paused[at] > elapsed / share + longest {
                return Err(format!("paused for {} of {elapsed} seconds", self.paused[at]));
            }
        }
        if self.house.treasury().insurance < self.insurance {
            return Err("the insurance fund shrank".into());
        }
        let (wealth, equity) =
            (self.wealth_of_thieves(), self.house.health(&self.bystander).maintenance.equity);
        if wealth > self.wealth || equity < self.equity {
            return Err(format!("the thieves had {} and have {wealth}", self.wealth));
        }
        let quote: i128 = all_accounts(&self.house).iter().map(|a| i128::from(a.quote)).sum();
        let market = self.house.market(0);
        let owed = quote + i128::from(market.pool) + i128::from(market.fees) + i128::from(self.insurance);
        if i128::from(self.house.vm.tokens(&self.house.at.quote_vault)) != owed {
            return Err("quote is not conserved".into());
        }
        Ok(())
    }

    fn signer(&self, steward: bool) -> Keypair {
        if steward { self.steward.insecure_clone() } else { self.house.governance.insecure_clone() }
    }

    fn propose(&mut self, steward: bool, parameter: Parameter, to: u64) {
        let key = self.signer(steward);
        if let Ok(id) = self.house.propose(&key, parameter, 0, to) {
            self.made.push(id);
        }
    }

    fn tighten(&mut self, steward: bool, parameter: Parameter, to: u64) {
        let key = self.signer(steward);
        let _ = self.house.tighten(&key, parameter, 0, to);
    }

    fn apply_all(&mut self) {
        for id in self.made.clone() {
            let _ = self.house.apply(id);
        }
    }

    fn as_governance(&mut self, instruction: anchor_lang::solana_program::instruction::Instruction) -> Sent {
        let governance = self.house.governance.insecure_clone();
        self.house.vm.send(&[instruction], &[&governance])
    }

    /// The heir, by every way that there is to name somebody.
    fn name(&mut self, role: u8) {
        let heir = self.heir.pubkey();
        if let Ok(id) = self.house.propose_role(role, heir) {
            self.made.push(id);
        }
        let (at, governance) = (self.house.at, self.house.governance.pubkey());
        let _ = self.as_governance(at.set_depth_reporter(governance, heir));
        let _ = self.as_governance(at.remove_role(governance, role));
    }

    /// A token that nobody wants, announced and listed, or only listed.
    fn list(&mut self, announce: bool) {
        let (at, payer, governance) =
            (self.house.at, self.house.vm.payer.pubkey(), self.house.governance.pubkey());
        let mut spec = AssetSpec::coin("CVT", 9);
        if announce {
            let mint = self.house.vm.create_mint(9);
            let hash = listing_hash("add_asset", 1, mint, &spec.args).expect("hashed");
            let id = self.house.clearinghouse().proposals;
            if self.as_governance(at.propose_listing(payer, governance, id, hash)).is_ok() {
                self.announced = Some((id, mint));
            }
            return;
        }
        match self.announced {
            Some((id, mint)) => {
                let list = at.add_asset(payer, governance, 1, Some(mint), spec.args);
                let _ = self.as_governance(with_proposal(list, at.proposal(id)));
            }
            None => {
                spec.args.deposit_cap = 1 << 60;
                let _ = self.as_governance(at.add_asset(payer, governance, 1, None, spec.args));
                let market = MarketSpec::perpetual("CVT", 0).args;
                let _ = self.as_governance(at.add_market(payer, governance, 2, market));
                let _ = self.as_governance(at.load_calibration(governance, made_up_history(0)));
            }
        }
    }

    /// A backstop with funding as fast as the code allows for the market that has none, announced and created, or only
    /// created.
    fn back(&mut self, announce: bool) {
        let (at, payer, governance) =
            (self.house.at, self.house.vm.payer.pubkey(), self.house.governance.pubkey());
        let params = BackstopParams {
            funding_velocity_bps: 10_000,
            funding_max_bps: 1_000,
            ..ballast_sandbox::house::default_backstop()
        };
        if announce {
            let hash = listing_hash("create_backstop", 1, Pubkey::default(), &params).expect("hashed");
            let id = self.house.clearinghouse().proposals;
            if self.as_governance(at.propose_listing(payer, governance, id, hash)).is_ok() {
                self.second = Some(id);
            }
            return;
        }
        let create = at.create_backstop(payer, governance, 1, params);
        let create = match self.second {
            Some(id) => with_proposal(create, at.proposal(id)),
            None => create,
        };
        let _ = self.as_governance(create);
    }

    fn pause(&mut self, bits: u32, seconds: u32) {
        let guardian = self.guardian.insecure_clone();
        let _ = self.house.pause(&guardian, PauseArgs { bits, assets: 0, markets: 0, seconds });
    }

    /// One random thing that somebody hostile does.
    fn act(&mut self, draw: &mut Draw) -> Found {
        let row = &ROWS[draw.below(ROWS.len() as u64) as usize];
        let from = self.house.parameter(row.parameter, 0);
        let far = step(row, from);
        let to = match draw.below(6) {
            0 => row.least,
            1 => row.most,
            2 => from.saturating_add(far),
            3 => from.saturating_sub(far),
            4 => from.saturating_add(1),
            _ => from.saturating_sub(1),
        };
        let (steward, p) = (draw.below(2) == 0, row.parameter);
        let left = DELAY_S - 1 - (self.house.vm.now() - self.began);
        match draw.below(16) {
            0..=3 => self.tries("tighten", |w| w.tighten(steward, p, to)),
            4..=6 => self.tries("propose", |w| w.propose(steward, p, to)),
            7 => self.tries("apply", Self::apply_all),
            8 => {
                let announce = draw.below(2) == 0;
                if draw.below(2) == 0 {
                    self.tries("back", |w| w.back(announce))
                } else {
                    self.tries("list", |w| w.list(announce))
                }
            }
            9 => {
                let (at, governance, heir) =
                    (self.house.at, self.house.governance.pubkey(), self.heir.insecure_clone());
                self.tries("hand over", |w| {
                    let _ = w.as_governance(at.propose_governance(governance, heir.pubkey()));
                    let _ = w.house.vm.send(&[at.accept_governance(heir.pubkey())], &[&heir]);
                })
            }
            10 => {
                let role = draw.below(3) as u8;
                self.tries("name", |w| w.name(role))
            }
            11 => {
                let (bits, seconds) = (1 + draw.below(3) as u32, 1 << draw.below(18));
                self.tries("pause", |w| w.pause(bits, seconds))
            }
            12 => {
                let base = (draw.below(200) as i64 - 100) * BASE;
                self.tries("trade", |w| {
                    let quote = w.house.value(0, base.unsigned_abs()) * (9_900 + draw.below(200)) / 10_000;
                    let [a, b] = &w.thieves;
                    let fill = ballast::instructions::MatchFillArgs { base, quote };
                    let fill = w.house.at.match_fill(0, a.party(), b.party(), fill);
                    let keys = [a.key.insecure_clone(), b.key.insecure_clone()];
                    let _ = w.house.vm.send(&[fill], &[&keys[0], &keys[1]]);
                })
            }
            13 => self.tries("withdraw", |w| {
                let (at, thief) = (w.house.at, &w.thieves[0]);
                let wallet = thief.wallets[&at.quote_mint];
                let amount = draw.below(200_000) * QUOTE;
                let take = at.withdraw(thief.account, thief.pubkey(), None, wallet, amount);
                let key = thief.key.insecure_clone();
                let _ = w.house.vm.send(&[take], &[&key]);
            }),
            _ if left > 0 => {
                self.waits(1 + draw.below(left.min(40_000) as u64) as i64);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Xorshift: the same sequence for the same seed, everywhere.
pub struct Draw(pub u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound.max(1)
    }
}

/// Every parameter × both extremes, a step and a unit either way × what can be signed × when: inside the delay.
///
/// # Errors
/// The first way that was found.
pub fn systematic(world: &mut Hostile) -> Found {
    for (row, from) in rows().zip(world.values.clone()) {
        let far = step(row, from);
        let goals = [
            row.least,
            row.most,
            from.saturating_add(far),
            from.saturating_sub(far),
            from.saturating_add(1),
            from.saturating_sub(1),
        ];
        for to in goals.into_iter().filter(|to| *to != from) {
            for steward in [false, true] {
                let p = row.parameter;
                let named =
                    |found: Found| found.map_err(|e| format!("{p:?} {from} → {to}, steward {steward}: {e}"));
                named(world.trial(|w| {
                    w.tries("tighten", |w| w.tighten(steward, p, to))?;
                    w.holds()
                }))?;
                named(world.trial(|w| {
                    w.tries("propose", |w| w.propose(steward, p, to))?;
                    w.tries("apply", Hostile::apply_all)?;
                    if !w.made.is_empty() {
                        w.waits(DELAY_S - 1);
                        w.tries("apply", Hostile::apply_all)?;
                    }
                    w.holds()
                }))?;
            }
        }
    }
    world.trial(|w| {
        for _ in 0..60 {
            w.pause(DEPOSITS, 3_600);
            w.waits(1_800);
        }
        w.holds()
    })?;
    for role in [role::STEWARD, role::GUARDIAN, role::DEPTH_REPORTER] {
        world.trial(|w| {
            w.name(role);
            w.apply_all();
            w.waits(DELAY_S - 1);
            w.apply_all();
            w.holds()
        })?;
    }
    for announced in [false, true] {
        world.trial(|w| {
            if announced {
                w.back(true);
                w.waits(DELAY_S - 1);
            }
            w.back(false);
            w.holds()
        })?;
    }
    world.trial(|w| {
        w.list(false);
        w.holds()
    })?;
    world.trial(|w| {
        w.list(true);
        w.list(false);
        w.waits(DELAY_S - 1);
        w.list(false);
        w.holds()
    })
}

/// Random sequences inside the delay.
///
/// # Errors
/// The first way that was found.
pub fn random(world: &mut Hostile, seed: u64, sequences: u32, length: u32) -> Found {
    for sequence in 0..sequences {
        let mut draw = Draw(seed ^ (u64::from(sequence) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let named = |e| format!("sequence {sequence} of seed {seed:#x}: {e}");
        world
            .trial(|w| {
                (0..length).try_for_each(|_| w.act(&mut draw))?;
                w.holds()
            })
            .map_err(named)?;
    }
    Ok(())
}

/// After the delay: no step longer than the table's, no ramp faster than its time, nothing from another state, nothing
/// that is dead, nothing from a listing or a hand-over that was not waited for.
///
/// # Errors
/// The first way that was found.
pub fn beyond(world: &mut Hostile) -> Found {
    for (row, from) in rows().zip(world.values.clone()) {
        let (p, far) = (row.parameter, step(row, from));
        let goals = [
            row.least,
            row.most,
            from.saturating_add(far),
            from.saturating_sub(far),
            from + 1,
            from.saturating_sub(1),
        ];
        for to in goals.into_iter().filter(|to| *to != from && row.admits(*to)) {
            let named = |e| format!("{p:?} {from} → {to}: {e}");
            world
                .trial(|w| {
                    w.propose(false, p, to);
                    // The other way from the same state, by a unit: stale as soon as the first has moved it.
                    // (Not beside a ramp, which has not moved anything yet when it begins, and would itself be stale.)
                    if row.pace(from, to) != Pace::Ramp {
                        let back = if to > from { from.saturating_sub(1) } else { from + 1 };
                        w.propose(false, p, back);
                    }
                    w.waits(DELAY_S);
                    for _ in 0..4 {
                        for id in w.made.clone() {
                            let before = w.house.parameter(p, 0);
                            let _ = w.house.apply(id);
                            let after = w.house.parameter(p, 0);
                            let toward = w.house.proposal(id);
                            let longest = if toward.ramps { far / 24 + 1 } else { far };
                            if after.abs_diff(before) > longest {
                                return Err(format!("jumped from {before} to {after}"));
                            }
                            if before != from && !toward.ramps && after != before {
                                return Err(format!(
                                    "moved from {before}, which it was not made on, to {after}"
                                ));
                            }
                        }
                        w.waits(36_000);
                    }
                    Ok(())
                })
                .map_err(named)?;
            world
                .trial(|w| {
                    w.propose(false, p, to);
                    w.waits(DELAY_S + LIFE_S);
                    w.apply_all();
                    let is = w.house.parameter(p, 0);
                    if is == from {
                        Ok(())
                    } else {
                        Err(format!("became {is} after its proposal had expired"))
                    }
                })
                .map_err(named)?;
        }
    }
    world.trial(|w| {
        let (at, governance, heir) = (w.house.at, w.house.governance.pubkey(), w.heir.insecure_clone());
        w.as_governance(at.propose_governance(governance, heir.pubkey())).map_err(|e| e.to_string())?;
        w.house.vm.advance(LONG_DELAY_S - 1);
        match w.house.vm.send(&[at.accept_governance(heir.pubkey())], &[&heir]) {
            Ok(_) => Err("governance was taken over before its time".into()),
            Err(_) => Ok(()),
        }
    })
}
