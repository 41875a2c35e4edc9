//! What a liquidation costs: the auction, its cap, and the bounty of insurance.

use ballast::error::BallastError;
use ballast::event::Liquidated;
use ballast::limits::PhaseParams;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::{QUOTE, default_phases};
use ballast_sandbox::{House, Person, Signer};

use crate::common::{BASE, COIN, all_accounts, assert_conserved, quote_of, refused_ix};
use crate::short::{Scene, Stage};

/// A fifth of the penalty at once, the rest within ten minutes or by half of MM.
fn auction() -> Stage {
    let phases = PhaseParams {
        penalty_start_bps: 2_000,
        penalty_growth_s: 600,
        bankrupt_bps: 5_000,
        ..default_phases()
    };
    Stage { phases, ..Stage::default() }
}

/// Takes ten coins: the share of the whole penalty that is charged, and how far down from MM to half of it the account
/// is.
fn share_charged(s: &mut Scene, i: usize) -> (f64, f64) {
    let whole = s.house.value(0, 10 * COIN) / 100;
    let said: Liquidated = s.take(i, 10 * COIN).expect("it is short").event();
    let depth = (1.0 - said.equity_before as f64 / said.mm_before as f64) / 0.5;
    (said.penalty as f64 / whole as f64, depth)
}

#[test]
fn the_penalty_grows_with_the_time_below_maintenance() {
    let mut charged = Vec::new();
    for wait in [1, 400, 500, 900] {
        let mut s = auction().short(94.0, &[(100, 0.85)]);
        s.touch(0).expect("it is short");
        s.move_to(93.5, wait);
        let (is, depth) = share_charged(&mut s, 0);
        let time = (wait as f64 / 600.0).min(1.0);
        let should = 0.2 + 0.8 * time.max(depth);
        assert!((is - should).abs() < 0.01, "{is} after {wait} seconds, should be {should}");
        charged.push((is, time > depth));
        assert_conserved(&s.house);
    }
    assert!(!charged[0].1 && charged[2].1, "first it is depth that counts, later it is time: {charged:?}");
    assert!(charged[3].0 > 0.99);
}

#[test]
fn the_penalty_grows_with_depth() {
    let parts = [0.95, 0.85, 0.75, 0.6];
    let books: Vec<(i64, f64)> = parts.iter().map(|part| (100, *part)).collect();
    let mut s = auction().short(94.0, &books);
    for (i, part) in parts.iter().enumerate() {
        let (is, _) = share_charged(&mut s, i);
        let should = 0.2 + 0.8 * (1.0 - part) / 0.5;
        assert!((is - should).abs() < 0.02, "{is} at {part}, should be {should}");
    }
    assert_conserved(&s.house);
}

/// A keeper who takes a sliver of an account that is nearly bankrupt must not take what all the rest would pay the next
/// one with.
#[test]
fn the_penalty_of_a_part_leaves_the_rest_its_share_of_equity() {
    let mut s = Stage::default().short(88.0, &[(100, 0.01)]);
    let mut taken = 0;
    let equity = s.margin(0).equity;
    for _ in 0..4 {
        let said: Liquidated = s.take(0, 20 * COIN).expect("it is short").event();
        let (before, after) = (
            said.equity_before as f64 / said.mm_before as f64,
            said.equity_after as f64 / said.mm_after as f64,
        );
        assert!(said.penalty > 0 && after >= before * 0.999, "{before} then {after}");
        taken += said.penalty;
    }
    assert!(taken as i64 <= equity);
    assert_conserved(&s.house);
}

// ---- the bounty ----------------------------------------------------------------------------------

const BOUNTY: u64 = 5 * QUOTE;

/// Fees of ten basis points, and a bounty of five quote.
fn paying() -> Stage {
    let phases = PhaseParams { bounty: BOUNTY, wait_s: 60, ..default_phases() };
    Stage { phases, fee_bps: 10, ..Stage::default() }
}

/// Insurance that can pay.
fn insured(house: &mut House) {
    let sweep = house.at.sweep_fees(0);
    house.vm.send(&[sweep], &[]).expect("fees are swept");
}

