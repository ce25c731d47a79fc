//! What the routes of comments do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::StatusCode;
use http::header::LOCATION;
use portcullis::axum::{Json, Path, Query};
use uuid::Uuid;

use super::dto::{CommentRequest, CommentView};
use super::store;
use crate::error;
use crate::extract::{Caller, SignedIn};
use crate::page::{Listing, Page, PageQuery};
use crate::posts;
use crate::state::AppState;
use crate::users;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(post): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<CommentView>>> {
    let page = Page::try_from(query)?;
    let (post, _) = posts::visible(&state, &caller, post).await?;
    let (comments, total) = store::list(state.db().read(), post.id, page).await?;
    let authors = users::store::authors(state.db().read(), comments.iter().map(|comment| comment.author_id)).await?;
    let items = comments.into_iter().filter_map(|comment| {
        let author = authors.get(&comment.author_id)?.clone();
        Some(CommentView::new(comment, author))
    });
    Ok(Json(Listing::new(items.collect(), page, total)))
}

pub(super) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(post): Path<Uuid>,
    Json(request): Json<CommentRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let body = &request.body()?;
    let (post, _) = posts::visible(&state, &signed_in.caller, post).await?;
    let author = users::store::by_public_id(state.db().read(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let comment = state
        .db()
        .transaction(|db| async move { Ok(store::create(&db, post.id, author.id, body).await?) })
        .await?;
    let location = format!("/api/v1/posts/{}/comments/{}", post.public_id, comment.public_id);
    Ok((
        StatusCode::CREATED,
        AppendHeaders([(LOCATION, location)]),
        Json(CommentView::new(comment, author.into())),
    ))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path((post, id)): Path<(Uuid, Uuid)>,
) -> portcullis::Result<Json<CommentView>> {
    let (post, _) = posts::visible(&state, &caller, post).await?;
    let comment = store::under(state.db().read(), post.id, id)
        .await?
        .ok_or_else(|| error::not_found("Comment"))?;
    let author = users::store::by_ids(state.db().read(), vec![comment.author_id])
        .await?
        .pop()
        .ok_or_else(|| error::not_found("Comment"))?;
    Ok(Json(CommentView::new(comment, author.into())))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path((post, id)): Path<(Uuid, Uuid)>,
) -> portcullis::Result<StatusCode> {
    let (post, _) = posts::visible(&state, &signed_in.caller, post).await?;
    let comment = store::under(state.db().read(), post.id, id)
        .await?
        .ok_or_else(|| error::not_found("Comment"))?;
    let author = users::store::by_ids(state.db().read(), vec![comment.author_id])
        .await?
        .pop();
    if !author.is_some_and(|author| signed_in.caller.may_act_for(author.public_id)) {
        return Err(error::forbidden("only the author or an admin may delete a comment").into());
    }
    let comment = &comment;
    state
        .db()
        .transaction(|db| async move { Ok(store::delete(&db, comment).await?) })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
