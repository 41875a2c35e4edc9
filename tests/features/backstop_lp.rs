//! Capital of a backstop: what a share costs and pays, and that nobody takes another's by timing or by rounding.

use ballast::error::BallastError;
use ballast::event::{BackstopDeposited, BackstopWithdrawn};
use ballast::limits::BackstopParams;
use ballast_sandbox::house::{QUOTE, default_backstop};
use ballast_sandbox::{House, Person, Signer};

use crate::common::{
    BASE, Rival, assert_conserved, prices_after, quote_of, refused, refused_ix, sol, stranger, wallet_of,
    with_account,
};

const DAY: i64 = 86_400;

/// A house with one coin at 100 and a backstop for its perpetual.
fn backed() -> House {
    let mut house = sol();
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    house
}

fn wallet(house: &House, person: &Person) -> u64 {
    wallet_of(house, person, &house.at.quote_mint)
}

/// Asks for all shares, and waits out the delay.
fn wait_out(house: &mut House, person: &Person) {
    let shares = house.share(0, person).shares;
    house.ask_out(0, person, shares).expect("a request");
    house.vm.advance(DAY);
}

// ---- creation ------------------------------------------------------------------------------------

#[test]
fn a_backstop_is_an_ordinary_margin_account_that_nobody_signs_for() {
    let house = backed();
    let (vault, slice) = (house.vault(0), house.slice(0));
    assert_eq!((slice.owner, slice.isolated, slice.delegate), (house.at.backstop(0), 1, Default::default()));
    assert_eq!((vault.slice, vault.market, vault.total_shares), (house.at.slice(0), 0, 0));
    assert_eq!(house.market(0).backstop, house.at.backstop(0));
    assert_conserved(&house);
}

#[test]
fn only_governance_creates_one_and_only_once() {
    let mut house = sol();
    let (thief, _) = stranger(&mut house, 0);
    let create = house.at.create_backstop(house.vm.payer.pubkey(), thief.pubkey(), 0, default_backstop());
    refused_ix(&mut house, BallastError::NotGovernance, create, &[&thief]);
    house.create_backstop(0, default_backstop()).expect("governance creates a backstop");
    assert!(house.create_backstop(0, default_backstop()).is_err());
}

#[test]
fn the_code_bounds_every_parameter() {
    let mut house = sol();
    let good = default_backstop();
    let bad = [
        BackstopParams { max_position: 0, ..good },
        BackstopParams { max_trade: good.max_position + 1, ..good },
        BackstopParams { loss_limit: 0, ..good },
        BackstopParams { loss_window_s: 3_599, ..good },
        BackstopParams { fee_bps: 0, ..good },
        BackstopParams { skew_bps: 501, ..good },
        // Fee and skew together leave the market's band of 1 %.
        BackstopParams { fee_bps: 51, skew_bps: 50, ..good },
        BackstopParams { max_lag_s: 31, ..good },
        BackstopParams { withdrawal_delay_s: 3_599, ..good },
        BackstopParams { funding_velocity_bps: 10_001, ..good },
        BackstopParams { funding_max_bps: 1_001, ..good },
    ];
    for params in bad {
        refused(&mut house, BallastError::ParameterOutOfBounds, |h| h.create_backstop(0, params));
    }
    house.create_backstop(0, good).expect("the rest is accepted");
}

// ---- shares --------------------------------------------------------------------------------------

#[test]
fn shares_are_bought_and_paid_out_to_the_unit() {
    let mut house = backed();
    let (a, b) = (house.provider(0, 1_000), house.person());
    house.open_share(0, &b).expect("an account of shares");
    let said: BackstopDeposited = house.back(0, &b, 500 * QUOTE).expect("a deposit").event();
    assert_eq!((said.amount, said.shares, said.total_shares), (500 * QUOTE, 500 * QUOTE, 1_500 * QUOTE));
    assert_eq!(house.slice(0).quote, 1_500 * QUOTE as i64);
    assert_conserved(&house);

    wait_out(&mut house, &a);
    let said: BackstopWithdrawn = house.walk_out(0, &a).expect("the delay is over").event();
    assert_eq!((said.amount, said.shares, said.total_shares), (1_000 * QUOTE, 1_000 * QUOTE, 500 * QUOTE));
    assert_eq!(wallet(&house, &a), 1_000 * QUOTE);
    assert_conserved(&house);
}

