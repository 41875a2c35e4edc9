//! What a market's two largest accounts could leave unpaid.

use ballast_risk::cover::{REPORT_LASTS_S, Report, is_covered, shortfall, take};
use proptest::prelude::*;

fn report(account: u8, shortfall: u64, time: i64) -> Report<u8> {
    Report { account, shortfall, time }
}

#[test]
fn a_shortfall_is_what_stress_takes_beyond_equity() {
    assert_eq!([shortfall(10, 4), shortfall(4, 10), shortfall(4, -3)], [6, 0, 7]);
    assert_eq!(shortfall(u64::MAX, i64::MIN), u64::MAX);
}

#[test]
fn a_report_takes_the_place_of_the_one_before() {
    let mut largest = [report(1, 50, 0), report(2, 70, 0)];
    assert!(take(&mut largest, report(1, 20, 1)), "down as well as up");
    assert_eq!(largest.map(|r| r.shortfall).iter().sum::<u64>(), 90);
    assert!(!take(&mut largest, report(3, 20, 1)), "not more than the second");
    assert!(!take(&mut largest, report(2, 0, 2)), "who closed is forgotten");
    assert_eq!(largest.map(|r| r.shortfall).iter().sum::<u64>(), 20);
}

#[test]
fn what_nobody_repeats_is_forgotten() {
    let mut largest = [report(1, 50, 0), report(2, 70, 10)];
    take(&mut largest, report(3, 1, REPORT_LASTS_S + 1));
    assert_eq!(largest.map(|r| r.shortfall).iter().sum::<u64>(), 71);
}

proptest! {
    #[test]
    fn the_two_largest_are_kept(reports in proptest::collection::vec((1u8..6, 1u64..1_000), 1..40)) {
        let mut largest = [Report::default(); 2];
        let mut last = [0u64; 6];
        for (account, loss) in reports {
            take(&mut largest, report(account, loss, 1));
            last[usize::from(account)] = loss;
            // Whoever fell out is known again once it is reported: here everybody is, as anybody may.
            for (other, loss) in last.iter().enumerate().filter(|(_, loss)| **loss != 0) {
                take(&mut largest, report(other as u8, *loss, 1));
            }
            let mut sorted = last;
            sorted.sort_unstable();
            let kept = largest[0].shortfall + largest[1].shortfall;
            prop_assert_eq!(kept, sorted[5] + sorted[4]);
            prop_assert!(is_covered(&largest, kept) && (kept == 0 || !is_covered(&largest, kept - 1)));
        }
    }
}
