//! The report on a terminal.

use super::BacktestReport;
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};
use crate::prices::when;
use crate::report::format::{count, decimal, percent};
use crate::report::table::{Style, Table, fit, number, paint, text, wrap};

/// A p-value in four columns.
fn p_value(p: Option<f64>) -> String {
    match p {
        None => "–".into(),
        Some(p) if p < 0.001 => "<.001".into(),
        Some(p) => decimal(p, 3),
    }
}

fn day(day: Option<WorstDay>) -> String {
    day.map_or("–".into(), |d| percent(d.share, 1))
}

fn row(name: &str, c: &Coverage) -> Vec<(String, Style)> {
    let plain = |text: String| (text, Style::Plain);
    let interval = c
        .interval
        .map_or(String::new(), |(lo, hi)| format!("{}–{}", decimal(lo * 100.0, 2), decimal(hi * 100.0, 2)));
    vec![
        plain(name.into()),
        plain(count(c.portfolios as u64)),
        (percent(c.exceedance, 2), Style::Bold),
        (interval, Style::Dim),
        plain(format!(
            "{} / {}",
            decimal(c.breach_mean.unwrap_or(f64::NAN), 2),
            decimal(c.breach_max.unwrap_or(f64::NAN), 2)
        )),
        plain(p_value(c.kupiec_p)),
        plain(p_value(c.christoffersen_p)),
        plain(day(c.worst_day)),
        plain(day(c.worst_day_fixed)),
        plain(percent(c.avg_margin, 2)),
        plain(percent(c.avg_margin_fixed, 2)),
        (percent(c.avg_margin / c.avg_margin_fixed, 0), Style::Bold),
    ]
}

/// The report as text of at most `width` columns.
#[must_use]
pub fn render(report: &BacktestReport, width: usize, colour: bool) -> String {
    let found = &report.findings;
    let mut lines = vec![
        paint(&format!("{}, setting '{}'", report.title(), report.setting), Style::Bold, colour),
        fit(&report.source, width),
        format!(
            "{} to {} UTC, {} portfolio-horizons of {}, {} books, {} s",
            when::minute(found.span.0),
            when::minute(found.span.1 + report.horizon_s),
            count(found.overall.hours),
            when::span(report.horizon_s),
            report.portfolios.len(),
            decimal(report.wall_seconds, 1),
        ),
        String::new(),
    ];
    let mut table = Table::new(vec![
        text("class", 0),
        number("books", 5),
        number("loss>margin", 0),
        number("95 %", 3),
        number("size mean/max", 2),
        number("Kupiec", 4),
        number("Christoff.", 4),
        number("worst day", 0),
        number("fixed", 1),
        number("margin", 0),
        number("fixed", 0),
        number("ratio", 0),
    ]);
    for class in Class::ALL {
        if let Some(c) = found.class(class) {
            table.row(row(class.words(), c));
        }
    }
    table.row(row("all", &found.overall));
    lines.extend(table.render(width, 0, colour));
    lines.push(String::new());
    let p = found.procyclicality;
    let worst = found.overall.worst_day.map_or(String::new(), |d| format!(", {}", &when::minute(d.ts)[..10]));
    lines.extend(wrap(
        &format!(
            "Worst day of all books: {}{worst}; {} with fixed haircuts of the same overall coverage. Largest rise of a \
             margin in one horizon {} (median book {}), highest over lowest {} (median {}).",
            day(found.overall.worst_day),
            day(found.worst_day_fixed_even),
            percent(p.max_step, 0),
            percent(p.median_step, 0),
            decimal(p.peak_to_trough, 1),
            decimal(p.median_peak_to_trough, 1),
        ),
        width,
    ));
    lines.extend(wrap(
        "Margins are shares of gross exposure. Fixed: one set of haircuts, gross, scaled in hindsight so that no class is \
         worse covered than under the model. p-values are medians over books, against a rate of 1 %.",
        width,
    ));
    if !report.frontier.is_empty() {
        lines.push(String::new());
        let mut table = Table::new(vec![
            text("setting", 0),
            number("margin", 0),
            number("loss>margin", 0),
            number("worst day", 0),
            number("max step", 1),
            text("", 2),
        ]);
        for point in &report.frontier {
            let all = &point.findings.overall;
            let cell = |text: String| (text, Style::Plain);
            table.row(vec![
                cell(point.name.clone()),
                cell(percent(all.avg_margin, 2)),
                cell(percent(all.exceedance, 2)),
                cell(day(all.worst_day)),
                cell(percent(point.findings.procyclicality.max_step, 0)),
                (point.about.clone(), Style::Dim),
            ]);
        }
        lines.extend(table.render(width, 0, colour));
    }
    if !report.notes.is_empty() {
        lines.push(String::new());
        for note in &report.notes {
            lines.extend(wrap(&format!("note: {note}"), width));
        }
    }
    lines.join("\n")
}
