//! What goes with a comment, and what comes back with it: its replies, theirs, and so on.
//!
//! A comment lives only where its post, its author and the comment that it replies to do.

use blog_entity::comment::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, bulk, clock, post, user};
use chrono::NaiveDateTime;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};

use crate::database::Transaction;
use crate::error;

/// Marks the comment and its replies.
pub(crate) async fn delete(db: &Transaction, comment: &Model) -> Result<(), DbErr> {
    delete_all(db, Entity::live().filter(Column::Id.eq(comment.id)), clock::now()).await
}

/// Marks the comments of the selection, and their replies.
pub(crate) async fn delete_all(db: &Transaction, rows: Select<Entity>, at: NaiveDateTime) -> Result<(), DbErr> {
    let mut parents = bulk::delete::<ActiveModel>(rows, at, &**db).await?;
    // One round for each level: replies are found by their index, and levels are few.
    while !parents.is_empty() {
        let mut replies = Vec::new();
        for chunk in parents.chunks(bulk::CHUNK) {
            let rows = Entity::live().filter(Column::ParentId.is_in(chunk.iter().copied()));
            replies.extend(bulk::delete::<ActiveModel>(rows, at, &**db).await?);
        }
        parents = replies;
    }
    Ok(())
}

/// Brings a comment back, with the replies that went with it; `409` where what it hangs on is deleted.
pub(crate) async fn restore(db: &Transaction, comment: &Model) -> portcullis::Result<()> {
    let Some(at) = comment.deleted_at else {
        return Err(error::not_found("Comment").into());
    };
    let back = restore_all(db, Entity::with_deleted().filter(Column::Id.eq(comment.id)), at).await?;
    if back > 0 {
        return Ok(());
    }
    let still = Entity::deleted().filter(Column::Id.eq(comment.id)).count(&**db).await?;
    Err(match still {
        0 => error::not_found("Comment"),
        _ => error::conflict("its post, its author or the comment that it replies to is deleted"),
    }
    .into())
}

/// Takes the mark of this time off the comments of the selection, and off their replies, where all that they hang on lives.
pub(crate) async fn restore_all(db: &Transaction, rows: Select<Entity>, at: NaiveDateTime) -> Result<usize, DbErr> {
    let answered = of(&rows, Column::ParentId, at);
    let standing = Entity::live()
        .filter(Column::Id.in_subquery(answered))
        .order_by_asc(Column::Id);
    let rows = supported(db, rows, at).await?;
    let standing: Vec<i64> = standing
        .select_only()
        .column(Column::Id)
        .lock_shared()
        .into_tuple()
        .all(&**db)
        .await?;
    let upright = Condition::any()
        .add(Column::ParentId.is_null())
        .add(Column::ParentId.is_in(standing));
    let mut parents = bulk::restore::<ActiveModel>(rows.filter(upright), at, &**db).await?;
    let mut back = 0;
    while !parents.is_empty() {
        back += parents.len();
        let mut replies = Vec::new();
        for chunk in parents.chunks(bulk::CHUNK) {
            let rows = Entity::with_deleted().filter(Column::ParentId.is_in(chunk.iter().copied()));
            replies.extend(bulk::restore::<ActiveModel>(supported(db, rows, at).await?, at, &**db).await?);
        }
        parents = replies;
    }
    Ok(back)
}

/// Removes the marked comments of the selection for good, and all replies.
pub(crate) async fn purge_all(db: &Transaction, rows: Select<Entity>) -> Result<usize, DbErr> {
    let mut level = keys(&**db, rows.filter(Column::DeletedAt.is_not_null())).await?;
    let mut levels = Vec::new();
    while !level.is_empty() {
        let mut replies = Vec::new();
        for chunk in level.chunks(bulk::CHUNK) {
            let rows = Entity::with_deleted().filter(Column::ParentId.is_in(chunk.iter().copied()));
            replies.extend(keys(&**db, rows).await?);
        }
        levels.push(std::mem::replace(&mut level, replies));
    }
    let mut purged = 0;
    // The replies first: the foreign key would remove them without a trace.
    for level in levels.iter().rev() {
        for chunk in level.chunks(bulk::CHUNK) {
            let rows = Entity::with_deleted().filter(Column::Id.is_in(chunk.iter().copied()));
            purged += bulk::purge::<ActiveModel>(rows, &**db).await?.len();
        }
    }
    Ok(purged)
}

/// Those of the selection whose post and author live, and will until the transaction ends.
async fn supported(db: &Transaction, rows: Select<Entity>, at: NaiveDateTime) -> Result<Select<Entity>, DbErr> {
    // Accounts before posts, and by key, as whoever deletes them does: so they wait for each other rather than deadlock.
    let authors = user::Entity::live().filter(user::Column::Id.in_subquery(of(&rows, Column::AuthorId, at)));
    let authors = authors
        .select_only()
        .column(user::Column::Id)
        .order_by_asc(user::Column::Id);
    let authors: Vec<i64> = authors.lock_shared().into_tuple().all(&**db).await?;
    let posts = post::Entity::live().filter(post::Column::Id.in_subquery(of(&rows, Column::PostId, at)));
    let posts = posts
        .select_only()
        .column(post::Column::Id)
        .order_by_asc(post::Column::Id);
    let posts: Vec<i64> = posts.lock_shared().into_tuple().all(&**db).await?;
    let on_posts = rows.filter(Column::PostId.is_in(posts));
    Ok(on_posts.filter(Column::AuthorId.is_in(authors)))
}

/// What the marked ones of the selection have in this column.
fn of(rows: &Select<Entity>, column: Column, at: NaiveDateTime) -> SelectStatement {
    let marked = rows.clone().filter(Column::DeletedAt.eq(at));
    marked.select_only().column(column).into_query()
}

async fn keys(db: &impl ConnectionTrait, rows: Select<Entity>) -> Result<Vec<i64>, DbErr> {
    rows.select_only().column(Column::Id).into_tuple().all(db).await
}
