//! Facts of the breaker: what is acted upon, what is held, and how a state ends.

use ballast_risk::breaker::{
    Agreement, Breaker, Cause, Limits, State, Timed, Verdict, aggregate, redemption,
};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::price::Price;
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { max_move_bps: 500, max_age_s: 60, max_jump_bps: 2_000, consistent: 3, recovery_s: 15 };

fn price(dollars: f64) -> Price {
    Price::from_decimal((dollars * 1e8).round() as i64, -8, 9).expect("a price")
}

/// A breaker, the last accepted price, and a stable price that stays where it is told to.
struct World {
    breaker: Breaker,
    accepted: Timed,
    stable: Option<Price>,
    limits: Limits,
}

impl World {
    fn at(dollars: f64) -> Self {
        let accepted = Timed { price: price(dollars), time: 0 };
        Self { breaker: Breaker::default(), accepted, stable: None, limits: LIMITS }
    }

    /// Hears a price; returns whether it was taken. The stable price follows at once unless it was fixed.
    fn hears(&mut self, time: i64, dollars: f64) -> bool {
        let (before, sample) = (self.breaker.state, Timed { price: price(dollars), time });
        let taken = self.breaker.judge(&self.limits, &self.accepted, &sample) == Verdict::Take;
        if taken {
            self.accepted = sample;
            let stable = self.stable.unwrap_or(sample.price);
            self.breaker.review(&self.limits, before, &sample, &stable, false);
        }
        taken
    }

    fn state(&self) -> State {
        self.breaker.state
    }
}

#[test]
fn a_move_within_the_envelope_is_taken_at_once() {
    let mut w = World::at(100.0);
    assert!(w.hears(1, 104.9) && w.hears(2, 100.0) && w.hears(3, 95.1));
    assert_eq!(w.state(), State::Normal);
}

#[test]
fn a_larger_one_waits_until_it_is_confirmed() {
    let mut w = World::at(100.0);
    assert!(!w.hears(10, 40.0), "minus 60 % in one step");
    assert_eq!(w.state(), State::Doubted);
    assert!(!w.hears(15, 40.5) && !w.hears(20, 39.5));
    assert!(w.hears(25, 40.0), "the third that agrees, after the recovery time");
    assert_eq!((w.state(), w.accepted.price), (State::Guarded, price(40.0)));
    assert!(w.hears(30, 40.0) && w.hears(35, 40.0));
    assert_eq!(w.state(), State::Guarded);
    assert!(w.hears(40, 40.0));
    assert_eq!(w.state(), State::Normal);
}

#[test]
fn a_spike_is_never_acted_upon() {
    let mut w = World::at(42_000.0);
    assert!(!w.hears(10, 5_402.0));
    assert!(w.hears(15, 42_010.0), "the old level is the price that was never left");
    assert_eq!(w.state(), State::Doubted, "and is trusted again after a while");
    assert!(w.hears(20, 42_000.0) && w.hears(25, 42_000.0) && w.hears(30, 42_000.0));
    assert_eq!(w.state(), State::Guarded);
}

#[test]
fn what_agreed_with_a_spike_does_not_count_for_the_old_level() {
    let mut w = World::at(100.0);
    assert!(!w.hears(10, 50.0) && !w.hears(15, 50.0) && !w.hears(20, 50.0));
    assert!(w.hears(25, 100.0));
    assert_eq!((w.state(), w.breaker.consistent), (State::Doubted, 0));
}

#[test]
fn a_feed_that_jumps_about_is_never_confirmed() {
    let mut w = World::at(100.0);
    for step in 1..100 {
        assert!(!w.hears(10 * step, if step % 2 == 0 { 50.0 } else { 200.0 }));
    }
    assert_eq!(w.state(), State::Doubted);
}

/// LUNA, May 2022: from 60 dollars to nothing in three days, by steps inside the envelope.
#[test]
fn a_slow_crash_is_taken_all_the_way() {
    let mut w = World::at(60.0);
    w.stable = Some(price(60.0));
    let (mut dollars, mut time) = (60.0, 0);
    while dollars > 0.001 {
        (dollars, time) = (dollars * 0.96, time + 60);
        assert!(w.hears(time, dollars), "at {dollars}");
        assert!(w.state() <= State::Guarded);
    }
    assert_eq!(w.state(), State::Guarded, "far from the stable price");
}

