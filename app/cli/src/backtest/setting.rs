//! How the board is set up for a run: the one place where a parameter of the program is chosen.
//!
//! A setting is what governance would pass to `initialize_clearinghouse` and `add_asset`. What governance has to
//! weigh against each other, cover against cost, is in [`Dials`]: the recommended point is their default, and a
//! point of the frontier is another value of them. Everything else is the same at every point.

use anyhow::{Result, anyhow};
use ballast::instructions::AddAssetArgs;
use ballast::limits::{ClearinghouseParams, MAX_ASSETS, bounds};
use ballast::state::RiskBoard;
use ballast_risk::stress::{SHOCK_BITS, STRESS_ROWS, column};
use ballast_sandbox::AssetSpec;
use ballast_sandbox::house::default_params;

use super::Market;
use super::run::Terms;

/// What governance chooses between cover and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dials {
    /// ω, the weight of stress, percent.
    pub omega: u32,
    /// Stress shocks, as a percentage of the worst hours of large coins up to the end of 2020.
    pub shocks: u32,
    /// Least haircut, basis points. Move, penalty and confidence that are accepted shrink and grow with it, because
    /// the program's envelope makes them fit inside.
    pub haircut_min_bps: u32,
    /// Least margin as a share of gross, basis points.
    pub gross_floor_bps: u32,
    /// By how much maintenance margin may rise with volatility in an hour, percent; none for at once.
    pub notice: Option<u32>,
    /// Share of its full margin at which an account still has notice, percent.
    pub notice_least: u32,
}

impl Dials {
    /// `docs/decisions/015-recommended-point.md` argues for it.
    pub const RECOMMENDED: Self = Self {
        omega: 25,
        shocks: 100,
        haircut_min_bps: 200,
        gross_floor_bps: 50,
        notice: Some(20),
        notice_least: 70,
    };

    /// Liquidation penalty, basis points: a quarter of the least haircut, and no more than a whole percent.
    #[must_use]
    pub fn penalty_bps(&self) -> u32 {
        (self.haircut_min_bps / 4).min(100)
    }

    /// In how many seconds the level of the limit may double: `ln 2 ÷ ln(1 + rate)` hours.
    fn doubling_s(&self) -> u32 {
        let hours = |percent: u32| core::f64::consts::LN_2 / (1.0 + f64::from(percent) / 100.0).ln();
        self.notice.map_or(0, |percent| (hours(percent) * 3_600.0).round() as u32)
    }

    /// How they differ from the recommended ones, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        let r = Self::RECOMMENDED;
        let mut words = Vec::new();
        if self.omega != r.omega {
            words.push(format!("ω {} %", self.omega));
        }
        if self.shocks != r.shocks {
            words.push(format!("shocks × {}", f64::from(self.shocks) / 100.0));
        }
        if self.haircut_min_bps != r.haircut_min_bps {
            words.push(format!("min {}", percent(self.haircut_min_bps)));
        }
        if self.gross_floor_bps != r.gross_floor_bps {
            words.push(format!("gross floor {}", percent(self.gross_floor_bps)));
        }
        if self.notice != r.notice {
            words.push(self.notice.map_or("no notice".into(), |n| format!("notice {n} %/h")));
        }
        if self.notice_least != r.notice_least {
            words.push(format!("least {} %", self.notice_least));
        }
        if words.is_empty() { "recommended".into() } else { words.join(", ") }
    }
}

/// Parameters of a clearinghouse and of every asset on it.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Short name, as in a plot.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// What governance chose.
    pub dials: Dials,
    /// Of the clearinghouse.
    pub house: ClearinghouseParams,
    /// Of each asset; symbol and decimals are not used.
    pub asset: AddAssetArgs,
    /// Joint stress rows that move all assets alike, simple returns in basis points.
    pub joint_bps: Vec<i32>,
    /// Whether the shortfall over the ring is judged by itself, as if nothing stood beside it.
    pub core_only: bool,
}

