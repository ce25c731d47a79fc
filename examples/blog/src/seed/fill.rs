//! Writes the rows that are missing, some hundred a transaction: interrupted, it goes on the next time.

use std::collections::HashMap;

use blog_entity::{Actor, SoftDelete, attachment, bulk, comment, post, post_tag, profile, tag, user};
use portcullis::Result;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use tokio::time::Instant;
use uuid::Uuid;

use super::progress::Progress;
use super::rows::{self, Kind, Post};
use super::words::TAGS;
use crate::cli::Seed;
use crate::database::Db;
use crate::state::AppState;
use crate::{comments, posts, users};

/// Rows with what belongs to them that stand or fall together.
const CHUNK: usize = 500;

/// Adds what is missing of so many users and posts; says what there is.
pub async fn fill(state: &AppState, size: Seed) -> Result<String> {
    if size.posts > 0 && size.users == 0 {
        return Err("posts need users to write them".into());
    }
    let context = state.context(Actor::System("seed"), None);
    Box::pin(context.scope(write(state.db(), size))).await
}

async fn write(db: &Db, size: Seed) -> Result<String> {
    let begun = Instant::now();
    let authors = &users(db, size.users).await?;
    let tags = &db.transaction(|db| async move { tags(&db).await }).await?;
    let mut progress = Progress::new("posts", size.posts);
    for chunk in numbers(size.posts).chunks(CHUNK) {
        db.transaction(|db| async move { write_posts(&db, chunk, authors, tags).await })
            .await?;
        progress.advance(chunk.len());
    }
    drop(progress);
    let seconds = begun.elapsed().as_secs_f32();
    let db = db.primary();
    let (users, posts) = (users::store::count(db).await?, posts::store::count(db).await?);
    let comments = comments::store::count(db).await?;
    Ok(format!(
        "{users} users, {posts} posts, {comments} comments; {seconds:.1} s"
    ))
}

/// Their keys, in the order of their numbers.
async fn users(db: &Db, count: u32) -> Result<Vec<i64>> {
    let mut all = Vec::new();
    let mut progress = Progress::new("users", count);
    for chunk in numbers(count).chunks(CHUNK) {
        let keys = db
            .transaction(|db| async move { write_users(&db, chunk).await })
            .await?;
        all.extend(keys);
        progress.advance(chunk.len());
    }
    Ok(all)
}

async fn write_users(db: &DatabaseTransaction, numbers: &[u32]) -> Result<Vec<i64>> {
    let ids: Vec<Uuid> = numbers
        .iter()
        .map(|number| rows::public_id(Kind::User, *number))
        .collect();
    let known = keys::<user::Entity>(db, user::Column::Id, user::Column::PublicId, &ids).await?;
    let missing: Vec<(u32, Uuid)> = numbers.iter().copied().zip(ids.iter().copied()).collect();
    let missing: Vec<_> = missing.into_iter().filter(|(_, id)| !known.contains_key(id)).collect();
    let new = missing.iter().map(|(number, _)| rows::user(*number)).collect();
    bulk::insert::<user::ActiveModel>(new, db).await?;
    let known = keys::<user::Entity>(db, user::Column::Id, user::Column::PublicId, &ids).await?;
    let profiles = missing
        .iter()
        .map(|(number, id)| Ok(rows::profile(*number, key(&known, id)?)));
    bulk::insert::<profile::ActiveModel>(profiles.collect::<Result<_>>()?, db).await?;
    ids.iter().map(|id| key(&known, id)).collect()
}

/// The keys of all tags. One that somebody has made is as good as one of the seed.
async fn tags(db: &DatabaseTransaction) -> Result<Vec<i64>> {
    let mut known = tag_keys(db).await?;
    let missing = TAGS.iter().filter(|name| !known.contains_key(**name));
    let new = missing.map(|name| tag::ActiveModel {
        name: Set((*name).to_owned()),
        ..Default::default()
    });
    bulk::insert::<tag::ActiveModel>(new.collect(), db).await?;
    known.extend(tag_keys(db).await?);
    let keys = TAGS.iter().map(|name| known.get(*name).copied());
    keys.collect::<Option<_>>().ok_or_else(|| "a tag was not stored".into())
}

