//! Trades with a backstop: at the first price after the request, for fee and skew, and free for nobody to choose.

use ballast::error::BallastError;
use ballast::event::{Filled, TradeDeclined, TradeRequestClosed, TradeRequested};
use ballast::instructions::{Decline, RequestTradeArgs};
use ballast::limits::BackstopParams;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::{QUOTE, default_backstop};
use ballast_sandbox::{House, Keypair, Person, Signer};

use crate::common::{
    BASE, COIN, assert_conserved, prices_after, quote_of, refused, refused_ix, sol, stranger, with_account,
};

/// A house with a backstop of 100,000 for its one market, and a trader with as much.
fn backed_with(params: BackstopParams) -> (House, Person) {
    let mut house = sol();
    house.create_backstop(0, params).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let trader = house.person_with_quote(100_000);
    (house, trader)
}

fn backed() -> (House, Person) {
    backed_with(default_backstop())
}

fn base_of(house: &House, person: &Person) -> i64 {
    house.margin_account(&person.account).position(0).base
}

fn args(base: i64, limit_quote: u64) -> RequestTradeArgs {
    RequestTradeArgs { id: 1, base, limit_quote, expires_in_s: 60 }
}

#[test]
fn a_trade_is_booked_at_the_first_price_after_its_request() {
    let (mut house, trader) = backed();
    let said: TradeRequested = house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request").event();
    assert_eq!((said.base, said.commitment), (100 * BASE, 10 * QUOTE));
    assert_eq!(quote_of(&house, &trader), 99_990 * QUOTE as i64, "one fee is committed");
    assert_conserved(&house);
    house.vm.advance(10);
    house.post_all(&[102.0]);
    let receipt = house.execute(&trader, 1).expect("its price is on the board");
    let fill: Filled = receipt.event();
    // 100 coins at 102, 0.1 % fee, and skew of 0.5 %·(100/1,000)/2 = 0.025 %.
    let value = 10_200 * QUOTE;
    let expected = value + value / 1_000 + value / 4_000;
    assert!(fill.quote.abs_diff(expected) <= 3, "{} {expected}", fill.quote);
    assert_eq!((fill.taker, fill.maker), (trader.account, house.at.slice(0)));
    assert_eq!((base_of(&house, &trader), house.slice(0).position(0).base), (100 * BASE, -100 * BASE));
    assert_eq!(quote_of(&house, &trader), 100_000 * QUOTE as i64, "the commitment is given back");
    assert_eq!((house.vault(0).committed, house.market(0).open_interest), (0, 100 * COIN));
    assert!(house.vm.data(&house.at.trade_request(&trader.account, 1)).is_empty(), "its rent is back");
    assert_conserved(&house);
}

#[test]
fn the_rent_goes_back_to_who_paid_it_and_anybody_executes() {
    let (mut house, trader) = backed();
    let payer = house.vm.payer.pubkey();
    house.ask_trade(0, &trader, 1, BASE).expect("a request");
    house.vm.advance(10);
    house.post_all(&[100.0]);
    let (thief, _) = stranger(&mut house, 0);
    let execute = house.at.execute_trade(&house.request(&trader, 1));
    let diverted = with_account(execute, payer, thief.pubkey());
    // The payer of the transaction is the payer of the rent in the sandbox: only the last one is the account's.
    assert!(house.vm.send(&[diverted], &[]).is_err());
    house.execute(&trader, 1).expect("a stranger executes");
}

#[test]
fn a_delegate_asks_and_a_stranger_does_not() {
    let (mut house, trader) = backed();
    let desk = Keypair::new();
    let ask = house.at.request_trade(
        house.vm.payer.pubkey(),
        0,
        (trader.account, desk.pubkey()),
        args(BASE, u64::MAX),
    );
    refused_ix(&mut house, BallastError::NotAuthorised, ask.clone(), &[&desk]);
    let name = set_delegate(trader.pubkey(), trader.account, desk.pubkey());
    house.vm.send(&[name], &[&trader.key]).expect("an owner names a delegate");
    house.vm.send(&[ask], &[&desk]).expect("a delegate asks");
}

