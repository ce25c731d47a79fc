//! The SQL of comments.

use chrono::Utc;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ModelTrait, PaginatorTrait,
    QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::model::{ActiveModel, Column, Entity, Model};
use crate::page::Page;

/// One page of a post's comments, oldest first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, post: i64, page: Page) -> Result<(Vec<Model>, u64), DbErr> {
    let comments = Entity::find().filter(Column::PostId.eq(post)).order_by_asc(Column::Id);
    let pages = comments.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn create(db: &impl ConnectionTrait, post: i64, author: i64, body: String) -> Result<Model, DbErr> {
    let comment = ActiveModel {
        public_id: Set(Uuid::now_v7()),
        post_id: Set(post),
        author_id: Set(author),
        body: Set(body),
        created_at: Set(Utc::now().naive_utc()),
        ..Default::default()
    };
    comment.insert(db).await
}

/// The comment of this id, where it is under this post.
pub(crate) async fn under(db: &impl ConnectionTrait, post: i64, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::PostId.eq(post))
        .filter(Column::PublicId.eq(id))
        .one(db)
        .await
}

pub(crate) async fn delete(db: &impl ConnectionTrait, comment: Model) -> Result<(), DbErr> {
    comment.delete(db).await.map(drop)
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}
