//! The queries of comments.

use blog_entity::comment::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, versioned};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::page::Page;

/// One page of a post's comments, oldest first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, post: i64, page: Page) -> Result<(Vec<Model>, u64), DbErr> {
    let comments = Entity::live().filter(Column::PostId.eq(post)).order_by_asc(Column::Id);
    let pages = comments.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn create(
    db: &DatabaseTransaction,
    post: i64,
    author: i64,
    parent: Option<i64>,
    body: &str,
) -> Result<Model, DbErr> {
    let comment = ActiveModel {
        post_id: Set(post),
        author_id: Set(author),
        parent_id: Set(parent),
        body: Set(body.to_owned()),
        version: Set(1),
        ..Default::default()
    };
    comment.insert(db).await
}

/// The comment of this id, where it is under this post.
pub(crate) async fn under(db: &impl ConnectionTrait, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .one(db)
        .await
}

/// The same, kept from being deleted until the transaction ends.
pub(crate) async fn hold(db: &DatabaseTransaction, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .lock_shared()
        .one(db)
        .await
}

/// A deleted comment of this id under this post.
pub(crate) async fn deleted(db: &impl ConnectionTrait, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::deleted()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .one(db)
        .await
}

/// Changes a comment that is still as it was loaded; `None` where someone else was faster.
pub(crate) async fn update(db: &DatabaseTransaction, comment: &Model, body: &str) -> Result<Option<Model>, DbErr> {
    let mut row = comment.clone().into_active_model();
    row.body = Set(body.to_owned());
    versioned::update(row, db).await
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}