// ---- when ----------------------------------------------------------------------------------------

#[test]
fn attack_lookback_is_worth_nothing() {
    let (mut house, trader) = backed();
    // The price on the board is old, and the trader knows that the next one is higher: it does not get the old one.
    house.vm.advance(30);
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    refused(&mut house, BallastError::RequestNotDue, |h| h.execute(&trader, 1));
    // Nor one published before the request, or so shortly after that it could have been known.
    for seconds in [-3, 2, 5] {
        let feed_id = house.assets[0].spec.args.feed_id;
        let at = house.request(&trader, 1).after - 5 + seconds;
        house.vm.set_time(at.max(house.vm.now()));
        let update = ballast_sandbox::oracle::Update::dollars(feed_id, 101.0, 5, at);
        house.post_update(0, &update);
        house.refresh(0).expect("a newer price");
        refused(&mut house, BallastError::RequestNotDue, |h| h.execute(&trader, 1));
    }
    house.vm.advance(1);
    house.post_all(&[103.0]);
    let fill: Filled = house.execute(&trader, 1).expect("the first after it").event();
    assert!(fill.quote > 10_300 * QUOTE, "at the new price and its fee: {}", fill.quote);
    assert_conserved(&house);
}

#[test]
fn attack_the_executor_does_not_choose_among_prices() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    prices_after(&mut house, 10, &[103.0]);
    // It lets the first pass and waits for a better one: there is none.
    prices_after(&mut house, 1, &[99.0]);
    refused(&mut house, BallastError::RequestNotDue, |h| h.execute(&trader, 1));
    // And what it committed stays with the backstop.
    let (keeper, _) = (house.person(), ());
    let said: TradeRequestClosed = house.close_trade(&keeper, &trader, 1).expect("anybody clears").event();
    assert_eq!(said.kept, 10 * QUOTE);
    assert_eq!(quote_of(&house, &trader), 99_990 * QUOTE as i64);
    assert_eq!((house.vault(0).committed, house.slice(0).quote), (0, 100_010 * QUOTE as i64));
    assert_conserved(&house);
}

#[test]
fn attack_a_price_is_not_traded_on_once_the_next_may_be_known() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    prices_after(&mut house, 10, &[100.0]);
    house.vm.advance(11);
    refused(&mut house, BallastError::RequestNotDue, |h| h.execute(&trader, 1));
    let said: TradeRequestClosed = house.close_trade(&trader, &trader, 1).expect("it missed").event();
    assert_eq!(said.kept, 10 * QUOTE);
}

#[test]
fn attack_nobody_takes_back_a_request_whose_price_is_there() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    let keeper = house.person();
    refused(&mut house, BallastError::NotAuthorised, |h| h.close_trade(&keeper, &trader, 1));
    prices_after(&mut house, 10, &[97.0]);
    refused(&mut house, BallastError::RequestDue, |h| h.close_trade(&trader, &trader, 1));
    house.execute(&trader, 1).expect("it is filled");
    assert_conserved(&house);
}

#[test]
fn attack_cancelling_before_the_price_is_not_free() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    house.vm.advance(6);
    let said: TradeRequestClosed = house.close_trade(&trader, &trader, 1).expect("its owner's").event();
    assert_eq!((said.kept, quote_of(&house, &trader)), (10 * QUOTE, 99_990 * QUOTE as i64));
    assert_conserved(&house);
}

#[test]
fn a_request_without_a_price_gets_its_commitment_back() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request");
    house.ask_trade(0, &trader, 2, 100 * BASE).expect("a request");
    house.vm.advance(66);
    let keeper = house.person();
    let said: TradeRequestClosed = house.close_trade(&keeper, &trader, 1).expect("it expired").event();
    assert_eq!(said.kept, 0);
    // The first price comes too late for the other.
    house.post_all(&[100.0]);
    refused(&mut house, BallastError::RequestNotDue, |h| h.execute(&trader, 2));
    house.close_trade(&keeper, &trader, 2).expect("it was not served");
    assert_eq!(quote_of(&house, &trader), 100_000 * QUOTE as i64);
    assert_conserved(&house);
}

