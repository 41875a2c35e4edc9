//! The quote token is not a dollar: values are converted, inside a cap, and far from the peg new risk stops.

use ballast::error::BallastError;
use ballast::event::QuoteRefreshed;
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_sandbox::house::{HouseParams, QUOTE};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House};
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

use crate::common::{BASE, COIN, refused, sol};

/// SOL at 100 dollars, and a quote token with a feed at one dollar; cap 5 %, off its peg beyond 1 %, on again inside half
/// a per cent.
fn usdc() -> House {
    let params = HouseParams { quote_feed_id: Feed::of("USDC"), ..HouseParams::default() };
    let mut house = House::with_assets(params, vec![(AssetSpec::coin("SOL", 9), 100.0)]);
    house.say_quote(1.0).expect("the quote token's price");
    house
}

fn quote_a_coin(house: &House) -> f64 {
    house.value(0, COIN) as f64 / QUOTE as f64
}

/// USDC at 0.87, March 2023.
#[test]
fn usdc_at_87_cents_stops_new_risk() {
    let mut house = usdc();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, BASE).expect("a fill");
    house.vm.advance(30);
    let said: QuoteRefreshed = house.say_quote(0.87).expect("heard").event();
    assert!(said.off_peg);
    assert_eq!(said.rate, RATE_ONE - rate_from_bps(500), "inside the cap");
    house.say(0, 100.0).expect("heard");
    assert!((quote_a_coin(&house) - 100.0 / 0.95).abs() < 1e-4, "a dollar is more than one quote token");

    refused(&mut house, BallastError::QuoteOffPeg, |h| h.fill_at_oracle(0, &who, &desk, BASE));
    house.fund_collateral(&who, 0, COIN).expect("deposits go on");
    refused(&mut house, BallastError::QuoteOffPeg, |h| h.withdraw_quote(&who, 1_050 * QUOTE));
    house.fill_at_oracle(0, &who, &desk, -BASE).expect("and so do reductions");
    house.withdraw_quote(&who, 10 * QUOTE).expect("and withdrawals of what is one's own");
}

#[test]
fn the_peg_is_left_further_out_than_it_is_found_again() {
    let mut house = usdc();
    let off = |house: &mut House, dollars| {
        house.vm.advance(1);
        house.say_quote(dollars).expect("heard");
        house.board().off_peg == 1
    };
    for (dollars, expected) in [
        (0.991, false),
        (0.989, true),
        (0.991, true),
        (0.994, true),
        (0.996, false),
        (1.009, false),
        (1.011, true),
    ] {
        assert_eq!(off(&mut house, dollars), expected, "at {dollars}");
    }
}

#[test]
fn a_quote_token_that_nobody_has_priced_for_ten_minutes_is_off_its_peg() {
    let mut house = usdc();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    for (seconds, works) in [(600, true), (1, false)] {
        house.vm.advance(seconds);
        house.say(0, 100.0).expect("heard");
        if works {
            house.fill_at_oracle(0, &who, &desk, BASE).expect("ten minutes are what is allowed");
        } else {
            refused(&mut house, BallastError::QuoteOffPeg, |h| h.fill_at_oracle(0, &who, &desk, BASE));
        }
    }
    house.say_quote(1.0).expect("heard");
    house.fill_at_oracle(0, &who, &desk, BASE).expect("and it is back");
}

#[test]
fn there_is_no_new_risk_before_the_quote_token_has_a_price() {
    let params = HouseParams { quote_feed_id: Feed::of("USDC"), ..HouseParams::default() };
    let mut house = House::with_assets(params, vec![(AssetSpec::coin("SOL", 9), 100.0)]);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    refused(&mut house, BallastError::QuoteOffPeg, |h| h.fill_at_oracle(0, &who, &desk, BASE));
}

#[test]
fn spoofed_prices_of_the_quote_token_are_refused() {
    let mut house = usdc();
    house.vm.advance(120);
    let now = house.vm.now();
    let good = Update::dollars(Feed::of("USDC"), 0.99, 1, now);
    let bad = [
        (BallastError::WrongFeed, Update { feed_id: Feed::of("SOL"), ..good.clone() }),
        (
            BallastError::NotFullyVerified,
            Update { verification: VerificationLevel::Partial { num_signatures: 12 }, ..good.clone() },
        ),
        (BallastError::StalePrice, Update { publish_time: now - 61, ..good.clone() }),
        (BallastError::FuturePrice, Update { publish_time: now + 6, ..good.clone() }),
        (BallastError::PriceNotNewer, Update { publish_time: now - 120, ..good.clone() }),
        (BallastError::BadPrice, Update { price: 0, ..good.clone() }),
        (BallastError::BadPrice, Update { price: -1, ..good.clone() }),
        (BallastError::BadPrice, Update { exponent: 1, ..good.clone() }),
        (BallastError::BadPrice, Update { exponent: -13, ..good.clone() }),
        (BallastError::WideConfidence, Update { conf: good.price.unsigned_abs() / 100 + 1, ..good.clone() }),
    ];
    for (error, update) in bad {
        // The price account itself changes, and nothing of the program's does.
        refused(&mut house, error, |h| h.hear_quote(&update));
    }
    house.hear_quote(&good).expect("the genuine one");
}

#[test]
fn a_house_without_a_feed_counts_in_dollars() {
    let mut house = sol();
    refused(&mut house, BallastError::NoQuoteFeed, |h| h.say_quote(0.5));
    assert_eq!((house.board().quote_rate, house.board().off_peg), (RATE_ONE, 0));
}
