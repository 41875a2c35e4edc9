//! Bankruptcy: the insurance fund, then the other side of the market, to the unit; and everybody gets out in the end.

use ballast::error::BallastError;
use ballast::event::BankruptcyResolved;
use ballast_sandbox::house::{HouseParams, QUOTE};
use ballast_sandbox::{AssetSpec, House, Person};

use crate::common::{
    BASE, Rival, assert_conserved, nobody_comes, prices_after, quote_of, refused, refused_ix, sol,
    sol_and_eth, sol_with_fees, with_account,
};

const UNIT: i64 = QUOTE as i64;

/// A position as it is now, whether or not it was brought in step: base, entry.
fn held(house: &House, person: &Person) -> (i64, i64) {
    let slot = house.margin_account(&person.account).position(0);
    let slot = house.board().markets[0].now(&slot).expect("it can be brought in step");
    (slot.base, slot.entry)
}

/// Bankrupts one short of ten coins with 300 of quote at a price of 150: 200 are missing. Longs of six and four.
fn bankrupt(house: &mut House) -> (Person, [Person; 2]) {
    let loser = house.person_with_quote(300);
    let winners = [house.person_with_quote(1_000), house.person_with_quote(1_000)];
    for (winner, coins) in winners.iter().zip([6, 4]) {
        house.fill(0, &loser, winner, -coins * BASE, coins as u64 * 100 * QUOTE).expect("a fill");
    }
    prices_after(house, 30, &[150.0]);
    nobody_comes(house, &loser, &[150.0]);
    (loser, winners)
}

/// Settles whatever can be settled, losers first.
fn settle_all(house: &mut House, people: &[&Person]) {
    for person in people {
        let _ = house.settle(0, person);
    }
}

#[test]
fn deleveraging_takes_exactly_the_deficit() {
    let mut house = sol();
    let (loser, winners) = bankrupt(&mut house);
    let before: Vec<i64> = winners.iter().map(|w| house.health(w).maintenance.equity).collect();
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!((said.market, said.base, said.whole_side), (Some(0), -10 * BASE, true));
    let missing = said.socialised;
    assert!((200 * QUOTE..=200 * QUOTE + 2).contains(&missing), "{missing}");
    assert_eq!((said.insurance, said.slice, said.left), (0, 0, 0));
    assert_conserved(&house);
    assert_eq!(house.health(&loser).maintenance.equity, 0, "its deficit is made whole");

    // Pro rata, to the unit: six tenths and four tenths, and no more than was missing.
    let after: Vec<i64> = winners.iter().map(|w| house.health(w).maintenance.equity).collect();
    let lost: Vec<i64> = before.iter().zip(&after).map(|(b, a)| b - a).collect();
    assert!((lost[0] - 120 * UNIT).abs() <= 3 && (lost[1] - 80 * UNIT).abs() <= 3, "{lost:?}");
    let over = lost.iter().sum::<i64>() - missing as i64;
    assert!((-2..=2).contains(&over), "the haircut differs from the deficit by {over}");
    for winner in &winners {
        assert_eq!(held(&house, winner).0, 0, "the whole other side is closed");
    }
}

/// dYdX chain, 10 Oct 2025: the entire open interest of an isolated market was liquidated in one trade.
#[test]
fn a_market_returns_after_its_whole_side_was_closed() {
    let mut house = sol();
    for _ in 0..2 {
        let (loser, winners) = bankrupt(&mut house);
        house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt");
        let [a, b] = &winners;
        let (x, y) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
        refused(&mut house, BallastError::MarketResetting, |h| h.fill_at_oracle(0, &x, &y, BASE));
        refused(&mut house, BallastError::MarketResetting, |h| h.fill_at_oracle(0, a, &y, BASE));
        house.touch_position(0, a).expect("anybody touches");
        refused(&mut house, BallastError::PositionInStep, |h| h.touch_position(0, a));
        refused(&mut house, BallastError::MarketResetting, |h| h.fill_at_oracle(0, &x, &y, BASE));
        house.settle(0, &loser).expect("it pays what it has");
        house.settle(0, b).expect("settling brings a position in step as well");
        house.fill_at_oracle(0, &x, &y, BASE).expect("the market is back");
        house.fill_at_oracle(0, &x, &y, -BASE).expect("and can be left");
        assert_conserved(&house);
        settle_all(&mut house, &[&loser, a, b, &x, &y, a, b, &x, &y]);
        // Everybody leaves with what is theirs; what stays are the roundings.
        for person in [&loser, a, b, &x, &y] {
            let quote = quote_of(&house, person);
            if quote > 0 {
                house.withdraw_quote(person, quote as u64).expect("it is settled");
            }
        }
        assert!(house.vm.tokens(&house.at.quote_vault) < 100, "what is left in the vault is dust");
        let _ = house.sweep_fees(0);
        assert_conserved(&house);
        prices_after(&mut house, 30, &[100.0]);
    }
    assert_eq!(house.board().markets[0].long.epoch, 2);
}

