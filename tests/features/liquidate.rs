//! Liquidation: what a keeper may take, on which terms, and what it may not.

use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use ballast::error::BallastError;
use ballast::event::{LegTaken, Liquidated};
use ballast::instructions::{LegAmount, LiquidationLeg, LoadCalibrationArgs};
use ballast::limits::MAX_LIQUIDATION_LEGS;
use ballast_client::instructions::set_delegate;
use ballast_sandbox::house::{QUOTE, Sent, default_params, made_up_history};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};

use crate::common::{
    BASE, COIN, Rival, assert_conserved, prices_after, quote_of, refused, refused_ix, sol, sol_and_eth,
    unsigned, with_account,
};

/// A trader that is short of margin, a keeper with a million, and the house.
struct Short {
    house: House,
    who: Person,
    keeper: Person,
}

impl Short {
    /// `coins` of SOL at 100 on `quote`, then the price moves.
    fn position(coins: i64, quote: u64, price: f64) -> Self {
        let mut house = sol();
        let (who, desk) = (house.person_with_quote(quote), house.person_with_quote(1_000_000));
        let keeper = house.person_with_quote(1_000_000);
        house.fill_at_oracle(0, &who, &desk, coins * BASE).expect("a fill");
        prices_after(&mut house, 30, &[price]);
        Self { house, who, keeper }
    }

    /// 1,000 quote lent on fifteen coins, then the price moves.
    fn loan(price: f64) -> Self {
        let mut house = sol();
        let keeper = house.person_with_quote(1_000_000);
        let who = house.person();
        house.fund_collateral(&who, 0, 15 * COIN).expect("fifteen coins");
        house.withdraw_quote(&who, 1_000 * QUOTE).expect("a loan");
        prices_after(&mut house, 30, &[price]);
        Self { house, who, keeper }
    }

    fn take_position(&mut self, amount: u64) -> Sent {
        let take = self.house.at.liquidate_position(self.who.account, self.keeper.party(), 0, amount);
        self.house.vm.send(&[take], &[&self.keeper.key])
    }

    fn take_collateral(&mut self, amount: u64) -> Sent {
        let take = self.house.at.liquidate_collateral(self.who.account, self.keeper.party(), 0, amount);
        self.house.vm.send(&[take], &[&self.keeper.key])
    }

    fn base(&self, person: &Person) -> i64 {
        self.house.margin_account(&person.account).position(0).base
    }

    #[track_caller]
    fn refused<E: Into<u32>>(&mut self, error: E, attempt: impl FnOnce(&mut Self) -> Sent) {
        refused(self, error, attempt);
    }
}

impl crate::common::World for Short {
    fn vm(&mut self) -> &mut ballast_sandbox::Vm {
        &mut self.house.vm
    }
}

/// The leg of a liquidation that took one.
fn only_leg(said: &Liquidated) -> &LegTaken {
    assert_eq!(said.legs.len(), 1);
    &said.legs[0]
}

/// Part of a position, as a leg.
fn position(market: u8, amount: u64) -> LegAmount {
    LegAmount { leg: LiquidationLeg::Position { market }, amount }
}

/// Part of the collateral, as a leg.
fn collateral(asset: u8, amount: u64) -> LegAmount {
    LegAmount { leg: LiquidationLeg::Collateral { asset }, amount }
}

// ---- the terms -----------------------------------------------------------------------------------

