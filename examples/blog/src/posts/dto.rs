//! Posts as the API takes and shows them.

use blog_entity::post;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{Change, Content, Sort};
use crate::error;
use crate::users::dto::AuthorView;
use crate::validation::Faults;

const TITLE: usize = 200;
const BODY: usize = 50_000;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    pub(super) page: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) author: Option<Uuid>,
    sort: Option<String>,
}

impl ListQuery {
    /// The order asked for, newest first by default; `400` for a column that may not be sorted by.
    pub(super) fn sort(&self) -> portcullis::Result<Sort> {
        let Some(text) = self.sort.as_deref() else {
            return Ok(Sort::default());
        };
        Sort::parse(text).ok_or_else(|| {
            error::bad_request("`sort` is one of created_at, updated_at, title, or one of them after `-`").into()
        })
    }
}

/// A whole post as it was sent, to create or to replace one.
#[derive(Deserialize)]
pub(super) struct PostRequest {
    title: Option<String>,
    body: Option<String>,
    published: Option<bool>,
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
    author: AuthorView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PostView {
    pub(super) fn new(post: post::Model, author: AuthorView) -> Self {
        Self {
            id: post.public_id,
            slug: post.slug,
            title: post.title,
            body: post.body,
            published: post.published,
            version: post.version,
            author,
            created_at: post.created_at.and_utc(),
            updated_at: post.updated_at.and_utc(),
        }
    }
}
