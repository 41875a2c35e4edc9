//! Takeover: what nobody liquidated goes to the market's own slice, on a liquidation's terms, and stays there.

use ballast::error::BallastError;
use ballast::event::TakenOver;
use ballast::limits::BackstopParams;
use ballast::state::MarginAccount;
use ballast_sandbox::house::{QUOTE, default_backstop};
use ballast_sandbox::{House, Person};

use crate::common::{BASE, COIN, all_accounts, assert_conserved, prices_after, refused, sol, sol_and_eth};

/// When the account was first found below its MM, as `touch_account` would have left it.
fn short_since(house: &mut House, person: &Person, since: i64) {
    let mut data = house.vm.data(&person.account);
    let at = 8 + core::mem::offset_of!(MarginAccount, short_since);
    data[at..at + 8].copy_from_slice(&since.to_le_bytes());
    house.vm.put(person.account, ballast::ID, data);
}

/// 100 coins at 100 on 1,000, then the price falls to 94, and nobody comes for a minute.
fn short_with(params: BackstopParams, capital: u64) -> (House, Person) {
    let mut house = sol();
    house.create_backstop(0, params).expect("governance creates a backstop");
    house.provider(0, capital);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0]);
    let now = house.vm.now();
    short_since(&mut house, &who, now - 60);
    (house, who)
}

fn short() -> (House, Person) {
    short_with(default_backstop(), 100_000)
}

#[test]
fn the_slice_takes_over_on_the_terms_of_a_liquidation() {
    let (mut house, who) = short();
    let value = house.value(0, 40 * COIN);
    let said: TakenOver = house.take_over(0, &who.account, 40 * COIN).expect("nobody came").event();
    assert_eq!((said.account, said.quantity), (who.account, 40 * BASE));
    assert_eq!((said.penalty, said.to_insurance), (value / 100, (value / 100).div_ceil(2)));
    assert_eq!(said.proceeds, (value - said.penalty) as i64);
    let (left, slice) = (house.margin_account(&who.account).position(0), house.slice(0));
    assert_eq!((left.base, slice.position(0).base), (60 * BASE, 40 * BASE));
    assert_eq!(slice.quote, 100_000 * QUOTE as i64 - said.to_insurance as i64);
    assert_eq!(house.treasury().insurance, said.to_insurance);
    assert_conserved(&house);
}

#[test]
fn it_waits_until_keepers_had_their_time() {
    let (mut house, who) = short();
    let now = house.vm.now();
    for since in [0, now, now - 59] {
        short_since(&mut house, &who, since);
        refused(&mut house, BallastError::TakeoverNotDue, |h| h.take_over(0, &who.account, 40 * COIN));
    }
}

#[test]
fn it_takes_nothing_that_a_liquidation_would_not() {
    let (mut house, who) = short();
    refused(&mut house, BallastError::LiquidationTooLarge, |h| h.take_over(0, &who.account, 100 * COIN));
    refused(&mut house, BallastError::InsufficientBalance, |h| h.take_over(0, &who.account, 101 * COIN));
    refused(&mut house, BallastError::ZeroAmount, |h| h.take_over(0, &who.account, 0));
    // The price comes back: whatever the clock says, a healthy account is left alone.
    prices_after(&mut house, 30, &[100.0]);
    refused(&mut house, BallastError::AccountHealthy, |h| h.take_over(0, &who.account, 40 * COIN));
}

#[test]
fn it_ends_within_its_size_and_its_margin() {
    let (mut house, who) = short_with(
        BackstopParams { max_position: 30 * COIN, max_trade: COIN, ..default_backstop() },
        100_000,
    );
    refused(&mut house, BallastError::BackstopFull, |h| h.take_over(0, &who.account, 40 * COIN));
    house.take_over(0, &who.account, 30 * COIN).expect("within its size");
    assert_conserved(&house);

    let (mut house, who) = short_with(default_backstop(), 100);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.take_over(0, &who.account, 40 * COIN));
}

