//! `/api/v1/posts/{post}/comments`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{create, delete, list, patch, restore, show, thread};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    let writers = || Policy::permission("comments:write");
    Routes::new()
        .get("/{id}/comments", Policy::anyone(), list)
        .post("/{id}/comments", writers(), create)
        .get("/{id}/thread", Policy::anyone(), thread)
        .get("/{id}/comments/{comment}", Policy::anyone(), show)
        .patch("/{id}/comments/{comment}", writers(), patch)
        .delete("/{id}/comments/{comment}", writers(), delete)
        .post("/{id}/comments/{comment}/restore", writers(), restore)
}