#[test]
fn a_long_position_is_taken_over_at_spot_less_the_penalty() {
    let mut s = Short::position(100, 1_000, 94.0);
    let value = s.house.value(0, 40 * COIN) as i64;
    let (penalty, equity) = (value as u64 / 100, s.house.health(&s.who).maintenance.equity);
    let fund = penalty.div_ceil(2);
    let entries = s.house.margin_account(&s.who.account).position(0).entry;

    let said: Liquidated = s.take_position(40 * COIN).expect("the account is short").event();
    assert_eq!((said.account, said.keeper), (s.who.account, s.keeper.account));
    let leg = only_leg(&said);
    assert_eq!((leg.market, leg.asset, leg.quantity), (Some(0), 0, 40 * BASE));
    assert_eq!((said.penalty, leg.penalty, said.to_insurance), (penalty, penalty, fund));
    assert_eq!(leg.proceeds, value - penalty as i64);
    assert_eq!((s.base(&s.who), s.base(&s.keeper)), (60 * BASE, 40 * BASE));
    let (left, taken) = (
        s.house.margin_account(&s.who.account).position(0),
        s.house.margin_account(&s.keeper.account).position(0),
    );
    assert_eq!((left.entry, taken.entry), (entries + leg.proceeds, -leg.proceeds));

    // The account lost the penalty and nothing else; the fund's part came out of the keeper's quote.
    let after = s.house.health(&s.who).maintenance;
    assert!((said.equity_before - equity).abs() <= 1);
    assert!((equity - penalty as i64 - after.equity).abs() <= 1, "up to one micro-unit of rounding");
    assert_eq!((said.equity_after, said.mm_after), (after.equity, after.maintenance));
    assert_eq!(s.house.treasury().insurance, fund);
    assert_eq!(quote_of(&s.house, &s.keeper), 1_000_000 * QUOTE as i64 - fund as i64);
    let gained = s.house.health(&s.keeper).maintenance.equity - 1_000_000 * QUOTE as i64;
    assert!((gained - (penalty - fund) as i64).abs() <= 1, "the keeper's part");
    assert_conserved(&s.house);
}

#[test]
fn a_short_position_is_taken_over_at_spot_plus_the_penalty() {
    let mut s = Short::position(-100, 1_000, 106.0);
    let said: Liquidated = s.take_position(40 * COIN).expect("the account is short").event();
    let value = s.house.value(0, 40 * COIN);
    assert!(said.penalty.abs_diff(value / 100) <= 1);
    let leg = only_leg(&said);
    assert_eq!((leg.quantity, said.to_insurance), (-40 * BASE, said.penalty.div_ceil(2)));
    assert!((leg.proceeds + (value + said.penalty) as i64).abs() <= 1, "it pays to be rid of it");
    assert_eq!((s.base(&s.who), s.base(&s.keeper)), (-60 * BASE, -40 * BASE));
    assert_conserved(&s.house);
}

#[test]
fn collateral_is_bought_at_spot_less_the_penalty() {
    let mut s = Short::loan(72.5);
    let value = s.house.value(0, 4 * COIN);
    let before = quote_of(&s.house, &s.who);
    let said: Liquidated = s.take_collateral(4 * COIN).expect("the account is short").event();
    let leg = only_leg(&said);
    assert_eq!((leg.market, leg.asset, leg.quantity), (None, 0, 4 * BASE));
    assert_eq!((said.penalty, said.to_insurance), (value / 100, (value / 100).div_ceil(2)));
    assert_eq!(quote_of(&s.house, &s.who), before + (value - said.penalty) as i64);
    let paid = value - said.penalty + said.to_insurance;
    assert_eq!(quote_of(&s.house, &s.keeper), 1_000_000 * QUOTE as i64 - paid as i64);
    assert_eq!(s.house.margin_account(&s.who.account).collateral_of(0), 11 * COIN);
    assert_eq!(s.house.margin_account(&s.keeper.account).collateral_of(0), 4 * COIN);
    assert_conserved(&s.house);
    // And it is the keeper's to withdraw.
    s.house.withdraw_collateral(&s.keeper, 0, 4 * COIN).expect("a withdrawal");
}

#[test]
fn a_keeper_that_holds_the_other_side_closes_open_interest() {
    let mut s = Short::position(100, 1_000, 94.0);
    let other = s.house.person_with_quote(1_000_000);
    s.house.fill_at_oracle(0, &s.keeper, &other, -30 * BASE).expect("the keeper is short");
    let open = s.house.market(0).open_interest;
    s.take_position(40 * COIN).expect("the account is short");
    assert_eq!(s.base(&s.keeper), 10 * BASE);
    assert_eq!(s.house.market(0).open_interest, open - 30 * COIN);
    assert_conserved(&s.house);
}

