//! Where every field lies: bytes from the start of the account, discriminator included.
//!
//! Written out by hand; a test compares them with the program's types, so that a layout that changes
//! is noticed and not followed.

/// First bytes of each kind of account.
pub mod kind {
    pub const CLEARINGHOUSE: [u8; 8] = [132, 239, 37, 188, 215, 221, 100, 94];
    pub const TREASURY: [u8; 8] = [238, 239, 123, 238, 89, 1, 168, 253];
    pub const ASSET_CONFIG: [u8; 8] = [57, 112, 247, 166, 247, 64, 140, 23];
    pub const MARKET: [u8; 8] = [219, 190, 213, 55, 0, 227, 198, 154];
    pub const RISK_BOARD: [u8; 8] = [165, 133, 243, 129, 185, 106, 112, 56];
    pub const MARGIN_ACCOUNT: [u8; 8] = [133, 220, 173, 213, 179, 211, 43, 238];
}

/// Version byte of every account.
pub const VERSION: usize = 8;

/// `Clearinghouse`.
pub mod clearinghouse {
    pub const OPEN: usize = 10;
    pub const ASSET_COUNT: usize = 11;
    pub const MARKET_COUNT: usize = 12;
    pub const DEPTH_REPORTER: usize = 45;
    pub const QUOTE_MINT: usize = 77;
    pub const QUOTE_VAULT: usize = 109;
    pub const BOARD: usize = 141;
    pub const TREASURY: usize = 173;
}

/// `Treasury`.
pub mod treasury {
    pub const CLEARINGHOUSE: usize = 10;
    pub const INSURANCE: usize = 42;
    pub const ACCOUNTS: usize = 98;
}

/// `AssetConfig`.
pub mod asset_config {
    pub const INDEX: usize = 10;
    pub const DECIMALS: usize = 11;
    pub const CLEARINGHOUSE: usize = 12;
    pub const MINT: usize = 60;
    pub const VAULT: usize = 92;
    pub const DEPOSIT_CAP: usize = 192;
}

/// `Market`.
pub mod market {
    pub const INDEX: usize = 10;
    pub const ASSET: usize = 11;
    pub const CLEARINGHOUSE: usize = 12;
    pub const OPEN_INTEREST_CAP: usize = 68;
    pub const OPEN_INTEREST: usize = 76;
    pub const POOL: usize = 84;
    pub const FEES: usize = 92;
    pub const REALISED: usize = 100;
    pub const PROMISED: usize = 108;
    pub const BASE_DUST: usize = 280;
}

/// `MarginAccount`, its collateral slots (16 of 16 bytes) and its positions (16 of 64 bytes).
pub mod margin_account {
    pub const CLEARINGHOUSE: usize = 16;
    pub const OWNER: usize = 48;
    pub const DELEGATE: usize = 80;
    pub const QUOTE: usize = 112;
    pub const COLLATERAL: usize = 120;
    pub const POSITIONS: usize = 376;
    pub const INTEREST_OWED: usize = 1_424;
    pub const SIZE: usize = 1_656;

    pub const SLOTS: usize = 16;
    pub const COLLATERAL_SLOT: usize = 16;
    pub const POSITION_SLOT: usize = 64;
    /// Within a collateral slot.
    pub const AMOUNT: usize = 0;
    pub const ASSET: usize = 8;
    /// Within a position.
    pub const BASE: usize = 0;
    pub const ENTRY: usize = 8;
    pub const MARKET: usize = 16;
    pub const EPOCH: usize = 20;
    pub const CROWDING: usize = 24;
    pub const CROWDING_TIME: usize = 32;
    pub const SCALE: usize = 40;
    pub const CASH: usize = 48;
}

/// `RiskBoard`: assets (32 of 544 bytes), markets (64 of 192 bytes), ring (32 columns of 128 words), joint stress rows
/// (32 columns of 16 words), times of the ring's rows.
pub mod board {
    pub const ASSET_COUNT: usize = 10;
    pub const MARKET_COUNT: usize = 11;
    pub const CLEARINGHOUSE: usize = 16;
    pub const MIN_MAINTENANCE: usize = 48;
    pub const DUST: usize = 56;
    pub const CALM_SIGMA_E8: usize = 64;
    pub const INITIAL_RATIO_BPS: usize = 72;
    pub const BUFFER_BPS: usize = 76;
    pub const INSURANCE_SHARE_BPS: usize = 80;
    pub const TICK_INTERVAL_S: usize = 84;
    pub const HORIZON_S: usize = 88;
    pub const STRESS_WEIGHT_BPS: usize = 92;
    pub const DECORRELATION_BPS: usize = 96;
    pub const GROSS_FLOOR_BPS: usize = 100;
    pub const NOTICE_DOUBLING_S: usize = 104;
    pub const NOTICE_LEAST_BPS: usize = 108;
    pub const FORECAST_SHORT_BPS: usize = 112;
    pub const FORECAST_FAST_BPS: usize = 116;
    pub const LAST_TICK: usize = 120;
    pub const LAST_SHORT_TICK: usize = 128;
    pub const TICK_INDEX: usize = 136;
    pub const TICK_COUNT: usize = 144;
    pub const NEXT_ROW: usize = 152;
    pub const INDEX_WEIGHTS: usize = 156;
    pub const INDEX_SUM: usize = 160;
    pub const NOTICE_LEVEL: usize = 168;
    pub const NOTICE_TIME: usize = 176;
    pub const NOTICE: usize = 184;
    pub const ASSETS: usize = 648;
    pub const MARKETS: usize = 18_056;
    pub const RING: usize = 30_344;
    pub const STRESS: usize = 63_112;
    pub const ROW_TIMES: usize = 67_208;
    pub const SIZE: usize = 68_488;

