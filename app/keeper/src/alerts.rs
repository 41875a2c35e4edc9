//! Telling people, once.
//!
//! A condition that stands is told when it begins, again after a while if it still stands, and once more when it ends. A
//! storm of conditions is told up to a number a minute; what is held back is counted, and said with the next alert.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::metrics::Metrics;
use crate::webhook::Webhook;

/// Something that people may want to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its kind.
    pub kind: &'static str,
    /// What it is about: conditions of one kind and subject are the same condition.
    pub subject: String,
    /// Whether it stands.
    pub stands: bool,
    /// A sentence.
    pub text: String,
    /// Figures.
    pub data: Value,
}

/// What is to be told of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has begun, or still stands after a while; so many others were held back since the last one that was told.
    Raised {
        /// Alerts that were held back.
        held_back: u32,
    },
    /// It has ended.
    Cleared,
    /// Nothing: it is known, or nobody was told of it.
    Nothing,
    /// Too many were told in this minute.
    HeldBack,
}

/// Which alerts pass.
#[derive(Debug, Default)]
pub struct Gate {
    repeat_s: i64,
    most_per_minute: usize,
    raised: HashMap<(&'static str, String), i64>,
    sent: VecDeque<i64>,
    held_back: u32,
}

impl Gate {
    /// A gate that lets a standing condition through again after `repeat_s`, and so many alerts a minute.
    #[must_use]
    pub fn new(repeat_s: i64, most_per_minute: usize) -> Self {
        Self { repeat_s, most_per_minute, ..Self::default() }
    }

    fn has_room(&mut self, now: i64) -> bool {
        while self.sent.front().is_some_and(|t| now.saturating_sub(*t) >= 60) {
            self.sent.pop_front();
        }
        self.sent.len() < self.most_per_minute
    }

    /// What is to be told of a condition at `now`, unix seconds.
    pub fn judge(&mut self, alert: &Alert, now: i64) -> Told {
        let key = (alert.kind, alert.subject.clone());
        let known = self.raised.get(&key).copied();
        if !alert.stands {
            return if self.raised.remove(&key).is_some() { Told::Cleared } else { Told::Nothing };
        }
        if known.is_some_and(|last| now.saturating_sub(last) < self.repeat_s) {
            return Told::Nothing;
        }
        if !self.has_room(now) {
            self.held_back += 1;
            return Told::HeldBack;
        }
        self.raised.insert(key, now);
        self.sent.push_back(now);
        Told::Raised { held_back: std::mem::take(&mut self.held_back) }
    }
}

/// Alerts, and where they go.
pub struct Alerts {
    gate: Gate,
    webhook: Option<Webhook>,
    metrics: Arc<Metrics>,
}

impl Alerts {
    /// Alerts that go to a webhook, if there is one, and to the log.
    #[must_use]
    pub fn new(gate: Gate, webhook: Option<Webhook>, metrics: Arc<Metrics>) -> Self {
        Self { gate, webhook, metrics }
    }

    /// Tells of a condition, if it is to be told. Nothing is waited for.
    pub fn tell(&mut self, alert: Alert, now: i64) {
        let (outcome, held_back) = match self.gate.judge(&alert, now) {
            Told::Nothing => return,
            Told::HeldBack => {
                self.metrics.alerts.with_label_values(&[alert.kind, "held_back"]).inc();
                return;
            }
            Told::Raised { held_back } => ("raised", held_back),
            Told::Cleared => ("cleared", 0),
        };
        self.metrics.alerts.with_label_values(&[alert.kind, outcome]).inc();
        tracing::warn!(kind = alert.kind, subject = alert.subject, outcome, data = %alert.data, "{}", alert.text);
        let Some(webhook) = &self.webhook else { return };
        let body = json!({
            "kind": alert.kind, "subject": alert.subject, "state": outcome, "text": alert.text, "data": alert.data,
            "heldBack": held_back, "time": now,
        });
        webhook.tell(alert.kind, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(subject: &str, stands: bool) -> Alert {
        Alert { kind: "health", subject: subject.into(), stands, text: String::new(), data: Value::Null }
    }

    #[test]
    fn a_standing_condition_is_told_once_and_again_only_after_a_while() {
        let mut gate = Gate::new(600, 10);
        assert_eq!(gate.judge(&alert("a", true), 0), Told::Raised { held_back: 0 });
        assert_eq!(gate.judge(&alert("a", true), 1), Told::Nothing);
        assert_eq!(gate.judge(&alert("a", true), 599), Told::Nothing);
        assert_eq!(gate.judge(&alert("a", true), 600), Told::Raised { held_back: 0 });
    }

    #[test]
    fn its_end_is_told_once_and_only_if_its_beginning_was() {
        let mut gate = Gate::new(600, 10);
        assert_eq!(gate.judge(&alert("a", false), 0), Told::Nothing);
        gate.judge(&alert("a", true), 1);
        assert_eq!(gate.judge(&alert("a", false), 2), Told::Cleared);
        assert_eq!(gate.judge(&alert("a", false), 3), Told::Nothing);
        assert_eq!(gate.judge(&alert("a", true), 4), Told::Raised { held_back: 0 }, "it is told anew");
    }

    #[test]
    fn a_storm_is_held_back_counted_and_told_when_it_is_over() {
        let mut gate = Gate::new(600, 2);
        let told: Vec<_> = ["a", "b", "c", "d"].map(|s| gate.judge(&alert(s, true), 0)).into();
        assert_eq!(told[2..], [Told::HeldBack, Told::HeldBack]);
        assert_eq!(gate.judge(&alert("c", true), 60), Told::Raised { held_back: 2 });
        assert_eq!(gate.judge(&alert("a", true), 60), Told::Nothing, "what was told is not told again");
    }
}
