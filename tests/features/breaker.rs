//! Breakers: a price that nobody can have margined for hurts nobody until it is confirmed, and what is confirmed is
//! acted upon.

use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{BreakerChanged, PriceHeld, PriceRefreshed};
use ballast::limits::PriceParams;
use ballast_client::decode::dollars;
use ballast_client::{Deployment, events};
use ballast_risk::breaker::{Cause, State};
use ballast_sandbox::house::{HouseParams, QUOTE, Sent, default_prices};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::{AssetSpec, Feed, House, Person, Vm};

use crate::common::{BASE, COIN, assert_conserved, initialise, refused, refused_ix};

/// Three consistent samples over fifteen seconds; IM of a guarded asset up by half of its haircut.
pub fn guarded_house() -> HouseParams {
    let prices =
        PriceParams { consistent: 3, recovery_s: 15, confirm_s: 15, guarded_bps: 5_000, ..default_prices() };
    HouseParams { prices, ..HouseParams::default() }
}

/// A coin of which no step beyond its envelope's 1.2 % is acted upon at once; guarded 20 % from its stable price.
pub fn careful(name: &str) -> AssetSpec {
    let mut spec = AssetSpec::coin(name, 9);
    spec.args.sources.max_step_bps = spec.args.max_move_bps;
    spec.args.sources.max_jump_bps = 2_000;
    spec
}

fn house(coins: &[(&str, f64)]) -> House {
    House::with_assets(guarded_house(), coins.iter().map(|(name, price)| (careful(name), *price)).collect())
}

fn state(house: &House, asset: u8) -> State {
    house.board().assets[usize::from(asset)].state(house.vm.now())
}

/// Time passes, then the oracle says this.
fn says(house: &mut House, seconds: i64, asset: u8, dollars: f64) -> Sent {
    house.vm.advance(seconds);
    house.say(asset, dollars)
}

/// Long by this many coins on this much quote, against a desk; and a keeper.
fn long(house: &mut House, market: u8, coins: i64, quote: u64) -> (Person, Person) {
    let (who, desk) = (house.person_with_quote(quote), house.person_with_quote(10_000_000));
    let keeper = house.person_with_quote(1_000_000);
    house.fill_at_oracle(market, &who, &desk, coins * BASE).expect("a fill");
    (who, keeper)
}

/// Pyth, 20 September 2021: BTC at 5,402 with a confidence interval of 21,623.
#[test]
fn pyth_btc_at_5402_liquidates_nobody() {
    let mut house = house(&[("BTC", 42_000.0), ("SOL", 100.0)]);
    let (who, keeper) = long(&mut house, 0, 1, 10_000);
    let spot = house.board().assets[0].spot();
    house.vm.advance(30);
    let glitch = Update {
        price: 5_402 * 100_000_000,
        conf: 21_623 * 100_000_000,
        ..Update::dollars(Feed::of("BTC"), 1.0, 0, house.vm.now())
    };
    house.post_update(0, &glitch);
    let receipt = house.refresh(0).expect("what the feed says is heard");
    let changed: BreakerChanged = receipt.event();
    assert_eq!((changed.from, changed.to), (State::Normal as u8, State::Doubted as u8));
    assert_eq!(changed.cause, Cause::WideConfidence as u8);
    assert_eq!(house.board().assets[0].spot(), spot, "and not acted upon");
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, COIN / 10);
    refused_ix(&mut house, BallastError::PriceDoubted, take, &[&keeper.key]);

    // The same without the confidence interval that gave it away.
    house.vm.advance(5);
    house.post(0, 5_402.0);
    let held: PriceHeld = house.refresh(0).expect("heard").event();
    assert_eq!((held.cause, held.consistent), (Cause::Move as u8, 0));
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, COIN / 10);
    refused_ix(&mut house, BallastError::PriceDoubted, take, &[&keeper.key]);

    // It was a glitch: the feed returns, and after a while everything is as before.
    for _ in 0..8 {
        says(&mut house, 5, 0, 42_010.0).expect("a good price");
    }
    assert_eq!(state(&house, 0), State::Normal);
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, COIN / 10);
    refused_ix(&mut house, BallastError::AccountHealthy, take, &[&keeper.key]);
}

