//! Files that belong to posts; their bytes are elsewhere.

use sea_orm::entity::prelude::*;

use crate::hook::audited;
use crate::post;
use crate::soft_delete::soft_delete;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachments")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub public_id: Uuid,
    pub post_id: i64,
    pub file_name: String,
    pub media_type: String,
    pub bytes: i64,
    /// Where the bytes are.
    pub storage_key: String,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub deleted_at: Option<DateTime>,
    pub deleted_key: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "post::Entity", from = "Column::PostId", to = "post::Column::Id")]
    Post,
}

impl Related<post::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Post.def()
    }
}

soft_delete!();
audited!("attachment");
