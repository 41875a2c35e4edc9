//! Implied volatility: an option market's word, trusted within limits.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::ImpliedVolatilityRefreshed;
use ballast::state::AssetState;
use ballast_risk::scenario::Tails;
use ballast_sandbox::house::default_params;
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House};
use pyth_solana_receiver_sdk::price_update::VerificationLevel;

use crate::common::{BASE, Rival, prices_after, refused, refused_ix, sol, with_account};

const HOUR: i64 = 3_600;
const PRICES: [f64; 2] = [100.0, 1_000.0];

/// Two seasoned coins, the first with a feed of its implied volatility.
fn house() -> House {
    let mut with_feed = AssetSpec::coin("SOL", 9);
    with_feed.args.implied_feed_id = Feed::of("SOL volatility");
    let mut house = House::listing(default_params(), vec![with_feed, AssetSpec::coin("ETH", 9)]);
    house.open().expect("governance opens");
    house.post_all(&PRICES);
    house.season(&PRICES);
    house
}

/// An implied volatility of 100 % a year, published now.
fn update(house: &House) -> Update {
    Update::dollars(Feed::of("SOL volatility"), 100.0, 5, house.vm.now())
}

/// Posts and refreshes an implied volatility; returns what is believed of it.
fn implied(house: &mut House, percent: f64) -> u64 {
    house.post_implied(0, percent);
    let said: ImpliedVolatilityRefreshed = house.refresh_implied(0).expect("a new volatility").event();
    let state = house.board().assets[0];
    assert_eq!((said.asset, said.sigma, said.publish_time), (0, state.implied_sigma, state.implied_time));
    said.sigma
}

#[track_caller]
fn refuses(house: &mut House, error: BallastError, change: impl FnOnce(&mut Update, i64)) {
    let mut bad = update(house);
    change(&mut bad, house.vm.now());
    house.post_implied_update(0, &bad);
    refused(house, error, |h| h.refresh_implied(0));
}

#[test]
fn an_annual_volatility_is_brought_to_the_horizon() {
    let mut house = house();
    // 100 % a year are 100 %·√(1/8,760) = 1.0684 % an hour.
    let sigma = implied(&mut house, 100.0) as f64 / (1u64 << 32) as f64;
    assert!((sigma - 0.010_684_4).abs() < 1e-6, "{sigma}");
    let state = house.board().assets[0];
    assert_eq!(state.expected_sigma, state.implied_sigma);
    assert!(state.implied_sigma > state.sigma, "more than what is realised");
}

#[test]
fn attack_another_feed_is_no_volatility() {
    let mut house = house();
    refuses(&mut house, BallastError::WrongFeed, |u, _| u.feed_id = Feed::of("SOL"));
    refuses(&mut house, BallastError::WrongFeed, |u, _| u.feed_id = [0; 32]);
    // The other coin has none; "none" is not the feed of zeros.
    let account = Pubkey::new_unique();
    let zeros = Update { feed_id: [0; 32], ..update(&house) };
    house.vm.put(account, pyth_solana_receiver_sdk::ID, zeros.bytes());
    let refresh = house.at.refresh_implied_volatility(1, account);
    refused_ix(&mut house, BallastError::NoImpliedFeed, refresh, &[]);
}

#[test]
fn attack_a_volatility_that_is_not_pyths_word_is_refused() {
    let mut house = house();
    for num_signatures in [0, 5, 12, 255] {
        refuses(&mut house, BallastError::NotFullyVerified, |u, _| {
            u.verification = VerificationLevel::Partial { num_signatures };
        });
    }
    let genuine = house.implied_account(0);
    let bytes = update(&house).bytes();
    for owner in [Pubkey::new_unique(), ballast::ID, anchor_lang::system_program::ID] {
        let spoofed = Pubkey::new_unique();
        house.vm.put(spoofed, owner, bytes.clone());
        let refresh = with_account(house.at.refresh_implied_volatility(0, genuine), genuine, spoofed);
        refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, refresh, &[]);
    }
}

#[test]
fn a_volatility_is_recent_and_newer_than_the_last() {
    let mut house = house();
    refuses(&mut house, BallastError::StalePrice, |u, now| u.publish_time = now - 2 * HOUR - 1);
    refuses(&mut house, BallastError::FuturePrice, |u, now| u.publish_time = now + 6);
    implied(&mut house, 100.0);
    for age in [0, 1, HOUR] {
        refuses(&mut house, BallastError::PriceNotNewer, |u, now| u.publish_time = now - age);
    }
}

