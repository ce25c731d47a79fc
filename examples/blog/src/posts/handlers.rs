//! What the routes of posts do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use blog_entity::post::Reader;
use blog_entity::{post, user};
use http::StatusCode;
use http::header::LOCATION;
use portcullis::axum::{Json, Path};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::dto::{PatchRequest, PostRequest, PostView};
use super::item::ItemView;
use super::page::Filter;
use super::removal;
use super::request::{ListQuery, SearchQuery};
use super::store::{self, Change};
use super::version::{self, Preconditions};
use super::{list, page, search};
use crate::extract::{Caller, SignedIn};
use crate::page::Slice;
use crate::query::Parameters;
use crate::state::AppState;
use crate::{error, tags, users};

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    parameters: Parameters,
) -> portcullis::Result<Json<Slice<ItemView>>> {
    let mut query = ListQuery::take(parameters)?;
    let db = state.db().read();
    if let Some(id) = query.author {
        let author = users::store::by_public_id(db, id).await?;
        query.filter.author = Some(author.map_or(page::NOBODY, |author| author.id));
    }
    let posts = query.filter.apply(reader(&state, &caller).await?, state.db().backend());
    let mut total = None;
    if query.paging.total {
        total = Some(page::count(db, posts.clone()).await?);
    }
    let rows = page::rows(
        db,
        posts,
        &query.filter,
        &query.sort,
        &query.paging,
        &query.wanted.fields,
    )
    .await?;
    let (rows, edges) = query.paging.cut(rows);
    let ends = rows.first().and_then(|first| query.sort.token(first));
    let ends = ends.zip(rows.last().and_then(|last| query.sort.token(last)));
    let items = list::items(db, rows, &query.wanted).await?;
    Ok(Json(Slice::new(
        items,
        &query.paging,
        &edges,
        ends,
        total,
        &query.address,
    )?))
}

pub(super) async fn search(
    State(state): State<AppState>,
    caller: Caller,
    parameters: Parameters,
) -> portcullis::Result<Json<Slice<ItemView>>> {
    let query = SearchQuery::take(parameters)?;
    let db = state.db().read();
    let posts = Filter::default().apply(reader(&state, &caller).await?, state.db().backend());
    let posts = query.words.of(posts, state.db().backend());
    let mut total = None;
    if query.paging.total {
        total = Some(page::count(db, posts.clone()).await?);
    }
    let rows = search::rows(db, posts, &query.words, &query.paging, &query.wanted.fields).await?;
    let (rows, edges) = query.paging.cut(rows);
    let items = list::items(db, rows, &query.wanted).await?;
    Ok(Json(Slice::new(
        items,
        &query.paging,
        &edges,
        None,
        total,
        &query.address,
    )?))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    preconditions: Preconditions,
) -> portcullis::Result<Response> {
    let (post, author) = find(state.db().read(), &caller, id).await?;
    let tag = AppendHeaders([version::tag(post.version)]);
    if preconditions.has(post.version) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    let tags = tags(state.db().read(), &post).await?;
    Ok((tag, Json(PostView::new(post, tags, author.into()))).into_response())
}

pub(super) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Json(request): Json<PostRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let content = &request.content()?;
    let author = users::store::by_public_id(state.db().primary(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let post = state
        .db()
        .transaction(|db| async move { store::create(&db, author.id, content).await })
        .await?;
    let location = (LOCATION, format!("/api/v1/posts/{}", post.public_id));
    let headers = AppendHeaders([location, version::tag(post.version)]);
    let tags = content.tags.clone();
    Ok((
        StatusCode::CREATED,
        headers,
        Json(PostView::new(post, tags, author.into())),
    ))
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
    let (post, _) = find(state.db().primary(), &caller, id).await?;
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
    let (post, author) = find(state.db().primary(), caller, id).await?;
    preconditions.check(post.version, version)?;
    let (post, change) = (&post, &change);
    let changed = state
        .db()
        .transaction(|db| async move { store::update(&db, post, change).await })
        .await?;
    let post = changed.ok_or_else(error::stale)?;
    let tag = AppendHeaders([version::tag(post.version)]);
    let tags = match &change.tags {
        Some(tags) => tags.clone(),
        None => tags(state.db().primary(), &post).await?,
    };
    Ok((tag, Json(PostView::new(post, tags, author.into()))))
}

async fn tags(db: &impl ConnectionTrait, post: &post::Model) -> portcullis::Result<Vec<String>> {
    let mut tags = tags::store::of_posts(db, &[post.id]).await?;
    Ok(tags.remove(&post.id).unwrap_or_default())
}

/// A post that the caller may see; a draft of someone else does not exist for them.
pub(crate) async fn find(
    db: &impl ConnectionTrait,
    caller: &Caller,
    id: Uuid,
) -> portcullis::Result<(post::Model, user::Model)> {
    let post = store::by_public_id(db, id)
        .await?
        .ok_or_else(|| error::not_found("Post"))?;
    let author = users::store::by_ids(db, vec![post.author_id])
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
