//! `/` and `/assets`: the page carries nothing inline, so a strict Content-Security-Policy holds.

use portcullis::authorize::Policy;
use portcullis::axum::Routes;

use super::handlers::{icon, index, script, style};
use crate::state::AppState;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .get("/", Policy::anyone(), index)
        .get("/assets/style.css", Policy::anyone(), style)
        .get("/assets/app.js", Policy::anyone(), script)
        .get("/assets/icon.svg", Policy::anyone(), icon)
}
