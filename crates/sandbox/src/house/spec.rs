//! What is listed, with parameters that suit a test.

use anchor_lang::prelude::Pubkey;
use ballast::instructions::{
    AddAssetArgs, AddMarketArgs, InitializeClearinghouseArgs, LoadCalibrationArgs, SourceArgs,
};
use ballast::limits::{ClearinghouseParams, LendingParams, PhaseParams, PriceParams};
use ballast_client::deployment::symbol;
use ballast_risk::scenario::SCENARIOS;

use super::QUOTE;

/// Feed ids of Pyth's crypto feeds against the dollar.
pub struct Feed;

impl Feed {
    /// The feed of a symbol: Pyth's for BTC, ETH and SOL, a made-up one for others.
    #[must_use]
    pub fn of(symbol: &str) -> [u8; 32] {
        let hex = match symbol {
            "BTC" => "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43",
            "ETH" => "ff61491a931112ddf1bd8147cd1b641375f79f5825126d665480874634fd0ace",
            "SOL" => "ef0d8b6fda2ceba41da15d4095d1da392a0d2f8ed0c6c7bc0f4cfac8c280b56d",
            other => {
                let mut id = [0xb5; 32];
                let length = other.len().min(32);
                id[..length].copy_from_slice(&other.as_bytes()[..length]);
                return id;
            }
        };
        pyth_solana_receiver_sdk::price_update::get_feed_id_from_hex(hex)
            .expect("the ids above are 32 bytes of hex")
    }
}

/// An asset to be listed.
#[derive(Clone, Debug)]
pub struct AssetSpec {
    /// Name.
    pub symbol: String,
    /// What `add_asset` is called with.
    pub args: AddAssetArgs,
    /// Whether it gets a mint and a vault.
    pub collateral: bool,
}

impl AssetSpec {
    /// A large coin: haircut between 5 and 60 %, hourly σ prior 1 %, nets after a day of ticks; stress within the
    /// least haircut, and as deep as an ocean, so that a test sees the core alone.
    #[must_use]
    pub fn coin(name: &str, decimals: u8) -> Self {
        let args = AddAssetArgs {
            symbol: symbol(name),
            decimals,
            feed_id: Feed::of(name),
            max_age_s: 60,
            max_confidence_bps: 200,
            haircut_min_bps: 500,
            haircut_max_bps: 6_000,
            sigma_prior_e8: 1_000_000,
            sigma_floor_e8: 100_000,
            stable_half_life_s: 3_600,
            fast_half_life_s: 12 * 3_600,
            slow_half_life_s: 120 * 3_600,
            grid_s: 300,
            net_after_ticks: 24,
            penalty_bps: 100,
            deposit_cap: 1 << 62,
            fall_bps: 500,
            rise_bps: 500,
            max_move_bps: 120,
            carry_bps: 0,
            index_weight_bps: 10_000,
            implied_feed_id: [0; 32],
            impact_bps: 10_000,
            crowd_share_bps: 1_000,
            depth_floor: 1 << 50,
            depth_cap: 1 << 50,
            depth_half_life_s: 3_600,
            sources: SourceArgs::PYTH,
            outflow_limit: 0,
            outflow_window_s: 86_400,
        };
        Self { symbol: name.to_owned(), args, collateral: true }
    }
}

/// A market to be opened.
#[derive(Clone, Debug)]
pub struct MarketSpec {
    /// Name.
    pub symbol: String,
    /// What `add_market` is called with.
    pub args: AddMarketArgs,
}

impl MarketSpec {
    /// A perpetual on an asset: 1 % band, no fee, 1 % penalty, no caps.
    #[must_use]
    pub fn perpetual(name: &str, asset: u8) -> Self {
        let full = format!("{name}-PERP");
        let args = AddMarketArgs {
            symbol: symbol(&full),
            asset,
            band_bps: 100,
            fee_bps: 0,
            penalty_bps: 100,
            profit_cap: i64::MAX as u64,
            open_interest_cap: 1 << 58,
            option: None,
        };
        Self { symbol: full, args }
    }
}

