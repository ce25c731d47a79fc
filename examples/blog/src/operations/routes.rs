//! `/metrics`, `/livez`, `/readyz`, `/log`.

use axum::routing::get;
use axum::{Extension, Router};
use portcullis::axum::{method_not_allowed, not_found};
use portcullis::catch_error::CatchErrorLayer;
use portcullis::shutdown::Handle;

use super::handlers::{change_level, level, metrics};
use crate::health::handlers::{live, ready};
use crate::state::AppState;
use crate::telemetry::LogLevel;

/// The routes of those who run the blog, without its gate: probes are no traffic, and stand neither in the log nor in the metrics.
pub fn router(state: AppState, shutdown: Handle, level_of_log: LogLevel) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/log", get(level).put(change_level))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(shutdown))
        .layer(Extension(level_of_log))
        .layer(CatchErrorLayer::new())
        .with_state(state)
}
