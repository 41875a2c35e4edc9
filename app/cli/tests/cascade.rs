//! The crash and the collusion, smaller: what must hold in every run of them.

use ballast::instructions::SourceArgs;
use ballast_cli::cascade::collusion::{BOOKS, Book, FEE_BPS, First, Liquidator, Outcome, play};
use ballast_cli::cascade::market::{CALM_S, FALL_S, LENGTH_S};
use ballast_cli::cascade::{COUNT, Limits, Run, Scenario, simulation};

fn crash(phased: bool, breaker: bool) -> Run {
    let scenario = Scenario::of(11, 60, Limits { phased, breaker });
    simulation::run(&scenario, &mut |_| {}).expect("the program plays along")
}

fn survives(run: &Run) {
    // The crash is one.
    assert_eq!(run.seconds.len(), LENGTH_S);
    let low = &run.seconds[CALM_S + FALL_S + run.scenario.lag_s];
    for asset in 0..COUNT {
        assert!(low.market[asset] <= 0.41 * run.seconds[0].market[asset], "it falls by 60 %");
    }
    assert!(low.depth <= 0.021 * run.seconds[0].depth && low.keepers == run.scenario.keepers / 2);
    assert!(run.touched > 15, "{}", run.touched);
    // With a breaker, some are bankrupt at the price that is confirmed: they are resolved, and not liquidated.
    let closed = run.liquidations() + run.waterfall.resolved;
    assert!(run.liquidations() > 0 && closed > 30, "{} and {:?}", run.liquidations(), run.waterfall);
    if !run.scenario.limits.breaker {
        assert!((0..COUNT).any(|asset| run.overshoot(asset) > 0.003), "liquidations move the price");
    }

    // And the books outlive it.
    assert_eq!(run.worst_error(), 0, "conservation is exact in every second");
    assert!(run.bad_debt <= run.bound.most + 0.01, "{} of at most {}", run.bad_debt, run.bound.most);
    let waterfall = &run.waterfall;
    assert_eq!(waterfall.out_of_order, 0, "nobody is asked before the insurance fund is empty");
    assert_eq!(run.recovery.traded, COUNT, "every market is traded in afterwards");
    assert_eq!(
        run.recovery.stuck, 0,
        "whoever owes nothing trades, withdraws and leaves: {:?}",
        run.recovery
    );
    let all = run.scenario.accounts + run.scenario.keepers;
    assert_eq!(run.recovery.left + run.recovery.waiting + run.recovery.bankrupt, all);
    assert!(run.recovery.unpaid <= run.bad_debt + 0.01, "winners lack no more than losers could not pay");
}

#[test]
fn a_crash_of_sixty_per_cent_in_a_minute_is_survived_without_limits() {
    let run = crash(false, false);
    survives(&run);
    assert!(run.bad_debt <= 0.5 * run.bound.never_worst, "liquidation saved most of {:?}", run.bound);
}

#[test]
fn a_crash_of_sixty_per_cent_in_a_minute_is_survived_with_phased_limits() {
    survives(&crash(true, false));
}

/// A fall of more than the envelope in a second is doubted for seconds, confirms itself, and is liquidated on its way.
#[test]
fn a_crash_of_sixty_per_cent_in_a_minute_is_survived_with_a_breaker() {
    let run = crash(true, true);
    survives(&run);
    let fall = &run.seconds[CALM_S..CALM_S + FALL_S];
    let doubted: Vec<usize> = fall.iter().map(|s| s.doubted).collect();
    let seconds = doubted.iter().filter(|d| **d > 0).count();
    assert!((1..=FALL_S / 2).contains(&seconds), "doubted, and then believed: {doubted:?}");
    assert!(fall.iter().map(|s| s.liquidations).sum::<usize>() > 0, "liquidation goes on in it");
    let last = run.seconds.iter().rposition(|s| s.doubted > 0).expect("it is doubted");
    assert!(last + 1 < LENGTH_S, "and everything is believed in the end");
    assert!(run.bad_debt <= 0.1 * run.bound.never_worst, "{} of {:?}", run.bad_debt, run.bound);
}

