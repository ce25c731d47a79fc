//! `/api/v1/admin/audit`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::list;
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new().get("/audit", Policy::role("admin"), list)
}
