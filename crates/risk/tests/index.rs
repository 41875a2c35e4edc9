//! Facts of the index: the sum is the sum, ticks come when they must, and notice is given once to everybody.

mod common;

use ballast_risk::RiskError::{BadParameter, Overflow};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::index::{Index, MAX_HALVINGS, MAX_STEP_S, Notice, NoticeParams, tick_interval};
use common::{UNIT, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

/// MM may double in an hour; an account below half of its full MM gets no notice.
const PARAMS: NoticeParams = NoticeParams { doubling_s: 3_600, least: RATE_ONE / 2 };

/// σ of an hour as it is: 0.05 % to 50 %.
fn level() -> impl Strategy<Value = u64> {
    rate_from_bps(5)..rate_from_bps(5_000)
}

/// Largest relative error of one weight: 9·2⁻³² of one half or more.
const WEIGHT_ERROR: f64 = 5e-9;

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn the_index_is_the_sum_over_again_after_any_sequence(
        assets in prop::collection::vec((0u32..10_000, 0..RATE_ONE), 1..33),
        moves in prop::collection::vec((any::<prop::sample::Index>(), 0..RATE_ONE), 0..100),
    ) {
        let (mut index, mut assets) = (Index::default(), assets);
        for &(weight, sigma) in &assets {
            index.add(weight, sigma).unwrap();
        }
        for (at, sigma) in moves {
            let at = at.index(assets.len());
            let (weight, before) = assets[at];
            index.replace(weight, before, sigma).unwrap();
            assets[at].1 = sigma;
        }
        let weights: u64 = assets.iter().map(|a| u64::from(a.0)).sum();
        let sum: u64 = assets.iter().map(|a| u64::from(a.0) * a.1).sum();
        prop_assert_eq!((u64::from(index.weights), index.sum), (weights, sum));
        prop_assert_eq!(index.value(), sum.checked_div(weights).unwrap_or(0));
        // A mean lies between its parts.
        let counted = || assets.iter().filter(|a| a.0 > 0).map(|a| a.1);
        if let (Some(least), Some(most)) = (counted().min(), counted().max()) {
            prop_assert!((least..=most).contains(&index.value()));
        }
    }

    #[test]
    fn what_was_never_in_the_sum_cannot_be_taken_out(weight in 1u32..10_000, sigma in 0..RATE_ONE - 1, more in 1..RATE_ONE) {
        let mut index = Index::default();
        index.add(weight, sigma).unwrap();
        let before = index;
        prop_assert_eq!(index.replace(weight, sigma + more, 0), Err(Overflow));
        prop_assert_eq!(index, before);
        prop_assert_eq!(index.add(u32::MAX, 0), Err(Overflow));
    }

    /// An asset without a weight, however wild, moves nothing.
    #[test]
    fn nobody_moves_the_index_by_a_coin_without_a_weight(weight in 1u32..10_000, sigma in 0..RATE_ONE, wild in 0..RATE_ONE) {
        let mut index = Index::default();
        index.add(weight, sigma).unwrap();
        let before = index;
        index.add(0, wild).unwrap();
        index.replace(0, wild, RATE_ONE - 1).unwrap();
        prop_assert_eq!(index, before);
    }

    #[test]
    fn the_interval_is_a_power_of_two_below_the_full_one_and_never_nothing(
        full in wide_u32(), calm in 0..=RATE_ONE, index in wide_u64(),
    ) {
        let interval = tick_interval(full, calm, index);
        prop_assert!((0..=MAX_HALVINGS).any(|halvings| interval == (full >> halvings).max(1)));
    }

    #[test]
    fn a_wilder_market_ticks_no_later(full in wide_u32(), calm in 0..=RATE_ONE, index in wide_u64(), more in wide_u64(), less in wide_u64()) {
        let interval = tick_interval(full, calm, index);
        prop_assert!(tick_interval(full, calm, index.saturating_add(more)) <= interval);
        prop_assert!(tick_interval(full, calm.saturating_sub(less), index) <= interval);
    }

    /// Variance between two ticks stays below twice what it is in calm, as long as halvings are left.
    #[test]
    fn the_variance_between_ticks_is_that_of_calm(full in 16u32..100_000, calm in level(), index in level()) {
        let interval = f64::from(tick_interval(full, calm, index));
        let ratio = (index as f64 / calm as f64).powi(2);
        let full = f64::from(full);
        prop_assert!(interval + 1.0 >= full * (1.0 / ratio).clamp(0.0625, 1.0));
        let left = ratio < f64::from(2 << MAX_HALVINGS);
        prop_assert!(!left || interval * ratio <= 2.0 * full * (1.0 + 1e-9) || ratio < 2.0, "{} at {}", interval, ratio);
        prop_assert!(ratio >= 2.0 || interval == full);
    }

    #[test]
    fn the_factor_is_between_the_least_and_one(
        least in 1..=RATE_ONE, doubling_s in wide_u32(), steps in prop::collection::vec((wide_u64(), wide_i64()), 1..20),
    ) {
        let params = NoticeParams { doubling_s, least };
        let mut notice = Notice::default();
        for (index, now) in steps {
            let time = notice.time;
            let factor = notice.step(&params, index, now).unwrap();
            prop_assert!((least..=RATE_ONE).contains(&factor));
            prop_assert!(notice.level <= index);
            prop_assert_eq!(factor == RATE_ONE, notice.level == index || least == RATE_ONE);
            prop_assert_eq!(notice.time, time.max(now));
        }
    }

    #[test]
    fn the_factor_is_the_level_against_the_index(from in level(), to in level(), elapsed in 0i64..3_600, doubling_s in 60u32..100_000) {
        let mut notice = Notice { level: from, time: 1_000 };
        let factor = notice.step(&NoticeParams { doubling_s, least: 1 }, to, 1_000 + elapsed).unwrap();
        let exact = (from as f64 * (elapsed as f64 / f64::from(doubling_s)).exp2()).min(to as f64);
        prop_assert!((notice.level as f64 - exact).abs() <= exact * WEIGHT_ERROR + 1.0, "{} for {}", notice.level, exact);
        prop_assert!((factor as f64 - notice.level as f64 / to as f64 * UNIT).abs() <= 1.5);
    }

    #[test]
    fn the_level_falls_with_the_index_at_once(from in level(), share in 0.0f64..=1.0, time in 0i64..1 << 40, wait in 0i64..10_000, doubling_s in wide_u32()) {
        let mut notice = Notice { level: from, time };
        let to = (from as f64 * share) as u64;
        prop_assert_eq!(notice.step(&NoticeParams { doubling_s, ..PARAMS }, to, time + wait), Ok(RATE_ONE));
        prop_assert_eq!(notice, Notice { level: to, time: time + wait });
    }

    /// Touching the board every block neither hurries the level nor holds it back.
    #[test]
    fn poking_does_not_change_the_level(
        from in level(), rise in 1.0f64..20.0, doubling_s in 600u32..20_000, pokes in prop::collection::vec(0i64..=3_600, 1..200),
    ) {
        let params = NoticeParams { doubling_s, least: 1 };
        let to = (from as f64 * rise) as u64;
        let mut poked = Notice { level: from, time: 0 };
        let mut once = poked;
        let mut pokes = pokes;
        pokes.sort_unstable();
        for now in &pokes {
            poked.step(&params, to, *now).unwrap();
        }
        let end = *pokes.last().unwrap();
        once.step(&params, to, end).unwrap();
        prop_assert_eq!(poked.time, once.time);
        let steps = pokes.len() as f64 + 1.0;
        let exact = once.level as f64;
        prop_assert!(poked.level as f64 <= exact * (1.0 + steps * WEIGHT_ERROR) + 1.0);
        prop_assert!(poked.level as f64 >= exact * (1.0 - steps * (WEIGHT_ERROR + 2.0 / from as f64)) - 1.0);
        // The same instant again changes nothing, nor does a clock that goes back.
        let before = poked;
        poked.step(&params, to, end).unwrap();
        poked.step(&params, to, 0).unwrap();
        prop_assert_eq!(poked, before);
    }

    #[test]
    fn notice_ends_in_the_time_that_the_rise_takes_to_double(
        from in level(), rise in 1.0f64..50.0, doubling_s in 60u32..20_000, wait in 60i64..3_600,
    ) {
        let params = NoticeParams { doubling_s, least: 1 };
        let to = (from as f64 * rise) as u64;
        let mut notice = Notice { level: from, time: 0 };
        let needed = rise.log2() * f64::from(doubling_s) / wait as f64;
        let (mut now, mut steps, mut before) = (0, 0.0, 0);
        while notice.level < to {
            now += wait;
            steps += 1.0;
            let factor = notice.step(&params, to, now).unwrap();
            prop_assert!(factor >= before);
            before = factor;
            prop_assert!(steps <= needed * 1.001 + 2.0, "{} steps, {} needed", steps, needed);
        }
        prop_assert!(steps + 1.0 >= needed * 0.999);
        prop_assert_eq!(notice.step(&params, to, now + 1), Ok(RATE_ONE));
    }

    /// Eight hours of halt release one hour of the limit.
    #[test]
    fn a_halt_releases_no_more_than_one_step(from in level(), halt in MAX_STEP_S as i64..1 << 40, doubling_s in 60u32..100_000) {
        let params = NoticeParams { doubling_s, ..PARAMS };
        let (mut long, mut short) = (Notice { level: from, time: 0 }, Notice { level: from, time: 0 });
        prop_assert_eq!(long.step(&params, RATE_ONE * 64, halt), short.step(&params, RATE_ONE * 64, MAX_STEP_S as i64));
        prop_assert_eq!(long.level, short.level);
    }

    /// Before the first level, after a level of nothing, and where no notice is wanted.
    #[test]
    fn what_has_no_level_gets_no_notice(index in wide_u64(), level in wide_u64(), now in wide_i64()) {
        let mut first = Notice::default();
        prop_assert_eq!(first.step(&PARAMS, index, now), Ok(RATE_ONE));
        prop_assert_eq!(first.level, index);
        let mut never = Notice { level, time: 0 };
        prop_assert_eq!(never.step(&NoticeParams { doubling_s: 0, ..PARAMS }, index, now), Ok(RATE_ONE));
        prop_assert_eq!(never.level, index);
        let mut none = Notice { level, time: 0 };
        prop_assert_eq!(none.step(&PARAMS, 0, now), Ok(RATE_ONE));
        prop_assert_eq!(none.level, 0);
    }

    #[test]
    fn the_least_factor_is_a_share_and_not_nothing(least in wide_u64(), doubling_s in wide_u32()) {
        let fine = 0 < least && least <= RATE_ONE;
        let verdict = NoticeParams { doubling_s, least }.validate();
        prop_assert_eq!(verdict, if fine { Ok(()) } else { Err(BadParameter) });
    }

    #[test]
    fn no_input_panics(
        weights in wide_u32(), sum in wide_u64(), weight in wide_u32(), before in wide_u64(), after in wide_u64(),
        level in wide_u64(), time in wide_i64(), now in wide_i64(), doubling_s in wide_u32(), least in wide_u64(),
    ) {
        let mut index = Index { weights, sum };
        let _ = index.replace(weight, before, after);
        let _ = index.add(weight, after);
        let _ = Notice { level, time }.step(&NoticeParams { doubling_s, least }, index.value(), now);
        let _ = tick_interval(weights, before & (RATE_ONE - 1), after);
    }
}

#[test]
fn an_index_without_weights_is_nothing() {
    assert_eq!(Index::default().value(), 0);
    assert_eq!(Index { weights: 3, sum: 11 }.value(), 3);
}

#[test]
fn the_interval_halves_with_every_doubling_of_the_square() {
    let calm = rate_from_bps(100);
    let at = |index| tick_interval(3_600, calm, index);
    assert_eq!([at(0), at(calm), at(calm * 141 / 100)], [3_600; 3]);
    assert_eq!(
        [at(calm * 142 / 100), at(2 * calm - 1), at(2 * calm), at(4 * calm)],
        [1_800, 1_800, 900, 225]
    );
    assert_eq!(at(RATE_ONE), 225);
    assert_eq!(tick_interval(3, calm, RATE_ONE), 1);
}
