//! The queries of tags.

use std::collections::{BTreeSet, HashMap};

use blog_entity::post::{Reader, Scopes};
use blog_entity::tag::{ActiveModel, Column, Entity};
use blog_entity::{SoftDelete, post, post_tag, upsert};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, JoinType, QueryFilter, QueryOrder,
    QuerySelect, RelationTrait, Select,
};

use super::dto::TagView;
use crate::database::fault::Overtaken;
use crate::page::Page;

/// Names of one statement, each of which may be a row to insert.
const NAMES: usize = 1_000;

/// Gives the post exactly the tags of these names, which are made where they are missing.
pub(crate) async fn replace(db: &DatabaseTransaction, post: &post::Model, names: &[String]) -> portcullis::Result<()> {
    let tags: Vec<i64> = get_or_create(db, names).await?.into_values().collect();
    Ok(post_tag::replace(post, &tags, db).await?)
}

/// Gives posts that are being made the tags of these names, in some statements however many they are.
pub(crate) async fn give(db: &DatabaseTransaction, wanted: &[(i64, &[String])]) -> portcullis::Result<()> {
    let names: BTreeSet<&String> = wanted.iter().flat_map(|(_, names)| *names).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let mut tags = HashMap::new();
    for chunk in names.chunks(NAMES) {
        tags.extend(get_or_create(db, chunk).await?);
    }
    let tags_of = |names: &[String]| {
        names
            .iter()
            .filter_map(|name| tags.get(name).copied())
            .collect::<Vec<_>>()
    };
    let pairs = wanted
        .iter()
        .flat_map(|(post, names)| tags_of(names).into_iter().map(|tag| (*post, tag)));
    Ok(post_tag::give(pairs.collect(), db).await?)
}

/// The keys of tags, by their names.
async fn get_or_create(db: &DatabaseTransaction, names: &[String]) -> portcullis::Result<HashMap<String, i64>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let found = || Entity::live().filter(Column::Name.is_in(names));
    let there = found().all(db).await?;
    if there.len() == names.len() {
        return Ok(there.into_iter().map(|tag| (tag.name, tag.id)).collect());
    }
    let missing = names.iter().filter(|name| there.iter().all(|tag| tag.name != **name));
    let rows = missing.map(|name| ActiveModel {
        name: Set(name.clone()),
        deleted_key: Set(0),
        ..Default::default()
    });
    upsert::missing(rows.collect(), [Column::Name, Column::DeletedKey], db).await?;
    // With a lock, since what another transaction has just made is not in what a transaction of MariaDB sees without.
    let there = found().lock_exclusive().all(db).await?;
    if there.len() < names.len() {
        // One of them was deleted meanwhile.
        return Err(Overtaken.into());
    }
    Ok(there.into_iter().map(|tag| (tag.name, tag.id)).collect())
}

/// The names of the tags of several posts, by the posts' keys, each in the order of the alphabet.
pub(crate) async fn of_posts(db: &impl ConnectionTrait, posts: &[i64]) -> Result<HashMap<i64, Vec<String>>, DbErr> {
    let pairs: Vec<(i64, String)> = Entity::live()
        .join_rev(JoinType::InnerJoin, post_tag::Relation::Tag.def())
        .filter(post_tag::Column::PostId.is_in(posts.iter().copied()))
        .select_only()
        .column(post_tag::Column::PostId)
        .column(Column::Name)
        .order_by_asc(Column::Name)
        .into_tuple()
        .all(db)
        .await?;
    let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
    for (post, name) in pairs {
        tags.entry(post).or_default().push(name);
    }
    Ok(tags)
}

/// The keys of the posts that have this tag, to filter by.
pub(crate) fn posts_with(name: &str) -> SelectStatement {
    Query::select()
        .column((post_tag::Entity, post_tag::Column::PostId))
        .from(post_tag::Entity)
        .inner_join(
            Entity,
            Expr::col((Entity, Column::Id)).equals((post_tag::Entity, post_tag::Column::TagId)),
        )
        .and_where(Column::Name.eq(name))
        .and_where(Column::DeletedKey.eq(0))
        .take()
}

/// One page of the tags that posts have which the reader may see, the most used first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, reader: Reader, page: Page) -> Result<(Vec<TagView>, u64), DbErr> {
    let pairs: Select<post::Entity> = post::Entity::live()
        .visible_to(reader)
        .join_rev(JoinType::InnerJoin, post_tag::Relation::Post.def())
        .join(JoinType::InnerJoin, post_tag::Relation::Tag.def())
        .filter(Column::DeletedKey.eq(0))
        .select_only();
    let total: Option<i64> = pairs
        .clone()
        .column_as(Expr::col((Entity, Column::Id)).count_distinct(), "total")
        .into_tuple()
        .one(db)
        .await?;
    let number = Expr::col((post::Entity, post::Column::Id)).count();
    let tags = pairs
        .column_as(Expr::col((Entity, Column::Name)), "name")
        .column_as(number.clone(), "posts")
        .group_by(Column::Id)
        .group_by(Column::Name)
        .order_by_desc(number)
        .order_by_asc(Column::Name)
        .offset((page.number - 1) * page.size)
        .limit(page.size)
        .into_model::<TagView>()
        .all(db)
        .await?;
    Ok((tags, u64::try_from(total.unwrap_or_default()).unwrap_or_default()))
}
