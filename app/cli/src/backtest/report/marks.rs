//! Small pictures that have no time axis: lanes with a dot and an interval, bars, and a scatter.

use std::fmt::Write;

use crate::report::format::{escape, percent};
use crate::report::scale;

/// One row of [`lanes`].
pub struct Lane {
    /// In front of it.
    pub name: String,
    /// The value, and where it probably lies.
    pub value: f64,
    /// As `value`.
    pub interval: Option<(f64, f64)>,
    /// What it is compared with.
    pub other: f64,
}

/// Dots with intervals on a common scale from zero, fractions shown in percent; `line` is where they
/// should be, if anywhere.
#[must_use]
pub fn lanes(rows: &[Lane], line: Option<f64>) -> String {
    let ends = rows.iter().flat_map(|r| [r.value, r.other, r.interval.map_or(0.0, |i| i.1)]);
    let most = ends.filter(|v| v.is_finite()).fold(line.unwrap_or(1e-6), f64::max) * 1.08;
    let at = |v: f64| v / most * 100.0;
    let mut out = String::from("<div class=\"lanes\">");
    for row in rows {
        let other = if row.other.is_finite() {
            format!(r#"<i class="fixed" style="left:{:.2}%"></i>"#, at(row.other))
        } else {
            String::new()
        };
        let target = line.map_or(String::new(), |line| format!(r#"<u style="left:{:.2}%"></u>"#, at(line)));
        let (lo, hi) = row.interval.unwrap_or((row.value, row.value));
        let _ = write!(
            out,
            concat!(
                r#"<span>{}</span><div class="lane">{}<s style="left:{:.2}%;width:{:.2}%"></s>"#,
                r#"{}<i style="left:{:.2}%"></i></div>"#,
                r#"<span class="v"><b>{}</b> ({})</span>"#,
            ),
            escape(&row.name),
            target,
            at(lo),
            at(hi - lo),
            other,
            at(row.value),
            percent(row.value, 2),
            percent(row.other, 2),
        );
    }
    let (ticks, step) = scale::ticks(0.0, most * 100.0, 5);
    let labels: String = ticks
        .iter()
        .map(|t| {
            format!(r#"<b style="left:{:.2}%">{} %</b>"#, t / most, scale::label(*t, step, most * 100.0))
        })
        .collect();
    let _ = write!(out, "<span></span><div class=\"axis\">{labels}</div><span></span></div>");
    out
}

/// Three bars a row on a common scale from zero, fractions; the words behind them are given.
#[must_use]
pub fn bars(rows: &[(String, [f64; 3], String)]) -> String {
    let most = rows.iter().flat_map(|r| r.1).filter(|v| v.is_finite()).fold(1e-9, f64::max);
    let mut out = String::from("<div class=\"lanes\">");
    for (name, values, words) in rows {
        let bars: String = values
            .iter()
            .map(|v| {
                format!(r#"<s style="width:{:.2}%"></s>"#, if v.is_finite() { v / most * 100.0 } else { 0.0 })
            })
            .collect();
        let _ = write!(
            out,
            r#"<span>{}</span><div class="lane bars">{bars}</div><span class="v">{words}</span>"#,
            escape(name)
        );
    }
    out.push_str("</div>");
    out
}

/// A point of [`scatter`].
pub struct Dot {
    /// Beside it.
    pub name: String,
    /// Where it stands, fractions.
    pub x: f64,
    /// As `x`.
    pub y: f64,
    /// Whether it is the recommended one.
    pub this: bool,
    /// Whether its name stands beside it; otherwise it is shown when pointed at.
    pub labelled: bool,
    /// Colour class of the style sheet.
    pub class: &'static str,
}

/// What a label takes of the width and the height, per cent, and of the height in pixels.
const LABEL: (f64, f64) = (22.0, 5.0);
const LABEL_PX: f64 = 15.0;

/// Dots over two axes in percent, each wide enough for all of them.
#[must_use]
pub fn scatter(title: &str, x_name: &str, dots: &[Dot]) -> String {
    let range = |value: fn(&Dot) -> f64| {
        let values = || dots.iter().map(value).filter(|v| v.is_finite()).map(|v| v * 100.0);
        let (lo, hi) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let air = ((hi - lo) * 0.12).max(hi.abs() * 0.02).max(1e-6);
        if lo > hi { (0.0, 1.0) } else { ((lo - air).max(0.0), hi + air) }
    };
    let (x, y) = (range(|d| d.x), range(|d| d.y));
    let share = |v: f64, (lo, hi): (f64, f64)| (v - lo) / (hi - lo) * 100.0;
    let mut inside = String::new();
    let (ticks, step) = scale::ticks(y.0, y.1, 5);
    let mut lines = String::new();
    for t in ticks {
        let top = 100.0 - share(t, y);
        let _ = write!(inside, r#"<i style="top:{top:.1}%">{}</i>"#, scale::label(t, step, y.1));
        let _ = write!(lines, r#"<path class="grid" d="M0 {top:.1}H100"/>"#);
    }
    let (ticks, step) = scale::ticks(x.0, x.1, 6);
    for t in ticks {
        let left = share(t, x);
        let _ = write!(inside, r#"<b style="left:{left:.1}%">{}</b>"#, scale::label(t, step, x.1));
        let _ = write!(lines, r#"<path class="grid" d="M{left:.1} 0V100"/>"#);
    }
    // Labels that would lie on another move down by a line.
    let mut labels: Vec<(f64, f64)> = Vec::with_capacity(dots.len());
    for dot in dots.iter().filter(|d| d.x.is_finite() && d.y.is_finite()) {
        let (left, top) = (share(dot.x * 100.0, x), 100.0 - share(dot.y * 100.0, y));
        let (name, title) = (escape(&dot.name), escape(&dot.name));
        let mut class = format!("dot {}{}", dot.class, if dot.this { " this" } else { "" });
        if !dot.labelled {
            let _ = write!(
                inside,
                r#"<div class="{class}" style="left:{left:.1}%;top:{top:.1}%" title="{title}"></div>"#
            );
            continue;
        }
        let mut label = top;
        while let Some(other) =
            labels.iter().find(|l| (l.0 - left).abs() < LABEL.0 && (l.1 - label).abs() < LABEL.1 - 1e-9)
        {
            label = other.1 + LABEL.1;
        }
        labels.push((left, label));
        class.push_str(if left > 75.0 { " flip" } else { "" });
        let down = (label - top) / LABEL.1 * LABEL_PX;
        let _ = write!(
            inside,
            r#"<div class="{class}" style="left:{left:.1}%;top:{top:.1}%" title="{title}"><span style="margin-top:{down:.0}px">{name}</span></div>"#
        );
    }
    format!(
        concat!(
            r#"<figure class="scatter"><figcaption>{}</figcaption><div class="frame"><div class="plot">"#,
            r#"<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{}</svg>{}"#,
            r#"<span class="name">{}</span></div></div></figure>"#,
        ),
        escape(title),
        lines,
        inside,
        escape(x_name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_drawn_stays_inside_and_is_a_number() {
        let lane = |value: f64, interval| Lane { name: "<a>".into(), value, interval, other: f64::NAN };
        let dot =
            |x: f64, y: f64| Dot { name: "<a>".into(), x, y, this: false, labelled: true, class: "w25" };
        for html in [
            lanes(&[], Some(0.01)),
            lanes(&[lane(0.0, None), lane(0.5, Some((0.4, 0.6)))], None),
            bars(&[("<a>".into(), [0.1, f64::NAN, 0.2], String::new())]),
            scatter("t", "x", &[]),
            scatter("t", "x", &[dot(0.1, 0.1)]),
            scatter("t", "x", &[dot(0.1, 0.1), dot(f64::NAN, 0.3), dot(0.2, 0.0)]),
        ] {
            assert!(!html.contains("inf") && !html.contains("NaN") && !html.contains("<a>"), "{html}");
            for part in html.split("left:").skip(1) {
                let left: String = part.chars().take_while(|c| *c != '%').collect();
                assert!((-0.1..=100.1).contains(&left.parse().unwrap()), "{left} in {html}");
            }
        }
    }
}