/// 10 October 2025: minus 60 % within a minute. Nobody is liquidated on the first sample, and everybody who is short
/// fifteen seconds later.
#[test]
fn a_crash_of_sixty_per_cent_is_confirmed_and_then_liquidation_goes_on() {
    let mut house = house(&[("SOL", 200.0)]);
    let (who, keeper) = long(&mut house, 0, 100, 16_000);
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 100 * COIN);
    says(&mut house, 60, 0, 80.0).expect("heard");
    refused_ix(&mut house, BallastError::PriceDoubted, take.clone(), &[&keeper.key]);
    for dollars in [80.5, 79.8] {
        says(&mut house, 5, 0, dollars).expect("heard");
        refused_ix(&mut house, BallastError::StalePrice, take.clone(), &[&keeper.key]);
    }
    let taken: PriceRefreshed = says(&mut house, 5, 0, 80.0).expect("heard").event();
    assert_eq!(taken.asset, 0, "the third sample that agrees is the price");
    assert_eq!(state(&house, 0), State::Guarded);
    let plan = house.plan(&who.account, &keeper).expect("the account is short");
    house.liquidate(&who.account, &keeper, &plan).expect("and is liquidated");
    assert_conserved(&house);
}

/// Three samples confirm a step in three seconds, and a jump in a minute: as clusters are set up.
fn close_house(coins: &[(&str, f64)]) -> House {
    let prices = PriceParams { recovery_s: 60, confirm_s: 3, ..guarded_house().prices };
    let params = HouseParams { prices, ..HouseParams::default() };
    House::with_assets(params, coins.iter().map(|(name, price)| (careful(name), *price)).collect())
}

/// What the board says an asset costs, dollars.
fn spot(house: &House, asset: u8) -> f64 {
    let board = house.board();
    let asset = &board.assets[usize::from(asset)];
    (dollars(asset, asset.spot()) * 1e6).round() / 1e6
}

/// A house in which SOL falls by two dollars a second, from a hundred to ninety, and that is believed.
fn falling() -> (House, Person, Person) {
    let mut house = close_house(&[("SOL", 100.0)]);
    let (who, keeper) = long(&mut house, 0, 10, 900);
    for dollars in [98.0, 96.0, 94.0, 92.0, 90.0, 90.0] {
        says(&mut house, 1, 0, dollars).expect("heard");
    }
    assert_eq!((state(&house, 0), spot(&house, 0)), (State::Guarded, 90.0));
    (house, who, keeper)
}

#[test]
fn a_fall_that_goes_on_confirms_itself() {
    let mut house = close_house(&[("SOL", 200.0)]);
    for (dollars, consistent) in [(196.0, 0), (192.0, 1), (188.0, 2)] {
        let held: PriceHeld = says(&mut house, 1, 0, dollars).expect("heard").event();
        assert_eq!((held.cause, held.consistent), (Cause::Move as u8, consistent));
        assert_eq!((state(&house, 0), spot(&house, 0)), (State::Doubted, 200.0));
    }
    let _: PriceRefreshed = says(&mut house, 1, 0, 184.0).expect("heard").event();
    assert_eq!((state(&house, 0), spot(&house, 0)), (State::Guarded, 196.0), "the most careful of the four");
    for step in 5..=30 {
        let dollars = 200.0 - 4.0 * f64::from(step);
        let _: PriceRefreshed = says(&mut house, 1, 0, dollars).expect("heard").event();
        assert_eq!((state(&house, 0), spot(&house, 0)), (State::Guarded, dollars + 4.0), "one sample behind");
    }
    says(&mut house, 1, 0, 80.0).expect("heard");
    assert_eq!(spot(&house, 0), 80.0, "and there when it ends");
}

