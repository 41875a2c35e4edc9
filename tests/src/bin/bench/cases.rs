//! Cases that each need a house of their own: accounts, the backstop, the waterfall, governance.

use anyhow::{Context, Result};
use ballast::governance::{DELAY_S, Parameter};
use ballast::instructions::PauseArgs;
use ballast::limits::PhaseParams;
use ballast::policy::pause::NEW_RISK;
use ballast::state::proposal::role;
use ballast_sandbox::client::instructions::Which;
use ballast_sandbox::house::{
    HouseParams, QUOTE, default_backstop, default_lending, default_params, default_phases, made_up_history,
};
use ballast_sandbox::tokens::MintExtension;
use ballast_sandbox::{AssetSpec, House, MarketSpec, Signer};

use anchor_lang::prelude::Pubkey;

use crate::{COIN, PRICE, coins, liquidate_in, positions};

/// What a case found.
pub type Found = Vec<(&'static str, u64)>;

/// All of them.
pub const CASES: [fn() -> Result<Found>; 9] =
    [accounts, lending, sources, token_with_a_fee, backstop, waterfall, paced, governance, attestation];

fn coins_with(params: HouseParams, count: usize) -> (House, Vec<f64>) {
    let spec = |i: usize| {
        let mut spec = AssetSpec::coin(&format!("C{i:02}"), 9);
        (spec.args.depth_floor, spec.args.depth_cap) = (1_000_000 * QUOTE, 1_000_000_000 * QUOTE);
        spec
    };
    let mut house = House::with_assets(params, (0..count).map(|i| (spec(i), PRICE)).collect());
    let prices = vec![PRICE; count];
    house.season(&prices);
    (house, prices)
}

fn accounts() -> Result<Found> {
    let (mut house, _) = coins(8);
    let (desk, who) = (house.person_with_quote(100_000_000), house.person_with_quote(200));
    positions(&mut house, &who, &desk, 0..8, 1_000)?;
    let other = house.sub_account(&who, 1, None);
    let moved = house.transfer(&who, &other, None, QUOTE)?.compute_units;
    // Below its MM, or there is nothing to note.
    house.vm.advance(30);
    house.post_all(&[0.8 * PRICE; 8]);
    Ok(vec![("transfer_8", moved), ("touch_account_8", house.touch(&who.account)?.compute_units)])
}

/// A withdrawal while interest runs and the outflow of both vault and loans has a window.
fn lending() -> Result<Found> {
    let lending = ballast::limits::LendingParams {
        base_bps: 100,
        at_kink_bps: 500,
        at_full_bps: 5_000,
        lent_bps: 5_000,
        outflow_bps: 5_000,
        window_s: 3_600,
        step_s: 600,
        ..default_lending()
    };
    let (mut house, prices) = coins_with(HouseParams { lending, ..HouseParams::default() }, 8);
    let (desk, who) = (house.person_with_quote(100_000_000), house.person_with_quote(100_000));
    positions(&mut house, &who, &desk, 0..8, 1_000)?;
    let borrower = house.person();
    house.fund_collateral(&borrower, 0, 100 * COIN)?;
    house.withdraw_quote(&borrower, 1_000 * QUOTE)?;
    house.vm.advance(600);
    house.post_all(&prices);
    Ok(vec![
        ("withdraw_8_lending", house.withdraw_quote(&who, QUOTE)?.compute_units),
        ("borrow_1", house.withdraw_quote(&borrower, QUOTE)?.compute_units),
    ])
}

fn sources() -> Result<Found> {
    let mut spec = AssetSpec::coin("USDE", 9);
    spec.args.sources.second_source = Pubkey::new_from_array([0x5b; 32]);
    (spec.args.sources.quorum, spec.args.sources.max_deviation_bps) = (2, 100);
    let params = HouseParams { quote_feed_id: [0x71; 32], ..HouseParams::default() };
    let mut house = House::with_assets(params, vec![(spec, 1.0)]);
    house.vm.advance(30);
    let quote = house.say_quote(1.0)?.compute_units;
    Ok(vec![("refresh_quote", quote), ("refresh_price_2", house.say(0, 1.001)?.compute_units)])
}

fn token_with_a_fee() -> Result<Found> {
    let mut house = House::empty(default_params());
    let mint = house.vm.create_mint_2022(9, true, &[MintExtension::TransferFee(50, u64::MAX)]);
    house.list_minted(AssetSpec::coin("NEW", 9), Some(mint))?;
    house.open_market(MarketSpec::perpetual("NEW", 0))?;
    house.calibrate(made_up_history(0))?;
    house.open()?;
    house.post_all(&[PRICE]);
    let who = house.person();
    Ok(vec![("deposit_2022", house.fund_collateral(&who, 0, COIN)?.compute_units)])
}

fn backstop() -> Result<Found> {
    let (mut house, prices) = coins(8);
    house.create_backstop(0, default_backstop())?;
    let provider = house.provider(0, 1_000_000);
    let deposit = house.back(0, &provider, 1_000 * QUOTE)?.compute_units;
    let (desk, who) = (house.person_with_quote(100_000_000), house.person_with_quote(1_000_000));
    positions(&mut house, &who, &desk, 0..8, 1_000)?;
    let request = house.ask_trade(0, &who, 1, COIN as i64)?.compute_units;
    house.vm.advance(10);
    house.post_all(&prices);
    let trade = house.execute(&who, 1)?.compute_units;
    house.vm.advance(3_600);
    house.post_all(&prices);
    let funding = house.update_funding(0)?.compute_units;
    house.ask_out(0, &provider, 1_000 * QUOTE)?;
    house.vm.advance(86_400);
    house.post_all(&prices);
    Ok(vec![
        ("backstop_deposit", deposit),
        ("request_trade_8", request),
        ("trade_8", trade),
        ("update_funding", funding),
        ("backstop_withdraw", house.walk_out(0, &provider)?.compute_units),
    ])
}

fn waterfall() -> Result<Found> {
    let (mut house, _) = coins(1);
    house.create_backstop(0, default_backstop())?;
    house.provider(0, 1_000_000);
    let (desk, who) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000));
    house.fill_at_oracle(0, &who, &desk, 100 * COIN as i64)?;
    for _ in 0..4 {
        house.vm.advance(30);
        house.post_all(&[0.94 * PRICE]);
        let _ = house.touch(&who.account);
    }
    let taken = house.take_over(0, &who.account, 20 * COIN)?.compute_units;

    let (mut house, _) = coins(1);
    let (loser, winner) = (house.person_with_quote(300), house.person_with_quote(2_000));
    house.fill_at_oracle(0, &loser, &winner, -10 * COIN as i64)?;
    house.vm.advance(30);
    house.post_all(&[1.5 * PRICE]);
    house.touch(&loser.account)?;
    house.vm.advance(60);
    house.post_all(&[1.5 * PRICE]);
    let resolved = house.resolve_bankruptcy(&loser, Some(0))?.compute_units;
    Ok(vec![("take_over", taken), ("resolve_bankruptcy", resolved)])
}

