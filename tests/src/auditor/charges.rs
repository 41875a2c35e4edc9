//! What must stand on the board: σ and its forecast, liquidity, haircuts and add-ons, index and notice, each from
//! what it follows from.
//!
//! ```text
//! σ²       = ½·(v_fast + v_slow), the open interval counted at once where it gives more
//! own      = σ·tail                  core = own + ω·max(0, shock − own)
//! add-on   = max(core at σ_expected − core + ½·spread + η·σ·√(crowd/depth),  min − core)
//! ```

use super::board::{
    Asset, Board, IMPACT_UNIT, Params, RATE_UNIT, ROLLING, ROWS, SIGMA_UNITS, Sides, VARIANCE_UNIT,
    WEIGHT_ERROR, WORST,
};

/// Tail that an asset of which nothing is known is charged, in σ.
const PRIOR_TAIL: f64 = 6.0;
/// Missed ticks beyond which an asset counts as new.
const MAX_MISSED: u32 = 32;
/// Age beyond which implied volatility is forgotten, seconds.
pub const IMPLIED_AGE_S: i64 = 7_200;
/// The smallest crowd is the depth divided by this.
pub const CROWD_PARTS: f64 = 1_024.0;
/// Units of a tail in one σ.
const TAIL_UNITS: f64 = SIGMA_UNITS * WORST as f64;

/// What an asset should be charged, by its σ, its column and its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Charges {
    pub haircut: Sides,
    pub addon: Sides,
    pub netted: bool,
}

impl Charges {
    pub(super) fn of(asset: &Asset, params: &Params) -> Self {
        let (min, max) = (asset.haircut_min, asset.haircut_max);
        let nets = asset.nets();
        let side = |short: bool| {
            let own_tail = asset.tails.of(short);
            let tail = if nets { own_tail } else { asset.unseasoned_tail(own_tail) };
            let own = asset.sigma * tail;
            let blend = |own: f64| own + params.stress_weight * (asset.shock.of(short) - own).max(0.0);
            let core = blend(own);
            let forecast = (blend(asset.expected.max(asset.sigma) * tail) - core).max(0.0);
            let liquidity = asset.confidence + asset.impact_rate(asset.crowd.of(short));
            let addon = (forecast + liquidity).max(min - core);
            (core + addon, addon)
        };
        let ((long, addon_long), (short, addon_short)) = (side(false), side(true));
        let haircut = Sides { long, short };
        let alone = |haircut: Sides| Self { haircut, addon: haircut, netted: false };
        if !nets {
            return alone(Sides { long: long.min(max), short: short.min(max) });
        }
        // On the edge of the upper bound a rounded unit decides: there the board's word stands.
        let edge = (haircut.widest() - max).abs() <= HAIRCUT_ERROR;
        if if edge { !asset.netted } else { haircut.widest() > max } {
            return alone(Sides { long: max, short: max });
        }
        Self { haircut, addon: Sides { long: addon_long, short: addon_short }, netted: true }
    }
}

/// Roundings in a haircut, of the order of a unit each: own, shock, blend, forecast, spread, impact, sum.
const HAIRCUT_ERROR: f64 = 12.0 * RATE_UNIT;

/// Volatility by the averages of variance, the open interval included, and by how much rounding may move it.
#[derive(Clone, Copy, Debug)]
pub struct Live {
    pub sigma: f64,
    pub sigma_slack: f64,
    pub forecast: f64,
    pub forecast_slack: f64,
}

impl Asset {
    /// Whether it has lived long enough to net.
    fn nets(&self) -> bool {
        self.ticks_lived >= self.net_after_ticks
            && self.rows_filled as usize >= ROWS
            && self.ticks_missed <= MAX_MISSED
    }

    /// The tail of an asset that does not net: the prior gives way to its own as it lives.
    fn unseasoned_tail(&self, own: f64) -> f64 {
        let worse = own.max(PRIOR_TAIL);
        if self.ticks_missed > MAX_MISSED || self.net_after_ticks == 0 {
            return worse;
        }
        let needed = f64::from(self.net_after_ticks);
        let filled = f64::from(self.rows_filled.min(ROWS as u32)) / ROWS as f64;
        let lived = f64::from(self.ticks_lived.min(self.net_after_ticks)).min((needed * filled).floor());
        // In units of a tail all of it is integers, until one division that is rounded up.
        let units = |tail: f64| (tail * TAIL_UNITS).round();
        let blend = units(own) * lived + units(worse) * (needed - lived);
        (blend / needed).ceil().max(units(own)) / TAIL_UNITS
    }

