//! Fills: who may book them, at which prices, and on which margin.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::Filled;
use ballast::instructions::MatchFillArgs;
use ballast::limits::MAX_POSITIONS;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, prices_after, quote_of, refused, refused_ix, sol, unsigned,
    with_account,
};

/// A house with one coin at 100 and a market on it as given.
fn house_with(market: MarketSpec) -> House {
    let mut house = House::empty(default_params());
    house.list_asset(AssetSpec::coin("SOL", 9)).expect("a coin is listed");
    house.open_market(market).expect("a market is opened");
    house.calibrate(made_up_history(0)).expect("a calibration is loaded");
    house.open().expect("governance opens");
    house.post_all(&[100.0]);
    house
}

fn pair(house: &mut House) -> (Person, Person) {
    (house.person_with_quote(10_000), house.person_with_quote(10_000))
}

fn base_of(house: &House, person: &Person) -> i64 {
    house.margin_account(&person.account).position(0).base
}

// ---- who -----------------------------------------------------------------------------------------

#[test]
fn a_fill_books_both_sides_to_the_unit() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    let said: Filled = house.fill(0, &a, &b, 3 * BASE, 300 * QUOTE).expect("a fill").event();
    assert_eq!((said.taker, said.maker, said.base), (a.account, b.account, 3 * BASE));
    assert_eq!((said.quote, said.fee), (300 * QUOTE, 0));
    let (x, y) = (house.margin_account(&a.account).position(0), house.margin_account(&b.account).position(0));
    assert_eq!((x.base, x.entry), (3 * BASE, -300 * QUOTE as i64));
    assert_eq!((y.base, y.entry), (-3 * BASE, 300 * QUOTE as i64));
    assert_eq!(house.market(0).open_interest, 3 * COIN);
    assert_eq!((quote_of(&house, &a), quote_of(&house, &b)), (10_000 * QUOTE as i64, 10_000 * QUOTE as i64));
    assert_conserved(&house);

    // The taker sells: it ends short, and the open interest follows.
    house.fill(0, &a, &b, -5 * BASE, 501 * QUOTE).expect("a fill");
    assert_eq!((base_of(&house, &a), base_of(&house, &b)), (-2 * BASE, 2 * BASE));
    assert_eq!(house.market(0).open_interest, 2 * COIN);
    assert_conserved(&house);
    house.fill(0, &a, &b, 2 * BASE, 200 * QUOTE).expect("flat again");
    assert_eq!(house.market(0).open_interest, 0);
    assert_conserved(&house);
}

#[test]
fn positions_pass_from_hand_to_hand_without_opening_anything() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    let c = house.person_with_quote(10_000);
    house.fill_at_oracle(0, &a, &b, 4 * BASE).expect("a buys of b");
    house.fill_at_oracle(0, &c, &a, 4 * BASE).expect("c buys of a");
    assert_eq!((base_of(&house, &a), base_of(&house, &c)), (0, 4 * BASE));
    assert_eq!(house.market(0).open_interest, 4 * COIN);
    assert_conserved(&house);
}

#[test]
fn delegates_sign_for_both_sides() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    let (desk, venue) = (Keypair::new(), Keypair::new());
    for (person, delegate) in [(&a, &desk), (&b, &venue)] {
        let name = set_delegate(person.pubkey(), person.account, delegate.pubkey());
        house.vm.send(&[name], &[&person.key]).expect("an owner names a delegate");
    }
    let args = MatchFillArgs { base: BASE, quote: 100 * QUOTE };
    let fill = house.at.match_fill(0, (a.account, desk.pubkey()), (b.account, venue.pubkey()), args);
    house.vm.send(&[fill], &[&desk, &venue]).expect("delegates trade");
    // One venue may sign for both, but a delegate of one is nobody to the other.
    let crossed = house.at.match_fill(0, (a.account, venue.pubkey()), (b.account, desk.pubkey()), args);
    refused_ix(&mut house, BallastError::NotAuthorised, crossed, &[&desk, &venue]);
}

