//! Alerts at an endpoint over HTTP: as JSON, in order, again where it failed, and beside whoever tells.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use ballast_keeper::alerts::{Alert, Alerts, Gate};
use ballast_keeper::metrics::Metrics;
use ballast_keeper::webhook::{Endpoint, Webhook};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// An endpoint: what it answers next (hanging where there is no status), and what it was told.
#[derive(Default)]
struct Receiver {
    answers: Mutex<VecDeque<Option<StatusCode>>>,
    told: Mutex<Vec<Value>>,
}

async fn hook(State(receiver): State<Arc<Receiver>>, Json(body): Json<Value>) -> StatusCode {
    receiver.told.lock().unwrap().push(body);
    let next = receiver.answers.lock().unwrap().pop_front();
    match next.unwrap_or(Some(StatusCode::OK)) {
        Some(status) => status,
        None => std::future::pending().await,
    }
}

/// Serves an endpoint that answers so at first, and takes everything afterwards.
async fn serve(answers: &[Option<StatusCode>]) -> (Arc<Receiver>, String) {
    let receiver = Arc::new(Receiver::default());
    receiver.answers.lock().unwrap().extend(answers);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/secret", listener.local_addr().unwrap());
    let pages = Router::new().route("/secret", post(hook)).with_state(receiver.clone());
    tokio::spawn(async move { axum::serve(listener, pages).await.unwrap() });
    (receiver, url)
}

fn alerts(url: String, tries: u32) -> (Alerts, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::default());
    let endpoint =
        Endpoint { url, patience: Duration::from_millis(300), tries, pause: Duration::from_millis(20) };
    let webhook = Webhook::start(endpoint, metrics.clone());
    (Alerts::new(Gate::new(600, 1_000), Some(webhook), metrics.clone()), metrics)
}

fn alert(subject: &str, stands: bool) -> Alert {
    let (text, data) = (format!("{subject} is low"), json!({ "lamports": 7 }));
    Alert { kind: "lamports", subject: subject.into(), stands, text, data }
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < SOON, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn count(metrics: &Metrics, outcome: &str) -> u64 {
    metrics.alerts.with_label_values(&["lamports", outcome]).get()
}

fn states(receiver: &Receiver) -> Vec<String> {
    let told = receiver.told.lock().unwrap();
    told.iter()
        .map(|t| format!("{} {}", t["subject"].as_str().unwrap(), t["state"].as_str().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_condition_is_delivered_as_json_when_it_begins_and_when_it_ends() {
    let (receiver, url) = serve(&[]).await;
    let (mut alerts, metrics) = alerts(url, 3);
    alerts.tell(alert("own", true), 1_000);
    alerts.tell(alert("own", true), 1_001);
    alerts.tell(alert("own", false), 1_002);
    until("both are delivered", || count(&metrics, "delivered") == 2).await;
    let told = receiver.told.lock().unwrap();
    assert_eq!(
        told[0],
        json!({
            "kind": "lamports", "subject": "own", "state": "raised", "text": "own is low",
            "data": { "lamports": 7 }, "heldBack": 0, "time": 1_000,
        })
    );
    assert_eq!((told.len(), &told[1]["state"], &told[1]["time"]), (2, &"cleared".into(), &1_002.into()));
}

#[tokio::test]
async fn an_endpoint_that_fails_is_told_again_until_it_takes_it_and_in_order() {
    let failing = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS].map(Some);
    let (receiver, url) = serve(&failing).await;
    let (mut alerts, metrics) = alerts(url, 3);
    alerts.tell(alert("a", true), 0);
    alerts.tell(alert("a", false), 1);
    until("both are delivered", || count(&metrics, "delivered") == 2).await;
    assert_eq!(states(&receiver), ["a raised", "a raised", "a raised", "a cleared"]);
    assert_eq!(count(&metrics, "lost"), 0);
}

#[tokio::test]
async fn what_nobody_takes_is_given_up_and_does_not_hold_up_the_next() {
    let (receiver, url) = serve(&[Some(StatusCode::INTERNAL_SERVER_ERROR); 3]).await;
    let (mut alerts, metrics) = alerts(url, 3);
    alerts.tell(alert("a", true), 0);
    alerts.tell(alert("b", true), 0);
    until("one is lost and one delivered", || count(&metrics, "lost") == 1).await;
    until("the next is delivered", || count(&metrics, "delivered") == 1).await;
    assert_eq!(states(&receiver), ["a raised", "a raised", "a raised", "b raised"]);
}

#[tokio::test]
async fn what_an_endpoint_refuses_for_good_is_not_repeated() {
    let (receiver, url) = serve(&[Some(StatusCode::NOT_FOUND)]).await;
    let (mut alerts, metrics) = alerts(url, 3);
    alerts.tell(alert("a", true), 0);
    until("it is given up", || count(&metrics, "lost") == 1).await;
    assert_eq!(states(&receiver), ["a raised"]);
}

#[tokio::test]
async fn an_endpoint_that_hangs_holds_up_nobody_and_the_queue_has_an_end() {
    let (receiver, url) = serve(&[None, None]).await;
    let (mut alerts, metrics) = alerts(url, 2);
    let begun = Instant::now();
    for subject in 0..400 {
        alerts.tell(alert(&subject.to_string(), true), 0);
    }
    assert!(begun.elapsed() < Duration::from_millis(250), "telling took {:?}", begun.elapsed());
    assert!(count(&metrics, "dropped") >= 100, "the queue holds no more than it says");
    until("the hanging one is given up, and the others follow", || {
        count(&metrics, "lost") == 1 && count(&metrics, "delivered") + count(&metrics, "dropped") == 399
    })
    .await;
    assert_eq!(states(&receiver)[..3], ["0 raised", "0 raised", "1 raised"], "tried twice, then passed over");
}
