//! What the routes of users do.

use std::collections::HashMap;

use axum::extract::State;
use http::StatusCode;
use portcullis::Identity;
use portcullis::axum::{Json, Path};
use portcullis::fields::View;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::dto::{UserItem, UserPatch, UserView};
use super::include::{self, Posts};
use super::{account, profile, store};
use crate::error;
use crate::extract::{Caller, SignedIn};
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
    let users = users.into_iter().map(|user| (user.id, user.into())).collect();
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
    let profile = profile::store::of(state.db().read(), user.id).await?;
    let user = (user.id, UserView::from(user).with_profile(profile));
    let item = with_posts(&state, caller, vec![user], included).await?.pop();
    Ok(Json(item.ok_or_else(|| error::not_found("User"))?))
}

/// What the caller may see of the users, and what was asked for beside.
async fn with_posts(
    state: &AppState,
    caller: Identity,
    users: Vec<(i64, UserView)>,
    included: Option<Posts>,
) -> portcullis::Result<Vec<UserItem>> {
    let mut posts = HashMap::new();
    if let Some(included) = &included {
        let reader = posts::reader(state, &Caller::from(caller.clone())).await?;
        let keys: Vec<i64> = users.iter().map(|(key, _)| *key).collect();
        posts = included.load(state.db().read(), reader, &keys).await?;
    }
    let items = users.into_iter().map(|(key, user)| {
        let posts = included.is_some().then(|| posts.remove(&key).unwrap_or_default());
        UserItem::new(state.user_fields().view(user, &caller), posts)
    });
    Ok(items.collect())
}

/// Who may set which member is judged by the body's own names, before a type takes them.
pub(super) async fn patch(
    State(state): State<AppState>,
    caller: Identity,
    Path(id): Path<Uuid>,
    Json(body): Json<Box<RawValue>>,
) -> portcullis::Result<Json<View<UserView>>> {
    let user = store::by_public_id(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    // A body without members sets nothing that a rule could refuse, and would still raise the version.
    if !Caller::from(caller.clone()).may_act_for(id) {
        return Err(error::forbidden("only the user or an admin may change an account").into());
    }
    let body = body.get().as_bytes();
    let fields = state.user_fields();
    fields.check_json(body, &caller, &user.clone().into())?;
    let Json(patch) = Json::<UserPatch>::from_bytes(body)?;
    let user = account::change(&state, user, patch.version, patch.change()?).await?;
    Ok(Json(fields.view(user.into(), &caller)))
}

/// Deletes the account with all that it wrote, and ends its sessions.
pub(super) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<Uuid>,
) -> portcullis::Result<StatusCode> {
    if !signed_in.caller.may_act_for(id) {
        return Err(error::forbidden("only the user or an admin may delete an account").into());
    }
    let user = store::open_or_closed(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    account::delete(&state, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
