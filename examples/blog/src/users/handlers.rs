//! What the routes of users do.

use axum::extract::State;
use http::StatusCode;
use portcullis::Identity;
use portcullis::axum::{Json, Path, Query};
use portcullis::fields::View;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::dto::{UserPatch, UserView};
use super::{account, profile, store};
use crate::error;
use crate::extract::SignedIn;
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
    let profile = profile::store::of(state.db().read(), user.id).await?;
    let view = UserView::from(user).with_profile(profile);
    Ok(Json(state.user_fields().view(view, &caller)))
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
