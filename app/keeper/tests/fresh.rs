//! The board that the keeper judges on is, to the byte, the board that the program makes of the same sources; and what the
//! program refuses, the keeper neither judges on nor sends.

use anchor_lang::prelude::{Clock, Pubkey};
use ballast_keeper::book::{self, Book, Posts};
use ballast_keeper::chain::{Raw, Source, Update};
use ballast_keeper::fresh::{Fresh, fresh};
use ballast_risk::breaker::State;
use ballast_sandbox::house::{HouseParams, PullFeed, default_prices, made_up_history};
use ballast_sandbox::{AssetSpec, House, MarketSpec};

const COIN: u8 = 0;
const STAKED: u8 = 1;
const SECOND: Pubkey = Pubkey::new_from_array([0x5b; 32]);

/// A coin with a second source that may be 1 % apart, and a token staked of it; three in a row confirm a jump.
fn house(quorum: u8) -> House {
    let prices =
        ballast::limits::PriceParams { consistent: 3, recovery_s: 15, confirm_s: 15, ..default_prices() };
    let mut house = House::with_params(HouseParams { prices, ..HouseParams::default() });
    let mut coin = AssetSpec::coin("SOL", 9);
    coin.args.sources.second_source = SECOND;
    (coin.args.sources.quorum, coin.args.sources.max_deviation_bps) = (quorum, 100);
    (coin.args.sources.max_step_bps, coin.args.sources.max_jump_bps) = (coin.args.max_move_bps, 2_000);
    let mut staked = AssetSpec::coin("JITOSOL", 9);
    staked.args.sources.stake_pool = Pubkey::new_from_array([0x57; 32]);
    staked.args.sources.underlying = Some(COIN);
    (staked.args.sources.max_growth_bps, staked.args.sources.basis_bps) = (10, 200);
    for (index, spec) in [coin, staked].into_iter().enumerate() {
        let (index, name) = (index as u8, spec.symbol.clone());
        house.list_asset(spec).unwrap();
        house.open_market(MarketSpec::perpetual(&name, index)).unwrap();
        house.calibrate(made_up_history(index)).unwrap();
    }
    house.open().unwrap();
    let pool = house.pool(STAKED, 1.2);
    house.post_pool(STAKED, &pool);
    house.say(COIN, 100.0).unwrap();
    house.say(STAKED, 119.0).unwrap();
    house.vm.advance(30);
    house
}

/// What a keeper holds who has read everything now.
fn read(house: &House) -> (Book, Clock) {
    let mut book = Book::new(house.at);
    let take = |book: &mut Book, address: Pubkey| {
        let found = house.vm.svm.get_account(&address);
        let raw = found.map(|a| Raw { owner: a.owner, lamports: a.lamports, data: a.data });
        book.take(Update { address, slot: 1, source: Source::Read, raw });
    };
    for (address, _) in house.vm.svm.get_program_accounts(&ballast::ID) {
        take(&mut book, address);
    }
    let mut posts = Posts::default();
    for asset in [COIN, STAKED] {
        posts.prices.insert(asset, house.assets[usize::from(asset)].price_account);
        posts.beside.extend(book.asset(asset).into_iter().flat_map(book::beside));
    }
    assert_eq!(posts.all().len(), 4, "two prices, a second source, a stake pool");
    let all = posts.all();
    book.set_posts(posts);
    for address in all {
        take(&mut book, address);
    }
    (book, house.vm.svm.get_sysvar())
}

fn judged(house: &House) -> Fresh {
    let (book, clock) = read(house);
    fresh(&book, &clock).unwrap()
}

/// Refreshes what the keeper would, in its order, and holds its copy against the board.
#[track_caller]
fn refreshes(house: &mut House, expected: &[u8]) {
    let judged = judged(house);
    let assets: Vec<u8> = judged.posted.iter().map(|p| p.asset).collect();
    assert_eq!(assets, expected, "what it would put on the board");
    for asset in assets {
        house.refresh_from_all(asset).unwrap_or_else(|e| panic!("{asset} was to be taken: {e:?}"));
    }
    let board = house.board();
    for (asset, name) in [(COIN, "the coin"), (STAKED, "what is staked of it")] {
        let (copy, chain) = (&judged.board.assets[usize::from(asset)], &board.assets[usize::from(asset)]);
        assert!(bytemuck::bytes_of(copy) == bytemuck::bytes_of(chain), "{name}: {copy:?}\nis not {chain:?}");
    }
    assert!(bytemuck::bytes_of(&*judged.board) == bytemuck::bytes_of(&*board), "the boards differ elsewhere");
}