/// Neither on a quiet day nor in the middle of a crash that is real.
#[test]
fn a_lone_spike_of_any_size_is_never_acted_upon() {
    for spike in [0.01, 5.0, 50.0, 83.0, 87.0, 95.0, 500.0, 50_000.0] {
        let mut quiet = close_house(&[("SOL", 90.0)]);
        let (who, keeper) = long(&mut quiet, 0, 10, 700);
        for (mut house, who, keeper) in [(quiet, who, keeper), falling()] {
            let take = house.at.liquidate_position(who.account, keeper.party(), 0, COIN);
            let held: PriceHeld = says(&mut house, 1, 0, spike).expect("heard").event();
            assert_eq!((held.cause, held.consistent), (Cause::Move as u8, 0));
            assert_eq!(spot(&house, 0), 90.0, "{spike}");
            assert!(house.vm.send(std::slice::from_ref(&take), &[&keeper.key]).is_err(), "{spike}");
            // It was a lie: what is true is what it was before.
            for _ in 0..70 {
                says(&mut house, 1, 0, 90.1).expect("heard");
                assert_eq!(spot(&house, 0), 90.1, "{spike}");
            }
            assert!(state(&house, 0) <= State::Guarded);
            refused_ix(&mut house, BallastError::AccountHealthy, take, &[&keeper.key]);
        }
    }
}

#[test]
fn a_spike_that_reverts_confirms_nothing() {
    for back in [[95.0, 97.0, 98.5, 98.7], [95.0, 105.0, 95.0, 105.0], [93.0, 96.0, 93.0, 96.0]] {
        let mut house = close_house(&[("SOL", 100.0)]);
        for dollars in [94.0].into_iter().chain(back) {
            let _: PriceHeld = says(&mut house, 1, 0, dollars).expect("heard").event();
            assert_eq!((state(&house, 0), spot(&house, 0)), (State::Doubted, 100.0), "{back:?}");
        }
        for _ in 0..4 {
            assert_eq!(state(&house, 0), State::Doubted);
            says(&mut house, 1, 0, 100.0).expect("heard");
        }
        assert_eq!(state(&house, 0), State::Guarded, "the old level is confirmed as a new one would be");
    }
}

/// A level that appears from nowhere is not a crash: it has to last.
#[test]
fn a_jump_is_not_confirmed_as_fast_as_a_fall() {
    let mut house = close_house(&[("SOL", 100.0)]);
    for second in 1..=60 {
        let _: PriceHeld = says(&mut house, 1, 0, 40.0).expect("heard").event();
        assert_eq!(spot(&house, 0), 100.0, "after {second} s");
    }
    let _: PriceRefreshed = says(&mut house, 1, 0, 40.0).expect("heard").event();
    assert_eq!((state(&house, 0), spot(&house, 0)), (State::Guarded, 40.0));
    // Nor is one that hides behind the beginning of a fall.
    let mut house = close_house(&[("SOL", 100.0)]);
    for dollars in [98.0, 96.0].into_iter().chain([40.0; 50]) {
        let _: PriceHeld = says(&mut house, 1, 0, dollars).expect("heard").event();
        assert_eq!(spot(&house, 0), 100.0);
    }
}

/// Else a feed that gave itself away by its confidence would be believed sooner if its price moved.
#[test]
fn what_the_sources_objected_to_is_not_hastened_by_a_move() {
    let mut house = close_house(&[("SOL", 100.0)]);
    house.vm.advance(1);
    house.post_update(0, &Update::dollars(Feed::of("SOL"), 100.0, 500, house.vm.now()));
    house.refresh(0).expect("heard");
    for _ in 0..50 {
        let _: PriceHeld = says(&mut house, 1, 0, 97.0).expect("heard").event();
        assert_eq!((state(&house, 0), spot(&house, 0)), (State::Doubted, 100.0));
    }
}

/// 10 October 2025, second by second: everybody is closed while there is something left to close.
#[test]
fn a_crash_of_two_per_cent_a_second_is_liquidated_on_its_way_down() {
    let mut house = close_house(&[("SOL", 200.0)]);
    let (who, keeper) = long(&mut house, 0, 100, 6_000);
    let (mut dollars, mut steps, mut worst) = (200.0, 0, i64::MAX);
    while dollars > 80.0 {
        dollars *= 0.98;
        says(&mut house, 1, 0, dollars).expect("heard");
        if let Some(plan) = house.plan(&who.account, &keeper) {
            worst = worst.min(plan.step.before.equity);
            if house.liquidate(&who.account, &keeper, &plan).is_ok() {
                steps += 1;
            }
        }
    }
    assert!(steps > 0 && worst > 0, "liquidated {steps} times, while it still had something: {worst}");
    assert!(house.margin_account(&who.account).quote >= 0);
    assert_conserved(&house);
}

