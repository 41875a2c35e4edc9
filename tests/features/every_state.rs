//! Every instruction in every state. What the table in `policy.rs` says is written down here a second
//! time, as a table of what happens.

use ballast::error::BallastError;
use ballast::policy::{pause, restriction};
use ballast::state::{MarginAccount, RiskBoard};
use ballast_client::plan::Plan;
use ballast_sandbox::house::{QUOTE, Sent};
use ballast_sandbox::{House, Person, Refusal};

use crate::common::{BASE, COIN, assert_conserved, everything, prices_after, sol};

/// Changes the board in the VM as some instruction would have.
pub fn rewrite_board(house: &mut House, change: impl FnOnce(&mut RiskBoard)) {
    let mut board = house.board();
    change(&mut board);
    let mut data = house.vm.data(&house.at.board);
    data[8..].copy_from_slice(bytemuck::bytes_of(&*board));
    house.vm.put(house.at.board, ballast::ID, data);
}

/// Changes a margin account in the VM.
pub fn rewrite_account(house: &mut House, who: &Person, change: impl FnOnce(&mut MarginAccount)) {
    let mut account = house.margin_account(&who.account);
    change(&mut account);
    let mut data = house.vm.data(&who.account);
    data[8..].copy_from_slice(bytemuck::bytes_of(&*account));
    house.vm.put(who.account, ballast::ID, data);
}

/// People, each about to do one thing.
struct Cast {
    saver: Person,
    sibling: Person,
    borrower: Person,
    trader: Person,
    loser: Person,
    desk: Person,
    short: Person,
    debtor: Person,
    keeper: Person,
    plans: [Plan; 2],
}

fn cast() -> (House, Cast) {
    let mut house = sol();
    let desk = house.person_with_quote(1_000_000);
    let keeper = house.person_with_quote(1_000_000);
    let saver = house.person_with_quote(10_000);
    let sibling = house.sub_account(&saver, 1, None);
    let (trader, loser) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    let (borrower, debtor) = (house.person(), house.person());
    let short = house.person_with_quote(1_000);
    house.fund_collateral(&borrower, 0, 10 * COIN).expect("ten coins");
    house.fund_collateral(&saver, 0, 10 * COIN).expect("ten coins");
    house.fund_collateral(&debtor, 0, 15 * COIN).expect("fifteen coins");
    house.withdraw_quote(&debtor, 1_350 * QUOTE).expect("a loan");
    for who in [&trader, &loser] {
        house.fill_at_oracle(0, who, &desk, 10 * BASE).expect("a fill");
    }
    house.fill_at_oracle(0, &short, &desk, 100 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0]);
    let plans = [&short, &debtor].map(|who| house.plan(&who.account, &keeper).expect("it is short"));
    (house, Cast { saver, sibling, borrower, trader, loser, desk, short, debtor, keeper, plans })
}

/// Everything that the table has a row for.
const DEEDS: [&str; 13] = [
    "deposit quote",
    "deposit collateral",
    "transfer",
    "withdraw quote",
    "withdraw collateral",
    "borrow",
    "increase as taker",
    "increase as maker",
    "reduce as taker",
    "reduce as maker",
    "settle",
    "liquidate position",
    "liquidate collateral",
];

fn act(house: &mut House, c: &Cast, deed: &str) -> Sent {
    match deed {
        "deposit quote" => house.deposit_quote(&c.saver, QUOTE),
        "deposit collateral" => house.deposit_collateral(&c.saver, 0, COIN),
        "transfer" => house.transfer(&c.saver, &c.sibling, None, QUOTE),
        "withdraw quote" => house.withdraw_quote(&c.trader, QUOTE),
        "withdraw collateral" => house.withdraw_collateral(&c.saver, 0, COIN),
        "borrow" => house.withdraw_quote(&c.borrower, QUOTE),
        "increase as taker" => house.fill_at_oracle(0, &c.trader, &c.desk, BASE),
        "increase as maker" => house.fill_at_oracle(0, &c.desk, &c.trader, -BASE),
        "reduce as taker" => house.fill_at_oracle(0, &c.trader, &c.desk, -BASE),
        "reduce as maker" => house.fill_at_oracle(0, &c.desk, &c.trader, BASE),
        "settle" => house.settle(0, &c.loser),
        "liquidate position" => house.liquidate(&c.short.account, &c.keeper, &c.plans[0]),
        "liquidate collateral" => house.liquidate(&c.debtor.account, &c.keeper, &c.plans[1]),
        _ => unreachable!("no such deed: {deed}"),
    }
}

/// A state, how it is brought about, what it is refused with, and which deeds are.
struct Case {
    name: &'static str,
    bring: fn(&mut House, &Cast),
    error: BallastError,
    refused: &'static [&'static str],
}

