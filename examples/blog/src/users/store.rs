//! The SQL of users.

use std::collections::{BTreeSet, HashMap};

use chrono::Utc;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, SqlErr,
};
use uuid::Uuid;

use super::dto::AuthorView;
use super::model::{ActiveModel, Column, Entity, Model};
use crate::error;
use crate::page::Page;

/// A user to be.
pub(crate) struct NewUser {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) password_hash: String,
}

/// Stores a user; `409` where the email is taken.
pub(crate) async fn create(db: &impl ConnectionTrait, new: NewUser) -> portcullis::Result<Model> {
    let now = Utc::now().naive_utc();
    let user = ActiveModel {
        public_id: Set(Uuid::now_v7()),
        email: Set(new.email),
        name: Set(new.name),
        role: Set(new.role.to_owned()),
        password_hash: Set(new.password_hash),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    match user.insert(db).await {
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Err(error::conflict("this email is already registered").into())
        }
        other => Ok(other?),
    }
}

pub(crate) async fn by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::Email.eq(email)).one(db).await
}

pub(crate) async fn by_public_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::find().filter(Column::PublicId.eq(id)).one(db).await
}

/// The rows behind several keys, in no order.
pub(crate) async fn by_ids(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(ids)).all(db).await
}

/// The authors behind several keys, each once, by key.
pub(crate) async fn authors(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, AuthorView>, DbErr> {
    let ids: BTreeSet<i64> = ids.collect();
    let users = by_ids(db, ids.into_iter().collect()).await?;
    Ok(users.into_iter().map(|user| (user.id, user.into())).collect())
}

/// One page, oldest first, and the number of all.
pub(crate) async fn list(db: &impl ConnectionTrait, page: Page) -> Result<(Vec<Model>, u64), DbErr> {
    let users = Entity::find().order_by_asc(Column::Id);
    let pages = users.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}

/// Replaces the stored hash, after a login under older parameters.
pub(crate) async fn set_password_hash(db: &impl ConnectionTrait, id: i64, hash: String) -> Result<(), DbErr> {
    let change = ActiveModel {
        id: Set(id),
        password_hash: Set(hash),
        updated_at: Set(Utc::now().naive_utc()),
        ..Default::default()
    };
    change.update(db).await.map(drop)
}
