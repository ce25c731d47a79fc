//! `/api/v1/posts`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{create, delete, list, patch, replace, search, show};
use super::policy::changers;
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .get("/", Policy::anyone(), list)
        .post("/", Policy::permission("posts:write"), create)
        .get("/search", Policy::anyone(), search)
        .get("/{id}", Policy::anyone(), show)
        .put("/{id}", changers(), replace)
        .patch("/{id}", changers(), patch)
        .delete("/{id}", changers(), delete)
}
