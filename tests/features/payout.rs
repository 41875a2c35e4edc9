//! Profit waits out a jump: whoever it has left bankrupt is resolved, and the loss is shared, before any winner is paid.

use ballast::error::BallastError;
use ballast::event::{BankruptcyResolved, Settled};
use ballast_risk::breaker::State;
use ballast_sandbox::client::plan;
use ballast_sandbox::house::{HouseParams, QUOTE, default_backstop};
use ballast_sandbox::{AssetSpec, House, Person};

use crate::common::{
    BASE, COIN, assert_conserved, nobody_comes, prices_after, quote_of, refused, refused_ix,
};
use crate::every_state::rewrite_board;

const UNIT: i64 = QUOTE as i64;

/// One coin at 100, guarded 20 % from its stable price, which moves half of the way in an hour.
fn house() -> House {
    let mut coin = AssetSpec::coin("SOL", 9);
    coin.args.sources.max_jump_bps = 2_000;
    House::with_assets(HouseParams::default(), vec![(coin, 100.0)])
}

/// The same, and profit waits from 3 % on.
fn with_a_distance_of_its_own() -> House {
    let mut coin = AssetSpec::coin("SOL", 9);
    (coin.args.sources.max_jump_bps, coin.args.sources.payout_jump_bps) = (2_000, 300);
    House::with_assets(HouseParams::default(), vec![(coin, 100.0)])
}

/// A long and a short of ten coins with this much quote each, and then a price that jumped.
fn jumped(price: f64) -> (House, Person, Person) {
    jumped_in(house(), price)
}

fn jumped_in(mut house: House, price: f64) -> (House, Person, Person) {
    let (long, short) = (house.person_with_quote(2_000), house.person_with_quote(2_000));
    house.fill_at_oracle(0, &long, &short, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[price]);
    (house, long, short)
}

fn state(house: &House) -> State {
    house.board().assets[0].state(house.vm.now())
}

#[test]
fn profit_waits_while_a_jump_is_young() {
    for (price, waits) in [(119.9, false), (120.1, true), (80.1, false), (79.9, true)] {
        let (mut house, long, short) = jumped(price);
        let (winner, loser) = if price > 100.0 { (long, short) } else { (short, long) };
        assert_eq!(state(&house) == State::Guarded, waits);
        house.settle(0, &loser).expect("the loser pays");
        if waits {
            let before = house.health(&winner).maintenance.equity;
            refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &winner));
            assert_eq!(house.health(&winner).maintenance.equity, before, "it counts all the same");
        } else {
            house.settle(0, &winner).expect("nothing holds it");
        }
        assert_conserved(&house);
    }
}

/// The payment waits where the breaker has nothing against the price: new risk is taken on as ever.
#[test]
fn profit_waits_from_a_distance_of_its_own() {
    for (price, waits) in [(102.9, false), (103.1, true), (97.1, false), (96.9, true)] {
        let (mut house, long, short) = jumped_in(with_a_distance_of_its_own(), price);
        assert_eq!(state(&house), State::Normal);
        let (winner, loser) = if price > 100.0 { (long, short) } else { (short, long) };
        house.settle(0, &loser).expect("the loser pays");
        house.fill_at_oracle(0, &winner, &loser, BASE).expect("nothing is guarded");
        if waits {
            refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &winner));
            prices_after(&mut house, 30, &[(price + 100.0) / 2.0]);
        }
        house.settle(0, &winner).expect("it is near, and nothing holds it");
        assert_conserved(&house);
    }
}

/// The two distances: whichever is passed first.
#[test]
fn a_wide_distance_for_payment_does_not_undo_the_breakers() {
    let mut coin = AssetSpec::coin("SOL", 9);
    (coin.args.sources.max_jump_bps, coin.args.sources.payout_jump_bps) = (2_000, 5_000);
    let house = House::with_assets(HouseParams::default(), vec![(coin, 100.0)]);
    let (mut house, long, short) = jumped_in(house, 130.0);
    house.settle(0, &short).expect("the loser pays");
    refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &long));
}