#[test]
fn insurance_makes_up_the_keepers_part_where_equity_cannot() {
    let mut s = paying().short(86.0, &[(100, -0.1)]);
    insured(&mut s.house);
    let (fund, before) = (s.house.treasury().insurance, quote_of(&s.house, &s.keeper));
    let contributed = s.house.margin_account(&s.people[0].account).contributed;
    assert_eq!(contributed, 10 * QUOTE, "ten basis points of 10,000");
    let plan = s.house.plan(&s.people[0].account, &s.keeper).expect("it is short");
    assert_eq!(plan.bounty, BOUNTY);
    let said: Liquidated =
        s.house.liquidate(&s.people[0].account, &s.keeper, &plan).expect("the plan is admitted").event();
    assert_eq!((said.penalty, said.bounty), (0, BOUNTY));
    assert_eq!(s.house.treasury().insurance, fund - BOUNTY);
    assert_eq!(quote_of(&s.house, &s.keeper), before + BOUNTY as i64);
    assert_eq!(s.house.margin_account(&s.people[0].account).contributed, contributed - BOUNTY);
    assert_conserved(&s.house);
}

#[test]
fn a_bounty_is_paid_once_a_phase_and_for_real_relief_only() {
    let mut s = paying().short(86.0, &[(100, -0.1)]);
    insured(&mut s.house);
    // A step that frees little is paid a tenth of that.
    let said: Liquidated = s.take(0, COIN).expect("it is bankrupt").event();
    let relief = said.mm_before - said.mm_after;
    assert!(relief / 10 < BOUNTY);
    assert_eq!(said.bounty, relief / 10);
    let said: Liquidated = s.take(0, 30 * COIN).expect("again").event();
    assert_eq!(said.bounty, 0, "not twice in a phase");
    s.later(60);
    let said: Liquidated = s.take(0, 30 * COIN).expect("in the next phase").event();
    assert_eq!(said.bounty, BOUNTY);
    assert_conserved(&s.house);
}

#[test]
fn no_bounty_where_equity_can_pay() {
    let mut s = paying().short(92.0, &[(100, 0.3)]);
    insured(&mut s.house);
    let said: Liquidated = s.take(0, 50 * COIN).expect("it is short").event();
    assert!(said.penalty > 0 && said.bounty == 0);
}

/// Everything that an attacker can take out: equity of its accounts that is its own, at most.
fn wealth(house: &House, accounts: &[&Person]) -> i64 {
    // A negative equity is left behind: that is what it would not pay.
    accounts.iter().map(|who| house.health(who).maintenance.equity.max(0)).sum()
}

/// An attacker owns both sides and the keeper, splits into many small straddles, waits for the
/// jump that bankrupts one side of each, and collects the bounties. Whatever the size and the jump: insurance gets more
/// from its accounts than it pays for them.
#[test]
fn attack_bounties_cannot_be_farmed() {
    for (coins, jump, fee_bps) in [(1, 88.0, 10), (4, 88.0, 10), (20, 85.0, 1), (4, 112.0, 10), (20, 88.0, 0)]
    {
        let mut house = Stage { fee_bps, ..paying() }.house();
        // Somebody else's fees fill the fund: that is what the attacker is after.
        let (one, two) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
        for _ in 0..4 {
            house.fill_at_oracle(0, &one, &two, 1_000 * BASE).expect("a fill");
            house.fill_at_oracle(0, &one, &two, -1_000 * BASE).expect("a fill");
        }
        let honest = house.market(0).fees;
        let keeper = house.person_with_quote(1_000_000);
        let pairs: Vec<(Person, Person)> = (0..8)
            .map(|_| {
                let pair = (house.person(), house.person());
                for who in [&pair.0, &pair.1] {
                    house.fund_quote(who, coins as u64 * 10 * QUOTE + 2 * QUOTE).expect("a deposit");
                }
                // Each side takes once: fees are on either account.
                house.fill_at_oracle(0, &pair.0, &pair.1, coins * BASE).expect("a straddle");
                pair
            })
            .collect();
        let paid_in = house.market(0).fees - honest;
        insured_if_any(&mut house);
        house.vm.advance(30);
        house.post_all(&[jump, 1_000.0]);
        let mut bounties = 0;
        for _ in 0..3 {
            for who in pairs.iter().flat_map(|(a, b)| [a, b]) {
                while let Some(plan) = house.plan(&who.account, &keeper) {
                    let said: Liquidated =
                        house.liquidate(&who.account, &keeper, &plan).expect("the plan is admitted").event();
                    assert_eq!(said.bounty, plan.bounty);
                    bounties += said.bounty;
                }
            }
            house.vm.advance(61);
            house.post_all(&[jump, 1_000.0]);
        }
        // The long side took, and paid the fee; for the short side nothing was ever paid in.
        assert_eq!(bounties > 0, fee_bps > 0 && jump < 100.0, "bounties of {bounties}");
        assert!(bounties <= paid_in, "{bounties} out of insurance for {paid_in}");
        let fund = house.treasury().insurance + house.market(0).fees;
        assert!(fund >= honest, "honest people's fees are untouched: {fund} of {honest}");
        assert_conserved(&house);
    }
}

