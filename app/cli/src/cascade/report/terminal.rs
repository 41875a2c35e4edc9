//! The report on a terminal.

use super::CascadeReport;
use crate::cascade::collusion::Liquidator;
use crate::report::format::{count, decimal, percent, percent_change};
use crate::report::table::{Style, Table, number, paint, text};

/// Dollars, in millions or thousands where they are many.
pub(super) fn cash(dollars: f64) -> String {
    match dollars.abs() {
        d if d >= 1e6 => format!("{}M", decimal(dollars / 1e6, 2)),
        d if d >= 1e3 => format!("{}k", decimal(dollars / 1e3, 1)),
        _ => decimal(dollars, 0),
    }
}

fn plain(text: impl Into<String>) -> (String, Style) {
    (text.into(), Style::Plain)
}

/// The report as text.
#[must_use]
pub fn render(report: &CascadeReport, width: usize, colour: bool) -> String {
    let mut out =
        vec![paint("A crash of 60 % in a minute, depth − 98 %", Style::Bold, colour), String::new()];
    let mut runs = Table::new(vec![
        text("seed", 0),
        text("limits", 0),
        number("liquidations", 2),
        number("accounts", 3),
        number("of gross", 2),
        number("overshoot", 1),
        number("s < MM, 50 / 90 %", 3),
        number("bad debt", 0),
        number("insurance", 1),
        number("socialised", 1),
        number("at once", 1),
        number("never", 1),
        number("bound", 0),
        number("left", 1),
        number("stuck", 0),
        number("off by", 0),
    ]);
    for run in &report.runs {
        let overshoot = (0..crate::cascade::COUNT).map(|a| run.overshoot(a)).fold(0.0, f64::max);
        runs.row(vec![
            plain(run.scenario.seed.to_string()),
            plain(run.scenario.limits.name()),
            plain(count(run.liquidations() as u64)),
            plain(count(run.touched as u64)),
            plain(percent(run.share_taken(), 0)),
            plain(percent(overshoot, 1)),
            plain(format!("{} / {}", run.spell(0.5), run.spell(0.9))),
            (cash(run.bad_debt), Style::Bold),
            plain(cash(run.waterfall.insurance as f64 / 1e6)),
            plain(cash(run.waterfall.socialised as f64 / 1e6)),
            plain(cash(run.bound.at_once)),
            plain(cash(run.bound.never_worst)),
            plain(cash(run.bound.most)),
            plain(count(run.recovery.left as u64)),
            plain(count(run.recovery.stuck as u64)),
            plain(run.worst_error().to_string()),
        ]);
    }
    out.extend(runs.render(width, 0, colour));
    out.push("Bad debt as the program left it, and replayed apart in dollars: all liquidated at once, never, and the most that any order can make.".into());

    if !report.cells.is_empty() {
        out.push(String::new());
        out.push(paint("Two colluding accounts on both sides of a jump", Style::Bold, colour));
        out.push(String::new());
        let mut books = Table::new(vec![
            text("book", 0),
            number("notional", 1),
            number("put in", 1),
            number("most on a path", 0),
            number("at", 1),
            number("mean of ±, most", 0),
            number("honest short of", 0),
        ]);
        for (index, book) in report.books.iter().enumerate() {
            let cells = report.cells.iter().filter(|c| c.book == index);
            let Some(most) = cells.clone().max_by(|a, b| a.outcome.gain.total_cmp(&b.outcome.gain)) else {
                continue;
            };
            let honest = cells.map(|c| c.outcome.honest_short).fold(0.0, f64::max);
            let expected = report.expected(index).map_or("–".into(), |(_, gain)| cash(gain));
            let style = if most.outcome.gain > 1.0 { Style::Bad } else { Style::Good };
            books.row(vec![
                plain(book.name),
                plain(cash(most.outcome.notional)),
                plain(cash(2.0 * book.equity as f64)),
                (cash(most.outcome.gain), style),
                plain(percent_change(most.jump, 0)),
                plain(expected),
                plain(cash(honest)),
            ]);
        }
        out.extend(books.render(width, 0, colour));
        for (index, book) in report.books.iter().enumerate() {
            for (steps, found) in report.expectations(index) {
                out.push(format!(
                    "{}, over {} steps of {}: {} dollars a step expected, of which gains {} on {} of steps",
                    book.name,
                    count(steps.returns.len() as u64),
                    steps.name,
                    crate::report::format::decimal(found.mean, 2),
                    crate::report::format::decimal(found.gains, 4),
                    percent(found.share, 4),
                ));
            }
        }
        for liquidator in [Liquidator::Honest, Liquidator::Own] {
            if let Some(cell) = report.most(liquidator) {
                let who = if liquidator == Liquidator::Own { "their own keeper" } else { "an honest keeper" };
                out.push(format!("Most with {who}: {} dollars", cash(cell.outcome.gain)));
            }
        }
    }
    out.push(String::new());
    out.join("\n")
}
