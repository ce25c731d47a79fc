//! The queries of posts.

use blog_entity::post::{ActiveModel, Column, Entity, Model, Reader, Scopes};
use blog_entity::{SoftDelete, versioned};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr,
    IntoActiveModel, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::database::fault::{self, Overtaken};
use crate::error;
use crate::page::Page;
use crate::users;

/// The members that a caller decides.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) published: bool,
}

/// Some of them.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) published: Option<bool>,
}

impl From<Content> for Change {
    fn from(content: Content) -> Self {
        Self {
            title: Some(content.title),
            body: Some(content.body),
            published: Some(content.published),
        }
    }
}

/// An order that a list may have.
pub(crate) struct Sort {
    column: Column,
    order: Order,
}

impl Sort {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, order) = match text.strip_prefix('-') {
            Some(name) => (name, Order::Desc),
            None => (text, Order::Asc),
        };
        let column = match name {
            "created_at" => Column::CreatedAt,
            "updated_at" => Column::UpdatedAt,
            "title" => Column::Title,
            _ => return None,
        };
        Some(Self { column, order })
    }
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            column: Column::CreatedAt,
            order: Order::Desc,
        }
    }
}

/// One page, and the number of all.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    reader: Reader,
    author: Option<i64>,
    sort: Sort,
    page: Page,
) -> Result<(Vec<Model>, u64), DbErr> {
    let posts = Entity::live()
        .visible_to(reader)
        .filter(Condition::all().add_option(author.map(|author| Column::AuthorId.eq(author))))
        .order_by(sort.column, sort.order.clone())
        // Equal values would otherwise come in any order, and pages could repeat or lose a post.
        .order_by(Column::PublicId, sort.order);
    let pages = posts.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn by_public_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live().filter(Column::PublicId.eq(id)).one(db).await
}

/// Keeps the post from being deleted until the transaction ends; whether it is there.
pub(crate) async fn hold(db: &DatabaseTransaction, post: i64) -> Result<bool, DbErr> {
    let row = Entity::live().filter(Column::Id.eq(post)).lock_shared().one(db).await?;
    Ok(row.is_some())
}

/// Stores a post; the hook makes its slug.
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
    match post.insert(db).await {
        // Somebody took the slug since the hook looked; now it will see that.
        Err(error) if fault::is_duplicate(&error) => Err(Overtaken.into()),
        other => Ok(other?),
    }
}

/// Changes a post that is still as it was loaded; `None` where someone else was faster.
pub(crate) async fn update(db: &DatabaseTransaction, post: &Model, change: &Change) -> Result<Option<Model>, DbErr> {
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
    versioned::update(row, db).await
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}
