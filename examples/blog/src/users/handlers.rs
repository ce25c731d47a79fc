//! What the routes of users do.

use axum::extract::State;
use portcullis::axum::{Json, Path, Query};
use uuid::Uuid;

use super::dto::UserView;
use super::store;
use crate::error;
use crate::extract::Caller;
use crate::page::{Listing, Page, PageQuery};
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<UserView>>> {
    let page = Page::try_from(query)?;
    let (users, total) = store::list(state.db(), page).await?;
    let items = users
        .into_iter()
        .map(|user| UserView::for_caller(user, &caller))
        .collect();
    Ok(Json(Listing::new(items, page, total)))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> portcullis::Result<Json<UserView>> {
    let user = store::by_public_id(state.db(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    Ok(Json(UserView::for_caller(user, &caller)))
}
