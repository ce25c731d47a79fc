//! `/api/v1/demo`.

use axum::routing::get;
use axum::{Extension, Router};
use portcullis::stack::Explanation;

use super::handlers::{error, gate, panic, panic_in_stream, slow};
use crate::state::AppState;

pub(crate) fn router(explanation: Explanation) -> Router<AppState> {
    Router::new()
        .route("/gate", get(gate).layer(Extension(explanation)))
        .route("/error", get(error))
        .route("/panic", get(panic))
        .route("/panic-in-stream", get(panic_in_stream))
        .route("/slow", get(slow))
}
