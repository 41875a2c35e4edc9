//! Solvency on demand: the attestation counts everything, once, and no vault holds less than it owes.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use anchor_lang::solana_program::instruction::Instruction;
use ballast::error::BallastError;
use ballast::event::SolvencyAttested;
use ballast::state::MarginAccount;
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::{House, MarketSpec, Person};
use bytemuck::bytes_of;

use crate::common::{
    BASE, COIN, Rival, assert_conserved, nobody_comes, prices_after, refused, refused_ix, sol, sol_and_eth,
    with_account,
};

/// Bytes of a token account's amount.
const AMOUNT: std::ops::Range<usize> = 64..72;

/// A lender, a borrower against coins, a long and a short, and profit that was paid in but not out.
fn busy() -> (House, Vec<Person>) {
    let mut house = sol_and_eth();
    house.season(&[100.0, 1_000.0]);
    let people: Vec<Person> =
        [50_000, 0, 2_000, 3_000].map(|quote| house.person_with_quote(quote + 1)).into();
    house.fund_collateral(&people[1], 0, 400 * COIN).expect("coins are taken");
    house.withdraw_quote(&people[1], 10_001 * QUOTE).expect("a loan is given");
    house.fill_at_oracle(0, &people[2], &people[3], 40 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[98.0, 1_000.0]);
    house.settle(0, &people[2]).expect("the loser pays in");
    (house, people)
}

/// Puts another value at a place of an account.
fn tamper(house: &mut House, address: &Pubkey, change: impl FnOnce(&mut Vec<u8>)) {
    let mut account = house.vm.svm.get_account(address).expect("it is there");
    change(&mut account.data);
    house.vm.svm.set_account(*address, account).expect("the VM takes it");
}

fn tamper_account(house: &mut House, address: &Pubkey, change: impl FnOnce(&mut MarginAccount)) {
    let mut account = *house.margin_account(address);
    change(&mut account);
    tamper(house, address, |data| data[8..].copy_from_slice(bytes_of(&account)));
}

fn tamper_position(house: &mut House, address: &Pubkey, market: u8, base: i64, entry: i64) {
    let listed = house.board().markets[usize::from(market)];
    tamper_account(house, address, |account| {
        account.add_position(market, &listed, base, entry).expect("a slot");
    });
}

fn tokens(data: &mut [u8], change: i64) {
    let amount = u64::from_le_bytes(data[AMOUNT].try_into().expect("eight bytes"));
    data[AMOUNT].copy_from_slice(&amount.checked_add_signed(change).expect("it fits").to_le_bytes());
}

/// The instruction without one of its accounts.
fn without(mut instruction: Instruction, address: Pubkey) -> Instruction {
    instruction.accounts.retain(|meta| meta.pubkey != address);
    instruction
}

#[test]
fn the_figures_are_what_is_on_the_books() {
    let (mut house, people) = busy();
    let receipt = house.attest_solvency().expect("the house is solvent");
    let said: SolvencyAttested = receipt.event();
    assert_eq!(said.clearinghouse, house.at.clearinghouse);
    let report = said.report;
    assert_eq!(report, house.solvency(), "event and return data agree");
    let quotes: Vec<i64> = people.iter().map(|p| house.margin_account(&p.account).quote).collect();
    assert_eq!(report.accounts, 4);
    assert_eq!(i128::from(report.balances), quotes.iter().map(|q| i128::from(*q.max(&0))).sum());
    assert_eq!(report.loans, 10_000 * QUOTE);
    assert!(report.pools > 79 * QUOTE, "what the loser paid in");
    assert_eq!((report.surplus, report.bad_debt, report.unvalued, report.interest_owed), (0, 0, 0, 0));
    assert_eq!(report.quote_vault, house.vm.tokens(&house.at.quote_vault));
    assert_eq!((report.collateral[0].vault, report.collateral[0].claims), (400 * COIN, 400 * COIN));
    assert_eq!((report.collateral[1].vault, report.collateral[1].claims), (0, 0));
    let in_ = u128::from(report.quote_vault) + u128::from(report.loans);
    let out = [report.balances, report.pools, report.fees, report.insurance, report.surplus];
    assert_eq!(in_, out.iter().map(|x| u128::from(*x)).sum());
    println!("attest_solvency of 4 accounts, 2 assets, 2 markets: {} units", receipt.compute_units);
    assert_conserved(&house);
}

