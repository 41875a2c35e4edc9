//! What is served to people and to Prometheus.

use std::sync::Arc;

use ballast_keeper::metrics::{Metrics, pages};

#[tokio::test]
async fn health_says_whether_the_node_answers_and_metrics_have_every_name() {
    let metrics = Arc::new(Metrics::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let served = pages(metrics.clone());
    tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
    let health = || async move { reqwest::get(format!("http://{at}/health")).await.unwrap() };
    assert_eq!(health().await.status(), 503, "nothing was heard yet");
    metrics.beat();
    metrics.accounts.set(7);
    let answer = health().await;
    assert_eq!(answer.status(), 200);
    let said: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((&said["ok"], &said["accounts"]), (&true.into(), &7.into()));

    metrics.rpc_calls.with_label_values(&["getMultipleAccounts"]).inc();
    let page = reqwest::get(format!("http://{at}/metrics")).await.unwrap().text().await.unwrap();
    for line in [
        "keeper_accounts 7",
        "keeper_rpc_calls_total{method=\"getMultipleAccounts\"} 1",
        "keeper_price_to_decision_seconds_count 0",
        "keeper_price_to_transaction_seconds_count 0",
        "keeper_pass_seconds_count 0",
        "keeper_look_seconds_count 0",
    ] {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
}
