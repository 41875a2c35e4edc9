//! The whole waterfall: insurance, the market's own slice, the other side; in that order, each in its ring, and after
//! keepers had their time. And the books in step with it.

use ballast::error::BallastError;
use ballast::event::{BankruptcyResolved, TradeDeclined};
use ballast::instructions::Decline;
use ballast::limits::{BackstopParams, PhaseParams, PriceParams};
use ballast_sandbox::house::{HouseParams, QUOTE, default_backstop, default_phases, default_prices};
use ballast_sandbox::{House, Person};

use crate::common::{
    BASE, assert_conserved, nobody_comes, prices_after, quote_of, refused, refused_ix, sol, sol_and_eth,
    sol_with_fees, with_account, with_fees,
};

/// A house with one coin whose market takes 1 % and has a backstop of so many quote tokens.
fn with_purses(slice: u64) -> House {
    let mut house = sol_with_fees();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, slice);
    house
}

/// One short of ten coins with 300 of quote, less its fee of ten, against a long with 1,000; at 150 it lacks 210. The fee
/// is the fund.
fn short_of_210(house: &mut House) -> (Person, Person) {
    let (loser, winner) = (house.person_with_quote(300), house.person_with_quote(1_000));
    house.fill(0, &loser, &winner, -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.sweep_fees(0).expect("a fee was taken");
    prices_after(house, 30, &[150.0]);
    (loser, winner)
}

#[test]
fn insurance_then_the_slice_then_the_other_side_to_the_unit() {
    let mut house = with_purses(100);
    let (loser, winner) = short_of_210(&mut house);
    nobody_comes(&mut house, &loser, &[150.0]);
    let before = house.health(&winner).maintenance.equity;
    let receipt = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt");
    println!("resolve_bankruptcy with insurance, slice and deleveraging: {} units", receipt.compute_units);
    let said: BankruptcyResolved = receipt.event();
    assert_eq!((said.insurance, said.slice, said.left), (10 * QUOTE, 100 * QUOTE, 0));
    assert!((100 * QUOTE..=100 * QUOTE + 2).contains(&said.socialised), "{}", said.socialised);
    assert_eq!((house.treasury().insurance, house.slice(0).quote), (0, 0), "both to the last unit");
    let lost = before - house.health(&winner).maintenance.equity;
    assert!((lost - said.socialised as i64).abs() <= 3, "the winner lost {lost}");
    assert_eq!(house.health(&loser).maintenance.equity, 0);
    assert_conserved(&house);
    house.attest_solvency().expect("the books are in step");
}

#[test]
fn a_slice_that_can_pay_spares_the_winners() {
    let mut house = with_purses(5_000);
    let (loser, winner) = short_of_210(&mut house);
    nobody_comes(&mut house, &loser, &[150.0]);
    let before = house.health(&winner).maintenance.equity;
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!((said.insurance, said.socialised, said.left), (10 * QUOTE, 0, 0));
    assert!((200 * QUOTE..=200 * QUOTE + 2).contains(&said.slice), "{}", said.slice);
    assert_eq!(house.slice(0).quote, (5_000 * QUOTE - said.slice) as i64);
    let lost = before - house.health(&winner).maintenance.equity;
    assert!((-1..=3).contains(&lost), "the winner lost {lost}");
    assert_conserved(&house);
}

/// What a slice holds is margin of what it trades: of that it gives nothing away.
#[test]
fn a_slice_keeps_its_own_margin() {
    let mut house = with_purses(400);
    let trader = house.person_with_quote(10_000);
    house.trade_at(0, &trader, 1, -8 * BASE, 100.0).expect("the slice buys");
    let (loser, _) = short_of_210(&mut house);
    nobody_comes(&mut house, &loser, &[150.0]);
    let before = house.slice(0).quote;
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!(house.slice(0).quote, before - said.slice as i64);
    assert!(said.slice < 200 * QUOTE && said.socialised > 0, "{} {}", said.slice, said.socialised);
    assert_conserved(&house);
}

#[test]
fn what_traders_committed_pays_for_nobody() {
    let mut house = with_purses(100);
    let trader = house.person_with_quote(10_000);
    house.ask_trade(0, &trader, 1, 500 * BASE).expect("a request");
    assert_eq!(house.vault(0).committed, 50 * QUOTE, "a fee of a thousandth of 50,000");
    let (loser, _) = short_of_210(&mut house);
    nobody_comes(&mut house, &loser, &[150.0]);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert_eq!((said.slice, house.slice(0).quote), (100 * QUOTE, 50 * QUOTE as i64));
    assert_conserved(&house);
}

/// What it had won until then it had: who loses that loses.
#[test]
fn what_a_slice_pays_counts_as_its_loss() {
    let mut house = sol_with_fees();
    let params = BackstopParams { loss_limit: 150 * QUOTE, ..default_backstop() };
    house.create_backstop(0, params).expect("governance creates a backstop");
    house.provider(0, 5_000);
    let trader = house.person_with_quote(10_000);
    house.trade_at(0, &trader, 1, -8 * BASE, 100.0).expect("the slice buys");
    // Its eight coins win 400, and it pays 210 less the fees of 18 that the fund has.
    let (loser, _) = short_of_210(&mut house);
    nobody_comes(&mut house, &loser, &[150.0]);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert!(said.slice > 150 * QUOTE, "{}", said.slice);
    house.update_funding(0).expect("anybody looks at it");
    assert!(house.vault(0).is_halted(house.vm.now()), "it lost more than its limit");
    assert_conserved(&house);
}

#[test]
fn attack_the_slice_is_left_out_or_another_one_is_asked() {
    let mut house = sol_and_eth();
    for market in [0, 1] {
        house.create_backstop(market, default_backstop()).expect("governance creates a backstop");
        house.provider(market, 1_000);
    }
    let (loser, winner) = (house.person_with_quote(300), house.person_with_quote(1_000));
    house.fill(0, &loser, &winner, -10 * BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[150.0, 1_000.0]);
    nobody_comes(&mut house, &loser, &[150.0, 1_000.0]);
    let at = house.at;
    let whole = at.resolve_with_backstop(loser.account, 0);
    refused_ix(&mut house, BallastError::SliceOmitted, at.resolve_bankruptcy(loser.account, Some(0)), &[]);
    let without = with_account(whole.clone(), at.slice(0), ballast::ID);
    refused_ix(&mut house, BallastError::SliceOmitted, without, &[]);
    let vault = with_account(whole.clone(), at.backstop(0), at.backstop(1));
    refused_ix(&mut house, BallastError::WrongBackstop, vault.clone(), &[]);
    let both = with_account(vault, at.slice(0), at.slice(1));
    refused_ix(&mut house, BallastError::WrongBackstop, both, &[]);
    for other in [at.slice(1), winner.account] {
        let slice = with_account(whole.clone(), at.slice(0), other);
        refused_ix(&mut house, BallastError::WrongBackstop, slice, &[]);
    }
    house.vm.send(&[whole], &[]).expect("its own slice pays");
    assert_eq!(house.slice(1).quote, 1_000 * QUOTE as i64, "the other market's was never asked");
    assert!(house.slice(0).quote < 801 * QUOTE as i64);
    assert_conserved(&house);
}

/// A sliver of a position must not open a market's purse for what was lost elsewhere.
#[test]
fn attack_a_sliver_does_not_open_a_slice_for_losses_elsewhere() {
    let mut house = sol_and_eth();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 1_000);
    let loser = house.person_with_quote(600);
    let others = [house.person_with_quote(10_000), house.person_with_quote(10_000)];
    house.fill(0, &loser, &others[0], -BASE, 100 * QUOTE).expect("a fill");
    house.fill(1, &loser, &others[1], BASE, 1_000 * QUOTE).expect("a fill");
    let now = [110.0, 300.0];
    prices_after(&mut house, 30, &now);
    let keeper = house.person_with_quote(100_000);
    let take = house.at.liquidate_position(
        loser.account,
        (keeper.account, keeper.pubkey()),
        1,
        house.margin_account(&loser.account).position(1).base.unsigned_abs(),
    );
    house.vm.send(&[take], &[&keeper.key]).expect("it is short of its margin");
    house.settle(1, &loser).expect("it pays what it has");
    prices_after(&mut house, 60, &now);
    let said: BankruptcyResolved = house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt").event();
    assert!((10 * QUOTE..=10 * QUOTE + 1).contains(&said.slice), "{}", said.slice);
    assert_eq!(said.socialised, 0);
    assert!(said.left >= 99 * QUOTE, "{} stay as a claim", said.left);
    assert_conserved(&house);
}