#[test]
fn an_account_that_is_opened_or_closed_is_counted() {
    let (mut house, _) = busy();
    assert_eq!(house.treasury().accounts, 4);
    let newcomer = house.person();
    assert_eq!((house.treasury().accounts, house.solvency().accounts), (5, 5));
    house.close(&newcomer).expect("it is empty");
    assert_eq!((house.treasury().accounts, house.solvency().accounts), (4, 4));
}

/// Whoever may leave accounts out proves whatever it likes.
#[test]
fn attack_an_account_is_left_out() {
    let (mut house, people) = busy();
    let attest = house.attestation();
    for left_out in &people {
        let partial = without(attest.clone(), left_out.account);
        refused_ix(&mut house, BallastError::AttestationIncomplete, partial, &[]);
    }
    let nobody = people.iter().fold(attest.clone(), |attest, p| without(attest, p.account));
    refused_ix(&mut house, BallastError::AttestationIncomplete, nobody, &[]);
    let nothing = Instruction { accounts: attest.accounts[..4].to_vec(), ..attest };
    refused_ix(&mut house, BallastError::AttestationIncomplete, nothing, &[]);
}

/// One account twice in the place of another: the number is right.
#[test]
fn attack_an_account_is_counted_twice() {
    let (mut house, people) = busy();
    let attest = house.attestation();
    for (from, to) in [(0, 1), (1, 2), (3, 0)] {
        let twice = with_account(attest.clone(), people[from].account, people[to].account);
        refused_ix(&mut house, BallastError::AttestationOutOfOrder, twice, &[]);
    }
}

#[test]
fn attack_accounts_of_another_house_make_up_the_number() {
    let (mut house, people) = busy();
    let mut rival = Rival::of(&mut house);
    let theirs = rival.visit(&mut house, |house| house.person_with_quote(1_000_000));
    let attest = house.attestation();
    let mixed = with_account(attest.clone(), people[0].account, theirs.account);
    let sorted = |mut attest: Instruction| {
        let margins = attest.accounts.len() - 4;
        attest.accounts[margins..].sort_by_key(|meta| meta.pubkey);
        attest
    };
    refused_ix(&mut house, BallastError::WrongClearinghouse, sorted(mixed), &[]);

    let forged = Pubkey::new_unique();
    let bytes = house.vm.data(&people[0].account);
    house.vm.put(forged, anchor_lang::system_program::ID, bytes);
    let mixed = with_account(attest.clone(), people[0].account, forged);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, sorted(mixed), &[]);

    let at = house.at;
    for (ours, other) in [
        (at.board, rival.at.board),
        (at.treasury, rival.at.treasury),
        (at.asset(1), rival.at.asset(0)),
        (at.market(1), rival.at.market(0)),
    ] {
        let wrong = with_account(attest.clone(), ours, other);
        refused_ix(&mut house, BallastError::WrongClearinghouse, wrong, &[]);
    }
    refused_ix(
        &mut house,
        BallastError::WrongVault,
        with_account(attest.clone(), at.quote_vault, rival.at.quote_vault),
        &[],
    );
}

/// A vault that is another's, or the thief's own wallet.
#[test]
fn attack_a_full_wallet_stands_in_for_an_empty_vault() {
    let (mut house, people) = busy();
    let mints: Vec<Pubkey> = house.assets.iter().filter_map(|a| a.mint).collect();
    let attest = house.attestation();
    let wallet = people[0].wallets[&mints[0]];
    let vault = house.at.vault(&mints[0]);
    refused_ix(&mut house, BallastError::WrongVault, with_account(attest.clone(), vault, wallet), &[]);
    let quote_vault = house.at.quote_vault;
    let wallet = people[0].wallets[&house.at.quote_mint];
    refused_ix(&mut house, BallastError::WrongVault, with_account(attest.clone(), quote_vault, wallet), &[]);
    // Assets and markets in the wrong places.
    let (a, b) = (house.at.asset(0), house.at.asset(1));
    refused_ix(&mut house, BallastError::AttestationOutOfOrder, with_account(attest.clone(), a, b), &[]);
    let (a, b) = (house.at.market(0), house.at.market(1));
    refused_ix(&mut house, BallastError::AttestationOutOfOrder, with_account(attest, b, a), &[]);
}

