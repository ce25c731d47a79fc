//! `/api/v1/auth`.

use axum::Router;
use axum::routing::{delete, get, post};

use super::handlers::{end_session, login, logout, logout_all, me, refresh, register, sessions};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/register", post(register))
        .route("/login", post(login))
        .route("/refresh", post(refresh))
        .route("/logout", post(logout))
        .route("/logout-all", post(logout_all))
        .route("/sessions", get(sessions))
        .route("/sessions/{id}", delete(end_session))
        .route("/me", get(me))
}
