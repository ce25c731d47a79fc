//! What the routes of admins do. Who may come here is decided around the router.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::state::AppState;
use crate::{comments, posts, users};

/// How much is stored.
#[derive(Serialize)]
pub(super) struct Stats {
    users: u64,
    posts: u64,
    comments: u64,
}

pub(super) async fn stats(State(state): State<AppState>) -> portcullis::Result<Json<Stats>> {
    Ok(Json(Stats {
        users: users::store::count(state.db().read()).await?,
        posts: posts::store::count(state.db().read()).await?,
        comments: comments::store::count(state.db().read()).await?,
    }))
}
