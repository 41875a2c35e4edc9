//! Facts of shares: nobody gains by coming and going, whatever the pool does meanwhile to those who stay.

mod common;

use ballast_risk::price::Price;
use ballast_risk::shares::{EXHAUSTED_PARTS, LossWindow, VIRTUAL, Worth, is_exhausted, minted, redeemed};
use common::{any_price, wide_i64, wide_u64};
use proptest::prelude::*;

/// One quote token.
const QUOTE: u64 = 1_000_000;

fn flat(assets: u64) -> Worth {
    Worth::flat(assets as i64)
}

proptest! {
    #![proptest_config(common::cases(2_000))]

    #[test]
    fn no_sequence_of_deposits_and_withdrawals_gains_by_rounding(
        assets in 0u64..1 << 50,
        others in 0u64..1 << 50,
        steps in prop::collection::vec((any::<bool>(), 1u64..1 << 45), 1..40),
    ) {
        // `others` hold shares of the pool at any price of a share; one player comes and goes.
        let (mut assets, mut total, mut own) = (assets, others, 0u64);
        let (mut paid, mut got) = (0u64, 0u64);
        for (enters, amount) in steps {
            if enters {
                let Ok(shares) = minted(amount, &flat(assets), total) else { continue };
                let Some(sum) = total.checked_add(shares) else { continue };
                (assets, total, own, paid) = (assets + amount, sum, own + shares, paid + amount);
            } else if own > 0 {
                let shares = amount % own + 1;
                let out = redeemed(shares, &flat(assets), total).unwrap();
                prop_assert!(out <= assets);
                (assets, total, own, got) = (assets - out, total - shares, own - shares, got + out);
            }
        }
        if own > 0 {
            got += redeemed(own, &flat(assets), total).unwrap();
        }
        prop_assert!(got <= paid, "paid {paid}, got {got}");
    }

    #[test]
    fn those_who_stay_do_not_lose_by_an_entry_or_an_exit(
        assets in 0u64..1 << 50, total in 1u64..1 << 50, amount in 1u64..1 << 50, part in 1u64..1 << 50,
    ) {
        // What a share is worth, virtual ones included, never falls: (a + V)/(t + V).
        let price_holds = |before: (u64, u64), after: (u64, u64)| {
            let of = |x: u64| u128::from(x + VIRTUAL);
            of(after.0) * of(before.1) >= of(before.0) * of(after.1)
        };
        if let Ok(shares) = minted(amount, &flat(assets), total)
            && let Some(all) = total.checked_add(shares).filter(|all| *all < 1 << 62)
        {
            prop_assert!(price_holds((assets, total), (assets + amount, all)));
        }
        let shares = part % total + 1;
        let out = redeemed(shares, &flat(assets), total).unwrap();
        prop_assert!(price_holds((assets, total), (assets - out, total - shares)));
        prop_assert!(u128::from(out) * u128::from(total) <= u128::from(shares) * u128::from(assets));
    }

    #[test]
    fn a_donation_before_the_victim_costs_more_than_it_takes(
        own in 1u64..1_000 * QUOTE, donated in 0u64..1 << 50, victim in 1u64..1 << 40,
    ) {
        // The attacker owns the pool, gives to it, and the victim's shares round down.
        let shares = minted(own, &flat(0), 0).unwrap();
        let theirs = minted(victim, &flat(own + donated), shares).unwrap();
        let pool = flat(own + donated + victim);
        let back = redeemed(shares, &pool, shares + theirs).unwrap();
        prop_assert!(back <= own + donated, "{back} of {own} and {donated}");
    }

    #[test]
    fn what_a_pool_is_worth_brackets_both_prices(
        cash in wide_i64(), base in wide_i64(), spot in any_price(), stable in any_price(),
    ) {
        let Ok(worth) = Worth::of(cash, base, &spot, &stable) else { return Ok(()) };
        for price in [spot, stable] {
            let at = price.value(base).unwrap() + cash;
            prop_assert!(worth.low <= at && at <= worth.high);
        }
        prop_assert_eq!(worth.spot, spot.value(base).unwrap() + cash);
    }

    #[test]
    fn nothing_panics(amount in wide_u64(), total in wide_u64(), low in wide_i64(), high in wide_i64()) {
        let worth = Worth { spot: low, low, high };
        let _ = minted(amount, &worth, total);
        let _ = redeemed(amount, &worth, total);
        let _ = is_exhausted(&worth, total);
        let mut losses = LossWindow { high, start: low, halted_until: 0 };
        losses.mark(low, high, amount, total as u32);
        let _ = losses.flow(low);
    }
}