    /// σ and its forecast by the averages of variance.
    #[must_use]
    pub fn live(&self, params: &Params) -> Live {
        let averages = [self.variance_short, self.variance_fast, self.variance_slow];
        let of = |v: [f64; 3]| {
            let forecast: f64 = params.forecast.iter().zip(v).map(|(w, v)| w * v.min(1.0)).sum();
            (0.5 * (v[1].min(1.0) + v[2].min(1.0)), forecast)
        };
        let (mut variance, mut forecast) = of(averages);
        let mut slack = 3.0 * VARIANCE_UNIT;
        if self.sample > 0.0 && self.publish_time > self.sample_time {
            let step = Step::of(self, self.spot, self.publish_time, params);
            let open = of(step.close(averages));
            variance = variance.max(open.0);
            forecast = forecast.max(open.1);
            slack += step.error(variance.max(forecast));
        }
        let root = |v: f64, floor: f64| {
            let sigma = v.min(1.0).sqrt().max(floor);
            (sigma, (slack / sigma.max(RATE_UNIT)).min(slack.sqrt()) + 2.0 * RATE_UNIT)
        };
        let ((sigma, sigma_slack), (forecast, forecast_slack)) =
            (root(variance, self.sigma_floor), root(forecast, 0.0));
        Live { sigma, sigma_slack, forecast, forecast_slack }
    }

    /// What was reported above the floor, after `age_s` seconds of fading.
    #[must_use]
    pub fn depth_after(&self, age_s: i64) -> f64 {
        let above = (self.depth.min(self.depth_cap) - self.depth_floor).max(0.0);
        self.depth_floor + above * 0.5f64.powf(age_s.max(0) as f64 / self.depth_half_life_s)
    }

    /// Everything wrong with it.
    fn problems(&self, board: &Board, found: &mut Vec<String>) {
        let name = format!("asset {}", self.index);
        let mut check = |what: &str, stands: f64, own: f64, tolerance: f64| {
            if (stands - own).abs() > tolerance {
                found.push(format!("{name}: {what} is {stands:e} on the board, {own:e} by the auditor"));
            }
        };
        let live = self.live(&board.params);
        check("σ", self.sigma, live.sigma, live.sigma_slack);
        check("forecast", self.forecast, live.forecast, live.forecast_slack);
        // Whether the implied one was already forgotten is a question of time: `history` asks it.
        let expected = if self.expected > self.forecast { self.implied } else { self.forecast };
        check("expected σ", self.expected, expected, 0.0);
        for (what, units, own) in [
            ("long tail", self.tail_long, self.tails.long),
            ("short tail", self.tail_short, self.tails.short),
        ] {
            // Sums of seven integers.
            check(what, units.into(), own * TAIL_UNITS, 1e-6);
        }
        for short in [false, true] {
            let side = if short { "short" } else { "long" };
            let sign = if short { 1.0 } else { -1.0 };
            let joint = self.stress.iter().map(|r| sign * r).fold(0.0, f64::max);
            let shock = self.own_shock.of(short).max(joint);
            check(&format!("{side} shock"), self.shock.of(short), shock, RATE_UNIT);
            let liquidity = self.confidence + self.impact_rate(self.crowd.of(short));
            // √crowd is rounded up to a whole number.
            let slack = self.impact + 4.0 * RATE_UNIT;
            check(&format!("{side} liquidity"), self.liquidity.of(short), liquidity, slack);
            let (own, slack) = (self.charges, HAIRCUT_ERROR + self.impact);
            check(&format!("{side} haircut"), self.haircut.of(short), own.haircut.of(short), slack);
            check(&format!("{side} add-on"), self.addon.of(short), own.addon.of(short), slack);
        }
        check("netted", self.netted.into(), self.charges.netted.into(), 0.0);
        self.liquidity_problems(board, &mut check);

        let (min, max) = (self.haircut_min, self.haircut_max);
        for (side, h) in [("long", self.haircut.long), ("short", self.haircut.short)] {
            if h < min || h > max {
                found.push(format!("{name}: {side} haircut {h} outside {min}..{max}"));
            }
        }
        if self.column.iter().any(|z| z.abs() > 32_767) {
            found.push(format!("{name}: a row of the ring is beyond the winsorised bound"));
        }
    }

