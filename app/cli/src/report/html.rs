//! The report as one HTML page that needs nothing but itself.

use std::fmt::Write;

use super::format::{
    count, decimal, escape, money, money_change, money_whole, percent, percent_change, price, quantity,
    quote, short, signed,
};
use super::model::{AssetPoint, AssetTrack, DemoReport, LiquidationRow, TraderPoint, TraderTrack, Verdict};
use super::page as frame;
use super::plot::{Chart, Line, Unit};
use crate::prices::when;

/// Rows of the liquidation table; the JSON has all.
const LIQUIDATION_ROWS: usize = 500;
const NOTES: usize = 200;
/// What all lines of all charts together may take, and what a point takes: this keeps the page below 2 MB.
const LINE_BYTES: usize = 1_200_000;
const POINT_BYTES: usize = 10;
/// More points a line than this no screen shows.
const MOST_BUCKETS: usize = 500;
const FEWEST_BUCKETS: usize = 40;
/// Compute units that one transaction may use on Solana.
const TRANSACTION_LIMIT: f64 = 1_400_000.0;

/// The report as a page.
pub fn render(report: &DemoReport) -> String {
    let page = Page { r: report, buckets: buckets(report) };
    let mut out = String::with_capacity(1 << 20);
    page.head(&mut out);
    page.assets(&mut out);
    page.accounts(&mut out);
    page.liquidations(&mut out);
    page.house(&mut out);
    page.compute(&mut out);
    page.notes(&mut out);
    frame::close(
        &mut out,
        "Ballast demo: the real program in an in-process Solana VM. Money in quote, times in UTC. \
         MM is the maintenance margin: an account with less equity may be liquidated. \
         IM is the initial margin: what opening and withdrawing must leave.",
    );
    out
}

/// Buckets of time a line is thinned to, from how many lines share the page.
fn buckets(report: &DemoReport) -> usize {
    // Price, stable price, volatility twice (line and area), two haircuts; three an account, one of them with an area.
    let lines = report.assets.len() * 6 + report.traders.len() * 4 + 3;
    (LINE_BYTES / POINT_BYTES / 2 / lines).clamp(FEWEST_BUCKETS, MOST_BUCKETS)
}

struct Page<'a> {
    r: &'a DemoReport,
    buckets: usize,
}

