//! What goes with an account, and what comes back with it: profile, posts, comments, and all that hangs on those.

use blog_entity::user::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, bulk, clock, comment, post, profile};
use sea_orm::{ColumnTrait, DbErr, QueryFilter, QuerySelect, QueryTrait, Select};

use crate::auth;
use crate::comments;
use crate::database::Transaction;
use crate::database::fault;
use crate::error;
use crate::posts;

/// Marks an account with all that it wrote, with one and the same time; whether it was there.
pub(crate) async fn delete(db: &Transaction, user: i64) -> Result<bool, DbErr> {
    let at = clock::now();
    let rows = Entity::live().filter(Column::Id.eq(user));
    if bulk::delete::<ActiveModel>(rows, at, &**db).await?.is_empty() {
        return Ok(false);
    }
    let profile = profile::Entity::live().filter(profile::Column::UserId.eq(user));
    bulk::delete::<profile::ActiveModel>(profile, at, &**db).await?;
    let posts = post::Entity::live().filter(post::Column::AuthorId.eq(user));
    posts::removal::delete_all(db, posts, at).await?;
    let comments = comment::Entity::live().filter(comment::Column::AuthorId.eq(user));
    comments::removal::delete_all(db, comments, at).await?;
    auth::store::ended_all(db, user, at).await?;
    Ok(true)
}

/// Brings an account back with what went with it; `409` where its email, or a slug of its posts, is taken meanwhile.
pub(crate) async fn restore(db: &Transaction, user: &Model) -> portcullis::Result<()> {
    let Some(at) = user.deleted_at else {
        return Err(error::not_found("User").into());
    };
    let rows = Entity::with_deleted().filter(Column::Id.eq(user.id));
    let restored = match bulk::restore::<ActiveModel>(rows, at, &**db).await {
        Err(error) if fault::is_duplicate(&error) => {
            return Err(error::conflict("another account has this email meanwhile").into());
        }
        other => other?,
    };
    if restored.is_empty() {
        return Err(error::not_found("User").into());
    }
    let profile = profile::Entity::with_deleted().filter(profile::Column::UserId.eq(user.id));
    bulk::restore::<profile::ActiveModel>(profile, at, &**db).await?;
    let posts = post::Entity::with_deleted().filter(post::Column::AuthorId.eq(user.id));
    posts::removal::restore_all(db, posts, at).await?;
    let comments = comment::Entity::with_deleted().filter(comment::Column::AuthorId.eq(user.id));
    comments::removal::restore_all(db, comments, at).await?;
    Ok(())
}

/// Removes the marked accounts of the selection for good, with all that hangs on them; their sessions go by the foreign key.
pub(crate) async fn purge_all(db: &Transaction, rows: Select<Entity>) -> Result<usize, DbErr> {
    let doomed = rows.filter(Column::DeletedAt.is_not_null());
    let keys = || doomed.clone().select_only().column(Column::Id).into_query();
    let posts = post::Entity::with_deleted().filter(post::Column::AuthorId.in_subquery(keys()));
    posts::removal::purge_all(db, posts).await?;
    let comments = comment::Entity::with_deleted().filter(comment::Column::AuthorId.in_subquery(keys()));
    comments::removal::purge_all(db, comments).await?;
    let profiles = profile::Entity::with_deleted().filter(profile::Column::UserId.in_subquery(keys()));
    bulk::purge::<profile::ActiveModel>(profiles, &**db).await?;
    Ok(bulk::purge::<ActiveModel>(doomed, &**db).await?.len())
}
