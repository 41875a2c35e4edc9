//! Facts of the breaker: what is acted upon, what is held, and how a state ends.

use ballast_risk::breaker::{
    Agreement, Breaker, CONTINUOUS, Cause, Limits, State, Timed, Trend, Verdict, aggregate, redemption,
};
use ballast_risk::fixed::{RATE_ONE, rate_from_bps};
use ballast_risk::price::Price;
use proptest::prelude::*;

const LIMITS: Limits = Limits {
    max_move_bps: 500,
    max_age_s: 60,
    max_jump_bps: 2_000,
    consistent: 3,
    confirm_s: 15,
    recovery_s: 15,
};

/// A house of one per cent: three samples confirm a step in three seconds, a jump in a minute.
const CLOSE: Limits = Limits {
    max_move_bps: 100,
    max_age_s: 60,
    max_jump_bps: 3_000,
    consistent: 3,
    confirm_s: 3,
    recovery_s: 60,
};

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
        let Verdict::Take(price) = self.breaker.judge(&self.limits, &self.accepted, &sample) else {
            return false;
        };
        self.accepted = Timed { price, time };
        let stable = self.stable.unwrap_or(price);
        self.breaker.review(&self.limits, before, &self.accepted, &stable, false);
        true
    }

    /// A house of one per cent.
    fn close(dollars: f64) -> Self {
        Self { limits: CLOSE, ..Self::at(dollars) }
    }

    /// One of one per cent in which a fall of two per cent a second is believed: it is at 90 after the fifth second.
    fn falling() -> Self {
        let mut w = Self::close(100.0);
        let taken: Vec<bool> = (1..=6).map(|s| w.hears(s, 100.0 - 2.0 * s as f64)).collect();
        assert_eq!(taken, [false, false, false, true, true, true]);
        assert_eq!(
            (w.state(), w.breaker.trend, w.accepted.price),
            (State::Guarded, Trend::Falling, price(90.0))
        );
        w
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

/// 10 October 2025: no sample lies within the limit of the one before, and each says more than it.
#[test]
fn a_fall_that_goes_on_confirms_itself() {
    let mut w = World::close(100.0);
    assert!(!w.hears(1, 98.0) && !w.hears(2, 96.0) && !w.hears(3, 94.0));
    assert_eq!(w.state(), State::Doubted);
    assert!(w.hears(4, 92.0), "three samples went on");
    assert_eq!((w.state(), w.accepted.price), (State::Guarded, price(98.0)), "all four say at least this");
    for second in 5..=30 {
        let dollars = 100.0 - 2.0 * f64::from(second);
        assert!(w.hears(second.into(), dollars));
        assert_eq!(
            (w.state(), w.accepted.price),
            (State::Guarded, price(dollars + 2.0)),
            "one sample behind"
        );
    }
    assert!(w.hears(31, 40.0) && w.hears(32, 40.0));
    assert_eq!(w.accepted.price, price(40.0), "and there when it ends");
}

#[test]
fn a_rise_that_goes_on_confirms_itself() {
    let mut w = World::close(100.0);
    assert!(!w.hears(1, 102.0) && !w.hears(2, 104.0) && !w.hears(3, 106.0));
    assert!(w.hears(4, 108.0) && w.accepted.price == price(102.0));
    assert!(w.hears(5, 110.0) && w.accepted.price == price(108.0));
    assert_eq!(w.breaker.trend, Trend::Rising);
}

#[test]
fn what_is_taken_is_the_nearest_of_the_samples_that_agree() {
    let mut w = World::close(100.0);
    assert!(!w.hears(1, 97.0) && !w.hears(2, 97.5) && !w.hears(3, 91.0));
    assert!(w.hears(4, 86.0));
    assert_eq!(w.accepted.price, price(97.5));
}

#[test]
fn a_jump_is_confirmed_by_a_level_that_lasts() {
    let mut w = World::close(100.0);
    for second in 1..=60 {
        assert!(!w.hears(second, 40.0), "{second}");
    }
    assert_eq!((w.state(), w.breaker.trend), (State::Doubted, Trend::Jumped));
    assert!(w.hears(61, 40.0));
}

#[test]
fn a_ramp_that_ends_in_a_jump_confirms_the_ramp_at_most() {
    let mut w = World::close(100.0);
    assert!(!w.hears(1, 98.0) && !w.hears(2, 96.0));
    for second in 3..=62 {
        assert!(!w.hears(second, 30.0), "the jump starts anew, {second}");
    }
}

#[test]
fn a_spike_that_reverts_confirms_nothing() {
    for back in [[94.0, 96.0, 97.5, 98.8], [95.0, 100.0, 95.0, 100.0], [92.0, 102.0, 98.0, 103.0]] {
        let mut w = World::close(100.0);
        for (second, dollars) in (1..).zip([93.0].into_iter().chain(back)) {
            w.hears(second, dollars);
            assert_eq!(w.accepted.price.simple_return(&price(100.0)).map(|r| r == 0), Ok(true), "{dollars}");
        }
    }
}

#[test]
fn what_reverted_is_trusted_again_as_soon_as_a_move_is_confirmed() {
    for spike in [97.0, 5.0, 300.0] {
        let mut w = World::close(100.0);
        assert!(!w.hears(1, spike) && w.hears(2, 100.0));
        assert_eq!(w.state(), State::Doubted);
        assert!(w.hears(3, 100.0) && w.hears(4, 100.0));
        assert_eq!(w.state(), State::Doubted);
        assert!(w.hears(5, 100.0));
        assert_eq!(w.state(), State::Guarded, "the old level was confirmed");
        assert!((6..65).all(|second| w.hears(second, 100.0)) && w.state() == State::Guarded);
        assert!(w.hears(65, 100.0) && w.state() == State::Normal, "and this takes as long as ever");
    }
}

#[test]
fn a_lone_spike_in_a_trend_is_not_acted_upon() {
    for spike in [0.01, 40.0, 84.0, 89.5, 91.5, 95.0, 99.0, 1e6] {
        let mut w = World::falling();
        w.hears(7, spike);
        let honest = w.accepted.price;
        assert!(
            honest == price(90.0) || honest == price(88.0) || honest == price(89.5),
            "{spike}: {honest:?}"
        );
        for (second, dollars) in [(8, 84.0), (9, 82.0), (10, 80.0), (11, 78.0), (12, 76.0)] {
            w.hears(second, dollars);
            let now = w.accepted.price;
            assert!(!now.is_below(&price(dollars)) && !price(91.0).is_below(&now), "{spike} at {second}");
        }
    }
}

#[test]
fn a_jump_and_a_step_against_it_end_a_trend() {
    for (end, trend) in [(60.0, Trend::Jumped), (96.0, Trend::Moved), (150.0, Trend::Jumped)] {
        let mut w = World::falling();
        assert!(!w.hears(7, end));
        assert_eq!((w.state(), w.breaker.trend), (State::Doubted, trend));
    }
    let mut w = World::falling();
    w.breaker.refuse(Cause::WideConfidence, 7);
    assert_eq!((w.state(), w.breaker.trend), (State::Doubted, Trend::None));
}

#[test]
fn a_trend_is_over_when_nothing_went_on_for_the_recovery_time() {
    let (mut on, mut over) = (World::falling(), World::falling());
    assert!(on.hears(7, 88.0) && on.hears(8, 88.0) && !on.hears(66, 86.0));
    assert_eq!(on.state(), State::Guarded, "fifty-nine seconds after its last step");
    assert!(on.hears(67, 84.0) && on.accepted.price == price(86.0));
    assert!(over.hears(7, 88.0) && over.hears(8, 88.0) && !over.hears(68, 86.0));
    assert_eq!(over.state(), State::Doubted, "and after more than sixty");
}

/// Or a feed whose confidence gave it away would be believed by moving far enough.
#[test]
fn what_the_sources_objected_to_is_not_hastened_by_a_move() {
    let mut w = World::close(100.0);
    w.breaker.refuse(Cause::WideConfidence, 1);
    for second in 2..62 {
        assert!(!w.hears(second, 98.0), "{second}");
    }
    assert!(w.hears(62, 98.0));
    w.breaker.refuse(Cause::WideConfidence, 63);
    assert!((64..123).all(|second| w.hears(second, 98.0) && w.state() == State::Doubted));
    assert!(w.hears(123, 98.0) && w.state() == State::Guarded);
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
    assert_eq!(breaker.judge(&LIMITS, &Timed::default(), &first), Verdict::Take(first.price));
}

fn limits() -> impl Strategy<Value = Limits> {
    (1u32..10_000, 1u32..600, 1u32..1_000_000, 1u32..=32, 0u32..=600, 0u32..=3_000).prop_map(
        |(max_move_bps, max_age_s, max_jump_bps, consistent, confirm_s, more)| Limits {
            max_move_bps,
            max_age_s,
            max_jump_bps,
            consistent,
            confirm_s,
            recovery_s: confirm_s + more,
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
                let jumped = w.limits.largest_move(trip) * CONTINUOUS < rate_from_bps(9_000);
                let least = if jumped { limits.recovery_s } else { limits.confirm_s };
                prop_assert!(time - trip >= i64::from(least));
                prop_assert!(k + 1 >= limits.consistent as usize);
                break;
            }
        }
    }

    /// The same for a step that goes on: neither before the confirmation time nor on fewer samples; and once it is
    /// believed, no more than one step of it for every slot of that time.
    #[test]
    fn poking_does_not_hasten_a_fall(
        limits in limits(),
        rate in 101u64..700,
        gaps in prop::collection::vec(1i64..30, 1..300),
    ) {
        let limits = Limits { max_move_bps: limits.max_move_bps.min(100), max_age_s: 1_000_000, ..limits };
        let step = 1.0 - f64::from(limits.max_move_bps) * rate as f64 / 1e6;
        let spacing = i64::from(limits.confirm_s.div_ceil(limits.consistent));
        let mut w = World { limits, ..World::at(1e6) };
        w.stable = Some(price(1e9));
        let (mut time, mut dollars, mut heard, mut last) = (0, 1e6, 0, 0);
        for gap in gaps {
            (time, dollars, heard) = (time + gap, dollars * step, heard + 1);
            let (before, pending) = (w.accepted.price, w.breaker.nearest);
            if dollars < 1.0 || !w.hears(time, dollars) || w.accepted.price == before {
                continue;
            }
            let least = if last == 0 { i64::from(limits.confirm_s).max(i64::from(limits.consistent)) } else { spacing };
            prop_assert!(time - last >= least, "at {} after {}", time, last);
            prop_assert!(last != 0 || heard > limits.consistent);
            prop_assert_eq!(w.accepted.price, pending, "what all say that agreed");
            last = time;
        }
    }

    /// A fall beyond the limit in every sample is confirmed by the sample after the N-th, and then followed one behind.
    #[test]
    fn a_monotone_fall_is_confirmed_and_followed(
        limits in limits(),
        steps in prop::collection::vec(101u64..780, 40..80),
    ) {
        let limits = Limits { max_move_bps: limits.max_move_bps.min(100), confirm_s: 0, ..limits };
        let mut w = World { limits, ..World::at(1e6) };
        w.stable = Some(price(1e9));
        let (mut dollars, mut said) = (1e6, vec![]);
        for (k, rate) in steps.iter().enumerate() {
            dollars *= 1.0 - f64::from(limits.max_move_bps) * *rate as f64 / 1e6;
            said.push(price(dollars));
            let taken = w.hears(k as i64 + 1, dollars);
            let n = limits.consistent as usize;
            prop_assert_eq!(taken, k >= n, "sample {}", k);
            if k >= n {
                prop_assert_eq!(w.accepted.price, said[if k == n { 0 } else { k - 1 }]);
                prop_assert_eq!(w.state(), State::Guarded);
            }
        }
    }

    /// Whatever is said: a price beyond the limit is taken only where two samples at least say as much of it, and N + 1
    /// where nothing goes on. No lone sample of any size is ever acted upon.
    #[test]
    fn nothing_larger_than_the_envelope_is_acted_upon_on_the_word_of_one(
        limits in limits(),
        start in 1_000.0f64..2_000.0,
        said in prop::collection::vec((1i64..20, prop_oneof![3 => 0.9f64..1.02, 1 => 0.01f64..100.0], 0u8..20), 1..300),
    ) {
        let limits = Limits { max_move_bps: limits.max_move_bps.min(300), ..limits };
        let mut w = World { limits, ..World::at(start) };
        let (mut time, mut truth, mut held) = (0, start, vec![]);
        for (gap, step, lot) in said {
            time += gap;
            if lot == 0 {
                w.breaker.refuse(Cause::WideConfidence, time);
                held.clear();
                continue;
            }
            // A step of the market, or a lie after which it is where it was.
            let dollars = (truth * step).clamp(0.01, 1e6);
            truth = if (0.9..1.02).contains(&step) { dollars } else { truth };
            let (before, ongoing) = (w.accepted, matches!(w.breaker.trend, Trend::Falling | Trend::Rising));
            held.push(price(dollars));
            if !w.hears(time, dollars) {
                continue;
            }
            let limit = limits.largest_move(time - before.time);
            let moved = w.accepted.price.simple_return(&before.price).expect("both set");
            if moved.unsigned_abs() > limit {
                let near = |p: &Price| w.accepted.price.simple_return(p).expect("set").unsigned_abs() <= limit;
                let beyond = |p: &Price| if moved < 0 { p.is_below(&w.accepted.price) } else { w.accepted.price.is_below(p) };
                let as_much = held.iter().filter(|p| near(p) || beyond(p)).count();
                let needed = if ongoing { 2 } else { limits.consistent as usize + 1 };
                prop_assert!(as_much >= needed, "moved {} on the word of {} of {:?}", moved, as_much, held);
            }
            held = vec![price(dollars)];
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