/// One unit that is missing is found, wherever it is missing.
#[test]
fn one_missing_unit_is_refused() {
    let (house, people) = busy();
    type Theft = Box<dyn Fn(&mut House)>;
    let (owner, trader) = (people[0].account, people[2].account);
    let vault = house.at.vault(&house.assets[0].mint.expect("a coin"));
    let quote_vault = house.at.quote_vault;
    let cases: Vec<(&str, BallastError, Theft)> = vec![
        (
            "a token left the quote vault",
            BallastError::VaultBelowClaims,
            Box::new(move |h| tamper(h, &quote_vault, |data| tokens(data, -1))),
        ),
        (
            "a coin left its vault",
            BallastError::VaultBelowClaims,
            Box::new(move |h| tamper(h, &vault, |data| tokens(data, -1))),
        ),
        (
            "somebody's balance grew",
            BallastError::VaultBelowClaims,
            Box::new(move |h| tamper_account(h, &owner, |a| a.quote += 1)),
        ),
        (
            "interest is owed that nobody paid",
            BallastError::VaultBelowClaims,
            Box::new(move |h| tamper_account(h, &owner, |a| a.interest_owed = 1)),
        ),
        (
            "somebody holds coins that nobody brought",
            BallastError::VaultBelowClaims,
            Box::new(move |h| tamper_account(h, &owner, |a| a.add_collateral(1, 1).expect("a slot"))),
        ),
        (
            "a profit without a loss",
            BallastError::BooksUnbalanced,
            Box::new(move |h| tamper_position(h, &trader, 0, 0, 1)),
        ),
        (
            "a long without a short",
            BallastError::BooksUnbalanced,
            Box::new(move |h| tamper_position(h, &trader, 0, 1, 0)),
        ),
        (
            "a short without a long",
            BallastError::BooksUnbalanced,
            Box::new(move |h| tamper_position(h, &owner, 1, -1, 0)),
        ),
        (
            "a long and a short that open interest does not know of",
            BallastError::BooksUnbalanced,
            Box::new(move |h| {
                tamper_position(h, &trader, 0, 1, 0);
                tamper_position(h, &owner, 0, -1, 0);
            }),
        ),
    ];
    let untouched: Vec<(Pubkey, _)> =
        [quote_vault, vault, owner, trader].map(|k| (k, house.vm.svm.get_account(&k).expect("there"))).into();
    let mut house = house;
    for (what, error, theft) in cases {
        println!("{what}");
        theft(&mut house);
        refused(&mut house, error, House::attest_solvency);
        for (address, account) in &untouched {
            house.vm.svm.set_account(*address, account.clone()).expect("the VM takes it");
        }
        house.attest_solvency().expect("the house is solvent again");
    }
}

/// Bytes of a market's open interest.
const OPEN_INTEREST: std::ops::Range<usize> = 76..84;

