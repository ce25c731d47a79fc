//! `/api/v1/users`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{list, show};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    // Who sees which member of a user is said in `dto`.
    Routes::new()
        .get("/", Policy::anyone(), list)
        .get("/{id}", Policy::anyone(), show)
}
