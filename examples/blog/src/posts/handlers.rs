//! What the routes of posts do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use portcullis::axum::{Json, Path, Query};
use uuid::Uuid;

use super::dto::{ListQuery, PatchRequest, PostRequest, PostView};
use super::model::Model;
use super::store::{self, Change, Seen};
use super::version::{self, Preconditions};
use crate::error;
use crate::extract::{Caller, SignedIn};
use crate::page::{Listing, Page};
use crate::state::AppState;
use crate::users;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> portcullis::Result<Json<Listing<PostView>>> {
    let page = Page::new(query.page, query.size)?;
    let sort = query.sort()?;
    let author = match query.author {
        None => None,
        Some(id) => match users::store::by_public_id(state.db(), id).await? {
            Some(author) => Some(author.id),
            None => return Ok(Json(Listing::new(Vec::new(), page, 0))),
        },
    };
    let seen = seen_by(&state, &caller).await?;
    let (posts, total) = store::list(state.db(), &seen, author, sort, page).await?;
    let authors = users::store::authors(state.db(), posts.iter().map(|post| post.author_id)).await?;
    let items = posts.into_iter().filter_map(|post| {
        let author = authors.get(&post.author_id)?.clone();
        Some(PostView::new(post, author))
    });
    Ok(Json(Listing::new(items.collect(), page, total)))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    preconditions: Preconditions,
) -> portcullis::Result<Response> {
    let (post, author) = find(&state, &caller, id).await?;
    let tag = AppendHeaders([version::tag(post.version)]);
    if preconditions.has(post.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(PostView::new(post, author.into()))).into_response())
}

pub(super) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Json(request): Json<PostRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let content = request.content()?;
    let author = users::store::by_public_id(state.db(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let post = store::create(state.db(), author.id, content).await?;
    let location = (LOCATION, format!("/api/v1/posts/{}", post.public_id));
    let headers = AppendHeaders([location, version::tag(post.version)]);
    Ok((StatusCode::CREATED, headers, Json(PostView::new(post, author.into()))))
}

pub(super) async fn replace(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    preconditions: Preconditions,
    Json(request): Json<PostRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let change = request.content()?.into();
    change_post(&state, &caller, id, &preconditions, request.version, change).await
}

pub(super) async fn patch(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    preconditions: Preconditions,
    Json(request): Json<PatchRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let change = request.change()?;
    change_post(&state, &caller, id, &preconditions, request.version, change).await
}

pub(super) async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    preconditions: Preconditions,
) -> portcullis::Result<StatusCode> {
    let (post, _) = find(&state, &caller, id).await?;
    preconditions.check(post.version, None)?;
    if store::delete(state.db(), &post).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(error::stale().into())
    }
}

/// The route's policy has found that the caller may.
async fn change_post(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
    preconditions: &Preconditions,
    version: Option<i64>,
    change: Change,
) -> portcullis::Result<impl IntoResponse + use<>> {
    let (post, author) = find(state, caller, id).await?;
    preconditions.check(post.version, version)?;
    let post = store::update(state.db(), &post, change)
        .await?
        .ok_or_else(error::stale)?;
    let tag = AppendHeaders([version::tag(post.version)]);
    Ok((tag, Json(PostView::new(post, author.into()))))
}

/// A post that the caller may see; a draft of someone else does not exist for them.
pub(crate) async fn find(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
) -> portcullis::Result<(Model, users::model::Model)> {
    let post = store::by_public_id(state.db(), id)
        .await?
        .ok_or_else(|| error::not_found("Post"))?;
    let author = users::store::by_ids(state.db(), vec![post.author_id])
        .await?
        .pop()
        .ok_or_else(|| error::not_found("Post"))?;
    if post.published || caller.may_act_for(author.public_id) {
        Ok((post, author))
    } else {
        Err(error::not_found("Post").into())
    }
}

async fn seen_by(state: &AppState, caller: &Caller) -> portcullis::Result<Seen> {
    if caller.is_admin() {
        return Ok(Seen::All);
    }
    let user = match caller.user() {
        Some(id) => users::store::by_public_id(state.db(), id).await?,
        None => None,
    };
    Ok(Seen::PublishedOr(user.map(|user| user.id)))
}
