//! The queries of posts.

use blog_entity::post::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, attachment, bulk, clock, comment, versioned};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel,
    PaginatorTrait, QueryFilter,
};
use uuid::Uuid;

use crate::database::fault::{self, Overtaken};
use crate::tags;

/// The members that a caller decides.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) published: bool,
    pub(crate) tags: Vec<String>,
}

/// Some of them.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) published: Option<bool>,
    pub(crate) tags: Option<Vec<String>>,
}

impl From<Content> for Change {
    fn from(content: Content) -> Self {
        Self {
            title: Some(content.title),
            body: Some(content.body),
            published: Some(content.published),
            tags: Some(content.tags),
        }
    }
}

pub(crate) async fn by_public_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live().filter(Column::PublicId.eq(id)).one(db).await
}

/// Stores a post with its tags; the hook makes its slug.
pub(crate) async fn create(db: &DatabaseTransaction, author: i64, content: &Content) -> portcullis::Result<Model> {
    let post = ActiveModel {
        author_id: Set(author),
        title: Set(content.title.clone()),
        body: Set(content.body.clone()),
        published: Set(content.published),
        version: Set(1),
        ..Default::default()
    };
    let post = match post.insert(db).await {
        // Somebody took the slug since the hook looked; now it will see that.
        Err(error) if fault::is_duplicate(&error) => return Err(Overtaken.into()),
        other => other?,
    };
    if !content.tags.is_empty() {
        tags::store::replace(db, &post, &content.tags).await?;
    }
    Ok(post)
}

/// Changes a post that is still as it was loaded; `None` where someone else was faster.
pub(crate) async fn update(
    db: &DatabaseTransaction,
    post: &Model,
    change: &Change,
) -> portcullis::Result<Option<Model>> {
    let mut row = post.clone().into_active_model();
    if let Some(title) = &change.title {
        row.title = Set(title.clone());
    }
    if let Some(body) = &change.body {
        row.body = Set(body.clone());
    }
    if let Some(published) = change.published {
        row.published = Set(published);
    }
    let changed = versioned::update(row, db).await?;
    if let (Some(post), Some(tags)) = (&changed, &change.tags) {
        tags::store::replace(db, post, tags).await?;
    }
    Ok(changed)
}

/// Deletes a post that is still as it was loaded, with its comments and attachments; whether it did.
pub(crate) async fn delete(db: &DatabaseTransaction, post: &Model) -> Result<bool, DbErr> {
    let at = clock::now();
    let mut row = post.clone().into_active_model();
    row.deleted_at = Set(Some(at));
    row.deleted_key = Set(post.id);
    if versioned::update(row, db).await?.is_none() {
        return Ok(false);
    }
    let comments = comment::Entity::live().filter(comment::Column::PostId.eq(post.id));
    bulk::delete::<comment::ActiveModel>(comments, at, db).await?;
    let attachments = attachment::Entity::live().filter(attachment::Column::PostId.eq(post.id));
    bulk::delete::<attachment::ActiveModel>(attachments, at, db).await?;
    Ok(true)
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}
