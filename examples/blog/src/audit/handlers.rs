//! What the route of the trail does.

use axum::extract::State;
use portcullis::axum::{Json, Query};

use super::dto::{AuditQuery, EntryView};
use super::store;
use crate::page::{Listing, Page};
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<AuditQuery>,
) -> portcullis::Result<Json<Listing<EntryView>>> {
    let page = Page::new(query.page, query.size)?;
    let (entries, total) = store::list(state.db().read(), query.entity_id, query.actor(), page).await?;
    Ok(Json(Listing::new(
        entries.into_iter().map(EntryView::from).collect(),
        page,
        total,
    )))
}