#[test]
fn the_penalty_never_takes_more_than_the_equity() {
    // 1,000 on 100 coins, at 90.02: two dollars are left, the whole penalty would be ninety.
    let mut s = Short::position(100, 1_000, 90.02);
    let equity = s.house.health(&s.who).maintenance.equity;
    assert!((QUOTE as i64..3 * QUOTE as i64).contains(&equity));
    let said: Liquidated = s.take_position(100 * COIN).expect("the account is deep under").event();
    assert_eq!(said.penalty, equity as u64);
    assert_eq!(said.to_insurance, said.penalty.div_ceil(2));
    let left = s.house.health(&s.who).maintenance.equity;
    assert!((0..=1).contains(&left), "nothing is left, and nothing is owed: {left}");
    assert_conserved(&s.house);
}

#[test]
fn a_bankrupt_account_pays_no_penalty_and_its_loss_stays_with_it() {
    let mut s = Short::position(100, 1_000, 85.0);
    let equity = s.house.health(&s.who).maintenance.equity;
    assert!(equity < -499 * QUOTE as i64);
    let said: Liquidated = s.take_position(100 * COIN).expect("the account is bankrupt").event();
    assert_eq!((said.penalty, said.to_insurance), (0, 0));
    assert!((s.house.health(&s.who).maintenance.equity - equity).abs() <= 1);
    // What it had pays; the rest stays in its entry, and nobody lends it.
    s.house.settle(0, &s.who).expect("it pays what it has");
    assert_eq!(quote_of(&s.house, &s.who), 0);
    s.refused(BallastError::NothingToSettle, |s| s.house.settle(0, &s.who));
    assert_conserved(&s.house);
}

#[test]
fn a_small_account_is_closed_whole() {
    let mut house = sol();
    let (who, desk) = (house.person(), house.person_with_quote(1_000));
    let keeper = house.person_with_quote(1_000);
    house.fund_quote(&who, 16 * QUOTE / 10).expect("1.60");
    house.fill_at_oracle(0, &who, &desk, BASE / 10).expect("ten dollars of exposure");
    prices_after(&mut house, 30, &[93.0]);
    let mut s = Short { house, who, keeper };
    // Nine dollars of exposure are below dust: all of it goes, whatever the target.
    s.take_position(COIN / 10).expect("below dust");
    assert_eq!(s.base(&s.who), 0);
    s.house.settle(0, &s.who).expect("the loss is settled");
    let rest = quote_of(&s.house, &s.who);
    assert!(rest > 0);
    s.house.withdraw_quote(&s.who, rest as u64).expect("what is left is withdrawn");
    s.house.close(&s.who).expect("and nothing remains of it");
    assert_conserved(&s.house);
}

#[test]
fn the_best_plan_brings_the_account_back_to_its_margin() {
    for mut s in [Short::position(100, 1_000, 94.0), Short::position(-100, 1_000, 106.0), Short::loan(72.5)] {
        let plan = s.house.plan(&s.who.account, &s.keeper).expect("the account is short");
        s.house.liquidate(&s.who.account, &s.keeper, &plan).expect("the plan is admitted");
        let after = s.house.health(&s.who).maintenance;
        assert!(!after.is_liquidatable());
        let target = after.maintenance + after.maintenance.div_ceil(10);
        assert!(after.equity as u64 <= target + 10 * QUOTE, "and not far past it");
        let more = [LegAmount { amount: COIN, ..plan.legs[0] }];
        let take = s.house.at.liquidate(s.who.account, s.keeper.party(), &more);
        let key = s.keeper.key.insecure_clone();
        refused_ix(&mut s, BallastError::AccountHealthy, take, &[&key]);
        assert!(s.house.plan(&s.who.account, &s.keeper).is_none());
        assert_conserved(&s.house);
    }
}