#[test]
fn a_request_lives_for_a_bounded_time() {
    let (mut house, trader) = backed();
    for expires_in_s in [0, 9, 601] {
        refused(&mut house, BallastError::ParameterOutOfBounds, |h| {
            h.ask_trade_at(0, &trader, RequestTradeArgs { expires_in_s, ..args(BASE, u64::MAX) })
        });
    }
}

// ---- at which price ------------------------------------------------------------------------------

#[test]
fn splitting_a_trade_does_not_help() {
    let (mut house, trader) = backed();
    let twin = house.person_with_quote(100_000);
    let whole: Filled = house.trade_at(0, &trader, 1, 300 * BASE, 100.0).expect("a trade").event();
    house.trade_at(0, &trader, 2, -300 * BASE, 100.0).expect("flat again");
    let mut split = 0;
    for id in 0..6 {
        let part: Filled = house.trade_at(0, &twin, id, 50 * BASE, 100.0).expect("a trade").event();
        split += part.quote;
    }
    assert!(split >= whole.quote && split <= whole.quote + 20, "{split} {}", whole.quote);
    assert_conserved(&house);
}

#[test]
fn who_takes_inventory_off_the_backstop_is_paid_for_it() {
    let (mut house, trader) = backed();
    let other = house.person_with_quote(100_000);
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    let fill: Filled = house.trade_at(0, &other, 1, -100 * BASE, 100.0).expect("a trade").event();
    assert!(fill.quote > 10_000 * QUOTE, "above the oracle: {}", fill.quote);
    assert_conserved(&house);
}

#[test]
fn a_price_beyond_the_limit_ends_the_request_and_costs_nothing() {
    let (mut house, trader) = backed();
    for (id, base, limit_quote) in [(1, 100 * BASE, 10_000 * QUOTE), (2, -100 * BASE, 10_000 * QUOTE)] {
        house
            .ask_trade_at(0, &trader, RequestTradeArgs { id, base, limit_quote, expires_in_s: 60 })
            .expect("a request");
    }
    prices_after(&mut house, 10, &[100.0]);
    for id in [1, 2] {
        let said: TradeDeclined = house.execute(&trader, id).expect("it is declined").event();
        assert_eq!(said.reason, Decline::Limit);
    }
    assert_eq!((base_of(&house, &trader), quote_of(&house, &trader)), (0, 100_000 * QUOTE as i64));
    assert_conserved(&house);
}

#[test]
fn attack_dust_is_not_traded_below_its_fee() {
    let (mut house, trader) = backed();
    let fill: Filled = house.trade_at(0, &trader, 1, 1, 100.0).expect("a native unit").event();
    // Worth a tenth of a micro-unit: one for the value, one for the fee, one for the skew.
    assert_eq!(fill.quote, 3);
    assert_conserved(&house);
}

// ---- how much ------------------------------------------------------------------------------------

#[test]
fn the_backstop_takes_no_more_than_its_caps() {
    let (mut house, trader) = backed();
    refused(&mut house, BallastError::BackstopFull, |h| h.ask_trade(0, &trader, 1, 500 * BASE + 1));
    house.fund_quote(&trader, 900_000 * QUOTE).expect("a deposit");
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    house.trade_at(0, &trader, 2, 500 * BASE, 100.0).expect("full");
    let said: TradeDeclined = house.trade_at(0, &trader, 3, BASE, 100.0).expect("declined").event();
    assert_eq!(said.reason, Decline::Full);
    house.trade_at(0, &trader, 4, -BASE, 100.0).expect("the other way is open");
    assert_eq!(base_of(&house, &trader), 999 * BASE);
    assert_conserved(&house);
}

#[test]
fn the_slice_ends_above_its_initial_margin_or_does_not_trade() {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 1_000);
    let trader = house.person_with_quote(100_000);
    let before = *house.slice(0);
    let said: TradeDeclined = house.trade_at(0, &trader, 1, 400 * BASE, 100.0).expect("declined").event();
    assert_eq!(said.reason, Decline::Full);
    assert_eq!(*house.slice(0), before, "nothing of it is left");
    assert_eq!((house.market(0).open_interest, quote_of(&house, &trader)), (0, 100_000 * QUOTE as i64));
    assert_conserved(&house);
}