#[test]
fn a_withdrawal_waits_out_its_delay_and_does_not_wait_for_ever() {
    let mut house = backed();
    let a = house.provider(0, 1_000);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &a));
    refused(&mut house, BallastError::InsufficientShares, |h| h.ask_out(0, &a, 1_000 * QUOTE + 1));
    refused(&mut house, BallastError::ZeroAmount, |h| h.ask_out(0, &a, 0));
    house.ask_out(0, &a, 400 * QUOTE).expect("a request");
    house.vm.advance(DAY - 1);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &a));
    // Who lets it lapse has no standing right to leave at once.
    house.vm.advance(DAY + 1);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &a));
    // Asking again starts the delay anew; taking it back ends it.
    house.ask_out(0, &a, 400 * QUOTE).expect("a request");
    let cancel = house.at.backstop_cancel_withdraw(0, a.pubkey());
    house.vm.send(&[cancel], &[&a.key]).expect("a request is taken back");
    house.vm.advance(DAY);
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &a));
    house.ask_out(0, &a, 400 * QUOTE).expect("a request");
    house.vm.advance(DAY);
    house.walk_out(0, &a).expect("the delay is over");
    refused(&mut house, BallastError::WithdrawalNotDue, |h| h.walk_out(0, &a));
    assert_eq!(house.share(0, &a).shares, 600 * QUOTE);
    assert_conserved(&house);
}

#[test]
fn attack_nobody_takes_anothers_shares() {
    let mut house = backed();
    let (a, thief) = (house.provider(0, 1_000), house.person());
    wait_out(&mut house, &a);
    let mint = house.at.quote_mint;
    let (theirs, own) =
        (house.at.backstop_share(0, &a.pubkey()), house.at.backstop_share(0, &thief.pubkey()));
    let steal = house.at.backstop_withdraw(0, thief.pubkey(), thief.wallets[&mint]);
    refused_ix(&mut house, BallastError::NotOwner, with_account(steal, own, theirs), &[&thief.key]);
    let ask = house.at.backstop_request_withdraw(0, thief.pubkey(), 1);
    refused_ix(&mut house, BallastError::NotOwner, with_account(ask, own, theirs), &[&thief.key]);
}

#[test]
fn attack_the_slice_of_another_market_or_house_is_refused() {
    let mut house = crate::common::sol_and_eth();
    for market in 0..2 {
        house.create_backstop(market, default_backstop()).expect("governance creates a backstop");
    }
    let a = house.provider(0, 1_000);
    house.provider(1, 1_000);
    wait_out(&mut house, &a);
    let mint = house.at.quote_mint;
    let out = house.at.backstop_withdraw(0, a.pubkey(), a.wallets[&mint]);
    let (slice, other) = (house.at.slice(0), house.at.slice(1));
    refused_ix(&mut house, BallastError::WrongBackstop, with_account(out.clone(), slice, other), &[&a.key]);
    let (vault, other) = (house.at.backstop(0), house.at.backstop(1));
    let crossed = with_account(with_account(out.clone(), vault, other), slice, house.at.slice(1));
    refused_ix(&mut house, BallastError::WrongBackstop, crossed, &[&a.key]);
    let rival = Rival::of(&mut house);
    let board = with_account(out, house.at.board, rival.at.board);
    refused_ix(&mut house, BallastError::WrongClearinghouse, board, &[&a.key]);
}

