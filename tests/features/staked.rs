//! Staked tokens: worth at most what they are redeemed for, and as risky as their underlying.

use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::oracle::stake_pool;
use ballast_client::health::Health;
use ballast_sandbox::house::{QUOTE, StakePool, default_params};
use ballast_sandbox::{AssetSpec, House, MarketSpec, Person};

use crate::common::{BASE, COIN, list_coin, refused, refused_ix, with_account};

const SOL: u8 = 0;
const JITOSOL: u8 = 1;

/// A staked token on SOL: redemption may grow by 10 bps a day, two per cent may come between the two.
fn jitosol() -> AssetSpec {
    let mut spec = AssetSpec::coin("JITOSOL", 9);
    spec.args.sources.stake_pool = Pubkey::new_from_array([0x57; 32]);
    spec.args.sources.underlying = Some(SOL);
    spec.args.sources.max_growth_bps = 10;
    spec.args.sources.basis_bps = 200;
    spec
}

/// SOL at 100, its staked token redeemed for 1.2, on the market at 119.
fn house() -> House {
    let mut house = House::empty(default_params());
    list_coin(&mut house, AssetSpec::coin("SOL", 9));
    list_coin(&mut house, jitosol());
    house.open().expect("the clearinghouse opens");
    let pool = house.pool(JITOSOL, 1.2);
    house.post_pool(JITOSOL, &pool);
    both(&mut house, 100.0, 119.0);
    house
}

fn both(house: &mut House, sol: f64, staked: f64) {
    house.say(SOL, sol).expect("SOL has a price");
    house.say(JITOSOL, staked).expect("and so has its staked token");
}

fn worth(house: &House) -> f64 {
    house.value(JITOSOL, COIN) as f64 / QUOTE as f64
}

/// Lets SOL live a day, so that it nets.
fn season(house: &mut House) {
    for _ in 0..26 {
        house.vm.advance(3_600);
        both(house, 100.0, 119.0);
        house.tick().expect("a tick is due");
    }
}

#[test]
fn a_staked_token_counts_at_the_lower_of_market_and_redemption() {
    let mut house = house();
    assert!((worth(&house) - 119.0).abs() < 1e-5, "the market is lower");
    house.vm.advance(30);
    both(&mut house, 100.0, 150.0);
    assert!(
        (worth(&house) - 120.0).abs() < 1e-5,
        "nobody is paid more than it is redeemed for: {}",
        worth(&house)
    );
    house.vm.advance(30);
    both(&mut house, 90.0, 150.0);
    assert!((worth(&house) - 108.0).abs() < 1e-5);
}

/// A donation to a pool, or a rate that is made up, does not make collateral.
#[test]
fn attack_a_redemption_rate_does_not_jump() {
    let mut house = house();
    house.vm.advance(3_600);
    let pool = house.pool(JITOSOL, 12.0);
    house.post_pool(JITOSOL, &pool);
    both(&mut house, 100.0, 1_200.0);
    let most = 120.0 * (1.0 + 0.001 / 24.0);
    assert!(worth(&house) <= most + 1e-6 && worth(&house) > 120.0, "{}", worth(&house));
    // Touching it often does not add up to more.
    for _ in 0..60 {
        house.vm.advance(60);
        both(&mut house, 100.0, 1_200.0);
    }
    assert!(worth(&house) <= 120.0 * (1.0 + 0.0021 / 24.0), "{}", worth(&house));
    // Eight silent days are not eight days of growth.
    house.vm.advance(8 * 86_400);
    both(&mut house, 100.0, 1_200.0);
    assert!(worth(&house) <= 120.0 * 1.0032, "{}", worth(&house));
    // A slash counts at once.
    house.vm.advance(30);
    let pool = house.pool(JITOSOL, 1.0);
    house.post_pool(JITOSOL, &pool);
    both(&mut house, 100.0, 1_200.0);
    assert!((worth(&house) - 100.0).abs() < 1e-5);
}

