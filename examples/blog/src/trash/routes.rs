//! `/api/v1/admin/trash` and the tags that admins look after.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{delete_tag, list, purge_old, purge_one, restore_tag};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    let admins = || Policy::role("admin");
    Routes::new()
        .get("/trash", admins(), list)
        .delete("/trash", admins(), purge_old)
        .delete("/trash/{kind}/{id}", admins(), purge_one)
        .delete("/tags/{id}", admins(), delete_tag)
        .post("/tags/{id}/restore", admins(), restore_tag)
}
