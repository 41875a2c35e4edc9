//! The report as one HTML page that needs nothing but itself.

use std::fmt::Write;

use super::CascadeReport;
use super::terminal::cash;
use crate::cascade::{ASSETS, Run, Second};
use crate::report::format::{count, decimal, escape, percent, percent_change};
use crate::report::page as frame;
use crate::report::plot::{Chart, Line, Unit};

const OWN_STYLE: &str = "
.heat td{text-align:right;min-width:52px}.heat td:first-child{text-align:left;min-width:170px}
.heat td.gain{background:var(--badbg);color:var(--bad);font-weight:600}
.heat td.loss{background:color-mix(in srgb,var(--good) calc(var(--d)*1%),transparent)}
.heat td.nil{color:var(--mute)}
.five{grid-template-columns:repeat(5,1fr)}
@media (max-width:760px){.five{grid-template-columns:repeat(2,1fr)}}
";
/// Buckets of time that the lines of a chart are thinned to.
const BUCKETS: usize = 480;

/// The report as a page.
#[must_use]
pub fn render(report: &CascadeReport) -> String {
    let mut out = String::with_capacity(1 << 18);
    head(report, &mut out);
    runs(report, &mut out);
    for runs in report.runs.chunk_by(|a, b| a.scenario.seed == b.scenario.seed) {
        seed(runs, &mut out);
    }
    if !report.cells.is_empty() {
        collusion(report, &mut out);
    }
    if !report.cells.is_empty() && !report.steps.is_empty() {
        expected(report, &mut out);
    }
    method(&mut out);
    frame::close(&mut out, "Ballast cascade: the compiled program in an in-process VM. Times in UTC.");
    out
}

fn limits(run: &Run) -> &'static str {
    run.scenario.limits.name()
}

fn head(report: &CascadeReport, out: &mut String) {
    frame::open(out, "Ballast: a cascade", "Ballast cascade report", OWN_STYLE);
    out.push_str("<h1>Three assets fall by 60 % in a minute, their depth by 98 %</h1>\n");
    let Some(first) = report.runs.first() else {
        out.push_str("</header>\n<main>\n");
        return;
    };
    let s = &first.scenario;
    let _ = writeln!(
        out,
        "<p class=\"sub\">Synthetic, after 10 October 2025. {} margin accounts, {} keepers with {} each of which half die in the fall, \
         an oracle that is {} s behind, and liquidations that move the price. Recommended parameters.</p>",
        s.accounts,
        s.keepers,
        cash(s.keeper_capital as f64),
        s.lag_s
    );
    let error = report.runs.iter().map(Run::worst_error).max().unwrap_or(0);
    let stuck: usize = report.runs.iter().map(|r| r.recovery.stuck).sum();
    let within = report.runs.iter().all(|r| r.bad_debt <= r.bound.most + 1.0);
    let checks: usize = report.runs.iter().map(|r| r.seconds.len() + 1).sum();
    let unordered: usize = report.runs.iter().map(|r| r.waterfall.out_of_order).sum();
    let fine = error == 0 && stuck == 0 && within && unordered == 0;
    let _ = writeln!(
        out,
        "<p class=\"verdict {}\"><b>{}</b><span>The books {} in {} checks; bad debt is {} its bound; {}; {}.</span></p>",
        if fine { "ok" } else { "fail" },
        if fine { "Held" } else { "Failed" },
        if error == 0 { "balanced to the unit".into() } else { format!("were off by {error} units") },
        count(checks as u64),
        if within { "within" } else { "beyond" },
        if unordered == 0 {
            "nobody was asked before the insurance fund was empty".into()
        } else {
            format!("{unordered} resolutions were out of order")
        },
        if stuck == 0 {
            "every account without a debt took out what it had".into()
        } else {
            format!("{stuck} accounts without a debt could not leave")
        },
    );
    let tile = |name: &str, value: String, remark: String| {
        format!("<div class=\"tile\"><dt>{name}</dt><dd>{value}<small>{remark}</small></dd></div>")
    };
    let worst = report.runs.iter().max_by(|a, b| a.bad_debt.total_cmp(&b.bad_debt)).unwrap_or(first);
    let overshoot = |r: &Run| (0..ASSETS.len()).map(|a| r.overshoot(a)).fold(0.0, f64::max);
    let deepest = report.runs.iter().map(overshoot).fold(0.0, f64::max);
    let tiles = [
        tile("Open before the fall", cash(first.gross), format!("on {} of equity", cash(first.equity))),
        tile(
            "Bad debt, worst run",
            cash(worst.bad_debt),
            format!(
                "{} of equity; seed {}, {}",
                percent(worst.bad_debt / worst.equity, 2),
                worst.scenario.seed,
                limits(worst)
            ),
        ),
        tile("Had nobody liquidated", cash(worst.bound.never_worst), "the same books, at their worst".into()),
        tile(
            "Liquidated",
            percent(first.share_taken(), 0),
            format!("of what was open, in {} steps", count(first.liquidations() as u64)),
        ),
        tile("Overshoot, worst", percent(deepest, 1), "below the path from outside".into()),
    ];
    let _ = writeln!(out, "<dl class=\"tiles five\">{}</dl>\n</header>\n<main>", tiles.concat());
}

