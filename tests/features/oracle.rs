//! Prices: what is accepted from a Pyth price update, and what is refused.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{BreakerChanged, PriceHeld, PriceRefreshed};
use ballast_risk::breaker::{Cause, State};
use ballast_sandbox::house::{QUOTE, default_params};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House};
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

use crate::common::{BASE, Rival, everything, refused, refused_ix, sol, with_account};

/// A good update of SOL at 101, published now.
fn update(house: &House) -> Update {
    Update::dollars(Feed::of("SOL"), 101.0, 5, house.vm.now())
}

/// A minute passes, and this is posted in place of a good update; it is refused.
#[track_caller]
fn refuses(house: &mut House, error: BallastError, change: impl FnOnce(&mut Update, i64)) {
    let mut bad = update(house);
    change(&mut bad, house.vm.now());
    house.post_update(0, &bad);
    refused(house, error, |h| h.refresh(0));
}

/// A minute passes, and this is posted in place of a good update; it is heard and not acted upon.
#[track_caller]
fn holds(house: &mut House, cause: Cause, state: State, change: impl FnOnce(&mut Update)) {
    house.vm.advance(1);
    let mut bad = update(house);
    change(&mut bad);
    house.post_update(0, &bad);
    let spot = house.board().assets[0].spot();
    let held: PriceHeld = house.refresh(0).expect("what the feed says is heard").event();
    let now = house.board().assets[0];
    assert_eq!((held.cause, held.publish_time), (cause as u8, bad.publish_time));
    assert_eq!((now.spot(), now.breaker), (spot, state as u8));
}

fn a_minute_later() -> House {
    let mut house = sol();
    house.vm.advance(60);
    house
}

#[test]
fn a_new_price_stands_on_the_board() {
    let mut house = a_minute_later();
    house.post(0, 101.0);
    let said: PriceRefreshed = house.refresh(0).expect("a new price is accepted").event();
    let (state, now) = (house.board().assets[0], house.vm.now());
    assert_eq!((said.asset, said.publish_time, state.publish_time), (0, now, now));
    assert_eq!((said.price_mantissa, said.price_shift), (state.spot_mantissa, state.spot_shift));
    assert_eq!((said.sigma, said.haircut_long), (state.sigma, state.haircut_long));
    assert_eq!(house.value(0, 1_000_000_000), 101 * QUOTE - 1, "rounded down by less than one unit");
    assert_eq!(state.confidence_bps, 5);
}

/// Loopscale, April 2025: a spoofed pricing program.
#[test]
fn attack_a_spoofed_price_account_is_refused() {
    let mut house = a_minute_later();
    let genuine = house.assets[0].price_account;
    let bytes = Update { price: 1, ..update(&house) }.bytes();
    for owner in [Pubkey::new_unique(), anchor_lang::system_program::ID, ballast::ID, anchor_spl::token::ID] {
        let spoofed = Pubkey::new_unique();
        house.vm.put(spoofed, owner, bytes.clone());
        let refresh = with_account(house.at.refresh_price(0, genuine), genuine, spoofed);
        refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, refresh, &[]);
    }
}

#[test]
fn another_account_of_the_receiver_program_is_no_price() {
    let mut house = a_minute_later();
    let genuine = house.assets[0].price_account;
    let mut other_kind = update(&house).bytes();
    other_kind[0] ^= 1;
    house.vm.put(genuine, pyth_solana_receiver_sdk::ID, other_kind);
    refused(&mut house, ErrorCode::AccountDiscriminatorMismatch, |h| h.refresh(0));
    let cut = update(&house).bytes()[..60].to_vec();
    house.vm.put(genuine, pyth_solana_receiver_sdk::ID, cut);
    refused(&mut house, ErrorCode::AccountDidNotDeserialize, |h| h.refresh(0));
}

#[test]
fn attack_the_price_of_another_feed_is_refused() {
    let mut house = a_minute_later();
    refuses(&mut house, BallastError::WrongFeed, |u, _| u.feed_id = Feed::of("BTC"));
}

#[test]
fn attack_a_partially_verified_price_is_refused() {
    let mut house = a_minute_later();
    for num_signatures in [0, 5, 12, 255] {
        refuses(&mut house, BallastError::NotFullyVerified, |u, _| {
            u.verification = VerificationLevel::Partial { num_signatures };
        });
    }
}

#[test]
fn a_price_older_than_the_asset_allows_is_refused() {
    let mut house = sol();
    house.vm.advance(3_600);
    refuses(&mut house, BallastError::StalePrice, |u, now| u.publish_time = now - 61);
    let edge = Update { publish_time: house.vm.now() - 60, ..update(&house) };
    house.post_update(0, &edge);
    house.refresh(0).expect("a minute is what this asset allows");
}

#[test]
fn a_price_from_the_future_is_refused() {
    let mut house = a_minute_later();
    refuses(&mut house, BallastError::FuturePrice, |u, now| u.publish_time = now + 6);
    refuses(&mut house, BallastError::FuturePrice, |u, _| u.publish_time = i64::MAX);
    let edge = Update { publish_time: house.vm.now() + 5, ..update(&house) };
    house.post_update(0, &edge);
    house.refresh(0).expect("clocks differ by this much");
}

#[test]
fn attack_an_older_price_does_not_replace_a_newer_one() {
    let mut house = a_minute_later();
    house.post(0, 101.0);
    house.refresh(0).expect("a new price is accepted");
    let stands = house.vm.now();
    // The taker would like the price of ten seconds ago, or the same second's other price.
    for age in [0, 1, 10] {
        refuses(&mut house, BallastError::PriceNotNewer, |u, _| {
            (u.price, u.publish_time) = (1, stands - age)
        });
    }
    refuses(&mut house, BallastError::PriceNotNewer, |u, _| u.publish_time = i64::MIN + 1);
}

