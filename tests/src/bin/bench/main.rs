//! Compute units of every instruction, in the VM, at the sizes that matter.
//!
//! Writes `benchmarks/compute_units.json` and a table beside it; both are committed, so that a
//! regression shows in review. A figure is the whole transaction with that one instruction in it.

mod cases;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anchor_lang::prelude::Pubkey;
use anyhow::{Context, Result};
use ballast::instructions::LoadStressArgs;
use ballast::limits::ClearinghouseParams;
use ballast::state::{AssetConfig, AssetState, Clearinghouse, MarginAccount, Market, RiskBoard, Treasury};
use ballast_risk::fixed::RATE_ONE;
use ballast_sandbox::house::{QUOTE, default_params, made_up_history};
use ballast_sandbox::oracle::Update;
use ballast_sandbox::vm::{COMPUTE_LIMIT, program_path};
use ballast_sandbox::{AssetSpec, House, Keypair, MarketSpec, Person, Signer};

/// Aims of the design, compute units; the last is the share of the limit that nothing may exceed.
const AIMS: [(&str, u64, &str); 45] = [
    ("deposit", 25_000, "quote into an account"),
    ("withdraw_1", 40_000, "quote, with one exposure to margin"),
    ("withdraw_8", 40_000, "quote, with eight exposures to margin"),
    ("match_fill_8", 60_000, "both sides hold eight positions"),
    ("trade_8", 60_000, "a request filled, both sides as above"),
    ("health_1", 50_000, "margin check, one exposure"),
    ("health_2", 50_000, "margin check, two exposures"),
    ("health_8", 16_000, "margin check, eight exposures"),
    ("health_8_stress", 16_000, "the same with all joint stress rows loaded"),
    ("health_8_whale", 25_000, "the same with every leg above its crowd"),
    ("health_8_notice", 20_000, "the same while MM lags behind volatility"),
    ("health_8_all", 25_000, "all three at once"),
    ("health_16", 50_000, "margin check, sixteen exposures"),
    ("health_32", 50_000, "margin check, 16 collaterals and 16 positions"),
    ("health_1_option", 25_000, "margin check, one option"),
    ("health_8_plus_option", 50_000, "margin check, eight exposures and one option"),
    ("liquidate_2", 45_000, "account and keeper with two exposures"),
    ("liquidate_full", 120_000, "account with 16 collaterals and 16 positions"),
    ("liquidate_2_paced", 60_000, "the first with clock, phases, windows, auction and bounty"),
    ("liquidate_full_paced", 150_000, "the second with the same"),
    ("refresh_price", 30_000, "one asset from Pyth"),
    ("refresh_price_2", 30_000, "one asset from Pyth and Switchboard"),
    ("refresh_quote", 30_000, "the quote token from Pyth"),
    ("refresh_implied_volatility", 30_000, "one asset from Pyth"),
    ("report_depth", 30_000, "one asset"),
    ("refresh_exposure", 30_000, "one market and its asset's vault"),
    ("load_stress", 30_000, "one asset's part in all joint rows"),
    ("tick_3", 300_000, "three assets"),
    ("tick_32", 300_000, "thirty-two assets"),
    ("tick_short_32", 300_000, "between rows, thirty-two assets"),
    ("deposit_2022", 60_000, "a Token-2022 mint with a transfer fee"),
    ("withdraw_8_lending", 60_000, "eight exposures, with interest and windows of outflow"),
    ("borrow_1", 60_000, "a loan on one collateral, with the same"),
    ("transfer_8", 60_000, "quote between sub-accounts, eight exposures"),
    ("touch_account_8", 60_000, "eight exposures"),
    ("request_trade_8", 60_000, "an account with eight exposures"),
    ("backstop_deposit", 60_000, "quote for shares"),
    ("backstop_withdraw", 60_000, "shares for quote"),
    ("update_funding", 30_000, "one market"),
    ("take_over", 60_000, "part of one position"),
    ("resolve_bankruptcy", 60_000, "one position against its market"),
    ("pause", 30_000, "by the guardian"),
    ("propose", 60_000, "one parameter"),
    ("apply_proposal", 60_000, "one parameter"),
    ("attest_solvency_45", 840_000, "forty-five accounts, four assets and markets"),
];

const PRICE: f64 = 100.0;
const COIN: u64 = 1_000_000_000;

fn coins(count: usize) -> (House, Vec<f64>) {
    let names: Vec<String> = (0..count).map(|i| format!("C{i:02}")).collect();
    let listed: Vec<(&str, f64)> = names.iter().map(|n| (n.as_str(), PRICE)).collect();
    let mut house = House::with_coins(&listed);
    let prices = vec![PRICE; count];
    house.season(&prices);
    (house, prices)
}

