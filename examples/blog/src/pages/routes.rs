//! `/` and `/assets`: the page carries nothing inline, so a strict Content-Security-Policy holds.

use axum::Router;
use axum::routing::get;

use super::handlers::{icon, index, script, style};
use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/", get(index))
        .route("/assets/style.css", get(style))
        .route("/assets/app.js", get(script))
        .route("/assets/icon.svg", get(icon))
}
