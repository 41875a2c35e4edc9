//! Options: listed, traded at a model's price, margined on a curve, settled on an average.

use anchor_lang::solana_program::instruction::Instruction;
use ballast::error::BallastError;
use ballast::event::OptionSettled;
use ballast::instructions::{AddMarketArgs, MatchFillArgs, OptionTerms};
use ballast::state::{CALL, PUT};
use ballast_sandbox::house::QUOTE;
use ballast_sandbox::options::WINDOW_S;
use ballast_sandbox::vm::COMPUTE_LIMIT;
use ballast_sandbox::{House, MarketSpec, Person};

use crate::common::{
    BASE, COIN, all_accounts, assert_conserved, prices_after, quote_of, refused, refused_ix, sol,
};

const DAY: i64 = 86_400;
const MARKET: u8 = 1;

/// SOL at 100, seasoned, and an option on it a day from expiry.
fn listed(is_put: bool, strike: f64) -> House {
    let mut house = sol();
    house.season(&[100.0]);
    let expiry = house.vm.now() + DAY;
    house.open_market(MarketSpec::option("SOL", 0, is_put, strike, expiry)).expect("governance lists");
    prices_after(&mut house, 1, &[100.0]);
    house
}

/// A holder and a writer of ten contracts, with the given quote each.
fn traded(is_put: bool, strike: f64, quote: u64) -> (House, Person, Person) {
    let mut house = listed(is_put, strike);
    let (holder, writer) = (house.person_with_quote(quote), house.person_with_quote(quote));
    house.fill_at_mark(MARKET, &holder, &writer, 10 * BASE).expect("a fill at the mark");
    (house, holder, writer)
}

/// Prices every minute up to expiry, and one after it.
fn expire(house: &mut House, price: impl Fn(i64) -> f64) {
    let expiry = house.board().markets[usize::from(MARKET)].expiry;
    house.vm.advance(expiry - i64::from(WINDOW_S) - house.vm.now() - 30);
    let mut left = i64::from(WINDOW_S) + 30;
    while left > -60 {
        house.post_all(&[price(left)]);
        house.vm.advance(60);
        left -= 60;
    }
    house.post_all(&[price(left)]);
}

#[test]
fn governance_lists_a_call_and_a_put() {
    for (is_put, kind) in [(false, CALL), (true, PUT)] {
        let house = listed(is_put, 110.0);
        let state = house.board().markets[usize::from(MARKET)];
        assert_eq!(
            (state.kind, state.asset, state.window_s, state.short_minimum_bps),
            (kind, 0, WINDOW_S, 100)
        );
        let strike =
            ballast_risk::price::Price { mantissa: state.strike_mantissa, shift: state.strike_shift.into() };
        let value = strike.value(BASE).expect("it fits");
        assert!((110 * QUOTE as i64 - 1..=110 * QUOTE as i64).contains(&value), "{value}");
    }
}

#[test]
fn terms_stay_inside_the_code_limits() {
    type Change = fn(&mut OptionTerms, i64);
    let beyond: [(&str, BallastError, Change); 9] = [
        ("expired", BallastError::ParameterOutOfBounds, |t, now| t.expiry = now - 1),
        ("within the hour", BallastError::ParameterOutOfBounds, |t, now| t.expiry = now + 3_599),
        ("beyond two years", BallastError::ParameterOutOfBounds, |t, now| t.expiry = now + 731 * DAY),
        ("a window of a minute", BallastError::ParameterOutOfBounds, |t, _| t.window_s = 60),
        ("a window beyond its life", BallastError::ParameterOutOfBounds, |t, now| {
            (t.window_s, t.expiry) = (7_201, now + 7_200);
        }),
        ("a free short", BallastError::ParameterOutOfBounds, |t, _| t.short_minimum_bps = 49),
        ("a strike of nothing", BallastError::BadPrice, |t, _| t.strike = 0),
        ("a strike far below", BallastError::ParameterOutOfBounds, |t, _| t.strike = 155_000_000),
        ("a strike far above", BallastError::ParameterOutOfBounds, |t, _| t.strike = 641_000_000_000),
    ];
    let mut house = listed(false, 100.0);
    let now = house.vm.now();
    for (what, error, change) in beyond {
        let mut spec = MarketSpec::option("SOL", 0, false, 100.0, now + DAY);
        let mut terms = spec.args.option.expect("an option");
        change(&mut terms, now);
        spec.args = AddMarketArgs { option: Some(terms), ..spec.args };
        println!("{what}");
        refused(&mut house, error, |h| h.open_market(spec).map(|i| panic!("opened as {i}")));
    }
}

