//! Rows that are to be there, whoever made them.

use sea_orm::{
    ActiveModelBehavior, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::audit_entry::{self, Action, Entry};
use crate::hook::Audited;
use crate::soft_delete::SoftDelete;

/// Inserts those of the rows whose `unique` columns no row has yet, in one statement, and leaves the others as they are. Each
/// passes its hook before the save; those that were really made have their entry in the trail.
///
/// Where two transactions insert the same row at once the second waits for the first. It may still not see the other's row: a
/// transaction of `MariaDB` reads what was there when it began.
pub async fn missing<A, I>(rows: Vec<A>, unique: I, db: &impl ConnectionTrait) -> Result<(), DbErr>
where
    A: Audited + ActiveModelBehavior + Send,
    I: IntoIterator<Item = <A::Entity as EntityTrait>::Column>,
{
    let mut ready = Vec::new();
    let mut ids = Vec::new();
    for row in rows {
        let row = row.before_save(db, true).await?;
        ids.extend(row.public_id());
        ready.push(row);
    }
    if ready.is_empty() {
        return Ok(());
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the hooks have run, and the trail is written below"
    )]
    A::Entity::insert_many(ready)
        .on_conflict_do_nothing_on(unique)
        // `RecordNotInserted` of MariaDB, where nothing is to do.
        .exec_without_returning(db)
        .await?;
    let public_id = <A::Entity as EntityTrait>::Column::iter()
        .find(|column| sea_orm::IdenStatic::as_str(column) == "public_id")
        .ok_or_else(|| DbErr::Custom(format!("{} has no public id", A::NAME)))?;
    let made: Vec<Uuid> = A::Entity::live()
        .select_only()
        .column(public_id)
        .filter(public_id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    if made.is_empty() {
        return Ok(());
    }
    let entries = made.into_iter().map(|row| Entry {
        name: A::NAME,
        row,
        action: Action::Create,
        changed: Vec::new(),
    });
    audit_entry::write(entries.collect(), db).await
}
