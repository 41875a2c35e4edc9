//! Small charts as inline SVG.
//!
//! The drawing area stretches to whatever width the page has, while text must not: so lines are SVG with a stretched view
//! box and strokes that do not scale, and all labels are HTML placed by percentages. The page's script reads values back
//! from the path coordinates, which saves sending every series twice.

use std::fmt::Write;

use super::format::{self, escape};
use super::scale;

/// Extent of the view box both ways; coordinates are whole numbers in it.
const BOX: f64 = 4_000.0;

/// What the vertical axis measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Quote, in quote units.
    Quote,
    /// A fraction, shown in percent.
    Percent,
    /// Token units, which do not divide.
    Units,
}

impl Unit {
    fn id(self) -> &'static str {
        match self {
            Self::Quote => "quote",
            Self::Percent => "percent",
            Self::Units => "units",
        }
    }

    /// What values are multiplied by to be shown.
    fn factor(self) -> f64 {
        if self == Self::Percent { 100.0 } else { 1.0 }
    }
}

/// One line of a chart.
pub struct Line<'a> {
    /// In the key and the tooltip.
    pub label: &'a str,
    /// Colour class of the style sheet.
    pub class: &'a str,
    /// `(unix seconds, value)` in order of time.
    pub points: Vec<(i64, f64)>,
    /// Whether the value stays until the next point rather than moving towards it.
    pub step: bool,
    /// Whether the area down to the bottom is tinted.
    pub area: bool,
}

/// One chart.
pub struct Chart<'a> {
    /// What is shown, with its unit.
    pub title: &'a str,
    /// For screen readers, and for whom the title is too short.
    pub about: String,
    /// What the vertical axis measures.
    pub unit: Unit,
    /// First and last time on the axis, unix seconds.
    pub span: (i64, i64),
    /// Drawn in this order.
    pub lines: Vec<Line<'a>>,
    /// Bounds between which values should lie, shaded.
    pub band: Option<(f64, f64)>,
    /// `(unix seconds, value, what happened)`.
    pub marks: Vec<(i64, f64, String)>,
    /// What a mark stands for, in the key.
    pub marks_key: &'a str,
    /// Whether zero belongs on the axis.
    pub zero: bool,
    /// Buckets of time that a series is thinned to.
    pub buckets: usize,
}