#[test]
fn attack_a_stranger_signs_for_nobody() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    let thief = Keypair::new();
    let args = MatchFillArgs { base: BASE, quote: 101 * QUOTE };
    let steal = house.at.match_fill(0, (a.account, thief.pubkey()), b.party(), args);
    refused_ix(&mut house, BallastError::NotAuthorised, steal, &[&thief, &b.key]);
    let steal = house.at.match_fill(0, a.party(), (b.account, thief.pubkey()), args);
    refused_ix(&mut house, BallastError::NotAuthorised, steal, &[&thief, &a.key]);
    // "Nobody" is not a delegate either: an account without one has the default key there.
    let fill = house.at.match_fill(0, a.party(), b.party(), args);
    for (person, other) in [(&a, &b), (&b, &a)] {
        let forged = unsigned(fill.clone(), person.pubkey());
        refused_ix(&mut house, ErrorCode::AccountNotSigner, forged, &[&other.key]);
    }
    let nobody = house.at.match_fill(0, (a.account, Pubkey::default()), b.party(), args);
    refused_ix(&mut house, ErrorCode::AccountNotSigner, unsigned(nobody, Pubkey::default()), &[&b.key]);
}

#[test]
fn attack_an_account_does_not_trade_with_itself() {
    let mut house = sol();
    let (a, _) = pair(&mut house);
    refused(&mut house, BallastError::DuplicateAccount, |h| h.fill(0, &a, &a, BASE, 100 * QUOTE));
}

#[test]
fn two_accounts_of_one_owner_may_trade_and_gain_nothing() {
    let mut house = sol();
    let (a, _) = pair(&mut house);
    let second = house.at.margin_account(&a.pubkey(), 1);
    let open = house.at.open_margin_account(house.vm.payer.pubkey(), a.pubkey(), 1);
    house.vm.send(&[open], &[&a.key]).expect("a sub-account");
    let wallet = house.vm.create_wallet(&house.at.quote_mint.clone(), &a.pubkey(), 1_000 * QUOTE);
    let deposit = house.at.deposit(second, a.pubkey(), None, wallet, 1_000 * QUOTE);
    house.vm.send(&[deposit], &[&a.key]).expect("a deposit");
    let args = MatchFillArgs { base: BASE, quote: 101 * QUOTE };
    let fill = house.at.match_fill(0, (second, a.pubkey()), a.party(), args);
    house.vm.send(&[fill], &[&a.key]).expect("a fill");
    assert_conserved(&house);
}

// ---- at which price ------------------------------------------------------------------------------

#[test]
fn a_fill_of_nothing_is_refused() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    refused(&mut house, BallastError::ZeroAmount, |h| h.fill(0, &a, &b, 0, QUOTE));
    refused(&mut house, BallastError::ZeroAmount, |h| h.fill(0, &a, &b, BASE, 0));
    refused(&mut house, BallastError::ZeroAmount, |h| h.fill(0, &a, &b, 0, 0));
}

#[test]
fn a_fill_stays_within_one_per_cent_of_the_oracle() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    for base in [BASE, -BASE] {
        refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, base, 101 * QUOTE + 1));
        refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, base, 99 * QUOTE - 1));
        house.fill(0, &a, &b, base, 101 * QUOTE).expect("one per cent above");
        house.fill(0, &a, &b, base, 99 * QUOTE).expect("one per cent below");
    }
}

#[test]
fn attack_dust_is_not_traded_at_made_up_prices() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    // One native unit is worth 0.1 micro-units: it costs one, rounded up, and no more.
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, 1, 2));
    house.fill(0, &a, &b, 1, 1).expect("one micro-unit");
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, 99, 11));
    assert_conserved(&house);
}