// ---- what is refused -----------------------------------------------------------------------------

#[test]
fn a_healthy_account_is_not_touched() {
    let mut s = Short::position(100, 1_000, 98.8);
    let health = s.house.health(&s.who);
    assert!(!health.initial.meets_initial(), "below IM, but not below MM");
    s.refused(BallastError::AccountHealthy, |s| s.take_position(COIN));
    let mut s = Short::loan(99.5);
    s.refused(BallastError::AccountHealthy, |s| s.take_collateral(COIN));
}

#[test]
fn no_more_is_taken_than_the_account_needs() {
    let mut s = Short::position(100, 1_000, 94.0);
    s.refused(BallastError::LiquidationTooLarge, |s| s.take_position(100 * COIN));
    let plan = s.house.plan(&s.who.account, &s.keeper).expect("the account is short");
    let amount = plan.legs[0].amount;
    s.refused(BallastError::LiquidationTooLarge, |s| s.take_position(amount + COIN / 10));
    s.take_position(amount).expect("what it needs");
}

#[test]
fn a_step_that_does_not_help_is_refused() {
    let mut s = Short::position(100, 1_000, 94.0);
    s.refused(BallastError::ShortfallNotReduced, |s| s.take_position(1));
}

/// Two coins whose histories are the same, seasoned: each is a perfect hedge of the other, and with a low floor it
/// is the joint core that they pay for.
fn twins() -> House {
    let mut house = House::empty(default_params());
    for name in ["SOL", "ETH"] {
        let mut spec = AssetSpec::coin(name, 9);
        (spec.args.haircut_min_bps, spec.args.max_move_bps) = (310, 10);
        let index = house.list_asset(spec).expect("a coin is listed");
        house.open_market(MarketSpec::perpetual(name, index)).expect("a market is opened");
        let history = LoadCalibrationArgs { asset: index, ..made_up_history(0) };
        house.calibrate(history).expect("a calibration is loaded");
    }
    house.open().expect("governance opens");
    house.post_all(&[100.0, 1_000.0]);
    house.season(&[100.0, 1_000.0]);
    house
}

#[test]
fn attack_a_hedge_is_not_taken_away() {
    let mut house = twins();
    let (who, desk) = (house.person_with_quote(4_000), house.person_with_quote(1_000_000));
    let keeper = house.person_with_quote(1_000_000);
    // Long 50,000 of one against 40,000 short of the other, step by step: hedged all the way.
    for _ in 0..10 {
        house.fill_at_oracle(0, &who, &desk, 50 * BASE).expect("a fill");
        house.fill_at_oracle(1, &who, &desk, -4 * BASE).expect("a fill");
    }
    let mut price = 100.0;
    while house.plan(&who.account, &keeper).is_none() {
        price *= 0.995;
        prices_after(&mut house, 30, &[price, 1_000.0]);
    }
    let take = house.at.liquidate_position(who.account, keeper.party(), 1, 2 * COIN);
    refused_ix(&mut house, BallastError::ShortfallNotReduced, take, &[&keeper.key]);
    // Both legs together may go: that is how a hedge is unwound.
    let both = [position(0, 20 * COIN), position(1, 2 * COIN)];
    let take = house.at.liquidate(who.account, keeper.party(), &both);
    let said: Liquidated = house.vm.send(&[take], &[&keeper.key]).expect("the hedge goes as one").event();
    assert_eq!(said.legs.len(), 2);
    assert_eq!((said.legs[0].quantity, said.legs[1].quantity), (20 * BASE, -2 * BASE));
    assert_eq!(said.penalty, said.legs[0].penalty + said.legs[1].penalty);
    let freed = said.mm_before - said.mm_after;
    assert!(said.penalty <= freed / 2, "a penalty of {} on a relief of {freed}", said.penalty);
    assert_conserved(&house);
}

