//! `/api/v1/users`.

use axum::Router;
use axum::routing::get;

use super::handlers::{list, show};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/", get(list)).route("/{id}", get(show))
}
