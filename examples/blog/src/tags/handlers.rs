//! What the routes of tags do.

use axum::extract::State;
use blog_entity::post::Reader;
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
    let ask = store::list(state.db().read(), reader, page);
    // Whoever sees drafts of their own has a list of their own, which nobody else asks for.
    let (tags, total) = match reader {
        Reader::Anyone => state.public_tags().get(state.db(), page, ask).await?,
        Reader::User(_) | Reader::Admin => ask.await?,
    };
    Ok(Json(Listing::new(tags, page, total)))
}