#[test]
fn the_trader_ends_above_its_initial_margin_or_does_not_trade() {
    let (mut house, _) = backed();
    let poor = house.person_with_quote(500);
    house.ask_trade(0, &poor, 1, 100 * BASE).expect("a request");
    prices_after(&mut house, 10, &[100.0]);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.execute(&poor, 1));
}

#[test]
fn losses_beyond_the_limit_stop_new_risk_and_not_the_way_back() {
    let (mut house, trader) = backed_with(BackstopParams { loss_limit: 2_000 * QUOTE, ..default_backstop() });
    house.trade_at(0, &trader, 1, 300 * BASE, 100.0).expect("a trade");
    // The slice is short 300 coins: 8 dollars up are 2,400.
    let said: TradeDeclined = house.trade_at(0, &trader, 2, BASE, 108.0).expect("declined").event();
    assert_eq!(said.reason, Decline::Halted);
    house.trade_at(0, &trader, 3, -100 * BASE, 108.0).expect("reductions go on");
    // A day later it goes on as well.
    house.vm.advance(86_400);
    house.post_all(&[108.0]);
    house.trade_at(0, &trader, 4, BASE, 108.0).expect("a new window");
    assert_conserved(&house);
}

#[test]
fn attack_lps_are_not_paid_out_of_commitments() {
    let (mut house, trader) = backed();
    house.ask_trade(0, &trader, 1, 500 * BASE).expect("a request");
    assert_eq!(house.slice(0).quote, 100_050 * QUOTE as i64);
    let late = house.person();
    house.open_share(0, &late).expect("an account of shares");
    house.back(0, &late, 1_000 * QUOTE).expect("a deposit");
    assert_eq!(house.share(0, &late).shares, 1_000 * QUOTE, "a share costs what it did");
    assert_conserved(&house);
}

/// A profit that nobody has paid in yet is worth something to the shares, and cannot be paid out of what traders left
/// there for their requests.
#[test]
fn attack_lps_do_not_leave_with_what_traders_committed() {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    let lp = house.provider(0, 10_000);
    let trader = house.person_with_quote(100_000);
    house.trade_at(0, &trader, 1, 10 * BASE, 100.0).expect("the slice is short ten coins");
    prices_after(&mut house, 86_400, &[90.0]);
    prices_after(&mut house, 86_400, &[90.0]);
    let all = house.share(0, &lp).shares;
    house.ask_out(0, &lp, all).expect("a request");
    prices_after(&mut house, 86_400, &[90.0]);
    for id in 2..14 {
        house.ask_trade(0, &trader, id, 500 * BASE).expect("a request");
    }
    let committed = house.vault(0).committed;
    assert!(committed >= 540 * QUOTE, "{committed}");
    refused(&mut house, BallastError::InsufficientBalance, |h| h.walk_out(0, &lp));
    assert_conserved(&house);
}

#[test]
fn a_trade_of_an_account_with_eight_positions_stays_within_its_budget() {
    let prices = [100.0; 8];
    let coins = ["SOL", "BTC", "ETH", "AAA", "BBB", "CCC", "DDD", "EEE"].map(|name| (name, 100.0));
    let mut house = House::with_coins(&coins);
    house.season(&prices);
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let (trader, desk) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
    for market in 0..8 {
        let base = if market % 2 == 0 { 10 * BASE } else { -10 * BASE };
        house.fill_at_oracle(market, &trader, &desk, base).expect("a fill");
    }
    let asked = house.ask_trade(0, &trader, 1, 100 * BASE).expect("a request").compute_units;
    prices_after(&mut house, 10, &prices);
    let executed = house.execute(&trader, 1).expect("a trade").compute_units;
    println!("request_trade {asked}, execute_trade {executed}");
    assert!(asked < 60_000 && executed < 60_000, "{asked} {executed}");
}