fn insured_if_any(house: &mut House) {
    let sweep = house.at.sweep_fees(0);
    let _ = house.vm.send(&[sweep], &[]);
}

// ---- liquidating oneself -------------------------------------------------------------------------

/// Liquidating oneself sets no price, earns no bounty, resets no clock and uses up no window: with the same owner it is
/// refused, and with another key it costs the fund's part of the penalty.
#[test]
fn attack_self_liquidation_gains_nothing() {
    let mut s = paying().short(94.0, &[(100, 0.8)]);
    let owner = s.people[0].key.insecure_clone();
    let second = s.house.at.margin_account(&owner.pubkey(), 1);
    let open = s.house.at.open_margin_account(s.house.vm.payer.pubkey(), owner.pubkey(), 1);
    s.house.vm.send(&[open], &[&owner]).expect("a sub-account");
    let wallets = s.people[0].wallets.clone();
    let other = Person { key: owner.insecure_clone(), account: second, wallets };
    s.house.fund_quote(&other, 100_000 * QUOTE).expect("a deposit");
    let who = s.people[0].account;
    let take = s.house.at.liquidate_position(who, other.party(), 0, 10 * COIN);
    refused_ix(&mut s, BallastError::SameOwner, take, &[&owner]);
    assert!(s.house.plan(&who, &other).is_none());
    // Nor in another's name, where the owner signs or is the keeper's delegate.
    let friend = s.house.person_with_quote(100_000);
    let name = set_delegate(friend.pubkey(), friend.account, owner.pubkey());
    s.house.vm.send(&[name], &[&friend.key]).expect("a delegate");
    for signer in [&owner, &friend.key] {
        let take = s.house.at.liquidate_position(who, (friend.account, signer.pubkey()), 0, 10 * COIN);
        refused_ix(&mut s, BallastError::SameOwner, take, &[signer]);
    }
    // With a key that nobody knows to be the owner's: together they lose what insurance gains.
    let straw = s.house.person_with_quote(100_000);
    let before = wealth(&s.house, &[&s.people[0], &straw]);
    let fund = s.house.treasury().insurance;
    let take = s.house.at.liquidate_position(who, straw.party(), 0, 10 * COIN);
    s.house.vm.send(&[take], &[&straw.key]).expect("it looks like any keeper");
    let gained = wealth(&s.house, &[&s.people[0], &straw]) - before;
    assert!(gained < 0 && s.house.treasury().insurance > fund, "{gained}");
    assert_conserved(&s.house);
}

/// What an account says of a keeper must not keep that keeper away.
#[test]
fn attack_naming_a_keeper_as_delegate_shields_nobody() {
    let mut s = Stage::default().short(94.0, &[(100, 0.8)]);
    let name = set_delegate(s.people[0].pubkey(), s.people[0].account, s.keeper.pubkey());
    s.house.vm.send(&[name], &[&s.people[0].key]).expect("anybody may be named");
    s.take(0, 10 * COIN).expect("the keeper is not the owner");
}

/// Fees and the fund's part of penalties are what an account has paid in; nobody else's count.
#[test]
fn what_an_account_paid_in_is_what_it_paid() {
    let mut s = paying().short(94.0, &[(100, 0.8)]);
    let said: Liquidated = s.take(0, 10 * COIN).expect("it is short").event();
    let account = s.house.margin_account(&s.people[0].account);
    assert_eq!(account.contributed, 10 * QUOTE + said.to_insurance);
    assert_eq!(s.house.margin_account(&s.desk.account).contributed, 0, "a maker pays no fee");
    let all: u64 = all_accounts(&s.house).iter().map(|a| a.contributed).sum();
    assert_eq!(all, s.house.market(0).fees + s.house.treasury().insurance);
}