#[test]
fn attack_extreme_amounts_are_refused() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    refused(&mut house, BallastError::Overflow, |h| h.fill(0, &a, &b, i64::MIN, 1));
    refused(&mut house, BallastError::Overflow, |h| h.fill(0, &a, &b, i64::MIN, u64::MAX));
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, i64::MAX, u64::MAX));
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, BASE, u64::MAX));
    refused(&mut house, BallastError::OutsidePriceBand, |h| h.fill(0, &a, &b, -i64::MAX, 1));
    // At the oracle's own price it is merely more than any market may have open,
    let fair = house.value(0, i64::MAX as u64);
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| h.fill(0, &a, &b, i64::MAX, fair));
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| h.fill(0, &a, &b, -i64::MAX, fair));
    // or any book may hold.
    let (most, fair) = (1i64 << 58, house.value(0, 1 << 58));
    refused(&mut house, BallastError::BookTooLarge, |h| h.fill(0, &a, &b, most, fair));
    refused(&mut house, BallastError::BookTooLarge, |h| h.fill(0, &a, &b, -most, fair));
}

// ---- on which margin -----------------------------------------------------------------------------

#[test]
fn both_sides_need_initial_margin() {
    let mut house = sol();
    let (rich, poor) = (house.person_with_quote(10_000), house.person_with_quote(5));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &poor, &rich, BASE));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &rich, &poor, BASE));
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill_at_oracle(0, &poor, &rich, -BASE));
    let broke = house.person();
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.fill(0, &broke, &rich, 1, 1));
}

#[test]
fn a_position_grows_up_to_initial_margin_and_no_further() {
    let mut house = sol();
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &a, &b, 100 * BASE).expect("ten times leverage");
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &a, &b, 20 * BASE));
}

/// Long 100 coins on 1,000 quote; then the price has fallen below IM.
fn below_initial(market: MarketSpec, price: f64) -> (House, Person, Person) {
    let mut house = house_with(market);
    let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &a, &b, 100 * BASE).expect("ten times leverage");
    prices_after(&mut house, 30, &[price]);
    assert!(!house.health(&a).initial.meets_initial());
    (house, a, b)
}

#[test]
fn an_account_below_initial_margin_may_strictly_reduce() {
    let (mut house, a, b) = below_initial(MarketSpec::perpetual("SOL", 0), 96.0);
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &a, &b, 1, 1));
    house.fill_at_oracle(0, &a, &b, -20 * BASE).expect("less risk at a fair price");
    // As a maker, too.
    house.fill_at_oracle(0, &b, &a, 20 * BASE).expect("less risk at a fair price");
    assert_eq!(base_of(&house, &a), 60 * BASE);
    assert_conserved(&house);
}

#[test]
fn attack_a_reduction_does_not_flip_the_side() {
    let (mut house, a, b) = below_initial(MarketSpec::perpetual("SOL", 0), 92.0);
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &a, &b, -199 * BASE));
    refused(&mut house, BallastError::NotReducing, |h| h.fill_at_oracle(0, &a, &b, -201 * BASE));
}

/// A market whose band reaches beyond the penalty of a liquidation.
fn wide_band() -> MarketSpec {
    let market = MarketSpec::perpetual("SOL", 0);
    MarketSpec { args: ballast::instructions::AddMarketArgs { band_bps: 300, ..market.args }, ..market }
}

/// B is long $10M with $10k of equity and "reduces its risk" by selling to A at −2 %:
/// A would gain $200k, of which the insurance fund would pay $190k.
#[test]
fn attack_a_loss_is_not_given_away_as_a_gift() {
    let mut house = house_with(wide_band());
    let (friend, b) = (house.person_with_quote(10_000_000), house.person_with_quote(1_010_000));
    house.fill_at_oracle(0, &b, &friend, 100_000 * BASE).expect("B is long $10M");
    prices_after(&mut house, 30, &[90.0]);
    let equity = house.health(&b).maintenance.equity;
    assert!((9_999 * QUOTE as i64..=10_001 * QUOTE as i64).contains(&equity), "B has $10k left");

    let all = 100_000 * BASE;
    let fair = house.value(0, all.unsigned_abs());
    // At −2 %; at the penalty of a liquidation, which would leave nothing; for a part of it.
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &b, &friend, -all, fair / 100 * 98));
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &b, &friend, -all, fair / 100 * 99));
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &b, &friend, -all / 2, fair / 200 * 98));
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &friend, &b, all, fair / 100 * 98));
    // At a fair price it may go, and owes nobody anything.
    house.fill(0, &b, &friend, -all, fair).expect("closed at the oracle's price");
    assert!(house.health(&b).maintenance.equity >= 0);
    assert_conserved(&house);
}

