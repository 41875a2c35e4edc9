//! The clock of a short account, the confirmation of a breach, and alerts.

use core::mem::offset_of;

use ballast::error::BallastError;
use ballast::event::{AlertCleared, AlertRaised, FoundShort, Liquidated, Recovered};
use ballast::instructions::clock::CLOCK_LASTS_S;
use ballast::limits::PhaseParams;
use ballast::state::RiskBoard;
use ballast_client::instructions::set_alerts;
use ballast_client::plan::Due;
use ballast_sandbox::house::{QUOTE, default_phases};
use ballast_sandbox::{House, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, prices_after, refused, refused_ix, sol, with_account,
};
use crate::short::{Scene, Stage};

/// Only below 80 % of its MM is an account deep enough for a single price.
fn confirming() -> Stage {
    Stage { phases: PhaseParams { deep_bps: 8_000, ..default_phases() }, ..Stage::default() }
}

fn just_short() -> Scene {
    confirming().short(94.0, &[(100, 0.9)])
}

fn due(s: &Scene) -> Due {
    s.house.due(&s.people[0].account)
}

#[test]
fn a_breach_is_liquidated_once_a_later_price_confirms_it() {
    let mut s = just_short();
    assert_eq!(due(&s), Due::Touch);
    assert!(s.house.plan(&s.people[0].account, &s.keeper).is_none());
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 20 * COIN));

    let (m, publish) = (s.margin(0), s.house.board().assets[0].publish_time);
    let said: FoundShort = s.touch(0).expect("anybody looks").event();
    assert_eq!((said.equity, said.maintenance, said.publish), (m.equity, m.maintenance, publish));
    // Time alone confirms nothing: it is the same price.
    s.house.vm.advance(20);
    assert_eq!(due(&s), Due::Confirmation);
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 20 * COIN));

    s.later(10);
    assert_eq!(due(&s), Due::Liquidation);
    let plan = s.house.plan(&s.people[0].account, &s.keeper).expect("confirmed");
    s.house.liquidate(&s.people[0].account, &s.keeper, &plan).expect("the plan is admitted");
    assert_eq!(due(&s), Due::Nothing);
    let account = s.house.margin_account(&s.people[0].account);
    assert_eq!((account.short_since, account.short_seen), (0, 0), "it is at its target: the clock is reset");
    assert_conserved(&s.house);
}

#[test]
fn a_single_wick_liquidates_nobody() {
    let mut s = just_short();
    s.touch(0).expect("a keeper saw it");
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 20 * COIN));
    s.move_to(99.9, 1);
    refused(&mut s, BallastError::AccountHealthy, |s| s.take(0, 20 * COIN));
    let said: Recovered = s.touch(0).expect("anybody resets the clock").event();
    assert!(said.equity >= said.maintenance as i64);
    // The next wick begins anew.
    s.move_to(93.9, 30);
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 20 * COIN));
}

#[test]
fn whoever_is_deep_is_liquidated_at_once() {
    let mut s = confirming().short(94.0, &[(100, 0.7)]);
    assert_eq!(due(&s), Due::Liquidation);
    let plan = s.house.plan(&s.people[0].account, &s.keeper).expect("it is deep");
    s.house.liquidate(&s.people[0].account, &s.keeper, &plan).expect("nobody has to touch it");
    assert_conserved(&s.house);
}

/// Were one later price enough, a keeper would wait for the next one of some dust, and the wick would still stand.
#[test]
fn attack_the_next_price_of_dust_does_not_confirm_a_wick() {
    let mut s = just_short();
    s.house.fund_collateral(&s.people[0], 1, COIN / 10_000).expect("ten cents of ETH");
    s.touch(0).expect("a keeper saw the wick");
    s.house.vm.advance(5);
    s.house.post(1, 1_000.0);
    s.house.refresh(1).expect("a later price of ETH");
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 20 * COIN));
    s.house.post(0, 94.0);
    s.house.refresh(0).expect("and of SOL");
    s.take(0, 20 * COIN).expect("now all of it was seen twice");
}

