//! `/api/v1/users`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{delete, list, patch, show};
use super::profile::handlers as profile;
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    // Who sees and sets which member of a user is said in `dto`.
    Routes::new()
        .get("/", Policy::anyone(), list)
        .get("/{id}", Policy::anyone(), show)
        .patch("/{id}", Policy::authenticated(), patch)
        .delete("/{id}", Policy::authenticated(), delete)
        .put("/{id}/profile", Policy::authenticated(), profile::put)
        .patch("/{id}/profile", Policy::authenticated(), profile::patch)
}