const INCREASES: [&str; 2] = ["increase as taker", "increase as maker"];
/// New risk: loans and larger positions.
const NEW_RISK: &[&str] = &["borrow", INCREASES[0], INCREASES[1]];
const LIQUIDATIONS: &[&str] = &["liquidate position", "liquidate collateral"];
const BUT_DEPOSITS_AND_REDUCTIONS: &[&str] =
    &["borrow", INCREASES[0], INCREASES[1], "settle", "liquidate position", "liquidate collateral"];
const BUT_DEPOSITS: &[&str] = &[
    "borrow",
    INCREASES[0],
    INCREASES[1],
    "reduce as taker",
    "reduce as maker",
    "settle",
    "liquidate position",
    "liquidate collateral",
];
const DEPOSITS_AND_LIQUIDATIONS: &[&str] =
    &["deposit quote", "deposit collateral", "transfer", "liquidate position", "liquidate collateral"];

fn breaker(house: &mut House, state: u8) {
    let now = house.vm.now();
    rewrite_board(house, |b| (b.assets[0].breaker, b.assets[0].breaker_time) = (state, now));
}

fn paused(house: &mut House, bits: u32, seconds: i64) {
    let until = house.vm.now() + seconds;
    rewrite_board(house, |b| (b.paused, b.pause_until) = (bits, until));
}

const CASES: [Case; 17] = [
    Case { name: "normal", bring: |_, _| (), error: BallastError::Paused, refused: &[] },
    Case {
        name: "guarded",
        bring: |h, _| breaker(h, 1),
        error: BallastError::AssetGuarded,
        refused: NEW_RISK,
    },
    Case {
        name: "doubted",
        bring: |h, _| breaker(h, 2),
        error: BallastError::PriceDoubted,
        refused: BUT_DEPOSITS_AND_REDUCTIONS,
    },
    Case {
        name: "halted",
        bring: |h, _| breaker(h, 3),
        error: BallastError::AssetHalted,
        refused: BUT_DEPOSITS,
    },
    Case {
        name: "off peg",
        bring: |h, _| rewrite_board(h, |b| b.off_peg = 1),
        error: BallastError::QuoteOffPeg,
        refused: NEW_RISK,
    },
    Case {
        name: "grace of the house",
        bring: |h, _| {
            let until = h.vm.now() + 1;
            rewrite_board(h, |b| b.grace_until = until);
        },
        error: BallastError::GracePeriod,
        refused: LIQUIDATIONS,
    },
    Case {
        name: "grace of the house, over",
        bring: |h, _| {
            let until = h.vm.now();
            rewrite_board(h, |b| b.grace_until = until);
        },
        error: BallastError::GracePeriod,
        refused: &[],
    },
    Case {
        name: "grace of the asset",
        bring: |h, _| {
            let until = h.vm.now() + 1;
            rewrite_board(h, |b| b.assets[0].grace_until = until);
        },
        error: BallastError::GracePeriod,
        refused: LIQUIDATIONS,
    },
    Case {
        name: "grace of the asset, over",
        bring: |h, _| {
            let until = h.vm.now();
            rewrite_board(h, |b| b.assets[0].grace_until = until);
        },
        error: BallastError::GracePeriod,
        refused: &[],
    },
    Case {
        name: "new risk paused",
        bring: |h, _| paused(h, pause::NEW_RISK, 1),
        error: BallastError::Paused,
        refused: NEW_RISK,
    },
    Case {
        name: "deposits paused",
        bring: |h, _| paused(h, pause::DEPOSITS, 1),
        error: BallastError::Paused,
        refused: DEPOSITS_AND_LIQUIDATIONS,
    },
    Case {
        name: "both paused",
        bring: |h, _| paused(h, pause::ALL, 1),
        error: BallastError::Paused,
        refused: &[
            "deposit quote",
            "deposit collateral",
            "transfer",
            "borrow",
            INCREASES[0],
            INCREASES[1],
            "liquidate position",
            "liquidate collateral",
        ],
    },
    Case {
        name: "both paused, over",
        bring: |h, _| paused(h, pause::ALL, 0),
        error: BallastError::Paused,
        refused: &[],
    },
    Case {
        name: "market reduce-only",
        bring: |h, _| rewrite_board(h, |b| b.markets[0].restrictions = restriction::REDUCE_ONLY),
        error: BallastError::ReduceOnly,
        // A loan against coins is not in the market.
        refused: &INCREASES,
    },
    Case {
        name: "asset reduce-only",
        bring: |h, _| rewrite_board(h, |b| b.assets[0].restrictions = restriction::REDUCE_ONLY),
        error: BallastError::ReduceOnly,
        refused: NEW_RISK,
    },
    Case {
        name: "accounts reduce-only",
        bring: |h, c| {
            for who in [&c.saver, &c.sibling, &c.borrower, &c.trader, &c.loser, &c.short, &c.debtor] {
                rewrite_account(h, who, |a| a.restrictions = restriction::REDUCE_ONLY);
            }
        },
        error: BallastError::ReduceOnly,
        refused: NEW_RISK,
    },
    Case {
        name: "accounts reduce-only by their owners",
        bring: |h, c| {
            for who in [&c.saver, &c.sibling, &c.borrower, &c.trader, &c.loser, &c.short, &c.debtor] {
                h.restrict(who, true).expect("an owner restricts");
            }
        },
        error: BallastError::ReduceOnly,
        refused: NEW_RISK,
    },
];

