//! `/api/v1/admin`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::stats;
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new().get("/stats", Policy::role("admin"), stats)
}