/// The keeper would send nothing about an asset, and the program would refuse it.
#[track_caller]
fn refuses(house: &mut House, asset: u8) {
    assert!(judged(house).pending(asset).is_none(), "the keeper would put it on the board");
    assert!(house.refresh_from_all(asset).is_err(), "the program would take it");
}

fn post(house: &mut House, pyth: f64, second: f64) {
    house.post(COIN, pyth);
    let feed = house.feed(second);
    house.post_second(COIN, &feed);
}

/// A value to the micro-unit, which prices are rounded to.
#[track_caller]
fn assert_near(value: u64, expected: u64) {
    assert!(value.abs_diff(expected) <= 1, "{value} is not {expected}");
}

fn breaker(house: &House) -> u8 {
    house.board().assets[usize::from(COIN)].breaker
}

#[test]
fn two_sources_that_agree_are_judged_at_their_middle() {
    let mut house = house(2);
    post(&mut house, 99.6, 100.2);
    let middle = judged(&house).board.assets[usize::from(COIN)].spot();
    assert_near(middle.value(1_000_000_000).unwrap().unsigned_abs(), 99_900_000);
    refreshes(&mut house, &[COIN]);
}

#[test]
fn sources_that_are_apart_are_doubted_on_the_copy_as_on_the_chain() {
    for (pyth, second) in [(88.0, 100.0), (100.0, 88.0)] {
        let mut house = house(2);
        for _ in 0..4 {
            house.vm.advance(5);
            post(&mut house, pyth, second);
            refreshes(&mut house, &[COIN]);
            assert_eq!(breaker(&house), State::Doubted as u8);
        }
        // What they are apart on is never taken.
        assert_near(house.value(COIN, 1_000_000_000), 100_000_000);
    }
}

#[test]
fn a_jump_that_both_sources_confirm_is_taken_when_the_chain_takes_it() {
    let mut house = house(2);
    let mut taken = 0;
    for _ in 0..8 {
        house.vm.advance(5);
        post(&mut house, 90.0, 90.2);
        refreshes(&mut house, &[COIN]);
        taken += usize::from(house.value(COIN, 1_000_000_000) < 91_000_000);
    }
    assert!((1..8).contains(&taken), "it was held first, and believed in the end: {taken}");
}

#[test]
fn a_silent_second_source_counts_as_the_quorum_says() {
    for (quorum, doubted) in [(1, false), (2, true)] {
        let mut house = house(quorum);
        let old = PullFeed { min_slot: 1, ..house.feed(99.0) };
        house.post(COIN, 99.5);
        house.post_second(COIN, &old);
        refreshes(&mut house, &[COIN]);
        assert_eq!(breaker(&house) == State::Doubted as u8, doubted, "a quorum of {quorum}");
    }
}

#[test]
fn a_second_source_that_is_missing_or_anothers_is_neither_judged_nor_sent() {
    let mut house = house(1);
    house.post(COIN, 99.5);
    let feed = house.feed(99.5).bytes();
    house.vm.put(SECOND, pyth_solana_receiver_sdk::ID, feed.clone());
    refuses(&mut house, COIN);
    house.vm.put(SECOND, ballast::oracle::switchboard::ID, feed[..100].to_vec());
    refuses(&mut house, COIN);
    house.vm.put(SECOND, Pubkey::default(), Vec::new());
    refuses(&mut house, COIN);
}

#[test]
fn a_staked_token_is_judged_at_what_it_is_redeemed_for_and_after_its_underlying() {
    let mut house = house(1);
    post(&mut house, 99.2, 99.2);
    house.post(STAKED, 125.0);
    let judged = judged(&house);
    assert_eq!(judged.underlying(STAKED), Some(COIN));
    assert_eq!(judged.needed([STAKED].into_iter()), [COIN, STAKED]);
    refreshes(&mut house, &[COIN, STAKED]);
    assert_near(house.value(STAKED, 1_000_000_000), 119_040_000);

    house.vm.advance(30);
    let slashed = house.pool(STAKED, 1.0);
    house.post_pool(STAKED, &slashed);
    post(&mut house, 99.2, 99.2);
    house.post(STAKED, 118.0);
    refreshes(&mut house, &[COIN, STAKED]);
}

#[test]
fn a_stake_pool_that_nobody_has_updated_is_neither_judged_nor_sent() {
    let mut house = house(1);
    let mut clock: Clock = house.vm.svm.get_sysvar();
    clock.epoch += 2;
    house.vm.svm.set_sysvar(&clock);
    post(&mut house, 99.9, 99.9);
    house.post(STAKED, 118.5);
    refuses(&mut house, STAKED);
    refreshes(&mut house, &[COIN]);
}
