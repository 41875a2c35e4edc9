//! The machine-readable summary. Its keys are an interface: scripts read them.

use anyhow::Result;
use serde_json::{Value, json};

use super::CascadeReport;
use crate::cascade::collusion::{First, Liquidator};
use crate::cascade::{ASSETS, Run};

fn run(run: &Run) -> Value {
    json!({
        "seed": run.scenario.seed,
        "phased": run.scenario.limits.phased,
        "breaker": run.scenario.limits.breaker,
        "accounts": run.scenario.accounts,
        "keepers": run.scenario.keepers,
        "gross": run.gross,
        "equity": run.equity,
        "liquidations": run.liquidations(),
        "accounts_liquidated": run.touched,
        "share_of_gross_taken": run.share_taken(),
        "overshoot": ASSETS.iter().enumerate().map(|(a, (name, _))| (*name, run.overshoot(a))).collect::<Vec<_>>(),
        "bad_debt": run.bad_debt,
        "waterfall": {
            "fund": run.scenario.insurance,
            "resolved": run.waterfall.resolved,
            "deleveraged": run.waterfall.deleveraged,
            "whole_sides": run.waterfall.whole_sides,
            "insurance": run.waterfall.insurance as f64 / 1e6,
            "slice": run.waterfall.slice as f64 / 1e6,
            "socialised": run.waterfall.socialised as f64 / 1e6,
            "out_of_order": run.waterfall.out_of_order,
        },
        "bound": {
            "at_once": run.bound.at_once,
            "never_end": run.bound.never_end,
            "never_worst": run.bound.never_worst,
            "most": run.bound.most,
        },
        "seconds_below_mm": { "median": run.spell(0.5), "p90": run.spell(0.9), "max": run.spell(1.0) },
        "keepers_earned": run.keepers_earned,
        "refusals": run.refusals,
        "conservation_error": run.worst_error(),
        "recovery": {
            "hours": run.recovery.hours,
            "markets_traded": run.recovery.traded,
            "left": run.recovery.left,
            "bankrupt": run.recovery.bankrupt,
            "waiting": run.recovery.waiting,
            "stuck": run.recovery.stuck,
            "topped_up": run.recovery.topped_up,
            "withdrawn": run.recovery.withdrawn,
            "unpaid": run.recovery.unpaid,
        },
        "wall_seconds": run.wall_seconds,
    })
}

/// The summary.
///
/// # Errors
/// If a number cannot be written.
pub fn render(report: &CascadeReport) -> Result<String> {
    let cells = report.cells.iter().map(|c| {
        json!({
            "book": report.books[c.book].name,
            "jump": c.jump,
            "own_keeper": c.liquidator == Liquidator::Own,
            "crank_first": c.first == First::Crank,
            "gain": c.outcome.gain,
            "insurance_paid": c.outcome.insurance_paid,
            "claim": c.outcome.claim,
            "default": c.outcome.default,
            "honest_short": c.outcome.honest_short,
            "notional": c.outcome.notional,
        })
    });
    let expectations = report.books.iter().enumerate().flat_map(|(index, book)| {
        report.expectations(index).into_iter().map(move |(steps, found)| {
            json!({
                "book": book.name,
                "over": steps.name,
                "steps": steps.returns.len(),
                "mean": found.mean,
                "gains": found.gains,
                "share": found.share,
            })
        })
    });
    let value = json!({
        "runs": report.runs.iter().map(run).collect::<Vec<_>>(),
        "collusion": cells.collect::<Vec<_>>(),
        "expectation": expectations.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}