/// The feed of the first coin's implied volatility in [`wide_house`].
const IMPLIED_FEED: [u8; 32] = [0x1f; 32];

/// Coins in a market with everything in it: all joint stress rows, a depth that any book is large for, notice, a
/// feed of implied volatility; and what loading one asset's stress cost.
fn wide_house(count: usize, reporter: &Keypair) -> Result<(House, Vec<f64>, u64)> {
    let params = ClearinghouseParams {
        notice_doubling_s: 86_400,
        notice_least_bps: 5_000,
        stress_weight_bps: 3_000,
        ..default_params()
    };
    let mut house = House::empty(params);
    let governance = house.governance.insecure_clone();
    let mut load_units = 0;
    for index in 0..count {
        let name = format!("C{index:02}");
        let mut spec = AssetSpec::coin(&name, 9);
        (spec.args.depth_floor, spec.args.depth_cap) = (1_000 * QUOTE, 1_000_000 * QUOTE);
        (spec.args.fall_bps, spec.args.rise_bps) = (2_000, 2_000);
        spec.args.implied_feed_id = IMPLIED_FEED;
        house.list_asset(spec)?;
        house.open_market(MarketSpec::perpetual(&name, index as u8))?;
        house.calibrate(made_up_history(index as u8))?;
        // No row is zero, and none is like another.
        let shocks =
            core::array::from_fn(|row| 37 * (row as i16 + 1) * if (row + index) % 2 == 0 { 1 } else { -1 });
        let load = house.at.load_stress(governance.pubkey(), LoadStressArgs { asset: index as u8, shocks });
        load_units = house.vm.send(&[load], &[&governance])?.compute_units;
    }
    let name = house.at.set_depth_reporter(governance.pubkey(), reporter.pubkey());
    house.vm.send(&[name], &[&governance])?;
    house.open()?;
    let prices = vec![PRICE; count];
    house.post_all(&prices);
    house.season(&prices);
    Ok((house, prices, load_units))
}

/// Long `units` thousandths of a coin in each of `markets`, against the desk.
fn positions(
    house: &mut House,
    who: &Person,
    desk: &Person,
    markets: core::ops::Range<u8>,
    milli: i64,
) -> Result<()> {
    for market in markets {
        house.fill_at_oracle(market, who, desk, milli * (COIN / 1_000) as i64)?;
    }
    Ok(())
}

/// Alternating sides in the first `count` markets: every leg is in the core, as in a hedged book.
fn hedged(house: &mut House, who: &Person, desk: &Person, count: u8) -> Result<()> {
    for market in 0..count {
        let side = if market % 2 == 0 { 1_000 } else { -900 };
        positions(house, who, desk, market..market + 1, side)?;
    }
    Ok(())
}

fn health(house: &mut House, who: &Person) -> Result<u64> {
    let check = house.at.health(who.account);
    Ok(house.vm.send(&[check], &[])?.compute_units)
}

fn health_of(count: u8) -> Result<u64> {
    let (mut house, _) = coins(usize::from(count));
    let desk = house.person_with_quote(100_000_000);
    let who = house.person_with_quote(1_000_000);
    if count == 32 {
        for asset in 0..16 {
            house.fund_collateral(&who, asset, COIN)?;
        }
        positions(&mut house, &who, &desk, 16..32, 1_000)?;
    } else {
        hedged(&mut house, &who, &desk, count)?;
    }
    health(&mut house, &who)
}

/// Reports depth of every asset until every book is small in it; returns what a report costs.
fn deepen(house: &mut House, reporter: &Keypair, prices: &[f64]) -> Result<u64> {
    let mut units = 0;
    // A report may double it every half-life.
    for _ in 0..8 {
        for asset in 0..prices.len() as u8 {
            units = report(house, reporter, asset, u64::MAX)?.max(units);
        }
        house.vm.advance(3_600);
        house.post_all(prices);
    }
    Ok(units)
}

fn report(house: &mut House, reporter: &Keypair, asset: u8, volume: u64) -> Result<u64> {
    let report = house.at.report_depth(reporter.pubkey(), asset, volume);
    Ok(house.vm.send(&[report], &[reporter])?.compute_units)
}

/// A margin check of eight hedged legs, once it is sure that they are (or are not) above their crowd and that MM
/// does (or does not) lag: a case that is not what its name says would measure something else.
fn health_where(house: &mut House, who: &Person, whale: bool, lags: bool) -> Result<u64> {
    let board = house.board();
    let least = (0.8 * PRICE * QUOTE as f64 * 0.9) as u64;
    let above = |a: &AssetState| a.crowd_long.max(a.crowd_short) < least;
    let legs = &board.assets[..8];
    anyhow::ensure!(
        if whale { legs.iter().all(above) } else { !legs.iter().any(above) },
        "the crowd is another"
    );
    anyhow::ensure!((board.notice < RATE_ONE) == lags, "MM lags or not: the notice is {}", board.notice);
    health(house, who)
}

