//! `/api/v1/demo`.

use axum::Router;
use axum::routing::get;

use super::handlers::{error, panic, panic_in_stream, slow};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/error", get(error))
        .route("/panic", get(panic))
        .route("/panic-in-stream", get(panic_in_stream))
        .route("/slow", get(slow))
}
