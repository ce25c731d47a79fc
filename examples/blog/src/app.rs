//! The whole application as one router; building it does no I/O.

use axum::Router;
use portcullis::ConfigError;
use portcullis::shutdown::Handle;

use crate::state::AppState;
use crate::{admin, auth, comments, demo, health, middleware, pages, posts, users};

/// Every route, behind every layer. A layer that is configured wrongly is named in the error.
pub fn app(state: AppState, shutdown: &Handle) -> Result<Router, ConfigError> {
    let gate = middleware::gate(&state, shutdown)?;
    let api = Router::new()
        .nest("/auth", auth::routes::router())
        .nest("/users", users::routes::router())
        .nest("/posts", posts::routes::router().merge(comments::routes::router()))
        .nest("/admin", middleware::admin_only(admin::routes::router()))
        .nest("/demo", demo::routes::router(gate.explain()));

    let router = Router::new()
        .merge(pages::routes::router())
        .merge(health::routes::router(shutdown))
        .nest("/api/v1", api);

    Ok(middleware::inside(router, &state).layer(gate).with_state(state))
}
