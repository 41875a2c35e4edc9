//! The report on a terminal.

use super::format::{
    count, decimal, money_change, money_whole, percent, percent_change, price, quantity, signed,
};
use super::model::{AssetPoint, AssetTrack, DemoReport, LiquidationRow, TraderRole, Verdict};
use super::table::{Pick, Style, Table, clean, fit, number, paint, sparkline, text, width, wrap};
use crate::prices::when;

/// Rows of the liquidation table; a cascade may have hundreds, which the JSON and the HTML page hold.
const LIQUIDATION_ROWS: usize = 25;
const NOTES: usize = 8;
const INDENT: &str = "  ";

/// The report as lines of at most `width` columns (at least 80), with ANSI colours if wanted.
pub fn render(report: &DemoReport, width: usize, colour: bool) -> String {
    let mut page = Page { lines: Vec::new(), width: width.max(80), colour };
    page.head(report);
    page.assets(report);
    page.accounts(report);
    page.liquidations(report);
    page.house(report);
    page.compute(report);
    page.notes(report);
    let mut out = page.lines.join("\n");
    out.push('\n');
    out
}

struct Page {
    lines: Vec<String>,
    width: usize,
    colour: bool,
}

impl Page {
    fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.colour)
    }

    fn section(&mut self, name: &str, remark: &str) {
        let room = self.width - width(name) - 2;
        let remark = fit(&clean(remark), room);
        let fill = " ".repeat(room - width(&remark) + 2);
        let line = format!("{}{fill}{}", self.paint(name, Style::Bold), self.paint(&remark, Style::Dim));
        self.lines.push(String::new());
        self.lines.push(line);
        self.lines.push(self.paint(&"─".repeat(self.width), Style::Dim));
    }

    fn say(&mut self, text: &str, style: Style) {
        for line in wrap(&clean(text), self.width - INDENT.len()) {
            self.lines.push(format!("{INDENT}{}", self.paint(&line, style)));
        }
    }

    fn table(&mut self, table: &Table) {
        self.lines.extend(table.render(self.width, INDENT.len(), self.colour));
    }

    fn head(&mut self, r: &DemoReport) {
        let badge = if r.synthetic { " SYNTHETIC PRICES " } else { "" };
        let title = fit(&clean(&r.title), self.width - badge.len() - 1);
        let fill = " ".repeat(self.width - width(&title) - badge.len());
        self.lines.push(self.paint(&"━".repeat(self.width), Style::Accent));
        self.lines.push(format!(
            "{}{fill}{}",
            self.paint(&title, Style::Bold),
            self.paint(badge, Style::Warn)
        ));
        for line in wrap(&clean(&r.source), self.width) {
            self.lines.push(self.paint(&line, Style::Dim));
        }
        let run = format!(
            "{} to {} UTC · {} bars · {} steps · {} refreshes · {} ticks · {} trades · {} s",
            when::minute(r.from_ts),
            when::minute(r.to_ts),
            count(r.bars as u64),
            count(r.steps as u64),
            count(r.refreshes as u64),
            count(r.ticks as u64),
            count(r.trades as u64),
            decimal(r.wall_seconds, 1),
        );
        for line in wrap(&run, self.width) {
            self.lines.push(self.paint(&line, Style::Dim));
        }
        self.lines.push(self.paint(&"━".repeat(self.width), Style::Accent));
    }

    fn assets(&mut self, r: &DemoReport) {
        if r.assets.is_empty() {
            return;
        }
        self.section("Assets", "bars: price low to high · volatility from 0 · haircut between its bounds");
        let blocks: Vec<_> = r.assets.iter().map(AssetLines::of).collect();
        let widest = |f: fn(&AssetLine) -> &str| {
            blocks.iter().flat_map(|b| &b.lines).map(|l| width(f(l))).max().unwrap_or(0)
        };
        let (figures, extras) = (widest(|l| &l.figures), widest(|l| &l.extra));
        let lead = INDENT.len() + 10 + 12;
        // Below 20 blocks a line says little; the extra figures go first.
        let with_extra = self.width >= lead + 20 + 2 + figures + 2 + extras;
        let taken = lead + 2 + figures + if with_extra { 2 + extras } else { 0 };
        let columns = self.width.saturating_sub(taken).clamp(10, 72);
        for AssetLines { symbol, lines } in blocks {
            if lines.is_empty() {
                self.say(&format!("{symbol}: no samples"), Style::Dim);
            }
            for (i, line) in lines.iter().enumerate() {
                let symbol = if i == 0 { symbol.as_str() } else { "" };
                let spark = sparkline(&line.values, line.range.0, line.range.1, columns, line.pick);
                let figures_text = fit(&line.figures, self.width - lead - columns - 2);
                let pad = |text: &str, to: usize| " ".repeat(to.saturating_sub(width(text)));
                let mut out = format!(
                    "{INDENT}{}{}{}{}{}{}  {figures_text}",
                    self.paint(symbol, Style::Bold),
                    pad(symbol, 10),
                    self.paint(line.name, Style::Dim),
                    pad(line.name, 12),
                    self.paint(&spark, line.style),
                    pad(&spark, columns),
                );
                if with_extra {
                    out.push_str(&pad(&figures_text, figures + 2));
                    out.push_str(&self.paint(&line.extra, Style::Dim));
                }
                self.lines.push(out.trim_end().to_owned());
            }
        }
    }

    fn accounts(&mut self, r: &DemoReport) {
        if r.traders.is_empty() {
            return;
        }
        self.section("Accounts", "in quote · lowest equity / MM: below 1.00 an account may be liquidated");
        let mut t = Table::new(vec![
            text("account", 0),
            text("role", 4),
            number("deposited", 0),
            number("final equity", 0),
            number("change", 2),
            number("lowest eq/MM", 0),
            number("liquidated", 0),
            text("book", 5),
        ]);
        for trader in &r.traders {
            let health = r.min_health(trader);
            let times = r.liquidations_of(trader).count();
            let change = trader.final_equity.saturating_sub(trader.deposited);
            let change_style = match change {
                0 => Style::Dim,
                c if c > 0 => Style::Good,
                _ => Style::Bad,
            };
            let plain = |s: String| (s, Style::Plain);
            t.row(vec![
                (trader.name.clone(), Style::Bold),
                (
                    trader.role.name().into(),
                    if trader.role == TraderRole::Trader { Style::Plain } else { Style::Dim },
                ),
                plain(money_whole(trader.deposited)),
                plain(money_whole(trader.final_equity)),
                (money_change(change), change_style),
                match health {
                    None => ("–".into(), Style::Dim),
                    Some(h) => (health_text(h), health_style(h)),
                },
                if times == 0 { ("–".into(), Style::Dim) } else { (format!("{times} ×"), Style::Bad) },
                (trader.book.clone(), Style::Dim),
            ]);
        }
        self.table(&t);
    }

    fn liquidations(&mut self, r: &DemoReport) {
        let n = r.liquidations.len();
        self.section(
            "Liquidations",
            &format!("{} in {} accounts", count(n as u64), count(r.accounts_liquidated() as u64)),
        );
        if n == 0 {
            self.say("None: no account fell below its maintenance margin.", Style::Good);
            return;
        }
        let mut t = Table::new(vec![
            text("time (UTC)", 0),
            text("account", 0),
            text("closed", 1),
            number("quantity", 6),
            number("value", 3),
            number("equity", 0),
            text("< MM", 0),
            number("equity after", 4),
            text("MM after", 5),
            number("penalty", 0),
            text("keeper", 2),
        ]);
        let plain = |s: String| (s, Style::Plain);
        for l in r.liquidations.iter().take(LIQUIDATION_ROWS) {
            let LiquidationRow { equity_before, mm_before, equity_after, mm_after, .. } = *l;
            t.row(vec![
                // The year is in the head, and its five columns are better spent.
                (when::minute(l.time).chars().skip(5).collect(), Style::Dim),
                (l.account.clone(), Style::Bold),
                plain(l.leg.clone()),
                plain(quantity(l.quantity)),
                plain(money_whole(l.value)),
                (money_whole(equity_before), Style::Bad),
                plain(format!(
                    "{} {}",
                    if equity_before < mm_before { '<' } else { '≥' },
                    money_whole(mm_before)
                )),
                plain(money_whole(equity_after)),
                plain(format!(
                    "{} {}",
                    if equity_after < mm_after { '<' } else { '≥' },
                    money_whole(mm_after)
                )),
                (money_whole(l.penalty), Style::Warn),
                (l.keeper.clone(), Style::Dim),
            ]);
        }
        self.table(&t);
        if n > LIQUIDATION_ROWS {
            let more = n - LIQUIDATION_ROWS;
            self.say(&format!("… and {} more (all of them with --json)", count(more as u64)), Style::Dim);
        }
    }

    fn house(&mut self, r: &DemoReport) {
        self.section("House", "in quote");
        let (first, last) = (r.insurance_first(), r.insurance_last());
        let balances: Vec<f64> = r.insurance.iter().map(|&(_, b)| b as f64).collect();
        let top = balances.iter().copied().fold(0.0, f64::max);
        let spark = sparkline(&balances, 0.0, top, 24, Pick::Last);
        let insurance = format!(
            "{} → {} ({})",
            money_whole(first),
            money_whole(last),
            money_change(last.saturating_sub(first))
        );
        let (bad_debt, style) = match r.bad_debt {
            0 => ("0: every loss was covered".to_owned(), Style::Good),
            _ => (super::format::money(r.bad_debt), Style::Bad),
        };
        let checks = count(r.conservation_checks as u64);
        let (conservation, verdict) = match r.conservation_verdict() {
            Verdict::Ok => (format!("OK: {checks} checks, every one exact to the unit"), Style::Good),
            Verdict::Fail => {
                (format!("FAIL: off by {} units ({checks} checks)", signed(r.conservation_error)), Style::Bad)
            }
            Verdict::Unchecked => ("NOT CHECKED".to_owned(), Style::Warn),
        };
        self.figure("insurance fund", &insurance, Style::Plain, &spark);
        self.figure("keepers earned", &money_whole(r.keeper_earned), Style::Plain, "");
        self.figure("bad debt", &bad_debt, style, "");
        self.figure("conservation", &conservation, verdict, "");
    }

    fn figure(&mut self, name: &str, value: &str, style: Style, spark: &str) {
        let lead = INDENT.len() + 18;
        let value = fit(value, self.width - lead);
        let mut line = format!(
            "{INDENT}{}{}",
            self.paint(&format!("{name:<18}"), Style::Dim),
            self.paint(&value, style)
        );
        if !spark.is_empty() && lead + width(&value) + 3 + width(spark) <= self.width {
            line.push_str(&format!("   {}", self.paint(spark, Style::Accent)));
        }
        self.lines.push(line);
    }

    fn compute(&mut self, r: &DemoReport) {
        if r.compute.is_empty() {
            return;
        }
        self.section("Compute", "units an instruction, measured in the VM");
        let mut t =
            Table::new(vec![text("instruction", 0), number("calls", 0), number("mean", 0), number("max", 0)]);
        for (name, calls, mean, max) in &r.compute {
            let cell = |n: &u64| (count(*n), Style::Plain);
            t.row(vec![(name.clone(), Style::Plain), cell(calls), cell(mean), cell(max)]);
        }
        self.table(&t);
    }

    fn notes(&mut self, r: &DemoReport) {
        if r.notes.is_empty() {
            return;
        }
        self.section("Notes", "");
        for note in r.notes.iter().take(NOTES) {
            for (i, line) in wrap(&clean(note), self.width - 4).iter().enumerate() {
                self.lines.push(format!(
                    "{INDENT}{} {}",
                    if i == 0 { '·' } else { ' ' },
                    self.paint(line, Style::Dim)
                ));
            }
        }
        if r.notes.len() > NOTES {
            self.say(&format!("… and {} more in the HTML report", r.notes.len() - NOTES), Style::Dim);
        }
    }
}