#[test]
fn a_position_and_the_collateral_behind_it_go_together() {
    let mut house = sol();
    let (who, desk) = (house.person_with_quote(500), house.person_with_quote(1_000_000));
    let keeper = house.person_with_quote(1_000_000);
    house.fund_collateral(&who, 0, 5 * COIN).expect("five coins");
    house.fill_at_oracle(0, &who, &desk, 80 * BASE).expect("a fill");
    prices_after(&mut house, 30, &[94.0]);
    let legs = [collateral(0, 2 * COIN), position(0, 20 * COIN)];
    let take = house.at.liquidate(who.account, keeper.party(), &legs);
    let said: Liquidated = house.vm.send(&[take], &[&keeper.key]).expect("the account is short").event();
    assert_eq!((said.legs[0].market, said.legs[1].market), (None, Some(0)));
    let (account, taken) = (house.margin_account(&who.account), house.margin_account(&keeper.account));
    assert_eq!((account.collateral_of(0), account.position(0).base), (3 * COIN, 60 * BASE));
    assert_eq!((taken.collateral_of(0), taken.position(0).base), (2 * COIN, 20 * BASE));
    assert_conserved(&house);
}

#[test]
fn nobody_takes_nothing_or_more_than_there_is() {
    let mut s = Short::position(100, 1_000, 90.02);
    s.refused(BallastError::ZeroAmount, |s| s.take_position(0));
    s.refused(BallastError::ZeroAmount, |s| s.take_collateral(0));
    s.refused(BallastError::InsufficientBalance, |s| s.take_position(100 * COIN + 1));
    s.refused(BallastError::InsufficientBalance, |s| s.take_position(i64::MAX as u64));
    s.refused(BallastError::Overflow, |s| s.take_position(u64::MAX));
    s.refused(BallastError::Overflow, |s| s.take_position(1 << 63));
    s.refused(BallastError::InsufficientBalance, |s| s.take_collateral(1));

    let mut s = Short::loan(72.5);
    s.refused(BallastError::InsufficientBalance, |s| s.take_collateral(15 * COIN + 1));
    s.refused(BallastError::NoPosition, |s| s.take_position(COIN));
}

#[test]
fn the_markets_are_those_of_the_positions() {
    let mut s = Short::position(100, 1_000, 94.0);
    let at = s.house.at;
    let (who, party, key) = (s.who.account, s.keeper.party(), s.keeper.key.insecure_clone());
    s.house.open_market(MarketSpec::perpetual("SOL", 0)).expect("a second market");
    let take = at.liquidate_position(who, party, 0, 40 * COIN);

    // None, another one, one that may not be written, and no market at all.
    let mut missing = take.clone();
    missing.accounts.pop();
    refused_ix(&mut s, BallastError::WrongMarket, missing, &[&key]);
    let other = with_account(take.clone(), at.market(0), at.market(1));
    refused_ix(&mut s, BallastError::WrongMarket, other, &[&key]);
    let mut read_only = take.clone();
    read_only.accounts.last_mut().expect("the market").is_writable = false;
    refused_ix(&mut s, BallastError::WrongMarket, read_only, &[&key]);
    let no_market = with_account(take, at.market(0), at.asset(0));
    refused_ix(&mut s, ErrorCode::AccountDiscriminatorMismatch, no_market, &[&key]);

    let elsewhere = at.liquidate(who, party, &[position(1, COIN)]);
    refused_ix(&mut s, BallastError::NoPosition, elsewhere, &[&key]);
    for unlisted in [position(2, COIN), position(255, COIN), collateral(1, COIN), collateral(255, COIN)] {
        let take = at.liquidate(who, party, &[unlisted]);
        refused_ix(&mut s, BallastError::UnknownAsset, take, &[&key]);
    }
}

