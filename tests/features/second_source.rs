//! A second, independent source: what one venue alone says is not acted upon.

use ballast::error::BallastError;
use ballast::event::PriceHeld;
use ballast::oracle::{stake_pool, switchboard};
use ballast_risk::breaker::{Cause, State};
use ballast_sandbox::house::{PullFeed, QUOTE, Sent};
use ballast_sandbox::{AssetSpec, House, Person};

use anchor_lang::prelude::Pubkey;

use crate::breaker::{careful, guarded_house};
use crate::common::{COIN, refused, refused_ix, with_account};

/// A coin with a Switchboard feed beside Pyth's; sources may be 1 % apart.
fn twice(name: &str, quorum: u8) -> AssetSpec {
    let mut spec = careful(name);
    spec.args.sources.second_source = Pubkey::new_from_array([0x5b; 32]);
    spec.args.sources.quorum = quorum;
    spec.args.sources.max_deviation_bps = 100;
    spec
}

fn house(name: &str, price: f64, quorum: u8) -> House {
    House::with_assets(guarded_house(), vec![(twice(name, quorum), price)])
}

/// Pyth says one thing and Switchboard another.
fn say(house: &mut House, pyth: f64, feed: &PullFeed) -> Sent {
    house.post(0, pyth);
    house.post_second(0, feed);
    house.refresh_from_all(0)
}

/// Somebody with a loan on 10,000 coins at one dollar, and a keeper.
fn borrower(house: &mut House) -> (Person, Person) {
    let (who, keeper) = (house.person(), house.person_with_quote(1_000_000));
    house.fund_collateral(&who, 0, 10_000 * COIN).expect("ten thousand");
    house.withdraw_quote(&who, 7_000 * QUOTE).expect("a loan");
    (who, keeper)
}

fn dollars(house: &House) -> f64 {
    house.value(0, COIN) as f64 / 1e6
}

#[test]
fn two_sources_that_agree_make_the_middle() {
    let mut house = house("USDE", 1.0, 2);
    house.vm.advance(30);
    let feed = house.feed(1.002);
    say(&mut house, 0.998, &feed).expect("heard");
    assert!((dollars(&house) - 1.0).abs() < 2e-6, "{}", dollars(&house));
    let state = house.board().assets[0];
    assert_eq!((state.secondary_time, state.breaker), (house.vm.now(), State::Normal as u8));
}

/// 10 October 2025: USDe at 0.65 on one venue, between 0.97 and 1.00 on the others.
#[test]
fn one_venue_depeg_of_usde_liquidates_nobody() {
    for (pyth, other) in [(0.65, 0.99), (0.99, 0.65)] {
        let mut house = house("USDE", 1.0, 2);
        let (who, keeper) = borrower(&mut house);
        house.vm.advance(30);
        let feed = house.feed(other);
        let held: PriceHeld = say(&mut house, pyth, &feed).expect("heard").event();
        assert_eq!(held.cause, Cause::SourcesApart as u8);
        assert_eq!(house.board().assets[0].breaker, State::Doubted as u8);
        let take = house.at.liquidate_collateral(who.account, keeper.party(), 0, 1_000 * COIN);
        refused_ix(&mut house, BallastError::PriceDoubted, take.clone(), &[&keeper.key]);
        // However long it lasts: what the sources disagree upon is never confirmed.
        for _ in 0..20 {
            house.vm.advance(5);
            let feed = house.feed(other);
            say(&mut house, pyth, &feed).expect("heard");
        }
        assert!((dollars(&house) - 1.0).abs() < 2e-6);
        refused_ix(&mut house, BallastError::StalePrice, take, &[&keeper.key]);
        // Back together, one per cent lower.
        for _ in 0..8 {
            house.vm.advance(5);
            house.say(0, 0.99).expect("heard");
        }
        assert_eq!(house.board().assets[0].breaker, State::Normal as u8);
        assert!(house.plan(&who.account, &keeper).is_none(), "nobody was short");
    }
}

#[test]
fn a_source_that_is_configured_cannot_be_left_out() {
    let mut house = house("USDE", 1.0, 1);
    house.vm.advance(30);
    house.post(0, 0.99);
    refused(&mut house, BallastError::SourceMissing, |h| h.refresh(0));
}

/// Loopscale, April 2025, of the second source: address, owner, kind and size.
#[test]
fn spoofed_price_accounts_are_refused() {
    let mut house = house("USDE", 1.0, 1);
    house.vm.advance(30);
    house.post(0, 0.999);
    let genuine = house.sources(0).second_source.expect("there is one");
    let bytes = house.feed(0.999).bytes();
    let spoofed = Pubkey::new_unique();
    house.vm.put(spoofed, switchboard::ID, bytes.clone());
    let refresh = house.at.refresh_price_from(0, &house.sources(0));
    let elsewhere = with_account(refresh.clone(), genuine, spoofed);
    refused_ix(&mut house, BallastError::WrongSource, elsewhere, &[]);
    for owner in [Pubkey::new_unique(), pyth_solana_receiver_sdk::ID, stake_pool::ID] {
        house.vm.put(genuine, owner, bytes.clone());
        refused_ix(&mut house, BallastError::WrongSource, refresh.clone(), &[]);
    }
    let mut other_kind = bytes.clone();
    other_kind[0] ^= 1;
    for data in [other_kind, bytes[..switchboard::SIZE - 1].to_vec(), vec![]] {
        house.vm.put(genuine, switchboard::ID, data);
        refused_ix(&mut house, BallastError::WrongSource, refresh.clone(), &[]);
    }
    house.vm.put(genuine, switchboard::ID, bytes);
    house.vm.send(&[refresh], &[]).expect("the genuine one");
}

/// What is not fresh does not count: with a quorum of two the price is held, with one Pyth stands alone.
#[test]
fn a_second_source_that_is_old_thin_or_scattered_is_not_fresh() {
    type Change = fn(&mut PullFeed);
    let changes: [(&str, Change); 7] = [
        ("old in slots", |f| f.min_slot -= 151),
        ("old in time", |f| f.last_update -= 61),
        ("from a slot that has not come", |f| f.min_slot += 1),
        ("from the future", |f| f.last_update += 6),
        ("never written", |f| f.min_slot = 0),
        ("fewer submissions than it demands", |f| f.num_samples = 2),
        ("scattered by more than 2 %", |f| f.std_dev = f.value / 50 + 1),
    ];
    for (name, change) in changes {
        for quorum in [1, 2] {
            let mut house = house("USDE", 1.0, quorum);
            house.vm.advance(30);
            let mut feed = house.feed(0.65);
            change(&mut feed);
            let receipt = say(&mut house, 0.999, &feed).expect("heard");
            let held = ballast_client::events::of::<PriceHeld>(&receipt.logs);
            let causes: Vec<u8> = held.iter().map(|e| e.cause).collect();
            let expected = if quorum == 2 { vec![Cause::TooFewSources as u8] } else { vec![] };
            assert_eq!(causes, expected, "{name}, quorum {quorum}");
        }
    }
}

#[test]
fn a_second_source_without_a_price_halts() {
    for value in [-1, i128::MIN, 0, i128::MAX] {
        let mut house = house("USDE", 1.0, 1);
        house.vm.advance(30);
        let feed = PullFeed { value, std_dev: 0, ..house.feed(1.0) };
        let held: PriceHeld = say(&mut house, 1.0, &feed).expect("heard").event();
        assert_eq!(held.cause, Cause::BadPrice as u8, "{value}");
        assert_eq!(house.board().assets[0].breaker, State::Halted as u8);
    }
}
