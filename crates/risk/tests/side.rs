//! Side indexes against an exact model in rationals: nobody is given more than was promised, and what is left is dust.

use ballast_risk::RiskError;
use ballast_risk::price::Price;
use ballast_risk::side::{Index, MIN_SCALE, SCALE_ONE, Snapshot, effective, shift_for};
use proptest::prelude::*;

const SHIFT: u32 = 42;

/// A position as an account stores it.
#[derive(Clone, Copy, Debug)]
struct Held {
    base: i64,
    entry: i64,
    at: Snapshot,
}

impl Held {
    fn open(base: i64, index: &Index) -> Self {
        Self { base, entry: 0, at: index.snapshot() }
    }

    fn now(&self, index: &Index) -> (i64, i64) {
        effective(self.base, &self.at, index, SHIFT).expect("it is of this epoch or the last")
    }

    fn touch(&mut self, index: &Index) {
        let (base, given) = self.now(index);
        *self = Self { base, entry: self.entry + given, at: index.snapshot() };
    }
}

#[test]
fn a_side_that_nothing_has_happened_to_changes_nothing() {
    let index = Index::NEW;
    for base in [0, 1, -1, 1 << 58, -(1 << 58), i64::MAX] {
        assert_eq!(Held::open(base, &index).now(&index), (base, 0));
    }
}

#[test]
fn half_of_a_side_is_closed_for_what_it_is_paid() {
    let mut index = Index::NEW;
    let (a, b) = (Held::open(-600, &index), Held::open(-400, &index));
    assert_eq!(index.close(1_000, 500, -10_000, SHIFT), Ok(Some(false)));
    assert_eq!((index.scale, index.epoch), (SCALE_ONE / 2, 0));
    assert_eq!((a.now(&index), b.now(&index)), ((-300, -6_000), (-200, -4_000)));
    // Who comes later has nothing to do with it.
    let late = Held::open(-100, &index);
    assert_eq!(late.now(&index), (-100, 0));
    // A second time, of what is left: 600 with the one that came.
    assert_eq!(index.close(600, 300, 600, SHIFT), Ok(Some(false)));
    assert_eq!((a.now(&index), b.now(&index)), ((-150, -5_700), (-100, -3_800)));
    assert_eq!(late.now(&index), (-50, 100));
}

#[test]
fn a_side_that_is_closed_as_a_whole_starts_again() {
    let mut index = Index::NEW;
    let mut old = Held::open(1_000, &index);
    assert_eq!(index.close(1_000, 1_000, 7_001, SHIFT), Ok(Some(true)));
    assert_eq!((index.scale, index.cash, index.epoch), (SCALE_ONE, 0, 1));
    assert_eq!(old.now(&index).0, 0);
    assert!((7_000..=7_001).contains(&old.now(&index).1));
    let fresh = Held::open(50, &index);
    index.pay(1 << SHIFT).expect("one micro-unit each");
    assert_eq!(fresh.now(&index), (50, 50));
    assert_eq!(old.now(&index).0, 0, "the new epoch's cash is not the old one's");
    old.touch(&index);
    assert_eq!(old.now(&index), (0, 0));
}

#[test]
fn a_position_of_two_epochs_ago_is_refused() {
    let mut index = Index::NEW;
    let old = Held::open(10, &index);
    for _ in 0..2 {
        assert_eq!(index.close(10, 10, 0, SHIFT), Ok(Some(true)));
    }
    assert_eq!(effective(old.base, &old.at, &index, SHIFT), Err(RiskError::BadParameter));
}

#[test]
fn a_scale_that_would_lose_its_precision_is_left_alone() {
    let mut index = Index { scale: MIN_SCALE, ..Index::NEW };
    let before = index;
    assert_eq!(index.close(1 << 40, 1, 0, SHIFT), Ok(None));
    assert_eq!(index, before);
    assert_eq!(index.close(1 << 40, 1 << 40, 0, SHIFT), Ok(Some(true)));
}

#[test]
fn nothing_is_closed_that_is_not_open() {
    let mut index = Index::NEW;
    assert_eq!(index.close(5, 6, 0, SHIFT), Err(RiskError::BadParameter));
    assert_eq!(index.close(0, 0, 0, SHIFT), Err(RiskError::BadParameter));
    assert_eq!(index.pay(i64::MAX), Ok(()));
    assert_eq!(index.pay(i64::MAX), Err(RiskError::Overflow));
}