#[test]
fn attack_a_silent_oracle_of_dust_holds_up_no_confirmation() {
    let mut s = just_short();
    s.house.fund_collateral(&s.people[0], 1, COIN / 10_000).expect("ten cents of ETH");
    s.touch(0).expect("it is short");
    s.house.vm.advance(61);
    s.house.post(0, 94.0);
    s.house.refresh(0).expect("SOL has a price, ETH has none");
    s.take(0, 20 * COIN).expect("confirmed by what is left");
}

#[test]
fn proof_of_initial_margin_resets_the_clock() {
    let clock = |s: &Scene| s.house.margin_account(&s.people[0].account).short_since;
    let mut s = just_short();
    s.touch(0).expect("it is short");
    assert_eq!(clock(&s), s.house.vm.now());
    s.house.fund_quote(&s.people[0], 10_000 * QUOTE).expect("a deposit proves nothing yet");
    assert_ne!(clock(&s), 0);
    s.house.withdraw_quote(&s.people[0], 1).expect("above IM");
    assert_eq!(clock(&s), 0, "a withdrawal proves it");

    let mut s = just_short();
    s.touch(0).expect("it is short");
    // It strictly reduces, but that proves nothing: IM is not met.
    s.house.fill_at_oracle(0, &s.people[0], &s.desk, -BASE).expect("it reduces");
    assert_ne!(clock(&s), 0);
    s.house.fund_quote(&s.people[0], 10_000 * QUOTE).expect("a deposit");
    s.house.fill_at_oracle(0, &s.people[0], &s.desk, -BASE).expect("above IM");
    assert_eq!(clock(&s), 0, "a fill proves it");
}

/// Timers on accounts that nobody touches: a wick that somebody noted a day ago does not make the next
/// one a confirmed breach, at the full penalty.
#[test]
fn attack_a_clock_of_long_ago_does_not_count() {
    let mut s = just_short();
    s.touch(0).expect("a wick");
    let found = s.house.vm.now();
    s.move_to(99.9, 60);
    s.move_to(94.0, CLOCK_LASTS_S - 60);
    assert_eq!(due(&s), Due::Liquidation, "within an hour the breach is one");
    s.later(1);
    assert_eq!(due(&s), Due::Touch, "afterwards it is another");
    refused(&mut s, BallastError::BreachUnconfirmed, |s| s.take(0, 5 * COIN));
    s.touch(0).expect("the clock starts again");
    let account = s.house.margin_account(&s.people[0].account);
    assert_eq!(account.short_since, found + CLOCK_LASTS_S + 1);
}

#[test]
fn a_clock_that_is_wound_keeps_running() {
    let mut s = just_short();
    s.touch(0).expect("it is short");
    let since = s.house.vm.now();
    // The market calms down and MM with it, so the price goes on falling.
    for price in [92.5, 91.5, 90.5, 89.5] {
        s.move_to(price, 1_800);
        s.touch(0).expect("another look");
    }
    let account = s.house.margin_account(&s.people[0].account);
    assert_eq!((account.short_since, account.short_for(s.house.vm.now())), (since, Some(7_200)));
}

#[test]
fn there_is_nothing_to_touch_where_nothing_changes() {
    let mut s = just_short();
    s.touch(0).expect("it is short");
    refused(&mut s, BallastError::NothingToTouch, |s| s.touch(0));
    let desk = s.desk.account;
    refused(&mut s, BallastError::NothingToTouch, |s| s.house.touch(&desk));
    // Whoever owes nothing costs a keeper next to nothing.
    let keeper = s.keeper.account;
    let refusal = s.house.touch(&keeper).expect_err("nothing to do");
    let units = refusal
        .logs
        .iter()
        .find_map(|l| l.split(" consumed ").nth(1)?.split(' ').next()?.parse::<u64>().ok());
    assert!(units.expect("the runtime counts") < 5_000, "{units:?}");
}

/// Whoever has no time to act must not have time counted against them.
#[test]
fn no_clock_starts_while_liquidation_waits() {
    let mut s = just_short();
    let at = 8 + offset_of!(RiskBoard, grace_until);
    let mut board = s.house.vm.data(&s.house.at.board);
    let until = s.house.vm.now() + 60;
    board[at..at + 8].copy_from_slice(&until.to_le_bytes());
    let address = s.house.at.board;
    s.house.vm.put(address, ballast::ID, board);
    refused(&mut s, BallastError::NothingToTouch, |s| s.touch(0));
    refused(&mut s, BallastError::GracePeriod, |s| s.take(0, 20 * COIN));
    s.later(60);
    s.touch(0).expect("grace is over");
}