/// The same with equity to give away: margin is freed, equity stays positive, and only the price is wrong.
#[test]
fn attack_equity_is_not_given_away_while_risk_falls() {
    let mut house = house_with(wide_band());
    let (friend, b) = (house.person_with_quote(10_000_000), house.person_with_quote(1_400_000));
    house.fill_at_oracle(0, &b, &friend, 100_000 * BASE).expect("B is long $10M");
    prices_after(&mut house, 30, &[90.0]);
    let initial = house.health(&b).initial;
    assert!(!initial.meets_initial() && initial.equity > 300_000 * QUOTE as i64, "{initial:?}");

    let half = 50_000 * BASE;
    let fair = house.value(0, half.unsigned_abs());
    refused(&mut house, BallastError::NotReducing, |h| h.fill(0, &b, &friend, -half, fair / 100 * 98));
    house.fill(0, &b, &friend, -half, fair / 1_000 * 995).expect("at half a per cent it may go");
}

#[test]
fn unsettled_profit_supports_initial_margin_up_to_the_markets_cap() {
    for (cap, admitted) in [(i64::MAX as u64, true), (100 * QUOTE, false)] {
        let market = MarketSpec::perpetual("SOL", 0);
        let capped = MarketSpec {
            args: ballast::instructions::AddMarketArgs { profit_cap: cap, ..market.args },
            ..market
        };
        let mut house = house_with(capped);
        let (a, b) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
        house.fill_at_oracle(0, &a, &b, 50 * BASE).expect("a fill");
        // Up by a half, over a day: 2,500 of profit, nothing settled.
        for hour in 1..=24 {
            prices_after(&mut house, 3_600, &[100.0 * 1.017_f64.powi(hour)]);
        }
        let more = house.fill_at_oracle(0, &a, &b, 30 * BASE);
        assert_eq!(more.is_ok(), admitted, "with a cap of {cap}");
        if let Err(refusal) = more {
            assert!(refusal.is(BallastError::NotReducing), "{refusal}");
        }
    }
}

#[test]
fn nothing_is_booked_at_a_stale_price() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    house.vm.advance(61);
    refused(&mut house, BallastError::StalePrice, |h| h.fill_at_oracle(0, &a, &b, BASE));
}

// ---- of what -------------------------------------------------------------------------------------

#[test]
fn open_interest_stays_at_or_below_its_cap() {
    let market = MarketSpec::perpetual("SOL", 0);
    let args = ballast::instructions::AddMarketArgs { open_interest_cap: 10 * COIN, ..market.args };
    let mut house = house_with(MarketSpec { args, ..market });
    let (a, b) = pair(&mut house);
    let c = house.person_with_quote(10_000);
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| {
        h.fill_at_oracle(0, &a, &b, 10 * BASE + 1)
    });
    house.fill_at_oracle(0, &a, &b, 10 * BASE).expect("at the cap");
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| h.fill_at_oracle(0, &c, &b, BASE / 1_000));
    refused(&mut house, BallastError::OpenInterestCapExceeded, |h| {
        h.fill_at_oracle(0, &c, &a, -BASE / 1_000)
    });
    house.fill_at_oracle(0, &c, &a, 5 * BASE).expect("handing on opens nothing");
    house.fill_at_oracle(0, &a, &b, -5 * BASE).expect("closing makes room");
    assert_eq!(house.market(0).open_interest, 5 * COIN);
    assert_conserved(&house);
}

