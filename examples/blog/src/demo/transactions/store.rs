//! What the demonstrations store for a moment.

use blog_entity::{Password, SoftDelete, comment, post, profile, tag, user};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    PaginatorTrait, QueryFilter, Select,
};
use serde::Serialize;
use uuid::Uuid;

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
        return Err(format!("step {step} failed, as asked").into());
    }
    Ok(())
}

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
        password: Password::Hash("!".into()),
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