    /// Impact, crowd, open interest and crowding. When they were published is not known here, so the depth may be
    /// any between what was reported and what is left of it for good; all of them must agree on which.
    fn liquidity_problems(&self, board: &Board, check: &mut impl FnMut(&str, f64, f64, f64)) {
        let numerator = self.eta * self.sigma;
        // Depth that the coefficient speaks of; its root was taken in whole numbers.
        let depth = (numerator / self.impact.max(IMPACT_UNIT)).powi(2);
        let (most, least) = (self.depth_after(0), self.depth_floor);
        let slack = |depth: f64| {
            4.0 * depth.sqrt() + 2.0 + 4.0 * depth * (IMPACT_UNIT / self.impact + RATE_UNIT / self.sigma)
        };
        check("depth in the impact", depth, depth.clamp(least, most), slack(depth));
        let value = |units: f64| self.crowd_share * units * self.spot;
        let all = self.open_interest as f64 + self.deposits as f64;
        for (what, crowd, own) in [
            ("long crowd", self.crowd.long, value(all)),
            ("short crowd", self.crowd.short, value(self.open_interest as f64)),
        ] {
            // It may lag behind on the way up: `history` asks how far.
            let least = depth / CROWD_PARTS;
            check(
                what,
                crowd,
                crowd.clamp(least, own.max(least)),
                3.0 + own * 1e-9 + slack(depth) / CROWD_PARTS,
            );
        }
        let listed = || board.markets.iter().filter(|m| m.asset == self.index);
        let open: u64 = listed().map(|m| m.open_interest).sum();
        check("open interest", self.open_interest as f64, open as f64, 0.0);
        let beyond = listed().map(|m| m.beyond_half()).fold(0.0, f64::max);
        check("crowding", self.crowding, beyond, 2.0 * RATE_UNIT);
    }
}

/// The interval from the last sample to a price.
pub(super) struct Step {
    /// `r²·horizon/Δt`.
    realised: f64,
    /// By how much rounding the return may move that.
    of_return: f64,
    /// What short, fast and slow average keep.
    kept: [f64; 3],
}

impl Step {
    pub(super) fn of(from: &Asset, spot: f64, publish_time: i64, params: &Params) -> Self {
        let elapsed = (publish_time - from.sample_time) as f64;
        let r = spot / from.sample - 1.0;
        let fast = 0.5f64.powf(elapsed / from.fast_half_life_s);
        let slow = 0.5f64.powf(elapsed / from.slow_half_life_s);
        let scale = params.horizon_s / elapsed;
        let of_return = 2.0 * r.abs() * RATE_UNIT * scale;
        Self { realised: r * r * scale, of_return, kept: [fast.powi(3), fast, slow] }
    }

    /// The averages with the interval closed.
    pub(super) fn close(&self, averages: [f64; 3]) -> [f64; 3] {
        core::array::from_fn(|i| (averages[i] * self.kept[i] + self.realised * (1.0 - self.kept[i])).min(1.0))
    }

    /// By how much rounding may move a closed average of this size: the short one's weight is a third power.
    pub(super) fn error(&self, average: f64) -> f64 {
        4.0 * WEIGHT_ERROR * (average + self.realised) + self.of_return + 4.0 * VARIANCE_UNIT
    }
}

/// The factor that a level gives at an index.
#[must_use]
pub fn notice_factor(level: f64, index: f64, least: f64) -> f64 {
    if level == 0.0 || index <= level { 1.0 } else { (level / index).max(least) }
}

impl Board {
    /// Everything on the board that does not follow from the rest of it.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        for asset in &self.assets {
            asset.problems(self, &mut found);
        }
        // Counting: to the unit.
        let weights: u64 = self.assets.iter().map(|a| u64::from(a.index_weight)).sum();
        let sum: u64 = self.assets.iter().map(|a| u64::from(a.index_weight) * a.sigma_units).sum();
        if (u64::from(self.index_weights), self.index_sum) != (weights, sum) {
            found
                .push(format!("the index is {}/{}, not {sum}/{weights}", self.index_sum, self.index_weights));
        }
        let own = notice_factor(self.notice_level, self.index(), self.params.notice_least);
        if (self.notice - own).abs() > 2.0 * RATE_UNIT {
            found.push(format!("the notice factor is {}, not {own}", self.notice));
        }
        if self.params.notice_doubling_s == 0.0 && self.notice != 1.0 {
            found.push(format!("notice {} is given where there is none", self.notice));
        }
        if self.last_short_tick < self.last_tick || self.next_row >= ROLLING {
            found.push("the ticks are out of order".into());
        }
        found
    }
}
