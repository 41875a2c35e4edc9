//! What a delegate may do, and until when.

use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::error::BallastError;
use ballast::event::DelegateSet;
use ballast::instructions::MatchFillArgs;
use ballast::state::delegate_power::{ALL, DEPOSIT, LIQUIDATE, REDUCE, TRADE};
use ballast_client::instructions as ix;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{BASE, assert_conserved, prices_after, refused, refused_ix, sol, stranger};

/// A trader long ten coins, the desk that is short of them, the trader's delegate and its wallet, and somebody who is
/// short of maintenance margin.
struct Scene {
    house: House,
    owner: Person,
    desk: Person,
    bot: Keypair,
    wallet: Pubkey,
    short: Person,
}

fn scene() -> Scene {
    let mut house = sol();
    let (owner, desk) = (house.person_with_quote(100_000), house.person_with_quote(1_000_000));
    let short = house.person_with_quote(1_000);
    house.fill_at_oracle(0, &owner, &desk, 10 * BASE).expect("a fill");
    house.fill_at_oracle(0, &short, &desk, 100 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0]);
    let (bot, wallet) = stranger(&mut house, 1_000 * QUOTE);
    Scene { house, owner, desk, bot, wallet, short }
}

impl Scene {
    fn fill(&self, base: i64) -> Instruction {
        let args = MatchFillArgs { base, quote: 94 * QUOTE * base.unsigned_abs() / BASE as u64 };
        self.house.at.match_fill(0, (self.owner.account, self.bot.pubkey()), self.desk.party(), args)
    }

    fn deposit(&self) -> Instruction {
        self.house.at.deposit(self.owner.account, self.bot.pubkey(), None, self.wallet, QUOTE)
    }

    fn take(&self) -> Instruction {
        let keeper = (self.owner.account, self.bot.pubkey());
        self.house.at.liquidate_position(self.short.account, keeper, 0, 10 * BASE as u64)
    }

    /// What a delegate may be trusted with, and the power that it needs.
    fn deeds(&self) -> [(u8, Instruction); 5] {
        [
            (TRADE, self.fill(BASE)),
            (REDUCE, self.fill(-BASE)),
            // Through zero to the other side is no reduction.
            (TRADE, self.fill(-25 * BASE)),
            (DEPOSIT, self.deposit()),
            (LIQUIDATE, self.take()),
        ]
    }

    fn name(&mut self, powers: u8, until: i64) {
        let said: DelegateSet =
            self.house.name_delegate(&self.owner, self.bot.pubkey(), powers, until).expect("named").event();
        assert_eq!((said.delegate, said.powers, said.until), (self.bot.pubkey(), powers, until));
    }
}

#[test]
fn a_delegate_may_do_what_it_has_the_power_for_and_nothing_else() {
    for powers in 0..=ALL {
        let mut s = scene();
        s.name(powers, 0);
        for (needed, deed) in s.deeds() {
            let (bot, desk) = (s.bot.insecure_clone(), s.desk.key.insecure_clone());
            let signers: Vec<&Keypair> =
                if deed.accounts.iter().any(|m| m.is_signer && m.pubkey == desk.pubkey()) {
                    vec![&bot, &desk]
                } else {
                    vec![&bot]
                };
            if powers & needed == 0 {
                refused_ix(&mut s.house, BallastError::DelegateLacksPower, deed, &signers);
            } else {
                s.house.vm.send(&[deed], &signers).expect("it has the power");
            }
        }
        assert_conserved(&s.house);
    }
}

#[test]
fn attack_a_reducer_does_not_turn_a_position_over() {
    let mut s = scene();
    s.name(REDUCE, 0);
    let (bot, desk) = (s.bot.insecure_clone(), s.desk.key.insecure_clone());
    for base in [1, BASE, -10 * BASE - 1, -20 * BASE] {
        let fill = s.fill(if base == 1 { BASE / 1_000 } else { base });
        refused_ix(&mut s.house, BallastError::DelegateLacksPower, fill, &[&bot, &desk]);
    }
    let close = s.fill(-10 * BASE);
    s.house.vm.send(&[close], &[&bot, &desk]).expect("to zero");
    let again = s.fill(-BASE);
    refused_ix(&mut s.house, BallastError::DelegateLacksPower, again, &[&bot, &desk]);
}

#[test]
fn a_delegate_of_an_hour_is_nobody_after_it() {
    let mut s = scene();
    let until = s.house.vm.now() + 30;
    s.name(ALL, until);
    let (bot, desk) = (s.bot.insecure_clone(), s.desk.key.insecure_clone());
    prices_after(&mut s.house, 29, &[94.0]);
    let fill = s.fill(BASE);
    s.house.vm.send(&[fill], &[&bot, &desk]).expect("a second before");
    prices_after(&mut s.house, 1, &[94.0]);
    for (_, deed) in s.deeds() {
        let signers: Vec<&Keypair> = if deed.accounts.iter().any(|m| m.is_signer && m.pubkey == desk.pubkey())
        {
            vec![&bot, &desk]
        } else {
            vec![&bot]
        };
        refused_ix(&mut s.house, BallastError::DelegateExpired, deed, &signers);
    }
    // The owner's own power has no end, and the owner may name it anew.
    s.house.fill_at_oracle(0, &s.owner, &s.desk, BASE).expect("the owner trades");
    s.name(TRADE, s.house.vm.now() + 1);
    let fill = s.fill(BASE);
    s.house.vm.send(&[fill], &[&bot, &desk]).expect("named anew");
}

#[test]
fn attack_with_every_power_a_delegate_takes_nothing_out_and_sets_nothing() {
    let mut s = scene();
    s.name(ALL, 0);
    let (bot, account) = (s.bot.insecure_clone(), s.owner.account);
    let me = bot.pubkey();
    let payer = s.house.vm.payer.pubkey();
    let second = s.house.at.margin_account(&me, 0);
    let open = s.house.at.open_margin_account(payer, me, 0);
    s.house.vm.send(&[open], &[&bot]).expect("an account of its own");
    let wallet = s.wallet;
    for deed in [
        s.house.at.withdraw(account, me, None, wallet, 1),
        s.house.at.transfer(me, account, second, None, 1),
        s.house.at.set_mode(me, account, None),
        ix::set_restriction(me, account, true),
        ix::set_delegate(me, account, me),
        s.house.at.close_margin_account(me, account),
    ] {
        refused_ix(&mut s.house, BallastError::NotOwner, deed, &[&bot]);
    }
}

#[test]
fn powers_that_do_not_exist_and_ends_that_are_past_are_refused() {
    let mut s = scene();
    let (bot, now) = (s.bot.pubkey(), s.house.vm.now());
    for (powers, until) in [(ALL + 1, 0), (u8::MAX, 0), (ALL, now), (ALL, now - 1), (ALL, -1)] {
        let owner = &s.owner;
        refused(&mut s.house, BallastError::ParameterOutOfBounds, |h| {
            h.name_delegate(owner, bot, powers, until)
        });
    }
}