#[test]
fn a_trade_moves_the_premium_and_nobody_is_richer_for_it() {
    let (house, holder, writer) = traded(false, 100.0, 10_000);
    // At the money for a day, at 1 % an hour that calm has worn down: below 0.4·σ·√24 ≈ 1.95 % of 1,000.
    let premium = house.option_mark(MARKET, 10 * BASE);
    assert!((10 * QUOTE as i64..20 * QUOTE as i64).contains(&premium), "{premium}");
    let position = house.margin_account(&holder.account).position(MARKET);
    assert_eq!((position.base, position.entry), (10 * BASE, -premium));
    for who in [&holder, &writer] {
        let equity = house.health(who).maintenance.equity;
        assert!(equity.abs_diff(10_000 * QUOTE as i64) <= 200, "{equity}");
    }
    assert_eq!(house.market(MARKET).open_interest, 10 * COIN);
    assert_conserved(&house);
}

#[test]
fn the_writer_is_charged_and_the_holder_loses_no_more_than_the_premium() {
    let (house, holder, writer) = traded(false, 100.0, 10_000);
    let premium = house.option_mark(MARKET, 10 * BASE) as u64;
    let (held, owed) = (house.health(&holder).maintenance, house.health(&writer).maintenance);
    assert!(owed.maintenance > 2 * held.maintenance, "{owed:?} {held:?}");
    assert!(held.expected_shortfall <= premium + 1_000, "{held:?} of {premium}");
}

#[test]
fn a_premium_outside_the_band_is_refused() {
    let mut house = listed(false, 100.0);
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    let mark = house.option_mark(MARKET, BASE) as u64;
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(MARKET, &a, &b, BASE, mark * 3 / 4));
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(MARKET, &a, &b, BASE, mark * 4 / 3));
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(MARKET, &a, &b, BASE, 100 * QUOTE));
    house.fill(MARKET, &a, &b, BASE, mark * 11 / 10).expect("inside");
}

#[test]
fn a_writer_without_margin_is_refused() {
    let mut house = listed(false, 100.0);
    let (a, b) = (house.person_with_quote(10_000), house.person_with_quote(60));
    let mark = house.option_mark(MARKET, 10 * BASE) as u64;
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill(MARKET, &a, &b, 10 * BASE, mark));
}

/// Far out-of-the-money short options have no delta and no Expected Shortfall.
#[test]
fn attack_free_tails() {
    let (house, _, writer) = traded(false, 300.0, 10_000);
    let m = house.health(&writer).maintenance;
    // 1 % of 1,000 at the least, whatever the model says of them.
    assert!(m.maintenance >= 10 * QUOTE, "{m:?}");
    assert!(house.option_mark(MARKET, 10 * BASE) < 1_000);
}

/// What is held is pumped by spot and by volatility, and no quote of others leaves for it.
#[test]
fn attack_pumped_long_options_cannot_be_withdrawn() {
    let (mut house, holder, _) = traded(false, 100.0, 1_000);
    let premium = -house.margin_account(&holder.account).position(MARKET).entry;
    for price in [103.0, 106.0, 110.0, 115.0] {
        prices_after(&mut house, 60, &[price]);
    }
    let health = house.health(&holder);
    assert!(health.maintenance.equity > 1_100 * QUOTE as i64, "it is rich on paper");
    assert!(health.withdrawal.equity <= 1_000 * QUOTE as i64 - premium);
    refused(&mut house, BallastError::BelowInitialMargin, |h| {
        h.withdraw_quote(&holder, 1_000 * QUOTE - premium as u64)
    });
    refused(&mut house, BallastError::OptionNotExpired, |h| h.settle(MARKET, &holder));
}

