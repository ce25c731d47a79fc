//! `/api/v1/posts`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{create, delete, list, patch, replace, show};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    // Whose post it is, the handlers ask when they have it.
    let writers = || Policy::permission("posts:write");
    Routes::new()
        .get("/", Policy::anyone(), list)
        .post("/", writers(), create)
        .get("/{id}", Policy::anyone(), show)
        .put("/{id}", writers(), replace)
        .patch("/{id}", writers(), patch)
        .delete("/{id}", writers(), delete)
}