#[test]
fn the_taker_pays_the_fee_rounded_up() {
    let market = MarketSpec::perpetual("SOL", 0);
    let args = ballast::instructions::AddMarketArgs { fee_bps: 5, ..market.args };
    let mut house = house_with(MarketSpec { args, ..market });
    let (a, b) = pair(&mut house);
    let said: Filled = house.fill(0, &a, &b, BASE, 100 * QUOTE + 1).expect("a fill").event();
    assert_eq!(said.fee, 50_001, "5 basis points of 100.000001, rounded up");
    assert_eq!(quote_of(&house, &a), 10_000 * QUOTE as i64 - 50_001);
    assert_eq!(quote_of(&house, &b), 10_000 * QUOTE as i64);
    assert_eq!(house.market(0).fees, 50_001);
    assert_conserved(&house);
}

#[test]
fn an_account_has_sixteen_positions() {
    let mut house = sol();
    for _ in 0..MAX_POSITIONS {
        house.open_market(MarketSpec::perpetual("SOL", 0)).expect("more markets on one asset");
    }
    let (a, b) = pair(&mut house);
    for market in 0..MAX_POSITIONS as u8 {
        house.fill_at_oracle(market, &a, &b, BASE / 10).expect("a slot is free");
    }
    let last = MAX_POSITIONS as u8;
    refused(&mut house, BallastError::NoPositionSlot, |h| h.fill_at_oracle(last, &a, &b, BASE / 10));
    // One that is closed without a remainder frees its slot.
    house.fill_at_oracle(3, &a, &b, -BASE / 10).expect("closed");
    house.fill_at_oracle(last, &a, &b, BASE / 10).expect("a slot is free again");
    assert_conserved(&house);
}

#[test]
fn attack_what_is_genuine_in_another_clearinghouse_is_foreign_here() {
    let mut house = sol();
    let mut rival = Rival::of(&mut house);
    let (a, b) = pair(&mut house);
    let there = rival.visit(&mut house, |house| house.person_with_quote(10_000));
    let (own, other) = (house.at, rival.at);
    let args = MatchFillArgs { base: BASE, quote: 100 * QUOTE };
    let fill = own.match_fill(0, a.party(), b.party(), args);
    for (from, to) in [(own.market(0), other.market(0)), (own.board, other.board)] {
        let mixed = with_account(fill.clone(), from, to);
        refused_ix(&mut house, BallastError::WrongClearinghouse, mixed, &[&a.key, &b.key]);
    }
    let all_but_accounts = with_account(fill, own.market(0), other.market(0));
    let all_but_accounts = with_account(all_but_accounts, own.board, other.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, all_but_accounts, &[&a.key, &b.key]);
    let foreign_taker = own.match_fill(0, there.party(), b.party(), args);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_taker, &[&there.key, &b.key]);
    let foreign_maker = own.match_fill(0, a.party(), there.party(), args);
    refused_ix(&mut house, BallastError::WrongClearinghouse, foreign_maker, &[&a.key, &there.key]);
}

#[test]
fn attack_counterfeit_accounts_are_refused() {
    let mut house = sol();
    let (a, b) = pair(&mut house);
    let fill = house.at.match_fill(0, a.party(), b.party(), MatchFillArgs { base: BASE, quote: 100 * QUOTE });
    for genuine in [house.at.board, house.at.market(0), a.account, b.account] {
        let (forged, bytes) = (Pubkey::new_unique(), house.vm.data(&genuine));
        house.vm.put(forged, Pubkey::new_unique(), bytes);
        let mixed = with_account(fill.clone(), genuine, forged);
        refused_ix(&mut house, ErrorCode::AccountOwnedByWrongProgram, mixed, &[&a.key, &b.key]);
        let other_kind = with_account(fill.clone(), genuine, house.at.treasury);
        refused_ix(&mut house, ErrorCode::AccountDiscriminatorMismatch, other_kind, &[&a.key, &b.key]);
    }
}
