//! What the keeper counts, for Prometheus; and the page that shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use serde_json::json;

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    /// Calls to the node, by method.
    pub rpc_calls: IntCounterVec,
    /// Calls without an answer, or refused, by method.
    pub rpc_errors: IntCounterVec,
    /// Notifications from the feed.
    pub pushes: IntCounter,
    /// Connections of the feed that ended.
    pub reconnects: IntCounter,
    /// Times that everything was read again.
    pub resyncs: IntCounter,
    /// States that were older than what the book holds, by how they came.
    pub stale: IntCounterVec,
    /// Margin accounts in the book.
    pub accounts: IntGauge,
    /// Margin accounts near or below their MM.
    pub near: IntGauge,
    /// Margin accounts below their MM.
    pub short: IntGauge,
    /// Margin accounts valued.
    pub valued: IntCounter,
    /// Transactions whose end is not known.
    pub in_flight: IntGauge,
    /// Transactions that ended, by kind and outcome.
    pub transactions: IntCounterVec,
    /// Decisions, by kind.
    pub decisions: IntCounterVec,
    /// Alerts, by kind and whether they were sent.
    pub alerts: IntCounterVec,
    /// Own settled quote, micro-units; own lamports; own profit from liquidations, micro-units; the insurance fund.
    pub own: IntGaugeVec,
    /// A pass: valuing the accounts that a change can have moved, and some of the others, seconds.
    pub pass: Histogram,
    /// A look that found something to do: valuing, reading again, deciding, and handing over to be sent, seconds.
    pub look: Histogram,
    /// From a price's arrival to the decision that follows from it, seconds.
    pub price_to_decision: Histogram,
    /// From a price's arrival until a node took the first transaction that follows from it, seconds.
    pub price_to_transaction: Histogram,
    /// From the decision to the transaction being sent, seconds.
    pub decision_to_sent: Histogram,
    /// From being sent to being confirmed, seconds.
    pub sent_to_confirmed: Histogram,
    alive: AtomicI64,
}

fn seconds(name: &str, help: &str) -> Histogram {
    let buckets = vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
    Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets)).expect("a valid name")
}

fn counter(name: &str, help: &str) -> IntCounter {
    IntCounter::new(name, help).expect("a valid name")
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, help), labels).expect("a valid name")
}

fn gauge(name: &str, help: &str) -> IntGauge {
    IntGauge::new(name, help).expect("a valid name")
}

fn unix_now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::new(),
            rpc_calls: counters("keeper_rpc_calls_total", "Calls to the node", &["method"]),
            rpc_errors: counters(
                "keeper_rpc_errors_total",
                "Calls without an answer or refused",
                &["method"],
            ),
            pushes: counter("keeper_pushes_total", "Notifications from the feed"),
            reconnects: counter("keeper_reconnects_total", "Connections of the feed that ended"),
            resyncs: counter("keeper_resyncs_total", "Times that everything was read again"),
            stale: counters("keeper_stale_total", "States older than what the book holds", &["source"]),
            accounts: gauge("keeper_accounts", "Margin accounts in the book"),
            near: gauge("keeper_accounts_near", "Margin accounts near or below their MM"),
            short: gauge("keeper_accounts_short", "Margin accounts below their MM"),
            valued: counter("keeper_valued_total", "Margin accounts valued"),
            in_flight: gauge("keeper_in_flight", "Transactions whose end is not known"),
            transactions: counters("keeper_transactions_total", "Ended transactions", &["kind", "outcome"]),
            decisions: counters("keeper_decisions_total", "Decisions", &["kind"]),
            alerts: counters("keeper_alerts_total", "Alerts", &["kind", "outcome"]),
            own: IntGaugeVec::new(
                Opts::new("keeper_balance", "quote, profit and insurance in micro-units; lamports"),
                &["what"],
            )
            .expect("a valid name"),
            pass: seconds("keeper_pass_seconds", "A pass over the accounts"),
            look: seconds("keeper_look_seconds", "A look that found something to do"),
            price_to_transaction: seconds(
                "keeper_price_to_transaction_seconds",
                "Price heard to the first transaction that follows from it, taken by a node",
            ),
            price_to_decision: seconds("keeper_price_to_decision_seconds", "Price heard to decision"),
            decision_to_sent: seconds("keeper_decision_to_sent_seconds", "Decision to transaction sent"),
            sent_to_confirmed: seconds("keeper_sent_to_confirmed_seconds", "Transaction sent to confirmed"),
            alive: AtomicI64::new(0),
        };
        let all: [Box<dyn prometheus::core::Collector>; 21] = [
            Box::new(metrics.rpc_calls.clone()),
            Box::new(metrics.rpc_errors.clone()),
            Box::new(metrics.pushes.clone()),
            Box::new(metrics.reconnects.clone()),
            Box::new(metrics.resyncs.clone()),
            Box::new(metrics.stale.clone()),
            Box::new(metrics.accounts.clone()),
            Box::new(metrics.near.clone()),
            Box::new(metrics.short.clone()),
            Box::new(metrics.valued.clone()),
            Box::new(metrics.in_flight.clone()),
            Box::new(metrics.transactions.clone()),
            Box::new(metrics.decisions.clone()),
            Box::new(metrics.alerts.clone()),
            Box::new(metrics.own.clone()),
            Box::new(metrics.pass.clone()),
            Box::new(metrics.look.clone()),
            Box::new(metrics.price_to_transaction.clone()),
            Box::new(metrics.price_to_decision.clone()),
            Box::new(metrics.decision_to_sent.clone()),
            Box::new(metrics.sent_to_confirmed.clone()),
        ];
        for collector in all {
            metrics.registry.register(collector).expect("every name is used once");
        }
        metrics
    }
}

impl Metrics {
    /// Notes that the main loop has just looked at the chain and found an answer.
    pub fn beat(&self) {
        self.alive.store(unix_now(), Ordering::Relaxed);
    }

    /// Seconds since the last [`Self::beat`]; none before the first.
    #[must_use]
    pub fn silent_s(&self) -> Option<i64> {
        let last = self.alive.load(Ordering::Relaxed);
        (last != 0).then(|| unix_now() - last)
    }

    /// The page that Prometheus reads.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut page);
        encoded.map(|()| String::from_utf8_lossy(&page).into_owned()).unwrap_or_default()
    }
}

/// A keeper whose loop has not found an answer for so long is not well.
const WELL: Duration = Duration::from_secs(30);

async fn metrics_page(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.text())
}

async fn health_page(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    let silent = metrics.silent_s();
    let ok = silent.is_some_and(|s| s <= WELL.as_secs() as i64);
    let code = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let said = json!({
        "ok": ok, "silentSeconds": silent, "accounts": metrics.accounts.get(), "short": metrics.short.get(),
        "inFlight": metrics.in_flight.get(),
    });
    (code, Json(said))
}

/// `/metrics` and `/health`.
pub fn pages(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(metrics_page)).route("/health", get(health_page)).with_state(metrics)
}
