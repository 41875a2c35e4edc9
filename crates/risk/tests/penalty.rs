//! Facts of penalties: they only rise with depth and time, never take more than there is, and a bounty is never more
//! than was paid in.

use ballast_risk::fixed::{BPS_ONE, RATE_ONE};
use ballast_risk::margin::Margin;
use ballast_risk::penalty::{Auction, BOUNTY_RELIEF, BountyLimits, bounty, depth, most};
use proptest::prelude::*;

fn margin(equity: i64, maintenance: u64) -> Margin {
    Margin { equity, maintenance, ..Margin::default() }
}

prop_compose! {
    fn auction()(start_bps in 0u32..=10_000, growth_s in 0u32..=3_600, bankrupt_bps in 0u32..=10_000, elapsed_s in 0u64..=4_000) -> Auction {
        Auction { start_bps, growth_s, bankrupt_bps, elapsed_s }
    }
}

proptest! {
    #[test]
    fn the_share_lies_between_its_start_and_all(a in auction(), equity in -(1i64 << 60)..1 << 60, maintenance in 0u64..1 << 60) {
        let share = a.share(&margin(equity, maintenance)).unwrap();
        prop_assert!(share <= RATE_ONE);
        prop_assert!(share as f64 >= f64::from(a.start_bps) / 1e4 * RATE_ONE as f64 - 1.0);
        if a.elapsed_s >= u64::from(a.growth_s) || a.start_bps == 10_000 {
            prop_assert_eq!(share, RATE_ONE);
        }
    }

    #[test]
    fn waiting_and_sinking_never_make_it_cheaper(
        a in auction(), later in 0u64..=4_000, equity in -(1i64 << 58)..1 << 58, sinks in 0i64..1 << 58, maintenance in 0u64..1 << 58,
    ) {
        let now = a.share(&margin(equity, maintenance)).unwrap();
        let waited = Auction { elapsed_s: a.elapsed_s + later, ..a };
        prop_assert!(waited.share(&margin(equity, maintenance)).unwrap() >= now);
        prop_assert!(a.share(&margin(equity - sinks, maintenance)).unwrap() >= now);
    }

    #[test]
    fn depth_runs_from_maintenance_to_bankruptcy(maintenance in 1u64 << 20..1 << 60, part in 0.0f64..2.0, bankrupt_bps in 0u32..=9_900) {
        let equity = (maintenance as f64 * part) as i64;
        let bankrupt = f64::from(bankrupt_bps) / 1e4;
        let should = ((1.0 - part) / (1.0 - bankrupt)).clamp(0.0, 1.0);
        let is = depth(&margin(equity, maintenance), bankrupt_bps).unwrap() as f64 / RATE_ONE as f64;
        prop_assert!((is - should).abs() < 1e-3, "{} should be {}", is, should);
    }

    /// No step lowers equity ÷ MM: what is left can pay as well as before. In integers:
    /// `(E − p)·MM ≥ E·(MM − relief)`.
    #[test]
    fn what_is_left_is_no_worse_off(equity in 1i64..1 << 60, maintenance in 1u64..1 << 60, part in 0.0f64..=1.0) {
        let relief = ((maintenance as f64 * part) as u64).min(maintenance);
        let m = margin(equity, maintenance);
        let p = most(&m, relief).unwrap();
        prop_assert!(p <= equity as u64 && p <= relief / 2);
        if (equity as u64) < maintenance {
            let after = (equity as i128 - i128::from(p)) * i128::from(maintenance);
            prop_assert!(after >= i128::from(equity) * i128::from(maintenance - relief));
        }
    }

    /// However a book is cut into steps, all of them together take no more than the equity there was.
    #[test]
    fn all_steps_together_never_take_more_than_the_equity(equity in 0i64..1 << 50, maintenance in 1u64..1 << 50, parts in prop::collection::vec(0.0f64..=1.0, 1..12)) {
        let (mut e, mut mm) = (equity, maintenance);
        for part in parts {
            let relief = ((mm as f64 * part) as u64).min(mm);
            let p = most(&margin(e, mm), relief).unwrap();
            e -= p as i64;
            mm -= relief;
            prop_assert!(e >= 0);
        }
    }

    #[test]
    fn a_bankrupt_account_pays_nothing(equity in i64::MIN..=0, maintenance: u64, relief: u64) {
        prop_assert_eq!(most(&margin(equity, maintenance), relief.min(maintenance)).unwrap(), 0);
    }

    #[test]
    fn a_bounty_keeps_its_bounds(
        equity in -(1i64 << 50)..1 << 30, relief in 0u64..1 << 40, to_keeper in 0u64..1 << 30,
        most in 0u64..1 << 28, contributed in 0u64..1 << 30, insurance in 0u64..1 << 40,
    ) {
        let limits = BountyLimits { most, contributed, insurance };
        let paid = bounty(&margin(equity, 1 << 40), relief, to_keeper, &limits);
        prop_assert!(paid <= contributed && paid <= insurance && paid <= most);
        prop_assert!(paid == 0 || paid * BOUNTY_RELIEF <= relief);
        prop_assert!(paid == 0 || paid + to_keeper <= most);
        prop_assert!(paid == 0 || equity < most as i64);
    }

    /// Any number of accounts, steps and prices: out of the fund comes at most what these accounts paid into it.
    #[test]
    fn bounties_of_all_accounts_together_are_at_most_what_they_paid_in(
        steps in prop::collection::vec((0usize..4, -(1i64 << 40)..1 << 26, 0u64..1 << 40, 0u64..1 << 24), 1..64), most in 0u64..1 << 27,
    ) {
        let (mut contributed, mut paid_in, mut paid_out) = ([0u64; 4], 0u64, 0u64);
        for (account, equity, relief, pays) in steps {
            contributed[account] += pays;
            paid_in += pays;
            let limits = BountyLimits { most, contributed: contributed[account], insurance: u64::MAX };
            let paid = bounty(&margin(equity, 1 << 41), relief, 0, &limits);
            contributed[account] -= paid;
            paid_out += paid;
            prop_assert!(paid_out <= paid_in);
        }
    }

    #[test]
    fn no_input_panics(a in auction(), equity: i64, maintenance: u64, relief: u64, to_keeper: u64, bps: u32, limits: [u64; 3]) {
        let m = margin(equity, maintenance);
        let _ = Auction { growth_s: bps, start_bps: bps, bankrupt_bps: bps, elapsed_s: relief }.share(&m);
        let _ = a.share(&m);
        let _ = depth(&m, bps);
        let _ = most(&m, relief);
        let [most, contributed, insurance] = limits;
        let _ = bounty(&m, relief, to_keeper, &BountyLimits { most, contributed, insurance });
    }
}

#[test]
fn the_whole_penalty_at_once_is_neutral() {
    assert_eq!(Auction::FULL.share(&margin(99, 100)), Ok(RATE_ONE));
    assert_eq!(u64::from(Auction::FULL.start_bps), BPS_ONE);
}
