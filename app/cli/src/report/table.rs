//! Plain-text tables and the painting of text, for the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How a piece of text is painted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    Plain,
    Bold,
    Dim,
    Accent,
    Good,
    Warn,
    Bad,
}

/// `text` in a style, or as it is without colour.
pub fn paint(text: &str, style: Style, colour: bool) -> String {
    let code = match style {
        _ if text.is_empty() => return String::new(),
        Style::Plain => return text.to_owned(),
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Accent => "36",
        Style::Good => "32",
        Style::Warn => "33",
        Style::Bad => "31",
    };
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Columns a text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` without control characters: a name must not be able to move the cursor.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `text` cut to `max` columns, the cut marked.
pub fn fit(text: &str, max: usize) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > max {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// `text` broken between words into lines of at most `max` columns; words longer than that are cut.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let word = fit(word, max);
        // `lines` begins with one line and never loses any.
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            *line = word;
        } else if width(line) + 1 + width(&word) <= max {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// A column of a table.
pub struct Column {
    head: &'static str,
    right: bool,
    /// Columns with the highest rank go first when the table is too wide; rank 0 never does.
    rank: u8,
}

/// A column of text; `rank` above 0 lets it be dropped, the highest first.
pub fn text(head: &'static str, rank: u8) -> Column {
    Column { head, right: false, rank }
}

/// A column of numbers; `rank` as in [`text`].
pub fn number(head: &'static str, rank: u8) -> Column {
    Column { head, right: true, rank }
}

/// A table that fits itself to a width.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<(String, Style)>>,
}

const BETWEEN: usize = 2;

impl Table {
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; one cell a column.
    pub fn row(&mut self, cells: Vec<(String, Style)>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells.into_iter().map(|(text, style)| (clean(&text), style)).collect());
    }

    /// Lines of at most `max` columns: head, rule, rows. Columns are dropped by rank, then the widest one is cut.
    pub fn render(&self, max: usize, indent: usize, colour: bool) -> Vec<String> {
        let max = max.saturating_sub(indent);
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        let natural = |c: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(c)).map(|cell| width(&cell.0));
            cells.chain([width(self.columns[c].head)]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.columns.len()).map(natural).collect();
        let total = |shown: &[usize], widths: &[usize]| {
            shown.iter().map(|&c| widths[c]).sum::<usize>() + BETWEEN * shown.len().saturating_sub(1)
        };
        // The last text column may shrink to this before a column is dropped for it: descriptions are patient.
        const READABLE: usize = 18;
        while total(&shown, &widths) > max {
            let over = total(&shown, &widths) - max;
            let last = shown.last().copied().filter(|&c| !self.columns[c].right);
            if let Some(c) = last.filter(|&c| widths[c] >= over + READABLE) {
                widths[c] -= over;
                break;
            }
            let droppable = shown.iter().copied().filter(|&c| self.columns[c].rank > 0);
            match droppable.max_by_key(|&c| self.columns[c].rank) {
                Some(c) => shown.retain(|&s| s != c),
                None => {
                    let Some(&widest) = shown.iter().max_by_key(|&&c| widths[c]) else { break };
                    if widths[widest] <= 4 {
                        break;
                    }
                    widths[widest] -= over.min(widths[widest] - 4);
                }
            }
        }
        let line = |cell: &dyn Fn(usize) -> (String, Style)| {
            let mut out = " ".repeat(indent);
            for (i, &c) in shown.iter().enumerate() {
                let (text, style) = cell(c);
                let text = fit(&text, widths[c]);
                let pad = " ".repeat(widths[c].saturating_sub(width(&text)));
                let text = paint(&text, style, colour);
                let last = i + 1 == shown.len();
                match (self.columns[c].right, last) {
                    (true, _) => out.push_str(&format!("{pad}{text}")),
                    (false, true) => out.push_str(&text),
                    (false, false) => out.push_str(&format!("{text}{pad}")),
                }
                if !last {
                    out.push_str(&" ".repeat(BETWEEN));
                }
            }
            out
        };
        let rule = format!("{}{}", " ".repeat(indent), "─".repeat(total(&shown, &widths).min(max)));
        let mut lines =
            vec![line(&|c| (self.columns[c].head.to_owned(), Style::Dim)), paint(&rule, Style::Dim, colour)];
        lines.extend(
            self.rows
                .iter()
                .map(|row| line(&|c| row.get(c).cloned().unwrap_or((String::new(), Style::Plain)))),
        );
        lines
    }
}

/// Which of the values that fall on one block it shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The last: what a price ended at.
    Last,
    /// The highest: what a risk rose to.
    Highest,
}

/// A row of blocks that shows how values go between `lo` and `hi`.
pub fn sparkline(values: &[f64], lo: f64, hi: f64, columns: usize, pick: Pick) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let n = columns.min(values.len());
    (0..n)
        .map(|i| {
            let part = &values[i * values.len() / n..(i + 1) * values.len() / n];
            let mut finite = part.iter().copied().filter(|v| v.is_finite());
            let value = match pick {
                Pick::Last => finite.next_back(),
                Pick::Highest => finite.max_by(f64::total_cmp),
            };
            match value {
                None => ' ',
                Some(_) if hi <= lo => BLOCKS[0],
                // Saturates at both ends: the cast is what clamps.
                Some(v) => BLOCKS[(((v - lo) / (hi - lo) * 8.0) as usize).min(7)],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_drop_what_matters_least_and_never_overflow() {
        let mut t = Table::new(vec![text("name", 0), number("a", 1), number("b", 2), text("remark", 3)]);
        let cell = |s: &str| (s.to_owned(), Style::Plain);
        t.row(vec![cell("someone"), cell("1,000"), cell("2,000,000"), cell("a long remark about this one")]);
        let wide = t.render(80, 2, false);
        assert!(wide[0].contains("remark") && wide[2].contains("about this one"));
        let middle = t.render(50, 2, false);
        assert!(middle[2].ends_with('…'), "{middle:?}");
        let narrow = t.render(26, 2, false);
        assert!(
            !narrow[0].contains("remark") && !narrow[0].contains('b') && narrow[2].contains("1,000"),
            "{narrow:?}"
        );
        for max in 8..90 {
            assert!(t.render(max, 0, false).iter().all(|l| width(l) <= max), "{max}");
        }
    }

    #[test]
    fn text_fits() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(clean("a\x1b[31m"), "a\u{fffd}[31m");
        assert_eq!(paint("x", Style::Bad, false), "x");
    }

    #[test]
    fn sparks_show_spikes() {
        let mut values = vec![1.0; 100];
        values[42] = 8.0;
        let line = sparkline(&values, 0.0, 8.0, 20, Pick::Highest);
        assert_eq!(line.chars().count(), 20);
        assert!(line.contains('█'));
        assert_eq!(sparkline(&[f64::NAN, 3.0], 3.0, 3.0, 10, Pick::Last), " ▁");
        assert_eq!(sparkline(&[], 0.0, 1.0, 10, Pick::Last), "");
        assert_eq!(sparkline(&[-5.0, 50.0], 0.0, 1.0, 10, Pick::Last), "▁█");
    }
}
