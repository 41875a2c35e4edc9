//! The auditor's offsets against the program's types.

use core::mem::{offset_of, size_of};

use anchor_lang::prelude::Pubkey;
use anchor_lang::{AnchorSerialize, Discriminator};
use ballast::limits::ClearinghouseParams;
use ballast::state::{
    AssetConfig, AssetState, Clearinghouse, CollateralSlot, MarginAccount, Market, MarketState, PositionSlot,
    RiskBoard, Treasury,
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
    assert_eq!(MarginAccount::SPACE, at::SIZE);
    assert_eq!(size_of::<CollateralSlot>(), at::COLLATERAL_SLOT);
    assert_eq!(offset_of!(CollateralSlot, amount), at::AMOUNT);
    assert_eq!(offset_of!(CollateralSlot, asset), at::ASSET);
    assert_eq!(size_of::<PositionSlot>(), at::POSITION_SLOT);
    assert_eq!(offset_of!(PositionSlot, base), at::BASE);
    assert_eq!(offset_of!(PositionSlot, entry), at::ENTRY);
    assert_eq!(offset_of!(PositionSlot, market), at::MARKET);
    assert_eq!((ballast::limits::MAX_COLLATERAL, ballast::limits::MAX_POSITIONS), (at::SLOTS, at::SLOTS));
}

#[test]
fn the_board_is_laid_out_as_the_auditor_reads_it() {
    use board as at;
    assert_eq!(START + offset_of!(RiskBoard, version), VERSION);
    assert_eq!(START + offset_of!(RiskBoard, asset_count), at::ASSET_COUNT);
    assert_eq!(START + offset_of!(RiskBoard, market_count), at::MARKET_COUNT);
    assert_eq!(START + offset_of!(RiskBoard, initial_ratio_bps), at::INITIAL_RATIO_BPS);
    assert_eq!(START + offset_of!(RiskBoard, clearinghouse), at::CLEARINGHOUSE);
    assert_eq!(START + offset_of!(RiskBoard, buffer_bps), at::BUFFER_BPS);
    assert_eq!(START + offset_of!(RiskBoard, insurance_share_bps), at::INSURANCE_SHARE_BPS);
    assert_eq!(START + offset_of!(RiskBoard, tick_interval_s), at::TICK_INTERVAL_S);
    assert_eq!(START + offset_of!(RiskBoard, horizon_s), at::HORIZON_S);
    assert_eq!(START + offset_of!(RiskBoard, min_maintenance), at::MIN_MAINTENANCE);
    assert_eq!(START + offset_of!(RiskBoard, dust), at::DUST);
    assert_eq!(START + offset_of!(RiskBoard, last_tick), at::LAST_TICK);
    assert_eq!(START + offset_of!(RiskBoard, tick_count), at::TICK_COUNT);
    assert_eq!(START + offset_of!(RiskBoard, next_row), at::NEXT_ROW);
    assert_eq!(START + offset_of!(RiskBoard, assets), at::ASSETS);
    assert_eq!(START + offset_of!(RiskBoard, markets), at::MARKETS);
    assert_eq!(START + offset_of!(RiskBoard, ring), at::RING);
    assert_eq!(RiskBoard::SPACE, at::SIZE);
    assert_eq!(size_of::<AssetState>(), at::ASSET);
    assert_eq!(size_of::<MarketState>(), at::MARKET);
    assert_eq!(size_of::<ballast_risk::scenario::Column>(), at::COLUMN);
    assert_eq!(offset_of!(MarketState, profit_cap), at::PROFIT_CAP);
    assert_eq!(offset_of!(MarketState, penalty_bps), at::PENALTY_BPS);
    assert_eq!(offset_of!(MarketState, asset), at::MARKET_ASSET);
}

#[test]
fn assets_on_the_board_are_laid_out_as_the_auditor_reads_them() {
    macro_rules! same {
        ($($field:ident $at:ident),* $(,)?) => { $( assert_eq!(offset_of!(AssetState, $field), asset::$at); )* };
    }
    same!(
        spot_mantissa SPOT, stable_mantissa STABLE, sample_mantissa SAMPLE, tick_mantissa TICK,
        spot_shift SPOT_SHIFT, stable_shift STABLE_SHIFT, sample_shift SAMPLE_SHIFT, tick_shift TICK_SHIFT,
        netted NETTED, decimals DECIMALS, publish_time PUBLISH_TIME, sample_time SAMPLE_TIME,
        tick_time TICK_TIME, sigma SIGMA, tick_sigma TICK_SIGMA, variance_fast VARIANCE_FAST,
        variance_slow VARIANCE_SLOW, haircut_long HAIRCUT_LONG, haircut_short HAIRCUT_SHORT,
        addon_long ADDON_LONG, addon_short ADDON_SHORT, tail_long TAIL_LONG, tail_short TAIL_SHORT,
        ticks_lived TICKS_LIVED, rows_filled ROWS_FILLED, max_age_s MAX_AGE_S,
        net_after_ticks NET_AFTER_TICKS, penalty_bps PENALTY_BPS, haircut_min HAIRCUT_MIN,
        haircut_max HAIRCUT_MAX, sigma_floor SIGMA_FLOOR, stable_half_life_s STABLE_HALF_LIFE_S,
        fast_half_life_s FAST_HALF_LIFE_S, slow_half_life_s SLOW_HALF_LIFE_S, grid_s GRID_S,
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
    let params = ClearinghouseParams {
        initial_ratio_bps: 1,
        buffer_bps: 2,
        insurance_share_bps: 3,
        tick_interval_s: 4,
        horizon_s: 5,
        min_maintenance: 6,
        dust: 7,
    };
    let house = stored(&Clearinghouse {
        version: 81,
        bump: 82,
        open: true,
        asset_count: 83,
        market_count: 84,
        governance: key(85),
        quote_mint: key(86),
        quote_vault: key(87),
        board: key(88),
        treasury: key(89),
        params,
        calibration_hash: [90; 32],
        reserved: [0; 256],
    });
    use clearinghouse as ch;
    assert_eq!(house[VERSION], 81);
    assert_eq!((house[ch::OPEN], house[ch::ASSET_COUNT], house[ch::MARKET_COUNT]), (1, 83, 84));
    for (at, byte) in [(ch::QUOTE_MINT, 86), (ch::QUOTE_VAULT, 87), (ch::BOARD, 88), (ch::TREASURY, 89)] {
        assert_eq!(bytes::<32>(&house, at), [byte; 32]);
    }

    let fund = stored(&Treasury {
        version: 1,
        bump: 2,
        clearinghouse: key(3),
        insurance: 0x0102_0304,
        reserved: [0; 128],
    });
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
        max_confidence_bps: 10,
        deposit_cap: 11,
        reserved: [0; 256],
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
        reserved: [0; 256],
    });
    assert_eq!((listed[market::INDEX], listed[market::ASSET]), (3, 4));
    assert_eq!(bytes::<32>(&listed, market::CLEARINGHOUSE), [5; 32]);
    let figures = [market::OPEN_INTEREST, market::POOL, market::FEES].map(|at| u64_at(&listed, at));
    assert_eq!(figures, [10, 11, 12]);
}
