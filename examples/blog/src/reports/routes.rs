//! `/api/v1/reports`.

use portcullis::ConfigError;
use portcullis::authorize::Policy;
use portcullis::axum::Routes;
use portcullis::throttle::ThrottleLayer;

use super::handlers::{authors, months};
use crate::state::AppState;

/// Reports at once, and as many that wait: each reads all posts, and the lists need connections, too.
const AT_ONCE: usize = 2;

pub(crate) fn routes() -> Result<Routes<AppState>, ConfigError> {
    // They count what anybody may read.
    Ok(Routes::new()
        .get("/authors", Policy::anyone(), authors)
        .get("/posts-per-month", Policy::anyone(), months)
        .layer(ThrottleLayer::new(AT_ONCE)?))
}
