//! The SQL of posts.

use chrono::Utc;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder,
    SqlErr,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::model::{ActiveModel, Column, Entity, Model};
use crate::page::Page;
use crate::text::slug;

/// The members that a caller decides.
pub(crate) struct Content {
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) published: bool,
}

/// Some of them.
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

/// Which posts a list holds.
pub(crate) enum Seen {
    /// Every post.
    All,
    /// Published ones, and those by this user.
    PublishedOr(Option<i64>),
}

/// One page, and the number of all.
pub(crate) async fn list(
    db: &impl ConnectionTrait,
    seen: &Seen,
    author: Option<i64>,
    sort: Sort,
    page: Page,
) -> Result<(Vec<Model>, u64), DbErr> {
    let visible = match seen {
        Seen::All => Condition::all(),
        Seen::PublishedOr(user) => Condition::any()
            .add(Column::Published.eq(true))
            .add_option(user.map(|user| Column::AuthorId.eq(user))),
    };
    let posts = Entity::find()
        .filter(visible)
        .filter(Condition::all().add_option(author.map(|author| Column::AuthorId.eq(author))))
        .order_by(sort.column, sort.order.clone())
        // Equal values would otherwise come in any order, and pages could repeat or lose a post.
        .order_by(Column::Id, sort.order);
    let pages = posts.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn by_public_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::PublicId.eq(id)).one(db).await
}

/// Stores a post. Its slug comes from its title; where that is taken, it gets a suffix of its own.
pub(crate) async fn create(db: &impl ConnectionTrait, author: i64, content: Content) -> Result<Model, DbErr> {
    let now = Utc::now().naive_utc();
    let public_id = Uuid::now_v7();
    let slug = slug(&content.title);
    let mut post = ActiveModel {
        public_id: Set(public_id),
        author_id: Set(author),
        title: Set(content.title),
        slug: Set(slug.clone()),
        body: Set(content.body),
        published: Set(content.published),
        version: Set(1),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    match post.clone().insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            let id = public_id.simple().to_string();
            let suffix = id.get(id.len() - 12..).unwrap_or(&id);
            post.slug = Set(format!("{slug}-{suffix}"));
            post.insert(db).await
        }
        other => other,
    }
}

/// Changes a post that is still at `version`; `None` where someone else was faster.
pub(crate) async fn update(db: &impl ConnectionTrait, post: &Model, change: Change) -> Result<Option<Model>, DbErr> {
    let mut update = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(Utc::now().naive_utc()));
    if let Some(title) = change.title {
        update = update.col_expr(Column::Title, Expr::value(title));
    }
    if let Some(body) = change.body {
        update = update.col_expr(Column::Body, Expr::value(body));
    }
    if let Some(published) = change.published {
        update = update.col_expr(Column::Published, Expr::value(published));
    }
    let updated = update
        .filter(Column::Id.eq(post.id))
        .filter(Column::Version.eq(post.version))
        .exec(db)
        .await?;
    if updated.rows_affected == 0 {
        return Ok(None);
    }
    Entity::find_by_id(post.id).one(db).await
}

/// Deletes a post that is still at `version`, with its comments; whether it did.
pub(crate) async fn delete(db: &impl ConnectionTrait, post: &Model) -> Result<bool, DbErr> {
    let deleted = Entity::delete_many()
        .filter(Column::Id.eq(post.id))
        .filter(Column::Version.eq(post.version))
        .exec(db)
        .await?;
    Ok(deleted.rows_affected == 1)
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}
