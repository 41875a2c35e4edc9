//! Telling an endpoint, in order and beside the loop.
//!
//! Alerts wait in a queue that one task empties: what ends is told after what began, and an endpoint that hangs holds up
//! nobody but itself. Whoever does not answer, or answers that it cannot now, is asked again with a growing pause; so an
//! alert may arrive twice, and is the same where kind, subject, state and time are. What the queue cannot hold is dropped,
//! counted, and in the log.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::metrics::Metrics;

/// Alerts that wait at most.
const BACKLOG: usize = 256;
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How an endpoint is told.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where it is. It may carry a secret, and is never logged.
    pub url: String,
    /// How long an answer is waited for.
    pub patience: Duration,
    /// How often one alert is tried.
    pub tries: u32,
    /// Pause before the second try; doubled with each.
    pub pause: Duration,
}

/// A queue in front of an endpoint.
pub struct Webhook {
    queue: mpsc::Sender<(&'static str, Value)>,
    metrics: Arc<Metrics>,
}

impl Webhook {
    /// A webhook whose queue is emptied until it is dropped.
    #[must_use]
    pub fn start(endpoint: Endpoint, metrics: Arc<Metrics>) -> Self {
        let (queue, waiting) = mpsc::channel(BACKLOG);
        tokio::spawn(empty(endpoint, waiting, metrics.clone()));
        Self { queue, metrics }
    }

    /// Puts an alert in the queue; never waits.
    pub fn tell(&self, kind: &'static str, body: Value) {
        if self.queue.try_send((kind, body)).is_err() {
            self.metrics.alerts.with_label_values(&[kind, "dropped"]).inc();
            tracing::error!(kind, "the webhook is too far behind: an alert was dropped");
        }
    }
}

async fn empty(
    endpoint: Endpoint,
    mut waiting: mpsc::Receiver<(&'static str, Value)>,
    metrics: Arc<Metrics>,
) {
    let http = reqwest::Client::new();
    while let Some((kind, body)) = waiting.recv().await {
        let outcome = match deliver(&http, &endpoint, &body).await {
            Ok(()) => "delivered",
            Err(reason) => {
                tracing::error!(kind, reason, "the webhook did not take an alert");
                "lost"
            }
        };
        metrics.alerts.with_label_values(&[kind, outcome]).inc();
    }
}

/// Whether the same request may be answered otherwise later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status)
}

async fn deliver(http: &reqwest::Client, endpoint: &Endpoint, body: &Value) -> Result<(), String> {
    let (mut pause, mut reason) = (endpoint.pause, String::new());
    for tried in 0..endpoint.tries {
        if tried > 0 {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        match http.post(&endpoint.url).timeout(endpoint.patience).json(body).send().await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) if !is_passing(answer.status()) => {
                return Err(format!("it answered {}", answer.status()));
            }
            Ok(answer) => reason = format!("it answered {}, {} times", answer.status(), tried + 1),
            Err(e) => reason = format!("{}, {} times", e.without_url(), tried + 1),
        }
    }
    Err(reason)
}
