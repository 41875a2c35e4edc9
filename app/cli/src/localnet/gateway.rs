//! The HTTP address that everything else is behind.

use std::path::Path;

use anyhow::{Result, anyhow};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::cors::CorsLayer;
use tower_http::services::{ServeDir, ServeFile};

/// Takes the port.
///
/// # Errors
/// If somebody else has it.
pub async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|e| {
        anyhow!("cannot listen on port {port} ({e}): end what listens there, or choose another with --port")
    })
}

/// Serves the house's description, the control endpoints, and the dApp's files where there are any.
#[must_use]
pub fn start(listener: TcpListener, description: &Value, control: Router, web: Option<&Path>) -> JoinHandle<()> {
    let description = description.clone();
    let mut router =
        Router::new().route("/config.json", get(move || async move { Json(description) })).merge(control);
    if let Some(web) = web {
        router = router.fallback_service(ServeDir::new(web).fallback(ServeFile::new(web.join("index.html"))));
    }
    let router = router.layer(CorsLayer::permissive());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "gateway");
        }
    })
}
