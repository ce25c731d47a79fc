//! What posts are about.

use sea_orm::entity::prelude::*;

use crate::hook::audited;
use crate::soft_delete::soft_delete;
use crate::{post, post_tag};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tags")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    /// Lower-cased: not every database would find `Rust` by `rust`, and some would find it twice.
    pub name: String,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl Related<post::Entity> for Entity {
    fn to() -> RelationDef {
        post_tag::Relation::Post.def()
    }

    fn via() -> Option<RelationDef> {
        Some(post_tag::Relation::Tag.def().rev())
    }
}

soft_delete!();
audited!("tag");
