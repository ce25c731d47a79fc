//! `/api/v1/posts/import`, `bulk-delete`, and `{id}/restore`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{bulk_delete, import, restore};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    // Whose posts they may be is asked for each of them.
    let writers = || Policy::permission("posts:write");
    Routes::new()
        .post("/import", writers(), import)
        .post("/bulk-delete", writers(), bulk_delete)
        .post("/{id}/restore", writers(), restore)
}
