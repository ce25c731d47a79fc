//! `/api/v1/reports`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{authors, months};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    // They count what anybody may read.
    Routes::new()
        .get("/authors", Policy::anyone(), authors)
        .get("/posts-per-month", Policy::anyone(), months)
}