/// A price that favours the account proves no recovery.
#[test]
fn attack_a_silent_oracle_does_not_reset_the_clock() {
    let mut s = just_short();
    s.house.fund_collateral(&s.people[0], 1, COIN / 10).expect("a hundred dollars of ETH");
    s.house.vm.advance(1);
    prices_after(&mut s.house, 1, &[93.0, 1_000.0]);
    s.touch(0).expect("it is short");
    s.house.vm.advance(61);
    // SOL would still be short; ETH, in favour of the account, counts for 160 instead of 100.
    let refusal = s.house.touch(&s.people[0].account);
    let account = s.house.margin_account(&s.people[0].account);
    assert!(refusal.is_err() && account.short_since != 0);
}

#[test]
fn alerts_are_raised_on_the_way_down_and_clear_well_above() {
    let mut house = sol();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 50 * BASE).expect("a fill");
    house.set_alerts(&who, [25_000, 15_000, 12_000, 0]).expect("the owner sets levels");
    let ratio = |house: &House| {
        let m = house.health(&who).maintenance;
        m.equity as f64 / m.maintenance as f64
    };
    assert!(ratio(&house) > 2.5);
    refused(&mut house, BallastError::NothingToTouch, |h| h.touch(&who.account));

    // Down, and up again, in small steps; every level is told once on either way, and a level that was told clears
    // five per cent above it.
    let mut told = Vec::new();
    let mut price = 100.0;
    let steps = (0..40).map(|_| -0.25).chain((0..60).map(|_| 0.25));
    for step in steps {
        price += step;
        prices_after(&mut house, 30, &[price]);
        let Ok(receipt) = house.touch(&who.account) else { continue };
        let at = ratio(&house);
        if step < 0.0 {
            let said: AlertRaised = receipt.event();
            told.push((said.level as i8, at));
        } else if house.margin_account(&who.account).alert < 3 {
            let said: AlertCleared = receipt.event();
            told.push((-(said.level as i8), at));
        }
    }
    let levels: Vec<i8> = told.iter().map(|(level, _)| *level).filter(|level| *level > 0).collect();
    assert!(levels.is_sorted() && levels.contains(&1) && *levels.last().expect("some") >= 2, "{told:?}");
    for (level, at) in &told {
        let raised = [2.5, 1.5, 1.2];
        if *level > 0 {
            assert!(*at < raised[*level as usize - 1], "{told:?}");
        } else {
            assert!(*at >= raised[level.unsigned_abs() as usize] * 1.05, "{told:?}");
        }
    }
}

#[test]
fn alert_levels_fall_from_above_the_margin_and_are_the_owners() {
    let mut house = sol();
    let (who, other) = (house.person_with_quote(1), house.person_with_quote(1));
    for bad in [[12_000, 12_000, 0, 0], [12_000, 15_000, 0, 0], [0, 12_000, 0, 0], [10_000, 0, 0, 0]] {
        refused(&mut house, BallastError::BadAlertLevels, |h| h.set_alerts(&who, bad));
    }
    house.set_alerts(&who, [0; 4]).expect("none");
    let theirs = set_alerts(other.key.pubkey(), who.account, [12_000, 0, 0, 0]);
    refused_ix(&mut house, BallastError::NotOwner, theirs, &[&other.key]);
}

#[test]
fn attack_the_board_of_another_clearinghouse_starts_no_clock() {
    let mut s = just_short();
    let rival = Rival::of(&mut s.house);
    let own = s.house.at;
    let touch = with_account(own.touch_account(s.people[0].account), own.board, rival.at.board);
    refused_ix(&mut s, BallastError::WrongClearinghouse, touch, &[]);
}

/// A keeper's own step below MM starts the clock where nobody had.
#[test]
fn a_step_that_leaves_an_account_short_keeps_its_clock() {
    let mut s = confirming().short(94.0, &[(100, 0.5)]);
    let said: Liquidated = s.take(0, 10 * COIN).expect("it is deep").event();
    assert!(said.equity_after < said.mm_after as i64);
    let account = s.house.margin_account(&s.people[0].account);
    assert_eq!(account.short_since, s.house.vm.now());
}
