//! The queries of posts.

use blog_entity::post::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, versioned};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel,
    PaginatorTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::database::fault::{self, Overtaken};
use crate::{error, tags, users};

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

/// Keeps the post from being deleted until the transaction ends; whether it is there.
pub(crate) async fn hold(db: &DatabaseTransaction, post: i64) -> Result<bool, DbErr> {
    let row = Entity::live().filter(Column::Id.eq(post)).lock_shared().one(db).await?;
    Ok(row.is_some())
}

/// Stores a post with its tags; the hook makes its slug.
pub(crate) async fn create(db: &DatabaseTransaction, author: i64, content: &Content) -> portcullis::Result<Model> {
    // An account that is being deleted takes no post that it would not take with it.
    if !users::store::hold(db, author).await? {
        return Err(error::unauthorized("this account no longer exists").into());
    }
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

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}