/// Steps beyond the envelope, minute after minute: whoever refreshes every few seconds finds steps inside it.
#[test]
fn a_fast_crash_is_followed_by_whoever_looks_often() {
    let mut w = World::at(100.0);
    let mut dollars = 100.0;
    for second in 1..=60 {
        dollars *= 0.4f64.powf(1.0 / 60.0);
        assert!(w.hears(second, dollars));
    }
}

#[test]
fn no_price_halts_and_wide_confidence_doubts() {
    let mut w = World::at(100.0);
    assert_eq!(w.breaker.refuse(Cause::WideConfidence, 10), Verdict::Hold(Cause::WideConfidence));
    assert_eq!(w.state(), State::Doubted);
    w.breaker.refuse(Cause::BadPrice, 11);
    assert_eq!(w.state(), State::Halted);
    w.breaker.refuse(Cause::SourcesApart, 12);
    assert_eq!(w.state(), State::Halted, "a milder objection does not help");
    let states: Vec<State> = (1..=9)
        .map(|k| {
            assert!(w.hears(12 + 5 * k, 100.0));
            w.state()
        })
        .collect();
    assert_eq!(states[1..3], [State::Halted, State::Doubted]);
    assert_eq!(states[4..6], [State::Doubted, State::Guarded]);
    assert_eq!(states[7..9], [State::Guarded, State::Normal]);
}

#[test]
fn a_guard_ends_nearer_than_where_it_began() {
    let mut w = World::at(100.0);
    w.stable = Some(price(100.0));
    for (time, dollars) in [(1, 105.0), (2, 110.0), (3, 115.0), (4, 120.1)] {
        w.hears(time, dollars);
    }
    assert_eq!(w.state(), State::Guarded);
    for k in 1..50 {
        w.hears(4 + 10 * k, 116.0);
        assert_eq!(w.state(), State::Guarded, "sixteen per cent is not three quarters of twenty");
    }
    for k in 50..54 {
        w.hears(4 + 10 * k, 114.9);
    }
    assert_eq!(w.state(), State::Normal);
}

#[test]
fn a_haircut_above_its_maximum_guards() {
    let mut breaker = Breaker::default();
    let spot = Timed { price: price(100.0), time: 5 };
    let cause = breaker.review(&LIMITS, State::Normal, &spot, &spot.price, true);
    assert_eq!((breaker.state, cause), (State::Guarded, Cause::Haircut));
}

#[test]
fn the_first_price_is_taken() {
    let mut breaker = Breaker::default();
    let first = Timed { price: price(1.0), time: 1 };
    assert_eq!(breaker.judge(&LIMITS, &Timed::default(), &first), Verdict::Take);
}

fn limits() -> impl Strategy<Value = Limits> {
    (1u32..10_000, 1u32..600, 1u32..1_000_000, 1u32..=32, 0u32..=3_600).prop_map(
        |(max_move_bps, max_age_s, max_jump_bps, consistent, recovery_s)| Limits {
            max_move_bps,
            max_age_s,
            max_jump_bps,
            consistent,
            recovery_s,
        },
    )
}