#[test]
fn the_first_share_costs_one_micro_unit() {
    assert_eq!(minted(5 * QUOTE, &flat(0), 0), Ok(5 * QUOTE));
    assert_eq!(redeemed(5 * QUOTE, &flat(5 * QUOTE), 5 * QUOTE), Ok(5 * QUOTE));
}

#[test]
fn to_round_a_deposit_away_costs_a_million_times_the_deposit() {
    // One share owned; a victim of 10 quote gets nothing only after more than ten million are given away.
    let victim = 10 * QUOTE;
    assert!(minted(victim, &flat(1 + 9_000_000 * QUOTE), 1).unwrap() > 0);
    assert_eq!(minted(victim, &flat(1 + 10_000_100 * QUOTE), 1), Ok(0));
}

#[test]
fn the_last_to_leave_a_loss_gets_what_is_there() {
    assert_eq!(redeemed(100 * QUOTE, &flat(50 * QUOTE), 100 * QUOTE), Ok(50 * QUOTE));
    assert_eq!(redeemed(1, &Worth::flat(-5), 1), Ok(0));
}

#[test]
fn a_pool_is_exhausted_where_a_share_is_worth_a_millionth() {
    let total = 1_000_000 * QUOTE;
    let edge = (u128::from(total) / EXHAUSTED_PARTS) as i64;
    assert!(is_exhausted(&Worth::flat(edge), total));
    assert!(!is_exhausted(&Worth::flat(edge + 1), total));
    assert!(is_exhausted(&Worth::flat(-1), total) && !is_exhausted(&Worth::flat(0), 0));
}

#[test]
fn a_loss_halts_for_a_window_even_where_nobody_looked_in_time() {
    let mut losses = LossWindow { high: 1_000, start: 0, halted_until: 0 };
    losses.mark(901, 10, 99, 100);
    assert!(!losses.is_halted(10));
    losses.mark(900, 500, 99, 100);
    assert!(losses.is_halted(599) && !losses.is_halted(600));
    // The halt begins a window of its own, so the same loss does not halt twice.
    losses.mark(900, 600, 99, 100);
    assert!(!losses.is_halted(600));
}

#[test]
fn a_drop_is_measured_from_the_peak_and_not_from_the_start() {
    let mut losses = LossWindow { high: 1_000, start: 0, halted_until: 0 };
    losses.mark(1_500, 10, 99, 100);
    losses.mark(1_401, 20, 99, 100);
    assert!(!losses.is_halted(20));
    losses.mark(1_400, 30, 99, 100);
    assert!(losses.is_halted(30));
}

#[test]
fn deposits_hide_no_loss_and_withdrawals_make_none() {
    let mut losses = LossWindow { high: 1_000, start: 0, halted_until: 0 };
    losses.flow(500).unwrap();
    losses.mark(1_400, 10, 99, 100);
    assert!(losses.is_halted(10));
    let mut losses = LossWindow { high: 1_000, start: 0, halted_until: 0 };
    losses.flow(-500).unwrap();
    losses.mark(500, 10, 99, 100);
    assert!(!losses.is_halted(10));
}

#[test]
fn both_prices_value_a_short_too() {
    let price = |dollars: i64| Price::from_decimal(dollars, 0, 9).unwrap();
    let worth = Worth::of(0, -1_000_000_000, &price(100), &price(90)).unwrap();
    assert_eq!((worth.spot, worth.low), (-100_000_000, -100_000_000));
    assert!((worth.high + 90_000_000).abs() <= 1);
}