/// A slice that is bankrupt itself is an account like any other.
#[test]
fn a_bankrupt_slice_is_resolved() {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 400);
    let trader = house.person_with_quote(10_000);
    house.trade_at(0, &trader, 1, 10 * BASE, 100.0).expect("the slice sells");
    prices_after(&mut house, 30, &[160.0]);
    let slice = house.at.slice(0);
    house.touch(&slice).expect("it is short");
    prices_after(&mut house, 60, &[160.0]);
    let resolve = house.at.resolve_with_backstop(slice, 0);
    let said: BankruptcyResolved = house.vm.send(&[resolve], &[]).expect("it is bankrupt").event();
    assert!(said.slice == 0 && said.socialised > 150 * QUOTE, "{}", said.socialised);
    assert_conserved(&house);
}

/// A slice that lost more than it has trades with nobody: that would be a gift. Resolving it brings the market back.
#[test]
fn a_market_returns_from_a_bankrupt_slice() {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 400);
    let (trader, helper) = (house.person_with_quote(10_000), house.person_with_quote(10_000));
    house.trade_at(0, &trader, 1, 10 * BASE, 100.0).expect("the slice sells");
    prices_after(&mut house, 30, &[160.0]);
    let declined = house.trade_at(0, &helper, 1, -10 * BASE, 160.0).expect("it is over");
    let declined: TradeDeclined = declined.event();
    assert_eq!(declined.reason, Decline::Full, "it could not pay for what it buys back");
    let slice = house.at.slice(0);
    house.touch(&slice).expect("it is short");
    prices_after(&mut house, 60, &[160.0]);
    let resolve = house.at.resolve_with_backstop(slice, 0);
    house.vm.send(&[resolve], &[]).expect("it is bankrupt");
    house.touch_position(0, &trader).expect("its side was closed as a whole");
    assert_eq!(house.slice(0).position(0).base, 0);
    house.fill_at_oracle(0, &trader, &helper, BASE).expect("the market is back");
    house.attest_solvency().expect("the books are in step");
    assert_conserved(&house);
}

