//! Accounts.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::context::Context;
use crate::hook::{audited, known};
use crate::password::Password;
use crate::soft_delete::soft_delete;
use crate::versioned::versioned;
use crate::{comment, post, profile, session};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    /// Lower-cased.
    pub email: String,
    pub name: String,
    pub role: String,
    /// False while an admin has closed the account.
    pub active: bool,
    /// What is plain is hashed by the hook, before it gets anywhere.
    pub password_hash: Password,
    pub version: i64,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(has_one = "profile::Entity")]
    Profile,
    #[sea_orm(has_many = "post::Entity")]
    Posts,
    #[sea_orm(has_many = "comment::Entity")]
    Comments,
    #[sea_orm(has_many = "session::Entity")]
    Sessions,
}

impl Related<profile::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Profile.def()
    }
}

impl Related<post::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Posts.def()
    }
}

impl Related<comment::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Comments.def()
    }
}

impl Related<session::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Sessions.def()
    }
}

soft_delete!();
versioned!();
audited!("user", hash_password);

async fn hash_password<C: ConnectionTrait>(mut row: ActiveModel, _: &C, insert: bool) -> Result<ActiveModel, DbErr> {
    if insert && known(&row.active).is_none() {
        row.active = Set(true);
    }
    if let Set(Password::Plain(password)) = &row.password_hash {
        row.password_hash = Set(Password::Hash(Context::hash(password.clone()).await?));
    }
    Ok(row)
}

/// Which users a query means, after [`live`](crate::SoftDelete::live).
pub trait Scopes: Sized {
    /// Those that nobody has closed.
    #[must_use]
    fn active(self) -> Self;
}

impl Scopes for Select<Entity> {
    fn active(self) -> Self {
        self.filter(Column::Active.eq(true))
    }
}
