//! What the routes of the trash do.

use axum::extract::State;
use blog_entity::clock;
use http::StatusCode;
use portcullis::axum::{Json, Path, Query};
use uuid::Uuid;

use super::dto::{Item, Kind, PurgeQuery, Purged, TrashQuery};
use super::{purge, store, tags};
use crate::error;
use crate::page::{Listing, Page};
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<TrashQuery>,
) -> portcullis::Result<Json<Listing<Item>>> {
    let page = Page::new(query.page, query.size)?;
    let (items, total) = store::list(state.db().read(), query.kind, page).await?;
    Ok(Json(Listing::new(items, page, total)))
}

pub(super) async fn purge_one(
    State(state): State<AppState>,
    Path((kind, id)): Path<(Kind, Uuid)>,
) -> portcullis::Result<StatusCode> {
    let purged = state
        .db()
        .transaction(|db| async move { Ok(purge::these(&db, kind, &[id]).await?) })
        .await?;
    if purged > 0 {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(error::not_found("Deleted record").into())
    }
}

pub(super) async fn purge_old(
    State(state): State<AppState>,
    Query(query): Query<PurgeQuery>,
) -> portcullis::Result<Json<Purged>> {
    let before = query.before(clock::now())?;
    Ok(Json(purge::before(state.db(), before).await?))
}

pub(super) async fn delete_tag(State(state): State<AppState>, Path(id): Path<Uuid>) -> portcullis::Result<StatusCode> {
    let deleted = state
        .db()
        .transaction(|db| async move { Ok(tags::delete(&db, id).await?) })
        .await?;
    if deleted {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(error::not_found("Tag").into())
    }
}

pub(super) async fn restore_tag(State(state): State<AppState>, Path(id): Path<Uuid>) -> portcullis::Result<StatusCode> {
    state
        .db()
        .transaction(|db| async move { tags::restore(&db, id).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
