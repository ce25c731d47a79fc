//! `/healthz` and `/readyz`, outside `/api` and its limits.

use axum::routing::get;
use axum::{Extension, Router};
use portcullis::shutdown::Handle;

use super::handlers::{live, ready};
use crate::state::AppState;

pub(crate) fn router(shutdown: &Handle) -> Router<AppState> {
    Router::new()
        .route("/healthz", get(live))
        .route("/readyz", get(ready).layer(Extension(shutdown.clone())))
}
