//! What the routes of many posts do.

use std::collections::HashSet;

use axum::extract::State;
use axum::response::IntoResponse;
use blog_entity::post::{Column, Entity, Reader};
use blog_entity::{SoftDelete, clock};
use http::StatusCode;
use portcullis::axum::{Json, Path};
use sea_orm::{ColumnTrait, QueryFilter};
use uuid::Uuid;

use super::dto::{BulkDelete, Deleted, Import, Imported, ImportedPost};
use super::store;
use crate::error;
use crate::extract::SignedIn;
use crate::posts::removal;
use crate::state::AppState;
use crate::{trash, users};

/// All of the posts, or none.
pub(super) async fn import(
    State(state): State<AppState>,
    signed_in: SignedIn,
    import: Import,
) -> portcullis::Result<impl IntoResponse> {
    let contents = &import.contents()?;
    let author = users::store::by_public_id(state.db().primary(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let made = state
        .db()
        .transaction(|db| async move {
            if !users::store::hold(&db, author.id).await? {
                return Err(error::unauthorized("this account no longer exists").into());
            }
            store::import(&db, author.id, contents).await
        })
        .await?;
    let items: Vec<_> = made.into_iter().map(|(id, slug)| ImportedPost { id, slug }).collect();
    let imported = items.len();
    Ok((StatusCode::CREATED, Json(Imported { imported, items })))
}

/// All of the posts, or none: `404` names those that are not there, `403` those that the caller may not delete.
pub(super) async fn bulk_delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Json(request): Json<BulkDelete>,
) -> portcullis::Result<Json<Deleted>> {
    let ids = request.ids()?;
    let user = users::store::by_public_id(state.db().primary(), signed_in.id).await?;
    let user = user.ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let reader = if signed_in.caller.is_admin() {
        Reader::Admin
    } else {
        Reader::User(user.id)
    };
    let posts = store::visible(state.db().primary(), reader, &ids).await?;

    let seen: HashSet<Uuid> = posts.iter().map(|post| post.public_id).collect();
    let missing: Vec<_> = ids.iter().filter(|id| !seen.contains(id)).collect();
    if !missing.is_empty() {
        return Err(error::not_found("Post").with_member("missing", missing).into());
    }
    let foreign = posts.iter().filter(|post| post.author_id != user.id);
    let refused: Vec<_> = foreign.map(|post| post.public_id).collect();
    if !refused.is_empty() && !signed_in.caller.is_admin() {
        let problem = error::forbidden("only the author or an admin may delete a post");
        return Err(problem.with_member("refused", refused).into());
    }
    let keys: &Vec<i64> = &posts.iter().map(|post| post.id).collect();
    let deleted = state
        .db()
        .transaction(|db| async move {
            let rows = Entity::live().filter(Column::Id.is_in(keys.iter().copied()));
            Ok(removal::delete_all(&db, rows, clock::now()).await?)
        })
        .await?;
    Ok(Json(Deleted { deleted }))
}

/// Brings a post back with what went with it.
pub(super) async fn restore(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<Uuid>,
) -> portcullis::Result<StatusCode> {
    let post = store::deleted(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::not_found("Post"))?;
    let user = users::store::by_public_id(state.db().primary(), signed_in.id).await?;
    let own = user.is_some_and(|user| user.id == post.author_id);
    if !own && !signed_in.caller.is_admin() {
        // What is deleted does not exist for others.
        return Err(error::not_found("Post").into());
    }
    trash::policy::may_restore(state.db().primary(), &signed_in, post.public_id).await?;
    let post = &post;
    state
        .db()
        .transaction(|db| async move { removal::restore(&db, post).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
