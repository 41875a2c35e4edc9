//! The auditor's offsets against the program's types.

use core::mem::{offset_of, size_of};

use anchor_lang::prelude::Pubkey;
use anchor_lang::{AnchorSerialize, Discriminator};
use ballast::limits::ClearinghouseParams;
use ballast::state::{
    AssetConfig, AssetState, Clearinghouse, CollateralSlot, MarginAccount, Market, MarketState, PositionSlot,
    RiskBoard, SideIndex, Treasury, Window,
};
use ballast_tests::auditor::layout::{
    VERSION, asset, asset_config, board, bytes, clearinghouse, kind, margin_account, market, treasury, u64_at,
};

/// Bytes of the discriminator that zero-copy offsets start after.
const START: usize = 8;

#[test]
fn kinds_are_told_by_the_same_bytes() {
    assert_eq!(Clearinghouse::DISCRIMINATOR, kind::CLEARINGHOUSE);
    assert_eq!(Treasury::DISCRIMINATOR, kind::TREASURY);
    assert_eq!(AssetConfig::DISCRIMINATOR, kind::ASSET_CONFIG);
    assert_eq!(Market::DISCRIMINATOR, kind::MARKET);
    assert_eq!(RiskBoard::DISCRIMINATOR, kind::RISK_BOARD);
    assert_eq!(MarginAccount::DISCRIMINATOR, kind::MARGIN_ACCOUNT);
}

#[test]
fn margin_accounts_are_laid_out_as_the_auditor_reads_them() {
    use margin_account as at;
    assert_eq!(START + offset_of!(MarginAccount, version), VERSION);
    assert_eq!(START + offset_of!(MarginAccount, clearinghouse), at::CLEARINGHOUSE);
    assert_eq!(START + offset_of!(MarginAccount, owner), at::OWNER);
    assert_eq!(START + offset_of!(MarginAccount, delegate), at::DELEGATE);
    assert_eq!(START + offset_of!(MarginAccount, quote), at::QUOTE);
    assert_eq!(START + offset_of!(MarginAccount, collateral), at::COLLATERAL);
    assert_eq!(START + offset_of!(MarginAccount, positions), at::POSITIONS);
    assert_eq!(START + offset_of!(MarginAccount, interest_owed), at::INTEREST_OWED);
    assert_eq!(MarginAccount::SPACE, at::SIZE);
    assert_eq!(size_of::<CollateralSlot>(), at::COLLATERAL_SLOT);
    assert_eq!(offset_of!(CollateralSlot, amount), at::AMOUNT);
    assert_eq!(offset_of!(CollateralSlot, asset), at::ASSET);
    assert_eq!(size_of::<PositionSlot>(), at::POSITION_SLOT);
    assert_eq!(offset_of!(PositionSlot, base), at::BASE);
    assert_eq!(offset_of!(PositionSlot, entry), at::ENTRY);
    assert_eq!(offset_of!(PositionSlot, crowding), at::CROWDING);
    assert_eq!(offset_of!(PositionSlot, crowding_time), at::CROWDING_TIME);
    assert_eq!(offset_of!(PositionSlot, market), at::MARKET);
    assert_eq!(offset_of!(PositionSlot, epoch), at::EPOCH);
    assert_eq!(offset_of!(PositionSlot, scale), at::SCALE);
    assert_eq!(offset_of!(PositionSlot, cash), at::CASH);
    assert_eq!(START + offset_of!(MarginAccount, interest_owed), at::INTEREST_OWED);
    assert_eq!((ballast::limits::MAX_COLLATERAL, ballast::limits::MAX_POSITIONS), (at::SLOTS, at::SLOTS));
}