/// Two liquidations a second, of which one keeper dies, are too few for sixty accounts. Whoever is bankrupt before its turn
/// comes is closed by the waterfall within seconds, so that the turns go to those who can still be saved.
#[test]
fn where_keepers_are_too_few_the_waterfall_closes_who_is_bankrupt() {
    for limits in [Limits::default(), Limits { phased: true, breaker: true }] {
        let scenario = Scenario { turns: 1, ..Scenario::of(7, 60, limits) };
        let run = simulation::run(&scenario, &mut |_| {}).expect("the program plays along");
        survives(&run);
        let (debt, never) = (run.bad_debt, run.bound.never_worst);
        assert!(run.waterfall.deleveraged > 0, "{}: {:?}", limits.name(), run.waterfall);
        assert!(debt <= 0.1 * never, "{}: {debt} of {never}", limits.name());
    }
}

fn played(name: &str, jump: f64, first: First) -> (u64, Outcome) {
    let book = BOOKS.iter().find(|book| book.name == name).expect("a book of the grid");
    (book.equity, play(book, jump, Liquidator::Own, first).expect("the program plays along"))
}

/// A straddle on the fund, and Percolator's self-match drain: alone in their market, with no fund, both sides of a jump are worth what was put
/// in at most, and fees are paid.
#[test]
fn two_accounts_on_both_sides_of_a_jump_do_not_gain() {
    for (index, book) in BOOKS.iter().filter(|book| book.is_alone()).enumerate() {
        // Where profit waits, a keeper who takes the winner's position before the loser is resolved is not alone with it.
        let book = &Book { payout_jump_bps: SourceArgs::PYTH.payout_jump_bps, ..*book };
        let jumps: &[f64] = if index == 0 { &[-0.6, -0.08, 0.28, 2.0] } else { &[-0.25, 0.6] };
        for jump in jumps {
            for liquidator in [Liquidator::Honest, Liquidator::Own] {
                let outcome =
                    play(book, *jump, liquidator, First::Colluders).expect("the program plays along");
                let fee = outcome.notional * f64::from(FEE_BPS) / 10_000.0;
                assert!(outcome.notional > book.equity as f64, "{} is leveraged", book.name);
                let gain = outcome.gain;
                assert!(gain <= 0.01 - fee, "{} at {jump} with {liquidator:?}: {gain}", book.name);
            }
        }
    }
}

/// Beside others, a jump within IM gains nothing either.
#[test]
fn beside_honest_traders_a_jump_within_margin_gains_nothing() {
    for name in ["beside honest traders", "beside honest traders, with a fund"] {
        for jump in [-0.02, 0.02] {
            let (_, outcome) = played(name, jump, First::Colluders);
            assert!(outcome.gain < 0.0 && outcome.honest_short < 0.01, "{name} at {jump}: {outcome:?}");
        }
    }
}

/// What is true beyond IM where profit does not wait: the loser's debt is somebody's loss, and whoever is first to the pool
/// has it. It is never more than that debt.
#[test]
fn beyond_margin_the_gain_is_at_most_what_the_loser_could_not_pay() {
    for jump in [-0.25, 0.25] {
        let (equity, race) = played("beside honest traders, profit never waits", jump, First::Colluders);
        let debt = race.notional * jump.abs() - equity as f64;
        assert!(race.gain > 0.0 && race.gain <= debt, "{race:?} of {debt}");
        assert!(race.gain <= race.honest_short + race.insurance_paid + 0.01, "{race:?}");
    }
}

/// Where it waits, nobody is first: the debt is shared with the honest winner by what both hold, whoever comes first.
#[test]
fn where_profit_waits_the_debt_is_shared_whoever_comes_first() {
    const HONEST: f64 = 1e6;
    for jump in [-0.25, 0.25] {
        for first in [First::Colluders, First::Crank] {
            let (equity, outcome) = played("beside honest traders", jump, first);
            let debt = outcome.notional * jump.abs() - equity as f64;
            let share = debt * HONEST / (HONEST + outcome.notional);
            assert!(outcome.gain <= share + 1.0, "{outcome:?}: {share} of {debt}");
            assert!(
                (outcome.honest_short - share).abs() < 0.01 * debt + 50.0,
                "{outcome:?}: {share} of {debt}"
            );
        }
    }
}
