//! Where and since when a user is signed in, as the owner sees it; the tokens themselves are in the session store.

use sea_orm::entity::prelude::*;

use crate::user;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    pub user_id: i64,
    /// The id by which the session store and the tokens know it.
    pub store_id: String,
    /// The client's own name for itself.
    pub label: String,
    pub started_at: DateTime,
    pub ended_at: Option<DateTime>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "user::Entity", from = "Column::UserId", to = "user::Column::Id")]
    User,
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::User.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
