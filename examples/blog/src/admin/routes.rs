//! `/api/v1/admin`.

use axum::Router;
use axum::routing::get;

use super::handlers::stats;
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/stats", get(stats))
}