#[test]
fn a_part_of_the_other_side_is_closed_pro_rata() {
    let mut house = sol();
    let (loser, sound) = (house.person_with_quote(300), house.person_with_quote(10_000));
    let winners = [house.person_with_quote(5_000), house.person_with_quote(5_000)];
    house.fill(0, &loser, &winners[0], -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fill(0, &sound, &winners[1], -30 * BASE, 3_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    nobody_comes(&mut house, &loser, &[150.0]);
    let before = house.health(&sound).maintenance.equity;
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert!(!said.whole_side);
    // Ten of forty: a quarter of each long; whoever is short as well is not asked.
    for (winner, coins) in winners.iter().zip([10, 30]) {
        let left = held(&house, winner).0;
        assert!((left - coins * BASE * 3 / 4).abs() <= 1, "{left} of {coins}");
    }
    assert_eq!(house.health(&sound).maintenance.equity, before);
    assert_eq!(house.market(0).open_interest, 30 * BASE as u64);
    assert_conserved(&house);

    // The books close: everybody trades out, at the last the market takes what truncation left.
    house.settle(0, &loser).expect("it pays what it has");
    for winner in &winners {
        let base =
            house.board().markets[0].now(&house.margin_account(&winner.account).position(0)).unwrap().base;
        house.fill_at_oracle(0, winner, &sound, -base).expect("a trade out");
    }
    let _ = house.touch_position(0, &sound);
    assert_eq!(held(&house, &sound).0, 0);
    assert_conserved(&house);
    for _ in 0..2 {
        settle_all(&mut house, &[&sound, &winners[0], &winners[1]]);
    }
    let market = house.market(0);
    assert_eq!((market.open_interest, market.holders_long, market.holders_short), (0, 0, 0));
    let _ = house.sweep_fees(0);
    assert_conserved(&house);
    settle_all(&mut house, &[&winners[0], &winners[1], &sound]);
    assert_conserved(&house);
    let left = house.market(0);
    assert!(left.promised == 0 && left.pool <= 2, "{} promised, {} pooled", left.promised, left.pool);
}

/// dYdX chain, 10 Oct 2025: collateral was moved before the insurance fund had paid.
/// What is closed is nobody's to unwind any more: margins fall in the same transaction, not with the next price.
#[test]
fn a_resolution_leaves_no_crowd_behind() {
    let mut coin = AssetSpec::coin("SOL", 9);
    (coin.args.impact_bps, coin.args.crowd_share_bps) = (10_000, 1_000);
    (coin.args.depth_floor, coin.args.depth_cap) = (1_000_000 * QUOTE, 100_000_000 * QUOTE);
    let mut house = House::with_assets(HouseParams::default(), vec![(coin, 100.0)]);
    let (whale, desk) = (house.person_with_quote(4_000_000), house.person_with_quote(4_000_000));
    house.fill_at_oracle(0, &whale, &desk, 50_000 * BASE).expect("a fill");
    for _ in 0..8 {
        prices_after(&mut house, 1_800, &[100.0]);
        house.refresh_exposure(0).expect("anybody copies what is open");
    }
    let crowded = house.board().assets[0].crowd_short;
    prices_after(&mut house, 30, &[190.0]);
    nobody_comes(&mut house, &desk, &[190.0]);
    house.resolve_bankruptcy(&desk, Some(0)).expect("it is bankrupt");
    let crowds = |house: &House| {
        let asset = house.board().assets[0];
        (asset.crowd_long, asset.crowd_short, asset.haircut_long, asset.haircut_short)
    };
    let resolved = crowds(&house);
    assert!(resolved.1 < crowded / 2, "{resolved:?}, was {crowded}");
    house.refresh_exposure(0).expect("nothing is new to it");
    assert_eq!(crowds(&house), resolved);
}

#[test]
fn the_order_of_the_waterfall_is_kept() {
    let mut house = sol_with_fees();
    let (loser, _) = bankrupt(&mut house);
    // The taker paid 1 % of 1,000: the loser has ten less.
    house.sweep_fees(0).expect("fees were taken");
    assert_eq!(house.treasury().insurance, 10 * QUOTE);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!(said.insurance, 10 * QUOTE, "the fund first, to its last unit");
    assert!((200 * QUOTE..=200 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    assert_eq!((house.treasury().insurance, house.treasury().bad_debt_paid), (0, 10 * QUOTE));
    assert_conserved(&house);
}

#[test]
fn with_enough_insurance_winners_are_closed_at_spot() {
    let mut house = sol_with_fees();
    let rich = [house.person_with_quote(100_000), house.person_with_quote(100_000)];
    house.fill_at_oracle(0, &rich[0], &rich[1], 400 * BASE).expect("a fill");
    house.fill_at_oracle(0, &rich[0], &rich[1], -400 * BASE).expect("and back");
    house.sweep_fees(0).expect("fees were taken");
    let (loser, winners) = bankrupt(&mut house);
    let before: Vec<i64> = winners.iter().map(|w| house.health(w).maintenance.equity).collect();
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!((said.socialised, said.left), (0, 0));
    for (winner, before) in winners.iter().zip(before) {
        let lost = before - house.health(winner).maintenance.equity;
        assert!((-1..=3).contains(&lost), "a winner lost {lost}");
    }
    assert_eq!(held(&house, &loser).0, 0, "whoever is bailed out keeps no bet on the fund's account");
    assert_conserved(&house);
}

/// What keepers closed at spot left a loss behind that nobody was asked for: the fund pays it when it can.
#[test]
fn a_claim_stays_until_the_fund_has_money() {
    let mut house = sol_with_fees();
    let (loser, winners) = bankrupt(&mut house);
    let keeper = house.person_with_quote(100_000);
    let take =
        house.at.liquidate_position(loser.account, (keeper.account, keeper.pubkey()), 0, 10 * BASE as u64);
    house.vm.send(&[take], &[&keeper.key]).expect("it is short of its margin");
    refused(&mut house, BallastError::NothingToResolve, |h| h.resolve_bankruptcy(&loser, None));
    house.settle(0, &loser).expect("it pays what it has");
    house.sweep_fees(0).expect("fees were taken");
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, None).expect("the fund pays").event();
    assert_eq!((said.market, said.insurance, said.socialised), (None, 10 * QUOTE, 0));
    assert!(said.left > 190 * QUOTE, "{} stay as a claim", said.left);
    house.settle(0, &loser).expect("what the fund paid goes to the pool");
    house.settle(0, &winners[0]).expect("and to whom it is owed");
    refused(&mut house, BallastError::NothingToResolve, |h| h.resolve_bankruptcy(&loser, None));
    assert_conserved(&house);
}

#[test]
fn attack_who_is_solvent_is_not_resolved() {
    let mut house = sol();
    let (long, short) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    house.fill(0, &long, &short, 10 * BASE, 1_000 * QUOTE).expect("a fill");
    for price in [100.0, 150.0, 199.9] {
        prices_after(&mut house, 30, &[price]);
        for person in [&long, &short] {
            refused(&mut house, BallastError::NotBankrupt, |h| h.resolve_bankruptcy(person, Some(0)));
        }
    }
    prices_after(&mut house, 30, &[201.0]);
    house.vm.advance(90);
    let stale = house.resolve_bankruptcy(&short, Some(0)).expect_err("nobody is bankrupt by an old price");
    assert_eq!(stale.code(), Some(BallastError::AssetHalted.into()));
}

#[test]
fn attack_the_caller_does_not_choose_who_pays() {
    let mut house = sol_and_eth();
    let loser = house.person_with_quote(600);
    let others = [house.person_with_quote(10_000), house.person_with_quote(10_000)];
    house.fill(0, &loser, &others[0], -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fill(1, &loser, &others[1], BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[180.0, 950.0]);
    nobody_comes(&mut house, &loser, &[180.0, 950.0]);
    for market in [Some(1), None] {
        refused(&mut house, BallastError::NotWorstMarket, |h| h.resolve_bankruptcy(&loser, market));
    }
    let before = house.health(&others[1]).maintenance.equity;
    house.resolve_bankruptcy(&loser, Some(0)).expect("its worst market");
    assert_eq!(house.health(&others[1]).maintenance.equity, before, "the other market is not asked");
    assert_conserved(&house);
}

/// The other side never pays more than what the bankrupt position itself owes it.
#[test]
fn winners_do_not_pay_for_the_bankrupts_other_affairs() {
    let mut house = sol_and_eth();
    let loser = house.person_with_quote(700);
    let others = [house.person_with_quote(10_000), house.person_with_quote(10_000)];
    house.fill(0, &loser, &others[0], -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fill(1, &loser, &others[1], BASE, 1_000 * QUOTE).expect("a fill");
    // 800 lost on the one, 500 on the other, 700 paid in: 600 are missing.
    prices_after(&mut house, 30, &[180.0, 500.0]);
    nobody_comes(&mut house, &loser, &[180.0, 500.0]);
    house.settle(0, &loser).expect("it pays the first market all it has");
    let said: BankruptcyResolved =
        house.resolve_bankruptcy(&loser, Some(1)).expect("worst is the second").event();
    assert!((500 * QUOTE..=500 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("then the first").event();
    assert!((100 * QUOTE - 2..=100 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    assert_eq!(said.left, 0);
    assert_conserved(&house);
}

#[test]
fn attack_what_is_genuine_elsewhere_is_foreign_here() {
    let mut house = sol();
    let (loser, _) = bankrupt(&mut house);
    let mut rival = Rival::of(&mut house);
    let there = rival.visit(&mut house, |house| house.person_with_quote(10_000));
    let (own, other) = (house.at, rival.at);
    let resolve = own.resolve_bankruptcy(loser.account, Some(0));
    for (from, to) in [
        (own.market(0), other.market(0)),
        (own.board, other.board),
        (own.treasury, other.treasury),
        (loser.account, there.account),
    ] {
        let mixed = with_account(resolve.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[]);
    }
    let touch = own.touch_position(0, loser.account);
    for (from, to) in
        [(own.market(0), other.market(0)), (own.board, other.board), (loser.account, there.account)]
    {
        let mixed = with_account(touch.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[]);
    }
    let count = own.count_loan(loser.account);
    for (from, to) in
        [(own.treasury, other.treasury), (own.board, other.board), (loser.account, there.account)]
    {
        let mixed = with_account(count.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[]);
    }
}

/// Drift v1, May 2022: LUNA fell from 10 to 0.5, and profit was withdrawn whose loss had not been paid.
#[test]
fn attack_luna_profit_whose_loss_was_not_paid_stays() {
    let mut house = House::with_coins(&[("LUNA", 10.0)]);
    let (long, short) = (house.person_with_quote(500), house.person_with_quote(500));
    let _saver = house.person_with_quote(12_660);
    house.fill(0, &long, &short, 100 * BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 600, &[0.5]);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(0, &short));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&short, 501 * QUOTE));
    nobody_comes(&mut house, &long, &[0.5]);
    house.settle(0, &long).expect("it pays what it has");
    house.settle(0, &short).expect("and no more is paid out");
    assert_eq!(quote_of(&house, &short), 1_000 * UNIT);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&short, 1_001 * QUOTE));
    // The rest of the profit, 450, was never there: it goes, and the winner is free.
    let said: BankruptcyResolved = house.resolve_bankruptcy(&long, Some(0)).expect("it is bankrupt").event();
    assert!((450 * QUOTE..=450 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    house.touch_position(0, &short).expect("its side was closed");
    assert!(held(&house, &short).1.abs() <= 2, "nothing is owed to it");
    assert_conserved(&house);
    assert!(house.vm.tokens(&house.at.quote_vault) >= 13_660 * QUOTE, "savers are whole");
}
