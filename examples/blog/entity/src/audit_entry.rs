//! Who did what to which row, for which request. Written by the hooks, never changed, kept when the row is gone.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde_json::json;

use crate::clock;
use crate::context::Context;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub at: DateTime,
    pub actor: String,
    pub request_id: Option<String>,
    pub action: String,
    pub entity: String,
    pub entity_id: Uuid,
    /// The names of the columns that changed, as a JSON list; never their values, which may be secret.
    pub changed: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new row was stored.
    Create,
    /// Columns changed.
    Update,
    /// The mark was set.
    Delete,
    /// The mark was taken off.
    Restore,
    /// The row was removed for good.
    Purge,
}

/// One deed.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) row: Uuid,
    pub(crate) action: Action,
    pub(crate) changed: Vec<&'static str>,
}

impl Action {
    /// As the column has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Restore => "restore",
            Self::Purge => "purge",
        }
    }
}

/// Writes entries in the name of the task's context.
#[expect(clippy::disallowed_methods, reason = "the trail has no trail")]
pub(crate) async fn write(entries: Vec<Entry>, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let (actor, request_id) = Context::with(|context| (context.actor(), context.request_id()))?;
    let at = clock::now();
    let rows = entries.into_iter().map(|entry| ActiveModel {
        at: Set(at),
        actor: Set(actor.clone()),
        request_id: Set(request_id.clone()),
        action: Set(entry.action.as_str().to_owned()),
        entity: Set(entry.name.to_owned()),
        entity_id: Set(entry.row),
        changed: Set((!entry.changed.is_empty()).then(|| json!(entry.changed).to_string())),
        ..Default::default()
    });
    Entity::insert_many(rows).exec_without_returning(db).await.map(drop)
}