#[test]
fn a_slice_that_lost_its_limit_takes_over_nothing() {
    let (mut house, who) =
        short_with(BackstopParams { loss_limit: 100 * QUOTE, ..default_backstop() }, 100_000);
    house.take_over(0, &who.account, 40 * COIN).expect("nobody came");
    prices_after(&mut house, 60, &[90.5]);
    refused(&mut house, BallastError::BackstopHalted, |h| h.take_over(0, &who.account, 10 * COIN));
    // The crank records it, and it stays halted where the price comes half-way back.
    house.update_funding(0).expect("a minute has passed");
    prices_after(&mut house, 30, &[91.0]);
    refused(&mut house, BallastError::BackstopHalted, |h| h.take_over(0, &who.account, 10 * COIN));
    assert_conserved(&house);
}

#[test]
fn attack_the_slice_of_another_market_does_not_take_over() {
    let mut house = sol_and_eth();
    for market in 0..2 {
        house.create_backstop(market, default_backstop()).expect("governance creates a backstop");
        house.provider(market, 100_000);
    }
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0, 1_000.0]);
    let now = house.vm.now();
    short_since(&mut house, &who, now - 60);
    let (own, other) = (house.at.backstop(0), house.at.backstop(1));
    let take = crate::common::with_account(house.at.take_over(0, who.account, 40 * COIN), own, other);
    let (own, other) = (house.at.slice(0), house.at.slice(1));
    let take = crate::common::with_account(take, own, other);
    crate::common::refused_ix(&mut house, BallastError::WrongBackstop, take, &[]);
}

/// Hyperliquid, JELLY, March 2025: a short of $4M sold to oneself at 0.0095, the price over 4×, the backstop inherits.
#[test]
fn attack_jelly_slice_is_ring_fenced() {
    let mut house = House::with_coins(&[("JELLY", 0.0095), ("SOL", 100.0)]);
    let jelly = BackstopParams {
        // 100M coins are a million at the start.
        max_position: 450_000_000 * COIN,
        max_trade: 1_000_000 * COIN,
        loss_limit: 50_000 * QUOTE,
        ..default_backstop()
    };
    house.create_backstop(0, jelly).expect("governance creates a backstop");
    house.create_backstop(1, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 1_000_000);
    house.provider(1, 1_000_000);
    let (short, long) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
    let bystander = house.person_with_quote(1_000_000);
    let coins = 421_000_000 * BASE;
    house.fill_at_oracle(0, &long, &short, coins).expect("four millions, sold to oneself");

    // The price is pumped step by step; the short's clock runs; the backstop takes what it is allowed to.
    let before = (*house.slice(1), house.treasury().insurance);
    let mut price = 0.0095;
    let mut taken = 0;
    while price < 0.0095 * 4.3 {
        price *= 1.06;
        prices_after(&mut house, 60, &[price, 100.0]);
        let _ = house.update_funding(0);
        let now = house.vm.now();
        short_since(&mut house, &short, now - 60);
        for part in [100_000_000, 10_000_000, 1_000_000] {
            while house.take_over(0, &short.account, part * COIN).is_ok() {
                taken += part;
            }
        }
        assert_conserved(&house);
    }
    assert!(taken > 0, "the backstop inherits some of it");
    // Its loss is its own: the other slice, and everybody else, have what they had.
    let slice = house.slice(0);
    let worth = house.vault(0).worth(&slice, &view(&house)).expect("a fresh price").spot;
    println!("taken over {taken} coins of 421,000,000; the slice of 1,000,000 is worth {worth}");
    assert_eq!(*house.slice(1), before.0);
    assert!(house.treasury().insurance >= before.1);
    assert_eq!(house.margin_account(&bystander.account).quote, 1_000_000 * QUOTE as i64);
    // And what it took while it lost its limit is bounded: it stopped.
    assert!(house.vault(0).high <= 1_000_000 * QUOTE as i64);
    let quote: i64 = all_accounts(&house).iter().map(|a| a.quote).sum();
    assert!(quote > 0);
}

fn view(house: &House) -> ballast::margin::BoardView<'static> {
    let board: &'static _ = Box::leak(house.board());
    ballast::margin::BoardView::at(board, house.vm.now())
}