impl Page<'_> {
    fn head(&self, out: &mut String) {
        let r = self.r;
        let badge = if r.synthetic { r#" <span class="badge">SYNTHETIC</span>"# } else { "" };
        let title = escape(&r.title);
        frame::open(out, &format!("Ballast: {title}"), "Ballast replay report", "");
        let _ = write!(
            out,
            concat!(
                "<h1>{title}{badge}</h1>\n<p class=\"sub\">{prices}{source}</p>\n",
                "<p class=\"sub\">{from_text} to {to_text} UTC · {bars} bars, {steps} steps · ran in {seconds} s</p>\n",
                "<nav><a href=\"#assets\">Assets</a><a href=\"#accounts\">Accounts</a><a href=\"#liquidations\">Liquidations</a>",
                "<a href=\"#house\">Insurance and conservation</a><a href=\"#compute\">Compute</a><a href=\"#notes\">Notes</a></nav>\n",
            ),
            title = title,
            badge = badge,
            prices = if r.synthetic { "Made-up prices: " } else { "Prices: " },
            source = escape(&r.source),
            from_text = when::minute(r.from_ts),
            to_text = when::minute(r.to_ts),
            bars = count(r.bars as u64),
            steps = count(r.steps as u64),
            seconds = decimal(r.wall_seconds, 1),
        );
        self.verdict(out);
        self.tiles(out);
        out.push_str("</header>\n<main>\n");
    }

    fn verdict(&self, out: &mut String) {
        let r = self.r;
        let checks = count(r.conservation_checks as u64);
        let (class, word, text) = match r.conservation_verdict() {
            Verdict::Ok => (
                "ok",
                "Conservation OK",
                format!("{checks} checks of vault tokens against the books, every one exact to the unit"),
            ),
            Verdict::Fail => (
                "fail",
                "Conservation FAIL",
                format!(
                    "vaults and books differ by {} units ({checks} checks)",
                    signed(r.conservation_error)
                ),
            ),
            Verdict::Unchecked => {
                ("unchecked", "Conservation NOT CHECKED", "this run proves nothing about it".into())
            }
        };
        let _ = writeln!(out, r#"<p class="verdict {class}"><b>{word}</b><span>{text}</span></p>"#);
    }

    fn tiles(&self, out: &mut String) {
        let r = self.r;
        let insurance = r.insurance_last().saturating_sub(r.insurance_first());
        let penalties = r.liquidations.iter().fold(0_i64, |sum, l| sum.saturating_add(l.penalty));
        let tile = |name: &str, value: String, class: &str, remark: String| {
            format!(
                "<div class=\"tile\"><dt>{name}</dt><dd class=\"{class}\">{value}<small>{remark}</small></dd></div>"
            )
        };
        let n = r.liquidations.len();
        let tiles = [
            tile(
                "Liquidations",
                count(n as u64),
                "",
                format!("{} of {} accounts", r.accounts_liquidated(), r.traders.len()),
            ),
            tile("Penalties paid", money_whole(penalties), "", "quote".into()),
            tile(
                "Bad debt",
                if r.bad_debt == 0 { "0".into() } else { money(r.bad_debt) },
                if r.bad_debt == 0 { "good" } else { "bad" },
                if r.bad_debt == 0 {
                    "every loss was covered".into()
                } else {
                    "quote, negative equity left".into()
                },
            ),
            tile(
                "Insurance fund",
                money_whole(r.insurance_last()),
                "",
                format!("{} over the run", money_change(insurance)),
            ),
            tile("Keepers earned", money_whole(r.keeper_earned), "", "quote".into()),
            tile(
                "Activity",
                format!("{} trades", count(r.trades as u64)),
                "",
                format!("{} refreshes, {} ticks", count(r.refreshes as u64), count(r.ticks as u64)),
            ),
        ];
        let _ = writeln!(out, "<dl class=\"tiles\">{}</dl>", tiles.concat());
    }

    fn chart<'a>(&self, title: &'a str, about: String, unit: Unit, lines: Vec<Line<'a>>) -> Chart<'a> {
        Chart {
            title,
            about,
            unit,
            span: (self.r.from_ts, self.r.to_ts),
            lines,
            band: None,
            marks: Vec::new(),
            marks_key: "liquidation",
            zero: false,
            buckets: self.buckets,
        }
    }

    fn assets(&self, out: &mut String) {
        out.push_str("<h2 id=\"assets\">Assets<small>what the market did, and what the house asked for it</small></h2>\n");
        if self.r.assets.is_empty() {
            out.push_str("<p class=\"none\">No assets.</p>\n");
        }
        for asset in &self.r.assets {
            self.asset(out, asset);
        }
    }

    fn asset(&self, out: &mut String, asset: &AssetTrack) {
        let line = |label, class, value: fn(&AssetPoint) -> f64| Line {
            label,
            class,
            points: asset.points.iter().map(|p| (p.ts, value(p))).collect(),
            step: false,
            area: false,
        };
        let most = |value: fn(&AssetPoint) -> f64| {
            asset.points.iter().map(value).filter(|v| v.is_finite()).fold(0.0, f64::max)
        };
        let (first, last) = match (asset.points.first(), asset.points.last()) {
            (Some(first), Some(last)) => (first.price, last.price),
            _ => (f64::NAN, f64::NAN),
        };
        let bounds = format!("{} to {}", percent(asset.haircut_min, 1), percent(asset.haircut_max, 1));
        let _ = write!(
            out,
            concat!(
                r#"<section class="card"><div class="top"><h3>{}</h3><span class="facts">price <b>{} → {}</b> ({}) · "#,
                r#"peak volatility <b>{}</b> an hour · highest haircut <b>{}</b> long, <b>{}</b> short (bounds {})</span></div><div class="three">"#,
            ),
            escape(&asset.symbol),
            price(first),
            price(last),
            percent_change(last / first - 1.0, 1),
            percent(most(|p| p.sigma_hour), 2),
            percent(most(|p| p.haircut_long), 1),
            percent(most(|p| p.haircut_short), 1),
            bounds,
        );
        let about = |what: &str| format!("{what} of {} through time", asset.symbol);
        let lines =
            vec![line("price", "price", |p| p.price), line("stable price", "stable", |p| p.stable_price)];
        out.push_str(
            &self.chart("Price, quote", about("price and stable price"), Unit::Quote, lines).render(),
        );
        let mut sigma = line("volatility", "vol", |p| p.sigma_hour);
        sigma.area = true;
        let mut chart = self.chart("Volatility, % an hour", about("volatility"), Unit::Percent, vec![sigma]);
        chart.zero = true;
        out.push_str(&chart.render());
        let lines =
            vec![line("long", "long", |p| p.haircut_long), line("short", "short", |p| p.haircut_short)];
        let mut chart = self.chart("Haircut, %", about("haircut, long and short,"), Unit::Percent, lines);
        chart.band = Some((asset.haircut_min, asset.haircut_max));
        chart.zero = true;
        out.push_str(&chart.render());
        out.push_str("</div></section>\n");
    }

    fn accounts(&self, out: &mut String) {
        let r = self.r;
        out.push_str("<h2 id=\"accounts\">Accounts<small>equity against the margin it must cover, in quote</small></h2>\n");
        if r.traders.is_empty() {
            out.push_str("<p class=\"none\">No accounts.</p>\n");
            return;
        }
        out.push_str(concat!(
            "<div class=\"scroll\"><table><thead><tr><th>Account<th>Role<th class=\"n\">Deposited",
            "<th class=\"n\">Final equity<th class=\"n\">Change<th class=\"n\">Lowest equity / MM<th class=\"n\">Liquidated<th class=\"wrap\">Book</tr></thead><tbody>\n",
        ));
        for (i, t) in r.traders.iter().enumerate() {
            let (health, health_class) = self.health(t);
            let times = r.liquidations_of(t).count();
            let change = t.final_equity.saturating_sub(t.deposited);
            let _ = writeln!(
                out,
                concat!(
                    "<tr><td><a href=\"#account-{i}\">{name}</a><td class=\"dim\">{role}<td class=\"n\">{deposited}",
                    "<td class=\"n\">{equity}<td class=\"n {change_class}\">{change}<td class=\"n {health_class}\">{health}<td class=\"n {times_class}\">{times}<td class=\"wrap\">{book}</tr>",
                ),
                i = i,
                name = escape(&t.name),
                role = t.role.name(),
                book = escape(&t.book),
                deposited = money_whole(t.deposited),
                equity = money_whole(t.final_equity),
                change_class = sign_class(change),
                change = money_change(change),
                health_class = health_class,
                health = health,
                times_class = if times == 0 { "dim" } else { "bad" },
                times = if times == 0 { "–".into() } else { format!("{} ×", count(times as u64)) },
            );
        }
        out.push_str("</tbody></table></div>\n<div class=\"two\" style=\"margin-top:14px\">\n");
        for (i, trader) in r.traders.iter().enumerate() {
            self.account(out, i, trader);
        }
        out.push_str("</div>\n");
    }

    fn account(&self, out: &mut String, i: usize, t: &TraderTrack) {
        let line = |label, class, value: fn(&TraderPoint) -> i64, area| Line {
            label,
            class,
            points: t.points.iter().map(|p| (p.ts, quote(value(p)))).collect(),
            step: false,
            area,
        };
        let (health, health_class) = self.health(t);
        let times = self.r.liquidations_of(t).count();
        let _ = write!(
            out,
            concat!(
                "<section class=\"card\" id=\"account-{}\"><div class=\"top\"><h3>{}</h3><span class=\"role\">{}</span>",
                "<span class=\"address\" title=\"{}\">{}</span></div><p class=\"book\">{}</p>",
                "<p class=\"facts book\">equity <b>{}</b> of <b>{}</b> deposited · lowest equity / MM <b class=\"{}\">{}</b>{}</p>",
            ),
            i,
            escape(&t.name),
            t.role.name(),
            escape(&t.address),
            escape(&short(&t.address)),
            escape(&t.book),
            money_whole(t.final_equity),
            money_whole(t.deposited),
            health_class,
            health,
            match times {
                0 => String::new(),
                1 => " · liquidated <b class=\"bad\">once</b>".into(),
                n => format!(" · liquidated <b class=\"bad\">{} times</b>", count(n as u64)),
            },
        );
        let lines = vec![
            line("MM", "mm", |p| p.mm, true),
            line("IM", "im", |p| p.im, false),
            line("equity", "equity", |p| p.equity, false),
        ];
        let about = format!("equity, initial and maintenance margin of {} through time", t.name);
        let mut chart = self.chart("Equity and margin, quote", about, Unit::Quote, lines);
        chart.zero = true;
        chart.marks = self
            .r
            .liquidations_of(t)
            .map(|l| {
                (l.time, quote(l.equity_before), format!("liquidated: {} {}", quantity(l.quantity), l.leg))
            })
            .collect();
        out.push_str(&chart.render());
        out.push_str("</section>\n");
    }

    /// Lowest health of an account in words, and the class that colours it.
    fn health(&self, t: &TraderTrack) -> (String, &'static str) {
        match self.r.min_health(t) {
            None => ("–".into(), "dim"),
            Some(h) if h >= 100.0 => ("&gt; 100".into(), ""),
            Some(h) => (decimal(h, 2), if h < 1.0 { "bad" } else { "" }),
        }
    }

    fn liquidations(&self, out: &mut String) {
        let r = self.r;
        out.push_str("<h2 id=\"liquidations\">Liquidations<small>who, when, why, what, and who got the penalty</small></h2>\n");
        if r.liquidations.is_empty() {
            out.push_str("<p class=\"none\">None: no account fell below its maintenance margin.</p>\n");
            return;
        }
        out.push_str(concat!(
            "<div class=\"scroll\"><table><thead><tr><th>Time (UTC)<th>Account<th>Closed<th class=\"n\">Worth, quote",
            "<th class=\"n\">Why: equity &lt; MM<th class=\"n\">After: equity, MM<th class=\"n\">Penalty, quote",
            "<th>Keeper, transaction</tr></thead><tbody>\n",
        ));
        for l in r.liquidations.iter().take(LIQUIDATION_ROWS) {
            liquidation(out, l);
        }
        out.push_str("</tbody></table></div>\n");
        if r.liquidations.len() > LIQUIDATION_ROWS {
            let more = count((r.liquidations.len() - LIQUIDATION_ROWS) as u64);
            let _ = writeln!(
                out,
                "<p class=\"sub\">… and {more} more: all of them are in the output of --json.</p>"
            );
        }
    }

    fn house(&self, out: &mut String) {
        let r = self.r;
        out.push_str("<h2 id=\"house\">Insurance and conservation<small>what stands behind the accounts, and whether the books add up</small></h2>\n<div class=\"two\">\n");
        let fund = Line {
            label: "insurance fund",
            class: "fund",
            points: r.insurance.iter().map(|&(ts, b)| (ts, quote(b))).collect(),
            step: true,
            area: true,
        };
        let error = Line {
            label: "error",
            class: "price",
            points: r.conservation.iter().map(|&(ts, e)| (ts, e as f64)).collect(),
            step: true,
            area: false,
        };
        let mut chart = self.chart(
            "Insurance fund, quote",
            "insurance fund through time".into(),
            Unit::Quote,
            vec![fund],
        );
        chart.zero = true;
        let change = money_change(r.insurance_last().saturating_sub(r.insurance_first()));
        let _ = writeln!(
            out,
            "<section class=\"card tall\"><div class=\"top\"><h3>Insurance fund</h3><span class=\"facts\"><b>{} → {}</b> ({change})</span></div>{}</section>",
            money(r.insurance_first()),
            money(r.insurance_last()),
            chart.render(),
        );
        let mut chart = self.chart(
            "Vault tokens − books, units",
            "difference between vault tokens and books through time".into(),
            Unit::Units,
            vec![error],
        );
        chart.zero = true;
        let verdict = match r.conservation_verdict() {
            Verdict::Ok => "<b class=\"good\">exact</b>".to_owned(),
            Verdict::Fail => format!("<b class=\"bad\">off by {} units</b>", signed(r.conservation_error)),
            Verdict::Unchecked => "<b>not checked</b>".to_owned(),
        };
        let _ = write!(
            out,
            "<section class=\"card tall\"><div class=\"top\"><h3>Conservation check</h3><span class=\"facts\">{verdict}, {} checks</span></div>{}</section>\n</div>\n",
            count(r.conservation_checks as u64),
            chart.render(),
        );
    }

    fn compute(&self, out: &mut String) {
        out.push_str("<h2 id=\"compute\">Compute units<small>measured in the VM; bars: mean solid, max light; the share is that of the 1,400,000 a transaction may use</small></h2>\n");
        if self.r.compute.is_empty() {
            out.push_str("<p class=\"none\">Not measured.</p>\n");
            return;
        }
        out.push_str("<div class=\"scroll\"><table><thead><tr><th>Instruction<th class=\"n\">Calls<th class=\"n\">Mean<th class=\"n\">Max<th>Max of the limit</tr></thead><tbody>\n");
        let most = self.r.compute.iter().map(|c| c.3).max().unwrap_or(0).max(1) as f64;
        for (name, calls, mean, max) in &self.r.compute {
            let share = |units: u64| (units as f64 / most * 100.0).min(100.0);
            let _ = writeln!(
                out,
                "<tr><td>{}<td class=\"n\">{}<td class=\"n\">{}<td class=\"n\">{}<td><span class=\"meter\"><s style=\"width:{:.1}%\"></s><s style=\"width:{:.1}%\"></s></span> {}</tr>",
                escape(name),
                count(*calls),
                count(*mean),
                count(*max),
                share(*max),
                share(*mean),
                percent(*max as f64 / TRANSACTION_LIMIT, 1),
            );
        }
        out.push_str("</tbody></table></div>\n");
    }

    fn notes(&self, out: &mut String) {
        out.push_str(
            "<h2 id=\"notes\">Notes<small>repairs to the price files, and other remarks</small></h2>\n",
        );
        if self.r.notes.is_empty() {
            out.push_str("<p class=\"none\">None.</p>\n");
            return;
        }
        out.push_str("<ul class=\"notes\">\n");
        for note in self.r.notes.iter().take(NOTES) {
            let _ = writeln!(out, "<li>{}</li>", escape(note));
        }
        if self.r.notes.len() > NOTES {
            let _ = writeln!(out, "<li>… and {} more</li>", count((self.r.notes.len() - NOTES) as u64));
        }
        out.push_str("</ul>\n");
    }
}

fn liquidation(out: &mut String, l: &LiquidationRow) {
    let against = |equity: i64, mm: i64| {
        let sign = if equity < mm { "&lt;" } else { "≥" };
        format!("{} {sign} {}", money(equity), money(mm))
    };
    let share = |equity: i64, mm: i64| {
        if mm > 0 { percent(equity as f64 / mm as f64, 1) } else { "no margin owed".into() }
    };
    let _ = writeln!(
        out,
        concat!(
            "<tr><td>{time}<td>{account}<small class=\"address\" title=\"{address}\">{address_short}</small><td>{leg}<small>{quantity}</small>",
            "<td class=\"n\">{value}<td class=\"n\"><span class=\"{before_class}\">{before}</span><small>{before_share}</small>",
            "<td class=\"n\">{after}<small>{after_share}</small>",
            "<td class=\"n\">{penalty}<small>{to_keeper} keeper, {to_insurance} fund</small>",
            "<td>{keeper}<small class=\"address\" title=\"{signature}\">{signature_short}</small></tr>",
        ),
        time = when::minute(l.time),
        account = escape(&l.account),
        address = escape(&l.address),
        address_short = escape(&short(&l.address)),
        leg = escape(&l.leg),
        quantity = quantity(l.quantity),
        value = money(l.value),
        before_class = if l.equity_before < l.mm_before { "bad" } else { "" },
        before = against(l.equity_before, l.mm_before),
        before_share = share(l.equity_before, l.mm_before),
        after = against(l.equity_after, l.mm_after),
        after_share = share(l.equity_after, l.mm_after),
        penalty = money(l.penalty),
        to_keeper = money(l.to_keeper),
        to_insurance = money(l.to_insurance),
        keeper = escape(&l.keeper),
        signature = escape(&l.signature),
        signature_short = escape(&short(&l.signature)),
    );
}

fn sign_class(change: i64) -> &'static str {
    match change {
        0 => "dim",
        c if c > 0 => "good",
        _ => "bad",
    }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