#[test]
fn the_unit_of_cash_makes_a_price_forty_bits() {
    for (dollars, decimals) in [(100_000, 8), (100, 9), (1, 12), (1, 0)] {
        let price = Price::from_decimal(dollars, 0, decimals).expect("a price");
        let shift = shift_for(&price);
        let in_units = price.mantissa as f64 * 2f64.powi(shift as i32 - price.shift as i32);
        assert!((2f64.powi(38)..2f64.powi(48)).contains(&in_units), "{dollars} {decimals}: {in_units}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open(u64),
    Touch(usize),
    Leave(usize),
    Fund(i64),
    /// For a price a unit that is open, 2⁻³⁰.
    Close {
        part: u64,
        price: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1u64..1 << 40).prop_map(Step::Open),
        (0usize..8).prop_map(Step::Touch),
        (0usize..8).prop_map(Step::Leave),
        (-(1i64 << 40)..1 << 40).prop_map(Step::Fund),
        ((1u64..1_000), -(1i64 << 32)..1 << 32).prop_map(|(part, price)| Step::Close { part, price }),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    /// One side, with the market on the other: what positions were given in the end is at most what the side was
    /// promised, and lacks at most the dust that the module names; and of what is open they lack no more base than
    /// `Index::dust` counts.
    #[test]
    fn a_side_is_given_at_most_what_it_was_promised(steps in steps(), short in any::<bool>()) {
        let mut index = Index::NEW;
        let mut held: Vec<Held> = Vec::new();
        let mut open = 0u64;
        // Exact in micro-units to 2⁻⁴² a unit; promised less given, in micro-units.
        let (mut promised, mut given, mut slack_up, mut slack_down) = (0f64, 0i128, 1.0f64, 1.0f64);
        let unit = 2f64.powi(-(SHIFT as i32));
        let sign = if short { -1 } else { 1 };
        let touch = |h: &mut Held, index: &Index, given: &mut i128, down: &mut f64| {
            let before = h.entry;
            h.touch(index);
            *given += i128::from(h.entry) - i128::from(before);
            *down += 1.0;
        };
        let (mut lost, mut dust) = (0f64, 0u64);
        for step in steps {
            match step {
                Step::Open(units) if held.len() < 8 && open < 1 << 45 => {
                    held.push(Held::open(sign * units as i64, &index));
                    open += units;
                }
                Step::Touch(i) if i < held.len() => touch(&mut held[i], &index, &mut given, &mut slack_down),
                Step::Leave(i) if i < held.len() => {
                    touch(&mut held[i], &index, &mut given, &mut slack_down);
                    let gone = held.swap_remove(i);
                    open = open.checked_sub(gone.base.unsigned_abs()).expect("positions are at most what is open");
                }
                Step::Fund(per_unit) => {
                    index.pay(per_unit).expect("it fits");
                    promised += per_unit as f64 * unit * open as f64;
                    slack_up += lost * (per_unit as f64 * unit).abs();
                    slack_down += open as f64 * unit * (SCALE_ONE as f64 / index.scale as f64) + lost * (per_unit as f64 * unit).abs();
                }
                Step::Close { part, price } if open > 0 => {
                    let total = ((i128::from(open) * i128::from(price)) >> 30) as i64;
                    let closed = (u128::from(open) * u128::from(part) / 1_000) as u64;
                    let scale = index.scale as f64;
                    let taken = index.dust(open, held.len() as u32);
                    let Some(turned) = index.close(open, closed, total, SHIFT).expect("it fits") else { continue };
                    promised += total as f64;
                    let per_unit = total.abs() as f64 / open as f64;
                    slack_up += lost * per_unit;
                    slack_down += open as f64 * unit * (SCALE_ONE as f64 / scale) + lost * per_unit;
                    lost += held.len() as f64 + open as f64 / scale;
                    dust += taken;
                    open -= closed;
                    if turned {
                        held.iter_mut().for_each(|h| touch(h, &index, &mut given, &mut slack_down));
                        held.clear();
                        (lost, dust) = (0.0, 0);
                    }
                }
                _ => {}
            }
            let bases: u128 = held.iter().map(|h| u128::from(h.now(&index).0.unsigned_abs())).sum();
            prop_assert!(bases <= u128::from(open), "more is held than is open");
            prop_assert!(u128::from(open) - bases <= u128::from(dust), "{bases} of {open}, and {dust} of dust");
        }
        held.iter_mut().for_each(|h| touch(h, &index, &mut given, &mut slack_down));
        let dust = promised - given as f64;
        // The model itself is in floats: 2⁻⁵⁰ of the largest figure.
        let noise = 2f64.powi(-50) * (promised.abs() + 2f64.powi(52)) * 60.0;
        prop_assert!(dust >= -slack_up - noise, "given {} too much (slack {slack_up})", -dust);
        prop_assert!(dust <= slack_down + noise, "{dust} were lost (slack {slack_down})");
    }

    /// Touching in between changes what a position has become by no more than roundings, and never in its favour.
    #[test]
    fn touching_more_often_gains_nothing(
        base in 1i64..1 << 50,
        funds in prop::collection::vec(-(1i64 << 40)..1 << 40, 1..20),
        short in any::<bool>(),
    ) {
        let base = if short { -base } else { base };
        let mut index = Index::NEW;
        let lazy = Held::open(base, &index);
        let mut eager = lazy;
        for per_unit in &funds {
            index.pay(*per_unit).expect("it fits");
            index.close(1 << 52, 1 << 48, 0, SHIFT).expect("it fits");
            eager.touch(&index);
        }
        let (left, given) = lazy.now(&index);
        prop_assert!(eager.base.abs() <= left.abs());
        prop_assert!(left.abs() - eager.base.abs() <= funds.len() as i64 + 1);
        // Of base that truncation took, later funding is neither paid nor received: at most one micro-unit each here.
        let fair = funds.len() as i64 * (funds.len() as i64 + 2);
        prop_assert!((eager.entry - given).abs() <= fair);
    }
}
