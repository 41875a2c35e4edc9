//! A limit on how much may pass in a while.

use ballast_risk::RiskError;
use ballast_risk::window::Bucket;
use proptest::prelude::*;

const DAY: u32 = 86_400;

#[test]
fn the_limit_passes_at_once_and_then_no_unit_more() {
    let full = Bucket::default().pass(1_000, 1_000, DAY, 5).unwrap().expect("inside the limit");
    assert_eq!(full.pass(1, 1_000, DAY, 5), Ok(None));
    assert_eq!(Bucket::default().pass(1_001, 1_000, DAY, 5), Ok(None));
}

#[test]
fn half_a_window_later_half_of_it_passes() {
    let full = Bucket { used: 1_000, time: 0 };
    let later = full.pass(500, 1_000, DAY, 43_200).unwrap().expect("half has leaked");
    assert_eq!(later, Bucket { used: 1_000, time: 43_200 });
    assert_eq!(full.pass(501, 1_000, DAY, 43_200), Ok(None));
}

#[test]
fn a_clock_that_runs_backwards_gives_nothing_back() {
    let full = Bucket { used: 1_000, time: 100 };
    assert_eq!(full.at(1_000, DAY, 0), Ok(full));
    assert_eq!(full.at(1_000, 0, 200), Err(RiskError::BadParameter));
}

proptest! {
    #[test]
    fn no_window_lets_more_than_twice_the_limit_pass(
        limit in 1u64..1 << 40, window in 1u32..100_000,
        steps in proptest::collection::vec((0u64..1 << 40, 0i64..10_000), 1..100),
    ) {
        let (mut bucket, mut now) = (Bucket::default(), 0i64);
        let mut passed: Vec<(i64, u128)> = Vec::new();
        for (amount, wait) in steps {
            now += wait;
            if let Some(next) = bucket.pass(amount, limit, window, now).unwrap() {
                bucket = next;
                passed.push((now, amount.into()));
            }
            let recent = passed.iter().filter(|(at, _)| now - at <= window.into());
            let sum: u128 = recent.map(|(_, amount)| amount).sum();
            prop_assert!(sum <= 2 * u128::from(limit), "{sum} of {limit}");
        }
    }

    #[test]
    fn dust_every_second_slows_the_leak_to_a_half_at_most(limit in 1u64..1 << 40, window in 1u32..100_000) {
        let mut bucket = Bucket { used: limit, time: 0 };
        for now in 1..=2 * i64::from(window) {
            bucket = bucket.at(limit, window, now).unwrap();
        }
        prop_assert_eq!(bucket.used, 0);
    }

    #[test]
    fn asking_more_often_frees_no_more(limit in 1u64..1 << 40, times in proptest::collection::vec(0i64..1_000, 1..30)) {
        let start = Bucket { used: limit, time: 0 };
        let (mut bucket, mut now) = (start, 0);
        for wait in times {
            now += wait;
            bucket = bucket.at(limit, DAY, now).unwrap();
        }
        prop_assert!(bucket.used >= start.at(limit, DAY, now).unwrap().used);
    }
}
