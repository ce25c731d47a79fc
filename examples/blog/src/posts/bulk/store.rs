//! The queries of many posts.

use std::collections::{HashMap, HashSet};

use blog_entity::post::{ActiveModel, Column, Entity, Model, Reader, Scopes};
use blog_entity::{SoftDelete, bulk, slug};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::database::fault::{self, Overtaken};
use crate::posts::store::Content;
use crate::tags;

/// The id and slug of a post that is made.
pub(super) type Made = (Uuid, String);

/// Stores all of them with their tags. Their slugs are made here: the hook, which makes one where none is set, would ask for each of them.
pub(super) async fn import(
    db: &DatabaseTransaction,
    author: i64,
    contents: &[Content],
) -> portcullis::Result<Vec<Made>> {
    let made = named(db, contents).await?;
    let rows = contents.iter().zip(&made).map(|(content, (id, slug))| ActiveModel {
        public_id: Set(*id),
        author_id: Set(author),
        title: Set(content.title.clone()),
        slug: Set(slug.clone()),
        body: Set(content.body.clone()),
        published: Set(content.published),
        version: Set(1),
        ..Default::default()
    });
    match bulk::insert(rows.collect(), db).await {
        // Somebody took a slug since; the next try will see that.
        Err(error) if fault::is_duplicate(&error) => return Err(Overtaken.into()),
        other => other?,
    }
    tag(db, contents, &made).await?;
    Ok(made)
}

async fn tag(db: &DatabaseTransaction, contents: &[Content], made: &[Made]) -> portcullis::Result<()> {
    let tagged = contents
        .iter()
        .zip(made)
        .filter(|(content, _)| !content.tags.is_empty());
    let tagged: HashMap<Uuid, &[String]> = tagged.map(|(content, (id, _))| (*id, &*content.tags)).collect();
    if tagged.is_empty() {
        return Ok(());
    }
    let posts = Entity::live().filter(Column::PublicId.is_in(tagged.keys().copied()));
    let posts: Vec<(Uuid, i64)> = posts
        .select_only()
        .columns([Column::PublicId, Column::Id])
        .into_tuple()
        .all(db)
        .await?;
    let wanted: Vec<(i64, &[String])> = posts
        .into_iter()
        .filter_map(|(id, key)| Some((key, *tagged.get(&id)?)))
        .collect();
    tags::store::give(db, &wanted).await
}

async fn named(db: &impl ConnectionTrait, contents: &[Content]) -> Result<Vec<Made>, DbErr> {
    let slugs: Vec<String> = contents.iter().map(|content| slug(&content.title)).collect();
    let taken = Entity::live().filter(Column::Slug.is_in(&slugs));
    let taken: Vec<String> = taken.select_only().column(Column::Slug).into_tuple().all(db).await?;
    let mut taken: HashSet<String> = taken.into_iter().collect();
    let made = slugs.into_iter().map(|slug| {
        let id = Uuid::now_v7();
        if taken.insert(slug.clone()) {
            return (id, slug);
        }
        // The random part of the id.
        let text = id.simple().to_string();
        (id, format!("{slug}-{}", text.get(20..).unwrap_or(&text)))
    });
    Ok(made.collect())
}

/// Those of these posts that the reader may see.
pub(super) async fn visible(db: &impl ConnectionTrait, reader: Reader, ids: &[Uuid]) -> Result<Vec<Model>, DbErr> {
    let posts = Entity::live().visible_to(reader);
    posts.filter(Column::PublicId.is_in(ids.iter().copied())).all(db).await
}

/// A deleted post of this id.
pub(super) async fn deleted(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::deleted().filter(Column::PublicId.eq(id)).one(db).await
}
