//! Takeover: what nobody liquidated goes to the market's own slice, on a liquidation's terms, and stays there.

use ballast::error::BallastError;
use ballast::event::TakenOver;
use ballast::limits::BackstopParams;
use ballast::state::MarginAccount;
use ballast_sandbox::house::{QUOTE, default_backstop, default_params};
use ballast_sandbox::{AssetSpec, House, Person};

use crate::common::{
    BASE, COIN, assert_conserved, list_coin, prices_after, refused, refused_ix, sol, sol_and_eth,
    with_account,
};

/// When the account was first found below its MM, as `touch_account` would have left it.
fn short_since(house: &mut House, person: &Person, since: i64) {
    let mut data = house.vm.data(&person.account);
    for field in
        [core::mem::offset_of!(MarginAccount, short_since), core::mem::offset_of!(MarginAccount, short_seen)]
    {
        data[8 + field..16 + field].copy_from_slice(&since.to_le_bytes());
    }
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
    let take = with_account(house.at.take_over(0, who.account, 40 * COIN), own, other);
    let (own, other) = (house.at.slice(0), house.at.slice(1));
    let take = with_account(take, own, other);
    refused_ix(&mut house, BallastError::WrongBackstop, take, &[]);
}

/// Hyperliquid, JELLY, March 2025: a short of $4M sold to oneself at 0.0095, the price over 4×, the backstop inherits.
#[test]
fn attack_jelly_slice_is_ring_fenced() {
    const JELLY: u64 = 1_000_000;
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("JELLY", 6));
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    house.open().expect("the clearinghouse opens");
    house.post_all(&[0.0095, 100.0]);
    // The backstop may inherit 200,000 quote of it, on a million.
    let thin = BackstopParams { max_position: 21_000_000 * JELLY, max_trade: JELLY, ..default_backstop() };
    house.create_backstop(0, thin).expect("governance creates a backstop");
    house.create_backstop(1, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 1_000_000);
    let provider = house.provider(1, 1_000_000);
    let (short, long) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
    let bystander = house.person_with_quote(1_000_000);
    let coins = 421_000_000 * JELLY as i64;
    house.fill_at_oracle(0, &long, &short, coins).expect("four millions, sold to oneself");

    // The price is pumped step by step; the short's clock runs; the backstop takes what it is allowed to.
    let (other, insurance) = (*house.slice(1), house.treasury().insurance);
    let (mut price, mut taken) = (0.0095, 0);
    while price < 0.0095 * 4.3 {
        price *= 1.06;
        prices_after(&mut house, 60, &[price, 100.0]);
        house.update_funding(0).expect("a minute has passed");
        let now = house.vm.now();
        short_since(&mut house, &short, now - 60);
        for part in [10_000_000, 1_000_000] {
            while house.take_over(0, &short.account, part * JELLY).is_ok() {
                taken += part;
            }
        }
        assert_conserved(&house);
    }
    // It inherited what it may hold and not a coin more.
    assert_eq!(taken, 21_000_000);
    assert_eq!(house.slice(0).position(0).base, -((taken * JELLY) as i64));
    // Its loss is a part of its own capital; the other slice, insurance and bystanders have what they had.
    let worth = house.vault(0).worth(&house.slice(0), &view(&house)).expect("a fresh price").spot;
    let most = (taken as f64 * price) as i64 * QUOTE as i64;
    let lost = 1_000_000 * QUOTE as i64 - worth;
    assert!(lost > 300_000 * QUOTE as i64 && lost < most, "lost {lost} of at most {most}");
    assert!(house.vault(0).is_halted(house.vm.now()), "and it takes no more");
    assert_eq!(*house.slice(1), other);
    assert!(house.treasury().insurance >= insurance);
    house.withdraw_quote(&bystander, 1_000_000 * QUOTE).expect("it holds no JELLY");
    house.ask_out(1, &provider, 1_000_000 * QUOTE).expect("a request");
    house.vm.advance(86_400);
    house.walk_out(1, &provider).expect("its market is another");
    assert_conserved(&house);
}

fn view(house: &House) -> ballast::margin::BoardView<'static> {
    let board: &'static _ = Box::leak(house.board());
    ballast::margin::BoardView::at(board, house.vm.now())
}