async fn tag_keys(db: &DatabaseTransaction) -> Result<HashMap<String, i64>, DbErr> {
    let tags = tag::Entity::live()
        .filter(tag::Column::Name.is_in(TAGS))
        .all(db)
        .await?;
    Ok(tags.into_iter().map(|tag| (tag.name, tag.id)).collect())
}

/// A post is there with all that belongs to it, or not at all.
async fn write_posts(db: &DatabaseTransaction, numbers: &[u32], authors: &[i64], tags: &[i64]) -> Result<()> {
    let ids: Vec<Uuid> = numbers
        .iter()
        .map(|number| rows::public_id(Kind::Post, *number))
        .collect();
    let known = keys::<post::Entity>(db, post::Column::Id, post::Column::PublicId, &ids).await?;
    let missing = numbers.iter().zip(&ids).filter(|(_, id)| !known.contains_key(id));
    let users = u32::try_from(authors.len())?;
    let mut new: Vec<Post> = missing.map(|(number, _)| rows::post(*number, users)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut posts = Vec::with_capacity(new.len());
    for post in &mut new {
        let mut row = std::mem::take(&mut post.row);
        row.author_id = Set(author(authors, post.author)?);
        posts.push(row);
    }
    bulk::insert::<post::ActiveModel>(posts, db).await?;
    // The databases disagree about which of many keys is the last one, and one of them gives none back.
    let keys = keys::<post::Entity>(db, post::Column::Id, post::Column::PublicId, &ids).await?;

    let (mut pairs, mut attachments) = (Vec::new(), Vec::new());
    for post in &mut new {
        let id = key(&keys, &post.public_id)?;
        pairs.extend(
            post.tags
                .iter()
                .filter_map(|tag| tags.get(*tag))
                .map(|tag| post_tag::ActiveModel {
                    post_id: Set(id),
                    tag_id: Set(*tag),
                }),
        );
        if let Some(mut row) = post.attachment.take() {
            row.post_id = Set(id);
            attachments.push(row);
        }
    }
    #[expect(clippy::disallowed_methods, reason = "a pair has no hooks")]
    post_tag::Entity::insert_many(pairs).exec_without_returning(db).await?;
    bulk::insert::<attachment::ActiveModel>(attachments, db).await?;
    write_comments(db, new, &keys, authors).await
}

/// First those that others reply to.
async fn write_comments(
    db: &DatabaseTransaction,
    posts: Vec<Post>,
    keys_of_posts: &HashMap<Uuid, i64>,
    authors: &[i64],
) -> Result<()> {
    let (mut roots, mut replies, mut parents) = (Vec::new(), Vec::new(), Vec::new());
    for post in posts {
        let id = key(keys_of_posts, &post.public_id)?;
        for comment in post.comments {
            let mut row = comment.row;
            row.post_id = Set(id);
            row.author_id = Set(author(authors, comment.author)?);
            match comment.parent {
                None => roots.push(row),
                Some(parent) => {
                    parents.push(parent);
                    replies.push((parent, row));
                }
            }
        }
    }
    bulk::insert::<comment::ActiveModel>(roots, db).await?;
    let parents = keys::<comment::Entity>(db, comment::Column::Id, comment::Column::PublicId, &parents).await?;
    let replies = replies.into_iter().map(|(parent, mut row)| {
        row.parent_id = Set(Some(key(&parents, &parent)?));
        Ok(row)
    });
    bulk::insert::<comment::ActiveModel>(replies.collect::<Result<_>>()?, db).await?;
    Ok(())
}

/// The keys of those rows of these public ids that are there, deleted or not.
async fn keys<E: SoftDelete>(
    db: &DatabaseTransaction,
    id: E::Column,
    public_id: E::Column,
    of: &[Uuid],
) -> Result<HashMap<Uuid, i64>, DbErr> {
    let query = E::with_deleted().filter(public_id.is_in(of.iter().copied()));
    let rows: Vec<(Uuid, i64)> = query
        .select_only()
        .columns([public_id, id])
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

fn key(keys: &HashMap<Uuid, i64>, id: &Uuid) -> Result<i64> {
    keys.get(id)
        .copied()
        .ok_or_else(|| format!("{id} was not stored").into())
}

fn author(authors: &[i64], number: u32) -> Result<i64> {
    let key = authors.get(usize::try_from(number)?).copied();
    key.ok_or_else(|| "there is no such user".into())
}

fn numbers(count: u32) -> Vec<u32> {
    (0..count).collect()
}
