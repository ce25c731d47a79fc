//! What readers answer, to a post or to one another.

use sea_orm::entity::prelude::*;

use crate::hook::audited;
use crate::soft_delete::soft_delete;
use crate::versioned::versioned;
use crate::{post, user};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comments")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    pub post_id: i64,
    pub author_id: i64,
    /// The comment that this one replies to, under the same post.
    pub parent_id: Option<i64>,
    pub body: String,
    pub version: i64,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "post::Entity", from = "Column::PostId", to = "post::Column::Id")]
    Post,
    #[sea_orm(belongs_to = "user::Entity", from = "Column::AuthorId", to = "user::Column::Id")]
    Author,
    #[sea_orm(belongs_to = "Entity", from = "Column::ParentId", to = "Column::Id")]
    Parent,
}

impl Related<post::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Post.def()
    }
}

impl Related<user::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Author.def()
    }
}

soft_delete!();
versioned!();
audited!("comment");