impl Chart<'_> {
    /// The chart as an HTML `figure`.
    pub fn render(&self) -> String {
        let (lo, hi) = self.range();
        let (from, to) = self.span;
        let x = |ts: i64| {
            let t = if to > from { (ts.saturating_sub(from)) as f64 / (to - from) as f64 } else { 0.0 };
            (t.clamp(0.0, 1.0) * BOX).round()
        };
        let y = |v: f64| ((hi - v) / (hi - lo)).clamp(-0.01, 1.01) * BOX;
        let mut svg = String::new();
        if let Some((bottom, top)) = self.band {
            let (top, bottom) = (y(top), y(bottom));
            let _ = write!(
                svg,
                r#"<rect class="band" x="0" y="{top:.0}" width="{BOX}" height="{:.0}"/>"#,
                bottom - top
            );
            for edge in [top, bottom] {
                let _ = write!(svg, r#"<path class="edge" d="M0 {edge:.0}H{BOX}"/>"#);
            }
        }
        let (mut values, mut step) = scale::ticks(lo * self.unit.factor(), hi * self.unit.factor(), 5);
        if self.unit == Unit::Units {
            values.retain(|v| v.fract() == 0.0);
            step = step.max(1.0);
        }
        let largest = lo.abs().max(hi.abs()) * self.unit.factor();
        let mut labels = String::new();
        for value in values {
            let at = y(value / self.unit.factor());
            let class = if value == 0.0 { "zero" } else { "grid" };
            let _ = write!(svg, r#"<path class="{class}" d="M0 {at:.0}H{BOX}"/>"#);
            let text = scale::label(value, step, largest);
            let _ = write!(labels, r#"<i style="top:{:.1}%">{text}</i>"#, at / BOX * 100.0);
        }
        for (ts, text) in scale::time_ticks(from, to, 5) {
            let at = x(ts);
            let _ = write!(svg, r#"<path class="grid" d="M{at:.0} 0V{BOX}"/>"#);
            let _ = write!(labels, r#"<b style="left:{:.1}%">{text}</b>"#, at / BOX * 100.0);
        }
        for line in &self.lines {
            self.line(&mut svg, line, &x, &y);
        }
        for (at, value, what) in self.thin_marks(&x) {
            let (at, value) = (at.min(BOX - 1.0), y(value));
            let what = escape(&what);
            let _ = write!(svg, r#"<path class="mark" data-what="{what}" d="M{at:.0} {value:.0}h1"/>"#);
        }
        format!(
            concat!(
                r#"<figure class="chart" data-lo="{}" data-hi="{}" data-unit="{}" data-from="{}" data-to="{}">"#,
                r#"<figcaption><span>{}</span><span class="keys">{}</span></figcaption>"#,
                r#"<div class="frame"><div class="plot"><svg viewBox="0 0 {BOX} {BOX}" preserveAspectRatio="none" "#,
                r#"role="img" aria-label="{}">{}</svg><u class="cross"></u>{}</div></div></figure>"#,
            ),
            lo,
            hi,
            self.unit.id(),
            from,
            to,
            escape(self.title),
            self.keys(),
            escape(&self.about),
            svg,
            labels,
            BOX = BOX,
        )
    }

    /// Values the vertical axis spans: all that is drawn, with a little air.
    fn range(&self) -> (f64, f64) {
        let drawn = self.lines.iter().flat_map(|l| l.points.iter().map(|p| p.1));
        let (band_lo, band_hi) = self.band.unzip();
        let extra =
            self.marks.iter().map(|m| m.1).chain(band_lo).chain(band_hi).chain(self.zero.then_some(0.0));
        let (lo, hi) = drawn
            .chain(extra)
            .filter(|v| v.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if lo > hi {
            return (0.0, 1.0);
        }
        if self.unit == Unit::Units {
            let reach = lo.abs().max(hi.abs()).max(1.0) * 1.1;
            return (-reach, reach);
        }
        let air = (hi - lo) * 0.06;
        // A constant line sits in the middle of an axis of its own size.
        let air = if air > 0.0 { air } else { (hi.abs() * 0.5).max(1.0) };
        (
            if self.zero && lo == 0.0 { 0.0 } else { lo - air },
            if self.zero && hi == 0.0 && lo < 0.0 { 0.0 } else { hi + air },
        )
    }

    fn line(&self, svg: &mut String, line: &Line<'_>, x: &impl Fn(i64) -> f64, y: &impl Fn(f64) -> f64) {
        let points = scale::decimate(&line.points, self.span.0, self.span.1, self.buckets);
        let Some((&first, rest)) = points.split_first() else { return };
        let mut d = format!("M{:.0} {:.0}", x(first.0), y(first.1));
        let mut before = y(first.1);
        let mut last = x(first.0);
        if !rest.is_empty() {
            d.push('L');
        }
        for (i, &(ts, value)) in rest.iter().enumerate() {
            let (at, value) = (x(ts), y(value));
            let space = if i == 0 { "" } else { " " };
            if line.step {
                let _ = write!(d, "{space}{at:.0} {before:.0} {at:.0} {value:.0}");
            } else {
                let _ = write!(d, "{space}{at:.0} {value:.0}");
            }
            (before, last) = (value, at);
        }
        if line.area {
            let floor = y(0.0).clamp(0.0, BOX);
            let begin = x(first.0);
            let _ = write!(svg, r#"<path class="area {}" d="{d}V{floor:.0}H{begin:.0}Z"/>"#, line.class);
        }
        if rest.is_empty() {
            // A lone point still shows: as a short dash.
            let _ = write!(d, "L{:.0} {before:.0}", (last + 20.0).min(BOX));
        }
        let _ =
            write!(svg, r#"<path class="line {}" data-label="{}" d="{d}"/>"#, line.class, escape(line.label));
    }

    /// At most one mark a hundredth of the width, the lowest; how many there were is in its words.
    fn thin_marks(&self, x: &impl Fn(i64) -> f64) -> Vec<(f64, f64, String)> {
        let mut out: Vec<(f64, f64, String, usize)> = Vec::new();
        for (ts, value, what) in &self.marks {
            let at = x(*ts);
            match out.last_mut().filter(|m| at - m.0 < BOX / 100.0) {
                Some(m) => {
                    m.1 = m.1.min(*value);
                    m.3 += 1;
                }
                None => out.push((at, *value, what.clone(), 1)),
            }
        }
        let words = |what: String, n: usize| {
            if n == 1 { what } else { format!("{what}, and {} more", format::count(n as u64 - 1)) }
        };
        out.into_iter().map(|(at, value, what, n)| (at, value, words(what, n))).collect()
    }

    fn keys(&self) -> String {
        let mut keys = String::new();
        if self.lines.len() > 1 || self.band.is_some() {
            for line in &self.lines {
                let _ = write!(keys, r#"<span class="key {}">{}</span>"#, line.class, escape(line.label));
            }
        }
        if self.band.is_some() {
            keys.push_str(r#"<span class="key bounds">bounds</span>"#);
        }
        if !self.marks.is_empty() {
            let _ = write!(keys, r#"<span class="key dot">{}</span>"#, escape(self.marks_key));
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(i64, f64)>) -> Chart<'static> {
        let line = Line { label: "a<b", class: "price", points, step: false, area: true };
        Chart {
            title: "Price",
            about: String::new(),
            unit: Unit::Quote,
            span: (0, 100_000),
            lines: vec![line],
            band: None,
            marks: vec![],
            marks_key: "liquidation",
            zero: false,
            buckets: 100,
        }
    }

    #[test]
    fn draws_whatever_it_is_given() {
        for points in [
            vec![],
            vec![(0, 5.0)],
            vec![(0, 0.0), (100_000, 0.0)],
            vec![(0, f64::NAN), (50_000, f64::INFINITY)],
            (0..100_000).map(|i| (i, (i as f64 / 900.0).sin())).collect(),
            vec![(i64::MIN, 1.0), (i64::MAX, 2.0)],
        ] {
            let html = chart(points).render();
            assert!(
                !html.contains("NaN") && !html.contains("inf") && html.len() < 12_000,
                "{} {html}",
                html.len()
            );
            assert!(!html.contains("a<b"));
        }
        let mut c = chart(vec![(0, 1.0)]);
        c.span = (7, 7);
        assert!(!c.render().contains("NaN"));
    }

    #[test]
    fn marks_are_thinned_and_counted() {
        let mut c = chart(vec![(0, 1.0), (100_000, 2.0)]);
        c.marks = (0..500).map(|i| (50_000 + i, 1.5, "liquidation: <x>".into())).collect();
        let html = c.render();
        assert_eq!(html.matches("class=\"mark\"").count(), 1);
        assert!(html.contains("liquidation: &lt;x&gt;, and 499 more"));
    }
}