#[test]
fn the_board_is_laid_out_as_the_auditor_reads_it() {
    use board as at;
    assert_eq!(START + offset_of!(RiskBoard, version), VERSION);
    macro_rules! same {
        ($($field:ident $at:ident),* $(,)?) => { $( assert_eq!(START + offset_of!(RiskBoard, $field), at::$at); )* };
    }
    same!(
        asset_count ASSET_COUNT, market_count MARKET_COUNT, clearinghouse CLEARINGHOUSE, last_tick LAST_TICK,
        last_short_tick LAST_SHORT_TICK, tick_index TICK_INDEX, tick_count TICK_COUNT, next_row NEXT_ROW,
        index_weights INDEX_WEIGHTS, index_sum INDEX_SUM, notice_level NOTICE_LEVEL, notice_time NOTICE_TIME,
        notice NOTICE, assets ASSETS, markets MARKETS, ring RING, stress STRESS, row_times ROW_TIMES,
    );
    macro_rules! param {
        ($($field:ident $at:ident),* $(,)?) => { $(
            let within = offset_of!(ClearinghouseParams, $field);
            assert_eq!(START + offset_of!(RiskBoard, params) + within, at::$at);
        )* };
    }
    param!(
        min_maintenance MIN_MAINTENANCE, dust DUST, calm_sigma_e8 CALM_SIGMA_E8,
        initial_ratio_bps INITIAL_RATIO_BPS, buffer_bps BUFFER_BPS, insurance_share_bps INSURANCE_SHARE_BPS,
        tick_interval_s TICK_INTERVAL_S, horizon_s HORIZON_S, stress_weight_bps STRESS_WEIGHT_BPS,
        decorrelation_bps DECORRELATION_BPS, gross_floor_bps GROSS_FLOOR_BPS,
        notice_doubling_s NOTICE_DOUBLING_S, notice_least_bps NOTICE_LEAST_BPS,
        forecast_short_bps FORECAST_SHORT_BPS, forecast_fast_bps FORECAST_FAST_BPS,
    );
    assert_eq!(RiskBoard::SPACE, at::SIZE);
    assert_eq!(size_of::<AssetState>(), at::ASSET);
    assert_eq!(size_of::<MarketState>(), at::MARKET);
    assert_eq!(size_of::<ballast_risk::scenario::Column>(), at::COLUMN);
    assert_eq!(size_of::<ballast_risk::stress::StressColumn>(), at::STRESS_COLUMN);
    assert_eq!(offset_of!(MarketState, profit_cap), at::PROFIT_CAP);
    assert_eq!(offset_of!(MarketState, penalty_bps), at::PENALTY_BPS);
    assert_eq!(offset_of!(MarketState, asset), at::MARKET_ASSET);
    assert_eq!(offset_of!(MarketState, open_interest), at::OPEN_INTEREST);
    assert_eq!(offset_of!(MarketState, open_interest_cap), at::OPEN_INTEREST_CAP);
    assert_eq!(offset_of!(MarketState, open_interest_time), at::OPEN_INTEREST_TIME);
    assert_eq!(offset_of!(MarketState, cash_shift), at::CASH_SHIFT);
    assert_eq!(offset_of!(MarketState, long), at::LONG);
    assert_eq!(offset_of!(MarketState, short), at::SHORT);
    assert_eq!(offset_of!(SideIndex, scale), at::SIDE_SCALE);
    assert_eq!(offset_of!(SideIndex, cash), at::SIDE_CASH);
    assert_eq!(offset_of!(SideIndex, last_cash), at::SIDE_LAST_CASH);
    assert_eq!(offset_of!(SideIndex, epoch), at::SIDE_EPOCH);
    macro_rules! term {
        ($($field:ident $at:ident),* $(,)?) => { $( assert_eq!(offset_of!(MarketState, $field), at::$at); )* };
    }
    term!(
        kind KIND, strike_shift STRIKE_SHIFT, average_shift AVERAGE_SHIFT, strike_mantissa STRIKE, expiry EXPIRY,
        average_mantissa AVERAGE, averaged_s AVERAGED_S, window_s WINDOW_S, short_minimum_bps SHORT_MINIMUM_BPS,
    );
}

