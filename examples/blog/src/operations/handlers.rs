//! What the routes of those who run the blog do.

use axum::Extension;
use axum::extract::State;
use http::HeaderName;
use http::header::CONTENT_TYPE;
use portcullis::Problem;

use crate::error::bad_request;
use crate::state::AppState;
use crate::telemetry::LogLevel;

/// Prometheus' text format, version 0.0.4.
pub(super) async fn metrics(State(state): State<AppState>) -> ([(HeaderName, &'static str); 1], String) {
    let text = state.metrics().render(&state);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// The directives in force.
pub(super) async fn level(Extension(level): Extension<LogLevel>) -> String {
    format!("{}\n", level.current())
}

/// Directives such as `info,portcullis=debug`, in force from now on.
pub(super) async fn change_level(Extension(level): Extension<LogLevel>, directives: String) -> Result<String, Problem> {
    let before = level.current();
    level.change(&directives).map_err(bad_request)?;
    let now = level.current();
    tracing::warn!(%before, %now, "what is logged was changed");
    Ok(format!("{now}\n"))
}