    pub const ASSET: usize = 544;
    pub const MARKET: usize = 192;
    pub const COLUMN: usize = 1_024;
    pub const STRESS_COLUMN: usize = 128;
    /// Within a market.
    pub const PROFIT_CAP: usize = 0;
    pub const PENALTY_BPS: usize = 8;
    pub const MARKET_ASSET: usize = 12;
    pub const KIND: usize = 13;
    pub const STRIKE_SHIFT: usize = 14;
    pub const AVERAGE_SHIFT: usize = 15;
    pub const OPEN_INTEREST: usize = 16;
    pub const OPEN_INTEREST_CAP: usize = 24;
    pub const STRIKE: usize = 32;
    pub const EXPIRY: usize = 40;
    pub const AVERAGE: usize = 48;
    pub const AVERAGED_S: usize = 56;
    pub const WINDOW_S: usize = 60;
    pub const SHORT_MINIMUM_BPS: usize = 64;
    pub const OPEN_INTEREST_TIME: usize = 72;
    pub const CASH_SHIFT: usize = 69;
    pub const LONG: usize = 80;
    pub const SHORT: usize = 112;
    /// Within a side of a market.
    pub const SIDE_SCALE: usize = 0;
    pub const SIDE_CASH: usize = 8;
    pub const SIDE_LAST_CASH: usize = 16;
    pub const SIDE_EPOCH: usize = 24;
}

/// `AssetState`, within its place on the board.
pub mod asset {
    pub const SPOT: usize = 0;
    pub const STABLE: usize = 8;
    pub const SAMPLE: usize = 16;
    pub const TICK: usize = 24;
    pub const SPOT_SHIFT: usize = 32;
    pub const STABLE_SHIFT: usize = 33;
    pub const SAMPLE_SHIFT: usize = 34;
    pub const TICK_SHIFT: usize = 35;
    pub const NETTED: usize = 37;
    pub const DECIMALS: usize = 38;
    pub const PUBLISH_TIME: usize = 40;
    pub const SAMPLE_TIME: usize = 48;
    pub const TICK_TIME: usize = 56;
    pub const SIGMA: usize = 64;
    pub const TICK_SIGMA: usize = 72;
    pub const VARIANCE_SHORT: usize = 80;
    pub const VARIANCE_FAST: usize = 88;
    pub const VARIANCE_SLOW: usize = 96;
    pub const FORECAST_SIGMA: usize = 104;
    pub const IMPLIED_SIGMA: usize = 112;
    pub const IMPLIED_TIME: usize = 120;
    pub const HAIRCUT_LONG: usize = 128;
    pub const HAIRCUT_SHORT: usize = 136;
    pub const ADDON_LONG: usize = 144;
    pub const ADDON_SHORT: usize = 152;
    pub const LIQUIDITY_LONG: usize = 160;
    pub const LIQUIDITY_SHORT: usize = 168;
    pub const EXPECTED_SIGMA: usize = 176;
    pub const SHOCK_LONG: usize = 184;
    pub const SHOCK_SHORT: usize = 192;
    pub const CROWD_LONG: usize = 200;
    pub const CROWD_SHORT: usize = 208;
    pub const IMPACT: usize = 216;
    pub const CROWDING: usize = 224;
    pub const DEPTH: usize = 232;
    pub const DEPTH_TIME: usize = 240;
    pub const OPEN_INTEREST: usize = 248;
    pub const DEPOSITS: usize = 256;
    pub const TAIL_LONG: usize = 264;
    pub const TAIL_SHORT: usize = 268;
    pub const TICKS_LIVED: usize = 272;
    pub const ROWS_FILLED: usize = 276;
    pub const TICKS_MISSED: usize = 280;
    pub const CONFIDENCE_BPS: usize = 284;
    pub const MAX_AGE_S: usize = 288;
    pub const NET_AFTER_TICKS: usize = 292;
    pub const PENALTY_BPS: usize = 296;
    pub const INDEX_WEIGHT_BPS: usize = 300;
    pub const IMPACT_BPS: usize = 308;
    pub const CROWD_SHARE_BPS: usize = 312;
    pub const DEPTH_HALF_LIFE_S: usize = 316;
    pub const FALL_BPS: usize = 320;
    pub const RISE_BPS: usize = 324;
    pub const DEPTH_FLOOR: usize = 328;
    pub const DEPTH_CAP: usize = 336;
    pub const HAIRCUT_MIN: usize = 344;
    pub const HAIRCUT_MAX: usize = 352;
    pub const SIGMA_FLOOR: usize = 360;
    pub const STABLE_HALF_LIFE_S: usize = 368;
    pub const FAST_HALF_LIFE_S: usize = 372;
    pub const SLOW_HALF_LIFE_S: usize = 376;
    pub const GRID_S: usize = 380;
    pub const CROWD_TIME: usize = 384;
    pub const PREVIOUS_PUBLISH_TIME: usize = 496;
}

/// An SPL token account.
pub mod token {
    pub const MINT: usize = 0;
    pub const AMOUNT: usize = 64;
}

/// `N` bytes at an offset.
///
/// # Panics
/// If the account is shorter: its layout is not the one above.
#[must_use]
pub fn bytes<const N: usize>(data: &[u8], at: usize) -> [u8; N] {
    data[at..at + N].try_into().expect("the slice has N bytes")
}

/// A `u64`, little-endian.
#[must_use]
pub fn u64_at(data: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes(data, at))
}

/// An `i64`, little-endian.
#[must_use]
pub fn i64_at(data: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(bytes(data, at))
}

/// A `u32`, little-endian.
#[must_use]
pub fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes(data, at))
}
