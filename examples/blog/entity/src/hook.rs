//! What every entity's hooks share: the stamps of time, and the entry in the trail.

use sea_orm::{ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, EntityTrait, IdenStatic, Iterable};
use sea_orm::{ActiveValue::Set, Value};
use uuid::Uuid;

use crate::audit_entry::{self, Action, Entry};
use crate::clock;
use crate::context::Context;
use crate::soft_delete::SoftDelete;

/// A row that the trail follows.
pub trait Audited: ActiveModelTrait<Entity: SoftDelete> {
    /// What the trail calls such a row.
    const NAME: &'static str;

    /// The public id, once it is known.
    fn public_id(&self) -> Option<Uuid>;

    /// The same, of a row that is stored.
    fn public_id_of(model: &<Self::Entity as EntityTrait>::Model) -> Uuid;
}

/// Before a save: gives a new row its public id and times, and notes what changes.
pub(crate) fn before_save<A: Audited>(row: &mut A, insert: bool) -> Result<(), DbErr> {
    type Column<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;
    let set = |row: &mut A, name: &str, value: Value| {
        for column in Column::<A>::iter().filter(|column| column.as_str() == name) {
            if !matches!(row.get(column), ActiveValue::Set(_)) {
                row.set(column, value.clone());
            }
        }
    };
    let now = clock::now();
    if insert {
        set(row, "public_id", Uuid::now_v7().into());
        set(row, "created_at", now.into());
        set(row, "updated_at", now.into());
        return Context::with(|_| ());
    }
    let Some(id) = row.public_id() else {
        return Err(DbErr::Custom(format!(
            "a {} must be loaded before it is changed",
            A::NAME
        )));
    };
    let changed = Column::<A>::iter()
        .filter(|column| matches!(row.get(*column), ActiveValue::Set(_)))
        .map(|column| column.as_str())
        .collect();
    set(row, "updated_at", now.into());
    Context::with(|context| context.keep_changed(id, changed))
}

/// After a save: writes down who did what.
pub(crate) async fn after_save<A: Audited>(
    model: &<A::Entity as EntityTrait>::Model,
    db: &impl ConnectionTrait,
    insert: bool,
) -> Result<(), DbErr> {
    let row = A::public_id_of(model);
    let changed = Context::with(|context| context.take_changed(row))?;
    let action = if insert {
        Action::Create
    } else if changed.contains(&"deleted_at") {
        if A::Entity::is_deleted(model) {
            Action::Delete
        } else {
            Action::Restore
        }
    } else {
        Action::Update
    };
    let entry = Entry {
        name: A::NAME,
        row,
        action,
        changed,
    };
    audit_entry::write(vec![entry], db).await
}

/// Before a row is removed for good, which leaves nothing else to remember it by.
pub(crate) async fn before_delete<A: Audited>(row: &A, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let Some(id) = row.public_id() else {
        return Err(DbErr::Custom(format!(
            "a {} must be loaded before it is purged",
            A::NAME
        )));
    };
    let entry = Entry {
        name: A::NAME,
        row: id,
        action: Action::Purge,
        changed: Vec::new(),
    };
    audit_entry::write(vec![entry], db).await
}

/// The value of a column that is set or was loaded.
pub(crate) fn known<T: Into<Value> + Clone>(value: &ActiveValue<T>) -> Option<T> {
    match value {
        Set(value) | ActiveValue::Unchanged(value) => Some(value.clone()),
        ActiveValue::NotSet => None,
    }
}

/// The hooks of an entity: `$before` is what it does beside what all do.
macro_rules! audited {
    ($name:literal, $before:expr) => {
        impl $crate::hook::Audited for ActiveModel {
            const NAME: &'static str = $name;

            fn public_id(&self) -> Option<Uuid> {
                $crate::hook::known(&self.public_id)
            }

            fn public_id_of(model: &Model) -> Uuid {
                model.public_id
            }
        }

        #[async_trait::async_trait]
        impl ActiveModelBehavior for ActiveModel {
            async fn before_save<C: ConnectionTrait>(self, db: &C, insert: bool) -> Result<Self, DbErr> {
                let mut row = self;
                $crate::hook::before_save(&mut row, insert)?;
                $before(row, db, insert).await
            }

            async fn after_save<C: ConnectionTrait>(model: Model, db: &C, insert: bool) -> Result<Model, DbErr> {
                $crate::hook::after_save::<Self>(&model, db, insert).await?;
                Ok(model)
            }

            async fn before_delete<C: ConnectionTrait>(self, db: &C) -> Result<Self, DbErr> {
                $crate::hook::before_delete(&self, db).await?;
                Ok(self)
            }
        }
    };
    ($name:literal) => {
        audited!($name, plain);

        /// No more than all rows do.
        async fn plain<C: ConnectionTrait>(row: ActiveModel, _: &C, _: bool) -> Result<ActiveModel, DbErr> {
            Ok(row)
        }
    };
}
pub(crate) use audited;
