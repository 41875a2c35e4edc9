//! Two boards in a row: is the second what follows from the first?
//!
//! The auditor knows the rules, not their code: variance is sampled where a refresh falls into a later grid cell than
//! the last sample, with the weight of the time it spans; the stable price moves towards the price that stood; a
//! reported depth fades and may double in a half-life, an implied volatility in an hour; the notice level follows the
//! index down at once and up by at most a factor of two in its time; what a refresh publishes speaks of its moment.

use super::board::{Asset, Board, Params, RATE_UNIT, Sides};
use super::charges::{CROWD_PARTS, IMPLIED_AGE_S, Step, notice_factor};
use super::ring::{self, Ticked};

/// Relative error of what may have grown: that of its weight.
const GROWN: f64 = 2e-8;
/// Time in which implied volatility may double, and the most that one step of notice counts, seconds.
const HOUR_S: f64 = 3_600.0;

/// Everything in `after` that does not follow from `before`, if every asset was refreshed at most once, in the order
/// of their indices and at `now`, and at most one tick was taken, after the refreshes and at `now`.
#[must_use]
pub fn problems(before: &Board, after: &Board, now: i64) -> Vec<String> {
    let mut found = Vec::new();
    for (old, new) in before.assets.iter().zip(&after.assets) {
        let mut check = |what: &str, stands: f64, own: f64, tolerance: f64| {
            if (stands - own).abs() > tolerance {
                found.push(format!(
                    "asset {}: {what} is {stands:e}, {own:e} follows from the step before",
                    new.index
                ));
            }
        };
        refresh(old, new, &before.params, &mut check);
        reports(old, new, now, &mut check);
        let ticked = Ticked::between(before, after) == Ticked::Short && new.is_fresh(now);
        if new.publish_time != old.publish_time || new.depth_time != old.depth_time || ticked {
            published(old, new, now, &mut check);
        }
    }
    ring::problems(before, after, now, &mut found);
    notice(before, after, now, &mut found);
    found
}

/// Variances, their sample, and the stable price.
fn refresh(old: &Asset, new: &Asset, params: &Params, check: &mut impl FnMut(&str, f64, f64, f64)) {
    if new.publish_time == old.publish_time {
        let figures = |a: &Asset| {
            [
                a.spot,
                a.stable,
                a.sample,
                a.sigma,
                a.forecast,
                a.variance_short,
                a.variance_fast,
                a.variance_slow,
            ]
        };
        for (stands, own) in figures(new).into_iter().zip(figures(old)) {
            check("what a refresh alone may change", stands, own, 0.0);
        }
        return;
    }
    if old.spot == 0.0 || old.sample == 0.0 {
        return;
    }
    let stood = 0.5f64.powf((new.publish_time - old.publish_time) as f64 / old.stable_half_life_s);
    let stable = old.stable * stood + old.spot * (1.0 - stood);
    check("stable price", new.stable, stable, 1e-8 * stable.max(old.spot));

    let closes = new.publish_time.div_euclid(old.grid_s) > old.sample_time.div_euclid(old.grid_s);
    let step = Step::of(old, new.spot, new.publish_time, params);
    let was = [old.variance_short, old.variance_fast, old.variance_slow];
    let closed = step.close(was);
    for (i, (what, is)) in [
        ("short variance", new.variance_short),
        ("fast variance", new.variance_fast),
        ("slow variance", new.variance_slow),
    ]
    .into_iter()
    .enumerate()
    {
        let (own, tolerance) = if closes { (closed[i], step.error(was[i])) } else { (was[i], 0.0) };
        check(what, is, own, tolerance);
    }
    let (sample, sample_time) =
        if closes { (new.spot, new.publish_time) } else { (old.sample, old.sample_time) };
    check("sampled price", new.sample, sample, 0.0);
    check("sample's time", new.sample_time as f64, sample_time as f64, 0.0);
}

