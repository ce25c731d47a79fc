//! The queries of profiles.

use blog_entity::profile::{ActiveModel, Column, Entity, Model};
use blog_entity::{SoftDelete, versioned};
use chrono::NaiveDate;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, IntoActiveModel,
    QueryFilter,
};

use crate::database::fault::{self, Overtaken};

/// The members that the user decides.
#[derive(Debug, Clone, Default)]
pub(crate) struct Content {
    pub(crate) bio: String,
    pub(crate) website: Option<String>,
    pub(crate) birthday: Option<NaiveDate>,
}

/// Some of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) bio: Option<String>,
    pub(crate) website: Option<Option<String>>,
    pub(crate) birthday: Option<Option<NaiveDate>>,
}

impl From<Content> for Change {
    fn from(content: Content) -> Self {
        Self {
            bio: Some(content.bio),
            website: Some(content.website),
            birthday: Some(content.birthday),
        }
    }
}

pub(crate) async fn of(db: &impl ConnectionTrait, user: i64) -> Result<Option<Model>, DbErr> {
    Entity::live().filter(Column::UserId.eq(user)).one(db).await
}

pub(crate) async fn create(db: &DatabaseTransaction, user: i64, content: Content) -> portcullis::Result<Model> {
    let profile = ActiveModel {
        user_id: Set(user),
        bio: Set(content.bio),
        website: Set(content.website),
        birthday: Set(content.birthday),
        version: Set(1),
        ..Default::default()
    };
    match profile.insert(db).await {
        // Another request made it since; now this one will change it.
        Err(error) if fault::is_duplicate(&error) => Err(Overtaken.into()),
        other => Ok(other?),
    }
}

/// Changes a profile that is still as it was loaded; `None` where someone else was faster.
pub(crate) async fn update(db: &DatabaseTransaction, profile: &Model, change: Change) -> Result<Option<Model>, DbErr> {
    let mut row = profile.clone().into_active_model();
    if let Some(bio) = change.bio {
        row.bio = Set(bio);
    }
    if let Some(website) = change.website {
        row.website = Set(website);
    }
    if let Some(birthday) = change.birthday {
        row.birthday = Set(birthday);
    }
    versioned::update(row, db).await
}
