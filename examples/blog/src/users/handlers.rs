//! What the routes of users do.

use axum::extract::State;
use portcullis::Identity;
use portcullis::axum::{Json, Path, Query};
use portcullis::fields::View;
use uuid::Uuid;

use super::dto::UserView;
use super::store;
use crate::error;
use crate::page::{Listing, Page, PageQuery};
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Identity,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<View<UserView>>>> {
    let page = Page::try_from(query)?;
    let (users, total) = store::list(state.db().read(), page).await?;
    let items = users
        .into_iter()
        .map(|user| state.user_fields().view(user.into(), &caller))
        .collect();
    Ok(Json(Listing::new(items, page, total)))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Identity,
    Path(id): Path<Uuid>,
) -> portcullis::Result<Json<View<UserView>>> {
    let user = store::by_public_id(state.db().read(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    Ok(Json(state.user_fields().view(user.into(), &caller)))
}