#[test]
fn attack_winners_are_closed_before_keepers_come() {
    let phases = PhaseParams { resolve_s: 3, ..default_phases() };
    let mut house = with_fees(HouseParams { phases, ..HouseParams::default() });
    let (loser, _) = short_of_210(&mut house);
    refused(&mut house, BallastError::KeepersFirst, |h| h.resolve_bankruptcy(&loser, Some(0)));
    house.touch(&loser.account).expect("it is short");
    refused(&mut house, BallastError::KeepersFirst, |h| h.resolve_bankruptcy(&loser, Some(0)));
    prices_after(&mut house, 2, &[150.0]);
    refused(&mut house, BallastError::KeepersFirst, |h| h.resolve_bankruptcy(&loser, Some(0)));
    prices_after(&mut house, 1, &[150.0]);
    house.resolve_bankruptcy(&loser, Some(0)).expect("nobody came");
    assert_conserved(&house);
}

/// In a crash an account goes from its MM to nothing within seconds: were it held for a phase of liquidation, or for as
/// long as a price is doubted, its debt would grow with every second in which nobody can be paid to take it.
#[test]
fn who_is_bankrupt_waits_neither_for_a_phase_nor_for_a_doubted_price() {
    let prices = PriceParams { confirm_s: 60, recovery_s: 60, ..default_prices() };
    let phases = PhaseParams { wait_s: 600, takeover_s: 600, resolve_s: 3, ..default_phases() };
    let mut house = with_fees(HouseParams { prices, phases, ..HouseParams::default() });
    let (loser, _) = short_of_210(&mut house);
    house.touch(&loser.account).expect("it is short");
    prices_after(&mut house, 3, &[150.0]);
    house.resolve_bankruptcy(&loser, Some(0)).expect("keepers had their three seconds");
    assert_conserved(&house);
}

// ---- the books in step ---------------------------------------------------------------------------

#[test]
fn solvency_is_attested_after_funding() {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house.provider(0, 100_000);
    let trader = house.person_with_quote(100_000);
    prices_after(&mut house, 3_600, &[100.0]);
    house.update_funding(0).expect("time has passed");
    house.trade_at(0, &trader, 1, 500 * BASE, 100.0).expect("a trade");
    for _ in 0..3 {
        prices_after(&mut house, 3_600, &[100.0]);
        house.update_funding(0).expect("time has passed");
    }
    assert_ne!(house.board().markets[0].long.cash, 0, "longs have paid");
    let report = house.solvency();
    assert_eq!((report.bad_debt, report.unvalued), (0, 0));
    house.settle(0, &trader).expect("it pays its funding");
    house.attest_solvency().expect("the books are in step");
    assert_conserved(&house);
}

#[test]
fn solvency_is_attested_after_a_deleveraging_that_nobody_has_followed_yet() {
    let mut house = sol();
    let (loser, sound) = (house.person_with_quote(300), house.person_with_quote(10_000));
    let winners = [house.person_with_quote(500), house.person_with_quote(5_000)];
    house.fill(0, &loser, &winners[0], -10 * BASE, 1_000 * QUOTE).expect("a fill");
    house.fill(0, &sound, &winners[1], -30 * BASE - 7, 3_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    nobody_comes(&mut house, &loser, &[150.0]);
    house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt");
    assert_eq!(house.solvency().bad_debt, 0);
    house.touch_position(0, &winners[1]).expect("its side was closed in part");
    house.attest_solvency().expect("the books are in step");
    assert_conserved(&house);
}

/// What was closed loses nothing any more, although it still stands in the account.
#[test]
fn an_attestation_values_what_an_account_holds_now() {
    let mut house = sol();
    let (loser, winner) = (house.person_with_quote(300), house.person_with_quote(300));
    let _saver = house.person_with_quote(10_000);
    house.fill(0, &loser, &winner, -10 * BASE, 1_000 * QUOTE).expect("a fill");
    prices_after(&mut house, 30, &[150.0]);
    nobody_comes(&mut house, &loser, &[150.0]);
    house.resolve_bankruptcy(&loser, Some(0)).expect("it is bankrupt");
    prices_after(&mut house, 600, &[20.0]);
    assert_eq!(house.margin_account(&winner.account).position(0).base, 10 * BASE, "nobody has touched it");
    assert_eq!(house.solvency().bad_debt, 0, "its ten coins are gone, and cannot lose 800");
    assert_eq!(quote_of(&house, &winner), 300 * QUOTE as i64);
}
