//! The report as one HTML page that needs nothing but itself.

use std::fmt::Write;

use super::marks::{self, Lane};
use super::{BacktestReport, crashes, extras};
use crate::backtest::Class;
use crate::backtest::measures::{Coverage, WorstDay};
use crate::backtest::run::Hour;
use crate::backtest::statistics::PROMISED;
use crate::prices::when;
use crate::report::format::{count, decimal, escape, percent};
use crate::report::page as frame;
use crate::report::plot::{Chart, Line, Unit};

const OWN_STYLE: &str = include_str!("../../report/assets/backtest.css");
/// Buckets of time that the lines of a chart are thinned to.
const BUCKETS: usize = 360;
const NOTES: usize = 200;
const TARGET: &str = "The dashed line is the 1 % that a 99 % value at risk promises. Left of it money lies idle, right of it \
                      losses are not covered; a margin that means the same for every book has all dots in one column.";
const NO_TARGET: &str = "The core alone is meant to be beaten in 1 % of horizons, and is judged by <b>--plain</b>. Stress and floors \
                         hold the whole margin well above it: how far is what the frontier weighs.";
const TERMS: &str = "<li>Loss stands for what margin has to pay: the loss itself, widened for a price as old as is accepted \
                     (hourly bars: by √(1 + age ÷ horizon); bars of minutes: one bar later), and the liquidation penalty, \
                     the lesser of its share of gross and half of the margin.</li>";

/// The report as a page.
#[must_use]
pub fn render(report: &BacktestReport) -> String {
    let page = Page { r: report };
    let mut out = String::with_capacity(1 << 20);
    page.head(&mut out);
    page.coverage(&mut out);
    page.crashes(&mut out);
    page.cost(&mut out);
    extras::frontier(report, &mut out);
    extras::crashes(report, &mut out);
    extras::null_books(report, &mut out);
    page.haircuts(&mut out);
    page.method(&mut out);
    page.notes(&mut out);
    frame::close(
        &mut out,
        "Ballast back-test: the program's own risk board and engine, run natively. Times in UTC.",
    );
    out
}

struct Page<'a> {
    r: &'a BacktestReport,
}

fn share(day: Option<WorstDay>) -> String {
    day.map_or("–".into(), |d| percent(d.share, 1))
}

fn date(ts: i64) -> String {
    when::minute(ts)[..10].to_owned()
}

fn p_value(p: Option<f64>) -> String {
    match p {
        None => "–".into(),
        Some(p) if p < 0.001 => "&lt; 0.001".into(),
        Some(p) => decimal(p, 3),
    }
}

impl<'a> Page<'a> {
    fn classes(&self) -> impl Iterator<Item = (Class, &'a Coverage)> {
        Class::ALL.into_iter().filter_map(|class| Some((class, self.r.findings.class(class)?)))
    }

    fn span(&self) -> (i64, i64) {
        (self.r.findings.span.0, self.r.findings.span.1 + self.r.horizon_s)
    }

