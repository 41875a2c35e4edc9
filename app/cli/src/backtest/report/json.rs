//! The machine-readable summary. Its keys are an interface: scripts read them.

use serde_json::{Map, Value, json};

use super::BacktestReport;
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};
use crate::backtest::null_book::{Family, Fared, Hunt, NullBook};
use crate::backtest::procyclicality::{Covered, Event};

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

fn event(e: &Event) -> Value {
    json!({
        "name": e.name,
        "class": e.class.key(),
        "hour_rise": e.hour_rise,
        "day_rise": e.day_rise,
        "hour_rise_limited": e.hour_rise_limited,
        "day_rise_limited": e.day_rise_limited,
    })
}

fn covered(c: &Covered) -> Value {
    json!({ "hours": c.hours, "exceedance_limited": c.limited, "exceedance_at_once": c.at_once })
}

fn fared(f: &Fared) -> Value {
    json!({
        "hours": f.hours,
        "hits": f.hits,
        "exceedance": f.exceedance,
        "exceedance_interval": f.interval.map(|(lo, hi)| [lo, hi]),
        "breach_mean": f.breach_mean,
        "breach_max": f.breach_max,
        "avg_margin": f.avg_margin,
    })
}

fn null_book(book: &NullBook, symbols: &[String]) -> Value {
    let weights: Map<String, Value> =
        book.portfolio.weights.iter().map(|(asset, w)| (symbols[*asset].clone(), json!(w))).collect();
    json!({
        "ts": book.ts,
        "weights": weights,
        "margin": book.margin,
        "loss": book.loss,
        "ratio": book.ratio(),
        "stress": book.stress,
    })
}

fn hunt(hunt: &Hunt, symbols: &[String]) -> Value {
    let families: Map<String, Value> = Family::ALL
        .iter()
        .enumerate()
        .map(|(i, family)| {
            let judged: Map<String, Value> =
                hunt.fared.iter().map(|(name, by, _)| (name.clone(), fared(&by[i]))).collect();
            let entry = json!({
                "worst": hunt.worst(*family).map(|b| null_book(b, symbols)),
                "median_ratio": hunt.median_ratio(*family),
                "judged": judged,
            });
            (family.key().to_owned(), entry)
        })
        .collect();
    let all: Map<String, Value> =
        hunt.fared.iter().map(|(name, _, all)| (name.clone(), fared(all))).collect();
    json!({ "setting": hunt.setting, "books": hunt.books.len(), "families": families, "judged": all })
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
            let (d, p) = (point.dials, &point.findings.procyclicality);
            json!({
                "name": point.name,
                "about": point.about,
                "omega": f64::from(d.omega) / 100.0,
                "shock_scale": f64::from(d.shocks) / 100.0,
                "haircut_min": f64::from(d.haircut_min_bps) / 10_000.0,
                "penalty": f64::from(d.penalty_bps()) / 10_000.0,
                "gross_floor": f64::from(d.gross_floor_bps) / 10_000.0,
                "notice_per_hour": d.notice.map(|n| f64::from(n) / 100.0),
                "notice_least": f64::from(d.notice_least) / 100.0,
                "portfolios": all.portfolios,
                "avg_margin": all.avg_margin,
                "exceedance": all.exceedance,
                "worst_day": share(all.worst_day),
                "max_step": p.max_step,
                "median_step": p.median_step,
                "peak_to_trough": p.peak_to_trough,
                "median_peak_to_trough": p.median_peak_to_trough,
                "crash_hour_rise": point.crash_rise(),
                "classes": by_class,
            })
        })
        .collect();
    let (p, limits) = (&found.procyclicality, &found.limits);
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
            "events": p.events.iter().map(event).collect::<Vec<_>>(),
            "missing_events": p.missing,
        },
        "limits": {
            "all": covered(&limits.all),
            "binding": covered(&limits.binding),
            "binding_share": limits.binding.hours as f64 / limits.all.hours.max(1) as f64,
            "binding_classes": Class::ALL
                .iter()
                .zip(&limits.classes)
                .map(|(class, c)| (class.key().to_owned(), covered(c)))
                .collect::<Map<String, Value>>(),
        },
        "fixed_haircuts": haircuts,
        "frontier": frontier,
        "null_books": report.hunts.iter().map(|h| hunt(h, &report.symbols)).collect::<Vec<_>>(),
        "notes": report.notes,
        "wall_seconds": report.wall_seconds,
    });
    // Serialising fails only on maps with keys that are no strings, and on broken writers: neither is here.
    serde_json::to_string_pretty(&summary).unwrap_or_default() + "\n"
}
