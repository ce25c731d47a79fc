//! `/api/v1/posts/{post}/comments`.

use axum::Router;
use axum::routing::get;

use super::handlers::{create, delete, list, show};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/{id}/comments", get(list).post(create))
        .route("/{id}/comments/{comment}", get(show).delete(delete))
}