/// `health_8` and the new instructions in the wide house.
fn measure_wide(mut put: impl FnMut(&str, u64)) -> Result<()> {
    let reporter = Keypair::new();
    let (mut house, mut prices, load_units) = wide_house(8, &reporter)?;
    put("load_stress", load_units);
    let desk = house.person_with_quote(100_000_000);
    let who = house.person_with_quote(1_000_000);
    hedged(&mut house, &who, &desk, 8)?;
    house.fund_collateral(&desk, 0, COIN)?;
    let copy = house.at.refresh_exposure(0, Some(0), Some(house.collateral(0).mint));
    put("refresh_exposure", house.vm.send(&[copy], &[])?.compute_units);

    put("health_8_whale", health_where(&mut house, &who, true, false)?);
    put("report_depth", deepen(&mut house, &reporter, &prices)?);
    put("health_8_stress", health_where(&mut house, &who, false, false)?);
    let implied = Pubkey::new_unique();
    let update = Update::dollars(IMPLIED_FEED, 90.0, 5, house.vm.now());
    house.vm.put(implied, pyth_solana_receiver_sdk::ID, update.bytes());
    let refresh = house.at.refresh_implied_volatility(0, implied);
    put("refresh_implied_volatility", house.vm.send(&[refresh], &[])?.compute_units);

    house.vm.advance(30);
    prices.iter_mut().for_each(|p| *p *= 0.9);
    house.post_all(&prices);
    put("health_8_notice", health_where(&mut house, &who, false, true)?);
    for asset in 0..8 {
        report(&mut house, &reporter, asset, 0)?;
    }
    put("health_8_all", health_where(&mut house, &who, true, true)?);
    Ok(())
}

/// Eight or no linear legs, and a call that is owed.
fn health_with_option(linear: u8) -> Result<u64> {
    let (mut house, prices) = coins(8);
    let desk = house.person_with_quote(100_000_000);
    let who = house.person_with_quote(1_000_000);
    positions(&mut house, &who, &desk, 0..linear, 1_000)?;
    let expiry = house.vm.now() + 7 * 86_400;
    let call = house.open_market(MarketSpec::option("C00", 0, false, PRICE, expiry))?;
    house.vm.advance(1);
    house.post_all(&prices);
    house.fill_at_mark(call, &desk, &who, COIN as i64)?;
    let check = house.at.health(who.account);
    Ok(house.vm.send(&[check], &[])?.compute_units)
}

fn withdraw_with(count: u8) -> Result<u64> {
    let (mut house, _) = coins(usize::from(count));
    let desk = house.person_with_quote(100_000_000);
    let who = house.person_with_quote(1_000_000);
    positions(&mut house, &who, &desk, 0..count, 1_000)?;
    Ok(house.withdraw_quote(&who, 1_000 * QUOTE)?.compute_units)
}

fn match_fill_8() -> Result<u64> {
    let (mut house, _) = coins(8);
    let (taker, maker) = (house.person_with_quote(1_000_000), house.person_with_quote(1_000_000));
    positions(&mut house, &taker, &maker, 0..8, 1_000)?;
    Ok(house.fill_at_oracle(0, &taker, &maker, COIN as i64)?.compute_units)
}

/// A liquidation of an account with the given books, and a keeper that holds something of its own.
fn liquidate_in(
    (mut house, mut prices): (House, Vec<f64>),
    collaterals: u8,
    markets: core::ops::Range<u8>,
) -> Result<u64> {
    let desk = house.person_with_quote(1_000_000_000);
    let keeper = house.person_with_quote(100_000_000);
    positions(&mut house, &keeper, &desk, markets.start..markets.start + 2, 1_000)?;
    let exposures = u64::from(collaterals) + markets.len() as u64;
    let who = house.person_with_quote(exposures * 20);
    for asset in 0..collaterals {
        house.fund_collateral(&who, asset, COIN / 10)?;
    }
    positions(&mut house, &who, &desk, markets, 1_000)?;
    // Everything falls until the account is short, but not bankrupt. Looking starts its clock, and is refused until then.
    while house.plan(&who.account, &keeper).is_none() {
        let _ = house.touch(&who.account);
        house.vm.advance(30);
        prices.iter_mut().for_each(|p| *p *= 0.995);
        house.post_all(&prices);
        anyhow::ensure!(prices[0] > PRICE / 2.0, "the account is never due");
    }
    let plan = house.plan(&who.account, &keeper).context("the account is short")?;
    Ok(house.liquidate(&who.account, &keeper, &plan)?.compute_units)
}

