//! A post in a list, and what stands beside it.

use blog_entity::comment;
use chrono::{DateTime, Utc};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::fields::{Field, Fields};
use super::page::Row;
use crate::users::dto::AuthorView;

/// A post in a list, with the members that were asked for.
pub(crate) struct ItemView {
    pub(super) row: Row,
    pub(super) author: Option<AuthorView>,
    pub(super) tags: Vec<String>,
    pub(super) comment_count: i64,
    pub(super) comments: Vec<CommentItem>,
    pub(super) fields: Fields,
}

impl ItemView {
    /// The key of whose post it is, for those who put it there.
    pub(crate) fn author_key(&self) -> i64 {
        self.row.author_id
    }

    fn member<M: SerializeMap>(&self, map: &mut M, field: Field) -> Result<(), M::Error> {
        let (row, name) = (&self.row, field.name());
        let utc = |time: Option<chrono::NaiveDateTime>| time.map(|time| time.and_utc());
        match field {
            Field::Id => map.serialize_entry(name, &row.public_id),
            Field::Slug => map.serialize_entry(name, &row.slug),
            Field::Title => map.serialize_entry(name, &row.title),
            Field::Body => map.serialize_entry(name, &row.body),
            Field::Published => map.serialize_entry(name, &row.published),
            Field::Version => map.serialize_entry(name, &row.version),
            Field::CreatedAt => map.serialize_entry(name, &utc(row.created_at)),
            Field::UpdatedAt => map.serialize_entry(name, &utc(row.updated_at)),
            Field::Author => map.serialize_entry(name, &self.author),
            Field::Tags => map.serialize_entry(name, &self.tags),
            Field::CommentCount => map.serialize_entry(name, &self.comment_count),
            Field::Comments => map.serialize_entry(name, &self.comments),
        }
    }
}

impl Serialize for ItemView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.fields.iter() {
            self.member(&mut map, field)?;
        }
        map.end()
    }
}

/// A comment beside its post.
#[derive(Serialize)]
pub(crate) struct CommentItem {
    id: Uuid,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<CommentAuthor>,
    created_at: DateTime<Utc>,
}

impl CommentItem {
    pub(super) fn new(comment: comment::Model, author: Option<CommentAuthor>) -> Self {
        Self {
            id: comment.public_id,
            body: comment.body,
            author,
            created_at: comment.created_at.and_utc(),
        }
    }
}

/// Who wrote it; `null` where there is no such account any more.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum CommentAuthor {
    Known(AuthorView),
    Gone,
}

impl From<Option<AuthorView>> for CommentAuthor {
    fn from(author: Option<AuthorView>) -> Self {
        author.map_or(Self::Gone, Self::Known)
    }
}
