//! The HTTP interface.
//!
//! Everything under `/api` and `/config.json` may be read by pages of any origin: nothing in it is secret, and nothing can
//! be changed through it. What is asked for is bounded before it is looked up; whatever is refused is refused with a
//! sentence.

mod answers;
mod ask;
mod stream;
mod web;

use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::{Semaphore, watch};
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::state::State;

/// Listeners at once.
const LISTENERS: usize = 1_000;
/// Explanations at once: each asks the engine some hundred times.
const EXPLAINERS: usize = 2;

/// What a handler has.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub state: Arc<State>,
    pub listeners: Arc<Semaphore>,
    pub explainers: Arc<Semaphore>,
    pub stopping: watch::Receiver<bool>,
}

/// Why something is refused.
#[derive(Debug)]
pub(crate) struct Refused(StatusCode, String);

impl Refused {
    fn bad(said: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, said.into())
    }

    fn missing(said: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, said.into())
    }

    /// It is understood, and cannot be answered for what stands on the chain.
    fn impossible(said: impl Into<String>) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, said.into())
    }

    fn later(said: impl Into<String>) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, said.into())
    }
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        tracing::warn!("an answer failed: {error:#}");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "the gateway cannot read its history: see its log".into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// The routes: the API, the dApp's files where there are any, and whatever else is to be served beside them.
pub fn router(
    state: Arc<State>,
    web: Option<PathBuf>,
    extra: Router,
    stopping: watch::Receiver<bool>,
) -> Router {
    let gateway = Gateway {
        state,
        listeners: Arc::new(Semaphore::new(LISTENERS)),
        explainers: Arc::new(Semaphore::new(EXPLAINERS)),
        stopping,
    };
    let anybody = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE]);
    let not_kept = SetResponseHeaderLayer::if_not_present(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    let api = Router::new()
        .route("/config.json", get(answers::config))
        .route("/api/health", get(answers::health))
        .route("/api/history/assets/{index}", get(answers::asset_history))
        .route("/api/history/markets/{index}", get(answers::market_history))
        .route("/api/history/house", get(answers::house_history))
        .route("/api/events", get(answers::events))
        .route("/api/stream", get(stream::stream))
        .route("/api/accounts", get(answers::accounts))
        .route("/api/accounts/{address}/explain", get(answers::explain))
        .route("/api/explain", post(answers::explain_bytes))
        .route("/api/assets/{index}/haircut", get(answers::haircut))
        .route("/api/{*rest}", get(answers::nothing))
        .with_state(gateway)
        .layer(anybody)
        .layer(not_kept);
    api.merge(extra).merge(web::files(web)).layer(SetResponseHeaderLayer::if_not_present(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    ))
}
