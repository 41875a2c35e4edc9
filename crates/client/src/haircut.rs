//! Why a haircut is what it is: its parts, from what the board publishes.

use ballast::state::AssetState;
use ballast_risk::fixed::RATE_ONE;
use ballast_risk::scenario::Tails;
use ballast_risk::stress::StressParams;

/// Expected Shortfall at 97.5 % of a normal distribution, in σ: what a tail would be without fat tails.
const NORMAL_TAIL: f64 = 2.3378;

/// Parts of one side's haircut, as shares of value. They sum to `total`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// σ over the horizon, at the tail of a normal distribution.
    pub volatility: f64,
    /// What the asset's own tail adds to that (negative where its tail is thin).
    pub tail: f64,
    /// What the blend with stress adds.
    pub stress: f64,
    /// What forecast or implied volatility above σ adds.
    pub forecast: f64,
    /// Cost of unwinding: half the spread, and the impact of the crowd.
    pub liquidity: f64,
    /// What governance's floor adds, or its ceiling takes off; what newness adds.
    pub bounds: f64,
    /// The haircut.
    pub total: f64,
}

/// Parts of an asset's haircut on one side, in a clearinghouse with this weight of stress.
#[must_use]
pub fn parts(asset: &AssetState, short: bool, stress: &StressParams) -> Parts {
    let share = |rate: u64| rate as f64 / RATE_ONE as f64;
    let (haircut, addon, liquidity, tail, shock) = if short {
        (asset.haircut_short, asset.addon_short, asset.liquidity_short, asset.tail_short, asset.shock_short)
    } else {
        (asset.haircut_long, asset.addon_long, asset.liquidity_long, asset.tail_long, asset.shock_long)
    };
    let blended = |sigma: u64| {
        let own = Tails::shortfall_rate(tail, sigma);
        share(stress.blend(own, shock).unwrap_or(u64::MAX))
    };
    let own = share(Tails::shortfall_rate(tail, asset.sigma));
    let forecast = blended(asset.expected_sigma.max(asset.sigma)) - blended(asset.sigma);
    let volatility = share(asset.sigma) * NORMAL_TAIL;
    let (total, liquidity) = (share(haircut), share(liquidity));
    // An asset that nets with nothing is charged whole, un-netted.
    let core = if asset.netted != 0 { share(haircut - addon) } else { own };
    let stress = core - own;
    Parts {
        volatility,
        tail: own - volatility,
        stress,
        forecast,
        liquidity,
        bounds: total - core - forecast - liquidity,
        total,
    }
}