    /// What margins are judged by, in words.
    fn need(&self) -> &'static str {
        if self.r.bare { "loss" } else { "loss and penalty" }
    }

    fn horizon(&self) -> String {
        when::span(self.r.horizon_s)
    }

    fn head(&self, out: &mut String) {
        let r = self.r;
        let (from, to) = self.span();
        let title = escape(&r.title());
        frame::open(out, &format!("Ballast back-test: {title}"), "Ballast back-test report", OWN_STYLE);
        let _ = write!(
            out,
            concat!(
                "<h1>{title}</h1>\n",
                "<p class=\"sub\">Setting <b>{setting}</b>: {about}.</p>\n<p class=\"sub\">Prices: {source}</p>\n",
                "<p class=\"sub\">{from} to {to} UTC · {books} books · {hours} portfolio-horizons of {horizon} · seed {seed} · ran in {seconds} s</p>\n",
                "<nav><a href=\"#coverage\">Coverage</a><a href=\"#crashes\">Crashes</a><a href=\"#cost\">Cost</a>{frontier}<a href=\"#procyclicality\">Procyclicality</a>{null}",
                "<a href=\"#haircuts\">Haircuts</a><a href=\"#method\">Method</a><a href=\"#notes\">Notes</a></nav>\n",
            ),
            title = title,
            setting = escape(&r.setting),
            about = escape(&r.about),
            source = escape(&r.source),
            from = when::minute(from),
            to = when::minute(to),
            books = r.portfolios.len(),
            hours = count(r.findings.overall.hours),
            horizon = self.horizon(),
            seed = r.seed,
            seconds = decimal(r.wall_seconds, 1),
            frontier = if r.frontier.is_empty() { "" } else { "<a href=\"#frontier\">Frontier</a>" },
            null = if r.hunts.is_empty() { "" } else { "<a href=\"#null\">Null books</a>" },
        );
        self.tiles(out);
        out.push_str("</header>\n<main>\n");
    }

    fn tiles(&self, out: &mut String) {
        let found = &self.r.findings;
        let tile = |name: &str, value: String, remark: String| {
            format!("<div class=\"tile\"><dt>{name}</dt><dd>{value}<small>{remark}</small></dd></div>")
        };
        let of_fixed = |class: Class| {
            found.class(class).map_or(("–".into(), "no such books".into()), |c| {
                let remark = format!(
                    "{} against {} of gross",
                    percent(c.avg_margin, 2),
                    percent(c.avg_margin_fixed, 2)
                );
                (percent(c.avg_margin / c.avg_margin_fixed, 0), remark)
            })
        };
        let all = &found.overall;
        let interval = all.interval.map_or(String::new(), |(lo, hi)| {
            format!("95 %: {} to {}", decimal(lo * 100.0, 2), percent(hi, 2))
        });
        let (mixed, pairs) = (of_fixed(Class::Mixed), of_fixed(Class::Pair));
        let p = &found.procyclicality;
        let tiles = [
            tile("Loss beat margin", percent(all.exceedance, 2), interval),
            tile(
                "Worst day, all books",
                share(all.worst_day),
                format!(
                    "{}; fixed haircuts {}",
                    all.worst_day.map_or(String::new(), |d| date(d.ts)),
                    share(found.worst_day_fixed_even)
                ),
            ),
            tile("Mixed books, of fixed", mixed.0, mixed.1),
            tile("Hedged pairs, of fixed", pairs.0, pairs.1),
            tile(
                "Largest rise at once",
                format!("× {}", decimal(1.0 + p.max_step, 1)),
                format!("median book × {}", decimal(1.0 + p.median_step, 1)),
            ),
            tile(
                "Peak to trough",
                format!("× {}", decimal(p.peak_to_trough, 1)),
                format!("median book × {}", decimal(p.median_peak_to_trough, 1)),
            ),
        ];
        let _ = writeln!(out, "<dl class=\"tiles\">{}</dl>", tiles.concat());
    }

    fn coverage(&self, out: &mut String) {
        out.push_str("<h2 id=\"coverage\">Coverage<small>how often the loss of the next horizon beat the margin, by class of book</small></h2>\n");
        let rows: Vec<Lane> = self
            .classes()
            .map(|(class, c)| Lane {
                name: class.words().into(),
                value: c.exceedance,
                interval: c.interval,
                other: c.exceedance_fixed,
            })
            .collect();
        let _ = write!(
            out,
            concat!(
                "<section class=\"card\"><div class=\"legend\"><span>the engine, and where 95 % of bootstrapped days put it</span>",
                "<span class=\"fixed\">one set of fixed haircuts (in brackets)</span></div>{}",
                "<p class=\"sub\">{}</p></section>\n",
            ),
            marks::lanes(&rows, self.r.bare.then_some(PROMISED)),
            if self.r.bare { TARGET } else { NO_TARGET }
        );
        self.table(out);
        let (model, fixed): (Vec<_>, Vec<_>) =
            self.r.findings.daily.iter().map(|d| ((d.0, d.1), (d.0, d.2))).unzip();
        let mut chart = self.chart("Share of portfolio-hours under-margined, by day, %", self.span());
        chart.lines = vec![line("fixed haircuts", "im", fixed), line("engine", "equity", model)];
        let _ = writeln!(
            out,
            "<section class=\"card tall\" style=\"margin-top:14px\">{}<p class=\"sub\">Spikes are days on which many books went short at once: what an insurance fund has to survive.</p></section>",
            chart.render()
        );
    }

    fn table(&self, out: &mut String) {
        out.push_str(concat!(
            "<div class=\"scroll\"><table><thead><tr><th>Class<th class=\"n\">Books<th class=\"n\">Loss &gt; margin<th class=\"n\">Breach, mean / max",
            "<th class=\"n\">Kupiec p<th class=\"n\">Christoffersen p<th class=\"n\">Worst day<th class=\"n\">Worst day, fixed",
            "<th class=\"n\">Margin<th class=\"n\">Fixed<th class=\"n\">Fixed, own scale</tr></thead><tbody>\n",
        ));
        let all = [("all".to_owned(), &self.r.findings.overall)];
        for (name, c) in self.classes().map(|(class, c)| (class.words().to_owned(), c)).chain(all) {
            let interval = c.interval.map_or(String::new(), |(lo, hi)| {
                format!("<small>{} to {}</small>", decimal(lo * 100.0, 2), percent(hi, 2))
            });
            let breach = |b: Option<f64>| decimal(b.unwrap_or(f64::NAN), 2);
            let _ = writeln!(
                out,
                concat!(
                    "<tr><td>{}<td class=\"n\">{}<td class=\"n\"><b>{}</b>{}<td class=\"n\">{} / {}<td class=\"n\">{}<td class=\"n\">{}",
                    "<td class=\"n\">{}<small>{}</small><td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}</tr>",
                ),
                name,
                c.portfolios,
                percent(c.exceedance, 2),
                interval,
                breach(c.breach_mean),
                breach(c.breach_max),
                p_value(c.kupiec_p),
                p_value(c.christoffersen_p),
                share(c.worst_day),
                c.worst_day.map_or(String::new(), |d| date(d.ts)),
                share(c.worst_day_fixed),
                percent(c.avg_margin, 2),
                percent(c.avg_margin_fixed, 2),
                c.avg_margin_fixed_own.map_or("–".into(), |m| percent(m, 2)),
            );
        }
        out.push_str("</tbody></table></div>\n");
    }

    fn chart(&self, title: &'a str, span: (i64, i64)) -> Chart<'a> {
        Chart {
            title,
            about: format!("{title} through time"),
            unit: Unit::Percent,
            span,
            lines: Vec::new(),
            band: None,
            marks: Vec::new(),
            marks_key: "loss beat margin",
            zero: true,
            buckets: BUCKETS,
        }
    }

    fn crashes(&self, out: &mut String) {
        out.push_str("<h2 id=\"crashes\">Crashes<small>margin against loss, % of gross, through the market's worst days</small></h2>\n");
        let found = crashes::find(self.r);
        if found.is_empty() {
            out.push_str("<p class=\"none\">The market never fell.</p>\n");
        }
        let first = |class: Class| {
            let books = self.r.portfolios.iter().enumerate();
            books
                .filter(|(i, p)| p.class == class && !self.r.history.tracks[*i].is_empty())
                .map(|(i, _)| i)
                .next()
        };
        let shorts = first(Class::Short);
        let books = [crashes::market_book(self.r), first(Class::Mixed).or(shorts), first(Class::Pair)];
        for crash in found {
            let _ = write!(
                out,
                "<section class=\"card\"><div class=\"top\"><h3>{}</h3><span class=\"facts\">the market lost <b>{}</b> in the day to {} UTC</span></div><div class=\"three\">",
                date(crash.at),
                percent(crash.loss, 1),
                when::minute(crash.at)
            );
            for book in books.into_iter().flatten() {
                out.push_str(&self.crash(book, crash.span));
            }
            out.push_str("</div></section>\n");
        }
    }

    fn crash(&self, book: usize, span: (i64, i64)) -> String {
        let portfolio = &self.r.portfolios[book];
        let at = |h: &Hour| self.r.history.ticks[h.tick as usize];
        let track = &self.r.history.tracks[book];
        let hours: Vec<&Hour> = track.iter().filter(|h| (span.0..=span.1).contains(&at(h))).collect();
        let fixed = self.r.findings.fixed.charge(portfolio) * self.r.findings.fixed.shared;
        let title = if portfolio.class == Class::Mixed {
            let legs = portfolio.weights.iter().map(|(asset, w)| {
                format!(
                    "{}{} {}",
                    if *w < 0.0 { "−" } else { "" },
                    percent(w.abs(), 0),
                    self.r.symbols[*asset]
                )
            });
            legs.collect::<Vec<_>>().join(", ")
        } else {
            portfolio.name.clone()
        };
        let mut chart = self.chart("", span);
        chart.title = &title;
        chart.about = format!("margin and loss of {title} through the crash");
        chart.lines = vec![
            line("fixed haircuts", "stable", hours.iter().map(|h| (at(h), fixed)).collect()),
            line("margin", "mm", hours.iter().map(|h| (at(h), f64::from(h.margin))).collect()),
            line(self.need(), "price", hours.iter().map(|h| (at(h), f64::from(h.need.max(0.0)))).collect()),
        ];
        chart.lines[1].step = true;
        chart.lines[1].area = true;
        chart.marks = hours
            .iter()
            .filter(|h| h.is_hit())
            .map(|h| {
                let what =
                    format!("{} on a margin of {}", percent(h.need.into(), 2), percent(h.margin.into(), 2));
                (at(h), f64::from(h.need), what)
            })
            .collect();
        chart.render()
    }

    fn cost(&self, out: &mut String) {
        out.push_str("<h2 id=\"cost\">Cost<small>average margin as a share of gross exposure, at no worse coverage for any class</small></h2>\n");
        let rows: Vec<(String, [f64; 3], String)> = self
            .classes()
            .map(|(class, c)| {
                let own = c.avg_margin_fixed_own.unwrap_or(f64::NAN);
                let words = format!(
                    "<b>{}</b> against {} and {}",
                    percent(c.avg_margin, 2),
                    percent(c.avg_margin_fixed, 2),
                    percent(own, 2)
                );
                (class.words().to_owned(), [c.avg_margin, c.avg_margin_fixed, own], words)
            })
            .collect();
        let _ = writeln!(
            out,
            concat!(
                "<section class=\"card\"><div class=\"legend\"><span class=\"bar\">the engine</span><span class=\"bar im\">one set of fixed haircuts for all books</span>",
                "<span class=\"bar own\">fixed haircuts scaled for this class alone</span></div>{}",
                "<p class=\"sub\">A venue sets one table of haircuts and does not choose who comes. Both fixed sets are calibrated in hindsight, on the very hours they are judged by.</p></section>",
            ),
            marks::bars(&rows)
        );
    }

    fn haircuts(&self, out: &mut String) {
        out.push_str("<h2 id=\"haircuts\">Haircuts<small>what holding one asset alone costs, % of its value; dashed: fixed, the same coverage in hindsight</small></h2>\n<div class=\"two\">\n");
        let span = self.span();
        for ((symbol, track), base) in
            self.r.symbols.iter().zip(&self.r.history.haircuts).zip(&self.r.findings.fixed.base)
        {
            let (Some(first), Some(last)) = (track.first(), track.last()) else { continue };
            let fixed = base * self.r.findings.fixed.shared;
            let mut chart = self.chart("", span);
            chart.title = symbol;
            chart.about = format!("haircuts of {symbol} through time");
            chart.lines = vec![
                line("long", "long", track.iter().map(|p| (p.ts, p.long)).collect()),
                line("short", "short", track.iter().map(|p| (p.ts, p.short)).collect()),
                line("fixed", "stable", vec![(first.ts, fixed), (last.ts, fixed)]),
            ];
            let _ = writeln!(out, "<section class=\"card\">{}</section>", chart.render());
        }
        out.push_str("</div>\n");
    }

    fn method(&self, out: &mut String) {
        let horizon = self.horizon();
        let _ = write!(
            out,
            concat!(
                "<h2 id=\"method\">Method<small>what was done, and what the numbers mean</small></h2>\n<ul class=\"notes\">",
                "<li>The program's risk board is fed with every close and ticked every {horizon}. After each tick every book is asked its maintenance margin; the loss it is held against is that of the {horizon} that follows. Nothing later is known.</li>",
                "<li>Judging begins once 256 rows of the data given have filled an asset's ring. Books keep constant weights in quote, with a gross exposure of one.</li>",
                "{terms}<li>Breach: loss ÷ margin where the margin was beaten. Worst day: largest share of a day's portfolio-hours under-margined, of days on which at least half of them were judged.</li>",
                "<li>Kupiec (1995): as many hits as a rate of 1 % promises; Christoffersen (1998): hits do not follow one another. Medians over books of p-values; below 0.05 the hypothesis falls. With tens of thousands of horizons small deviations are seen.</li>",
                "<li>Intervals: days drawn with replacement (block bootstrap, 2,000 times).</li>",
                "<li>Fixed haircuts: an asset's own loss quantile over the whole history, gross, times the least factor with which no class is worse covered than under the engine. For the worst day in the tiles they are scaled so that all books together are covered alike.</li>",
                "<li>Rise and peak to trough: of the margins of unchanged books, over all books. The rise is largest in hedged books whose legs come apart.</li></ul>\n",
            ),
            horizon = horizon,
            terms = if self.r.bare { "" } else { TERMS },
        );
    }

    fn notes(&self, out: &mut String) {
        out.push_str("<h2 id=\"notes\">Notes<small>repairs to the price files, what was left out, and other remarks</small></h2>\n");
        if self.r.notes.is_empty() && self.r.history.unjudged == 0 {
            out.push_str("<p class=\"none\">None.</p>\n");
            return;
        }
        out.push_str("<ul class=\"notes\">\n");
        if self.r.history.unjudged > 0 {
            let _ = writeln!(
                out,
                "<li>{} portfolio-horizons reach into gaps of the price files and are not judged.</li>",
                count(self.r.history.unjudged)
            );
        }
        for note in self.r.notes.iter().take(NOTES) {
            let _ = writeln!(out, "<li>{}</li>", escape(note));
        }
        if self.r.notes.len() > NOTES {
            let _ = writeln!(out, "<li>… and {} more</li>", count((self.r.notes.len() - NOTES) as u64));
        }
        out.push_str("</ul>\n");
    }
}

fn line<'a>(label: &'a str, class: &'a str, points: Vec<(i64, f64)>) -> Line<'a> {
    Line { label, class, points, step: false, area: false }
}
