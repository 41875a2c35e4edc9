//! The crash and the collusion, smaller: what must hold in every run of them.

use ballast_cli::cascade::collusion::{BOOKS, Liquidator, play};
use ballast_cli::cascade::market::{CALM_S, FALL_S, LENGTH_S};
use ballast_cli::cascade::{COUNT, Run, Scenario, phased, simulation};
use ballast_sandbox::house::default_phases;

fn crash(limited: bool) -> Run {
    let phases = if limited { phased() } else { default_phases() };
    simulation::run(&Scenario::of(11, 60, phases), limited, &mut |_| {}).expect("the program plays along")
}

fn survives(run: &Run) {
    // The crash is one.
    assert_eq!(run.seconds.len(), LENGTH_S);
    let low = &run.seconds[CALM_S + FALL_S + run.scenario.lag_s];
    for asset in 0..COUNT {
        assert!(low.published[asset] <= 0.41 * run.seconds[0].published[asset], "it falls by 60 %");
    }
    assert!(low.depth <= 0.021 * run.seconds[0].depth && low.keepers == run.scenario.keepers / 2);
    assert!(run.liquidations() > 30 && run.touched > 15, "{} of {}", run.liquidations(), run.touched);
    assert!((0..COUNT).any(|asset| run.overshoot(asset) > 0.003), "liquidations move the price");

    // And the books outlive it.
    assert_eq!(run.worst_error(), 0, "conservation is exact in every second");
    assert!(run.bad_debt <= run.bound.most + 0.01, "{} of at most {}", run.bad_debt, run.bound.most);
    assert!(run.bad_debt <= 0.5 * run.bound.never_worst, "liquidation saved most of {:?}", run.bound);
    assert_eq!(run.recovery.stuck, 0, "whoever owes nothing trades, withdraws and leaves");
    let all = run.scenario.accounts + run.scenario.keepers;
    assert_eq!(run.recovery.left + run.recovery.waiting + run.recovery.bankrupt, all);
    assert!(run.recovery.unpaid <= run.bad_debt + 0.01, "winners lack no more than losers could not pay");
}

#[test]
fn a_crash_of_sixty_per_cent_in_a_minute_is_survived_without_limits() {
    survives(&crash(false));
}

#[test]
fn a_crash_of_sixty_per_cent_in_a_minute_is_survived_with_phased_limits() {
    survives(&crash(true));
}

/// B6, and Percolator's self-match drain: alone in their market, both sides of a jump are worth what was put in at most.
#[test]
fn two_accounts_on_both_sides_of_a_jump_do_not_gain() {
    let alone = BOOKS.iter().filter(|book| book.honest == 0);
    for (index, book) in alone.enumerate() {
        let jumps: &[f64] = if index == 0 { &[-0.6, -0.08, 0.28, 2.0] } else { &[-0.25, 0.6] };
        for jump in jumps {
            for liquidator in [Liquidator::Honest, Liquidator::Own] {
                let outcome = play(book, *jump, liquidator).expect("the program plays along");
                let gain = outcome.gain;
                assert!(outcome.notional > book.equity as f64, "{} is leveraged", book.name);
                assert!(gain <= 0.001, "{} at {jump} with {liquidator:?}: {gain}", book.name);
            }
        }
    }
}