#[test]
fn attack_a_profit_is_not_closed_out_of_its_wait() {
    let (mut house, long, short) = jumped(130.0);
    house.settle(0, &short).expect("the loser pays");
    house.fill_at_oracle(0, &long, &short, -10 * BASE).expect("both reduce");
    let claim = house.margin_account(&long.account).position(0);
    assert_eq!((claim.base, claim.entry / UNIT), (0, 300));
    refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &long));
    // Nor handed to another account of the same owner.
    let other = house.sub_account(&long, 1, None);
    house.transfer(&long, &other, None, 2_000 * QUOTE).expect("what is settled is free");
    refused(&mut house, BallastError::InsufficientBalance, |h| h.transfer(&long, &other, None, QUOTE));
    assert_conserved(&house);
}

#[test]
fn what_is_guarded_by_its_haircut_alone_pays_out() {
    let (mut house, long, short) = jumped(110.0);
    let now = house.vm.now();
    rewrite_board(&mut house, |b| (b.assets[0].breaker, b.assets[0].breaker_time) = (1, now));
    house.settle(0, &short).expect("the loser pays");
    house.settle(0, &long).expect("the price is near its stable price");
    assert_eq!(quote_of(&house, &long), 2_100 * UNIT);
}

#[test]
fn losses_are_paid_in_while_profit_waits() {
    let mut house = house();
    let (long, short) = (house.person_with_quote(2_000), house.person_with_quote(400));
    house.fill_at_oracle(0, &long, &short, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    let said: Settled = house.settle(0, &short).expect("a loss is paid in").event();
    assert_eq!((said.amount, house.market(0).pool), (-400 * UNIT, 400 * QUOTE));
    nobody_comes(&mut house, &short, &[150.0]);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&short, Some(0)).expect("it is bankrupt").event();
    assert!((100 * QUOTE..=100 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    house.touch_position(0, &long).expect("positions are brought in step");
    refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &long));
    assert_conserved(&house);
}

#[test]
fn profit_that_waited_is_paid_when_the_stable_price_has_followed() {
    // 25 % up is 15 % of the stable price once that has made 35 % of its way: after 37 minutes of an hour's half-life.
    let (mut house, long, short) = jumped(125.0);
    house.settle(0, &short).expect("the loser pays");
    for _ in 0..12 {
        prices_after(&mut house, 180, &[125.0]);
        refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &long));
    }
    prices_after(&mut house, 120, &[125.0]);
    let said: Settled = house.settle(0, &long).expect("the stable price has followed").event();
    assert!((said.amount - 250 * UNIT).abs() <= 1, "{}", said.amount);
    assert_conserved(&house);

    // A price that comes back ends it at once.
    let (mut house, long, short) = jumped(125.0);
    house.settle(0, &short).expect("the loser pays");
    prices_after(&mut house, 30, &[105.0]);
    house.settle(0, &short).expect("what was paid in too much is had back");
    house.settle(0, &long).expect("and the rest is paid");
}

/// Nobody looks for hours: the first price afterwards finds a stable price that has had the time.
#[test]
fn a_market_that_nobody_refreshes_does_not_hold_profit_for_ever() {
    let (mut house, long, short) = jumped(125.0);
    house.settle(0, &short).expect("the loser pays");
    house.vm.advance(3 * 3_600);
    refused(&mut house, BallastError::AssetHalted, |h| h.settle(0, &long));
    house.post_all(&[125.0]);
    house.settle(0, &long).expect("anybody refreshes, and it is paid");
    assert_conserved(&house);
}

/// A loser of ten coins on 300 whose price has moved by half: 200 are missing. Its partner holds the other side, and so
/// does an honest long against an honest short.
fn collusion() -> (House, [Person; 4]) {
    let mut house = house();
    let people = [300, 2_000, 2_000, 2_000].map(|quote| house.person_with_quote(quote));
    let [loser, partner, honest, payer] = &people;
    house.fill_at_oracle(0, partner, loser, 10 * BASE).expect("the colluders trade");
    house.fill_at_oracle(0, honest, payer, 10 * BASE).expect("and so do honest people");
    prices_after(&mut house, 30, &[150.0]);
    (house, people)
}

