//! Facts of settlement: nobody pays what it does not have, and every rounding is against the account.

mod common;

use ballast_risk::RiskError::Overflow;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::price::Price;
use ballast_risk::settlement::{collateral_credit, payable, unsettled};
use common::{any_price, wide_i64, wide_u64};
use proptest::prelude::*;

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn a_loser_pays_what_it_owes_but_no_more_than_it_has(
        loss in wide_u64(), quote in wide_i64(), credit in wide_u64(),
    ) {
        let paid = payable(loss, quote, credit);
        let means = (i128::from(quote) + i128::from(credit)).max(0);
        prop_assert_eq!(i128::from(paid), i128::from(loss).min(means));
        // What is left of the quote balance is a loan that the credit of its collateral covers.
        prop_assert!(paid == 0 || i128::from(quote) - i128::from(paid) >= -i128::from(credit));
    }

    #[test]
    fn collateral_counts_at_the_lower_price_less_its_haircut_rounded_down(
        amount in wide_u64(), spot in any_price(), stable in any_price(), haircut in wide_u64(),
    ) {
        let lower = if stable.is_below(&spot) { stable } else { spot };
        let value = i64::try_from(amount).ok().and_then(|amount| lower.value(amount).ok());
        let kept = u128::from(RATE_ONE.saturating_sub(haircut));
        let expected = value.map(|v| ((v as u128 * kept) >> 32) as u64).ok_or(Overflow);
        prop_assert_eq!(collateral_credit(amount, &spot, &stable, haircut), expected);
        prop_assert_eq!(collateral_credit(amount, &stable, &spot, haircut), expected);
    }

    #[test]
    fn a_higher_haircut_never_counts_for_more(
        amount in 0..1u64 << 40, price in any_price(), haircut in 0..=RATE_ONE, by in 0..=RATE_ONE,
    ) {
        if let Ok(before) = collateral_credit(amount, &price, &price, haircut) {
            prop_assert!(collateral_credit(amount, &price, &price, haircut + by).unwrap() <= before);
            prop_assert_eq!(collateral_credit(amount, &price, &price, RATE_ONE), Ok(0));
        }
    }

    #[test]
    fn unsettled_is_value_and_entry(base in wide_i64(), entry in wide_i64(), price in any_price()) {
        let expected = price.value(base).ok().and_then(|value| value.checked_add(entry)).ok_or(Overflow);
        prop_assert_eq!(unsettled(base, entry, &price), expected);
    }

    /// Two sides of a fill: together they can only have lost, and less than a unit.
    #[test]
    fn the_two_sides_of_a_fill_never_gain_together(
        base in -(1i64 << 40)..1 << 40, entry in -(1i64 << 60)..1 << 60, price in any_price(),
    ) {
        if let (Ok(a), Ok(b)) = (unsettled(base, entry, &price), unsettled(-base, -entry, &price)) {
            prop_assert!((-1..=0).contains(&(a + b)));
        }
    }

    #[test]
    fn no_input_panics(base in wide_i64(), entry in wide_i64(), amount in wide_u64(), price in any_price()) {
        let _ = unsettled(base, entry, &price);
        let _ = collateral_credit(amount, &price, &Price::default(), amount);
    }
}
