//! What the health routes do.

use std::borrow::Cow;

use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use portcullis::Problem;
use portcullis::shutdown::Handle;
use serde_json::{Value, json};

use crate::state::AppState;

/// The process answers; nothing else is asked, so that a slow database never gets it restarted.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can do its work: it is not about to end, and what it needs answers.
pub(crate) async fn ready(
    State(state): State<AppState>,
    Extension(shutdown): Extension<Handle>,
) -> Result<([(http::HeaderName, &'static str); 1], Json<Value>), Problem> {
    if !shutdown.is_ready() {
        return Err(unavailable("shutting down"));
    }
    let findings = state.probe().findings().await;
    match findings.refusal() {
        Some(problem) => Err(problem),
        None => Ok((
            [(CACHE_CONTROL, "no-store")],
            Json(json!({ "status": "ok", "checks": findings })),
        )),
    }
}

pub(super) fn unavailable(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_detail(detail)
}