/// What is said about one asset, before it is known how wide it may be.
struct AssetLines {
    symbol: String,
    lines: Vec<AssetLine>,
}

struct AssetLine {
    name: &'static str,
    values: Vec<f64>,
    range: (f64, f64),
    pick: Pick,
    style: Style,
    figures: String,
    extra: String,
}

impl AssetLines {
    fn of(asset: &AssetTrack) -> Self {
        let symbol = fit(&clean(&asset.symbol), 8);
        let (Some(first), Some(last)) = (asset.points.first(), asset.points.last()) else {
            return Self { symbol, lines: Vec::new() };
        };
        let column = |f: fn(&AssetPoint) -> f64| -> Vec<f64> { asset.points.iter().map(f).collect() };
        let range = |values: &[f64]| {
            let finite = values.iter().copied().filter(|v| v.is_finite());
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)))
        };
        let prices = column(|p| p.price);
        let sigmas = column(|p| p.sigma_hour);
        let haircuts = column(|p| p.haircut_long.max(p.haircut_short));
        let (low, high) = range(&prices);
        let (_, peak) = range(&sigmas);
        let (least, most) = range(&haircuts);
        let change = percent_change(last.price / first.price - 1.0, 1);
        let lines = vec![
            AssetLine {
                name: "price",
                values: prices,
                range: (low, high),
                pick: Pick::Last,
                style: Style::Accent,
                figures: format!("{} → {}  {change}", price(first.price), price(last.price)),
                extra: format!("low {}, high {}", price(low), price(high)),
            },
            AssetLine {
                name: "volatility",
                values: sigmas,
                range: (0.0, peak),
                pick: Pick::Highest,
                style: Style::Warn,
                figures: format!(
                    "{} → {} an hour",
                    percent(first.sigma_hour, 2),
                    percent(last.sigma_hour, 2)
                ),
                extra: format!("peak {}", percent(peak, 2)),
            },
            AssetLine {
                name: "haircut",
                values: haircuts,
                range: (asset.haircut_min, asset.haircut_max),
                pick: Pick::Highest,
                style: Style::Good,
                figures: format!("{} to {}", percent(least, 1), percent(most, 1)),
                extra: format!(
                    "bounds {} to {}",
                    percent(asset.haircut_min, 0),
                    percent(asset.haircut_max, 0)
                ),
            },
        ];
        Self { symbol, lines }
    }
}

