//! Facts of fills: which prices are booked, and what an account short of margin may still do.

mod common;

use ballast_risk::RiskError::Overflow;
use ballast_risk::fill::{Change, fee, no_worse_than_liquidation, within_band};
use ballast_risk::fixed::{BPS_ONE, mul_div_floor};
use ballast_risk::price::Price;
use common::{any_price, wide_i64, wide_u32, wide_u64};
use proptest::prelude::*;

/// `⌈|base|·price⌉`, where it can be asked for.
fn oracle_value(base: i64, price: &Price) -> Option<u64> {
    let owed = price.value(-base.checked_abs()?).ok()?;
    Some(owed.unsigned_abs())
}

/// Any change, with the cases that decide as likely as the rest.
fn change() -> impl Strategy<Value = Change> {
    let position = || prop_oneof![wide_i64(), -3i64..=3];
    let excess = || prop_oneof![wide_i64().prop_map(i128::from), -2i128..=2];
    (position(), position(), excess(), excess(), prop_oneof![wide_i64(), -2i64..=2]).prop_map(
        |(position_before, position_after, excess_before, excess_after, equity_after)| Change {
            position_before,
            position_after,
            excess_before,
            excess_after,
            equity_after,
        },
    )
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn the_band_is_open_to_its_edge_and_no_further(
        base in wide_i64(), price in any_price(), band in 0u32..20_000, off in 0u64..4,
    ) {
        if let Some(value) = oracle_value(base, &price) {
            let width = mul_div_floor(value, band.into(), BPS_ONE);
            prop_assume!(width.is_ok());
            let width = width.unwrap();
            prop_assert_eq!(within_band(base, value, &price, band), Ok(true));
            if let Some(quote) = value.checked_add(width).and_then(|edge| edge.checked_add(off)) {
                prop_assert_eq!(within_band(base, quote, &price, band), Ok(off == 0));
            }
            if let Some(quote) = value.checked_sub(width).and_then(|edge| edge.checked_sub(off)) {
                prop_assert_eq!(within_band(base, quote, &price, band), Ok(off == 0));
            }
        }
    }

    #[test]
    fn a_reducing_fill_may_cost_what_a_liquidation_would_and_no_more(
        base in wide_i64(), price in any_price(), penalty in 0u32..=10_000, off in 1u64..4,
    ) {
        prop_assume!(base != 0);
        if let Some(value) = oracle_value(base, &price) {
            let cost = mul_div_floor(value, penalty.into(), BPS_ONE).unwrap();
            let worst = if base < 0 { value - cost } else { value + cost };
            let worse = if base < 0 { worst.checked_sub(off) } else { worst.checked_add(off) };
            prop_assert_eq!(no_worse_than_liquidation(base, worst, &price, penalty), Ok(true));
            if let Some(worse) = worse {
                prop_assert_eq!(no_worse_than_liquidation(base, worse, &price, penalty), Ok(false));
            }
        }
    }

    #[test]
    fn a_fee_is_rounded_up(quote in wide_u64(), bps in wide_u32()) {
        let exact = u128::from(quote) * u128::from(bps);
        let up = exact.div_ceil(u128::from(BPS_ONE));
        prop_assert_eq!(fee(quote, bps), u64::try_from(up).map_err(|_| Overflow));
    }

    #[test]
    fn a_strict_reduction_moves_towards_flat_and_costs_neither_excess_nor_solvency(c in change()) {
        let (before, after) = (i128::from(c.position_before), i128::from(c.position_after));
        let towards_flat = if before > 0 { (0..before).contains(&after) } else { before < after && after <= 0 };
        let expected = towards_flat && c.excess_after >= c.excess_before && c.equity_after >= 0;
        prop_assert_eq!(c.strictly_reduces(), expected);
    }

    #[test]
    fn no_input_panics(base in wide_i64(), quote in wide_u64(), bps in wide_u32(), price in any_price()) {
        let _ = within_band(base, quote, &price, bps);
        let _ = no_worse_than_liquidation(base, quote, &price, bps);
    }
}
