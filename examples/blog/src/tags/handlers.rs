//! What the routes of tags do.

use axum::extract::State;
use portcullis::axum::{Json, Query};

use super::dto::TagView;
use super::store;
use crate::extract::Caller;
use crate::page::{Listing, Page, PageQuery};
use crate::posts;
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<TagView>>> {
    let page = Page::try_from(query)?;
    let reader = posts::reader(&state, &caller).await?;
    let (tags, total) = store::list(state.db().read(), reader, page).await?;
    Ok(Json(Listing::new(tags, page, total)))
}