/// A health ratio; far above 1 its size says nothing.
fn health_text(health: f64) -> String {
    if health >= 100.0 { "> 100".into() } else { decimal(health, 2) }
}

fn health_style(health: f64) -> Style {
    match health {
        h if h < 1.0 => Style::Bad,
        h if h < 1.25 => Style::Warn,
        _ => Style::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// `text` without ANSI colour codes.
    fn bare(text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c == '\x1b' {
                chars.by_ref().find(|c| *c == 'm');
            } else {
                out.push(c);
            }
        }
        out
    }

    #[test]
    fn never_wider_than_asked() {
        for mut report in [sample::report(), sample::empty(), sample::large()] {
            for wide_name in [false, true] {
                if wide_name && let Some(t) = report.traders.first_mut() {
                    t.name =
                        "a name that somebody made much too long for any column of any table 日本語".into();
                    report.title = "t".repeat(300);
                    report.source = "s".repeat(300);
                }
                for columns in [0, 80, 81, 97, 120, 200] {
                    for colour in [false, true] {
                        for line in bare(&render(&report, columns, colour)).lines() {
                            assert!(width(line) <= columns.max(80), "{} > {columns}: {line}", width(line));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn colour_is_paint_only() {
        let report = sample::report();
        assert_eq!(bare(&render(&report, 120, true)), render(&report, 120, false));
        assert!(!render(&report, 120, false).contains('\x1b'));
    }

    #[test]
    fn says_what_happened() {
        let mut report = sample::report();
        let text = render(&report, 160, false);
        for part in [
            "SYNTHETIC",
            "Assets",
            "Accounts",
            "Liquidations",
            "House",
            "Compute",
            "Notes",
            "OK: ",
            "haircut",
            "▁",
        ] {
            assert!(text.contains(part), "no {part}");
        }
        report.conservation_error = -3;
        assert!(render(&report, 80, false).contains("FAIL: off by -3 units"));
        report.conservation_error = 0;
        report.conservation_checks = 0;
        assert!(render(&report, 80, false).contains("NOT CHECKED"));
        report.synthetic = false;
        report.bad_debt = 12_345_678;
        let text = render(&report, 80, false);
        assert!(!text.contains("SYNTHETIC") && text.contains("12.35"));
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let report = sample::large();
        let text = render(&report, 120, false);
        assert!(text.contains("… and 1,975 more"), "{text}");
    }

    #[test]
    fn names_cannot_paint() {
        let mut report = sample::report();
        report.traders[0].name = "x\x1b[2J".into();
        assert!(!render(&report, 120, false).contains('\x1b'));
    }
}
