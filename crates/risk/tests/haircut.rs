//! Facts of the haircuts: they move by themselves, inside the bounds, and only ever the safe way.

mod common;

use ballast_risk::RiskError::BadParameter;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::haircut::{
    Drivers, HaircutBounds, Haircuts, MAX_MISSED, Seasoning, UNSEASONED_TAIL, haircuts,
};
use ballast_risk::scenario::{SCENARIOS, Tails, WORST, Z_MAX};
use ballast_risk::stress::{Shock, StressParams};
use common::{wide_u32, wide_u64};
use proptest::prelude::*;

fn rate() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..RATE_ONE / 8, 1..RATE_ONE, wide_u64().prop_map(|x| x % RATE_ONE)]
}

fn sigma() -> impl Strategy<Value = u64> {
    rate().prop_map(|sigma| sigma.max(1))
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

fn stress() -> impl Strategy<Value = StressParams> {
    let weight = prop_oneof![Just(0), Just(RATE_ONE / 4), 0..=RATE_ONE];
    (weight, 0..=RATE_ONE).prop_map(|(weight, decorrelation)| StressParams { weight, decorrelation })
}

/// Any seasoning; the edges of netting as likely as the rest.
fn seasoning() -> impl Strategy<Value = Seasoning> {
    let lived = prop_oneof![Just(0), 0u32..3_000, Just(999), Just(1_000), wide_u32()];
    let needed = prop_oneof![Just(1_000), Just(0), wide_u32()];
    let rows = prop_oneof![3 => Just(SCENARIOS as u32), 1 => 0..SCENARIOS as u32];
    let missed = prop_oneof![Just(0), 0..2 * MAX_MISSED, Just(MAX_MISSED), Just(MAX_MISSED + 1)];
    (lived, needed, rows, missed).prop_map(|(lived, needed, rows, missed)| Seasoning {
        lived,
        needed,
        rows,
        missed,
    })
}

/// A seasoned asset.
fn seasoned() -> impl Strategy<Value = Drivers> {
    (sigma(), rate(), tails(), rate(), rate(), rate(), rate()).prop_map(
        |(sigma, expected, tails, long, short, liquidity_long, liquidity_short)| Drivers {
            sigma,
            expected,
            tails,
            shock: Shock { long, short },
            liquidity_long,
            liquidity_short,
            seasoning: Seasoning::FULL,
        },
    )
}

fn drivers() -> impl Strategy<Value = Drivers> {
    (seasoned(), prop_oneof![Just(Seasoning::FULL), seasoning()])
        .prop_map(|(drivers, seasoning)| Drivers { seasoning, ..drivers })
}

/// What the joint core charges a book of one unit of value in this asset alone, long and short.
fn core(d: &Drivers, stress: &StressParams) -> [u64; 2] {
    let of = |tail, shock| stress.blend(Tails::shortfall_rate(tail, d.sigma), shock).unwrap();
    [of(d.tails.long, d.shock.long), of(d.tails.short, d.shock.short)]
}

/// What lies on top of the core, before floor and ceiling.
fn particular(d: &Drivers, stress: &StressParams) -> [u64; 2] {
    let (now, then) = (core(d, stress), core(&Drivers { sigma: d.sigma.max(d.expected), ..*d }, stress));
    [then[0] - now[0] + d.liquidity_long, then[1] - now[1] + d.liquidity_short]
}

fn sides(h: &Haircuts) -> [u64; 2] {
    [h.long, h.short]
}

fn addons(h: &Haircuts) -> [u64; 2] {
    [h.addon_long, h.addon_short]
}

/// Whether the second charges no less than the first, on either side, and nets no more.
fn no_less(before: &Haircuts, after: &Haircuts) -> bool {
    after.long >= before.long && after.short >= before.short && (before.netted || !after.netted)
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn haircuts_stay_within_the_bounds(d in drivers(), stress in stress(), bounds in bounds()) {
        let h = haircuts(&d, &stress, &bounds);
        for haircut in sides(&h) {
            prop_assert!((bounds.min..=bounds.max).contains(&haircut));
        }
    }

    #[test]
    fn the_haircut_is_what_a_book_in_the_asset_alone_is_charged(d in drivers(), stress in stress(), bounds in bounds()) {
        let h = haircuts(&d, &stress, &bounds);
        let core = if h.netted { core(&d, &stress) } else { [0; 2] };
        prop_assert_eq!([core[0] + h.addon_long, core[1] + h.addon_short], sides(&h));
    }

    /// Nothing that is particular to an asset can be netted away: all of it is in the add-on.
    #[test]
    fn the_addon_is_what_is_particular_and_what_the_floor_lacks(d in seasoned(), stress in stress(), bounds in bounds()) {
        let h = haircuts(&d, &stress, &bounds);
        let (core, particular) = (core(&d, &stress), particular(&d, &stress));
        let expected = [0, 1].map(|side| particular[side].max(bounds.min.saturating_sub(core[side])));
        prop_assert_eq!(h.netted, (0..2).all(|side| core[side] + expected[side] <= bounds.max));
        if h.netted {
            prop_assert_eq!(addons(&h), expected);
        }
    }

    #[test]
    fn raising_the_least_haircut_lowers_no_charge(
        d in drivers(), stress in stress(), bounds in bounds(), by in 0..=RATE_ONE,
    ) {
        let raised = HaircutBounds { min: (bounds.min + by).min(bounds.max), ..bounds };
        let (before, after) = (haircuts(&d, &stress, &bounds), haircuts(&d, &stress, &raised));
        prop_assert_eq!(before.netted, after.netted);
        prop_assert!(after.addon_long >= before.addon_long && after.addon_short >= before.addon_short);
        prop_assert!(no_less(&before, &after));
    }

    #[test]
    fn raising_sigma_lowers_no_haircut(d in drivers(), by in 0..=RATE_ONE, stress in stress(), bounds in bounds()) {
        let after = haircuts(&Drivers { sigma: d.sigma + by, ..d }, &stress, &bounds);
        prop_assert!(no_less(&haircuts(&d, &stress, &bounds), &after));
    }

    #[test]
    fn raising_any_other_driver_lowers_no_haircut(d in drivers(), by in 1..=RATE_ONE, which in 0..5, stress in stress(), bounds in bounds()) {
        let mut worse = d;
        *match which {
            0 => &mut worse.expected,
            1 => &mut worse.shock.long,
            2 => &mut worse.shock.short,
            3 => &mut worse.liquidity_long,
            _ => &mut worse.liquidity_short,
        } += by;
        let (before, after) = (haircuts(&d, &stress, &bounds), haircuts(&worse, &stress, &bounds));
        prop_assert!(no_less(&before, &after));
        // And it is felt where neither bound binds.
        let free = HaircutBounds { min: 1, max: u64::MAX };
        if which == 3 && d.seasoning.nets() {
            let (before, after) = (haircuts(&d, &stress, &free), haircuts(&worse, &stress, &free));
            prop_assert!(after.addon_long + 1 >= before.addon_long + by && after.addon_short == before.addon_short);
        }
    }

    #[test]
    fn raising_the_weight_of_stress_lowers_no_haircut(d in drivers(), stress in stress(), by in 0..=RATE_ONE, bounds in bounds()) {
        let heavier = StressParams { weight: (stress.weight + by).min(RATE_ONE), ..stress };
        prop_assert!(no_less(&haircuts(&d, &stress, &bounds), &haircuts(&d, &heavier, &bounds)));
    }

    #[test]
    fn what_is_expected_below_sigma_changes_nothing(d in drivers(), share in 0.0f64..=1.0, stress in stress(), bounds in bounds()) {
        let calm = Drivers { expected: (d.sigma as f64 * share) as u64, ..d };
        let none = Drivers { expected: 0, ..d };
        prop_assert_eq!(haircuts(&calm, &stress, &bounds), haircuts(&none, &stress, &bounds));
    }

    #[test]
    fn an_asset_above_its_ceiling_leaves_the_core_and_is_charged_the_ceiling(
        d in seasoned(), stress in stress(), bounds in bounds(),
    ) {
        let free = haircuts(&d, &stress, &HaircutBounds { max: u64::MAX, ..bounds });
        let h = haircuts(&d, &stress, &bounds);
        prop_assert!(free.netted);
        prop_assert_eq!(h.netted, sides(&free).iter().all(|own| *own <= bounds.max));
        if !h.netted {
            prop_assert_eq!([h.long, h.short, h.addon_long, h.addon_short], [bounds.max; 4]);
        }
    }

    /// Loaded history never earns netting, an empty row is not a calm hour, and absence is not age.
    #[test]
    fn an_asset_nets_when_it_has_lived_and_its_column_is_full_and_it_has_not_been_away(s in seasoning()) {
        let full = s.rows >= SCENARIOS as u32;
        prop_assert_eq!(s.nets(), s.lived >= s.needed && full && s.missed <= MAX_MISSED);
    }

    #[test]
    fn an_unseasoned_asset_never_nets_and_is_charged_no_less(
        d in seasoned(), s in seasoning(), stress in stress(), bounds in bounds(),
    ) {
        let s = if s.nets() { Seasoning { missed: MAX_MISSED + 1, ..s } } else { s };
        let young = haircuts(&Drivers { seasoning: s, ..d }, &stress, &bounds);
        prop_assert!(!young.netted);
        prop_assert_eq!(addons(&young), sides(&young));
        let old = haircuts(&d, &stress, &bounds);
        prop_assert!(!old.netted || (young.long >= old.long && young.short >= old.short));
    }

    /// An empty ring is not a calm one: who has lived for nothing is charged the prior, whatever its column says.
    #[test]
    fn an_asset_that_has_not_lived_or_was_away_is_charged_the_prior(
        d in seasoned(), s in seasoning(), away: bool, stress in stress(), bounds in bounds(),
    ) {
        let s = if away {
            Seasoning { missed: s.missed.max(MAX_MISSED + 1), ..s }
        } else {
            Seasoning { lived: 0, needed: s.needed.max(1), ..s }
        };
        let young = haircuts(&Drivers { seasoning: s, ..d }, &stress, &bounds);
        let least = Tails::shortfall_rate(UNSEASONED_TAIL, d.sigma).clamp(bounds.min, bounds.max);
        prop_assert!(young.addon_long >= least && young.addon_short >= least);
    }

    #[test]
    fn the_prior_gives_way_to_the_own_tail_as_the_asset_lives(own in tails(), s in seasoning(), more in 0u32..2_000) {
        let own = own.long;
        let s = Seasoning { missed: s.missed.min(MAX_MISSED), ..s };
        let later = Seasoning { lived: s.lived.saturating_add(more), ..s };
        prop_assert!(s.tail(own) >= own && s.tail(own) <= own.max(UNSEASONED_TAIL));
        prop_assert!(later.tail(own) <= s.tail(own), "older and riskier");
        if s.needed > 0 {
            // What is known is the life it has had or the column it has filled, whichever is less.
            let filled = f64::from(s.rows.min(SCENARIOS as u32)) / SCENARIOS as f64;
            let share = (f64::from(s.lived.min(s.needed)) / f64::from(s.needed)).min(filled);
            let step = f64::from(own.max(UNSEASONED_TAIL) - own) / f64::from(s.needed);
            let exact = f64::from(own) * share + f64::from(own.max(UNSEASONED_TAIL)) * (1.0 - share);
            prop_assert!((f64::from(s.tail(own)) - exact).abs() <= 1.0 + step, "{} for {}", s.tail(own), exact);
            prop_assert_eq!(Seasoning { lived: s.needed, rows: SCENARIOS as u32, ..s }.tail(own), own);
        }
    }

    #[test]
    fn bounds_are_accepted_if_they_are_ordered_rates(min in wide_u64(), max in wide_u64()) {
        let fine = 0 < min && min <= max && max <= RATE_ONE;
        let verdict = HaircutBounds { min, max }.validate();
        prop_assert_eq!(verdict, if fine { Ok(()) } else { Err(BadParameter) });
    }

    #[test]
    fn no_input_panics(
        [sigma, expected, fall, rise, liquidity_long, liquidity_short, min, max] in prop::array::uniform8(wide_u64()),
        [long, short, lived, needed, rows, missed] in prop::array::uniform6(wide_u32()),
        weight in wide_u64(), decorrelation in wide_u64(),
    ) {
        let d = Drivers {
            sigma,
            expected,
            tails: Tails { long, short },
            shock: Shock { long: fall, short: rise },
            liquidity_long,
            liquidity_short,
            seasoning: Seasoning { lived, needed, rows, missed },
        };
        let _ = haircuts(&d, &StressParams { weight, decorrelation }, &HaircutBounds { min, max });
    }
}

/// The unseasoned tail must exceed what a bell-shaped column would show: 2.34 σ at 97.5 %.
#[test]
fn the_unseasoned_tail_is_six_sigma() {
    assert_eq!(Tails::shortfall_rate(UNSEASONED_TAIL, RATE_ONE / 100), (6 * (RATE_ONE / 100)));
    assert_eq!((SCENARIOS as u64 * 25).div_ceil(1_000), WORST as u64);
}
