//! What the demonstrations store for a moment.

use std::fmt;

use blog_entity::{Password, SoftDelete, audit_entry, comment, post, profile, tag, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, QuerySelect, Select,
};
use serde::Serialize;
use uuid::Uuid;

use crate::database::Db;
use crate::posts::store::Content;
use crate::users::profile::store::Content as Profile;
use crate::users::store::NewUser;
use crate::{comments, posts, users};

/// Rows of a demonstration that are there.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Remained {
    users: u64,
    profiles: u64,
    posts: u64,
    comments: u64,
}

/// A user with a profile, a post and a comment; the step that is named fails after it has written its row.
pub(super) async fn four_models(db: &DatabaseTransaction, id: Uuid, fail_at: u8) -> portcullis::Result<()> {
    let user = users::store::create(db, &account(id)).await?;
    fail(fail_at, 1)?;
    users::profile::store::create(db, user.id, Profile::default()).await?;
    fail(fail_at, 2)?;
    let content = Content {
        title: id.to_string(),
        body: "a demonstration".into(),
        published: false,
        tags: Vec::new(),
    };
    let post = posts::store::create(db, user.id, &content).await?;
    fail(fail_at, 3)?;
    comments::store::create(db, post.id, user.id, None, &id.to_string()).await?;
    fail(fail_at, 4)
}

fn fail(fail_at: u8, step: u8) -> portcullis::Result<()> {
    if fail_at == step {
        return Err(AsAsked::Step(step).into());
    }
    Ok(())
}

/// A failure that is part of the demonstration, and may be shown; any other is nobody's business.
#[derive(Debug, Clone, Copy)]
pub(super) enum AsAsked {
    Step(u8),
    InnerPart,
}

impl AsAsked {
    /// The text of a failure that was asked for; any other error remains one.
    pub(super) fn told<T>(done: portcullis::Result<T>) -> portcullis::Result<Option<String>> {
        match done {
            Ok(_) => Ok(None),
            Err(error) if error.cause().is::<Self>() => Ok(Some(error.cause().to_string())),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Display for AsAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => write!(f, "step {step} failed, as asked"),
            Self::InnerPart => f.write_str("the inner part failed, as asked"),
        }
    }
}

impl std::error::Error for AsAsked {}

pub(super) async fn remained(db: &impl ConnectionTrait, id: Uuid) -> Result<Remained, DbErr> {
    let email = user::Column::Email.eq(account(id).email);
    let profiles = profile::Entity::with_deleted().inner_join(user::Entity);
    Ok(Remained {
        users: count(db, user::Entity::with_deleted().filter(email.clone())).await?,
        profiles: count(db, profiles.filter(email)).await?,
        posts: count(
            db,
            post::Entity::with_deleted().filter(post::Column::Title.eq(id.to_string())),
        )
        .await?,
        comments: count(
            db,
            comment::Entity::with_deleted().filter(comment::Column::Body.eq(id.to_string())),
        )
        .await?,
    })
}

async fn count<E>(db: &impl ConnectionTrait, rows: Select<E>) -> Result<u64, DbErr>
where
    E: EntityTrait,
    E::Model: sea_orm::FromQueryResult + Send + Sync,
{
    rows.count(db).await
}

/// An account without a password, at a domain that will never be (RFC 2606).
pub(super) fn account(id: Uuid) -> NewUser {
    NewUser {
        email: format!("{}@demo.invalid", id.simple()),
        name: "Demonstration".into(),
        role: "reader",
        password: Password::none(),
    }
}

pub(super) async fn add_tag(db: &DatabaseTransaction, name: &str) -> Result<tag::Model, DbErr> {
    let tag = tag::ActiveModel {
        name: Set(name.to_owned()),
        ..Default::default()
    };
    tag.insert(db).await
}

pub(super) async fn tags(db: &impl ConnectionTrait, name: &str) -> Result<u64, DbErr> {
    count(db, tag::Entity::with_deleted().filter(tag::Column::Name.eq(name))).await
}

/// Removes the tags of these names.
pub(super) async fn forget_tags(db: &Db, names: &[&str]) -> portcullis::Result<()> {
    let rows = tag::Entity::with_deleted().filter(tag::Column::Name.is_in(names.iter().copied()));
    forget(db, &rows, tag::Column::Id, tag::Column::PublicId).await
}

/// Removes these accounts.
pub(super) async fn forget_users(db: &Db, keys: [i64; 2]) -> portcullis::Result<()> {
    let rows = user::Entity::with_deleted().filter(user::Column::Id.is_in(keys));
    forget(db, &rows, user::Column::Id, user::Column::PublicId).await
}

/// Removes the rows, and what the trail tells of them: anybody may ask for a demonstration, and the trail would grow with each.
#[expect(
    clippy::disallowed_methods,
    reason = "no hook, since what it would write down is removed"
)]
async fn forget<E: SoftDelete>(db: &Db, rows: &Select<E>, key: E::Column, id: E::Column) -> portcullis::Result<()>
where
    E::Model: Send + Sync,
{
    db.transaction(|db| async move {
        let found = rows.clone().select_only().columns([key, id]);
        let found: Vec<(i64, Uuid)> = found.into_tuple().all(&*db).await?;
        let (keys, ids): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        E::delete_many().filter(key.is_in(keys)).exec(&*db).await?;
        let told = audit_entry::Entity::delete_many().filter(audit_entry::Column::EntityId.is_in(ids));
        told.exec(&*db).await?;
        Ok(())
    })
    .await
}
