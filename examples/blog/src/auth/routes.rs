//! `/api/v1/auth`.

use axum::Router;
use axum::routing::{get, post};

use super::handlers::{login, me, register};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/register", post(register))
        .route("/login", post(login))
        .route("/me", get(me))
}