/// A side that was deleveraged lacks what truncation took. The market counts how much that can be, and nobody hides a unit
/// more behind it.
#[test]
fn dust_of_a_deleveraging_is_excused_and_not_a_unit_more() {
    let mut house = sol();
    let (loser, sound) = (house.person_with_quote(300), house.person_with_quote(10_000));
    let winners = [house.person_with_quote(5_000), house.person_with_quote(5_000)];
    house.fill(0, &loser, &winners[0], -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fill(0, &sound, &winners[1], -30 * BASE - 7, 3_000 * QUOTE).expect("a fill");
    assert_eq!(house.market(0).base_dust, 0);
    prices_after(&mut house, 30, &[150.0]);
    nobody_comes(&mut house, &loser, &[150.0]);
    house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt");
    let dust = house.market(0).base_dust;
    assert_eq!(dust, 3, "less than a unit of each of two longs, and of their scale");

    let now = |house: &House, person: &Person| {
        let slot = house.margin_account(&person.account).position(0);
        house.board().markets[0].now(&slot).expect("it can be brought in step").base
    };
    let longs = winners.iter().map(|w| now(&house, w).unsigned_abs()).sum::<u64>();
    let (market, stands) = (house.at.market(0), house.market(0).open_interest);
    let says = |house: &mut House, open: u64| {
        tamper(house, &market, |data| data[OPEN_INTEREST].copy_from_slice(&open.to_le_bytes()));
    };
    for open in [longs, longs + dust] {
        says(&mut house, open);
        house.attest_solvency().expect("truncation may have taken as much");
    }
    for open in [longs - 1, longs + dust + 1] {
        says(&mut house, open);
        refused(&mut house, BallastError::BooksUnbalanced, House::attest_solvency);
    }
    says(&mut house, stands);

    // Once nobody holds anything there is nothing to excuse any more.
    house.settle(0, &loser).expect("it pays what it has");
    for winner in &winners {
        let base = now(&house, winner);
        house.fill_at_oracle(0, winner, &sound, -base).expect("a trade out");
    }
    let _ = house.touch_position(0, &sound);
    assert_eq!(house.market(0).base_dust, dust, "it is counted until then");
    house.fill_at_oracle(0, &winners[0], &winners[1], BASE).expect("the market is back");
    assert_eq!(house.market(0).base_dust, 0);
    house.attest_solvency().expect("the books are in step");
    assert_conserved(&house);
}

/// Anybody may send tokens to a vault: nobody shall stop an attestation by it.
#[test]
fn attack_a_gift_does_not_stop_the_attestation() {
    let (mut house, _) = busy();
    let (vault, mint) = (house.at.quote_vault, house.at.quote_mint);
    house.vm.mint_to(&mint, &vault, 7);
    let coin = house.assets[1].mint.expect("a coin");
    let coins = house.at.vault(&coin);
    house.vm.mint_to(&coin, &coins, 9);
    let report = house.solvency();
    assert_eq!((report.surplus, report.collateral[1].surplus()), (7, 9));
}

#[test]
fn bad_debt_is_what_accounts_are_worth_below_zero() {
    let (mut house, people) = busy();
    // 400 coins against 10,000 quote: at 20 dollars they are worth 8,000; the long lost 78 dollars on each of 40.
    prices_after(&mut house, 30, &[20.0, 1_000.0]);
    let report = house.solvency();
    let owed = |p: &Person| -house.health(p).maintenance.equity.min(0);
    let own: i64 = people.iter().map(owed).sum();
    assert!(own > 3_000 * QUOTE as i64, "{own}");
    assert!(report.bad_debt.abs_diff(own as u64) <= 4, "{report:?} {own}");
    // The same when the oracle has been silent for a day.
    house.vm.advance(86_400);
    assert_eq!(house.solvency().bad_debt, report.bad_debt);
}

#[test]
fn expired_options_are_cleared_one_by_one_and_the_books_balance_all_the_while() {
    let mut house = sol();
    house.season(&[100.0]);
    let expiry = house.vm.now() + 86_400;
    house.open_market(MarketSpec::option("SOL", 0, false, 90.0, expiry)).expect("governance lists");
    prices_after(&mut house, 1, &[100.0]);
    let (holder, writer) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.fill_at_mark(1, &holder, &writer, 10 * BASE).expect("a fill at the mark");
    let before = house.solvency();
    assert_eq!((before.pools, before.unvalued), (0, 0));
    house.vm.advance(expiry - house.vm.now() + 3_600);
    house.fix_settlement_price(1).expect("an hour is enough");
    house.solvency();
    house.settle(1, &holder).expect("the premium was more than the payoff: the holder pays");
    assert!(house.solvency().pools > 0);
    house.settle(1, &writer).expect("the writer is paid");
    house.solvency();
}

/// What fits one transaction, and what it costs.
#[test]
fn fifty_full_accounts_are_attested_in_one_instruction() {
    let coins: Vec<(String, f64)> = (0..4).map(|i| (format!("C{i}"), 100.0)).collect();
    let coins: Vec<(&str, f64)> = coins.iter().map(|(name, price)| (name.as_str(), *price)).collect();
    let mut house = House::with_coins(&coins);
    let people: Vec<Person> = (0..45).map(|_| house.person_with_quote(10_000)).collect();
    for pair in people.chunks_exact(2) {
        for market in 0..4 {
            house.fund_collateral(&pair[0], market, COIN).expect("coins are taken");
            house.fill_at_oracle(market, &pair[0], &pair[1], BASE).expect("a fill");
        }
    }
    let receipt = house.attest_solvency().expect("the house is solvent");
    println!("attest_solvency of 45 accounts, 4 assets, 4 markets: {} units", receipt.compute_units);
    assert!(receipt.compute_units < 840_000, "{}", receipt.compute_units);
}
