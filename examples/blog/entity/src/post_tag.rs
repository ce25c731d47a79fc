//! Which post has which tag.

use std::collections::BTreeSet;

use sea_orm::ActiveValue::Set;
use sea_orm::QuerySelect;
use sea_orm::entity::prelude::*;

use crate::audit_entry::{self, Action, Entry};
use crate::{post, tag};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "post_tags")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub post_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag_id: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "post::Entity", from = "Column::PostId", to = "post::Column::Id")]
    Post,
    #[sea_orm(belongs_to = "tag::Entity", from = "Column::TagId", to = "tag::Column::Id")]
    Tag,
}

impl Related<post::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Post.def()
    }
}

impl Related<tag::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Tag.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

/// Gives the post exactly these tags. A pair has no row of its own in the trail: it is a change of the post.
#[expect(
    clippy::disallowed_methods,
    reason = "a pair is no row to restore, and the trail is written here"
)]
pub async fn replace(post: &post::Model, tags: &[i64], db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let of_post = || Entity::find().filter(Column::PostId.eq(post.id));
    let had: Vec<i64> = of_post()
        .select_only()
        .column(Column::TagId)
        .into_tuple()
        .all(db)
        .await?;
    let had: BTreeSet<i64> = had.into_iter().collect();
    let wanted: BTreeSet<i64> = tags.iter().copied().collect();
    if had == wanted {
        return Ok(());
    }
    let gone: Vec<i64> = had.difference(&wanted).copied().collect();
    if !gone.is_empty() {
        let pairs = Entity::delete_many().filter(Column::PostId.eq(post.id));
        pairs.filter(Column::TagId.is_in(gone)).exec(db).await?;
    }
    let new: Vec<ActiveModel> = wanted
        .difference(&had)
        .map(|tag| ActiveModel {
            post_id: Set(post.id),
            tag_id: Set(*tag),
        })
        .collect();
    if !new.is_empty() {
        Entity::insert_many(new).exec_without_returning(db).await?;
    }
    let entry = Entry {
        name: "post",
        row: post.public_id,
        action: Action::Update,
        changed: vec!["tags"],
    };
    audit_entry::write(vec![entry], db).await
}

/// Pairs of one statement.
const PAIRS: usize = 10_000;

/// Gives tags to posts that are being made: the post's own entry in the trail tells of them.
#[expect(clippy::disallowed_methods, reason = "a pair has no hooks")]
pub async fn give(pairs: Vec<(i64, i64)>, db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for chunk in pairs.chunks(PAIRS) {
        let rows = chunk.iter().map(|(post, tag)| ActiveModel {
            post_id: Set(*post),
            tag_id: Set(*tag),
        });
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}
