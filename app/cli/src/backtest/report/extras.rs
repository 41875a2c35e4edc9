//! Sections of the page that look beyond one setting: the frontier, crashes with and without the limit on rises,
//! and what the adversary found.

use std::fmt::Write;

use super::BacktestReport;
use super::marks::{self, Dot};
use super::terminal::limits;
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};
use crate::backtest::null_book::{Family, Fared, Hunt};
use crate::backtest::setting::Dials;
use crate::prices::when;
use crate::report::format::{decimal, escape, percent};

fn share(day: Option<WorstDay>) -> String {
    day.map_or("–".into(), |d| percent(d.share, 1))
}

fn times(rise: f64) -> String {
    format!("× {}", decimal(1.0 + rise, 2))
}

/// Average margin against cover, as two pictures and a table.
pub fn frontier(r: &BacktestReport, out: &mut String) {
    if r.frontier.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2 id=\"frontier\">Frontier<small>what more cover costs, everything on, {} books, loss and penalty under stale prices</small></h2>",
        r.frontier_books
    );
    let dots = |y: fn(&Coverage) -> f64| -> Vec<Dot> {
        let points = r.frontier.iter().map(|p| Dot {
            name: p.name.clone(),
            x: p.findings.overall.avg_margin,
            y: y(&p.findings.overall),
            this: p.dials == Dials::RECOMMENDED,
            // The dials that move little would lie over one another.
            labelled: !p.name.contains(',')
                && [200, 500].contains(&p.dials.haircut_min_bps)
                && Dials { omega: 25, shocks: 100, haircut_min_bps: 200, ..p.dials } == Dials::RECOMMENDED,
            class: match (p.dials.omega, p.dials.shocks) {
                (25, 100) => "w25",
                (35, 100) => "w35",
                (50, 100) => "w50",
                (25, _) => "w25 half",
                (35, _) => "w35 half",
                _ => "w50 half",
            },
        });
        points.collect()
    };
    let margin = "average margin of all books, % of gross";
    let _ = write!(
        out,
        concat!(
            "<div class=\"two\"><section class=\"card\">{}{key}</section><section class=\"card\">{}{key}</section></div>",
            "<div class=\"scroll\" style=\"margin-top:14px\"><table><thead><tr><th>Setting<th class=\"n\">Margin<th class=\"n\">Pairs",
            "<th class=\"n\">Loss &gt; margin<th class=\"n\">Longs<th class=\"n\">Pairs<th class=\"n\">Worst day",
            "<th class=\"n\">Crash, 1 h, longs<th class=\"n\">Peak to trough, median</tr></thead><tbody>\n",
        ),
        marks::scatter("Hours in which the loss beat the margin, %", margin, &dots(|c| c.exceedance)),
        marks::scatter(
            "Share of portfolio-hours under-margined on the worst day, %",
            margin,
            &dots(|c| c.worst_day.map_or(f64::NAN, |d| d.share))
        ),
        key = "<div class=\"legend dots\"><span class=\"w25\">ω 25 %</span><span class=\"w35\">35 %</span><span class=\"w50\">50 %</span>\
               <span class=\"half\">shocks halved</span><span class=\"this\">recommended</span></div>",
    );
    for p in &r.frontier {
        let f = &p.findings;
        let of = |class: Class, read: fn(&Coverage) -> f64| {
            f.class(class).map_or("–".into(), |c| percent(read(c), 2))
        };
        let _ = writeln!(
            out,
            concat!(
                "<tr{}><td title=\"{}\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}",
                "<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">× {}</tr>",
            ),
            if p.dials == Dials::RECOMMENDED { " class=\"chosen\"" } else { "" },
            escape(&p.about),
            escape(&p.name),
            percent(f.overall.avg_margin, 2),
            of(Class::Pair, |c| c.avg_margin),
            percent(f.overall.exceedance, 3),
            of(Class::Long, |c| c.exceedance),
            of(Class::Pair, |c| c.exceedance),
            share(f.overall.worst_day),
            p.crash_rise().map_or("–".into(), times),
            decimal(f.procyclicality.median_peak_to_trough, 1),
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// Rises of margin in the crashes of the record.
pub fn crashes(r: &BacktestReport, out: &mut String) {
    let p = &r.findings.procyclicality;
    out.push_str("<h2 id=\"procyclicality\">Procyclicality<small>largest rise of a class's mean margin that ends in the crash, with and without the limit on rises</small></h2>\n");
    if p.events.is_empty() {
        out.push_str("<p class=\"none\">None of the crashes of the record lies in the window.</p>\n");
        return;
    }
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Crash<th>Class<th class=\"n\">One horizon<th class=\"n\">Limited<th class=\"n\">One day<th class=\"n\">Limited</tr></thead><tbody>\n");
    let mut last = "";
    for e in &p.events {
        let _ = writeln!(
            out,
            "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
            if e.name == last { "" } else { e.name },
            e.class.words(),
            times(e.hour_rise),
            times(e.hour_rise_limited),
            times(e.day_rise),
            times(e.day_rise_limited),
        );
        last = e.name;
    }
    out.push_str("</tbody></table></div>\n");
    if let Some(words) = limits(r) {
        let _ = writeln!(out, "<p class=\"sub\">{}</p>", escape(&words));
    }
    if !p.missing.is_empty() {
        let _ = writeln!(out, "<p class=\"sub\">Not in the window: {}.</p>", p.missing.join("; "));
    }
}

/// What the adversary found.
pub fn null_books(r: &BacktestReport, out: &mut String) {
    if r.hunts.is_empty() {
        return;
    }
    out.push_str(concat!(
        "<h2 id=\"null\">Null books<small>a search for the book with the least margin for what it can lose, once a week on the board of that hour, judged until the next</small></h2>\n",
        "<div class=\"scroll\"><table><thead><tr><th>Found on<th>Against<th class=\"n\">Margin ÷ loss, least<th class=\"n\">Median<th class=\"wrap\">The worst book, and what beats it",
        "<th>Judged under<th class=\"n\">Loss &gt; margin<th class=\"n\">Breach, mean / max</tr></thead><tbody>\n",
    ));
    for hunt in &r.hunts {
        for (i, family) in Family::ALL.into_iter().enumerate() {
            let judged: Vec<(&str, Fared)> =
                hunt.fared.iter().map(|(name, by, _)| (name.as_str(), by[i])).collect();
            rows(hunt, Some(family), &judged, out);
        }
        let judged: Vec<(&str, Fared)> =
            hunt.fared.iter().map(|(name, _, all)| (name.as_str(), *all)).collect();
        rows(hunt, None, &judged, out);
    }
    out.push_str("</tbody></table></div>\n<p class=\"sub\">A margin that covers every book alike is beaten in about 1 % of hours in these too; above 1.3 % the search has found a weakness.</p>\n");
}

fn rows(hunt: &Hunt, family: Option<Family>, judged: &[(&str, Fared)], out: &mut String) {
    for (at, (name, f)) in judged.iter().enumerate() {
        let worst = family.and_then(|family| hunt.worst(family));
        let cells = if at > 0 {
            ["", "", "", "", ""].map(String::from)
        } else {
            [
                escape(&hunt.setting),
                family.map_or("all".into(), |f| f.key().into()),
                worst.map_or(String::new(), |b| decimal(b.ratio(), 4)),
                family.and_then(|f| hunt.median_ratio(f)).map_or(String::new(), |m| decimal(m, 4)),
                worst.map_or(String::new(), |b| {
                    format!(
                        "{}<small>{}, found {}</small>",
                        escape(&b.portfolio.name),
                        escape(&b.stress),
                        &when::minute(b.ts)[..10]
                    )
                }),
            ]
        };
        let interval = f.interval.map_or(String::new(), |(lo, hi)| {
            format!("<small>{} to {}</small>", decimal(lo * 100.0, 2), percent(hi, 2))
        });
        let breach = |b: Option<f64>| decimal(b.unwrap_or(f64::NAN), 2);
        let _ = writeln!(
            out,
            "<tr><td>{}<td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"wrap\">{}<td>{}<td class=\"n\"><b>{}</b>{interval}<td class=\"n\">{} / {}</tr>",
            cells[0],
            cells[1],
            cells[2],
            cells[3],
            cells[4],
            escape(name),
            percent(f.exceedance, 2),
            breach(f.breach_mean),
            breach(f.breach_max),
        );
    }
}