#[test]
fn a_covered_call_costs_less_than_a_naked_one() {
    let (mut house, _, writer) = traded(false, 100.0, 10_000);
    let naked = house.health(&writer).maintenance.maintenance;
    house.fund_collateral(&writer, 0, 10 * COIN).expect("a deposit");
    let covered = house.health(&writer).maintenance.maintenance;
    assert!(covered < naked, "{covered} {naked}");
}

#[test]
fn the_window_takes_no_new_risk_and_expiry_no_trade() {
    let (mut house, holder, writer) = traded(false, 100.0, 10_000);
    let expiry = house.board().markets[usize::from(MARKET)].expiry;
    house.vm.advance(expiry - i64::from(WINDOW_S) - house.vm.now() + 1);
    house.post_all(&[100.0]);
    let mark = house.option_mark(MARKET, BASE) as u64;
    refused(&mut house, BallastError::OptionSettling, |h| h.fill(MARKET, &holder, &writer, BASE, mark));
    house.fill(MARKET, &holder, &writer, -BASE, mark).expect("both sides reduce");
    house.vm.advance(expiry - house.vm.now());
    house.post_all(&[100.0]);
    refused(&mut house, BallastError::OptionExpired, |h| h.fill(MARKET, &holder, &writer, -BASE, mark));
}

#[test]
fn an_option_settles_at_the_average_of_its_window() {
    let (mut house, holder, writer) = traded(false, 100.0, 10_000);
    // 110 for the first half of the window, 120 for the second.
    expire(&mut house, |left| if left > i64::from(WINDOW_S) / 2 { 110.0 } else { 120.0 });
    let state = house.board().markets[usize::from(MARKET)];
    assert_eq!(state.averaged_s, WINDOW_S);
    let average = state.settlement_price().expect("final").value(BASE).expect("it fits") as f64 / 1e6;
    assert!((average - 115.0).abs() < 0.4, "{average}");

    refused(&mut house, BallastError::OptionExpired, |h| h.fill(MARKET, &holder, &writer, -BASE, QUOTE));
    let said: OptionSettled = house.settle(MARKET, &writer).expect("the writer pays").event();
    assert_eq!(said.contracts, -10 * BASE);
    let payoff = -said.payoff as f64 / 1e6;
    assert!((payoff - 10.0 * (average - 100.0)).abs() < 1e-3, "{payoff}");
    assert_conserved(&house);
    house.settle(MARKET, &holder).expect("the holder is paid");
    assert_conserved(&house);
    let paid = quote_of(&house, &writer) + quote_of(&house, &holder);
    assert!((20_000 * QUOTE as i64 - 8..=20_000 * QUOTE as i64).contains(&paid), "{paid}");
    assert!(all_accounts(&house).iter().all(|a| a.held_positions().next().is_none()));
    assert_eq!(house.market(MARKET).open_interest, 0);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(MARKET, &holder));
}

#[test]
fn a_put_pays_what_the_average_falls_short_by_and_a_worthless_one_nothing() {
    let (mut house, holder, writer) = traded(true, 100.0, 10_000);
    expire(&mut house, |_| 97.0);
    house.settle(MARKET, &writer).expect("the writer pays");
    let said: OptionSettled = house.settle(MARKET, &holder).expect("the holder is paid").event();
    assert!(said.payoff.abs_diff(30 * QUOTE as i64) < 100, "{}", said.payoff);
    assert_conserved(&house);

    let (mut house, holder, writer) = traded(true, 100.0, 10_000);
    expire(&mut house, |_| 101.0);
    let said: OptionSettled = house.settle(MARKET, &holder).expect("it is cleared").event();
    assert_eq!(said.payoff, 0);
    house.settle(MARKET, &writer).expect("the premium is its to keep");
    assert!(quote_of(&house, &writer) > 10_000 * QUOTE as i64);
    assert_conserved(&house);
}