#[test]
fn attack_first_depositor_cannot_steal() {
    let mut house = backed();
    // The first depositor owns one share and cannot make it dear: no way into the slice but by shares.
    let (thief, victim) = (house.person(), house.person());
    house.open_share(0, &thief).expect("an account of shares");
    house.open_share(0, &victim).expect("an account of shares");
    house.back(0, &thief, 1).expect("one micro-unit");
    house.back(0, &victim, 1_000 * QUOTE).expect("a deposit");
    assert_eq!(house.share(0, &victim).shares, 1_000 * QUOTE);
    wait_out(&mut house, &thief);
    house.walk_out(0, &thief).expect("the delay is over");
    assert!(wallet(&house, &thief) <= 1, "it gets back what it gave");
    let shares = house.share(0, &victim).shares;
    house.ask_out(0, &victim, shares).expect("a request");
    house.vm.advance(DAY);
    house.walk_out(0, &victim).expect("the delay is over");
    assert!(wallet(&house, &victim) >= 1_000 * QUOTE - 1);
    assert_conserved(&house);
}

/// The one way to give the vault something: a commitment that is left behind.
#[test]
fn attack_first_depositor_cannot_make_its_share_dear() {
    let mut house = backed();
    let (thief, victim) = (house.person(), house.person());
    house.open_share(0, &thief).expect("an account of shares");
    house.open_share(0, &victim).expect("an account of shares");
    house.back(0, &thief, 1).expect("one micro-unit");
    let giver = house.person_with_quote(100_000);
    house.ask_trade(0, &giver, 1, 500 * BASE).expect("a request");
    house.close_trade(&giver, &giver, 1).expect("taken back, and its commitment stays");
    assert_eq!(house.slice(0).quote, 50 * QUOTE as i64 + 1, "one share, and what it is worth");
    house.back(0, &victim, 99 * QUOTE).expect("a deposit that is no multiple of it");
    wait_out(&mut house, &thief);
    house.walk_out(0, &thief).expect("the delay is over");
    assert!(wallet(&house, &thief) < QUOTE, "{} of the 50 that it gave", wallet(&house, &thief));
    wait_out(&mut house, &victim);
    house.walk_out(0, &victim).expect("the delay is over");
    assert!(wallet(&house, &victim) >= 99 * QUOTE - 1_000, "{}", wallet(&house, &victim));
    assert_conserved(&house);
}

#[test]
fn attack_donation_moves_no_shares() {
    let mut house = backed();
    let a = house.provider(0, 1_000);
    // Tokens sent to the vault belong to nobody's shares, and nobody deposits into the slice but by shares.
    let (giver, wallet) = stranger(&mut house, 10_000 * QUOTE);
    let give = anchor_spl::token::spl_token::instruction::transfer(
        &anchor_spl::token::ID,
        &wallet,
        &house.at.quote_vault,
        &giver.pubkey(),
        &[],
        5_000 * QUOTE,
    )
    .expect("the arguments are valid");
    house.vm.send(&[give], &[&giver]).expect("tokens go anywhere");
    let slip = house.at.deposit(house.at.slice(0), giver.pubkey(), None, wallet, QUOTE);
    refused_ix(&mut house, BallastError::NotAuthorised, slip, &[&giver]);
    let b = house.provider(0, 1_000);
    assert_eq!((house.share(0, &a).shares, house.share(0, &b).shares), (1_000 * QUOTE, 1_000 * QUOTE));
    assert_eq!(house.slice(0).quote, 2_000 * QUOTE as i64);
}