fn runs(report: &CascadeReport, out: &mut String) {
    out.push_str(concat!(
        "<h2>Runs<small>the same crash for other books, with and without limits on how fast accounts are liquidated</small></h2>\n",
        "<div class=\"scroll\"><table><thead><tr><th>Seed<th>Limits<th class=\"n\">Liquidations<th class=\"n\">Of gross<th class=\"n\">Overshoot",
        "<th class=\"n\">Below MM, 50 / 90 / 100 %<th class=\"n\">Bad debt<th class=\"n\">Insurance<th class=\"n\">Other side<th class=\"n\">If at once<th class=\"n\">If never",
        "<th class=\"n\">Bound<th class=\"n\">Keepers earned<th class=\"n\">Left<th class=\"n\">Owed<th class=\"n\">Bankrupt<th class=\"n\">Off by</tr></thead><tbody>\n",
    ));
    for run in &report.runs {
        let overshoot = (0..ASSETS.len()).map(|a| run.overshoot(a)).fold(0.0, f64::max);
        let _ = writeln!(
            out,
            concat!(
                "<tr><td>{}<td>{}<td class=\"n\">{}<small>{} accounts</small><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{} / {} / {} s<td class=\"n\"><b>{}</b><small>{} of equity</small>",
                "<td class=\"n\">{}<td class=\"n\">{}<small>{} closed</small><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<small>{}</small><td class=\"n\">{}<td class=\"n\">{}</tr>",
            ),
            run.scenario.seed,
            limits(run),
            count(run.liquidations() as u64),
            count(run.touched as u64),
            percent(run.share_taken(), 0),
            percent(overshoot, 1),
            run.spell(0.5),
            run.spell(0.9),
            run.spell(1.0),
            cash(run.bad_debt),
            percent(run.bad_debt / run.equity, 2),
            cash(run.waterfall.insurance as f64 / 1e6),
            cash(run.waterfall.socialised as f64 / 1e6),
            run.waterfall.deleveraged,
            cash(run.bound.at_once),
            cash(run.bound.never_worst),
            cash(run.bound.most),
            cash(run.keepers_earned),
            count(run.recovery.left as u64),
            count(run.recovery.waiting as u64),
            cash(run.recovery.unpaid),
            count(run.recovery.bankrupt as u64),
            run.worst_error(),
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn line<'a>(label: &'a str, class: &'a str, seconds: &[Second], value: impl Fn(&Second) -> f64) -> Line<'a> {
    let points = seconds.iter().map(|s| (s.ts, value(s))).collect();
    Line { label, class, points, step: false, area: false }
}

fn chart<'a>(title: &'a str, unit: Unit, seconds: &[Second], lines: Vec<Line<'a>>) -> Chart<'a> {
    let span = (seconds.first().map_or(0, |s| s.ts), seconds.last().map_or(1, |s| s.ts));
    Chart {
        title,
        about: format!("{title} through the crash"),
        unit,
        span,
        lines,
        band: None,
        marks: Vec::new(),
        marks_key: "",
        zero: true,
        buckets: BUCKETS,
    }
}

/// The sum up to every second.
fn running(seconds: &[Second], value: impl Fn(&Second) -> f64) -> Vec<f64> {
    let sums = seconds.iter().scan(0.0, |sum, s| {
        *sum += value(s);
        Some(*sum)
    });
    sums.collect()
}

fn seed(runs: &[Run], out: &mut String) {
    const CLASSES: [&str; 4] = ["price", "equity", "im", "vol"];
    let Some(first) = runs.first() else { return };
    let seconds = &first.seconds;
    let last = runs.last().unwrap_or(first);
    let _ = write!(
        out,
        "<h2>Seed {}<small>the fall begins a quarter of a minute in; bounces after two</small></h2>\n<section class=\"card\"><div class=\"three\">",
        first.scenario.seed
    );
    for (asset, (name, _)) in ASSETS.iter().enumerate() {
        let title = format!("{name}, dollars");
        let lines = vec![
            line("without sales", "stable", seconds, |s| s.outside[asset]),
            line("with", "price", seconds, |s| s.market[asset]),
            line("published", "im", seconds, |s| s.published[asset]),
            line("with breaker", "equity", &last.seconds, |s| s.published[asset]),
        ];
        out.push_str(&chart(&title, Unit::Quote, seconds, lines).render());
    }
    out.push_str("</div></section>\n<section class=\"card\"><div class=\"three\">");
    let all = |value: fn(&Second) -> f64| {
        let lines =
            runs.iter().zip(CLASSES).map(|(run, class)| line(limits(run), class, &run.seconds, value));
        lines.collect::<Vec<_>>()
    };
    out.push_str(&chart("Accounts below MM", Unit::Quote, seconds, all(|s| s.short as f64)).render());
    let mut lines = all(|_| 0.0);
    for (line, run) in lines.iter_mut().zip(runs) {
        let sums = running(&run.seconds, |s| s.taken);
        line.points = run.seconds.iter().map(|s| s.ts).zip(sums).collect();
    }
    out.push_str(&chart("Value liquidated, dollars", Unit::Quote, seconds, lines).render());
    out.push_str(
        &chart("Σ of negative equities, dollars", Unit::Quote, seconds, all(|s| s.under_water)).render(),
    );
    out.push_str("</div><div class=\"three\">");
    out.push_str(
        &chart(
            "Depth, dollars an hour",
            Unit::Quote,
            seconds,
            vec![line("depth", "vol", seconds, |s| s.depth)],
        )
        .render(),
    );
    out.push_str(
        &chart(
            "Keepers alive",
            Unit::Quote,
            seconds,
            vec![line("keepers", "long", seconds, |s| s.keepers as f64)],
        )
        .render(),
    );
    out.push_str(&chart("Insurance fund, dollars", Unit::Quote, seconds, all(|s| s.insurance)).render());
    out.push_str("</div><div class=\"three\">");
    for (title, value) in [
        ("Insurance paid, dollars", (|s| s.paid[0]) as fn(&Second) -> f64),
        ("The other side paid, dollars", |s| s.paid[1]),
        ("Assets in doubt", |s| s.doubted as f64),
    ] {
        out.push_str(&chart(title, Unit::Quote, seconds, all(value)).render());
    }
    out.push_str("</div></section>\n");
    spells(runs, out);
}

fn spells(runs: &[Run], out: &mut String) {
    const STEPS: [(u32, &str); 6] =
        [(1, "1 s"), (3, "to 3 s"), (10, "to 10 s"), (30, "to 30 s"), (60, "to 60 s"), (u32::MAX, "longer")];
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Time below MM");
    for (_, name) in STEPS {
        let _ = write!(out, "<th class=\"n\">{name}");
    }
    out.push_str("</tr></thead><tbody>\n");
    for run in runs {
        let _ = write!(out, "<tr><td>{}", limits(run));
        let mut from = 0;
        for (to, _) in STEPS {
            let n = run.spells.iter().filter(|s| **s > from && **s <= to).count();
            let _ = write!(out, "<td class=\"n\">{}", count(n as u64));
            from = to;
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn collusion(report: &CascadeReport, out: &mut String) {
    out.push_str(concat!(
        "<h2>Collusion<small>two accounts of one owner trade with each other, the price jumps: taken out less put in, % of what was put in</small></h2>\n",
        "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th>Book",
    ));
    let jumps = report.jumps();
    for jump in &jumps {
        let _ = write!(out, "<th class=\"n\">{}", percent_change(*jump, 0));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (index, book) in report.books.iter().enumerate() {
        let notional = jumps.first().and_then(|j| report.worst(index, *j)).map_or(0.0, |o| o.notional);
        let _ = write!(
            out,
            "<tr><td>{}<small>{} on {} each</small>",
            escape(book.name),
            cash(notional),
            cash(book.equity as f64)
        );
        for jump in &jumps {
            let Some(outcome) = report.worst(index, *jump) else { continue };
            let share = outcome.gain / (2.0 * book.equity as f64);
            let (class, depth) = match share {
                s if s > 1e-6 => ("gain", 0.0),
                s if s > -1e-4 => ("nil", 0.0),
                s => ("loss", (-s * 100.0).min(60.0)),
            };
            let _ = write!(out, "<td class=\"{class}\" style=\"--d:{depth:.0}\">{}", percent(share, 1));
            if outcome.honest_short > 1.0 {
                let _ = write!(out, "<small>{} owed</small>", cash(outcome.honest_short));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n<p class=\"sub\">The worst for the house of: an honest keeper or one of their own, colluders or a crank first. Red: a gain. “Owed”: what honest traders in the same market got less than their own result, and have as a claim.</p>\n");
}

fn expected(report: &CascadeReport, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table><thead><tr><th>Expected gain of a step, dollars");
    for steps in &report.steps {
        let n = count(steps.returns.len() as u64);
        let _ =
            write!(out, "<th class=\"n\">{}<small>{n} steps</small><th class=\"n\">gains in it", steps.name);
    }
    out.push_str("</tr></thead><tbody>\n");
    for (index, book) in report.books.iter().enumerate() {
        let _ = write!(out, "<tr><td>{}", escape(book.name));
        for (_, found) in report.expectations(index) {
            let (mean, gains) = (decimal(found.mean, 2), decimal(found.gains, 4));
            let share = percent(found.share, 4);
            let _ =
                write!(out, "<td class=\"n\"><b>{mean}</b><td class=\"n\">{gains}<small>on {share}</small>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn method(out: &mut String) {
    out.push_str(concat!(
        "<h2>Method</h2>\n<ul class=\"notes\">",
        "<li>Market price = path from outside × exp(−η·σ·√(sold ÷ depth)): the square-root law, with what was sold net forgotten with a half-life of two minutes.</li>",
        "<li>Keepers take turns at the worst accounts, up to three liquidations a second each, and sell what they took to the market in the same second, inside the band around the published price.</li>",
        "<li>“If at once” and “If never” are arithmetic on the published prices without the program: every book closed whole at the first price below its maintenance ratio, and no book ever closed, each at its worst moment. ",
        "“Bound” is every leg at its own worst price with all penalties on top: no order of liquidations goes beyond it.</li>",
        "<li>After keepers and settlement, whoever is bankrupt is resolved: the insurance fund first, then the other side of the worst position's market, pro rata.</li>",
        "<li>After the path prices stand still until every asset is normal; two accounts trade in every market; then everybody without a debt deposits, trades out of every position, settles, withdraws everything, and closes the account. “Owed”: accounts that took out everything but a profit that losers could not pay, and how much that is.</li>",
        "</ul>\n",
    ));
}
