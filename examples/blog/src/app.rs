//! The whole application as one router; building it does no I/O.

use axum::{Extension, Router};
use portcullis::ConfigError;
use portcullis::axum::Routes;
use portcullis::shutdown::Handle;
use portcullis::stack::Explanation;

use crate::state::AppState;
use crate::{admin, auth, comments, demo, health, middleware, pages, posts, reports, tags, users};

/// Every route with its policy, inside every layer. A layer that is configured wrongly is named in the error.
pub fn app(state: AppState, shutdown: &Handle) -> Result<Router, ConfigError> {
    let gate = middleware::gate(&state, shutdown)?;
    let routes = routes(shutdown, gate.explain())?
        .into_router()
        // Policies that ask the database find it here.
        .layer(Extension(state.clone()));
    Ok(middleware::observed(middleware::bounded(routes, &state).layer(gate), &state).with_state(state))
}

/// Every route, and who may use it.
pub fn routes(shutdown: &Handle, explanation: Explanation) -> Result<Routes<AppState>, ConfigError> {
    let posts = posts::routes::routes()?
        .merge(posts::bulk::routes::routes())
        .merge(comments::routes::routes());
    let api = Routes::new()
        .nest("/auth", auth::routes::routes())
        .nest("/users", users::routes::routes())
        .nest("/posts", posts)
        .nest("/tags", tags::routes::routes())
        .nest("/reports", reports::routes::routes()?)
        .nest("/admin", admin::routes::routes())
        .nest("/demo", demo::routes::routes(explanation)?);
    Ok(Routes::new()
        .merge(pages::routes::routes())
        .merge(health::routes::routes(shutdown))
        .nest("/api/v1", api))
}
