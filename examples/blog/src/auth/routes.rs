//! `/api/v1/auth`.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{end_session, login, logout, logout_all, me, refresh, register, sessions};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .post("/register", Policy::anyone(), register)
        .post("/login", Policy::anyone(), login)
        .post("/refresh", Policy::anyone(), refresh)
        .post("/logout", Policy::authenticated(), logout)
        .post("/logout-all", Policy::authenticated(), logout_all)
        .get("/sessions", Policy::authenticated(), sessions)
        .delete("/sessions/{id}", Policy::authenticated(), end_session)
        .get("/me", Policy::authenticated(), me)
}
