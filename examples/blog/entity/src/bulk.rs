//! Many rows at once, with the hooks that a plain `insert_many` or `update_many` would pass by.

use chrono::NaiveDateTime;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelBehavior, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QuerySelect, Select,
};
use uuid::Uuid;

use crate::audit_entry::{self, Action, Entry};
use crate::hook::Audited;
use crate::soft_delete::SoftDelete;

/// Parameters that each of the three databases takes in one statement.
const PARAMETERS: usize = 30_000;

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

/// Marks every row of the selection as deleted, in two statements and those of the trail; says how many.
pub async fn delete<A>(rows: Select<A::Entity>, at: NaiveDateTime, db: &impl ConnectionTrait) -> Result<usize, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    mark::<A>(rows.filter(A::Entity::deleted_at().is_null()), Some(at), db).await
}

/// Takes off every mark of the selection that was made at this very time.
pub async fn restore<A>(rows: Select<A::Entity>, at: NaiveDateTime, db: &impl ConnectionTrait) -> Result<usize, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    mark::<A>(rows.filter(A::Entity::deleted_at().eq(at)), None, db).await
}

async fn mark<A>(rows: Select<A::Entity>, at: Option<NaiveDateTime>, db: &impl ConnectionTrait) -> Result<usize, DbErr>
where
    A: Audited,
    <A::Entity as EntityTrait>::Model: Send + Sync,
{
    let (key, public_id) = (column::<A>("id")?, column::<A>("public_id")?);
    let marked: Vec<(i64, Uuid)> = rows
        .select_only()
        .columns([key, public_id])
        .into_tuple()
        .all(db)
        .await?;
    let action = if at.is_some() { Action::Delete } else { Action::Restore };
    for chunk in marked.chunks(PARAMETERS / 8) {
        let deleted_key = if at.is_some() {
            Expr::col(key)
        } else {
            Expr::value(0_i64)
        };
        #[expect(clippy::disallowed_methods, reason = "the trail is written below")]
        A::Entity::update_many()
            .col_expr(A::Entity::deleted_at(), Expr::value(at))
            .col_expr(A::Entity::deleted_key(), deleted_key)
            .filter(Expr::col(key).is_in(chunk.iter().map(|(key, _)| *key)))
            .exec(db)
            .await?;
        let entries = chunk.iter().map(|(_, id)| entry::<A>(*id, action)).collect();
        audit_entry::write(entries, db).await?;
    }
    Ok(marked.len())
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