#[test]
fn redeem_never_pays_more_than_was_deposited_by_rounding() {
    let mut house = backed();
    let trader = house.person_with_quote(100_000);
    let (_, b) = (house.provider(0, 3_333), house.person());
    house.open_share(0, &b).expect("an account of shares");
    // Fees make a share worth an odd number.
    house.trade_at(0, &trader, 1, 3 * BASE + 7, 100.0).expect("a trade");
    house.trade_at(0, &trader, 2, -(3 * BASE + 7), 100.0).expect("a trade");
    house.settle(0, &trader).expect("the trader's loss");
    house.settle(0, &a_slice(&house)).expect("the slice's profit");
    // Less than what a share costs buys none, and is not taken for nothing.
    let mint = house.at.quote_mint;
    house.vm.mint_to(&mint, &b.wallets[&mint], 1);
    let too_little = house.at.backstop_deposit(0, b.pubkey(), b.wallets[&mint], 1);
    refused_ix(&mut house, BallastError::NoShares, too_little, &[&b.key]);
    let mut paid = 1;
    for amount in [2, 3, 7, 1_000_003, 999_999_999] {
        prices_after(&mut house, 1, &[100.0]);
        house.back(0, &b, amount).expect("a deposit");
        paid += amount;
        let shares = house.share(0, &b).shares;
        assert!(shares <= paid, "a share costs more than one");
        for part in [1, shares / 3, shares / 2] {
            if part > 0 && part <= house.share(0, &b).shares {
                house.ask_out(0, &b, part).expect("a request");
                house.vm.advance(DAY);
                house.walk_out(0, &b).expect("the delay is over");
            }
        }
    }
    let left = house.share(0, &b).shares;
    house.ask_out(0, &b, left).expect("a request");
    house.vm.advance(DAY);
    house.walk_out(0, &b).expect("the delay is over");
    assert!(wallet(&house, &b) <= paid, "{} of {paid}", wallet(&house, &b));
    assert_conserved(&house);
}

/// The slice, as far as `settle` needs a person.
fn a_slice(house: &House) -> Person {
    Person { key: ballast_sandbox::Keypair::new(), account: house.at.slice(0), wallets: Default::default() }
}

// ---- at which value ------------------------------------------------------------------------------

#[test]
fn entry_is_at_the_higher_and_exit_at_the_lower_of_spot_and_stable_value() {
    let mut house = backed();
    let a = house.provider(0, 100_000);
    let trader = house.person_with_quote(100_000);
    // The trader sells: the slice is long a hundred coins, and spot is above the stable price.
    house.trade_at(0, &trader, 1, -100 * BASE, 100.0).expect("a trade");
    house.ask_out(0, &a, 1_000 * QUOTE).expect("a request");
    prices_after(&mut house, DAY, &[100.0]);
    prices_after(&mut house, 20, &[110.0]);
    let b = house.person();
    house.open_share(0, &b).expect("an account of shares");
    let entered: BackstopDeposited = house.back(0, &b, 1_000 * QUOTE).expect("a deposit").event();
    assert!(entered.worth > 100_900 * QUOTE as i64, "entry pays for the gain: {}", entered.worth);
    // What it is charged, not only what is said: shares·worth ≤ amount·total, virtual shares apart.
    let (shares, before) = (u128::from(entered.shares), u128::from(entered.total_shares - entered.shares));
    assert!(shares * entered.worth as u128 * 1_000 <= u128::from(entered.amount) * before * 1_001);
    let left: BackstopWithdrawn = house.walk_out(0, &a).expect("the delay is over").event();
    let (paid, before) = (u128::from(left.amount), u128::from(left.total_shares + left.shares));
    assert!(paid * before <= u128::from(left.shares) * left.worth as u128, "{paid} is paid");
    // Worth what the stable price says, of which the entrant's money is a part.
    assert!(left.worth < 101_200 * QUOTE as i64, "exit does not: {}", left.worth);
    assert_conserved(&house);
}

#[test]
fn attack_lp_cannot_flee_a_loss_within_the_delay() {
    let mut house = backed();
    let (a, b) = (house.provider(0, 50_000), house.provider(0, 50_000));
    let trader = house.person_with_quote(100_000);
    house.trade_at(0, &trader, 1, -500 * BASE, 100.0).expect("a trade");
    // One sees the fall coming and asks; the loss comes within the delay, and both carry half of it.
    let all = house.share(0, &a).shares;
    house.ask_out(0, &a, all).expect("a request");
    prices_after(&mut house, 3_600, &[80.0]);
    prices_after(&mut house, DAY - 3_600, &[80.0]);
    house.walk_out(0, &a).expect("the delay is over");
    let got = wallet(&house, &a);
    assert!(got < 45_100 * QUOTE, "half of the loss of 10,000 is its own: {got}");
    assert!(house.share(0, &b).shares == 50_000 * QUOTE);
    assert_conserved(&house);
}

