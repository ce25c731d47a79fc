//! What goes with a post, and what comes back with it: its comments and attachments. A post lives only where its author does.

use blog_entity::post::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, attachment, bulk, clock, comment, versioned};
use chrono::NaiveDateTime;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait, Select};

use crate::comments;
use crate::database::Transaction;
use crate::database::fault;
use crate::error;
use crate::users;

/// Marks a post that is still as it was loaded; whether it did.
pub(crate) async fn delete(db: &Transaction, post: &Model) -> Result<bool, DbErr> {
    let at = clock::now();
    let mut row = post.clone().into_active_model();
    row.deleted_at = Set(Some(at));
    row.deleted_key = Set(post.id);
    if versioned::update(row, &**db).await?.is_none() {
        return Ok(false);
    }
    delete_belongings(db, &[post.id], at).await?;
    Ok(true)
}

/// Marks the posts of the selection, whatever their versions.
pub(crate) async fn delete_all(db: &Transaction, rows: Select<Entity>, at: NaiveDateTime) -> Result<usize, DbErr> {
    let posts = bulk::delete::<ActiveModel>(rows, at, &**db).await?;
    delete_belongings(db, &posts, at).await?;
    Ok(posts.len())
}

async fn delete_belongings(db: &Transaction, posts: &[i64], at: NaiveDateTime) -> Result<(), DbErr> {
    for chunk in posts.chunks(bulk::CHUNK) {
        // All replies are under the same post, so that no level is missed.
        let comments = comment::Entity::live().filter(comment::Column::PostId.is_in(chunk.iter().copied()));
        bulk::delete::<comment::ActiveModel>(comments, at, &**db).await?;
        let attachments = attachment::Entity::live().filter(attachment::Column::PostId.is_in(chunk.iter().copied()));
        bulk::delete::<attachment::ActiveModel>(attachments, at, &**db).await?;
    }
    Ok(())
}

/// Brings a post back with what went with it; `409` where its slug is taken meanwhile, or its author is deleted.
pub(crate) async fn restore(db: &Transaction, post: &Model) -> portcullis::Result<()> {
    let Some(at) = post.deleted_at else {
        return Err(error::not_found("Post").into());
    };
    if !users::store::hold(db, post.author_id).await? {
        return Err(error::conflict("its author is deleted").into());
    }
    let back = restore_all(db, Entity::with_deleted().filter(Column::Id.eq(post.id)), at).await?;
    if back == 0 {
        return Err(error::not_found("Post").into());
    }
    Ok(())
}

/// Takes the mark of this time off the posts of the selection, and off what went with them.
pub(crate) async fn restore_all(
    db: &Transaction,
    rows: Select<Entity>,
    at: NaiveDateTime,
) -> portcullis::Result<usize> {
    let posts = match bulk::restore::<ActiveModel>(rows, at, &**db).await {
        Err(error) if fault::is_duplicate(&error) => {
            return Err(error::conflict("another post has this slug meanwhile").into());
        }
        other => other?,
    };
    for chunk in posts.chunks(bulk::CHUNK) {
        let attachments =
            attachment::Entity::with_deleted().filter(attachment::Column::PostId.is_in(chunk.iter().copied()));
        bulk::restore::<attachment::ActiveModel>(attachments, at, &**db).await?;
        let comments = comment::Entity::with_deleted().filter(comment::Column::PostId.is_in(chunk.iter().copied()));
        comments::removal::restore_all(db, comments, at).await?;
    }
    Ok(posts.len())
}

/// Removes the marked posts of the selection for good, with all that is under them.
pub(crate) async fn purge_all(db: &Transaction, rows: Select<Entity>) -> Result<usize, DbErr> {
    let doomed = rows.filter(Column::DeletedAt.is_not_null());
    let keys = || doomed.clone().select_only().column(Column::Id).into_query();
    let comments = comment::Entity::with_deleted().filter(comment::Column::PostId.in_subquery(keys()));
    comments::removal::purge_all(db, comments).await?;
    let attachments = attachment::Entity::with_deleted().filter(attachment::Column::PostId.in_subquery(keys()));
    bulk::purge::<attachment::ActiveModel>(attachments, &**db).await?;
    Ok(bulk::purge::<ActiveModel>(doomed, &**db).await?.len())
}
