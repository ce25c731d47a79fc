//! What the health routes do.

use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;
use portcullis::Problem;
use portcullis::shutdown::Handle;
use serde_json::{Value, json};

use crate::state::AppState;

/// The process answers; nothing else is asked, so that a slow database never gets it restarted.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can do its work: it is not about to end, and the database answers.
pub(super) async fn ready(
    State(state): State<AppState>,
    Extension(shutdown): Extension<Handle>,
) -> portcullis::Result<Json<Value>> {
    if !shutdown.is_ready() {
        return Err(unavailable("shutting down").into());
    }
    match state.db().ping().await {
        Ok(()) => Ok(Json(json!({ "status": "ok" }))),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            Err(unavailable("the database does not answer").into())
        }
    }
}

fn unavailable(detail: &'static str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE).with_detail(detail)
}
