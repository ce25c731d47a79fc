//! What the routes of posts do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use blog_entity::post::Reader;
use blog_entity::{post, user};
use http::StatusCode;
use http::header::LOCATION;
use portcullis::axum::{Json, Path, Query};
use uuid::Uuid;

use super::dto::{ListQuery, PatchRequest, PostRequest, PostView};
use super::removal;
use super::store::{self, Change};
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
        Some(id) => match users::store::by_public_id(state.db().read(), id).await? {
            Some(author) => Some(author.id),
            None => return Ok(Json(Listing::new(Vec::new(), page, 0))),
        },
    };
    let reader = reader(&state, &caller).await?;
    let (posts, total) = store::list(state.db().read(), reader, author, sort, page).await?;
    let authors = users::store::authors(state.db().read(), posts.iter().map(|post| post.author_id)).await?;
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
    let content = &request.content()?;
    let author = users::store::by_public_id(state.db().read(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let post = state
        .db()
        .transaction(|db| async move { store::create(&db, author.id, content).await })
        .await?;
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
    let post = &post;
    let deleted = state
        .db()
        .transaction(|db| async move { Ok(removal::delete(&db, post).await?) })
        .await?;
    if deleted {
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
    let (post, change) = (&post, &change);
    let changed = state
        .db()
        .transaction(|db| async move { Ok(store::update(&db, post, change).await?) })
        .await?;
    let post = changed.ok_or_else(error::stale)?;
    let tag = AppendHeaders([version::tag(post.version)]);
    Ok((tag, Json(PostView::new(post, author.into()))))
}

/// A post that the caller may see; a draft of someone else does not exist for them.
pub(crate) async fn find(
    state: &AppState,
    caller: &Caller,
    id: Uuid,
) -> portcullis::Result<(post::Model, user::Model)> {
    let post = store::by_public_id(state.db().read(), id)
        .await?
        .ok_or_else(|| error::not_found("Post"))?;
    let author = users::store::by_ids(state.db().read(), vec![post.author_id])
        .await?
        .pop()
        .ok_or_else(|| error::not_found("Post"))?;
    if post.published || caller.may_act_for(author.public_id) {
        Ok((post, author))
    } else {
        Err(error::not_found("Post").into())
    }
}

/// Whose eyes the caller sees posts with.
pub(crate) async fn reader(state: &AppState, caller: &Caller) -> portcullis::Result<Reader> {
    if caller.is_admin() {
        return Ok(Reader::Admin);
    }
    let user = match caller.user() {
        Some(id) => users::store::by_public_id(state.db().read(), id).await?,
        None => None,
    };
    Ok(user.map_or(Reader::Anyone, |user| Reader::User(user.id)))
}