/// Half-lives of both variances, in horizons: 6 and 72 hours at a horizon of one.
pub const HALF_LIVES: (u32, u32) = (6, 72);
/// σ before anything is known, 1e-8 at a horizon of one hour: 1 %.
const PRIOR_E8: f64 = 1_000_000.0;
const HOUR_S: u32 = 3_600;
/// Worst hours of BTC, ETH and XRP up to the end of 2020, basis points: −17 to −21 % (12 March 2020), +15 to +28 %.
const FALL_BPS: u32 = 2_000;
const RISE_BPS: u32 = 2_500;
/// The same where all move together.
const JOINT_BPS: [i32; 2] = [-1_800, 1_700];
/// Age up to which a listed coin's price is accepted, seconds: what margins are judged by.
const ACCEPTED_AGE_S: f64 = 60.0;

impl Setting {
    /// The core alone: the shortfall of the joint scenarios at current σ. No floor that could bind, no
    /// ceiling, and netting from the first full ring on.
    #[must_use]
    pub fn plain(horizon_s: u32) -> Self {
        let mut plain = Self::recommended(horizon_s);
        plain.name = "plain".into();
        plain.about = "the core alone: Expected Shortfall of 256 joint scenarios at current volatility, without stress, \
                       floors, notice, penalty or anything else beside it"
            .into();
        plain.core_only = true;
        // The least that can be written: a haircut of one basis point, a σ of 0.0001 %.
        plain.asset.haircut_min_bps = 1;
        plain.asset.haircut_max_bps = 10_000;
        plain.asset.sigma_floor_e8 = 100;
        plain.asset.net_after_ticks = 0;
        // No shock and no cost of unwinding, which would push a haircut above its ceiling and the asset out of the core.
        (plain.asset.fall_bps, plain.asset.rise_bps, plain.asset.impact_bps) = (0, 0, 0);
        plain.joint_bps = vec![];
        plain
    }

    /// Everything on, as a large coin is listed.
    #[must_use]
    pub fn recommended(horizon_s: u32) -> Self {
        Self::at(horizon_s, Dials::RECOMMENDED)
    }

    /// Everything on, at a point of the frontier.
    #[must_use]
    pub fn at(horizon_s: u32, dials: Dials) -> Self {
        let mut asset = AssetSpec::coin("", 0).args;
        (asset.fast_half_life_s, asset.slow_half_life_s) =
            (HALF_LIVES.0 * horizon_s, HALF_LIVES.1 * horizon_s);
        asset.sigma_prior_e8 = (PRIOR_E8 * (f64::from(horizon_s) / f64::from(HOUR_S)).sqrt()) as u32;
        asset.fall_bps = FALL_BPS * dials.shocks / 100;
        asset.rise_bps = RISE_BPS * dials.shocks / 100;
        // Envelope: half of the least haircut for the move, a quarter each for penalty and confidence.
        asset.haircut_min_bps = dials.haircut_min_bps;
        asset.max_move_bps = dials.haircut_min_bps / 2;
        asset.penalty_bps = dials.penalty_bps();
        asset.max_confidence_bps = dials.haircut_min_bps / 4;
        // A price is usable as long as the program could at most allow: bars come without an age.
        asset.max_age_s = *bounds::MAX_AGE_S.end();
        let house = ClearinghouseParams {
            tick_interval_s: horizon_s,
            horizon_s,
            stress_weight_bps: dials.omega * 100,
            decorrelation_bps: 2_000,
            gross_floor_bps: dials.gross_floor_bps,
            notice_doubling_s: dials.doubling_s(),
            notice_least_bps: dials.notice_least * 100,
            ..default_params()
        };
        let about = format!(
            "everything on: ω {} %, falls of {} and rises of {}, haircuts from {} to {}, at least {} of gross, {}",
            dials.omega,
            percent(asset.fall_bps),
            percent(asset.rise_bps),
            percent(dials.haircut_min_bps),
            percent(asset.haircut_max_bps),
            percent(dials.gross_floor_bps),
            dials.notice.map_or("margin rises at once".into(), |n| format!(
                "margin rises with volatility by {n} % an hour down to {} % of it",
                dials.notice_least
            )),
        );
        let joint_bps = JOINT_BPS.iter().map(|bps| bps * dials.shocks as i32 / 100).collect();
        Self { name: dials.words(), about, dials, house, asset, joint_bps, core_only: false }
    }

