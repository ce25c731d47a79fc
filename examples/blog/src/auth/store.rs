//! The rows of sessions: who signed in when, and when it ended. Whether a token is good is asked of the session store alone.

use blog_entity::clock;
use blog_entity::session::{ActiveModel, Column, Entity, Model};
use chrono::NaiveDateTime;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use crate::page::Page;

/// Characters of a label; a browser may say more of itself.
const LABEL: usize = 200;

/// Rows that are removed by one transaction, so that nobody waits for long.
const BATCH: u64 = 1_000;

/// Notes that a session has begun.
pub(crate) async fn started(db: &DatabaseTransaction, user: i64, store_id: &str, label: &str) -> Result<Model, DbErr> {
    let session = ActiveModel {
        public_id: Set(Uuid::now_v7()),
        user_id: Set(user),
        store_id: Set(store_id.to_owned()),
        label: Set(label.chars().take(LABEL).collect()),
        started_at: Set(clock::now()),
        ..Default::default()
    };
    session.insert(db).await
}

/// Notes that this session has ended.
pub(crate) async fn ended(db: &DatabaseTransaction, store_id: &str, at: NaiveDateTime) -> Result<(), DbErr> {
    end(db, Column::StoreId.eq(store_id), at).await
}

/// Notes that all sessions of the user have ended.
pub(crate) async fn ended_all(db: &DatabaseTransaction, user: i64, at: NaiveDateTime) -> Result<(), DbErr> {
    end(db, Column::UserId.eq(user), at).await
}

/// Removes some of the rows that began before this, oldest first; how many. 0 when none is left, or when another process
/// has just removed them, which then goes on.
pub(crate) async fn forget(db: &DatabaseTransaction, before: NaiveDateTime) -> Result<u64, DbErr> {
    let old = all()
        .filter(Column::StartedAt.lt(before))
        .order_by_asc(Column::StartedAt);
    let keys: Vec<i64> = old
        .select_only()
        .column(Column::Id)
        .limit(BATCH)
        .into_tuple()
        .all(db)
        .await?;
    if keys.is_empty() {
        return Ok(0);
    }
    #[expect(clippy::disallowed_methods, reason = "sessions have neither hooks nor a mark")]
    let deletion = Entity::delete_many().filter(Column::Id.is_in(keys));
    deletion.exec(db).await.map(|done| done.rows_affected)
}

/// One page of a user's sessions, newest first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, user: i64, page: Page) -> Result<(Vec<Model>, u64), DbErr> {
    let sessions = all().filter(Column::UserId.eq(user)).order_by_desc(Column::Id);
    let pages = sessions.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

#[expect(clippy::disallowed_methods, reason = "sessions end, and are never deleted by a mark")]
fn all() -> Select<Entity> {
    Entity::find()
}

#[expect(clippy::disallowed_methods, reason = "sessions have no hooks")]
async fn end(db: &DatabaseTransaction, which: Expr, at: NaiveDateTime) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::EndedAt, Expr::value(at));
    update
        .filter(Column::EndedAt.is_null())
        .filter(which)
        .exec(db)
        .await
        .map(drop)
}