#[test]
fn a_confirmation_takes_no_longer_than_a_recovery() {
    let mut vm = Vm::new();
    let at = Deployment::of(vm.create_mint(6));
    let args = |recovery_s, confirm_s| {
        let prices = PriceParams { recovery_s, confirm_s, ..default_prices() };
        HouseParams { prices, ..HouseParams::default() }.args(Pubkey::new_unique())
    };
    let out = BallastError::ParameterOutOfBounds;
    // A move would be doubted for longer than anything else; and longer than the code allows.
    refused(&mut vm, out, |vm| initialise(vm, &at, args(60, 61)));
    refused(&mut vm, out, |vm| initialise(vm, &at, args(3_600, 601)));
    initialise(&mut vm, &at, args(60, 60)).expect("as long");
}

/// The claims about Panoptic's averages: whoever touches often must not be able to hide an alarm, nor end it.
#[test]
fn poking_does_not_hasten_recovery() {
    for gap in [1, 3, 5] {
        let mut house = house(&[("SOL", 100.0)]);
        says(&mut house, 30, 0, 90.0).expect("heard");
        let tripped = house.vm.now();
        while house.board().assets[0].breaker == State::Doubted as u8 {
            says(&mut house, gap, 0, 90.0).expect("heard");
        }
        assert_eq!(house.vm.now() - tripped, 15, "touched every {gap} seconds");
        assert_eq!(house.board().assets[0].spot(), house.board().assets[0].accepted().price);
        while house.board().assets[0].breaker != State::Normal as u8 {
            says(&mut house, gap, 0, 90.0).expect("heard");
        }
        assert_eq!(house.vm.now() - tripped, 30);
    }
}

#[test]
fn the_same_update_twice_is_not_two_samples() {
    let mut house = house(&[("SOL", 100.0)]);
    says(&mut house, 30, 0, 90.0).expect("heard");
    house.vm.advance(20);
    refused(&mut house, BallastError::PriceNotNewer, |h| h.refresh(0));
}

/// LUNA, May 2022: from 60 dollars to half of one. A breaker must not stand between a falling asset and those who would
/// be paid out of the margin behind it.
#[test]
fn luna_to_zero_is_liquidated_on_the_way() {
    let mut house = house(&[("LUNA", 60.0)]);
    let (who, keeper) = long(&mut house, 0, 1_000, 30_000);
    let (mut dollars, mut steps, mut worst) = (60.0, 0, i64::MAX);
    while dollars > 0.5 {
        dollars *= 0.99;
        says(&mut house, 60, 0, dollars).expect("heard");
        assert!(state(&house, 0) <= State::Guarded, "at {dollars}");
        if let Some(plan) = house.plan(&who.account, &keeper) {
            worst = worst.min(plan.step.before.equity);
            house.liquidate(&who.account, &keeper, &plan).expect("the keeper liquidates");
            steps += 1;
        }
    }
    assert!(steps > 0, "it was liquidated");
    assert!(worst > 0, "while it still had something: {worst}");
    assert!(house.margin_account(&who.account).quote >= 0);
    assert_conserved(&house);
}

/// A dollar of an asset that is halted by its own oracle, not merely silent.
#[test]
fn a_dollar_of_a_halted_asset_shields_nothing() {
    let mut house = house(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    let (who, keeper) = long(&mut house, 0, 100, 1_000);
    house.fund_collateral(&who, 1, COIN / 1_000).expect("one dollar of ETH");
    for dollars in [99.0, 98.0, 97.0, 96.0, 95.0, 94.1] {
        says(&mut house, 5, 0, dollars).expect("heard");
    }
    let no_price = Update { price: -1, ..Update::dollars(Feed::of("ETH"), 1.0, 0, house.vm.now()) };
    house.post_update(1, &no_price);
    house.refresh(1).expect("heard");
    assert_eq!(state(&house, 1), State::Halted);
    let seize = house.at.liquidate_collateral(who.account, keeper.party(), 1, COIN / 1_000);
    refused_ix(&mut house, BallastError::AssetHalted, seize, &[&keeper.key]);
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 40 * COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("SOL is liquidated all the same");
}

/// What is doubted or halted pays for nothing new, and stops nothing that does without it.
#[test]
fn a_doubted_asset_counts_for_nothing_in_what_is_withdrawn() {
    let mut house = house(&[("SOL", 100.0), ("ETH", 1_000.0)]);
    let who = house.person_with_quote(1_000);
    house.fund_collateral(&who, 1, COIN).expect("an ETH");
    let desk = house.person_with_quote(1_000_000);
    house.fill_at_oracle(0, &who, &desk, 10 * BASE).expect("ten SOL");
    house.vm.advance(5);
    house.say(0, 100.0).expect("heard");
    house.say(1, 1_030.0).expect("heard");
    assert_eq!(state(&house, 1), State::Doubted);
    house.withdraw_quote(&who, 100 * QUOTE).expect("its own quote, margined by its own quote");
    // At the last believed price an ETH would carry what is left, and a loan; its own risk has to be margined still.
    refused(&mut house, BallastError::PriceDoubted, |h| h.fill_at_oracle(1, &who, &desk, BASE / 10));
    refused(&mut house, BallastError::PriceDoubted, |h| h.withdraw_quote(&who, 1_000 * QUOTE));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&who, 899 * QUOTE));
    for _ in 0..8 {
        says(&mut house, 5, 1, 1_030.0).expect("heard");
        house.say(0, 100.0).expect("heard");
    }
    assert_eq!(state(&house, 1), State::Normal);
    house.withdraw_quote(&who, 899 * QUOTE).expect("a believed asset carries the position");
}