#[test]
fn legs_are_few_and_distinct() {
    let mut s = Short::position(100, 1_000, 94.0);
    let at = s.house.at;
    let (who, party, key) = (s.who.account, s.keeper.party(), s.keeper.key.insecure_clone());
    let twice = vec![position(0, 20 * COIN); 2];
    let apart = vec![position(0, 20 * COIN), collateral(0, COIN), position(0, 10 * COIN)];
    let many = (0..=MAX_LIQUIDATION_LEGS as u8).map(|m| position(m, COIN)).collect();
    for legs in [vec![], twice, apart, many] {
        let take = at.liquidate(who, party, &legs);
        refused_ix(&mut s, BallastError::BadLegs, take, &[&key]);
    }
}

#[test]
fn a_keeper_ends_above_its_initial_margin() {
    let mut s = Short::position(100, 1_000, 94.0);
    let poor = s.house.person_with_quote(10);
    let take = s.house.at.liquidate_position(s.who.account, poor.party(), 0, 40 * COIN);
    refused_ix(&mut s, BallastError::BelowInitialMargin, take, &[&poor.key]);
    let broke = s.house.person();
    let take = s.house.at.liquidate_position(s.who.account, broke.party(), 0, COIN);
    refused_ix(&mut s, BallastError::BelowInitialMargin, take, &[&broke.key]);
    let take = s.house.at.liquidate_position(s.who.account, poor.party(), 0, COIN / 2);
    s.house.vm.send(&[take], &[&poor.key]).expect("what it can carry");
}

#[test]
fn attack_an_account_does_not_liquidate_itself() {
    let mut s = Short::position(100, 1_000, 94.0);
    let take = s.house.at.liquidate_position(s.who.account, s.who.party(), 0, 40 * COIN);
    let key = s.who.key.insecure_clone();
    refused_ix(&mut s, BallastError::DuplicateAccount, take, &[&key]);
}

#[test]
fn attack_nobody_makes_another_the_keeper() {
    let mut s = Short::position(100, 1_000, 94.0);
    let thief = Keypair::new();
    let take = s.house.at.liquidate_position(s.who.account, (s.keeper.account, thief.pubkey()), 0, 40 * COIN);
    refused_ix(&mut s, BallastError::NotAuthorised, take, &[&thief]);
    let take = s.house.at.liquidate_position(s.who.account, s.keeper.party(), 0, 40 * COIN);
    let take = unsigned(take, s.keeper.pubkey());
    refused_ix(&mut s, ErrorCode::AccountNotSigner, take, &[]);
    // A delegate of the keeper's is its bot.
    let name = set_delegate(s.keeper.pubkey(), s.keeper.account, thief.pubkey());
    s.house.vm.send(&[name], &[&s.keeper.key]).expect("an owner names a delegate");
    let take = s.house.at.liquidate_position(s.who.account, (s.keeper.account, thief.pubkey()), 0, 40 * COIN);
    s.house.vm.send(&[take], &[&thief]).expect("a delegate liquidates");
}

#[test]
fn nobody_is_liquidated_at_a_stale_price() {
    let mut s = Short::position(100, 1_000, 94.0);
    s.house.vm.advance(61);
    s.refused(BallastError::StalePrice, |s| s.take_position(40 * COIN));
    let mut s = Short::loan(72.5);
    s.house.vm.advance(61);
    s.refused(BallastError::StalePrice, |s| s.take_collateral(COIN));
}

/// One dollar of an asset whose oracle has stopped must not block the liquidation of
/// everything else.
#[test]
fn attack_dust_of_a_stale_asset_does_not_shield_an_account() {
    let mut house = sol_and_eth();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    let keeper = house.person_with_quote(1_000_000);
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    house.fund_collateral(&who, 1, COIN / 1_000).expect("one dollar of ETH");
    house.vm.advance(90);
    house.post(0, 92.0);
    house.refresh(0).expect("SOL has a price, ETH has none");
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 40 * COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("SOL is liquidated all the same");
}

