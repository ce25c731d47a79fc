//! `/healthz` and `/readyz`, outside `/api` and its limits.

use axum::Extension;
use portcullis::authorize::Policy;
use portcullis::axum::Routes;
use portcullis::shutdown::Handle;

use super::handlers::{live, ready};
use crate::state::AppState;

pub(crate) fn routes(shutdown: &Handle) -> Routes<AppState> {
    Routes::new()
        .get("/healthz", Policy::anyone(), live)
        .get("/readyz", Policy::anyone(), ready)
        .layer(Extension(shutdown.clone()))
}