#[test]
fn assets_on_the_board_are_laid_out_as_the_auditor_reads_them() {
    macro_rules! same {
        ($($field:ident $at:ident),* $(,)?) => { $( assert_eq!(offset_of!(AssetState, $field), asset::$at); )* };
    }
    same!(
        spot_mantissa SPOT, stable_mantissa STABLE, sample_mantissa SAMPLE, tick_mantissa TICK, spot_shift SPOT_SHIFT, stable_shift STABLE_SHIFT, sample_shift SAMPLE_SHIFT, tick_shift TICK_SHIFT, netted NETTED, decimals DECIMALS, publish_time PUBLISH_TIME, sample_time SAMPLE_TIME, tick_time TICK_TIME, sigma SIGMA, tick_sigma TICK_SIGMA, variance_short VARIANCE_SHORT, variance_fast VARIANCE_FAST, variance_slow VARIANCE_SLOW, forecast_sigma FORECAST_SIGMA, implied_sigma IMPLIED_SIGMA, implied_time IMPLIED_TIME, haircut_long HAIRCUT_LONG, haircut_short HAIRCUT_SHORT, addon_long ADDON_LONG, addon_short ADDON_SHORT, liquidity_long LIQUIDITY_LONG, liquidity_short LIQUIDITY_SHORT, expected_sigma EXPECTED_SIGMA, shock_long SHOCK_LONG, shock_short SHOCK_SHORT, crowd_long CROWD_LONG, crowd_short CROWD_SHORT, impact IMPACT, crowding CROWDING, depth DEPTH, depth_time DEPTH_TIME, open_interest OPEN_INTEREST, deposits DEPOSITS, tail_long TAIL_LONG, tail_short TAIL_SHORT, ticks_lived TICKS_LIVED, rows_filled ROWS_FILLED, ticks_missed TICKS_MISSED, confidence_bps CONFIDENCE_BPS, max_age_s MAX_AGE_S, net_after_ticks NET_AFTER_TICKS, penalty_bps PENALTY_BPS, index_weight_bps INDEX_WEIGHT_BPS, impact_bps IMPACT_BPS, crowd_share_bps CROWD_SHARE_BPS, depth_half_life_s DEPTH_HALF_LIFE_S, fall_bps FALL_BPS, rise_bps RISE_BPS, depth_floor DEPTH_FLOOR, depth_cap DEPTH_CAP, haircut_min HAIRCUT_MIN, haircut_max HAIRCUT_MAX, sigma_floor SIGMA_FLOOR, stable_half_life_s STABLE_HALF_LIFE_S, fast_half_life_s FAST_HALF_LIFE_S, slow_half_life_s SLOW_HALF_LIFE_S, grid_s GRID_S, crowd_time CROWD_TIME, previous_publish_time PREVIOUS_PUBLISH_TIME,
    );
}

/// An account as Anchor would store it.
fn stored<T: AnchorSerialize + Discriminator>(account: &T) -> Vec<u8> {
    let mut data = T::DISCRIMINATOR.to_vec();
    account.serialize(&mut data).expect("a vector takes any number of bytes");
    data
}

/// A key of one repeated byte.
fn key(byte: u8) -> Pubkey {
    Pubkey::from([byte; 32])
}

