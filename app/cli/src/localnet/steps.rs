//! What is shown while a local cluster starts, and when it runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use unicode_width::UnicodeWidthStr;

/// Says what is done, and how long it took.
#[derive(Clone)]
pub struct Steps {
    since: Arc<Mutex<Instant>>,
    /// Standard output is somebody's JSON.
    aside: bool,
}

impl Steps {
    /// Begins to measure; `aside` leaves standard output alone.
    #[must_use]
    pub fn new(aside: bool) -> Self {
        Self { since: Arc::new(Mutex::new(Instant::now())), aside }
    }

    /// A step is done.
    pub fn done(&self, name: &str, what: &str) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.say(&format!("{name:<9}{:>6.1} s  {what}", since.elapsed().as_secs_f64()));
        *since = Instant::now();
    }

    /// Something to know.
    pub fn say(&self, text: &str) {
        if self.aside {
            eprintln!("{text}");
        } else {
            // Whoever reads it may have stopped.
            let _ = crate::commands::say(text);
        }
    }
}

/// Rows of names and values in a frame.
#[must_use]
pub fn framed(title: &str, rows: &[(&str, String)], foot: &str) -> String {
    let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name:<11}{value}")).collect();
    let all = lines.iter().map(String::as_str).chain([title, foot]);
    let wide = all.map(UnicodeWidthStr::width).max().unwrap_or_default();
    let line = |text: &str| format!("│ {text}{} │\n", " ".repeat(wide - text.width()));
    let rule = "─".repeat(wide + 2);
    let mut text = format!("\n┌{rule}┐\n{}├{rule}┤\n", line(title));
    lines.iter().for_each(|row| text.push_str(&line(row)));
    text.push_str(&format!("├{rule}┤\n{}└{rule}┘", line(foot)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_frame_is_as_wide_as_the_others() {
        let rows = [("RPC", "http://127.0.0.1:1".to_owned()), ("wörter", "Ω".to_owned())];
        let text = framed("title", &rows, "a rather long foot, longer than every row");
        let widths: Vec<usize> = text.lines().skip(1).map(UnicodeWidthStr::width).collect();
        assert!(widths.iter().all(|w| *w == widths[0]), "{text}");
    }
}