/// Parameters that suit a test: IM 1.5 × MM, buffer 10 %, half of penalties to insurance, the least stress that the
/// code allows, and no notice.
#[must_use]
pub fn default_params() -> ClearinghouseParams {
    ClearinghouseParams {
        initial_ratio_bps: 15_000,
        buffer_bps: 1_000,
        insurance_share_bps: 5_000,
        tick_interval_s: 3_600,
        horizon_s: 3_600,
        min_maintenance: QUOTE,
        dust: 10 * QUOTE,
        calm_sigma_e8: 1_000_000,
        stress_weight_bps: 2_500,
        decorrelation_bps: 500,
        gross_floor_bps: 10,
        notice_doubling_s: 0,
        notice_least_bps: 10_000,
        forecast_short_bps: 3_500,
        forecast_fast_bps: 1_000,
    }
}

/// Parameters of every part of a clearinghouse.
#[derive(Clone, Copy, Debug)]
pub struct HouseParams {
    /// For every account.
    pub core: ClearinghouseParams,
    /// How far prices are believed.
    pub prices: PriceParams,
    /// How liquidation proceeds.
    pub phases: PhaseParams,
    /// What loans cost.
    pub lending: LendingParams,
    /// Feed of the quote token.
    pub quote_feed_id: [u8; 32],
}

impl Default for HouseParams {
    fn default() -> Self {
        Self {
            core: default_params(),
            prices: default_prices(),
            phases: default_phases(),
            lending: default_lending(),
            quote_feed_id: [0; 32],
        }
    }
}

impl HouseParams {
    /// What `initialize_clearinghouse` is called with.
    #[must_use]
    pub fn args(self, governance: Pubkey) -> InitializeClearinghouseArgs {
        InitializeClearinghouseArgs {
            governance,
            params: self.core,
            prices: self.prices,
            phases: self.phases,
            lending: self.lending,
            quote_feed_id: self.quote_feed_id,
        }
    }
}

/// Prices for a test that is about something else: a day without a refresh is an outage, and there is no grace.
#[must_use]
pub fn default_prices() -> PriceParams {
    PriceParams {
        outage_s: 86_400,
        grace_s: 0,
        consistent: 3,
        recovery_s: 0,
        guarded_bps: 0,
        quote_cap_bps: 500,
        off_peg_bps: 100,
        on_peg_bps: 50,
        confirm_s: 0,
        reserved: [0; 1],
    }
}

/// Liquidation for a test that is about something else: everything at once, at the full penalty, unconfirmed.
#[must_use]
pub fn default_phases() -> PhaseParams {
    PhaseParams {
        bounty: 0,
        deep_bps: 10_000,
        bankrupt_bps: 10_000,
        penalty_start_bps: 10_000,
        penalty_growth_s: 0,
        first_step_bps: 10_000,
        wait_s: 0,
        window_depth_bps: 100_000,
        window_s: 0,
        takeover_s: 60,
        resolve_s: 0,
    }
}

/// Lending for a test that is about something else: no interest, and no limits but the vault.
#[must_use]
pub fn default_lending() -> LendingParams {
    LendingParams {
        base_bps: 0,
        at_kink_bps: 0,
        at_full_bps: 0,
        kink_bps: 8_000,
        max_utilisation_bps: 9_500,
        lent_bps: 10_000,
        outflow_bps: 10_000,
        window_s: 86_400,
        step_s: 3_600,
        reserved: 0,
    }
}

/// A made-up history for tests: 256 hours of a common factor and an own one, with fat tails, the same
/// for a given index.
#[must_use]
pub fn made_up_history(asset: u8) -> LoadCalibrationArgs {
    let mut common = 0x9e37_79b9_7f4a_7c15u64;
    let mut own = common.wrapping_mul(2 * u64::from(asset) + 3);
    let draw = |state: &mut u64| {
        // Twelve uniforms make a normal; every thirty-second draw is three times as large.
        let mut sum = 0i64;
        for _ in 0..12 {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            sum += (*state >> 54) as i64;
        }
        let normal = sum - 6 * 1_024 + 6;
        if state.is_multiple_of(32) { 3 * normal } else { normal }
    };
    let returns = (0..SCENARIOS)
        .map(|_| ((4 * draw(&mut common) + 3 * draw(&mut own)) / 5).clamp(-32_767, 32_767) as i16)
        .collect();
    // σ = 1 % an hour: variance 1e-4 in 2⁻⁴⁸.
    let variance = (1u64 << 48) / 10_000;
    LoadCalibrationArgs {
        asset,
        variance_short: variance,
        variance_fast: variance,
        variance_slow: variance,
        returns,
    }
}
