//! The queries of users.

use std::collections::{BTreeSet, HashMap};

use blog_entity::user::{ActiveModel, Column, Entity, Model, Scopes};
use blog_entity::{Password, SoftDelete, versioned};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::dto::AuthorView;
use crate::database::fault;
use crate::error;
use crate::page::Page;

/// A user to be.
#[derive(Debug, Clone)]
pub(crate) struct NewUser {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) password: Password,
}

/// What may change of one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) name: Option<String>,
    pub(crate) role: Option<&'static str>,
    pub(crate) active: Option<bool>,
}

/// Stores a user; `409` where the email is taken. The hook hashes the password.
pub(crate) async fn create(db: &DatabaseTransaction, new: &NewUser) -> portcullis::Result<Model> {
    let new = new.clone();
    let user = ActiveModel {
        email: Set(new.email),
        name: Set(new.name),
        role: Set(new.role.to_owned()),
        password_hash: Set(new.password),
        version: Set(1),
        ..Default::default()
    };
    match user.insert(db).await {
        Err(error) if fault::is_duplicate(&error) => Err(error::conflict("this email is already registered").into()),
        other => Ok(other?),
    }
}

/// Keeps the user from being deleted until the transaction ends; whether there is one.
pub(crate) async fn hold(db: &DatabaseTransaction, user: i64) -> Result<bool, DbErr> {
    let row = Entity::live().filter(Column::Id.eq(user)).lock_shared().one(db).await?;
    Ok(row.is_some())
}

/// The same, where the account is also open.
pub(crate) async fn hold_open(db: &DatabaseTransaction, user: i64) -> Result<bool, DbErr> {
    let row = Entity::live()
        .active()
        .filter(Column::Id.eq(user))
        .lock_shared()
        .one(db)
        .await?;
    Ok(row.is_some())
}

pub(crate) async fn by_email(db: &impl ConnectionTrait, email: &str) -> Result<Option<Model>, DbErr> {
    Entity::live().active().filter(Column::Email.eq(email)).one(db).await
}

pub(crate) async fn by_public_id(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live().active().filter(Column::PublicId.eq(id)).one(db).await
}

/// The user of this id, also one whose account is closed: for admins.
pub(crate) async fn open_or_closed(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::live().filter(Column::PublicId.eq(id)).one(db).await
}

/// A deleted user of this id.
pub(crate) async fn deleted(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>, DbErr> {
    Entity::deleted().filter(Column::PublicId.eq(id)).one(db).await
}

/// How many admins can sign in.
pub(crate) async fn admins(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().active().filter(Column::Role.eq("admin")).count(db).await
}

/// Changes a user who is still as loaded; `None` where someone else was faster.
pub(crate) async fn update(db: &DatabaseTransaction, user: &Model, change: &Change) -> Result<Option<Model>, DbErr> {
    let mut row = user.clone().into_active_model();
    if let Some(name) = &change.name {
        row.name = Set(name.clone());
    }
    if let Some(role) = change.role {
        row.role = Set(role.to_owned());
    }
    if let Some(active) = change.active {
        row.active = Set(active);
    }
    versioned::update(row, db).await
}

/// The rows behind several keys, in no order. Who is closed remains the author of what is there.
pub(crate) async fn by_ids(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<Vec<Model>, DbErr> {
    Entity::live().filter(Column::Id.is_in(ids)).all(db).await
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
    let users = Entity::live().active().order_by_asc(Column::Id);
    let pages = users.paginate(db, page.size);
    Ok((pages.fetch_page(page.number - 1).await?, pages.num_items().await?))
}

pub(crate) async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::live().count(db).await
}

/// Replaces the stored hash, after a login under older parameters.
pub(crate) async fn set_password_hash(db: &DatabaseTransaction, user: Model, hash: String) -> Result<(), DbErr> {
    let mut user = user.into_active_model();
    user.password_hash = Set(Password::Hash(hash));
    user.update(db).await.map(drop)
}