#[test]
fn what_is_owed_in_a_doubted_asset_counts_in_full() {
    let mut house = house(&[("SOL", 100.0)]);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, -10 * BASE).expect("a short");
    says(&mut house, 5, 0, 101.0).expect("heard");
    says(&mut house, 5, 0, 60.0).expect("heard");
    assert_eq!(state(&house, 0), State::Doubted);
    // Ten quote are lost at the last believed price. The fall, four hundred of profit, is not believed.
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&who, 960 * QUOTE));
    house.withdraw_quote(&who, 800 * QUOTE).expect("what margins the rest");
}

#[test]
fn a_guarded_asset_takes_no_new_risk_and_its_initial_margin_rises() {
    let mut house = house(&[("SOL", 100.0)]);
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 10 * BASE).expect("a fill");
    let mut dollars = 100.0;
    while state(&house, 0) == State::Normal {
        dollars *= 1.01;
        says(&mut house, 5, 0, dollars).expect("heard");
    }
    assert_eq!(state(&house, 0), State::Guarded);
    assert!(dollars > 120.0, "twenty per cent from the stable price, not before: {dollars}");
    refused(&mut house, BallastError::AssetGuarded, |h| h.fill_at_oracle(0, &who, &desk, BASE));
    refused(&mut house, BallastError::AssetGuarded, |h| h.withdraw_quote(&who, 1_001 * QUOTE));
    house.fill_at_oracle(0, &who, &desk, -BASE).expect("reductions go on");
    house.settle(0, &who).expect_err("the pool is empty, and that is all that is in the way");

    use ballast::margin::BoardView;
    use ballast_risk::book::Basis;
    let (mut board, account) = (house.board(), house.margin_account(&who.account));
    let initial = |board: &ballast::state::RiskBoard, basis| {
        BoardView::for_new_risk(board, house.vm.now()).margin(&account, basis).expect("prices are fresh")
    };
    let guarded = initial(&board, Basis::Initial);
    let free = initial(&board, Basis::Withdrawal).initial_excess();
    board.assets[0].breaker = State::Normal as u8;
    let normal = initial(&board, Basis::Initial);
    assert!(guarded.initial > normal.initial, "{} and {}", guarded.initial, normal.initial);
    assert_eq!(guarded.maintenance, normal.maintenance, "MM of those who are there does not jump");
    // The program holds back what this says.
    let free = u64::try_from(free).expect("it is above IM");
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.withdraw_quote(&who, free + QUOTE));
    house.withdraw_quote(&who, free - QUOTE).expect("the rest is its own");
}

#[test]
fn every_change_of_a_breaker_is_told() {
    let mut house = house(&[("SOL", 100.0)]);
    let mut told = vec![];
    for dollars in [90.0; 8] {
        let receipt = says(&mut house, 5, 0, dollars).expect("heard");
        told.extend(events::of::<BreakerChanged>(&receipt.logs).iter().map(|e| (e.from, e.to)));
    }
    assert_eq!(told, [(0, 2), (2, 1), (1, 0)]);
}
