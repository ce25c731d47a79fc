//! What is deleted goes for good.

use blog_entity::{SoftDelete, comment, post, tag, user};
use chrono::NaiveDateTime;
use sea_orm::{ColumnTrait, DbErr, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::dto::{Kind, Purged};
use super::tags;
use crate::comments;
use crate::database::{Db, Transaction};
use crate::posts;
use crate::users;

/// Records of a kind that go in one transaction, each with all that hangs on it. Others wait for its locks no longer, and what has
/// gone stays gone when a later one fails.
const BATCH: u64 = 100;

/// Removes these for good, as far as they are in the trash; how many were.
pub(super) async fn these(db: &Transaction, kind: Kind, ids: &[Uuid]) -> Result<usize, DbErr> {
    let ids = || ids.iter().copied();
    match kind {
        Kind::Posts => {
            let rows = post::Entity::deleted().filter(post::Column::PublicId.is_in(ids()));
            posts::removal::purge_all(db, rows).await
        }
        Kind::Comments => {
            let rows = comment::Entity::deleted().filter(comment::Column::PublicId.is_in(ids()));
            comments::removal::purge_all(db, rows).await
        }
        Kind::Users => {
            let rows = user::Entity::deleted().filter(user::Column::PublicId.is_in(ids()));
            users::removal::purge_all(db, rows).await
        }
        Kind::Tags => {
            let rows = tag::Entity::deleted().filter(tag::Column::PublicId.is_in(ids()));
            tags::purge_all(db, rows).await
        }
    }
}

/// Removes for good all that was deleted before this, a batch at a time.
pub(super) async fn before(db: &Db, before: NaiveDateTime) -> portcullis::Result<Purged> {
    // Accounts first: what hangs on them is not counted again.
    Ok(Purged {
        users: all(db, Kind::Users, before).await?,
        posts: all(db, Kind::Posts, before).await?,
        comments: all(db, Kind::Comments, before).await?,
        tags: all(db, Kind::Tags, before).await?,
    })
}

async fn all(db: &Db, kind: Kind, before: NaiveDateTime) -> portcullis::Result<usize> {
    let mut purged = 0;
    loop {
        let batch = db.transaction(|db| async move {
            let ids = match kind {
                Kind::Posts => oldest::<post::Entity>(&db, post::Column::PublicId, before).await,
                Kind::Comments => oldest::<comment::Entity>(&db, comment::Column::PublicId, before).await,
                Kind::Users => oldest::<user::Entity>(&db, user::Column::PublicId, before).await,
                Kind::Tags => oldest::<tag::Entity>(&db, tag::Column::PublicId, before).await,
            }?;
            Ok((ids.is_empty(), these(&db, kind, &ids).await?))
        });
        let (nothing_left, count) = batch.await?;
        if nothing_left {
            return Ok(purged);
        }
        purged += count;
    }
}

async fn oldest<E: SoftDelete>(db: &Transaction, id: E::Column, before: NaiveDateTime) -> Result<Vec<Uuid>, DbErr> {
    let rows = E::deleted().filter(E::deleted_at().lt(before));
    let rows = rows.order_by_asc(E::deleted_key()).limit(BATCH);
    rows.select_only().column(id).into_tuple().all(&**db).await
}