/// A winner is paid what losers have paid in, whatever its option is worth.
#[test]
fn a_payoff_waits_for_the_pool() {
    let (mut house, holder, writer) = traded(false, 100.0, 10_000);
    expire(&mut house, |_| 110.0);
    house.settle(MARKET, &holder).expect("it is cleared");
    let left = house.margin_account(&holder.account).position(MARKET);
    assert!(left.base == 0 && left.entry > 50 * QUOTE as i64);
    assert_eq!(quote_of(&house, &holder), 10_000 * QUOTE as i64);
    refused(&mut house, BallastError::NothingToSettle, |h| h.settle(MARKET, &holder));
    house.settle(MARKET, &writer).expect("the writer pays");
    house.settle(MARKET, &holder).expect("now it is paid");
    assert!(quote_of(&house, &holder) > 10_050 * QUOTE as i64);
    assert_conserved(&house);
}

#[test]
fn a_silent_oracle_does_not_lock_a_payoff_up() {
    let (mut house, holder, writer) = traded(false, 90.0, 10_000);
    let expiry = house.board().markets[usize::from(MARKET)].expiry;
    house.vm.advance(expiry - house.vm.now() + 3_599);
    refused(&mut house, BallastError::SettlementPriceUnknown, |h| h.settle(MARKET, &writer));
    refused(&mut house, BallastError::SettlementPriceUnknown, |h| h.fix_settlement_price(MARKET));
    house.vm.advance(1);
    refused(&mut house, BallastError::SettlementPriceUnknown, |h| h.fix_settlement_price(0));
    house.fix_settlement_price(MARKET).expect("an hour is enough");
    refused(&mut house, BallastError::SettlementPriceUnknown, |h| h.fix_settlement_price(MARKET));
    house.settle(MARKET, &writer).expect("the writer pays");
    let said: OptionSettled = house.settle(MARKET, &holder).expect("the holder is paid").event();
    assert!(said.payoff.abs_diff(100 * QUOTE as i64) < 1_000, "the price that stood: {}", said.payoff);

    // What was made final stays so, whatever comes later.
    let fixed = house.board().markets[usize::from(MARKET)].settlement_price();
    house.post_all(&[150.0]);
    house.vm.advance(60);
    house.post_all(&[150.0]);
    assert_eq!(house.board().markets[usize::from(MARKET)].settlement_price(), fixed);
    assert_conserved(&house);
}

#[test]
fn a_short_option_is_liquidated_at_its_mark() {
    let (mut house, _, writer) = traded(false, 100.0, 200);
    let keeper = house.person_with_quote(100_000);
    let mut price = 100.0;
    while house.plan(&writer.account, &keeper).is_none() {
        price *= 1.01;
        assert!(price < 140.0, "it falls short on the way");
        prices_after(&mut house, 30, &[price]);
    }
    let before = house.health(&writer).maintenance;
    let plan = house.plan(&writer.account, &keeper).expect("it is short");
    house.liquidate(&writer.account, &keeper, &plan).expect("a liquidation");
    let after = house.health(&writer).maintenance;
    assert!(after.shortfall() < before.shortfall(), "{before:?} {after:?}");
    assert!(house.margin_account(&keeper.account).position(MARKET).base < 0);
    assert!(after.equity <= before.equity && after.equity >= 0);
    assert_conserved(&house);
}

#[test]
fn attack_an_expired_option_is_not_taken_over() {
    let (mut house, _, writer) = traded(false, 100.0, 200);
    let keeper = house.person_with_quote(100_000);
    expire(&mut house, |_| 130.0);
    // The writer owes three hundred: it is settled, and no keeper gets what it owes at a model's price.
    let take = house.at.liquidate_position(writer.account, keeper.party(), MARKET, COIN);
    refused_ix(&mut house, BallastError::OptionExpired, take, &[&keeper.key]);
}

#[test]
fn a_linear_leg_beside_an_option_is_liquidated() {
    let (mut house, _, writer) = traded(false, 150.0, 150);
    let (keeper, other) = (house.person_with_quote(100_000), house.person_with_quote(100_000));
    house.fill_at_oracle(0, &writer, &other, 8 * BASE).expect("a long perpetual");
    let mut price = 100.0;
    while house.plan(&writer.account, &keeper).is_none() {
        price *= 0.99;
        prices_after(&mut house, 30, &[price]);
    }
    let before = house.health(&writer).maintenance;
    let step = house.at.liquidate_position(writer.account, keeper.party(), 0, 2 * COIN);
    house.vm.send(&[step], &[&keeper.key]).expect("the perpetual alone");
    assert!(house.health(&writer).maintenance.shortfall() < before.shortfall());
    assert_conserved(&house);
}

