//! What the routes of users do.

use std::collections::HashMap;

use axum::extract::State;
use blog_entity::user;
use portcullis::Identity;
use portcullis::axum::{Json, Path};
use uuid::Uuid;

use super::dto::UserItem;
use super::include::{self, Posts};
use super::store;
use crate::error;
use crate::extract::Caller;
use crate::page::{Listing, Page};
use crate::posts;
use crate::query::Parameters;
use crate::state::AppState;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Identity,
    mut parameters: Parameters,
) -> portcullis::Result<Json<Listing<UserItem>>> {
    let page = Page::take(&mut parameters)?;
    let included = include::take(&mut parameters)?;
    parameters.finish()?;
    let (users, total) = store::list(state.db().read(), page).await?;
    let items = with_posts(&state, caller, users, included).await?;
    Ok(Json(Listing::new(items, page, total)))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Identity,
    Path(id): Path<Uuid>,
    mut parameters: Parameters,
) -> portcullis::Result<Json<UserItem>> {
    let included = include::take(&mut parameters)?;
    parameters.finish()?;
    let user = store::by_public_id(state.db().read(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    let item = with_posts(&state, caller, vec![user], included).await?.pop();
    Ok(Json(item.ok_or_else(|| error::not_found("User"))?))
}

/// What the caller may see of the users, and what was asked for beside.
async fn with_posts(
    state: &AppState,
    caller: Identity,
    users: Vec<user::Model>,
    included: Option<Posts>,
) -> portcullis::Result<Vec<UserItem>> {
    let mut posts = HashMap::new();
    if let Some(included) = &included {
        let reader = posts::reader(state, &Caller::from(caller.clone())).await?;
        let keys: Vec<i64> = users.iter().map(|user| user.id).collect();
        posts = included.load(state.db().read(), reader, &keys).await?;
    }
    let items = users.into_iter().map(|user| {
        let posts = included.is_some().then(|| posts.remove(&user.id).unwrap_or_default());
        UserItem::new(state.user_fields().view(user.into(), &caller), posts)
    });
    Ok(items.collect())
}
