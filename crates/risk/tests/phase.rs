//! Facts of phases and windows: no order of steps gets past them, and nobody waits for ever.

use ballast_risk::fixed::mul_div_floor;
use ballast_risk::margin::Margin;
use ballast_risk::phase::{Phase, PhaseParams, Wait, Window, is_below, window_limit};
use proptest::prelude::*;

const PARAMS: PhaseParams = PhaseParams {
    deep_bps: 8_000,
    bankrupt_bps: 5_000,
    first_step_bps: 2_000,
    wait_s: 30,
    window_depth_bps: 1_000,
    window_s: 60,
    dust: 1_000,
};
const NEUTRAL: PhaseParams = PhaseParams {
    deep_bps: 10_000,
    bankrupt_bps: 10_000,
    first_step_bps: 10_000,
    wait_s: 0,
    window_s: 0,
    ..PARAMS
};

fn margin(equity: i64, maintenance: u64) -> Margin {
    Margin { equity, maintenance, ..Margin::default() }
}

/// So far below its MM of a billion.
fn at(part: f64) -> Margin {
    margin((1e9 * part) as i64, 1_000_000_000)
}

proptest! {
    /// In whatever steps a keeper cuts it, a phase frees at most its share of the MM that there was at its begin.
    #[test]
    fn steps_of_a_phase_do_not_add_up_to_more_than_its_share(part in 0.51f64..0.99, tries in prop::collection::vec(1u64..300_000_000, 1..20)) {
        let (mut mm, mut phase) = (1_000_000_000u64, Phase::default().at(100, &PARAMS));
        for relief in tries {
            let relief = relief.min(mm);
            if let Ok(next) = phase.take(&margin((mm as f64 * part) as i64, mm), relief, &PARAMS).unwrap() {
                phase = next.at(129, &PARAMS);
                mm -= relief;
            }
        }
        prop_assert!(1_000_000_000 - mm <= 200_000_000);
        prop_assert_eq!(phase.taken, 1_000_000_000 - mm);
    }

    #[test]
    fn a_phase_ends_with_its_wait(start in 1i64..1 << 40, waited in 0i64..100, taken: u64) {
        let phase = Phase { start, taken }.at(start + waited, &PARAMS);
        let is_new = waited >= 30;
        prop_assert_eq!(phase, if is_new { Phase { start: start + waited, taken: 0 } } else { Phase { start, taken } });
    }

    #[test]
    fn neutral_parameters_hold_nobody_back(part in -1.0f64..0.999, relief in 0u64..=1_000_000_000, value in 0u64..1 << 50, limit in 1u64..1 << 40, taken in 0u64..1 << 40) {
        let m = at(part);
        prop_assert!(NEUTRAL.is_deep(&m));
        let phase = Phase { start: 5, taken: 7 }.at(5, &NEUTRAL);
        prop_assert!(phase.take(&m, relief, &NEUTRAL).unwrap().is_ok());
        let window = Window { time: 5, taken };
        prop_assert!(window.take(&m, value, limit, &NEUTRAL).unwrap().is_ok());
    }

    /// Whoever is deeper has at least as much of the window; half of it is there for all.
    #[test]
    fn the_worst_come_first(a in 0.501f64..0.9999, b in 0.501f64..0.9999, taken in 0u64..2_000_000, value in 1u64..1_000_000) {
        let limit = 1_000_000;
        let (deeper, shallower) = (a.min(b), a.max(b));
        let window = Window { time: 0, taken };
        let admitted = |part: f64| window.take(&at(part), value, limit, &PARAMS).unwrap().is_ok();
        prop_assert!(admitted(deeper) || !admitted(shallower));
        let most = limit / 2 + (limit as f64 / 2.0 * (1.0 - shallower) / 0.5) as u64;
        prop_assert_eq!(admitted(shallower), taken + value <= most || most.abs_diff(taken + value) <= 2 && admitted(shallower));
    }

    /// Decoys of a depth δ cannot bring the window beyond what is open to δ, bankrupt ones not beyond its limit.
    #[test]
    fn what_is_taken_never_passes_what_is_open(takes in prop::collection::vec((0.0f64..1.0, 1u64..2_000_000), 1..40)) {
        let limit = 1_000_000;
        let mut window = Window::default();
        let mut deepest = 1.0f64;
        for (part, value) in takes {
            deepest = deepest.min(part);
            if let Ok(next) = window.take(&at(part), value, limit, &PARAMS).unwrap() {
                window = next;
            }
            let open = 0.5 + 0.5 * ((1.0 - deepest) / 0.5).min(1.0);
            prop_assert!(window.taken as f64 <= open * limit as f64 + 1.0, "{:?}", window);
        }
    }

    /// A window refills evenly, and looking more often does not make it refill faster.
    #[test]
    fn looking_at_a_window_does_not_refill_it(taken in 0u64..1_000_000, looks in prop::collection::vec(0i64..10, 1..12)) {
        let limit = 1_000_000;
        let (mut window, mut now) = (Window { time: 100, taken }, 100);
        for wait in looks {
            now += wait;
            window = window.at(now, limit, &PARAMS).unwrap();
        }
        let at_once = Window { time: 100, taken }.at(now, limit, &PARAMS).unwrap();
        prop_assert!(window.taken >= at_once.taken && window.taken <= at_once.taken + 12);
    }

    #[test]
    fn after_a_window_everything_is_open_again(time in 0i64..1 << 40, taken: u64, limit in 1u64..1 << 60) {
        let window = Window { time, taken }.at(time + 60, limit, &PARAMS).unwrap();
        prop_assert_eq!(window, Window { time: time + 60, taken: 0 });
    }

    #[test]
    fn below_is_exact(equity: i64, maintenance: u64, bps in 0u32..=20_000) {
        let exact = i128::from(equity) * 10_000 < i128::from(maintenance) * i128::from(bps);
        prop_assert_eq!(is_below(&margin(equity, maintenance), bps), exact);
    }

    #[test]
    fn no_input_panics(equity: i64, maintenance: u64, words: [u64; 5], times: (i64, i64), bps: (u32, u32, u32, u32)) {
        let [relief, value, limit, taken, dust] = words;
        let params = PhaseParams {
            deep_bps: bps.0, bankrupt_bps: bps.1, first_step_bps: bps.2, wait_s: bps.3, window_depth_bps: bps.0, window_s: bps.1, dust,
        };
        let m = margin(equity, maintenance);
        let _ = Phase { start: times.0, taken }.at(times.1, &params).take(&m, relief, &params);
        let _ = Window { time: times.0, taken }.at(times.1, limit, &params);
        let _ = Window { time: times.0, taken }.take(&m, value, limit, &params);
        let _ = window_limit(limit, &params);
    }
}

#[test]
fn dust_and_near_bankruptcy_are_not_phased() {
    let phase = Phase { start: 1, taken: 1 << 40 };
    assert_eq!(phase.take(&at(0.6), 1, &PARAMS).unwrap(), Err(Wait::Phase));
    assert!(phase.take(&at(0.499), 1, &PARAMS).unwrap().is_ok());
    assert!(phase.take(&margin(900, 1_000), 1_000, &PARAMS).unwrap().is_ok(), "its whole MM is dust");
    let full = Window { time: 0, taken: 1_000 };
    assert_eq!(full.take(&at(0.6), 1, 1_000, &PARAMS).unwrap(), Err(Wait::Window));
    assert_eq!(
        full.take(&at(0.499), 1 << 40, 1_000, &PARAMS).unwrap(),
        Ok(full),
        "no longer wait for others"
    );
    assert_eq!(window_limit(1_000_000, &PARAMS), mul_div_floor(1_000_000, 1, 10));
}
