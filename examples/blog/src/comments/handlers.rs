//! What the routes of comments do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use blog_entity::comment;
use http::StatusCode;
use http::header::LOCATION;
use portcullis::axum::{Json, Path, Query};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::dto::{CommentRequest, CommentView, ThreadView};
use super::{removal, store, thread};
use crate::error;
use crate::extract::{Caller, SignedIn};
use crate::page::{Listing, Page, PageQuery};
use crate::posts;
use crate::state::AppState;
use crate::trash;
use crate::users;
use crate::users::dto::AuthorView;
use crate::validation::Faults;

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Path(post): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<Listing<CommentView>>> {
    let page = Page::try_from(query)?;
    let (post, _) = posts::visible(state.db().read(), &caller, post).await?;
    let (comments, total) = store::list(state.db().read(), post.id, page).await?;
    let authors = users::store::authors(state.db().read(), comments.iter().map(|comment| comment.author_id)).await?;
    let items = comments.into_iter().filter_map(|comment| {
        let author = authors.get(&comment.author_id)?.clone();
        Some(CommentView::new(comment, author))
    });
    Ok(Json(Listing::new(items.collect(), page, total)))
}

/// The same as a tree.
pub(super) async fn thread(
    State(state): State<AppState>,
    caller: Caller,
    Path(post): Path<Uuid>,
    Query(query): Query<PageQuery>,
) -> portcullis::Result<Json<ThreadView>> {
    let page = Page::try_from(query)?;
    let (post, _) = posts::visible(state.db().read(), &caller, post).await?;
    let thread = thread::load(state.db().read(), post.id, page).await?;
    let comments = thread.roots.iter().chain(&thread.replies);
    let authors = users::store::authors(state.db().read(), comments.map(|comment| comment.author_id)).await?;
    Ok(Json(ThreadView::new(thread, &authors, page)))
}

pub(super) async fn create(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(post): Path<Uuid>,
    Json(request): Json<CommentRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let body = &request.body()?;
    let (post, _) = posts::visible(state.db().primary(), &signed_in.caller, post).await?;
    let author = users::store::by_public_id(state.db().primary(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let comment = state
        .db()
        .transaction(|db| async move {
            // What the comment hangs on stays until it hangs there.
            if !users::store::hold(&db, author.id).await? {
                return Err(error::unauthorized("this account no longer exists").into());
            }
            if !posts::store::hold(&db, post.id).await? {
                return Err(error::not_found("Post").into());
            }
            let parent = match request.parent {
                Some(parent) => Some(answered(&db, post.id, parent).await?),
                None => None,
            };
            Ok(store::create(&db, post.id, author.id, parent, body).await?)
        })
        .await?;
    let location = format!("/api/v1/posts/{}/comments/{}", post.public_id, comment.public_id);
    Ok((
        StatusCode::CREATED,
        AppendHeaders([(LOCATION, location)]),
        Json(CommentView::new(comment, author.into())),
    ))
}

/// The key of the comment that is replied to.
async fn answered(db: &sea_orm::DatabaseTransaction, post: i64, parent: Uuid) -> portcullis::Result<i64> {
    let mut faults = Faults::default();
    if let Some(parent) = store::hold(db, post, parent).await? {
        if thread::depth(db, &parent).await? < thread::DEPTH {
            return Ok(parent.id);
        }
        faults.add(
            "parent",
            format!("is {} levels deep, and takes no replies", thread::DEPTH),
        );
    } else {
        faults.add("parent", "must be a comment under the same post");
    }
    faults.finish().and(Err("a fault is an error".into()))
}

pub(super) async fn show(
    State(state): State<AppState>,
    caller: Caller,
    Path((post, id)): Path<(Uuid, Uuid)>,
) -> portcullis::Result<Json<CommentView>> {
    let (comment, author) = find(state.db().read(), &caller, post, id).await?;
    Ok(Json(CommentView::new(comment, author.into())))
}

/// A comment is its author's own word: admins may delete it, and not change it.
pub(super) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path((post, id)): Path<(Uuid, Uuid)>,
    Json(request): Json<CommentRequest>,
) -> portcullis::Result<Json<CommentView>> {
    let body = &request.body()?;
    let (comment, author) = find(state.db().primary(), &signed_in.caller, post, id).await?;
    if author.public_id != signed_in.id {
        return Err(error::forbidden("only the author may change a comment").into());
    }
    if request.version.is_some_and(|version| version != comment.version) {
        return Err(error::stale().into());
    }
    let comment = &comment;
    let changed = state
        .db()
        .transaction(|db| async move { Ok(store::update(&db, comment, body).await?) })
        .await?;
    let author = AuthorView::from(author);
    Ok(Json(CommentView::new(changed.ok_or_else(error::stale)?, author)))
}

/// Deletes a comment with its replies.
pub(super) async fn delete(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path((post, id)): Path<(Uuid, Uuid)>,
) -> portcullis::Result<StatusCode> {
    let (comment, author) = find(state.db().primary(), &signed_in.caller, post, id).await?;
    if !signed_in.caller.may_act_for(author.public_id) {
        return Err(error::forbidden("only the author or an admin may delete a comment").into());
    }
    let comment = &comment;
    state
        .db()
        .transaction(|db| async move { Ok(removal::delete(&db, comment).await?) })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a comment back with the replies that went with it.
pub(super) async fn restore(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path((post, id)): Path<(Uuid, Uuid)>,
) -> portcullis::Result<StatusCode> {
    let (post, _) = posts::visible(state.db().primary(), &signed_in.caller, post).await?;
    let comment = store::deleted(state.db().primary(), post.id, id)
        .await?
        .ok_or_else(|| error::not_found("Comment"))?;
    let own = users::store::by_public_id(state.db().primary(), signed_in.id).await?;
    let own = own.is_some_and(|user| user.id == comment.author_id);
    if !own && !signed_in.caller.is_admin() {
        // What is deleted does not exist for others.
        return Err(error::not_found("Comment").into());
    }
    trash::policy::may_restore(state.db().primary(), &signed_in, comment.public_id).await?;
    let comment = &comment;
    state
        .db()
        .transaction(|db| async move { removal::restore(&db, comment).await })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(
    db: &impl ConnectionTrait,
    caller: &Caller,
    post: Uuid,
    id: Uuid,
) -> portcullis::Result<(comment::Model, blog_entity::user::Model)> {
    let (post, _) = posts::visible(db, caller, post).await?;
    let comment = store::under(db, post.id, id)
        .await?
        .ok_or_else(|| error::not_found("Comment"))?;
    let author = users::store::by_ids(db, vec![comment.author_id])
        .await?
        .pop()
        .ok_or_else(|| error::not_found("Comment"))?;
    Ok((comment, author))
}