#[test]
fn serialised_accounts_are_laid_out_as_the_auditor_reads_them() {
    let params = ClearinghouseParams { dust: 7, ..bytemuck::Zeroable::zeroed() };
    let house = stored(&Clearinghouse {
        version: 81,
        bump: 82,
        open: true,
        asset_count: 83,
        market_count: 84,
        governance: key(85),
        depth_reporter: key(91),
        quote_mint: key(86),
        quote_vault: key(87),
        board: key(88),
        treasury: key(89),
        params,
        calibration_hash: [90; 32],
        steward: key(92),
        guardian: key(93),
        next_governance: key(94),
        next_governance_from: 95,
        proposals: 96,
        quote_feed_id: [97; 32],
        prices: bytemuck::Zeroable::zeroed(),
        phases: bytemuck::Zeroable::zeroed(),
        lending: bytemuck::Zeroable::zeroed(),
        next_pause: [98; 3],
        reserved: [0; 232],
    });
    use clearinghouse as ch;
    assert_eq!(house[VERSION], 81);
    assert_eq!((house[ch::OPEN], house[ch::ASSET_COUNT], house[ch::MARKET_COUNT]), (1, 83, 84));
    for (at, byte) in [
        (ch::DEPTH_REPORTER, 91),
        (ch::QUOTE_MINT, 86),
        (ch::QUOTE_VAULT, 87),
        (ch::BOARD, 88),
        (ch::TREASURY, 89),
    ] {
        assert_eq!(bytes::<32>(&house, at), [byte; 32]);
    }

    let fund = stored(&Treasury {
        version: 1,
        bump: 2,
        clearinghouse: key(3),
        insurance: 0x0102_0304,
        loans: 4,
        bad_debt_paid: 5,
        outflow: Window::default(),
        lent: Window::default(),
        accounts: 6,
        reserved: [0; 248],
    });
    assert_eq!(u64_at(&fund, treasury::ACCOUNTS), 6);
    assert_eq!(bytes::<32>(&fund, treasury::CLEARINGHOUSE), [3; 32]);
    assert_eq!(u64_at(&fund, treasury::INSURANCE), 0x0102_0304);

    let config = stored(&AssetConfig {
        version: 1,
        bump: 2,
        index: 3,
        decimals: 4,
        clearinghouse: key(5),
        symbol: [6; 16],
        mint: key(7),
        vault: key(8),
        feed_id: [9; 32],
        implied_feed_id: [12; 32],
        max_confidence_bps: 10,
        deposit_cap: 11,
        second_source: key(13),
        stake_pool: key(14),
        quorum: 15,
        freezable: true,
        token_program: key(16),
        outflow: Window::default(),
        outflow_limit: 17,
        outflow_window_s: 18,
        transfer_fee_bps: 19,
        listed_at: 20,
        reserved: [0; 246],
    });
    use asset_config as ac;
    assert_eq!((config[ac::INDEX], config[ac::DECIMALS]), (3, 4));
    for (at, byte) in [(ac::CLEARINGHOUSE, 5), (ac::MINT, 7), (ac::VAULT, 8)] {
        assert_eq!(bytes::<32>(&config, at), [byte; 32]);
    }
    assert_eq!(u64_at(&config, ac::DEPOSIT_CAP), 11);

    let listed = stored(&Market {
        version: 1,
        bump: 2,
        index: 3,
        asset: 4,
        clearinghouse: key(5),
        symbol: [6; 16],
        band_bps: 7,
        fee_bps: 8,
        open_interest_cap: 9,
        open_interest: 10,
        pool: 11,
        fees: 12,
        realised: 13,
        promised: 14,
        holders_long: 0,
        holders_short: 0,
        window_start: 0,
        window_taken: 0,
        cover_accounts: [key(13); 2],
        cover_losses: [0; 2],
        cover_times: [0; 2],
        cover_cap: 0,
        backstop: key(14),
        quoted_bps: 15,
        reserved: [0; 228],
    });
    assert_eq!((listed[market::INDEX], listed[market::ASSET]), (3, 4));
    assert_eq!(bytes::<32>(&listed, market::CLEARINGHOUSE), [5; 32]);
    let figures = [market::OPEN_INTEREST_CAP, market::OPEN_INTEREST, market::POOL, market::FEES];
    assert_eq!(figures.map(|at| u64_at(&listed, at)), [9, 10, 11, 12]);
    assert_eq!([market::REALISED, market::PROMISED].map(|at| u64_at(&listed, at)), [13, 14]);
}
