//! Two boards in a row: is the second what follows from the first?
//!
//! The auditor knows the rule of the estimator, not its code: variance is sampled where a refresh falls
//! into a later grid cell than the last sample, with the weight of the time it spans; the stable price
//! moves towards the price that stood; a tick writes the return since the last tick, in units of the σ
//! that stood before it, into one row.

use super::board::{Asset, Board, RATE_UNIT, SIGMA_UNITS, VARIANCE_UNIT, WEIGHT_ERROR};

/// Largest row that is kept.
const WINSOR: f64 = 32_767.0;

/// Everything in `after` that does not follow from `before`, if every asset was refreshed at most once
/// and at most one tick was taken, after the refreshes, at `now`.
#[must_use]
pub fn problems(before: &Board, after: &Board, now: i64) -> Vec<String> {
    let mut found = Vec::new();
    let ticked = after.tick_count - before.tick_count;
    if ticked > 1 {
        found.push(format!("{ticked} ticks in one step"));
    }
    let cell = |t: i64| t.div_euclid(before.tick_interval_s);
    if ticked == 1 && (cell(now) <= cell(before.last_tick) || after.last_tick != now) {
        found.push("a tick was taken twice in one cell of its grid".into());
    }
    let mut sampled = false;
    for (old, new) in before.assets.iter().zip(&after.assets) {
        refresh(old, new, before.horizon_s, &mut found);
        sampled |= tick(old, new, before, ticked == 1, now, &mut found);
    }
    let next = if sampled { (before.next_row + 1) % super::board::ROWS } else { before.next_row };
    if after.next_row != next {
        found.push(format!("the next row is {}, not {next}", after.next_row));
    }
    found
}

/// Variances, their sample, and the stable price.
fn refresh(old: &Asset, new: &Asset, horizon_s: f64, found: &mut Vec<String>) {
    let mut check = |what: &str, board: f64, own: f64, tolerance: f64| {
        if (board - own).abs() > tolerance {
            found.push(format!(
                "asset {}: {what} is {board:e}, {own:e} follows from the step before",
                new.index
            ));
        }
    };
    if new.publish_time == old.publish_time || old.spot == 0.0 || old.sample == 0.0 {
        return;
    }
    let stood = 0.5f64.powf((new.publish_time - old.publish_time) as f64 / old.stable_half_life_s);
    let stable = old.stable * stood + old.spot * (1.0 - stood);
    check("stable price", new.stable, stable, 1e-8 * stable.max(old.spot));

    let elapsed = (new.publish_time - old.sample_time) as f64;
    let closes = new.publish_time.div_euclid(old.grid_s) > old.sample_time.div_euclid(old.grid_s);
    let r = new.spot / old.sample - 1.0;
    let realised = r * r * horizon_s / elapsed;
    for (what, was, is, half_life) in [
        ("fast variance", old.variance_fast, new.variance_fast, old.fast_half_life_s),
        ("slow variance", old.variance_slow, new.variance_slow, old.slow_half_life_s),
    ] {
        let kept = 0.5f64.powf(elapsed / half_life);
        let own = if closes { (was * kept + realised * (1.0 - kept)).min(1.0) } else { was };
        let tolerance = if closes {
            // The return is held to 2⁻³².
            let of_return = 2.0 * r.abs() * RATE_UNIT * horizon_s / elapsed;
            WEIGHT_ERROR * (was + realised) + of_return + 4.0 * VARIANCE_UNIT
        } else {
            0.0
        };
        check(what, is, own, tolerance);
    }
    let (sample, sample_time) =
        if closes { (new.spot, new.publish_time) } else { (old.sample, old.sample_time) };
    check("sampled price", new.sample, sample, 0.0);
    check("sample's time", new.sample_time as f64, sample_time as f64, 0.0);
}

/// The ring. Returns whether the asset was sampled.
fn tick(old: &Asset, new: &Asset, before: &Board, ticked: bool, now: i64, found: &mut Vec<String>) -> bool {
    let elapsed = (new.publish_time - old.tick_time) as f64;
    let span = elapsed / before.horizon_s;
    let sampled = ticked && new.is_fresh(now) && old.tick > 0.0 && (0.75..=1.5).contains(&span);
    let mut expected = old.column.clone();
    if sampled {
        let row = before.next_row;
        let r = new.spot / old.tick - 1.0;
        let z = r / (old.tick_sigma * span.sqrt()) * SIGMA_UNITS;
        let own = z.abs().min(WINSOR);
        let board = new.column[row];
        // Rounded away from zero.
        if (board as f64 * z.signum() - own).abs() > 1.01 + 1e-6 * own {
            found.push(format!("asset {}: row {row} is {board}, {z:.1} by the auditor", new.index));
        }
        expected[row] = board;
    }
    if expected != new.column {
        found.push(format!("asset {}: rows of the ring changed that no tick wrote", new.index));
    }
    if new.ticks_lived != old.ticks_lived + u32::from(sampled) {
        found.push(format!("asset {}: its age in ticks does not follow", new.index));
    }
    sampled
}
