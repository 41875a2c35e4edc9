//! Which lines of a transaction's logs the program itself wrote.
//!
//! An event is a line `Program data: …`, and any program can write one that looks like ours. What tells them apart is who
//! was running: the runtime writes `Program X invoke [depth]` when an invocation begins and `Program X success` when it
//! ends, and what a program logs by itself stands behind `Program log: `. So the stack of invocations is followed, and a
//! line counts only while the program is on top of it.
//!
//! A node cuts logs that are too long. From there on lines are missing, those that end invocations among them: nothing
//! after the cut is believed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What a transaction's logs hold of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Its events as it wrote them, in order.
    pub events: Vec<Vec<u8>>,
    /// Whether the logs were cut, so that there may have been more.
    pub cut: bool,
}

enum Step<'a> {
    Begins { program: &'a str, depth: usize },
    Ends,
}

/// A line by which the runtime begins or ends an invocation. A program's own lines have a colon after their first word.
fn step(line: &str) -> Option<Step<'_>> {
    let mut words = line.strip_prefix("Program ")?.split(' ');
    let program = words.next().filter(|word| word.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    match (words.next()?, words.next()) {
        ("invoke", Some(depth)) => {
            let depth = depth.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
            Some(Step::Begins { program, depth })
        }
        ("success", None) | ("failed:", _) => Some(Step::Ends),
        _ => None,
    }
}

/// What the logs of one transaction hold of `program` (its address, base58).
#[must_use]
pub fn of_program(logs: &[String], program: &str) -> Found {
    let mut found = Found::default();
    let mut running: Vec<bool> = Vec::new();
    for line in logs {
        if line == "Log truncated" {
            found.cut = true;
            break;
        }
        if let Some(data) = line.strip_prefix("Program data: ") {
            if running.last() == Some(&true) {
                found.events.extend(BASE64_STANDARD.decode(data).ok());
            }
            continue;
        }
        match step(line) {
            Some(Step::Begins { program: who, depth }) if depth == running.len() + 1 => {
                running.push(who == program);
            }
            Some(Step::Begins { .. }) => {
                found.cut = true;
                break;
            }
            Some(Step::Ends) => {
                running.pop();
            }
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "Bsr6dUsWpMNKqWYvNqW18eG4mvLMjjXA1Y9ehyN91W9h";

    fn found(lines: &[&str]) -> Found {
        of_program(&lines.iter().map(|line| line.replace("OURS", OURS)).collect::<Vec<_>>(), OURS)
    }

    #[test]
    fn only_the_program_on_top_of_the_stack_is_heard() {
        let found = found(&[
            "Program Liar111 invoke [1]",
            "Program data: AQ==",
            "Program OURS invoke [2]",
            "Program data: Ag==",
            "Program Token11 invoke [3]",
            "Program data: Aw==",
            "Program Token11 success",
            "Program data: BA==",
            "Program OURS success",
            "Program data: BQ==",
            "Program Liar111 success",
        ]);
        assert_eq!(found, Found { events: vec![vec![2], vec![4]], cut: false });
    }

    #[test]
    fn a_program_cannot_log_itself_off_the_stack() {
        let found = found(&[
            "Program OURS invoke [1]",
            "Program Liar111 invoke [2]",
            "Program log: success",
            "Program log: OURS invoke [3]",
            "Program log: OURS success",
            "Program return: OURS success",
            "Program data: AQ==",
            "Program Liar111 success",
            "Program data: Ag==",
            "Program OURS consumed 5 of 6 compute units",
            "Program OURS success",
        ]);
        assert_eq!(found.events, [[2]]);
    }

    #[test]
    fn nothing_after_a_cut_is_believed() {
        let cut =
            found(&["Program OURS invoke [1]", "Program data: AQ==", "Log truncated", "Program data: Ag=="]);
        assert_eq!(cut, Found { events: vec![vec![1]], cut: true });
        // The line that ended an invocation is missing.
        let gap = found(&["Program OURS invoke [1]", "Program Liar111 invoke [1]", "Program data: AQ=="]);
        assert_eq!(gap, Found { events: vec![], cut: true });
    }
}
