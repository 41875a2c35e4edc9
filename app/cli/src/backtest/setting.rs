//! How the board is set up for a run: the one place where a parameter of the program is chosen.
//!
//! A setting is what governance would pass to `initialize_clearinghouse` and `add_asset`. A further
//! parameter of the program shows up here, as a field of those arguments, and nowhere else; a point of
//! the frontier is one more entry in [`Setting::frontier`].

use anyhow::{Result, anyhow};
use ballast::instructions::AddAssetArgs;
use ballast::limits::{ClearinghouseParams, MAX_ASSETS};
use ballast::state::RiskBoard;
use ballast_risk::stress::{SHOCK_BITS, STRESS_ROWS, column};
use ballast_sandbox::AssetSpec;
use ballast_sandbox::house::default_params;

/// Parameters of a clearinghouse and of every asset on it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Short name, as in a plot.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Of the clearinghouse.
    pub house: ClearinghouseParams,
    /// Of each asset; symbol and decimals are not used.
    pub asset: AddAssetArgs,
    /// Joint stress rows that move all assets alike, simple returns in percent.
    pub joint: Vec<i32>,
    /// Whether the shortfall over the ring is judged by itself, as if nothing stood beside it.
    pub core_only: bool,
}

/// Half-lives of both variances, in horizons: 6 and 72 hours at a horizon of one.
const HALF_LIVES: (u32, u32) = (6, 72);
/// σ before anything is known, 1e-8 at a horizon of one hour: 1 %.
const PRIOR_E8: f64 = 1_000_000.0;
const HOUR_S: u32 = 3_600;

impl Setting {
    /// The core alone: the shortfall of the joint scenarios at current σ. No floor that could bind, no
    /// ceiling, and netting from the first full ring on.
    #[must_use]
    pub fn plain(horizon_s: u32) -> Self {
        let mut plain = Self::recommended(horizon_s);
        plain.name = "plain".into();
        plain.about = "the core alone: Expected Shortfall of 256 joint scenarios at current volatility, without stress, \
                       floors, notice or anything else beside it"
            .into();
        plain.core_only = true;
        plain.house.notice_doubling_s = 0;
        // The least that can be written: a haircut of one basis point, a σ of 0.0001 %.
        plain.asset.haircut_min_bps = 1;
        plain.asset.haircut_max_bps = 10_000;
        plain.asset.sigma_floor_e8 = 100;
        plain.asset.net_after_ticks = 0;
        // No shock and no cost of unwinding, which would push a haircut above its ceiling and the asset out of the core.
        (plain.asset.fall_bps, plain.asset.rise_bps, plain.asset.impact_bps) = (0, 0, 0);
        plain.joint = vec![];
        plain
    }

    /// Everything on, as a large coin is listed.
    #[must_use]
    pub fn recommended(horizon_s: u32) -> Self {
        let mut asset = AssetSpec::coin("", 0).args;
        (asset.fast_half_life_s, asset.slow_half_life_s) =
            (HALF_LIVES.0 * horizon_s, HALF_LIVES.1 * horizon_s);
        asset.sigma_prior_e8 = (PRIOR_E8 * (f64::from(horizon_s) / f64::from(HOUR_S)).sqrt()) as u32;
        // The worst hours of large coins up to the end of 2020: -18 and -21 % (BTC, ETH, 12 March 2020), +17 to +28 %.
        (asset.fall_bps, asset.rise_bps) = (2_000, 2_500);
        // Envelope: 1 % of move, half a percent each of penalty and of confidence.
        asset.haircut_min_bps = 200;
        (asset.max_move_bps, asset.penalty_bps, asset.max_confidence_bps) = (100, 50, 50);
        // A price is usable as long as the program could at most allow: bars come without an age.
        asset.max_age_s = *ballast::limits::bounds::MAX_AGE_S.end();
        let house = ClearinghouseParams {
            tick_interval_s: horizon_s,
            horizon_s,
            stress_weight_bps: 2_500,
            decorrelation_bps: 2_000,
            gross_floor_bps: 50,
            // A fifth an hour: 1.2^3.8 = 2.
            notice_doubling_s: 13_680,
            notice_least_bps: 7_000,
            ..default_params()
        };
        let about = format!(
            "as a large coin is listed: haircut between {} and {}, one set of parameters for all assets",
            percent(asset.haircut_min_bps),
            percent(asset.haircut_max_bps),
        );
        let joint = vec![-18, 17];
        Self { name: "recommended".into(), about, house, asset, joint, core_only: false }
    }

    /// The settings that a frontier run compares: what more cover costs.
    #[must_use]
    pub fn frontier(horizon_s: u32) -> Vec<Self> {
        let half_lives = |fast: u32, slow: u32| {
            let mut s = Self::plain(horizon_s);
            s.name = format!("plain {fast}/{slow}");
            s.about = format!("the core alone, half-lives of {fast} and {slow} horizons");
            (s.asset.fast_half_life_s, s.asset.slow_half_life_s) = (fast * horizon_s, slow * horizon_s);
            s
        };
        let floor = |bps: u32| {
            let mut s = Self::recommended(horizon_s);
            s.name = format!("floor {}", percent(bps));
            s.about = format!("as recommended, haircuts of at least {}", percent(bps));
            s.asset.haircut_min_bps = bps;
            s
        };
        vec![
            half_lives(6, 120),
            half_lives(12, 120),
            half_lives(24, 120),
            half_lives(12, 480),
            floor(100),
            floor(200),
            floor(300),
            floor(500),
        ]
    }

    /// Each asset's part in the joint stress rows, as `load_stress` takes it.
    #[must_use]
    pub fn shocks(&self) -> [i16; STRESS_ROWS] {
        let mut shocks = [0; STRESS_ROWS];
        for (row, percent) in shocks.iter_mut().zip(&self.joint) {
            *row = (percent * (1 << SHOCK_BITS) / 100) as i16;
        }
        shocks
    }

    /// An empty board with `assets` assets, each listed as `add_asset` does it.
    ///
    /// # Errors
    /// If the program refuses the parameters.
    pub fn board(&self, assets: usize) -> Result<Box<RiskBoard>> {
        let mut board = bytemuck::allocation::zeroed_box::<RiskBoard>();
        board.set_params(&self.house);
        let setting = board.setting(0);
        let refused =
            |e: &dyn core::fmt::Display| anyhow!("the program refuses the setting '{}': {e}", self.name);
        let shocks = self.shocks();
        for index in 0..assets.min(MAX_ASSETS) {
            board.stress[index] = column(&shocks);
            let state = self.asset.state(index as u8, &setting).map_err(|e| refused(&e))?;
            board.list(state).map_err(|e| refused(&e))?;
        }
        Ok(board)
    }
}

/// Basis points in words.
fn percent(bps: u32) -> String {
    let text = format!("{:.2}", f64::from(bps) / 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
