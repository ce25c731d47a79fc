//! `/api/v1/posts`.

use axum::Router;
use axum::routing::get;

use super::handlers::{create, delete, list, patch, replace, show};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{id}", get(show).put(replace).patch(patch).delete(delete))
}
