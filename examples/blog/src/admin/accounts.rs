//! What admins do with accounts.

use std::collections::HashSet;

use axum::extract::State;
use blog_entity::session;
use chrono::{DateTime, Utc};
use http::StatusCode;
use portcullis::axum::{Json, Path, Query};
use serde::Serialize;
use uuid::Uuid;

use crate::auth;
use crate::error;
use crate::page::{Listing, Page, PageQuery};
use crate::state::AppState;
use crate::users::dto::{UserPatch, UserView};
use crate::users::{account, removal, store};

/// Closes or opens an account, or gives it another role, which counts from its next token on.
pub(super) async fn patch(
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Json(request): Json<UserPatch>,
) -> portcullis::Result<Json<UserView>> {
    let change = request.change()?;
    let user = store::open_or_closed(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    let user = account::change(&state, user, request.version, change).await?;
    Ok(Json(user.into()))
}

/// Brings an account back with all that went with it.
pub(super) async fn restore(State(state): State<AppState>, Path(id): Path<Uuid>) -> portcullis::Result<StatusCode> {
    let user = store::deleted(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    let user = &user;
    state
        .db()
        .transaction(|db| async move { removal::restore(&db, user).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where and when a user signed in.
#[derive(Serialize)]
pub(super) struct SessionRow {
    id: Uuid,
    label: String,
    started_at: DateTime<Utc>,
    /// Where somebody ended it; one that ran out is merely no longer `live`.
    ended_at: Option<DateTime<Utc>>,
    /// Whether its tokens are good, as the session store says.
    live: bool,
}

pub(super) async fn sessions(
    State(state): State<AppState>,
    Path(id): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<SessionRow>>> {
    let page = Page::try_from(query)?;
    let user = store::open_or_closed(state.db().read(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    let (rows, total) = auth::store::list(state.db().read(), user.id, page).await?;
    let live = state.sessions().list(&user.public_id.to_string()).await?;
    let live: HashSet<String> = live.into_iter().map(|session| session.id.to_string()).collect();
    let items = rows.into_iter().map(|row: session::Model| SessionRow {
        id: row.public_id,
        live: live.contains(&row.store_id),
        label: row.label,
        started_at: row.started_at.and_utc(),
        ended_at: row.ended_at.map(|at| at.and_utc()),
    });
    Ok(Json(Listing::new(items.collect(), page, total)))
}
