//! Rows that are deleted by a mark: hidden everywhere, until they are restored or purged.
//!
//! `deleted_at` is the mark. `deleted_key` is 0 while the row lives, and its own key when it does not: the second column of every
//! unique index, so that a name can be given again, in all databases alike. Queries ask for the key: a column that equals a value
//! leaves the rest of an index in its order, and `PostgreSQL` does not see that one that is `NULL` does so too.
//!
//! Where a row has children, the store of its feature marks them with the very same time, and so knows later which of them to bring
//! back.

use chrono::NaiveDateTime;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    ModelTrait, QueryFilter, Select,
};

/// An entity whose rows are deleted by a mark.
///
/// `find` is closed by a lint: here each query says which rows it means.
pub trait SoftDelete: EntityTrait {
    /// The mark.
    fn deleted_at() -> Self::Column;

    /// 0, or the row's own key.
    fn deleted_key() -> Self::Column;

    /// The row's own key.
    fn key_of(model: &Self::Model) -> i64;

    /// Whether this row has the mark.
    fn is_deleted(model: &Self::Model) -> bool;

    /// The rows that are there for everybody.
    fn live() -> Select<Self> {
        Self::with_deleted().filter(Self::deleted_key().eq(0))
    }

    /// The rows that can be restored or purged.
    fn deleted() -> Select<Self> {
        Self::with_deleted().filter(Self::deleted_key().gt(0))
    }

    /// All rows; for a purge and for those who look after the data.
    #[expect(clippy::disallowed_methods, reason = "the one place that sees all")]
    fn with_deleted() -> Select<Self> {
        Self::find()
    }
}

/// Marks the row.
pub async fn delete<A>(
    row: <A::Entity as EntityTrait>::Model,
    at: NaiveDateTime,
    db: &impl ConnectionTrait,
) -> Result<<A::Entity as EntityTrait>::Model, DbErr>
where
    A: ActiveModelTrait<Entity: SoftDelete> + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let key = A::Entity::key_of(&row);
    mark::<A>(row, Some(at), key, db).await
}

/// Takes the mark off; fails with a violation where a living row has its name meanwhile.
pub async fn restore<A>(
    row: <A::Entity as EntityTrait>::Model,
    db: &impl ConnectionTrait,
) -> Result<<A::Entity as EntityTrait>::Model, DbErr>
where
    A: ActiveModelTrait<Entity: SoftDelete> + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    mark::<A>(row, None, 0, db).await
}

/// Removes the row for good; children go by the foreign key.
pub async fn purge<A>(row: <A::Entity as EntityTrait>::Model, db: &impl ConnectionTrait) -> Result<(), DbErr>
where
    A: ActiveModelTrait<Entity: SoftDelete> + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    row.delete(db).await.map(drop)
}

async fn mark<A>(
    row: <A::Entity as EntityTrait>::Model,
    at: Option<NaiveDateTime>,
    key: i64,
    db: &impl ConnectionTrait,
) -> Result<<A::Entity as EntityTrait>::Model, DbErr>
where
    A: ActiveModelTrait<Entity: SoftDelete> + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let mut row = row.into_active_model();
    row.set(A::Entity::deleted_at(), at.into());
    row.set(A::Entity::deleted_key(), key.into());
    row.update(db).await
}

/// For entities with the columns of the rule.
macro_rules! soft_delete {
    () => {
        impl $crate::soft_delete::SoftDelete for Entity {
            fn deleted_at() -> Column {
                Column::DeletedAt
            }

            fn deleted_key() -> Column {
                Column::DeletedKey
            }

            fn key_of(model: &Model) -> i64 {
                model.id
            }

            fn is_deleted(model: &Model) -> bool {
                model.deleted_at.is_some()
            }
        }
    };
}
pub(crate) use soft_delete;