#[test]
fn zero_and_negative_prices_halt() {
    let mut house = a_minute_later();
    for price in [0, -1, i64::MIN] {
        holds(&mut house, Cause::BadPrice, State::Halted, |u| u.price = price);
    }
}

#[test]
fn an_exponent_outside_the_scale_is_refused() {
    let mut house = a_minute_later();
    for exponent in [1, 12, i32::MAX, -13, -18, i32::MIN] {
        refuses(&mut house, BallastError::ParameterOutOfBounds, |u, _| u.exponent = exponent);
    }
}

#[test]
fn a_wide_confidence_interval_is_not_acted_upon() {
    let mut house = a_minute_later();
    // Two per cent is what this asset allows.
    let (cause, doubted) = (Cause::WideConfidence, State::Doubted);
    holds(&mut house, cause, doubted, |u| u.conf = u.price.unsigned_abs() / 50 + 1);
    holds(&mut house, cause, doubted, |u| u.conf = u64::MAX);
    house.vm.advance(1);
    let mut edge = update(&house);
    edge.conf = edge.price.unsigned_abs() / 50;
    house.post_update(0, &edge);
    house.refresh(0).expect("the limit itself is allowed");
    assert_eq!(house.board().assets[0].confidence_bps, 200);
}

#[test]
fn attack_a_price_does_not_reach_the_board_of_another_clearinghouse() {
    let mut house = sol();
    let rival = Rival::of(&mut house);
    house.vm.advance(60);
    house.post(0, 101.0);
    let (own, other) = (house.at.board, rival.at.board);
    let refresh = house.at.refresh_price(0, house.assets[0].price_account);
    // Its own asset's config on the other's board, and the other's config on its own board.
    refused_ix(&mut house, BallastError::WrongClearinghouse, with_account(refresh.clone(), own, other), &[]);
    let config = house.at.asset(0);
    let foreign = with_account(refresh, config, rival.at.asset(0));
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign, &[]);
}

#[test]
fn attack_a_counterfeit_asset_config_is_refused() {
    let mut house = a_minute_later();
    house.post(0, 101.0);
    let (config, forged) = (house.at.asset(0), Pubkey::new_unique());
    let data = house.vm.data(&config);
    house.vm.put(forged, Pubkey::new_unique(), data);
    let refresh = house.at.refresh_price(0, house.assets[0].price_account);
    refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, with_account(refresh, config, forged), &[]);
}

#[test]
fn prices_are_scaled_by_every_number_of_decimals() {
    let mut house = House::empty(default_params());
    for decimals in 0..=12u8 {
        let name = format!("D{decimals}");
        let spec = AssetSpec { collateral: false, ..AssetSpec::coin(&name, decimals) };
        let asset = house.list_asset(spec).expect("decimals from 0 to 12 are listed");
        house.post(asset, 123.456_789);
        house.refresh(asset).expect("a price is accepted");
        let one = house.value(asset, 10u64.pow(decimals.into()));
        // The binary mantissa truncates by a relative 2⁻⁴⁷: at most one micro-unit here.
        assert!((123_456_788..=123_456_789).contains(&one), "{decimals} decimals: {one}");
    }
}

#[test]
fn prices_are_scaled_by_every_exponent() {
    let mut house = sol();
    for exponent in -12..=0 {
        house.vm.advance(30);
        let price = 7 * 10i64.pow((-exponent) as u32);
        let update = Update { price, conf: 0, exponent, ..update(&house) };
        house.post_update(0, &update);
        house.refresh(0).expect("an exponent from -12 to 0 is accepted");
        assert!((7 * QUOTE - 1..=7 * QUOTE).contains(&house.value(0, 1_000_000_000)), "exponent {exponent}");
    }
}

#[test]
fn a_price_that_cannot_be_represented_halts() {
    let mut house = House::empty(default_params());
    let spec = AssetSpec { collateral: false, ..AssetSpec::coin("HUGE", 0) };
    let asset = house.list_asset(spec).expect("it is listed");
    let huge = Update {
        price: i64::MAX,
        conf: 0,
        exponent: 0,
        ..Update::dollars(Feed::of("HUGE"), 1.0, 0, house.vm.now())
    };
    house.post_update(asset, &huge);
    let changed: BreakerChanged = house.refresh(asset).expect("it is heard").event();
    assert_eq!((changed.to, changed.cause), (State::Halted as u8, Cause::BadPrice as u8));
    assert!(!house.board().assets[usize::from(asset)].spot().is_set());
}

#[test]
fn a_stale_price_serves_nobody_until_it_is_refreshed() {
    let mut house = sol();
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000));
    house.fill_at_oracle(0, &a, &b, BASE).expect("a fill");
    house.vm.advance(61);
    let before = everything(&house.vm);
    refused(&mut house, BallastError::StalePrice, |h| h.fill_at_oracle(0, &a, &b, BASE));
    let check = house.at.health(a.account);
    refused_ix(&mut house, BallastError::StalePrice, check, &[]);
    refused(&mut house, BallastError::AssetHalted, |h| h.settle(0, &a));
    assert!(before == everything(&house.vm));
    house
        .withdraw_quote(&a, 1)
        .expect("what is withdrawn needs no price where the rest is margined without it");
    house.post_all(&[100.0]);
    house.fill_at_oracle(0, &a, &b, BASE).expect("a fresh price serves everybody");
}
