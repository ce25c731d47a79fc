//! Many rows at once, with the hooks that a plain `insert_many` or `update_many` would pass by.

use chrono::NaiveDateTime;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelBehavior, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use crate::audit_entry::{self, Action, Entry};
use crate::hook::Audited;
use crate::soft_delete::SoftDelete;

/// Parameters that each of the three databases takes in one statement.
const PARAMETERS: usize = 30_000;

/// Rows that are marked or removed by one statement; each has an entry of eight columns in the trail.
pub const CHUNK: usize = PARAMETERS / 8;

/// Inserts the rows, some hundreds a statement; each passes its hook before the save, and has its entry in the trail.
pub async fn insert<A>(rows: Vec<A>, db: &impl ConnectionTrait) -> Result<(), DbErr>
where
    A: Audited + ActiveModelBehavior + Send,
{
    let most = PARAMETERS / <A::Entity as EntityTrait>::Column::iter().count();
    let mut rows = rows.into_iter();
    loop {
        let mut chunk = Vec::new();
        let mut entries = Vec::new();
        for row in rows.by_ref().take(most) {
            let row = row.before_save(db, true).await?;
            entries.push(entry::<A>(row.public_id().unwrap_or_default(), Action::Create));
            chunk.push(row);
        }
        if chunk.is_empty() {
            return Ok(());
        }
        #[expect(clippy::disallowed_methods, reason = "the hooks have run")]
        A::Entity::insert_many(chunk).exec_without_returning(db).await?;
        audit_entry::write(entries, db).await?;
    }
}

/// Marks every living row of the selection as deleted, in two statements and those of the trail; their keys.
pub async fn delete<A>(rows: Select<A::Entity>, at: NaiveDateTime, db: &impl ConnectionTrait) -> Result<Vec<i64>, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    mark::<A>(rows.filter(A::Entity::deleted_at().is_null()), Some(at), db).await
}

/// Takes off every mark of the selection that was made at this very time; the keys of those rows.
pub async fn restore<A>(
    rows: Select<A::Entity>,
    at: NaiveDateTime,
    db: &impl ConnectionTrait,
) -> Result<Vec<i64>, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    mark::<A>(rows.filter(A::Entity::deleted_at().eq(at)), None, db).await
}

/// Removes every marked row of the selection for good, with an entry in the trail for each; their keys.
///
/// What the foreign keys remove with them has no entry: begin with the children.
pub async fn purge<A>(rows: Select<A::Entity>, db: &impl ConnectionTrait) -> Result<Vec<i64>, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    let key = column::<A>("id")?;
    let doomed = locked::<A>(rows.filter(A::Entity::deleted_at().is_not_null()), db).await?;
    for chunk in doomed.chunks(CHUNK) {
        audit_entry::write(entries::<A>(chunk, Action::Purge), db).await?;
        #[expect(clippy::disallowed_methods, reason = "the trail is written above")]
        A::Entity::delete_many()
            .filter(Expr::col(key).is_in(keys(chunk)))
            .exec(db)
            .await?;
    }
    Ok(keys(&doomed))
}

async fn mark<A>(
    rows: Select<A::Entity>,
    at: Option<NaiveDateTime>,
    db: &impl ConnectionTrait,
) -> Result<Vec<i64>, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    let key = column::<A>("id")?;
    let marked = locked::<A>(rows, db).await?;
    let action = if at.is_some() { Action::Delete } else { Action::Restore };
    for chunk in marked.chunks(CHUNK) {
        let deleted_key = if at.is_some() {
            Expr::col(key)
        } else {
            Expr::value(0_i64)
        };
        #[expect(clippy::disallowed_methods, reason = "the trail is written below")]
        A::Entity::update_many()
            .col_expr(A::Entity::deleted_at(), Expr::value(at))
            .col_expr(A::Entity::deleted_key(), deleted_key)
            .filter(Expr::col(key).is_in(keys(chunk)))
            .exec(db)
            .await?;
        audit_entry::write(entries::<A>(chunk, action), db).await?;
    }
    Ok(keys(&marked))
}

/// The key and public id of each, kept from others: two that delete the same row at once would both write that they did.
async fn locked<A>(rows: Select<A::Entity>, db: &impl ConnectionTrait) -> Result<Vec<(i64, Uuid)>, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    let (key, public_id) = (column::<A>("id")?, column::<A>("public_id")?);
    // In one order, so that they wait for each other rather than deadlock.
    let rows = rows.select_only().columns([key, public_id]).order_by_asc(key);
    rows.lock_exclusive().into_tuple().all(db).await
}

fn keys(rows: &[(i64, Uuid)]) -> Vec<i64> {
    rows.iter().map(|(key, _)| *key).collect()
}

fn entries<A: Audited>(rows: &[(i64, Uuid)], action: Action) -> Vec<Entry> {
    rows.iter().map(|(_, id)| entry::<A>(*id, action)).collect()
}

fn entry<A: Audited>(row: Uuid, action: Action) -> Entry {
    Entry {
        name: A::NAME,
        row,
        action,
        changed: Vec::new(),
    }
}

fn column<A: Audited>(name: &str) -> Result<<A::Entity as EntityTrait>::Column, DbErr> {
    use sea_orm::IdenStatic;
    <A::Entity as EntityTrait>::Column::iter()
        .find(|column| column.as_str() == name)
        .ok_or_else(|| DbErr::Custom(format!("{} has no column {name}", A::NAME)))
}