proptest! {
    /// However often a new level is confirmed, and in whatever rhythm, it is acted upon neither before the recovery
    /// time is over nor on fewer samples than are asked for.
    #[test]
    fn poking_does_not_hasten_recovery(limits in limits(), gaps in prop::collection::vec(1i64..100, 1..400)) {
        let mut w = World { limits: Limits { max_move_bps: limits.max_move_bps.min(4_000), ..limits }, ..World::at(100.0) };
        let trip = 1;
        prop_assert!(!w.hears(trip, 10.0));
        let mut time = trip;
        for (k, gap) in gaps.iter().enumerate() {
            time += gap;
            // Long silences let the limit grow by themselves: that is another fact.
            if w.limits.largest_move(time) >= rate_from_bps(8_000) {
                break;
            }
            if w.hears(time, 10.0) {
                prop_assert!(time - trip >= i64::from(limits.recovery_s));
                prop_assert!(k + 1 >= limits.consistent as usize);
                break;
            }
        }
    }

    /// Whatever is said: a price that is taken lies within the limit of the last one, or was confirmed.
    #[test]
    fn nothing_larger_than_the_envelope_is_acted_upon_at_once(
        limits in limits(),
        said in prop::collection::vec((1i64..120, 1.0f64..1e6, any::<bool>()), 1..200),
    ) {
        let mut w = World { limits, ..World::at(1_000.0) };
        let mut time = 0;
        let mut agreed = 0;
        for (gap, dollars, unsure) in said {
            time += gap;
            let before = w.accepted;
            if unsure {
                w.breaker.refuse(Cause::WideConfidence, time);
                agreed = 0;
            } else if w.hears(time, dollars) {
                let moved = price(dollars).simple_return(&before.price).expect("both set").unsigned_abs();
                let within = moved <= limits.largest_move(time - before.time);
                prop_assert!(within || agreed >= limits.consistent, "moved {moved} after {agreed}");
                agreed = 0;
            } else {
                prop_assert!(w.state() >= State::Doubted);
                agreed += 1;
            }
        }
    }

    #[test]
    fn the_limit_is_flat_and_then_grows_with_the_root_of_time(limits in limits(), a in 0i64..1 << 30, b in 0i64..1 << 30) {
        let (short, long) = (a.min(b), a.max(b));
        prop_assert!(limits.largest_move(short) <= limits.largest_move(long));
        prop_assert_eq!(limits.largest_move(i64::from(limits.max_age_s)), rate_from_bps(limits.max_move_bps));
        let four = limits.largest_move(4 * i64::from(limits.max_age_s));
        prop_assert_eq!(four, 2 * rate_from_bps(limits.max_move_bps));
    }

    #[test]
    fn a_median_lies_between_its_sources_whatever_their_order(
        mut said in prop::collection::vec(0.001f64..1e6, 1..=4),
        turn in 0usize..4,
    ) {
        let median = |said: &[f64]| aggregate(&said.iter().map(|d| price(*d)).collect::<Vec<_>>(), 1, 1_000_000);
        let first = median(&said);
        let at = turn % said.len();
        said.rotate_left(at);
        prop_assert_eq!(first, median(&said));
        if let Agreement::Price(p) = first {
            said.sort_by(f64::total_cmp);
            prop_assert!(!p.is_below(&price(said[0])));
            prop_assert!(!price(said[said.len() - 1]).is_below(&p));
        }
    }

    #[test]
    fn sources_are_apart_exactly_beyond_the_limit(bps in 1u32..9_000) {
        let (low, limit) = (price(1_000.0), 500);
        let high = low.scaled(RATE_ONE + rate_from_bps(bps)).expect("a price");
        let agreed = matches!(aggregate(&[low, high], 2, limit), Agreement::Price(_));
        prop_assert_eq!(agreed, bps <= limit);
    }

    #[test]
    fn redemption_falls_at_once_and_rises_slowly(before in 1u64..1 << 40, said in 1u64..1 << 40, elapsed in 0i64..1 << 40, bps in 0u32..=100) {
        let counts = redemption(before, said, elapsed, bps);
        prop_assert!(counts <= said);
        let days = (elapsed.min(3 * 86_400)) as f64 / 86_400.0;
        prop_assert!(counts as f64 <= before as f64 * (1.0 + f64::from(bps) / 1e4 * days) + 1.0);
        if said <= before {
            prop_assert_eq!(counts, said);
        }
    }
}

#[test]
fn too_few_sources_are_none() {
    assert_eq!(aggregate(&[], 0, 100), Agreement::None(Cause::TooFewSources));
    assert_eq!(aggregate(&[price(1.0)], 2, 100), Agreement::None(Cause::TooFewSources));
    assert_eq!(aggregate(&[price(1.0); 5], 2, 100), Agreement::None(Cause::TooFewSources));
}

#[test]
fn one_of_three_that_lies_is_noticed() {
    let honest = [price(1.0), price(0.999), price(0.65)];
    assert_eq!(aggregate(&honest, 2, 100), Agreement::None(Cause::SourcesApart));
}

#[test]
fn a_number_that_is_no_state_is_the_most_severe() {
    assert_eq!(
        [0, 1, 2, 3, 4, 255].map(State::of),
        [State::Normal, State::Guarded, State::Doubted, State::Halted, State::Halted, State::Halted]
    );
}