#[test]
fn a_winner_that_is_first_takes_no_more_than_its_share() {
    let (mut house, [loser, partner, honest, payer]) = collusion();
    // The colluders are first in everything: every loser pays in, and their winner reaches for all of it.
    house.settle(0, &loser).expect("it pays what it has");
    house.settle(0, &payer).expect("so does the honest loser");
    assert!((800 * QUOTE..=800 * QUOTE + 2).contains(&house.market(0).pool), "what both have lost");
    refused(&mut house, BallastError::ProfitWaits, |h| h.settle(0, &partner));
    nobody_comes(&mut house, &loser, &[150.0]);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert!((200 * QUOTE..=200 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    for _ in 0..5 {
        prices_after(&mut house, 3_600, &[150.0]);
    }
    for winner in [&partner, &honest] {
        house.settle(0, winner).expect("the wait is over");
        let won = quote_of(&house, winner) - 2_000 * UNIT;
        assert!((won - 400 * UNIT).abs() <= 5, "{won}: half of the loss is its own");
    }
    assert_conserved(&house);
}

/// Taken over at spot by an account of the same people, the loser would leave a debt that no other side shares.
#[test]
fn attack_a_friend_does_not_take_the_bankrupt_out_of_the_waterfall() {
    let (mut house, [loser, _, _, _]) = collusion();
    let friend = house.person_with_quote(100_000);
    for amount in [COIN, 10 * COIN] {
        let take = house.at.liquidate_position(loser.account, friend.party(), 0, amount);
        refused_ix(&mut house, BallastError::ResolvedFirst, take, &[&friend.key]);
    }
    let (account, keeper) = (house.margin_account(&loser.account), house.margin_account(&friend.account));
    let planned = plan::best(&account, &keeper, &house.board(), house.vm.now()).expect("it can be judged");
    assert!(planned.is_none(), "nor does a keeper plan to");

    // Whoever is short and not bankrupt is liquidated as ever.
    let mut house = self::house();
    let (short, desk) = (house.person_with_quote(530), house.person_with_quote(10_000));
    let keeper = house.person_with_quote(100_000);
    house.fill_at_oracle(0, &desk, &short, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    let take = house.at.liquidate_position(short.account, keeper.party(), 0, COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("it is short of its margin, and has equity");
    assert_conserved(&house);
}

#[test]
fn attack_nor_is_the_backstop_made_to() {
    let mut house = house();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let (loser, desk) = (house.person_with_quote(300), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &desk, &loser, 10 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    nobody_comes(&mut house, &loser, &[150.0]);
    refused(&mut house, BallastError::ResolvedFirst, |h| h.take_over(0, &loser.account, COIN));
}

/// Who holds the winner of a jump is asked for what the losers owe.
#[test]
fn attack_the_backstop_is_not_made_to_stand_in_for_a_winner() {
    let mut house = house();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let (winner, desk) = (house.person_with_quote(300), house.person_with_quote(10_000));
    house.fill_at_oracle(0, &winner, &desk, 10 * BASE).expect("a fill");
    // What it owes rises with the jump, so that it is short in spite of its profit.
    prices_after(&mut house, 30, &[135.0]);
    assert!(house.health(&winner).maintenance.is_liquidatable(), "{:?}", house.health(&winner).maintenance);
    nobody_comes(&mut house, &winner, &[135.0]);
    refused(&mut house, BallastError::ProfitWaits, |h| h.take_over(0, &winner.account, COIN));
}

/// A share of the slice is worth what the slice is still to be paid: its way out waits as long.
#[test]
fn an_exit_from_the_backstop_waits_with_the_profit() {
    let mut house = house();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    let provider = house.provider(0, 100_000);
    let trader = house.person_with_quote(10_000);
    house.ask_trade(0, &trader, 1, -10 * BASE).expect("a request");
    prices_after(&mut house, 10, &[100.0]);
    house.execute(&trader, 1).expect("the backstop is long");
    house.ask_out(0, &provider, 1_000 * QUOTE).expect("a request");
    prices_after(&mut house, 86_400, &[100.0]);
    prices_after(&mut house, 30, &[130.0]);
    refused(&mut house, BallastError::ProfitWaits, |h| h.walk_out(0, &provider));
    prices_after(&mut house, 2 * 3_600, &[130.0]);
    house.walk_out(0, &provider).expect("the wait is over");
}
