//! The machine-readable summary. Its keys are an interface: scripts read them.

use serde_json::{Map, Value, json};

use super::BacktestReport;
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};

fn share(day: Option<WorstDay>) -> Option<f64> {
    day.map(|d| d.share)
}

fn coverage(c: &Coverage) -> Value {
    json!({
        "portfolios": c.portfolios,
        "hours": c.hours,
        "hits": c.hits,
        "exceedance": c.exceedance,
        "exceedance_interval": c.interval.map(|(lo, hi)| [lo, hi]),
        "avg_margin": c.avg_margin,
        "avg_margin_fixed": c.avg_margin_fixed,
        "avg_margin_fixed_own": c.avg_margin_fixed_own,
        "margin_ratio": c.avg_margin / c.avg_margin_fixed,
        "exceedance_fixed": c.exceedance_fixed,
        "worst_day": share(c.worst_day),
        "worst_day_ts": c.worst_day.map(|d| d.ts),
        "worst_day_fixed": share(c.worst_day_fixed),
        "breach_mean": c.breach_mean,
        "breach_max": c.breach_max,
        "kupiec_p": c.kupiec_p,
        "christoffersen_p": c.christoffersen_p,
        "conditional_coverage_p": c.conditional_p,
    })
}

/// The summary of a run as indented JSON, with a line break at the end. Margins, losses and shares are
/// fractions, times unix seconds; a class without books is null.
#[must_use]
pub fn render(report: &BacktestReport) -> String {
    let found = &report.findings;
    let classes: Map<String, Value> = Class::ALL
        .iter()
        .map(|class| (class.key().to_owned(), found.class(*class).map_or(Value::Null, coverage)))
        .collect();
    let mut overall = coverage(&found.overall);
    overall["worst_day_fixed_even"] = json!(share(found.worst_day_fixed_even));
    let haircuts: Map<String, Value> = report
        .symbols
        .iter()
        .zip(&found.fixed.base)
        .map(|(symbol, base)| (symbol.clone(), json!(base * found.fixed.shared)))
        .collect();
    let frontier: Vec<Value> = report
        .frontier
        .iter()
        .map(|point| {
            let all = &point.findings.overall;
            let by_class: Map<String, Value> = Class::ALL
                .iter()
                .filter_map(|class| {
                    let c = point.findings.class(*class)?;
                    let numbers = json!({ "exceedance": c.exceedance, "avg_margin": c.avg_margin, "worst_day": share(c.worst_day) });
                    Some((class.key().to_owned(), numbers))
                })
                .collect();
            json!({
                "name": point.name,
                "about": point.about,
                "avg_margin": all.avg_margin,
                "exceedance": all.exceedance,
                "worst_day": share(all.worst_day),
                "max_step": point.findings.procyclicality.max_step,
                "peak_to_trough": point.findings.procyclicality.peak_to_trough,
                "classes": by_class,
            })
        })
        .collect();
    let p = found.procyclicality;
    let summary = json!({
        "source": report.source,
        "symbols": report.symbols,
        "setting": report.setting,
        "interval_s": report.interval_s,
        "horizon_s": report.horizon_s,
        "from": found.span.0,
        "to": found.span.1 + report.horizon_s,
        "seed": report.seed,
        "portfolios": report.portfolios.len(),
        "unjudged_hours": report.history.unjudged,
        "classes": classes,
        "overall": overall,
        "procyclicality": {
            "max_step": p.max_step,
            "median_step": p.median_step,
            "peak_to_trough": p.peak_to_trough,
            "median_peak_to_trough": p.median_peak_to_trough,
        },
        "fixed_haircuts": haircuts,
        "frontier": frontier,
        "notes": report.notes,
        "wall_seconds": report.wall_seconds,
    });
    // Serialising fails only on maps with keys that are no strings, and on broken writers: neither is here.
    serde_json::to_string_pretty(&summary).unwrap_or_default() + "\n"
}