/// Liquidations with everything on: a breach that must be confirmed, phases, windows, an auction and a bounty.
fn paced() -> Result<Found> {
    let phases = PhaseParams {
        bounty: 10 * QUOTE,
        deep_bps: 5_000,
        bankrupt_bps: 2_500,
        penalty_start_bps: 5_000,
        penalty_growth_s: 600,
        first_step_bps: 5_000,
        wait_s: 10,
        window_s: 600,
        ..default_phases()
    };
    let params = HouseParams { phases, ..HouseParams::default() };
    let two = liquidate_in(coins_with(params, 2), 0, 0..2).context("two exposures")?;
    let full = liquidate_in(coins_with(params, 32), 16, 16..32).context("a full account")?;
    Ok(vec![("liquidate_2_paced", two), ("liquidate_full_paced", full)])
}

fn governance() -> Result<Found> {
    let (mut house, _) = coins(1);
    let (guardian, by) = (house.vm.key(), house.governance.insecure_clone());
    house.name(role::GUARDIAN, guardian.pubkey())?;
    let args = PauseArgs { bits: NEW_RISK, assets: 0, markets: 0, seconds: 600 };
    let pause = house.pause(&guardian, args)?.compute_units;
    let (id, payer) = (house.clearinghouse().proposals, house.vm.payer.pubkey());
    let which = Which { parameter: Parameter::MaxAge, target: 0 };
    let from = house.parameter(which.parameter, which.target);
    let propose = house.at.propose(payer, by.pubkey(), false, id, which, from, from + 5);
    let proposed = house.vm.send(&[propose], &[&by])?.compute_units;
    house.vm.advance(DELAY_S + 3_600);
    Ok(vec![("pause", pause), ("propose", proposed), ("apply_proposal", house.apply(id)?.compute_units)])
}

fn attestation() -> Result<Found> {
    let (mut house, _) = coins(4);
    for _ in 0..45 {
        house.person_with_quote(10_000);
    }
    Ok(vec![("attest_solvency_45", house.attest_solvency()?.compute_units)])
}