#[test]
fn spoofed_stake_pools_are_refused() {
    let mut house = house();
    house.vm.advance(30);
    house.say(SOL, 100.0).expect("heard");
    house.post(JITOSOL, 119.0);
    let genuine = house.sources(JITOSOL).stake_pool.expect("there is one");
    let refresh = house.at.refresh_price_from(JITOSOL, &house.sources(JITOSOL));
    refused(&mut house, BallastError::SourceMissing, |h| h.refresh(JITOSOL));
    let good = house.pool(JITOSOL, 1.2);
    let spoofed = Pubkey::new_unique();
    house.vm.put(spoofed, stake_pool::ID, good.bytes());
    refused_ix(&mut house, BallastError::WrongSource, with_account(refresh.clone(), genuine, spoofed), &[]);
    house.vm.put(genuine, Pubkey::new_unique(), good.bytes());
    refused_ix(&mut house, BallastError::WrongSource, refresh.clone(), &[]);
    house.vm.put(genuine, stake_pool::ID, good.bytes()[..270].to_vec());
    refused_ix(&mut house, BallastError::WrongSource, refresh.clone(), &[]);
    let bad: [(BallastError, StakePool); 5] = [
        (BallastError::WrongSource, StakePool { account_type: 2, ..good }),
        (BallastError::WrongSource, StakePool { mint: Pubkey::new_unique(), ..good }),
        (BallastError::BadPrice, StakePool { total_lamports: 0, ..good }),
        (BallastError::BadPrice, StakePool { pool_token_supply: 0, ..good }),
        (BallastError::Overflow, StakePool { total_lamports: u64::MAX, pool_token_supply: 1, ..good }),
    ];
    for (error, pool) in bad {
        house.post_pool(JITOSOL, &pool);
        refused_ix(&mut house, error, refresh.clone(), &[]);
    }
    house.post_pool(JITOSOL, &good);
    house.vm.send(&[refresh], &[]).expect("the genuine one");
}

#[test]
fn a_pool_that_was_not_updated_is_refused() {
    let mut house = house();
    let mut clock = house.clock();
    clock.epoch += 2;
    house.vm.svm.set_sysvar(&clock);
    house.vm.advance(30);
    house.say(SOL, 100.0).expect("heard");
    refused(&mut house, BallastError::StaleStakePool, |h| {
        h.post(JITOSOL, 119.0);
        h.refresh_from_all(JITOSOL)
    });
}

#[test]
fn a_staked_token_has_no_price_without_its_underlying() {
    let mut house = house();
    house.vm.advance(61);
    refused(&mut house, BallastError::UnderlyingNotBelieved, |h| {
        h.post(JITOSOL, 119.0);
        h.refresh_from_all(JITOSOL)
    });
}

/// A hundred staked tokens, and so many of SOL's perpetual.
fn holder(house: &mut House, base: i64) -> (Person, Health) {
    let (who, desk) = (house.person_with_quote(10_000), house.person_with_quote(10_000_000));
    house.fund_collateral(&who, JITOSOL, 100 * COIN).expect("a hundred");
    if base != 0 {
        house.fill_at_oracle(SOL, &who, &desk, base).expect("a fill");
    }
    let health = house.health(&who);
    (who, health)
}

/// A staked token against its underlying nets, and no ratio of the two makes a book without risk.
#[test]
fn a_staked_token_nets_with_its_underlying_and_never_to_nothing() {
    let mut house = house();
    season(&mut house);
    let (_, alone) = holder(&mut house, 0);
    let (_, hedged) = holder(&mut house, -119 * BASE);
    let core = |h: &Health| h.maintenance.expected_shortfall;
    assert!(core(&hedged) * 50 < core(&alone), "{} and {}", core(&hedged), core(&alone));
    // Two per cent of 11,900 may come between the two, whatever the hedge.
    for shorts in [50, 100, 119, 140, 245, 290] {
        let (_, book) = holder(&mut house, -shorts * BASE);
        let least = 11_900 * QUOTE * 2 / 100;
        assert!(book.maintenance.maintenance >= least, "{shorts} short: {}", book.maintenance.maintenance);
    }
}

#[test]
fn a_staked_token_is_listed_after_an_underlying_that_is_not_staked() {
    let mut house = House::empty(default_params());
    let refused_spec = |house: &mut House, change: fn(&mut AssetSpec)| {
        let mut spec = AssetSpec { collateral: false, ..jitosol() };
        change(&mut spec);
        house.list_asset(spec).expect_err("it is refused").code()
    };
    let out = Some(u32::from(BallastError::ParameterOutOfBounds));
    assert_eq!(refused_spec(&mut house, |_| {}), Some(u32::from(BallastError::UnknownAsset)));
    house.list_asset(AssetSpec { collateral: false, ..AssetSpec::coin("SOL", 9) }).expect("SOL");
    house.open_market(MarketSpec::perpetual("SOL", SOL)).expect("and its perpetual");
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.underlying = None), out);
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.stake_pool = Pubkey::default()), out);
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.quorum = 2), out);
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.max_growth_bps = 101), out);
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.basis_bps = 5_001), out);
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.max_step_bps = 121), out, "beyond its envelope");
    house.list_asset(AssetSpec { collateral: false, ..jitosol() }).expect("a staked token");
    assert_eq!(refused_spec(&mut house, |s| s.args.sources.underlying = Some(JITOSOL)), out);
}