#[test]
fn a_volatility_is_a_positive_number_with_a_narrow_interval() {
    let mut house = house();
    for price in [0, -1, i64::MIN] {
        refuses(&mut house, BallastError::BadPrice, |u, _| u.price = price);
    }
    for exponent in [1, -13, i32::MIN, i32::MAX] {
        refuses(&mut house, BallastError::BadPrice, |u, _| u.exponent = exponent);
    }
    refuses(&mut house, BallastError::WideConfidence, |u, _| u.conf = u.price.unsigned_abs() / 50 + 1);
    refuses(&mut house, BallastError::BadPrice, |u, _| (u.price, u.conf, u.exponent) = (i64::MAX, 0, 0));
}

#[test]
fn attack_a_volatility_does_not_reach_another_clearinghouse() {
    let mut house = house();
    let rival = Rival::of(&mut house);
    house.post_implied(0, 100.0);
    let refresh = house.at.refresh_implied_volatility(0, house.implied_account(0));
    let (own, other) = (house.at, rival.at);
    let board = with_account(refresh.clone(), own.board, other.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, board, &[]);
    let config = with_account(refresh, own.asset(0), other.asset(0));
    refused_ix(&mut house, BallastError::WrongClearinghouse, config, &[]);
}

#[test]
fn attack_a_spike_counts_for_a_doubling_an_hour() {
    let mut house = house();
    let live = house.board().assets[0].sigma;
    let first = implied(&mut house, 90_000.0);
    assert_eq!(first, 2 * live, "from the σ that stands, however long nobody spoke");
    // Repeating it every minute makes it no faster than saying it once.
    let mut last = first;
    for _ in 0..60 {
        house.vm.advance(60);
        let now = implied(&mut house, 90_000.0);
        assert!(now > last);
        last = now;
    }
    assert!(last <= 2 * first && last > 2 * first - first / 1_000, "{last} from {first}");
    house.vm.advance(HOUR);
    assert!(implied(&mut house, 90_000.0) <= 2 * last);
    // It falls at once.
    house.vm.advance(1);
    assert!(implied(&mut house, 10.0) < live);
}

#[test]
fn a_volatility_that_nobody_refreshes_is_forgotten_after_two_hours() {
    let mut house = house();
    let calm = house.board().assets[0];
    let sigma = implied(&mut house, 200.0);
    prices_after(&mut house, 2 * HOUR, &PRICES);
    assert_eq!(house.board().assets[0].expected_sigma, sigma, "two hours are not more than two hours");
    prices_after(&mut house, 1, &PRICES);
    let state = house.board().assets[0];
    assert_eq!(state.expected_sigma, state.forecast_sigma);
    assert!(state.haircut_long <= calm.haircut_long);
}

#[test]
fn an_implied_volatility_below_the_live_one_lowers_nothing() {
    let mut house = house();
    let before = house.board().assets[0];
    let said = implied(&mut house, 0.5);
    assert!(said > 0 && said < before.sigma / 10);
    let after = house.board().assets[0];
    let implied_time = house.vm.now();
    assert!(after == AssetState { implied_sigma: said, implied_time, ..before }, "nothing else has changed");
}

#[test]
fn an_implied_volatility_raises_add_ons_and_leaves_the_netted_core_alone() {
    let mut house = house();
    let (who, desk) = (house.person_with_quote(10_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    house.fill_at_oracle(1, &who, &desk, -10 * BASE).expect("its hedge");
    let (calm, before) = (house.board().assets[0], house.health(&who).maintenance);
    for _ in 0..2 {
        implied(&mut house, 5_000.0);
        prices_after(&mut house, HOUR - 1, &PRICES);
    }
    let sigma = implied(&mut house, 5_000.0);
    let (state, after) = (house.board().assets[0], house.health(&who).maintenance);
    assert!(sigma > 6 * state.sigma, "{sigma}");
    assert_eq!(state.netted, 1);
    assert!(state.sigma <= calm.sigma, "σ is what was realised");
    assert!(after.expected_shortfall <= before.expected_shortfall, "and so is the core");
    // What the core would be at σ̂, less what it is, un-netted; the floor gives way to it.
    let stress = house.board().margin_params().stress;
    let core = |sigma| {
        stress.blend(Tails::shortfall_rate(state.tail_long, sigma), state.shock_long).expect("a rate")
    };
    let expected = core(sigma) - core(state.sigma);
    assert_eq!(state.addon_long, expected + state.liquidity_long);
    assert!(after.addons > before.addons + 500_000_000, "{} against {}", after.addons, before.addons);
    assert_eq!(house.board().assets[1].implied_sigma, 0);
}

#[test]
fn an_asset_without_a_feed_has_no_implied_volatility() {
    let mut house = sol();
    house.post_implied(0, 100.0);
    refused(&mut house, BallastError::NoImpliedFeed, |h| h.refresh_implied(0));
}
