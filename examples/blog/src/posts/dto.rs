//! Posts as the API takes them, and shows one of them.

use blog_entity::post;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{Change, Content};
use crate::tags;
use crate::users::dto::AuthorView;
use crate::validation::Faults;

const TITLE: usize = 200;
const BODY: usize = 50_000;

/// A whole post as it was sent, to create or to replace one.
#[derive(Deserialize)]
pub(super) struct PostRequest {
    title: Option<String>,
    body: Option<String>,
    published: Option<bool>,
    tags: Option<Vec<String>>,
    pub(super) version: Option<i64>,
}

impl PostRequest {
    /// The content, or every fault of it.
    pub(super) fn content(&self) -> portcullis::Result<Content> {
        let (content, faults) = self.judged();
        faults.finish()?;
        Ok(content)
    }

    /// The content and every fault of it, where it is one of many.
    pub(super) fn judged(&self) -> (Content, Faults) {
        let mut faults = Faults::default();
        let content = Content {
            title: faults.line("title", self.title.as_deref(), 1, TITLE),
            body: faults.text("body", self.body.as_deref(), 1, BODY),
            published: self.published.unwrap_or(true),
            tags: tags::dto::names(&mut faults, self.tags.as_deref().unwrap_or_default()),
        };
        (content, faults)
    }
}

/// Some members of a post, to change them alone.
#[derive(Deserialize)]
pub(super) struct PatchRequest {
    title: Option<String>,
    body: Option<String>,
    published: Option<bool>,
    tags: Option<Vec<String>>,
    pub(super) version: Option<i64>,
}

impl PatchRequest {
    /// The change, or every fault of it.
    pub(super) fn change(&self) -> portcullis::Result<Change> {
        let mut faults = Faults::default();
        let title = self.title.as_deref();
        let body = self.body.as_deref();
        let change = Change {
            title: title.map(|text| faults.line("title", Some(text), 1, TITLE)),
            body: body.map(|text| faults.text("body", Some(text), 1, BODY)),
            published: self.published,
            tags: self.tags.as_deref().map(|tags| tags::dto::names(&mut faults, tags)),
        };
        faults.finish()?;
        Ok(change)
    }
}

/// A post.
#[derive(Serialize)]
pub(super) struct PostView {
    id: Uuid,
    slug: String,
    title: String,
    body: String,
    published: bool,
    version: i64,
    tags: Vec<String>,
    author: AuthorView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PostView {
    pub(super) fn new(post: post::Model, tags: Vec<String>, author: AuthorView) -> Self {
        Self {
            id: post.public_id,
            slug: post.slug,
            title: post.title,
            body: post.body,
            published: post.published,
            version: post.version,
            tags,
            author,
            created_at: post.created_at.and_utc(),
            updated_at: post.updated_at.and_utc(),
        }
    }
}