    /// The settings that a frontier run compares: every ω with every floor and both sizes of shocks, and then one
    /// dial at a time.
    #[must_use]
    pub fn frontier(horizon_s: u32) -> Vec<Self> {
        let r = Dials::RECOMMENDED;
        let mut points = Vec::new();
        for omega in [25, 35, 50] {
            for shocks in [50, 100] {
                for haircut_min_bps in [100, 200, 300, 500] {
                    points.push(Dials { omega, shocks, haircut_min_bps, ..r });
                }
            }
        }
        points.extend([25, 100].map(|gross_floor_bps| Dials { gross_floor_bps, ..r }));
        points.extend([None, Some(10), Some(40)].map(|notice| Dials { notice, ..r }));
        points.extend([60, 80].map(|notice_least| Dials { notice_least, ..r }));
        points.into_iter().map(|dials| Self::at(horizon_s, dials)).collect()
    }

    /// What a margin has to pay for under this setting.
    #[must_use]
    pub fn terms(&self, market: &Market) -> Terms {
        if self.core_only {
            return Terms::BARE;
        }
        let penalty = f64::from(self.dials.penalty_bps()) / 10_000.0;
        let fine =
            market.interval_s < market.horizon_s && market.interval_s <= i64::from(*bounds::MAX_AGE_S.end());
        if fine {
            return Terms { penalty, stretch: 1.0, lag: 1 };
        }
        let stretch = (1.0 + ACCEPTED_AGE_S / market.horizon_s as f64).sqrt();
        Terms { penalty, stretch, lag: 0 }
    }

    /// Each asset's part in the joint stress rows, as `load_stress` takes it.
    #[must_use]
    pub fn shocks(&self) -> [i16; STRESS_ROWS] {
        let mut shocks = [0; STRESS_ROWS];
        for (row, bps) in shocks.iter_mut().zip(&self.joint_bps) {
            *row = (bps * (1 << SHOCK_BITS) / 10_000) as i16;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_accepts_every_point_of_the_frontier() {
        for setting in Setting::frontier(3_600) {
            setting.house.validate().unwrap_or_else(|e| panic!("{}: {e}", setting.name));
            setting.asset.validate().unwrap_or_else(|e| panic!("{}: {e}", setting.name));
            assert!(setting.house.stress_weight_bps >= 2_500);
        }
    }

    #[test]
    fn points_of_the_frontier_have_names_of_their_own_and_one_is_the_recommended() {
        let points = Setting::frontier(3_600);
        let mut names: Vec<&str> = points.iter().map(|p| p.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), points.len());
        assert_eq!(points.iter().filter(|p| p.dials == Dials::RECOMMENDED).count(), 1);
        assert!(names.contains(&"recommended"));
    }

    #[test]
    fn a_fifth_an_hour_doubles_in_less_than_four_hours() {
        assert_eq!(Dials::RECOMMENDED.doubling_s(), 13_686);
        assert_eq!(Dials { notice: None, ..Dials::RECOMMENDED }.doubling_s(), 0);
    }

    #[test]
    fn a_margin_pays_for_loss_and_penalty_where_it_is_above_the_need() {
        let terms = Terms { penalty: 0.01, stretch: 1.0, lag: 0 };
        for loss in [-0.02, 0.0, 0.002, 0.009, 0.011, 0.2] {
            let need = terms.need(loss);
            for margin in [0.001, 0.004, 0.0179, 0.0181, 0.0209, 0.0211, 0.3] {
                let short = loss > 0.0 && loss + f64::min(0.01, margin / 2.0) > margin;
                assert_eq!(need > margin, short, "{loss} {margin}");
            }
        }
    }
}