/// Asks for the whole limit of compute: both sides of a fill reprice all of their options.
fn whole_limit() -> Instruction {
    let budget = "ComputeBudget111111111111111111111111111111".parse().expect("an address");
    let units = (COMPUTE_LIMIT as u32).to_le_bytes();
    Instruction { program_id: budget, accounts: vec![], data: [&[2], &units[..]].concat() }
}

#[test]
fn an_account_holds_at_most_eight_options() {
    let mut house = listed(false, 100.0);
    let expiry = house.vm.now() + DAY;
    for i in 0..8 {
        let spec = MarketSpec::option("SOL", 0, i % 2 == 0, 90.0 + f64::from(i), expiry);
        house.open_market(spec).expect("governance lists");
    }
    let (a, b) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
    let fill = |house: &mut House, market: u8, base: i64| {
        let quote = house.option_mark(market, base.abs()).unsigned_abs();
        let fill = house.at.match_fill(market, a.party(), b.party(), MatchFillArgs { base, quote });
        house.vm.send(&[whole_limit(), fill], &[&a.key, &b.key])
    };
    // Held and owed in turn: the dearest book, tried at both ends of the band.
    let mut most = 0;
    for market in MARKET..MARKET + 8 {
        let side = if market % 2 == 0 { BASE } else { -BASE };
        most = fill(&mut house, market, side).expect("eight fit").compute_units;
    }
    refused(&mut house, BallastError::TooManyOptions, |h| fill(h, MARKET + 8, BASE));
    let check = house.at.health(a.account);
    let units = house.vm.send(&[check], &[]).expect("health").compute_units;
    println!("eight options: health {units}, fill {most}");
    assert!(units < 200_000 && most < COMPUTE_LIMIT * 6 / 10, "{units} {most}");
}

/// The dearest account there can be: eight options on eight assets beside eight perpetuals. A program that ran out of
/// memory on it could never close it.
#[test]
fn attack_a_book_too_large_for_the_heap_is_no_shield() {
    let names: Vec<String> = (0..8).map(|i| format!("C{i}")).collect();
    let coins: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 100.0)).collect();
    let mut house = House::with_coins(&coins);
    house.season(&[100.0; 8]);
    let expiry = house.vm.now() + DAY;
    for (asset, name) in names.iter().enumerate() {
        house
            .open_market(MarketSpec::option(name, asset as u8, false, 100.0, expiry))
            .expect("governance lists");
    }
    house.vm.advance(1);
    house.post_all(&[100.0; 8]);
    let (writer, desk) = (house.person_with_quote(10_000), house.person_with_quote(10_000_000));
    let fill = |house: &mut House, market: u8, base: i64, quote: u64| {
        let fill = house.at.match_fill(market, writer.party(), desk.party(), MatchFillArgs { base, quote });
        house.vm.send(&[whole_limit(), fill], &[&writer.key, &desk.key])
    };
    for market in 0..8 {
        fill(&mut house, market, -BASE, 100 * QUOTE).expect("a perpetual");
        let premium = house.option_mark(8 + market, BASE).unsigned_abs();
        fill(&mut house, 8 + market, -30 * BASE, 30 * premium).expect("a call is written");
    }
    let keeper = house.person_with_quote(10_000_000);
    let mut price = 100.0;
    let plan = loop {
        if let Some(plan) = house.plan(&writer.account, &keeper) {
            break plan;
        }
        price *= 1.01;
        assert!(price < 140.0, "it falls short on the way");
        prices_after(&mut house, 30, &[price; 8]);
    };
    let before = house.health(&writer).maintenance;
    let step = house.at.liquidate(writer.account, keeper.party(), &plan.legs);
    let units = house.vm.send(&[whole_limit(), step], &[&keeper.key]).expect("a liquidation").compute_units;
    println!("eight options on eight assets: liquidation {units}");
    assert!(house.health(&writer).maintenance.shortfall() < before.shortfall());
    assert_conserved(&house);
}
