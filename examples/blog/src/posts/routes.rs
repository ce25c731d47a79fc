//! `/api/v1/posts`.

use std::time::Duration;

use portcullis::ConfigError;
use portcullis::authorize::Policy;
use portcullis::axum::Routes;
use portcullis::throttle::ThrottleLayer;

use super::handlers::{create, delete, list, patch, replace, search, show};
use super::policy::changers;
use crate::state::AppState;

/// Searches at once: for words that are in half of all posts the database ranks each of those, and meanwhile the lists need
/// connections, too.
const SEARCHES: usize = 4;
const SEARCHES_WAITING: usize = 64;
/// Such a search among four takes seconds.
const WAIT: Duration = Duration::from_secs(10);

pub(crate) fn routes() -> Result<Routes<AppState>, ConfigError> {
    let few = ThrottleLayer::builder()
        .max_concurrent(SEARCHES)
        .max_queued(SEARCHES_WAITING)
        .max_wait(WAIT);
    let searches = Routes::new()
        .get("/search", Policy::anyone(), search)
        .layer(few.build()?);
    Ok(searches
        .get("/", Policy::anyone(), list)
        .post("/", Policy::permission("posts:write"), create)
        .get("/{id}", Policy::anyone(), show)
        .put("/{id}", changers(), replace)
        .patch("/{id}", changers(), patch)
        .delete("/{id}", changers(), delete))
}
