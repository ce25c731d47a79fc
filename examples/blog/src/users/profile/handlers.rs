//! What the routes of profiles do.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use portcullis::axum::{Json, Path};
use uuid::Uuid;

use super::store::{self, Change, Content};
use super::{ProfileRequest, ProfileView};
use crate::error;
use crate::extract::SignedIn;
use crate::state::AppState;
use crate::users::store as users;

pub(in crate::users) async fn put(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<Uuid>,
    Json(request): Json<ProfileRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let (content, faults) = request.content();
    faults.finish()?;
    save(&state, &signed_in, id, request.version, content.into()).await
}

pub(in crate::users) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<Uuid>,
    Json(request): Json<ProfileRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let (change, faults) = request.change();
    faults.finish()?;
    save(&state, &signed_in, id, request.version, change).await
}

/// Makes the profile where there is none: `201`, else changes it.
async fn save(
    state: &AppState,
    signed_in: &SignedIn,
    id: Uuid,
    version: Option<i64>,
    change: Change,
) -> portcullis::Result<impl IntoResponse + use<>> {
    if !signed_in.caller.may_act_for(id) {
        return Err(error::forbidden("only the user or an admin may change a profile").into());
    }
    let user = users::by_public_id(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("User"))?;
    let (user, change) = (user.id, &change);
    let (status, profile) = state
        .db()
        .transaction(|db| async move {
            if !users::hold(&db, user).await? {
                return Err(error::not_found("User").into());
            }
            let Some(profile) = store::of(&*db, user).await? else {
                let change = change.clone();
                let content = Content {
                    bio: change.bio.unwrap_or_default(),
                    website: change.website.flatten(),
                    birthday: change.birthday.flatten(),
                };
                return Ok((StatusCode::CREATED, store::create(&db, user, content).await?));
            };
            if version.is_some_and(|version| version != profile.version) {
                return Err(error::stale().into());
            }
            let changed = store::update(&db, &profile, change.clone()).await?;
            Ok((StatusCode::OK, changed.ok_or_else(error::stale)?))
        })
        .await?;
    Ok((status, Json(ProfileView::from(profile))))
}
