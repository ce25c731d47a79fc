//! `/api/v1/admin`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::accounts::{patch, restore, sessions};
use super::handlers::stats;
use crate::state::AppState;
use crate::{audit, trash};

pub(crate) fn routes() -> Routes<AppState> {
    let admins = || Policy::role("admin");
    Routes::new()
        .get("/stats", admins(), stats)
        .patch("/users/{id}", admins(), patch)
        .post("/users/{id}/restore", admins(), restore)
        .get("/users/{id}/sessions", admins(), sessions)
        .merge(audit::routes::routes())
        .merge(trash::routes::routes())
}