/// The other way round: a keeper that leaves the hedge without a price must not find the account short.
#[test]
fn attack_a_hedge_left_without_a_price_does_not_make_an_account_short() {
    let mut house = twins();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    let keeper = house.person_with_quote(1_000_000);
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    house.fill_at_oracle(1, &who, &desk, -10 * BASE).expect("its hedge");
    // Both fall by a quarter; only the long leg's price is refreshed.
    house.vm.advance(90);
    house.post(0, 75.0);
    house.refresh(0).expect("a price for the long leg");
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 40 * COIN);
    refused_ix(&mut house, BallastError::AccountHealthy, take, &[&keeper.key]);
}

/// With a worse price for every leg a hedged keeper would show a loss in the crash that
/// it does not have, and could not liquidate.
#[test]
fn a_hedged_keeper_sees_no_phantom_loss_in_a_crash() {
    let mut house = sol();
    let (who, desk) = (house.person_with_quote(1_000), house.person_with_quote(1_000_000));
    house.fill_at_oracle(0, &who, &desk, 100 * BASE).expect("a fill");
    // A thousand coins against a thousand short: no exposure, and 1,000 quote.
    let keeper = house.person_with_quote(1_000);
    house.fund_collateral(&keeper, 0, 1_000 * COIN).expect("a deposit");
    house.fill_at_oracle(0, &keeper, &desk, -1_000 * BASE).expect("a fill");
    prices_after(&mut house, 60, &[91.0]);
    let initial = house.health(&keeper).initial;
    assert!((initial.equity - 101_000 * QUOTE as i64).abs() <= 2, "no loss of its own: {}", initial.equity);
    let take = house.at.liquidate_position(who.account, keeper.party(), 0, 20 * COIN);
    house.vm.send(&[take], &[&keeper.key]).expect("it may work in the crash");
    assert_conserved(&house);
}

#[test]
fn attack_what_is_genuine_in_another_clearinghouse_is_foreign_here() {
    let mut s = Short::position(100, 1_000, 94.0);
    let mut rival = Rival::of(&mut s.house);
    let there = rival.visit(&mut s.house, |house| house.person_with_quote(1_000_000));
    let (own, other) = (s.house.at, rival.at);
    let take = own.liquidate_position(s.who.account, s.keeper.party(), 0, 40 * COIN);
    let key = s.keeper.key.insecure_clone();
    for (from, to) in [
        (own.board, other.board),
        (own.treasury, other.treasury),
        (own.market(0), other.market(0)),
        (s.who.account, there.account),
    ] {
        let mixed = with_account(take.clone(), from, to);
        refused_ix(&mut s, BallastError::WrongClearinghouse, mixed, &[&key]);
    }
    let foreign_keeper = own.liquidate_position(s.who.account, there.party(), 0, 40 * COIN);
    refused_ix(&mut s, BallastError::WrongClearinghouse, foreign_keeper, &[&there.key]);
    // All of the rival's, on an account of this house.
    let mixed = [(own.board, other.board), (own.treasury, other.treasury), (own.market(0), other.market(0))]
        .into_iter()
        .fold(take, |ix, (from, to)| with_account(ix, from, to));
    refused_ix(&mut s, BallastError::WrongClearinghouse, mixed, &[&key]);
}

#[test]
fn attack_counterfeit_accounts_are_refused() {
    let mut s = Short::position(100, 1_000, 94.0);
    let at = s.house.at;
    let take = at.liquidate_position(s.who.account, s.keeper.party(), 0, 40 * COIN);
    let key = s.keeper.key.insecure_clone();
    for genuine in [at.board, at.treasury, at.market(0), s.who.account, s.keeper.account] {
        let (forged, bytes) = (Pubkey::new_unique(), s.house.vm.data(&genuine));
        s.house.vm.put(forged, Pubkey::new_unique(), bytes);
        let mixed = with_account(take.clone(), genuine, forged);
        refused_ix(&mut s, ErrorCode::AccountOwnedByWrongProgram, mixed, &[&key]);
        let other_kind = with_account(take.clone(), genuine, at.clearinghouse);
        refused_ix(&mut s, ErrorCode::AccountDiscriminatorMismatch, other_kind, &[&key]);
    }
}