/// Puts everything back, so that each deed finds the same house.
fn restore(house: &mut House, saved: &Saved) {
    for (address, owner, data) in saved {
        house.vm.put(*address, *owner, data.clone());
    }
}

type Saved = Vec<(anchor_lang::prelude::Pubkey, anchor_lang::prelude::Pubkey, Vec<u8>)>;

fn save(house: &House) -> Saved {
    let owners = [ballast::ID, anchor_spl::token::ID];
    owners
        .iter()
        .flat_map(|owner| house.vm.svm.get_program_accounts(owner))
        .map(|(address, account)| (address, account.owner, account.data))
        .collect()
}

#[test]
fn every_deed_in_every_state_is_as_the_table_says() {
    let (mut house, cast) = cast();
    for (mint, amount) in [(house.at.quote_mint, QUOTE), (house.collateral(0).mint, COIN)] {
        house.vm.mint_to(&mint, &cast.saver.wallets[&mint], amount);
    }
    let start = save(&house);
    let mut wrong = Vec::new();
    for case in &CASES {
        for refused in case.refused {
            assert!(DEEDS.contains(refused), "{refused}");
        }
        for deed in DEEDS {
            restore(&mut house, &start);
            (case.bring)(&mut house, &cast);
            let before = everything(&house.vm);
            let done = act(&mut house, &cast, deed);
            let expected = case.refused.contains(&deed);
            match done {
                Ok(_) if !expected => assert_conserved(&house),
                Err(refusal) if expected && refusal.is(case.error) => {
                    assert!(before == everything(&house.vm), "{deed} while {} left a trace", case.name);
                }
                Ok(_) => wrong.push(format!("{deed} while {}: accepted", case.name)),
                Err(refusal) => wrong.push(format!("{deed} while {}: {}", case.name, said(&refusal))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn said(refusal: &Refusal) -> String {
    refusal.logs.iter().rev().find(|l| l.contains("Error")).cloned().unwrap_or_else(|| refusal.to_string())
}

/// What concerns nobody's risk goes on in every state.
#[test]
fn owners_and_cranks_go_on_in_every_state() {
    let (mut house, cast) = cast();
    let start = save(&house);
    for case in &CASES {
        restore(&mut house, &start);
        (case.bring)(&mut house, &cast);
        let name = case.name;
        // Nobody is told a health by a price that is not believed.
        if !matches!(name, "doubted" | "halted") {
            let health = house.at.health(cast.trader.account);
            house.vm.send(&[health], &[]).expect(name);
        }
        house.refresh_exposure(0).expect(name);
        let desk = cast.desk.pubkey();
        house.name_delegate(&cast.trader, desk, ballast::state::delegate_power::ALL, 0).expect(name);
        house.restrict(&cast.desk, true).expect(name);
        house.restrict(&cast.desk, false).expect(name);
        house.set_mode(&cast.sibling, Some(0)).expect(name);
        let close = house.at.close_margin_account(cast.sibling.pubkey(), cast.sibling.account);
        house.vm.send(&[close], &[&cast.sibling.key]).expect(name);
        house.sub_account(&cast.saver, 7, Some(0));
        let opened = house.at.margin_account(&cast.saver.pubkey(), 7);
        let close = house.at.close_margin_account(cast.saver.pubkey(), opened);
        house.vm.send(&[close], &[&cast.saver.key]).expect(name);
    }
}

/// Without a recent price nothing moves but what needs none: whoever owes nothing gets out.
#[test]
fn through_an_outage_deposits_and_debtless_withdrawals_go_on() {
    let (mut house, cast) = cast();
    house.vm.advance(3_600);
    house.fund_quote(&cast.saver, QUOTE).expect("a deposit");
    house.withdraw_quote(&cast.saver, 10_001 * QUOTE).expect("all of it");
    house.withdraw_collateral(&cast.saver, 0, 10 * COIN).expect("all of it");
    for deed in ["borrow", "increase as taker", "reduce as taker", "settle", LIQUIDATIONS[0], LIQUIDATIONS[1]]
    {
        let refusal = act(&mut house, &cast, deed).expect_err("there is no price");
        let known = refusal.is(BallastError::StalePrice) || refusal.is(BallastError::AssetHalted);
        assert!(known, "{deed}: {}", said(&refusal));
    }
    assert_conserved(&house);
}