/// What roles and feeds say, inside its limits in time.
fn reports(old: &Asset, new: &Asset, now: i64, check: &mut impl FnMut(&str, f64, f64, f64)) {
    let since = |then: i64, now: i64| (now - then).max(0) as f64;
    // Several reports in one second look like one.
    if new.depth_time == old.depth_time && new.depth_time != now {
        check("depth without a report", new.depth, old.depth, 0.0);
    } else {
        check("time of the report", new.depth_time as f64, now as f64, 0.0);
        let from = old.depth.clamp(old.depth_floor, old.depth_cap);
        let steps = (since(old.depth_time, now) / old.depth_half_life_s).min(1.0);
        let most = (from * steps.exp2()).min(old.depth_cap);
        check("reported depth", new.depth, new.depth.clamp(old.depth_floor, most), 1.0 + GROWN * most);
    }
    if new.implied_time == old.implied_time {
        check("implied σ without an update", new.implied, old.implied, 0.0);
    } else {
        let steps = (since(old.implied_time, new.implied_time) / HOUR_S).min(1.0);
        let most = old.implied.max(old.sigma).max(new.sigma) * steps.exp2();
        check("implied σ", new.implied, new.implied.min(most), RATE_UNIT + GROWN * most);
    }
}

/// What speaks of the moment at which it was published: depth that has faded, and implied volatility that may be
/// forgotten.
fn published(old: &Asset, new: &Asset, now: i64, check: &mut impl FnMut(&str, f64, f64, f64)) {
    let implied = if now - new.implied_time <= IMPLIED_AGE_S { new.implied } else { 0.0 };
    check("expected σ", new.expected, implied.max(new.forecast), 0.0);
    let depth = new.depth_after(now - new.depth_time);
    let impact = new.eta * new.sigma / depth.sqrt();
    // The root of the depth was taken in whole numbers.
    let slack =
        impact * (GROWN + 2.0 / depth.sqrt() + RATE_UNIT / new.sigma) + 2.0 * super::board::IMPACT_UNIT;
    check("impact", new.impact, impact, slack);
    let value = |units: f64| (new.crowd_share * units * new.spot).max(depth / CROWD_PARTS);
    let own = Sides {
        long: value(new.open_interest as f64 + new.deposits as f64),
        short: value(new.open_interest as f64),
    };
    let least = depth / CROWD_PARTS;
    let steps = ((now - old.crowd_time) as f64 / HOUR_S).clamp(0.0, 1.0);
    for short in [false, true] {
        let most = old.crowd.of(short).max(least) * steps.exp2();
        let own = own.of(short).min(most).max(least);
        check("crowd", new.crowd.of(short), own, 3.0 + GROWN * own);
    }
}

/// The level that MM has been raised to: a step a refresh, and one a tick.
fn notice(before: &Board, after: &Board, now: i64, found: &mut Vec<String>) {
    let p = &before.params;
    let (mut sum, mut stepped) = (before.index_sum as f64, 0);
    let (mut level, mut time) = (before.notice_level, before.notice_time);
    let mut step = |index: f64| {
        let elapsed = ((now - time).max(0) as f64).min(HOUR_S);
        time = time.max(now);
        level = if p.notice_doubling_s == 0.0 || level == 0.0 || index <= level {
            index
        } else {
            (level * (elapsed / p.notice_doubling_s).exp2()).min(index)
        };
        stepped += 1;
    };
    let index = |sum: f64| {
        if after.index_weights == 0 { 0.0 } else { sum / f64::from(after.index_weights) * RATE_UNIT }
    };
    for (old, new) in before.assets.iter().zip(&after.assets) {
        if new.publish_time != old.publish_time {
            sum += f64::from(new.index_weight) * (new.sigma_units as f64 - old.sigma_units as f64);
            step(index(sum));
        }
    }
    if Ticked::between(before, after) != Ticked::Nothing {
        step(after.index());
    }
    let slack = GROWN * level + 3.0 * RATE_UNIT;
    if (after.notice_level - level).abs() > slack || after.notice_time != time {
        found.push(format!(
            "the notice level is {:e} at {}, {level:e} at {time} follows",
            after.notice_level, after.notice_time
        ));
    }
    let factor =
        if stepped == 0 { before.notice } else { notice_factor(level, after.index(), p.notice_least) };
    if (after.notice - factor).abs() > slack / after.index().max(RATE_UNIT) {
        found.push(format!("the notice factor is {}, {factor} follows", after.notice));
    }
}
