//! The order of the waterfall.

use ballast_risk::waterfall::{Split, asked_of_slice, split};
use proptest::prelude::*;

#[test]
fn one_purse_is_opened_when_the_one_before_is_empty() {
    let parts = |insurance, slice, socialised, left| Split { insurance, slice, socialised, left };
    assert_eq!(split(100, 500, 500, 500), parts(100, 0, 0, 0));
    assert_eq!(split(100, 60, 500, 500), parts(60, 40, 0, 0));
    assert_eq!(split(100, 60, 30, 500), parts(60, 30, 10, 0));
    assert_eq!(split(100, 60, 30, 34), parts(60, 30, 4, 6));
    // Slice and other side together pay no more than the position owes.
    assert_eq!(split(100, 60, 30, 4), parts(60, 4, 0, 36));
    assert_eq!(
        (asked_of_slice(100, 60, 4), asked_of_slice(100, 60, 50), asked_of_slice(9, 60, 50)),
        (4, 40, 0)
    );
    assert_eq!(split(100, 0, 0, 0), parts(0, 0, 0, 100));
}

proptest! {
    #[test]
    fn the_parts_sum_to_the_deficit(d in any::<u64>(), i in any::<u64>(), s in any::<u64>(), u in any::<u64>()) {
        let p = split(d, i, s, u);
        prop_assert_eq!(u128::from(p.insurance) + u128::from(p.slice) + u128::from(p.socialised) + u128::from(p.left), u128::from(d));
        prop_assert!(p.insurance <= i && p.slice <= s);
        prop_assert!(u128::from(p.slice) + u128::from(p.socialised) <= u128::from(u));
        prop_assert_eq!(split(d, i, s.min(asked_of_slice(d, i, u)), u), p);
    }
}
