//! The dApp's files.
//!
//! The build gives every file under `assets/` a name that changes with what is in it: a browser may keep those for ever.
//! Everything else it must ask for anew, so that a new release is seen at once. A path that is no file is a page of the
//! dApp, and gets `index.html`; a missing asset does not, for a page in place of a script hides what is wrong.

use std::path::PathBuf;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower_http::services::{ServeDir, ServeFile};

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_ANEW: HeaderValue = HeaderValue::from_static("no-cache");

async fn keep(request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let lasts = is_asset && (response.status().is_success() || response.status().is_redirection());
    response.headers_mut().insert(header::CACHE_CONTROL, if lasts { FOR_EVER } else { ASK_ANEW });
    response
}

/// Routes to the files in a folder, or none.
pub fn files(folder: Option<PathBuf>) -> Router {
    let Some(folder) = folder else { return Router::new() };
    let index = ServeFile::new(folder.join("index.html"));
    Router::new()
        .nest_service("/assets", ServeDir::new(folder.join("assets")))
        .fallback_service(ServeDir::new(folder).fallback(index))
        .layer(from_fn(keep))
}
