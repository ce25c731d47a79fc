//! Changes of rows that somebody else may change meanwhile.

use sea_orm::ActiveValue::{self, Set};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter,
};

use crate::soft_delete::SoftDelete;

/// An active model with a version, which each change raises by one.
pub trait Versioned: ActiveModelTrait<Entity: SoftDelete> {
    /// Where the version is.
    fn version(&mut self) -> (&mut ActiveValue<i64>, <Self::Entity as EntityTrait>::Column);
}

/// Saves the row with its hooks, where it lives and still has the version that it was loaded with; `None` where somebody was
/// faster.
///
/// That it lives is asked for beside the version, which a deletion of many rows leaves as it is: a second deletion would give
/// the row another time than that of what went with it, and a restore would leave that behind.
pub async fn update<A>(
    mut row: A,
    db: &impl ConnectionTrait,
) -> Result<Option<<A::Entity as EntityTrait>::Model>, DbErr>
where
    A: Versioned + ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let (version, column) = row.version();
    let ActiveValue::Unchanged(loaded) = *version else {
        return Err(DbErr::Custom("a row must be loaded before it is changed".into()));
    };
    *version = Set(loaded + 1);
    let row = row.before_save(db, false).await?;
    #[expect(clippy::disallowed_methods, reason = "the hooks run on both sides of it")]
    let update = A::Entity::update(row)
        .validate()?
        .filter(column.eq(loaded))
        .filter(A::Entity::deleted_at().is_null());
    match update.exec(db).await {
        Ok(model) => A::after_save(model, db, false).await.map(Some),
        Err(DbErr::RecordNotUpdated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// For entities with the column of the rule.
macro_rules! versioned {
    () => {
        impl $crate::versioned::Versioned for ActiveModel {
            fn version(&mut self) -> (&mut sea_orm::ActiveValue<i64>, Column) {
                (&mut self.version, Column::Version)
            }
        }
    };
}
pub(crate) use versioned;
