//! The report on a terminal.

use super::BacktestReport;
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};
use crate::backtest::null_book::Family;
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

fn events(report: &BacktestReport) -> Option<Table> {
    let events = &report.findings.procyclicality.events;
    let mut table = Table::new(vec![
        text("rise of margin in a crash", 0),
        text("class", 0),
        number("one horizon", 0),
        number("limited", 0),
        number("one day", 0),
        number("limited", 0),
    ]);
    for e in events.iter().filter(|e| [Class::Long, Class::Pair].contains(&e.class)) {
        let rise = |r: f64| (format!("× {}", decimal(1.0 + r, 2)), Style::Plain);
        table.row(vec![
            (e.name.to_owned(), Style::Plain),
            (e.class.words().to_owned(), Style::Dim),
            rise(e.hour_rise),
            rise(e.hour_rise_limited),
            rise(e.day_rise),
            rise(e.day_rise_limited),
        ]);
    }
    (!events.is_empty()).then_some(table)
}

/// What notice costs, in a sentence; none where it never bound.
#[must_use]
pub fn limits(report: &BacktestReport) -> Option<String> {
    let l = &report.findings.limits;
    (l.binding.hours > 0).then(|| {
        format!(
            "The limit on rises bound in {} of portfolio-horizons: there margin was beaten in {} of them, and in {} had it \
             risen at once; over all, {} and {}.",
            percent(l.binding.hours as f64 / l.all.hours.max(1) as f64, 1),
            percent(l.binding.limited, 2),
            percent(l.binding.at_once, 2),
            percent(l.all.limited, 3),
            percent(l.all.at_once, 3),
        )
    })
}

fn hunts(report: &BacktestReport) -> Option<Table> {
    let mut table = Table::new(vec![
        text("null books: found on, against", 0),
        number("margin/loss", 0),
        text("the worst of them", 2),
        text("judged under", 0),
        number("loss>margin", 0),
        number("size mean/max", 1),
    ]);
    for hunt in &report.hunts {
        for (i, family) in Family::ALL.into_iter().enumerate() {
            let Some(worst) = hunt.worst(family) else { continue };
            for (at, (name, families, _)) in hunt.fared.iter().enumerate() {
                let plain = |text: String| (text, Style::Plain);
                let first = |text: String| if at == 0 { text } else { String::new() };
                let f = families[i];
                table.row(vec![
                    plain(first(format!("{}, {}", hunt.setting, family.key()))),
                    plain(first(decimal(worst.ratio(), 4))),
                    (first(worst.portfolio.name.clone()), Style::Dim),
                    plain(name.clone()),
                    (percent(f.exceedance, 2), Style::Bold),
                    plain(format!(
                        "{} / {}",
                        decimal(f.breach_mean.unwrap_or(f64::NAN), 2),
                        decimal(f.breach_max.unwrap_or(f64::NAN), 2)
                    )),
                ]);
            }
        }
    }
    (!report.hunts.is_empty()).then_some(table)
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
    let p = &found.procyclicality;
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
    if let Some(table) = events(report) {
        lines.push(String::new());
        lines.extend(table.render(width, 0, colour));
    }
    if let Some(words) = limits(report) {
        lines.extend(wrap(&words, width));
    }
    if let Some(table) = hunts(report) {
        lines.push(String::new());
        lines.extend(table.render(width, 0, colour));
    }
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
                cell(percent(all.exceedance, 3)),
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
