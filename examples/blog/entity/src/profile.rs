//! What a user tells of themselves. Each has at most one.

use sea_orm::entity::prelude::*;

use crate::hook::audited;
use crate::soft_delete::soft_delete;
use crate::user;
use crate::versioned::versioned;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "profiles")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    pub user_id: i64,
    pub bio: String,
    pub website: Option<String>,
    /// A day without a time: a birthday before 1970 is as good as any.
    pub birthday: Option<Date>,
    pub version: i64,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
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

soft_delete!();
versioned!();
audited!("profile");