#[test]
fn nobody_leaves_an_open_position_while_losses_halt_the_vault() {
    let mut house = sol();
    let params = BackstopParams { loss_limit: 1_000 * QUOTE, ..default_backstop() };
    house.create_backstop(0, params).expect("governance creates a backstop");
    let a = house.provider(0, 100_000);
    let trader = house.person_with_quote(100_000);
    house.trade_at(0, &trader, 1, -100 * BASE, 100.0).expect("a trade");
    house.ask_out(0, &a, 1_000 * QUOTE).expect("a request");
    prices_after(&mut house, DAY, &[100.0]);
    house.update_funding(0).expect("an hour has passed");
    prices_after(&mut house, 60, &[88.0]);
    house.update_funding(0).expect("a minute has passed");
    assert!(house.vault(0).is_halted(house.vm.now()));
    refused(&mut house, BallastError::BackstopHalted, |h| h.walk_out(0, &a));
    // New capital is welcome.
    house.provider(0, 1_000);
    assert_conserved(&house);
}

#[test]
fn the_way_out_stays_open_without_a_price_where_there_is_no_position() {
    let mut house = backed();
    let a = house.provider(0, 1_000);
    wait_out(&mut house, &a);
    assert!(house.board().assets[0].publish_time + 60 < house.vm.now(), "the price is a day old");
    house.walk_out(0, &a).expect("nothing depends on it");
    // Into the vault nobody comes without one.
    let b = house.person();
    house.open_share(0, &b).expect("an account of shares");
    refused(&mut house, BallastError::AssetHalted, |h| {
        let wallet = b.wallets[&h.at.quote_mint];
        let deposit = h.at.backstop_deposit(0, b.pubkey(), wallet, 1);
        h.vm.send(&[deposit], &[&b.key])
    });
}

#[test]
fn a_withdrawal_leaves_the_slice_its_initial_margin() {
    let mut house = backed();
    let a = house.provider(0, 10_000);
    let trader = house.person_with_quote(100_000);
    house.trade_at(0, &trader, 1, -400 * BASE, 100.0).expect("a trade");
    house.ask_out(0, &a, 9_000 * QUOTE).expect("a request");
    prices_after(&mut house, DAY, &[100.0]);
    refused(&mut house, BallastError::BelowInitialMargin, |h| h.walk_out(0, &a));
    house.ask_out(0, &a, 2_000 * QUOTE).expect("a request");
    prices_after(&mut house, DAY, &[100.0]);
    house.walk_out(0, &a).expect("enough is left");
    assert_conserved(&house);
}

#[test]
fn an_exhausted_vault_starts_anew() {
    let mut house = backed();
    let a = house.provider(0, 1_000);
    // What a bankruptcy leaves: the slice is empty, its shares are not.
    let mut data = house.vm.data(&house.at.slice(0));
    let at = 8 + core::mem::offset_of!(ballast::state::MarginAccount, quote);
    data[at..at + 8].copy_from_slice(&0i64.to_le_bytes());
    house.vm.put(house.at.slice(0), ballast::ID, data);
    let b = house.provider(0, 500);
    assert_eq!((house.vault(0).epoch, house.vault(0).total_shares), (2, 500 * QUOTE));
    assert_eq!(house.share(0, &b).shares, 500 * QUOTE);
    // Old shares are of an epoch that is over.
    refused(&mut house, BallastError::InsufficientShares, |h| h.ask_out(0, &a, 1));
    assert_eq!(quote_of(&house, &a), 0);
}