fn measure() -> Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let mut put = |name: &str, units: u64| {
        eprintln!("{name:<26} {units:>8}");
        found.insert(name.to_owned(), units);
    };

    let (mut house, prices) = coins(3);
    let who = house.person_with_quote(1_000);
    put("deposit", house.fund_quote(&who, QUOTE)?.compute_units);
    house.vm.advance(3_600);
    house.post(0, PRICE * 1.01);
    put("refresh_price", house.refresh(0)?.compute_units);
    house.post(1, prices[1]);
    house.refresh(1)?;
    house.post(2, prices[2]);
    house.refresh(2)?;
    put("tick_3", house.tick()?.compute_units);

    let (mut house, prices) = coins(32);
    house.vm.advance(3_600);
    house.post_all(&prices);
    put("tick_32", house.tick()?.compute_units);
    // A storm makes a short tick due at once.
    house.vm.advance(30);
    house.post_all(&prices.iter().map(|p| p * 0.8).collect::<Vec<_>>());
    let rows = house.board().tick_count;
    put("tick_short_32", house.tick()?.compute_units);
    anyhow::ensure!(house.board().tick_count == rows, "that was a full tick");

    measure_wide(&mut put)?;
    put("withdraw_1", withdraw_with(1)?);
    put("withdraw_8", withdraw_with(8)?);
    put("match_fill_8", match_fill_8()?);
    for count in [1, 2, 8, 16, 32] {
        put(&format!("health_{count}"), health_of(count)?);
    }
    put("health_1_option", health_with_option(0)?);
    put("health_8_plus_option", health_with_option(8)?);
    put("liquidate_2", liquidate_in(coins(2), 0, 0..2)?);
    put("liquidate_full", liquidate_in(coins(32), 16, 16..32)?);
    // One that fails does not hide the rest.
    let mut failed = 0;
    for case in cases::CASES {
        match case() {
            Ok(found) => found.into_iter().for_each(|(name, units)| put(name, units)),
            Err(error) => {
                eprintln!("{error}");
                failed += 1;
            }
        }
    }
    anyhow::ensure!(failed == 0, "{failed} cases failed");

    put("size_program", std::fs::metadata(program_path())?.len());
    put("size_clearinghouse", (8 + <Clearinghouse as anchor_lang::Space>::INIT_SPACE) as u64);
    put("size_treasury", (8 + <Treasury as anchor_lang::Space>::INIT_SPACE) as u64);
    put("size_asset_config", (8 + <AssetConfig as anchor_lang::Space>::INIT_SPACE) as u64);
    put("size_market", (8 + <Market as anchor_lang::Space>::INIT_SPACE) as u64);
    put("size_margin_account", MarginAccount::SPACE as u64);
    put("size_risk_board", RiskBoard::SPACE as u64);
    Ok(found)
}

fn table(found: &BTreeMap<String, u64>) -> String {
    let mut text =
        String::from("# Compute units\n\nWhole transactions in the VM, written by `make bench`.\n\n");
    text.push_str("| case | compute units | aim | share of the limit | what |\n|---|---:|---:|---:|---|\n");
    for (name, aim, what) in AIMS {
        let units = found.get(name).copied().unwrap_or_default();
        let share = units as f64 / COMPUTE_LIMIT as f64 * 100.0;
        let mark = if units <= aim { "" } else { " **above**" };
        let _ = writeln!(text, "| `{name}` | {units} | {aim}{mark} | {share:.1} % | {what} |");
    }
    let one_more = |a: &str, b: &str, steps: u64| {
        (found.get(b).copied().unwrap_or_default().saturating_sub(found.get(a).copied().unwrap_or_default()))
            / steps
    };
    let _ = writeln!(
        text,
        "\nOne more asset in a health check: {} (2 to 8), {} (8 to 16); aim 1300. The joint stress rows run whether \
         they are loaded or not, so `health_8` holds their cost too; `health_8_stress` only shows that what is in \
         them makes no difference.\n",
        one_more("health_2", "health_8", 6),
        one_more("health_8", "health_16", 8)
    );
    text.push_str("| size | bytes |\n|---|---:|\n");
    for (name, bytes) in found.iter().filter(|(name, _)| name.starts_with("size_")) {
        let _ = writeln!(text, "| {} | {bytes} |", name.trim_start_matches("size_").replace('_', " "));
    }
    text
}

fn main() -> Result<()> {
    let found = measure()?;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../benchmarks");
    std::fs::create_dir_all(folder)?;
    std::fs::write(format!("{folder}/compute_units.json"), serde_json::to_string_pretty(&found)? + "\n")?;
    std::fs::write(format!("{folder}/compute_units.md"), table(&found))?;
    Ok(())
}
