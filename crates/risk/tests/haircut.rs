//! Facts of the haircuts: they move by themselves, inside the bounds, and only ever the safe way.

mod common;

use ballast_risk::RiskError::BadParameter;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::haircut::{HaircutBounds, Haircuts, UNSEASONED_TAIL, haircuts};
use ballast_risk::scenario::{SCENARIOS, Tails, WORST, Z_MAX};
use common::{wide_u32, wide_u64};
use proptest::prelude::*;

fn sigma() -> impl Strategy<Value = u64> {
    prop_oneof![1..RATE_ONE / 8, 1..RATE_ONE, wide_u64().prop_map(|x| x % RATE_ONE)]
}

/// Any tails that a column can have.
fn tails() -> impl Strategy<Value = Tails> {
    let most = WORST as u32 * Z_MAX as u32;
    let one = move || prop_oneof![0..=most, 0..=40_000u32];
    (one(), one()).prop_map(|(long, short)| Tails { long, short })
}

fn bounds() -> impl Strategy<Value = HaircutBounds> {
    (1..=RATE_ONE, 1..=RATE_ONE).prop_map(|(a, b)| HaircutBounds { min: a.min(b), max: a.max(b) })
}

/// What a book of one unit of value in this asset alone is charged, long and short.
fn charged(h: &Haircuts, sigma: u64, tails: Tails) -> [u64; 2] {
    let core = |tail| if h.netted { Tails::shortfall_rate(tail, sigma) } else { 0 };
    [h.addon_long + core(tails.long), h.addon_short + core(tails.short)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn haircuts_stay_within_the_bounds(sigma in sigma(), tails in tails(), seasoned: bool, bounds in bounds()) {
        let h = haircuts(sigma, tails, seasoned, &bounds);
        prop_assert!((bounds.min..=bounds.max).contains(&h.long));
        prop_assert!((bounds.min..=bounds.max).contains(&h.short));
    }

    #[test]
    fn the_haircut_is_what_a_book_in_the_asset_alone_is_charged(
        sigma in sigma(), tails in tails(), seasoned: bool, bounds in bounds(),
    ) {
        let h = haircuts(sigma, tails, seasoned, &bounds);
        prop_assert_eq!(charged(&h, sigma, tails), [h.long, h.short]);
    }

    #[test]
    fn raising_the_least_haircut_lowers_no_charge(
        sigma in sigma(), tails in tails(), seasoned: bool, bounds in bounds(), by in 0..=RATE_ONE,
    ) {
        let raised = HaircutBounds { min: (bounds.min + by).min(bounds.max), ..bounds };
        let (before, after) = (haircuts(sigma, tails, seasoned, &bounds), haircuts(sigma, tails, seasoned, &raised));
        prop_assert_eq!(before.netted, after.netted);
        prop_assert!(after.addon_long >= before.addon_long && after.addon_short >= before.addon_short);
        prop_assert!(after.long >= before.long && after.short >= before.short);
    }

    #[test]
    fn raising_sigma_lowers_no_haircut(
        sigma in sigma(), by in 0..=RATE_ONE, tails in tails(), seasoned: bool, bounds in bounds(),
    ) {
        let before = haircuts(sigma, tails, seasoned, &bounds);
        let after = haircuts(sigma + by, tails, seasoned, &bounds);
        prop_assert!(after.long >= before.long && after.short >= before.short);
        prop_assert!(before.netted || !after.netted, "a riskier asset starts to net");
    }

    #[test]
    fn an_asset_above_its_ceiling_leaves_the_core_and_is_charged_the_ceiling(
        sigma in sigma(), tails in tails(), bounds in bounds(),
    ) {
        let own = [tails.long, tails.short].map(|tail| Tails::shortfall_rate(tail, sigma));
        let h = haircuts(sigma, tails, true, &bounds);
        prop_assert_eq!(h.netted, own.iter().all(|own| *own <= bounds.max));
        if !h.netted {
            prop_assert_eq!([h.long, h.short, h.addon_long, h.addon_short], [bounds.max; 4]);
        }
    }

    /// Loaded history never earns netting, and an empty ring is not a calm one.
    #[test]
    fn an_unseasoned_asset_never_nets_and_is_charged_no_less(
        sigma in sigma(), tails in tails(), bounds in bounds(),
    ) {
        let young = haircuts(sigma, tails, false, &bounds);
        prop_assert!(!young.netted);
        let old = haircuts(sigma, tails, true, &bounds);
        prop_assert!(!old.netted || (young.long >= old.long && young.short >= old.short));
        let least = Tails::shortfall_rate(UNSEASONED_TAIL, sigma).clamp(bounds.min, bounds.max);
        prop_assert!(young.addon_long >= least && young.addon_short >= least);
    }

    #[test]
    fn bounds_are_accepted_if_they_are_ordered_rates(min in wide_u64(), max in wide_u64()) {
        let fine = 0 < min && min <= max && max <= RATE_ONE;
        let verdict = HaircutBounds { min, max }.validate();
        prop_assert_eq!(verdict, if fine { Ok(()) } else { Err(BadParameter) });
    }

    #[test]
    fn no_input_panics(
        sigma in wide_u64(), long in wide_u32(), short in wide_u32(), seasoned: bool, min in wide_u64(), max in wide_u64(),
    ) {
        let _ = haircuts(sigma, Tails { long, short }, seasoned, &HaircutBounds { min, max });
    }
}

/// The unseasoned tail must exceed what a bell-shaped column would show: 2.34 σ at 97.5 %.
#[test]
fn the_unseasoned_tail_is_six_sigma() {
    assert_eq!(Tails::shortfall_rate(UNSEASONED_TAIL, RATE_ONE / 100), (6 * (RATE_ONE / 100)));
    assert_eq!((SCENARIOS as u64 * 25).div_ceil(1_000), WORST as u64);
}
